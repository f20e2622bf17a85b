//! One socket, as the rules reckon it.

use super::idle::IdleTimer;
use super::order::Order;
use super::reads::Reads;
use super::writes::{Ending, Writes};
use super::{Handle, Open};
use netfold::core::Bytes;
use netfold::core::{Command, Errno, EventKind, HandleId, NodeError, Outcome, SocketView};

/// A rule, and how it is broken.
pub(super) type Wrong = Option<(&'static str, String)>;

/// How often the loop comes around before what is due is missed.
const PATIENCE: u8 = 3;

#[derive(Clone, Debug)]
pub(super) struct Sock {
    pub(super) handle: Option<HandleId>,
    pub(super) connected: bool,
    pub(super) destroyed: bool,
    /// What no rule here knows has happened to it: it is not looked at any more.
    pub(super) odd: bool,
    /// `ref` or `unref` waits for 'connect'.
    pub(super) odd_ref: bool,
    pub(super) half_open: bool,
    /// The code of what destroys it, or will.
    pub(super) cause: Option<String>,
    /// The user has destroyed it, in one way or another.
    told: bool,
    /// Without an error of its own.
    pub(super) plainly: bool,
    /// The code of the error that it was destroyed with.
    given: Option<String>,
    /// It connected in this turn.
    fresh: bool,
    pub(super) shut_asked: bool,
    pub(super) shut_done: bool,
    /// How many ticks had been scheduled when 'end' came.
    pub(super) end_in: Option<u64>,
    /// 'connect' is due in this turn.
    pub(super) connect_due: bool,
    /// It was destroyed before the command that runs.
    was_destroyed: bool,
    /// It was destroyed for no reason that is known.
    unasked: bool,
    pub(super) order: Order,
    pub(super) writes: Writes,
    pub(super) reads: Reads,
    pub(super) idle: IdleTimer,
    /// For how many rounds each thing that is due has been missing.
    missing: [u8; 11],
}

impl Sock {
    pub(super) fn new(half_open: bool, writable_mark: u32, readable_mark: u32) -> Self {
        Self {
            handle: None,
            connected: false,
            destroyed: false,
            odd: false,
            odd_ref: false,
            half_open,
            cause: None,
            told: false,
            plainly: false,
            given: None,
            fresh: false,
            shut_asked: false,
            shut_done: false,
            end_in: None,
            connect_due: false,
            was_destroyed: false,
            unasked: false,
            order: Order::default(),
            writes: Writes::new(writable_mark),
            reads: Reads::new(readable_mark),
            idle: IdleTimer::default(),
            missing: [0; 11],
        }
    }

    pub(super) fn handle_given(&mut self, handle: HandleId, connected: bool) {
        // A second life, which the rules do not follow.
        self.odd |= self.destroyed;
        self.handle = Some(handle);
        self.connected = connected;
        self.writes.connected |= connected;
    }

    /// A tick of the machine's began. What 'end' brings about happens in one that was scheduled behind it.
    pub(super) fn tick_began(&mut self, tick: u64) {
        if self.end_in.is_some_and(|first| tick >= first) && self.writes.ending == Ending::No && !self.half_open {
            self.writes.ending = Ending::Perhaps;
        }
    }

    /// A turn began, behind all ticks.
    pub(super) fn turn_began(&mut self) {
        self.fresh = false;
        self.tick_began(u64::MAX);
    }

    pub(super) fn command(&mut self, command: &Command, now: u64, view: Option<&SocketView<'_>>) {
        self.was_destroyed = self.destroyed;
        match command {
            Command::Connect(..) => {
                self.odd |= self.destroyed || self.handle.is_some();
                self.idle.refresh(now);
            }
            Command::Write(_, chunk, callback) => {
                let ended = view.is_none_or(|view| view.writable_ended());
                // It fails at once, and may be connected before that is heard of.
                self.odd |= self.handle.is_none() && !self.destroyed;
                self.writes.write(chunk, *callback, self.destroyed, ended);
            }
            Command::End(_, chunk, callback) => {
                let failed = self.cause.is_some();
                self.odd |= self.handle.is_none() && !self.destroyed;
                self.writes.has_ended(view.is_none_or(|view| view.writable_ended()));
                let finished = view.is_none_or(|view| view.writable_finished());
                self.writes.end(chunk.as_ref(), *callback, self.destroyed, failed, finished);
            }
            Command::DestroySoon(_) => {
                self.odd |= self.handle.is_none() && !self.destroyed;
                self.told = true;
                let failed = self.cause.is_some();
                self.writes.has_ended(view.is_none_or(|view| view.writable_ended()));
                self.writes.end(None, None, self.destroyed, failed, false);
            }
            Command::Cork(_) => {
                self.writes.corked += 1;
                // What waits behind `end` and is uncorked then never finishes, in Node as here.
                self.odd |= self.writes.ending != Ending::No;
            }
            Command::Uncork(_) => self.writes.uncork(),
            Command::Destroy(_, error) if !self.destroyed => {
                self.told = true;
                self.plainly |= error.is_none();
                self.given = error.as_ref().map(|error| error.code().to_string());
                if self.cause.is_none() {
                    self.cause = error.as_ref().map(|error| error.code().to_string());
                }
                if self.handle.is_none() {
                    self.destroy();
                }
            }
            Command::ResetAndDestroy(_) if self.handle.is_some() => (self.told, self.plainly) = (true, true),
            Command::ResetAndDestroy(_) if !self.destroyed => {
                self.cause.get_or_insert(NodeError::SocketClosed.code().to_string());
                self.destroy();
            }
            Command::SetTimeout(_, ms) if !self.destroyed => self.idle.set(*ms, now),
            Command::DropHandle(_) | Command::Detach(_) | Command::OnRead(..) | Command::Emit(..) => self.odd = true,
            other => {
                // The machine's own steps go too.
                self.odd |= matches!(other, Command::RemoveAll(..)) && !self.connected;
                self.reads.command(other);
            }
        }
    }

    pub(super) fn returned(&mut self, open: &Open, outcome: &Outcome, hears_data: bool) -> Wrong {
        match (&open.command, outcome) {
            (Command::Write(_, _, callback), outcome) => {
                let over = self.destroyed || self.cause.is_some();
                let merges = self.writes.merges(*callback, open.ticks);
                self.writes.answered(outcome, *callback, over).or(merges)
            }
            (Command::Read(..), Outcome::Chunk(Some(bytes))) => match open.data {
                Some(len) if len == bytes.len() => None,
                Some(len) => Some(("R15 read", format!("'data' had {len} bytes, read() gave {}", bytes.len()))),
                None if hears_data && !self.destroyed => {
                    Some(("R15 read", "read() gave a chunk, and 'data' did not".into()))
                }
                None => self.reads.data(bytes, true),
            },
            (Command::DestroySoon(_), _) if self.destroyed && self.order.finish == 0 && self.cause.is_none() => {
                let waits = self.writes.waits() || self.writes.has_flight();
                (waits && !self.writes.refused_any && !self.was_destroyed)
                    .then(|| ("L8 destroySoon", "it is destroyed before all is written".into()))
            }
            (Command::Destroy(..), _) if !self.destroyed => {
                Some(("L1 destroy", "destroy() has returned, and the handle is not closed".into()))
            }
            (Command::Uncork(_) | Command::End(..), _) => self.unsent(),
            _ => None,
        }
    }

    /// Something that waits could go, and does not.
    fn unsent(&self) -> Wrong {
        let w = &self.writes;
        let free = w.corked == 0 && !w.has_flight() && self.connected;
        let stuck = free && w.waits() && !self.destroyed && self.cause.is_none() && !w.loose;
        stuck.then(|| ("W23 cork", "what waits is not sent".into()))
    }

    /// Bytes are given to the system.
    pub(super) fn offered(&mut self, handle: Handle, bytes: &[Bytes]) -> Wrong {
        if !handle.connected {
            return Some(("W7 request", "bytes go out before 'connect'".into()));
        }
        // What the other party's end brings about uncorks.
        if self.end_in.is_some() && !self.half_open {
            self.writes.corked = 0;
        }
        if self.shut_asked {
            return Some(("W20 request", "bytes go out after FIN".into()));
        }
        self.writes.offered(bytes)
    }

    pub(super) fn request_over(&mut self, result: Result<(), Errno>, user_ran: bool) {
        if let Err(errno) = result
            && !self.destroyed
        {
            self.fails(errno);
        }
        self.writes.over(result.map_err(|errno| errno.name().to_string()), self.destroyed, user_ran);
    }

    pub(super) fn fails(&mut self, errno: Errno) {
        if !self.destroyed {
            self.cause.get_or_insert(errno.name().to_string());
            // An `end` whose own chunk fails within the call has not ended it.
            if self.writes.ending == Ending::Yes && !self.shut_asked {
                self.writes.ending = Ending::Perhaps;
            }
        }
    }

    pub(super) fn connect_over(&mut self, result: Result<(), Errno>, now: u64) {
        if self.destroyed {
            return;
        }
        match result {
            Ok(()) => {
                self.idle.refresh(now);
                (self.connected, self.connect_due, self.fresh) = (true, true, true);
                self.writes.connected = true;
            }
            // Of several addresses the next may do.
            Err(_) => self.odd = true,
        }
    }

    pub(super) fn connects(&mut self) -> Wrong {
        let due = std::mem::take(&mut self.connect_due);
        (!due).then(|| ("C10 connect", "'connect' without a connection".into()))
    }

    /// A name was not found: it may be that of who is not connected yet.
    pub(super) fn name_failed(&mut self) {
        self.odd |= !self.connected;
    }

    pub(super) fn handle_closed(&mut self, destroyed: bool) {
        if destroyed {
            let over = self.reads.eof && self.shut_done;
            self.unasked = !self.told && self.cause.is_none() && !self.writes.refused_any && !over;
            self.destroy();
        } else {
            self.odd = true;
        }
    }

    pub(super) fn destroy(&mut self) {
        self.destroyed = true;
        self.connect_due = false;
        self.idle.stop();
    }

    /// It is forgotten.
    pub(super) fn is_gone(&self, hears: bool) -> Wrong {
        if self.odd {
            return None;
        }
        if self.unasked {
            return Some(("L13 end", "it was destroyed, and nobody asked for it".into()));
        }
        if hears && self.order.close == 0 {
            return Some(("L2 close", "'close' is missing".into()));
        }
        self.writes.owes(true).then(|| ("W17 callbacks", "a callback is missing".into()))
    }

    /// 'error' came.
    pub(super) fn errs(&mut self, code: &str) -> Wrong {
        match &self.cause {
            Some(cause) if cause == code => None,
            _ if self.given.as_deref() == Some(code) => None,
            // A write that is refused destroys too, and may come first.
            _ if self.writes.refused_any => None,
            Some(cause) => Some(("L2 error", format!("'error' is {code}, and it was {cause} that failed"))),
            None => Some(("L2 error", format!("'error' {code}, and nothing has failed"))),
        }
    }

    /// All is still: what the turn owed must be there.
    pub(super) fn at_rest(&self, handle: Option<&Handle>, listens: impl Fn(EventKind) -> bool) -> Wrong {
        if self.connect_due && listens(EventKind::Connect) {
            return Some(("C10 connect", "connected, and no 'connect' in this turn".into()));
        }
        if self.fresh && self.order.ready == 0 && listens(EventKind::Ready) {
            return Some(("C10 ready", "connected, and no 'ready' in this turn".into()));
        }
        let reading = handle.is_some_and(|handle| handle.reading);
        if self.fresh && !reading && !self.destroyed && self.cause.is_none() && self.reads.is_unpaused() {
            return Some(("C10 reading", "connected, and it is not read".into()));
        }
        self.reads.at_rest(handle.is_some_and(|handle| handle.reading) && !self.destroyed)
    }

    /// What is due and missing for too long.
    pub(super) fn around(
        &mut self,
        handle: Option<&Handle>,
        listens: impl Fn(EventKind) -> bool,
        now: u64,
        view: Option<&SocketView<'_>>,
    ) -> Vec<(&'static str, String)> {
        let open = self.connected && !self.destroyed && self.cause.is_none();
        let hears = |kind| listens(kind) && !self.odd;
        let flows = view.is_some_and(|view| view.readable_flowing() == Some(true));
        let gone = self.order.close > 0;
        let w = &self.writes;
        let (ends, finishes) = (self.order.end > 0, self.order.finish > 0);
        let reading = handle.is_some_and(|handle| handle.reading);
        let idle = open && flows && self.reads.known && self.reads.kept() == 0 && !self.reads.eof;
        let due: [(&'static str, &str, bool); 11] = [
            ("W1 request", "what waits is never sent", self.unsent().is_some()),
            ("W11 callbacks", "a callback is missing", w.owes(self.destroyed && gone)),
            ("W13 drain", "'drain' is missing", open && w.dry() && hears(EventKind::Drain)),
            ("W20 FIN", "FIN is missing", open && w.ending == Ending::Yes && w.idle() && !self.shut_asked),
            ("W21 finish", "'finish' is missing", open && self.shut_done && !finishes && hears(EventKind::Finish)),
            ("R6 end", "'end' is missing", open && self.reads.end_is_due(flows) && !ends && hears(EventKind::End)),
            ("L13 end", "both sides are over, and it is not destroyed", open && ends && finishes),
            ("R1 reading", "it flows, and is not read", idle && !reading),
            ("W22 failure", "something failed, and it is not destroyed", self.cause.is_some() && !self.destroyed),
            ("R7 flow", "it flows, and what is kept stays", open && flows && self.reads.known && self.reads.kept() > 0),
            ("R11 readable", "'readable' is missing", open && self.reads.readable_due && hears(EventKind::Readable)),
        ];
        let mut wrong: Vec<(&'static str, String)> = Vec::new();
        for ((rule, what, missing), count) in due.into_iter().zip(&mut self.missing) {
            *count = if missing { *count + 1 } else { 0 };
            if *count == PATIENCE {
                wrong.push((rule, what.into()));
            }
        }
        let closes = self.destroyed && !gone && hears(EventKind::Close) && handle.is_none_or(|handle| handle.closed);
        self.idle.rounds_closed = if closes { self.idle.rounds_closed + 1 } else { 0 };
        if self.idle.rounds_closed == PATIENCE {
            wrong.push(("L2 close", "'close' is missing".into()));
        }
        if open && !self.half_open && ends && w.ending != Ending::Yes && w.idle() && !self.shut_asked {
            self.idle.rounds_open += 1;
            if self.idle.rounds_open == PATIENCE {
                wrong.push(("L12 end", "the other party has ended, and this side stays open".into()));
            }
        } else {
            self.idle.rounds_open = 0;
        }
        wrong.extend(self.idle.late(now));
        wrong.extend(self.counters(view));
        wrong
    }

    /// The counters of a socket that is well (rules L6, W9).
    fn counters(&self, view: Option<&SocketView<'_>>) -> Wrong {
        let view = view?;
        if self.destroyed || self.cause.is_some() || self.writes.loose || self.writes.text {
            return None;
        }
        let (read, written) = (self.reads.bytes, self.writes.bytes);
        if view.bytes_read() != read {
            return Some(("L6 counters", format!("bytesRead is {}, and {read} came", view.bytes_read())));
        }
        if view.bytes_written() != written {
            return Some((
                "W9 counters",
                format!("bytesWritten is {}, and {written} were written", view.bytes_written()),
            ));
        }
        let length = self.writes.length;
        (view.writable_length() != length)
            .then(|| ("W3 counters", format!("writableLength is {}, and {length} wait", view.writable_length())))
    }
}
