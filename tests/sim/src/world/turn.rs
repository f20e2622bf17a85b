//! What is ready, and what a loop is told of it: one thing at a time, so that what the machine does between two of them is
//! seen by the second.

use super::Inner;
use super::poll::Ready;
use super::process::{Handle, Role};
use super::sock::{Ref, State};
use super::wire::What;
use netfold::Errno;
use netfold::core::{Completion, HandleId};

/// How often libuv reads from one handle before it looks at the next.
const READS: u8 = 32;

/// How often what blocked is tried again after one poll: libuv's number.
const ROUNDS: u8 = 8;

/// How long a server that cannot even shed its load rests, in milliseconds.
const REST: u64 = 100;

/// How many connections are shed in one go at most.
const SHED: usize = 1_024;

/// One handle's readiness while it is worked off. Reading comes before writing, as in libuv.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Turn {
    id: HandleId,
    ready: Ready,
    stage: Stage,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
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

impl Inner {
    pub(super) fn next(&mut self, pid: u32) -> Option<Completion> {
        loop {
            let tables = self.tables(pid);
            if let Some((lookup, answer)) = tables.answers.pop_front() {
                return Some(Completion::LookedUp(lookup, answer));
            }
            let turn = match tables.turn.take() {
                Some(turn) => turn,
                None if tables.again_round > 0 => self.try_again(pid)?,
                None => match tables.reported.pop_front() {
                    Some((id, ready)) => Turn { id, ready, stage: Stage::Start },
                    None => self.try_again(pid)?,
                },
            };
            let (stage, completion) = self.go_on(pid, turn);
            self.tables(pid).turn = if stage == Stage::End { None } else { Some(Turn { stage, ..turn }) };
            if completion.is_some() {
                return completion;
            }
        }
    }

    /// When all that was ready is worked off, what was written behind a write that blocked is tried once more: libuv does
    /// that in its pending phase.
    fn try_again(&mut self, pid: u32) -> Option<Turn> {
        let tables = self.tables(pid);
        if tables.again_round == 0 {
            tables.again_rounds += 1;
            tables.again_round = if tables.again_rounds > ROUNDS { 0 } else { tables.again.len() };
        }
        tables.again_round = tables.again_round.checked_sub(1)?;
        let id = tables.again.pop_front()?;
        let ready = Ready { read: false, write: true, hang_up: false };
        Some(Turn { id, ready, stage: Stage::Write })
    }

    /// One step of a handle's turn: where it stands after it, and what it brought.
    fn go_on(&mut self, pid: u32, Turn { id, ready, stage }: Turn) -> (Stage, Option<Completion>) {
        let Some(handle) = self.tables(pid).get(id) else { return (Stage::End, None) };
        match (stage, handle.role) {
            (Stage::Start, Role::Connecting) => (Stage::End, self.connected(pid, id)),
            (Stage::Start, Role::Listening) => (Stage::End, self.accepted(pid, id)),
            (Stage::Start, Role::Stream) if ready.read && handle.reading => self.read(pid, id, ready, READS),
            (Stage::Start, Role::Stream) if !ready.read && handle.unsent.is_some() => (Stage::Write, None),
            // Nothing of it is wanted any more.
            (Stage::Start, _) => {
                self.register(pid, id);
                (Stage::Write, None)
            }
            (Stage::Read(left), Role::Stream) if left > 0 && ready.read && handle.reading => {
                self.read(pid, id, ready, left)
            }
            (Stage::Read(_), _) => (Stage::Write, None),
            // Nothing can come after a hang-up, and what had come before it was read: libuv takes this for the end without
            // reading once more.
            (Stage::Short, Role::Stream) if ready.hang_up && handle.reading => {
                handle.reading = false;
                self.tables(pid).slack.push(id);
                (Stage::Write, Some(Completion::Eof(id)))
            }
            (Stage::Short, _) => (Stage::Write, None),
            (Stage::Write, Role::Stream) if ready.write && handle.unsent.is_some() => self.flush(pid, id),
            // libuv sends a FIN that was asked for in this very turn here, and not in the pending phase.
            (Stage::Write | Stage::Flushed, Role::Stream) if ready.write && handle.unsent.is_none() => {
                (Stage::End, Some(Completion::Drained(id)))
            }
            (Stage::Write | Stage::Flushed | Stage::End, _) => (Stage::End, None),
        }
    }

    /// One read: of bytes while there are some, then of what ended them.
    fn read(&mut self, pid: u32, id: HandleId, ready: Ready, left: u8) -> (Stage, Option<Completion>) {
        let Some(&mut Handle { sock: Some(which), limit, .. }) = self.tables(pid).get(id) else {
            return (Stage::End, None);
        };
        let slow = self.procs[pid as usize].slow;
        let limit = if slow > 0 { (limit as usize).min(slow) } else { limit as usize };
        match self.recv(which, limit) {
            Ok(bytes) if !bytes.is_empty() => {
                if slow > 0 {
                    self.rest(which);
                }
                let all = self.peek(which).is_none_or(|sock| sock.received_len == 0);
                let stage = match bytes.len() < limit {
                    // Most turns: nothing more can come of this one.
                    true if !ready.hang_up && !ready.write => Stage::End,
                    true if all => Stage::Short,
                    true => Stage::Write,
                    false if slow > 0 => Stage::Write,
                    false => Stage::Read(left - 1),
                };
                (stage, Some(Completion::Read(id, bytes)))
            }
            Err(Errno::EAGAIN) => (Stage::Write, None),
            ended => {
                if let Some(handle) = self.tables(pid).get(id) {
                    handle.reading = false;
                    self.tables(pid).slack.push(id);
                }
                let completion = match ended {
                    Err(errno) => Completion::ReadFailed(id, errno),
                    Ok(_) => Completion::Eof(id),
                };
                (Stage::Write, Some(completion))
            }
        }
    }

    /// It reads nothing more in this millisecond.
    fn rest(&mut self, which: Ref) {
        let until = self.now + 1;
        if let Some(sock) = self.sock(which) {
            sock.rests_until = until;
        }
        self.post(until, What::Rested(which));
    }

    fn flush(&mut self, pid: u32, id: HandleId) -> (Stage, Option<Completion>) {
        let result = match self.send_more(pid, id) {
            Ok(false) => return (Stage::End, None),
            Ok(true) => Ok(()),
            Err(errno) => Err(errno),
        };
        let tables = self.tables(pid);
        if let Some(handle) = tables.get(id) {
            handle.unsent = None;
        }
        tables.slack.push(id);
        tables.again.push_back(id);
        (Stage::Flushed, Some(Completion::Written(id, result)))
    }

    /// How a connect ended. Reading and writing wait for the next readiness, as in libuv.
    fn connected(&mut self, pid: u32, id: HandleId) -> Option<Completion> {
        let which = self.tables(pid).get(id)?.sock?;
        let result = match self.take_error(which) {
            Some(errno) => Err(errno),
            None if self.peek(which)?.state == State::SynSent => return None,
            None => Ok(()),
        };
        let tables = self.tables(pid);
        tables.get(id)?.role = Role::Stream;
        tables.slack.push(id);
        Some(Completion::Connected(id, result))
    }

    /// Accepts once: a server that took all there is would starve what is connected already.
    fn accepted(&mut self, pid: u32, id: HandleId) -> Option<Completion> {
        let which = self.tables(pid).get(id)?.sock?;
        match self.accept(pid, which) {
            Ok(conn) => {
                let key = self.tables(pid).add_conn(conn);
                Some(Completion::Accepted(id, key))
            }
            Err(Errno::EMFILE | Errno::ENFILE) if !self.shed(pid, which) => {
                let until = self.now + REST;
                let tables = self.tables(pid);
                tables.get(id)?.role = Role::Exhausted(until);
                tables.exhausted.push(id);
                self.register(pid, id);
                None
            }
            Err(_) => None,
        }
    }

    /// Closes what waits in the backlog, with the spare descriptor. Whether that could be done.
    fn shed(&mut self, pid: u32, listener: Ref) -> bool {
        if !std::mem::take(&mut self.tables(pid).spare) {
            return false;
        }
        self.give_descriptor(pid);
        let mut shed = 0;
        while shed < SHED
            && let Ok(conn) = self.accept(pid, listener)
        {
            self.close(conn, false);
            shed += 1;
        }
        self.keep_spare(pid);
        shed > 0
    }
}
