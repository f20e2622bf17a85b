//! From readiness to completions, one at a time: what the machine does between two of them is seen by the second.

use super::errno::errno;
use super::poll::BELL;
use super::read::{READS, Source};
use super::ready::{Interest, Ready};
use super::system::System;
use super::table::{Entry, Role};
use bytes::Bytes;
use netfold_core::{Completion, HandleId};
use rustix::fd::AsFd;
use rustix::net::sockopt;

/// How often what blocked is tried again after one poll: libuv's number.
const ROUNDS: u8 = 8;

/// One descriptor's readiness while it is worked off. Reading comes before writing, as in libuv.
#[derive(Clone, Copy, Debug)]
pub(super) enum Turn {
    /// Answers of the resolver.
    Lookups,
    Handle {
        id: HandleId,
        ready: Ready,
        stage: Stage,
    },
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Stage {
    Start,
    /// This many reads are left.
    Read(u8),
    /// The last read got less than it could have.
    Short,
    Write,
    /// All of a write is with the system, and what it called back may have written more.
    Flushed,
    End,
}

impl System {
    #[inline]
    pub(super) fn next_completion(&mut self) -> Option<Completion> {
        // Between two turns, which is where most calls come.
        if self.turn.is_none()
            && self.again_round == 0
            && let Some(completion) = self.read_straight()
        {
            return Some(completion);
        }
        self.next_of_turns()
    }

    /// If the next descriptor of the batch can be read from and nothing else, as most can: its turn up to its first read.
    fn read_straight(&mut self) -> Option<Completion> {
        let ready = self.poll.peek().filter(|ready| ready.read && !ready.write && !self.poll.is_oneshot())?;
        let (id, entry) = self.table.at(ready.key)?;
        let known = entry.registered.is_some() && entry.since != self.waits;
        let (Role::Stream { reading: true, .. }, Some(fd)) = (&entry.role, &entry.fd) else { return None };
        if !known {
            return None;
        }
        self.poll.skip();
        let source = Source { fd: fd.as_fd(), fifo: entry.access.fifo };
        let read = self.block.read(source, entry.read_limit as usize, &entry.large);
        match read {
            Ok(bytes) if !bytes.is_empty() && bytes.len() < entry.read_limit as usize && !ready.more => {
                Some(Completion::Read(id, bytes))
            }
            read => {
                let mut ready = ready;
                let (stage, completion) = self.judge(id, &mut ready, READS, read);
                self.turn = Some(Turn::Handle { id, ready, stage });
                completion
            }
        }
    }

    fn next_of_turns(&mut self) -> Option<Completion> {
        loop {
            match self.turn {
                None if self.has_refused() => return self.refusal(),
                None if self.again_round > 0 => self.turn = Some(self.try_again()?),
                None => self.turn = Some(self.begin().or_else(|| self.try_again())?),
                Some(Turn::Lookups) => match self.pool.answer() {
                    Some((lookup, answer)) => return Some(Completion::LookedUp(lookup, answer)),
                    None => self.turn = None,
                },
                Some(Turn::Handle { id, mut ready, stage }) => {
                    let (stage, completion) = self.go_on(id, &mut ready, stage);
                    // What is armed anew after a turn is what the machine wants once it has heard of it.
                    let over = matches!(stage, Stage::End) && (completion.is_none() || !self.poll.is_oneshot());
                    self.turn = if over { self.end(id, ready) } else { Some(Turn::Handle { id, ready, stage }) };
                    if completion.is_some() {
                        return completion;
                    }
                }
            }
        }
    }

    /// The next descriptor of the batch.
    fn begin(&mut self) -> Option<Turn> {
        loop {
            let ready = self.poll.take()?;
            if ready.key == BELL {
                return Some(Turn::Lookups);
            }
            // A handle that was closed in this batch, or one that has got its slot since: not meant.
            let Some((id, entry)) = self.table.at(ready.key) else { continue };
            if entry.registered.is_none() || entry.since == self.waits {
                continue;
            }
            return Some(Turn::Handle { id, ready, stage: Stage::Start });
        }
    }

    /// When all that was ready is worked off, what was written behind a write that blocked is tried once more: libuv does
    /// that in its pending phase.
    fn try_again(&mut self) -> Option<Turn> {
        if self.again_round == 0 {
            self.again_rounds += 1;
            self.again_round = if self.again_rounds > ROUNDS { 0 } else { self.again.len() };
        }
        self.again_round = self.again_round.checked_sub(1)?;
        let id = self.again.pop_front()?;
        let ready =
            Ready { key: id.slot() as usize, read: false, write: true, hang_up: false, more: false, left: false };
        Some(Turn::Handle { id, ready, stage: Stage::Write })
    }

    /// One step of a descriptor's turn: where it stands after it, and what it brought.
    fn go_on(&mut self, id: HandleId, ready: &mut Ready, stage: Stage) -> (Stage, Option<Completion>) {
        let oneshot = self.poll.is_oneshot();
        let Some(entry) = self.table.get_mut(id) else { return (Stage::End, None) };
        if oneshot && matches!(stage, Stage::Start) {
            // It came, and so is armed no more.
            entry.registered = Some(Interest::NONE);
        }
        match (stage, &mut entry.role) {
            (Stage::Start, role) => {
                let unwanted = match role {
                    Role::Connecting { .. } => return (Stage::End, self.connected(id)),
                    Role::Listening => return (Stage::End, self.accept(id)),
                    Role::Stream { reading, queue } => {
                        ready.read && !*reading || ready.write && queue.is_empty() && !ready.read
                    }
                    Role::New | Role::Exhausted(_) | Role::Deaf => true,
                };
                if unwanted {
                    let _later = self.register(id);
                    return (Stage::Read(READS), None);
                }
                if ready.read { self.read(id, ready, READS) } else { (Stage::Write, None) }
            }
            (Stage::Read(left), Role::Stream { reading: true, .. }) if left > 0 && ready.read => {
                self.read(id, ready, left)
            }
            (Stage::Read(_), _) => (Stage::Write, None),
            // Nothing can come after a hang-up, and what had come before it was read: libuv takes this for the end without
            // reading once more. So data with RST right behind it is 'data' and 'end' in Node, not ECONNRESET.
            (Stage::Short, Role::Stream { reading: reading @ true, .. }) if ready.hang_up => {
                *reading = false;
                self.slack.push(id);
                (Stage::Write, Some(Completion::Eof(id)))
            }
            (Stage::Short, _) => (Stage::Write, None),
            (Stage::Write, Role::Stream { queue, .. }) if ready.write && !queue.is_empty() => {
                let fifo = entry.access.fifo;
                let Some(fd) = &entry.fd else { return (Stage::End, None) };
                let result = match queue.flush(fd.as_fd(), fifo) {
                    Ok(false) => return (Stage::End, None),
                    Ok(true) => Ok(()),
                    Err(error) => Err(errno(error)),
                };
                self.slack.push(id);
                self.again.push_back(id);
                (Stage::Flushed, Some(Completion::Written(id, result)))
            }
            // libuv sends a FIN that was asked for in this very turn here, and not in the pending phase.
            (Stage::Write | Stage::Flushed, Role::Stream { queue, .. }) if ready.write && queue.is_empty() => {
                (Stage::End, Some(Completion::Drained(id)))
            }
            (Stage::Write | Stage::Flushed | Stage::End, _) => (Stage::End, None),
        }
    }

    /// The turn is over: arms anew what is armed for one event, and keeps what the poller will not tell of again.
    fn end(&mut self, id: HandleId, ready: Ready) -> Option<Turn> {
        if ready.left && self.is_told_once(id) {
            self.left.push((id, ready));
        }
        if self.poll.is_oneshot() {
            self.arm(id);
        }
        None
    }

    /// Whether the poller tells of this handle's readiness once.
    pub(super) fn is_told_once(&self, id: HandleId) -> bool {
        let registered = self.table.get(id).and_then(|entry| entry.registered);
        self.poll.tells_once() && registered.is_some_and(|interest| interest.once)
    }

    fn read(&mut self, id: HandleId, ready: &mut Ready, left: u8) -> (Stage, Option<Completion>) {
        let Some(Entry { fd: Some(fd), access, read_limit, large, .. }) = self.table.get(id) else {
            return (Stage::End, None);
        };
        let source = Source { fd: fd.as_fd(), fifo: access.fifo };
        let read = self.block.read(source, *read_limit as usize, large);
        self.judge(id, ready, left, read)
    }

    /// What a read means: where the turn stands after it, and what it brought.
    fn judge(
        &mut self,
        id: HandleId,
        ready: &mut Ready,
        left: u8,
        read: rustix::io::Result<Bytes>,
    ) -> (Stage, Option<Completion>) {
        let Some(Entry { role: Role::Stream { reading, .. }, read_limit, .. }) = self.table.get_mut(id) else {
            return (Stage::End, None);
        };
        match read {
            Ok(bytes) if bytes.is_empty() => {
                *reading = false;
                self.slack.push(id);
                (Stage::Write, Some(Completion::Eof(id)))
            }
            Ok(bytes) => {
                let short = bytes.len() < *read_limit as usize;
                ready.left = !short || ready.more;
                let stage = match short {
                    // Most turns: nothing more can come of this one.
                    true if !ready.hang_up && !ready.write => Stage::End,
                    true => Stage::Short,
                    false => Stage::Read(left - 1),
                };
                (stage, Some(Completion::Read(id, bytes)))
            }
            Err(rustix::io::Errno::AGAIN) => {
                ready.left = false;
                (Stage::Write, None)
            }
            Err(error) => {
                *reading = false;
                self.slack.push(id);
                (Stage::Write, Some(Completion::ReadFailed(id, errno(error))))
            }
        }
    }

    /// How a connect ended. Reading and writing wait for the next readiness, as in libuv.
    fn connected(&mut self, id: HandleId) -> Option<Completion> {
        let entry = self.table.get_mut(id)?;
        let result = match sockopt::socket_error(entry.fd.as_ref()?) {
            Ok(Ok(())) => Ok(()),
            Ok(Err(rustix::io::Errno::INPROGRESS)) => return None,
            Ok(Err(error)) | Err(error) => Err(errno(error)),
        };
        if let Role::Connecting { reading, queue } = &mut entry.role {
            entry.role = Role::Stream { reading: *reading, queue: std::mem::take(queue) };
        }
        self.slack.push(id);
        Some(Completion::Connected(id, result))
    }
}
