//! The loop's side: what is ready, and what is told of it.

use super::end::Ref;
use super::{Inner, Watch};
use netfold::core::{Completion, ConnKey, HandleId};

/// How often libuv reads from one handle before it looks at the next.
const READS_A_WAKEUP: u32 = 32;

/// What one read brings at most.
const READ: usize = 64 * 1024;

/// Among how many that are ready the first is chosen.
const ORDERS: usize = 4;

/// Where the loop stands within what one wakeup brought for one end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    Read,
    HungUp,
    Write,
}

impl Inner {
    pub(super) fn touch(&mut self, watch: Watch) {
        let queued = match watch {
            Watch::End(which) => self.end(which).map(|end| &mut end.queued),
            Watch::Listener((at, serial)) => {
                self.listeners.get_mut(at).filter(|l| l.serial == serial).map(|l| &mut l.queued)
            }
        };
        if let Some(queued) = queued
            && !std::mem::replace(queued, true)
        {
            self.ready.push_back(watch);
        }
    }

    fn forget(&mut self, watch: Watch) {
        match watch {
            Watch::End(which) => {
                if let Some(end) = self.end(which) {
                    end.queued = false;
                }
            }
            Watch::Listener((at, serial)) => {
                if let Some(listener) = self.listeners.get_mut(at).filter(|l| l.serial == serial) {
                    listener.queued = false;
                }
            }
        }
    }

    fn is_ready(&self, watch: Watch) -> bool {
        match watch {
            Watch::Listener((at, serial)) => {
                self.listeners.get(at).is_some_and(|l| l.serial == serial && !l.waiting.is_empty())
            }
            Watch::End((at, serial)) => self.ends.get(at).is_some_and(|end| {
                end.serial == serial
                    && end.handle.is_some()
                    && (end.connect.is_some() || end.readable() || self.writable(end))
            }),
        }
    }

    /// What is ready by now is reported by the calls of `next` that follow; whether there is any.
    pub(super) fn poll(&mut self) -> bool {
        self.arrive();
        for watch in std::mem::take(&mut self.changed) {
            if self.is_ready(watch) {
                self.touch(watch);
            }
        }
        let mut ready = std::mem::take(&mut self.ready);
        ready.retain(|watch| {
            let stays = self.is_ready(*watch);
            if !stays {
                self.forget(*watch);
            }
            stays
        });
        if ready.len() > 1 {
            let first = self.chooser.choose("order", ready.len().min(ORDERS) as u32);
            ready.rotate_left(first as usize);
        }
        self.reported.clone_from(&ready);
        self.ready = ready;
        self.at = None;
        !self.reported.is_empty() || !self.answers.is_empty()
    }

    pub(super) fn next(&mut self) -> Option<Completion> {
        if let Some((lookup, answer)) = self.answers.pop_front() {
            return Some(Completion::LookedUp(lookup, answer));
        }
        loop {
            let (watch, reads, stage) = match self.at.take() {
                Some(at) => at,
                None => (self.reported.pop_front()?, READS_A_WAKEUP, Stage::Read),
            };
            let which = match watch {
                Watch::Listener((at, serial)) => {
                    let Some(listener) = self.listeners.get_mut(at).filter(|l| l.serial == serial) else { continue };
                    let Some(conn) = listener.waiting.pop_front() else { continue };
                    let handle = listener.handle;
                    self.conns.insert(conn.1, conn);
                    return Some(Completion::Accepted(handle, ConnKey(conn.1)));
                }
                Watch::End(which) => which,
            };
            let Some((handle, end)) = self.end(which).and_then(|end| Some((end.handle?, end))) else { continue };
            if let Some(result) = end.connect.take() {
                // As `SO_ERROR` says: an RST that is here already is how the attempt ended.
                let result = result.and_then(|()| end.error.take().map_or(Ok(()), Err));
                return Some(Completion::Connected(handle, result));
            }
            let completion = match stage {
                Stage::Read if end.readable() && reads > 0 => Some(self.read(which, handle, reads)),
                Stage::Read => {
                    self.at = Some((watch, reads, Stage::Write));
                    None
                }
                Stage::HungUp => {
                    let told = end.reading && end.hung_up() && !end.eof_told && end.received_len == 0;
                    if told {
                        (end.reading, end.eof_told) = (false, true);
                    }
                    self.at = Some((watch, reads, Stage::Write));
                    told.then_some(Completion::Eof(handle))
                }
                Stage::Write => self.write_on(which, handle),
            };
            if completion.is_some() {
                return completion;
            }
        }
    }

    /// One read: of bytes while there are some, then of what ended them.
    fn read(&mut self, which: Ref, handle: HandleId, reads: u32) -> Completion {
        let chooser = self.chooser.clone();
        let watch = Watch::End(which);
        let end = &mut self.ends[which.0];
        if end.received_len == 0 {
            end.reading = false;
            self.at = Some((watch, reads, Stage::Write));
            return match end.error.take() {
                Some(errno) => Completion::ReadFailed(handle, errno),
                None => {
                    end.eof_told = true;
                    Completion::Eof(handle)
                }
            };
        }
        let most = end.limit.unwrap_or(READ).min(READ);
        let first = end.received.front().map_or(0, bytes::Bytes::len);
        let split = end.received.len() > 1 && first > 0 && chooser.choose("read", 2) == 1;
        let bytes = end.take(if split { first.min(most) } else { most });
        let (full, peer) = (bytes.len() == most, end.peer);
        self.at = Some(if full { (watch, reads - 1, Stage::Read) } else { (watch, reads, Stage::HungUp) });
        if let Some(peer) = peer
            && self.end(peer).is_some_and(|end| end.writing)
        {
            self.touch(Watch::End(peer));
        }
        Completion::Read(handle, bytes)
    }

    fn write_on(&mut self, which: Ref, handle: HandleId) -> Option<Completion> {
        if !self.writable(&self.ends[which.0]) {
            return None;
        }
        let mut unsent = std::mem::take(&mut self.ends[which.0].unsent);
        let sent = self.send(which, &mut unsent, true);
        let end = &mut self.ends[which.0];
        match sent {
            Err(errno) => {
                (end.writing, end.unsent_len) = (false, 0);
                Some(Completion::Written(handle, Err(errno)))
            }
            Ok(sent) => {
                end.unsent_len -= sent;
                end.unsent = unsent;
                end.writing = end.unsent_len > 0;
                (!end.writing).then_some(Completion::Written(handle, Ok(())))
            }
        }
    }
}
