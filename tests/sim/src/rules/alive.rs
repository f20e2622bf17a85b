//! What keeps a loop alive (rule M6).

use super::socket::Wrong;
use super::writes::Ending;
use super::{Handle, Rules};
use netfold::core::{Core, Target, TimerId};
use std::collections::HashMap;

#[derive(Clone, Debug, Default)]
pub(super) struct Alive {
    /// Ticks that are owed.
    pub(super) ticks: i64,
    /// Ticks that were ever scheduled.
    pub(super) scheduled: u64,
    pub(super) lookups: u32,
    /// The user's timers: whether they are referenced.
    timers: HashMap<TimerId, bool>,
}

impl Alive {
    pub(super) fn started(&mut self, timer: TimerId, _repeat: bool) {
        self.timers.insert(timer, true);
    }

    pub(super) fn cancelled(&mut self, timer: TimerId) {
        self.timers.remove(&timer);
    }

    pub(super) fn refs(&mut self, timer: TimerId, on: bool) {
        if let Some(refd) = self.timers.get_mut(&timer) {
            *refd = on;
        }
    }

    pub(super) fn fired(&mut self, timer: TimerId, last: bool) {
        if last {
            self.timers.remove(&timer);
        }
    }
}

impl Rules {
    /// Whether something is under way that keeps the loop alive.
    pub(super) fn is_busy(&self) -> bool {
        self.alive.timers.values().any(|refd| *refd)
            || self.alive.ticks > 0
            || self.handles.values().filter(|handle| !self.may_be_unrefed(handle)).any(|handle| {
                let active = handle.refd && (handle.reading || handle.listening);
                !handle.closed && (active || handle.connecting || handle.writing)
            })
    }

    /// `unref` before there was a handle counts from 'connect' on.
    fn may_be_unrefed(&self, handle: &Handle) -> bool {
        match handle.owner {
            Target::Socket(id) => self.sockets.get(&id).is_some_and(|sock| sock.odd_ref),
            Target::Server(_) => false,
        }
    }

    /// Whether the machine is wrong about being alive. What is closing or fed is not seen from outside: while there may be
    /// such a thing nothing is said.
    pub(super) fn alive_wrong(&self, core: &Core) -> Wrong {
        let certain = self.is_busy();
        let unseen = self.alive.lookups > 0
            || !self.closing.is_empty()
            || !self.batch.is_empty()
            || self.sockets.values().any(|sock| {
                let fed = sock.writes.ending != Ending::No && !sock.shut_done && !sock.destroyed;
                let waits = sock.handle.is_some() && !sock.connected && !sock.destroyed;
                sock.odd || sock.odd_ref || fed || waits
            });
        match (core.alive(), certain) {
            (false, true) => Some(("M6 alive", "something is under way, and the loop may end".into())),
            (true, false) if !unseen => Some(("M6 alive", "nothing is under way, and the loop goes on".into())),
            _ => None,
        }
    }
}
