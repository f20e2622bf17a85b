//! The poller of a loop: what it looks for at each socket, and what one wait reports. As epoll, level-triggered, and as the
//! driver uses it.

use super::Inner;
use super::process::{Handle, Role};
use super::sock::{Ref, Sock};
use netfold::core::HandleId;

/// How many sockets one wait reports at most: libuv's number. The rest come with the next wait.
const MOST: usize = 1_024;

/// How many sockets are looked at together.
const AHEAD: usize = 32;

/// Among how many that are ready the first is chosen.
const ORDERS: usize = 4;

/// What a poller looks for at a socket, beside errors and hang-ups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Interest {
    pub(super) read: bool,
    pub(super) write: bool,
}

impl Interest {
    pub(super) const NONE: Self = Self { read: false, write: false };

    fn covers(self, other: Self) -> bool {
        (self.read || !other.read) && (self.write || !other.write)
    }
}

/// What a poll found, as libuv reads it: an error or a hang-up is found by reading, and by writing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ready {
    pub(super) read: bool,
    pub(super) write: bool,
    pub(super) hang_up: bool,
}

impl Inner {
    /// What a poll would find of a socket, by what the poller was told to look for.
    fn found(&self, sock: &Sock) -> Option<(HandleId, Ready)> {
        let (watch, handle) = (sock.watch?, sock.handle?);
        let hang_up = sock.is_over();
        let rests = sock.rests_until > self.now;
        let failed = !rests && (hang_up || sock.error.is_some());
        let ready = Ready {
            read: failed || (watch.read && !rests && self.is_readable(sock)),
            write: failed || (watch.write && self.is_writable(sock)),
            hang_up,
        };
        (ready.read || ready.write).then_some((handle, ready))
    }

    /// Something has changed for a socket, or in what is looked for at it: puts it onto the list of what is ready if it is.
    pub(super) fn touch(&mut self, which: Ref) {
        let Some(sock) = self.peek(which) else { return };
        if self.found(sock).is_none() {
            return;
        }
        let pid = sock.pid;
        self.stir(pid);
        if !std::mem::replace(&mut self.socks[which.0].queued, true) {
            self.procs[pid as usize].tables.ready.push_back(which);
        }
    }

    /// Whether the poller looks for all that a handle wants.
    fn is_covered(&self, handle: &Handle) -> bool {
        let watch = handle.sock.and_then(|which| self.peek(which)).and_then(|sock| sock.watch);
        watch.map_or(handle.wants() == Interest::NONE, |now| now.covers(handle.wants()))
    }

    /// Sees to it that the poller knows of all that a handle wants, from the next poll on. What it wants no more stays
    /// registered until an event of it is in the way (rule T11).
    pub(super) fn want(&mut self, pid: u32, id: HandleId) {
        let Some(handle) = self.procs[pid as usize].tables.look(id) else { return };
        if handle.unsettled || self.is_covered(handle) {
            return;
        }
        let tables = self.tables(pid);
        tables.unsettled.push(id);
        if let Some(handle) = tables.get(id) {
            handle.unsettled = true;
        }
    }

    /// Tells the poller what handles want since the last poll, in the order in which they began to.
    pub(super) fn settle(&mut self, pid: u32) {
        if self.tables(pid).unsettled.is_empty() {
            return;
        }
        let mut unsettled = std::mem::take(&mut self.tables(pid).unsettled);
        for id in unsettled.drain(..) {
            let Some(handle) = self.tables(pid).get(id) else { continue };
            handle.unsettled = false;
            if self.procs[pid as usize].tables.look(id).is_some_and(|handle| !self.is_covered(handle)) {
                self.register(pid, id);
            }
        }
        self.tables(pid).unsettled = unsettled;
    }

    /// Tells the poller exactly what a handle wants.
    pub(super) fn register(&mut self, pid: u32, id: HandleId) {
        let Some(handle) = self.tables(pid).get(id) else { return };
        let (wants, Some(which)) = (handle.wants(), handle.sock) else { return };
        let Some(sock) = self.sock(which) else { return };
        let watch = (wants != Interest::NONE).then_some(wants);
        if std::mem::replace(&mut sock.watch, watch) != watch {
            self.touch(which);
        }
    }

    /// What is ready by now is reported by the calls of `next` that follow; whether there is any.
    pub(super) fn poll(&mut self, pid: u32) -> bool {
        self.arrive();
        self.retry_exhausted(pid);
        self.settle(pid);
        while let Some(id) = self.tables(pid).slack.pop() {
            if self.tables(pid).get(id).is_some_and(|handle| handle.wants() != Interest::NONE) {
                self.register(pid, id);
            }
        }
        self.report(pid);
        let tables = self.tables(pid);
        // What is left of the pending phase comes before what the poll brings, as in libuv.
        (tables.again_round, tables.again_rounds, tables.turn) = (tables.again.len(), 0, None);
        !tables.reported.is_empty() || !tables.answers.is_empty() || tables.again_round > 0
    }

    /// What is reported goes behind what is not: it is looked at again by the next poll.
    fn report(&mut self, pid: u32) {
        let tables = self.tables(pid);
        let (mut ready, mut reported) = (std::mem::take(&mut tables.ready), std::mem::take(&mut tables.reported));
        reported.clear();
        for at in 0..ready.len() {
            if at % AHEAD == 0 {
                self.look_at(ready.iter().take(AHEAD));
            }
            let Some(which) = ready.pop_front() else { break };
            match self.peek(which).and_then(|sock| self.found(sock)) {
                Some(found) => {
                    reported.push_back(found);
                    ready.push_back(which);
                }
                None => {
                    if let Some(sock) = self.sock(which) {
                        sock.queued = false;
                    }
                }
            }
            if reported.len() == MOST {
                break;
            }
        }
        if reported.len() > 1 {
            let first = self.chooser.choose("order", reported.len().min(ORDERS) as u32) as usize;
            if first > 0 {
                let others = ready.len() - reported.len();
                ready.make_contiguous()[others..].rotate_left(first);
                reported.rotate_left(first);
            }
        }
        let tables = self.tables(pid);
        (tables.ready, tables.reported) = (ready, reported);
    }

    /// Brings what a poll looks at of these sockets into the processor's caches, all of it together.
    fn look_at<'a>(&self, those: impl Iterator<Item = &'a Ref>) {
        std::hint::black_box(
            those.filter_map(|(at, _)| self.socks.get(*at)).fold(0, |all, sock| all ^ sock.received_len),
        );
    }

    /// What comes to its turn next, one after the other. The handles are looked at here, all of them together: they are near
    /// then when their turns come.
    pub(super) fn ahead(&self, pid: u32, handles: &mut [Option<HandleId>]) {
        let tables = &self.procs[pid as usize].tables;
        for (handle, (id, _)) in handles.iter_mut().zip(&tables.reported) {
            *handle = Some(*id);
        }
        let known = handles.iter().flatten().filter_map(|id| tables.look(*id)?.sock);
        std::hint::black_box(known.fold(0, |all, which| all ^ which.0));
    }

    /// Whether a poll would find something.
    pub(super) fn has_work(&mut self, pid: u32) -> bool {
        self.settle(pid);
        let tables = self.tables(pid);
        let rested = tables.deadline();
        tables.is_amid()
            || !tables.answers.is_empty()
            || !tables.again.is_empty()
            || tables.woken.load(std::sync::atomic::Ordering::Acquire)
            || rested.is_some_and(|until| until <= self.now)
            || {
                // What was reported last, and is mostly worked off, stands behind what was not, and before what is new.
                let ready = &self.procs[pid as usize].tables.ready;
                ready
                    .front()
                    .into_iter()
                    .chain(ready.iter().rev())
                    .any(|which| self.peek(*which).is_some_and(|sock| self.found(sock).is_some()))
            }
    }

    /// Lets servers that have rested listen again.
    fn retry_exhausted(&mut self, pid: u32) {
        if self.tables(pid).exhausted.is_empty() {
            return;
        }
        self.keep_spare(pid);
        let now = self.now;
        let mut exhausted = std::mem::take(&mut self.tables(pid).exhausted);
        exhausted.retain(|id| {
            let Some(handle) = self.tables(pid).get(*id) else { return false };
            match handle.role {
                Role::Exhausted(until) if until > now => return true,
                Role::Exhausted(_) => handle.role = Role::Listening,
                _ => {}
            }
            self.want(pid, *id);
            false
        });
        self.tables(pid).exhausted = exhausted;
    }
}
