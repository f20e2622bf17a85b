//! What a step says.

use super::{Core, Mode, News};
use crate::call::Op;
use crate::command::Outcome;
use crate::id::{SocketId, TickId};
use crate::step::{Call, Emit, Idle, Step};
use crate::trace::Recorder;

/// Who sees what a step says where it lies, before it is moved into the [`Step`].
pub(crate) trait Witness<'c>: Sized {
    fn tick(&mut self, _id: TickId) {}
    fn call(&mut self, _op: &Op<'_>) {}
    fn released(&mut self, _socket: SocketId) {}
    fn emit(&mut self, _emit: &Emit) {}
    fn returned(&mut self, _outcome: &Outcome) {}
    fn idle(&mut self, _idle: &Idle) {}

    /// Where the answer to a call is to be written down.
    fn log(self) -> Option<&'c mut Recorder> {
        None
    }
}

impl Witness<'_> for () {}

impl Core {
    /// What the host has not been told yet. Ticks come before what was asked or emitted after they were scheduled; sockets that
    /// are gone come before user code runs, so that what it gives to one is not forgotten with it.
    ///
    /// Inlined into the host's loop, where each kind of step goes straight to what the host does with it.
    #[inline(always)]
    pub(super) fn tell<'c>(&'c mut self, mut witness: impl Witness<'c>) -> Step<'c> {
        if !self.news.any() {
            return self.over(witness);
        }
        if self.news.has(News::TICKS) {
            let id = self.announced;
            self.announced += 1;
            if self.announced == self.first_tick + self.jobs.len() as u64 {
                self.news.told(News::TICKS);
            }
            witness.tick(TickId(id));
            return Step::Tick(TickId(id));
        }
        if self.news.has(News::CALL) {
            witness.call(&self.asked());
            return Step::Call(Call { core: self, log: witness.log() });
        }
        if self.news.has(News::RELEASED)
            && let Some(id) = self.released.pop_front()
        {
            if self.released.is_empty() {
                self.news.told(News::RELEASED);
            }
            witness.released(id);
            return Step::Released(id);
        }
        self.news.told(News::EMIT);
        self.mode = Mode::User;
        if let Some(emit) = &self.stash {
            witness.emit(emit);
        }
        Step::Emit(self.stash.take().expect("the news is an emission"))
    }

    /// Nothing is left to do of the innermost command; or, with none open, of the turn.
    #[inline(always)]
    fn over<'c>(&mut self, mut witness: impl Witness<'c>) -> Step<'c> {
        if let Some(open) = self.opens.last() {
            witness.returned(&open.outcome);
        }
        let Some(open) = self.opens.pop() else {
            self.mode = Mode::Idle;
            let idle = self.idle();
            witness.idle(&idle);
            return Step::Idle(idle);
        };
        self.floor = self.opens.last().map_or(0, |open| open.frames as usize);
        self.mode = if open.within { Mode::User } else { Mode::Returned };
        Step::Return(open.outcome)
    }
}
