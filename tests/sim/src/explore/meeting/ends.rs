//! The ends of the connections as the kernel and user code see them, and what must hold.

use super::super::Choose;
use super::{CLIENTS, Scene, other};
use netfold::core::{CallbackId, Command, Emit, Event, HandleId, Idle, LookupId, ServerId, SocketId};

/// How far an end is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(super) enum Stage {
    /// Not there, or before its lookup.
    #[default]
    Looks,
    Connects,
    Open,
    Closed,
}

impl Stage {
    pub(super) const NAMES: &'static [&'static str] = &["looks up", "connects", "open", "closed"];
}

#[derive(Clone, Copy, Debug)]
pub(super) struct End {
    pub(super) socket: SocketId,
    pub(super) handle: HandleId,
    pub(super) there: bool,
    pub(super) stage: Stage,
    pub(super) lookup: Option<LookupId>,
    /// A connect that will fail.
    pub(super) refused: bool,
    /// A connection that the server has not taken.
    pub(super) knocks: bool,
    pub(super) reading: bool,
    /// A write is under way: of one byte.
    pub(super) flight: bool,
    /// Bytes that the other end has not read, that the system took in all, and that were read here.
    pub(super) waiting: u8,
    pub(super) sent: u8,
    pub(super) read: u8,
    pub(super) fin: bool,
    pub(super) destroyed: bool,
    /// Something failed, so that an error is due.
    pub(super) failed: bool,
    given: bool,
    called: bool,
    connect: bool,
    end: bool,
    finish: bool,
    error: bool,
    pub(super) close: bool,
}

impl End {
    fn new() -> Self {
        Self {
            socket: SocketId::from_parts(0, 0),
            handle: HandleId::from_parts(0, 0),
            there: false,
            stage: Stage::Looks,
            lookup: None,
            refused: false,
            knocks: false,
            reading: false,
            flight: false,
            waiting: 0,
            sent: 0,
            read: 0,
            fin: false,
            destroyed: false,
            failed: false,
            given: false,
            called: false,
            connect: false,
            end: false,
            finish: false,
            error: false,
            close: false,
        }
    }

    /// One byte, with a callback.
    pub(super) fn writes(&mut self) -> Command {
        (self.there, self.given) = (true, true);
        Command::Write(self.socket, netfold::core::Bytes::from_static(&[7]).into(), Some(CallbackId(1)))
    }

    /// What is wrong with an event.
    fn hears(&mut self, event: &Event, unread: bool) -> Option<&'static str> {
        let first = |flag: &mut bool, twice| std::mem::replace(flag, true).then_some(twice);
        if self.close {
            return Some("something comes after 'close'");
        }
        match event {
            Event::Connect if self.stage != Stage::Open => Some("'connect' without a connection"),
            Event::Connect => first(&mut self.connect, "'connect' comes twice"),
            Event::End if unread => Some("'end' comes before everything was read"),
            Event::End => first(&mut self.end, "'end' comes twice"),
            Event::Finish if self.given && !self.called => Some("'finish' comes before a callback"),
            Event::Finish => first(&mut self.finish, "'finish' comes twice"),
            Event::Error(_) if !self.failed => Some("'error', and nothing has failed"),
            Event::Error(_) => first(&mut self.error, "'error' comes twice"),
            Event::Close(had_error) => {
                self.close = true;
                had_error.is_some_and(|had| had != self.error).then_some("'close' is wrong about 'error'")
            }
            Event::Data(_) if self.end => Some("'data' comes after 'end'"),
            _ => None,
        }
    }
}

impl Scene {
    pub(super) fn new() -> Self {
        Self {
            server: ServerId::from_parts(0, 0),
            listener: HandleId::from_parts(0, 0),
            listening: false,
            server_closed: false,
            ends: [End::new(); CLIENTS * 2],
            current: usize::MAX,
            idle: Idle { deadline: None, pending: 0, closing: 0, batch: 0 },
            handles: 0,
            wrong: None,
            key: 0,
        }
    }

    /// The end that a handle is of.
    pub(super) fn end_of(&mut self, handle: HandleId) -> Option<&mut End> {
        self.ends.iter_mut().find(|end| end.there && end.handle == handle && end.stage != Stage::Closed)
    }

    /// User code hears an event or a callback. What it does then.
    pub(super) fn hears(&mut self, emit: &Emit, _: &mut impl Choose, does: &mut Vec<Command>) {
        let at = |socket: &SocketId| self.ends.iter().position(|end| end.there && end.socket == *socket);
        let wrong = match emit {
            Emit::Callback { socket, .. } => at(socket).and_then(|at| {
                let end = &mut self.ends[at];
                std::mem::replace(&mut end.called, true).then_some("a callback runs twice")
            }),
            Emit::Listener { event: Event::Connection(socket), .. } => {
                let end = &mut self.ends[CLIENTS + self.current];
                (end.socket, end.there) = (*socket, true);
                for (at, kind) in super::KINDS.into_iter().enumerate() {
                    does.push(super::on((*socket).into(), kind, at));
                }
                None
            }
            Emit::Listener { event: Event::ServerClose(_), .. } => {
                let early = self.ends[CLIENTS..].iter().any(|end| end.there && end.stage != Stage::Closed);
                let twice = std::mem::replace(&mut self.server_closed, true);
                if twice {
                    Some("the server's 'close' comes twice")
                } else {
                    early.then_some("the server's 'close' comes early")
                }
            }
            Emit::Listener { target: netfold::core::Target::Socket(socket), event, .. } => at(socket).and_then(|at| {
                let from = self.ends[other(at)];
                self.ends[at].hears(event, from.sent != self.ends[at].read)
            }),
            Emit::Unhandled { .. } => Some("an error that nobody heard"),
            _ => None,
        };
        self.wrong = self.wrong.or(wrong);
    }

    /// What does not hold.
    pub(super) fn broken(&self, over: bool) -> Option<String> {
        if let Some(wrong) = self.wrong {
            return Some(wrong.into());
        }
        let names = ["client 1", "client 2", "accepted 1", "accepted 2"];
        for (end, name) in self.ends.iter().zip(names).filter(|(end, _)| over && end.there) {
            let wrong = match end {
                End { close: false, .. } => "'close' is missing",
                End { given: true, called: false, .. } => "a callback is missing",
                End { failed: true, error: false, destroyed: false, .. } => "'error' is missing",
                _ => continue,
            };
            return Some(format!("{name}: {wrong}"));
        }
        if over && !self.server_closed {
            return Some("server: 'close' is missing".into());
        }
        (over && self.handles > 0).then(|| "a handle is left".into())
    }

    /// 128 bits that stand for this state.
    pub(super) fn key(&self) -> u128 {
        let mut key = super::super::Mix(self.key);
        key.add(u128::from(self.listening) << 1 | u128::from(self.server_closed));
        for end in &self.ends {
            let flags = [
                end.there,
                end.lookup.is_some(),
                end.refused,
                end.knocks,
                end.reading,
                end.flight,
                end.fin,
                end.destroyed,
                end.failed,
                end.given,
                end.called,
                end.connect,
                end.end,
                end.finish,
                end.error,
                end.close,
            ];
            let bits = flags.into_iter().fold(end.stage as u128, |bits, flag| bits << 1 | u128::from(flag));
            let bytes = [end.waiting, end.sent, end.read];
            key.add(bytes.into_iter().fold(bits, |bits, n| bits << 8 | u128::from(n)));
        }
        key.0
    }
}
