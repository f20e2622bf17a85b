//! The ends of a socket: 'end', FIN, 'finish', 'close' (rules L1 to L14, T4, W20, W21).

use super::socket::{Sock, Wrong};
use super::writes::Ending;
use super::{Rules, Unit};
use netfold::core::{CallbackId, HandleId, Op, Phase, Target};

impl Sock {
    pub(super) fn called_back(&mut self, callback: CallbackId, error: Option<&str>) -> Wrong {
        let (destroyed, failed) = (self.destroyed, self.cause.is_some());
        if self.writes.is_end(callback) && !self.writes.loose {
            let shut = self.shut_done || destroyed || failed;
            if self.order.finish > 0 && !destroyed {
                return Some(("W21 finish", "'finish' comes before the callbacks of end()".into()));
            }
            if !shut {
                return Some(("W21 callbacks", "the callback of end() comes before FIN".into()));
            }
            return self.writes.ended(error.is_some(), destroyed, failed);
        }
        self.writes.called(callback, error, destroyed, failed)
    }

    /// 'end' is emitted.
    pub(super) fn ends(&mut self, scheduled: u64) -> Wrong {
        self.end_in.get_or_insert(scheduled);
        if !self.reads.eof {
            return Some(("R6 end", "'end' comes, and the other party has not ended".into()));
        }
        let kept = self.reads.kept();
        (self.reads.known && kept > 0).then(|| ("R6 end", format!("'end' comes with {kept} bytes unread")))
    }

    /// FIN goes out.
    pub(super) fn shuts(&mut self) -> Wrong {
        if self.shut_asked {
            return Some(("W20 FIN", "FIN is sent twice".into()));
        }
        self.shut_asked = true;
        if self.writes.loose {
            return None;
        }
        if self.writes.waits() || self.writes.has_flight() {
            return Some(("W20 FIN", "FIN is sent before all that was written".into()));
        }
        let answers = self.reads.eof && !self.half_open;
        let wrong = self.writes.ending == Ending::No && !answers;
        self.writes.ending = Ending::Yes;
        wrong.then(|| ("L14 half-open", "FIN is sent, and nobody has ended this side".into()))
    }

    pub(super) fn shut(&mut self) {
        self.shut_done = true;
    }

    /// 'finish' is emitted.
    pub(super) fn finishes(&mut self) -> Wrong {
        let (ends, writes) = (self.writes.left_of_ends(), self.writes.left_of_writes());
        if self.writes.loose || self.destroyed {
            return None;
        }
        if writes > 0 {
            return Some(("W21 finish", format!("'finish' comes before {writes} writes are over")));
        }
        if ends > 0 {
            return Some(("W21 finish", format!("'finish' comes before {ends} callbacks of end()")));
        }
        (!self.shut_done).then(|| ("W20 finish", "'finish' comes before FIN".into()))
    }

    /// 'close' is emitted.
    pub(super) fn closed(&mut self, had_error: Option<bool>, unit: Option<Unit>) -> Wrong {
        if !self.destroyed {
            return Some(("L2 close", "'close' comes, and it is not destroyed".into()));
        }
        if had_error.is_some() && unit != Some(Unit::Phase(Phase::Closing)) {
            return Some(("T3 close", "'close' comes outside of the closing phase".into()));
        }
        if had_error.is_some() && self.writes.owes_flight() {
            return Some(("T5 close", "'close' comes before the callback of a write".into()));
        }
        if self.cause.is_some() && self.order.error == 0 && !self.writes.refused_any && !self.plainly {
            return Some(("L2 close", "'close' comes before 'error'".into()));
        }
        let wrong = had_error.is_some_and(|had| had != (self.order.error > 0));
        wrong.then(|| ("L2 close", format!("'close' says {had_error:?}, and 'error' came {} times", self.order.error)))
    }
}

impl Rules {
    /// A handle that is closed is not named again; a socket's writes are not sent on another's.
    pub(super) fn wrong_handle(&self, op: &Op<'_>) -> Wrong {
        let (Op::Write(h, _)
        | Op::ReadStart(h)
        | Op::ReadStop(h)
        | Op::Shutdown(h)
        | Op::Close(h)
        | Op::Reset(h)
        | Op::Connect(h, _)
        | Op::ConnectPath(h, _)
        | Op::Listen(h, _)) = *op
        else {
            return None;
        };
        let closed = self.handles.get(&h).is_some_and(|handle| handle.closed);
        closed.then(|| ("L1 handle", format!("{op:?} after it was closed")))
    }

    pub(super) fn closes(&mut self, h: HandleId) {
        self.change(h, |handle| (handle.closed, handle.reading, handle.listening) = (true, false, false));
        self.closing.push(h);
        if let Some(Target::Socket(id)) = self.handles.get(&h).map(|handle| handle.owner) {
            self.servers.values_mut().for_each(|served| served.goes(id));
        }
        if let Some(Target::Server(id)) = self.handles.get(&h).map(|handle| handle.owner) {
            self.served(id).handle_closed(h);
        }
    }

    /// What was closed last is heard of first.
    pub(super) fn close_in_order(&mut self, sock: &Sock) -> Wrong {
        let mine = sock.handle?;
        while let Some(h) = self.batch.pop() {
            if h == mine {
                return None;
            }
            let waits = match self.handles.get(&h).map(|handle| handle.owner) {
                Some(Target::Socket(id)) => self.sockets.get(&id).is_some_and(|other| {
                    let hears = self.emitters.any(id.into(), netfold::core::EventKind::Close);
                    other.handle == Some(h) && !other.odd && other.order.close == 0 && hears
                }),
                _ => false,
            };
            if waits {
                return Some(("T4 close", "'close' comes out of turn: another one was closed later".into()));
            }
        }
        (!self.threw).then(|| ("T4 close", "'close' comes without its turn of the closing phase".into()))
    }
}
