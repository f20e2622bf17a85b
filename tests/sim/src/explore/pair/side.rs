//! One side as it is seen from outside: what it did, what it heard, and what of that does not hold.

use super::super::drive::Around;
use super::super::engine::Engine;
use super::turn::Run;
use super::{Pair, Scene, Way, pattern};
use crate::explore::Choose;
use netfold::core::trace::Input;
use netfold::core::{
    Command, ConnKey, Core, Emit, Event, EventKind, HandedIn, HandleId, HandleKind, Idle, ListenerId, Outcome,
    SocketId, SocketOptions,
};

/// What was seen of one side's events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Ledger {
    pub(super) end: bool,
    pub(super) finish: bool,
    pub(super) error: bool,
    pub(super) close: bool,
    /// Callbacks given, and called: a bit each.
    pub(super) given: u8,
    pub(super) called: u8,
    /// Bytes that came with 'data'.
    pub(super) got: u32,
    pub(super) wrong: Option<&'static str>,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Side {
    pub(super) socket: SocketId,
    pub(super) handle: HandleId,
    pub(super) reading: bool,
    /// Bytes that an unfinished write has left.
    pub(super) flight: Option<u32>,
    pub(super) closed: bool,
    pub(super) wrote: u8,
    pub(super) ended: bool,
    pub(super) destroyed: bool,
    /// How often it has corked or uncorked, paused or resumed.
    pub(super) corks: u8,
    pub(super) pauses: u8,
    pub(super) idle: Idle,
    pub(super) ledger: Ledger,
    /// What the machine says of itself: whether the socket is destroyed, can be written to, and how many handles there are.
    pub(super) gone: bool,
    pub(super) writable: bool,
    pub(super) handles: usize,
    /// The key of the machine, reckoned when it last changed.
    pub(super) key: u128,
}

const KINDS: [EventKind; 6] =
    [EventKind::Data, EventKind::End, EventKind::Finish, EventKind::Error, EventKind::Close, EventKind::Drain];

/// With how many commands a side begins.
pub(super) const SETUP: usize = 1 + KINDS.len();

/// Always the first.
struct First;

impl Choose for First {
    fn choose(&mut self, _: &'static str, _: u32) -> u32 {
        0
    }
}

impl Side {
    /// A connection is handed in to a new machine, and listened to.
    pub(super) fn begin<E: Engine>(pair: &Pair, engine: &mut E) -> Self {
        let side = Self {
            socket: SocketId::from_parts(0, 0),
            handle: HandleId::from_parts(0, 0),
            reading: false,
            flight: None,
            closed: false,
            wrote: 0,
            ended: false,
            destroyed: false,
            corks: 0,
            pauses: 0,
            idle: Idle { deadline: None, pending: 0, closing: 0, batch: 0 },
            ledger: Ledger::default(),
            gone: false,
            writable: false,
            handles: 0,
            key: 0,
        };
        let mut scene = Scene { sides: [side; 2], ways: Default::default(), reset: false };
        let mut run = Run { pair, scene: &mut scene, me: 0 };
        let options =
            SocketOptions { allow_half_open: pair.half_open, high_water_mark: pair.mark, ..SocketOptions::default() };
        let given = HandedIn { conn: ConnKey(1), kind: HandleKind::Tcp, writable: true, on_read: None };
        let outcome = run.tell(engine, Input::Command(Command::HandedIn(options, given)), &mut First);
        let Some(Outcome::Socket(socket)) = outcome else { unreachable!("a socket") };
        run.scene.sides[0].socket = socket;
        for (at, event) in KINDS.into_iter().enumerate() {
            let listener = ListenerId(at as u32 + 1);
            let on = Command::On { target: socket.into(), event, listener, once: false, prepend: false };
            run.tell(engine, Input::Command(on), &mut First);
        }
        scene.sides[0]
    }

    /// What the machine says of itself.
    pub(super) fn look(&mut self, core: &Core) {
        let view = core.socket(self.socket);
        self.gone = view.as_ref().is_none_or(|view| view.destroyed());
        self.writable = view.is_some_and(|view| view.writable());
        if self.ledger.close {
            self.handles = core.census().handles;
        }
    }

    /// The grammar of the events, and what is owed.
    pub(super) fn hears(&mut self, emit: &Emit, way: Way) {
        let l = &mut self.ledger;
        let wrong = match emit {
            Emit::Callback { callback, error, .. } => {
                let bit = 1 << callback.0;
                let again = l.called & bit != 0;
                // What waits fails at once, and what was taken may still wait for its tick.
                let passed =
                    callback.0 > 0 && error.is_none() && (1..callback.0).any(|before| l.called & (1 << before) == 0);
                l.called |= bit;
                match () {
                    () if again => Some("a callback runs twice"),
                    () if passed => Some("callbacks come out of order"),
                    () if l.finish && error.is_none() => Some("a callback comes after 'finish'"),
                    () => None,
                }
            }
            Emit::Listener { event, .. } if l.close => match event {
                Event::Close(_) => Some("'close' comes twice"),
                _ => Some("something comes after 'close'"),
            },
            Emit::Listener { event: Event::End, .. } => {
                let twice = std::mem::replace(&mut l.end, true);
                if twice {
                    Some("'end' comes twice")
                } else {
                    (way.read != way.sent).then_some("'end' comes before everything was read")
                }
            }
            Emit::Listener { event: Event::Finish, .. } => {
                let twice = std::mem::replace(&mut l.finish, true);
                let owed = l.given & !l.called;
                match () {
                    () if twice => Some("'finish' comes twice"),
                    () if owed != 0 => Some("'finish' comes before a callback"),
                    () if self.flight.is_some() => Some("'finish' comes before all was written"),
                    () => None,
                }
            }
            Emit::Listener { event: Event::Error(_), .. } => {
                std::mem::replace(&mut l.error, true).then_some("'error' comes twice")
            }
            Emit::Listener { event: Event::Close(had_error), .. } => {
                l.close = true;
                had_error.is_some_and(|had| had != l.error).then_some("'close' is wrong about 'error'")
            }
            Emit::Listener { event: Event::Data(_), .. } if l.end => Some("'data' comes after 'end'"),
            Emit::Listener { event: Event::Data(bytes), .. } => {
                let len = bytes.len() as u32;
                let right = l.got + len <= way.read && *bytes == pattern(l.got, len);
                l.got += len;
                (!right).then_some("'data' has other bytes than were sent")
            }
            _ => None,
        };
        l.wrong = l.wrong.or(wrong);
    }
}
