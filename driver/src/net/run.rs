//! The loop's way: run it, or a round of it, and how long it can wait.

use super::{Failure, Host, Net};
use crate::error::NetError;
use netfold_core::host::{self, App, Around};

impl<S, H: Host> Net<S, H> {
    /// Runs until nothing keeps the loop alive, or [`stop`](Self::stop) is called, or a listener fails (rules T9 and
    /// T10).
    ///
    /// After an error it can be called again: the loop goes on where it stopped.
    ///
    /// # Errors
    /// [`NetError::Unhandled`]: an 'error' that nobody listened for (rule L3). [`NetError::Panicked`]: a listener,
    /// callback or task did (rule T9). [`NetError::Io`]: the system cannot wait any more. [`NetError::Trace`]: the
    /// recording cannot be written.
    pub fn run(&mut self) -> Result<(), NetError> {
        let ran = self.run_on();
        match (ran, self.save_trace(true)) {
            (Err(failed), Err(NetError::Trace(error))) => {
                self.unwritten = Some(error);
                Err(failed)
            }
            (ran, saved) => ran.and(saved),
        }
    }

    fn run_on(&mut self) -> Result<(), NetError> {
        self.inside(host::end_turn)?;
        loop {
            self.registry.forget_removed();
            self.keep_up()?;
            match self.inside(|net| host::dispatch(net, None))? {
                Around::Stopped => return Ok(()),
                Around::Done if !self.is_alive() => return Ok(()),
                Around::Alive | Around::Done => {}
            }
        }
    }

    /// Once around the loop, without waiting: for embedding in a loop of your own. Returns whether anything keeps this
    /// one alive (rule T3).
    ///
    /// Call it when the [descriptor](crate::System) is readable, when [`deadline`](Self::deadline) has come, and after
    /// calls of your own from outside.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub fn dispatch(&mut self) -> Result<bool, NetError> {
        self.inside(host::end_turn)?;
        self.registry.forget_removed();
        let around = self.inside(|net| host::dispatch(net, Some(0)))?;
        self.kernel.settle();
        self.save_trace(true)?;
        Ok(around != Around::Stopped && self.is_alive())
    }

    /// Runs a part of the loop.
    fn inside<R>(&mut self, run: impl FnOnce(&mut Self) -> Result<R, Failure>) -> Result<R, Failure> {
        self.outside = false;
        let ran = run(self);
        self.outside = true;
        #[cfg(feature = "tracing")]
        self.log.leave();
        ran
    }

    fn is_alive(&self) -> bool {
        let core = self.machine.core();
        core.alive() || self.lane.deadline(core.idle()) == Some(0) || self.expects()
    }

    /// When `dispatch` must be called even if the descriptor is not readable: milliseconds from now; `None` if never
    /// (rules M1 and M7). It knows what was called since the last dispatch. What is asked for after this call, or
    /// [`dispatch`](Self::dispatch), is not looked for at the descriptor yet.
    pub fn deadline(&mut self) -> Option<u64> {
        let now = self.kernel.now();
        // Who asks is about to wait.
        self.outside = true;
        self.kernel.settle();
        let own = self.lane.deadline(self.machine.core().idle());
        let first = match (own, Host::deadline(&self.kernel)) {
            (Some(own), Some(kernels)) => Some(own.min(kernels)),
            (own, kernels) => own.or(kernels),
        };
        first.map(|at| at.saturating_sub(now))
    }

    /// Leaves `run` after the running turn. What is open stays open; `run` can be called again (rule T3).
    pub fn stop(&mut self) {
        self.lane.stop();
        // What was posted and not run yet: the next run is not to wait for more.
        self.mailbox.wake();
    }

    /// The first call from outside after the loop was left: what it times is not to be timed from then. Up to the next
    /// dispatch the clock stands still, as in every turn.
    #[cold]
    pub(super) fn come_back(&mut self) {
        self.outside = false;
        let now = self.kernel.now();
        let _in_the_middle_of_a_turn = self.machine.advance(now);
    }
}
