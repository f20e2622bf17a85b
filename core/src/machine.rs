//! The core with a recorder beside it: the same verbs, and each input written down with its place.

use crate::call::Completion;
use crate::command::Command;
use crate::engine::Core;
use crate::error::ApiMisuse;
use crate::id::TickId;
use crate::step::{Call, Phase, Step};
use crate::trace::Recorder;
use alloc::boxed::Box;

/// What a host drives: a [`Core`], recorded or not.
///
/// Without a recorder every verb is the core's own. With one, each input that the core accepts is appended to the
/// trace, and each output goes into its hash.
#[derive(Debug, Default)]
pub struct Machine {
    core: Core,
    log: Option<Box<Recorder>>,
}

impl Machine {
    /// A machine that is not recorded.
    pub const fn new(core: Core) -> Self {
        Self { core, log: None }
    }

    /// A machine that is recorded from its beginning. The core must be new: a trace starts with an empty machine.
    pub fn recorded(core: Core, recorder: Recorder) -> Self {
        Self { core, log: Some(Box::new(recorder)) }
    }

    /// The core, for what can be read of it.
    pub const fn core(&self) -> &Core {
        &self.core
    }

    /// The recorder, to take what it has written.
    pub fn recorder(&mut self) -> Option<&mut Recorder> {
        self.log.as_deref_mut()
    }

    /// [`Core::begin`]
    pub fn begin(&mut self, command: Command) -> Result<(), ApiMisuse> {
        match &mut self.log {
            None => self.core.begin(command),
            Some(log) => {
                let written = log.command(&command);
                let began = self.core.begin(command);
                log.settle(written, began.is_ok());
                began
            }
        }
    }

    /// [`Core::step`]
    pub fn step(&mut self) -> Step<'_> {
        let Some(log) = &mut self.log else { return self.core.step() };
        match self.core.step() {
            Step::Call(call) => {
                log.asked(&call.op());
                Step::Call(Call { core: call.core, log: Some(log) })
            }
            step => {
                log.stepped(&step);
                step
            }
        }
    }

    /// [`Core::complete`]
    pub fn complete(&mut self, completion: Completion) -> Result<(), ApiMisuse> {
        match &mut self.log {
            None => self.core.complete(completion),
            Some(log) => {
                let written = log.completion(&completion);
                let took = self.core.complete(completion);
                log.settle(written, took.is_ok());
                took
            }
        }
    }

    /// [`Core::tick`]
    pub fn tick(&mut self, id: TickId) -> Result<(), ApiMisuse> {
        self.core.tick(id)?;
        if let Some(log) = &mut self.log {
            log.tick(id);
        }
        Ok(())
    }

    /// [`Core::phase`]
    pub fn phase(&mut self, phase: Phase) -> Result<(), ApiMisuse> {
        self.core.phase(phase)?;
        if let Some(log) = &mut self.log {
            log.phase(phase);
        }
        Ok(())
    }

    /// [`Core::advance`]
    pub fn advance(&mut self, now: u64) -> Result<(), ApiMisuse> {
        self.core.advance(now)?;
        if let Some(log) = &mut self.log {
            log.advance(now);
        }
        Ok(())
    }

    /// [`Core::threw`]
    pub fn threw(&mut self) -> Result<(), ApiMisuse> {
        self.core.threw()?;
        if let Some(log) = &mut self.log {
            log.threw();
        }
        Ok(())
    }
}
