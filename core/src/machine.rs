//! The core with a recorder beside it: the same verbs, and each input written down with its place.

use crate::call::Completion;
use crate::command::Command;
use crate::engine::Core;
use crate::error::ApiMisuse;
use crate::id::TickId;
use crate::step::{Phase, Step};
use crate::trace::{Options, Recorder};
use alloc::boxed::Box;
use alloc::vec::Vec;

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
    pub fn recorded(core: Core, options: Options) -> Self {
        let log = Recorder::new(*core.limits(), options);
        Self { core, log: Some(Box::new(log)) }
    }

    /// The core, for what can be read of it.
    pub const fn core(&self) -> &Core {
        &self.core
    }

    /// The recorder, to take what it has written.
    pub fn recorder(&mut self) -> Option<&mut Recorder> {
        self.log.as_deref_mut()
    }

    /// Ends the recording: what of the trace was not taken yet, its last record included. The machine goes on
    /// unrecorded. `None` if it was not recorded.
    pub fn finish(&mut self) -> Option<Vec<u8>> {
        self.log.take().map(|log| log.finish())
    }

    /// [`Core::begin`]
    #[inline]
    pub fn begin(&mut self, command: Command) -> Result<(), ApiMisuse> {
        if self.log.is_none() { self.core.begin(command) } else { self.begin_recorded(command) }
    }

    fn begin_recorded(&mut self, command: Command) -> Result<(), ApiMisuse> {
        let Some(log) = &mut self.log else { return self.core.begin(command) };
        let mark = log.command(&command);
        let sets_encoding = matches!(command, Command::SetEncoding(_, _, None));
        self.core.decoded = None;
        let began = self.core.begin(command);
        if sets_encoding && let Some(units) = self.core.decoded {
            log.kept(units);
        }
        log.settle(mark, began.is_ok());
        began
    }

    /// [`Core::step`]
    #[inline]
    pub fn step(&mut self) -> Step<'_> {
        if self.log.is_none() { self.core.step() } else { self.step_recorded() }
    }

    fn step_recorded(&mut self) -> Step<'_> {
        match &mut self.log {
            Some(log) => self.core.step_before(&mut **log),
            None => self.core.step(),
        }
    }

    /// [`Core::complete`]
    #[inline]
    pub fn complete(&mut self, completion: Completion) -> Result<(), ApiMisuse> {
        if self.log.is_none() { self.core.complete(completion) } else { self.complete_recorded(completion) }
    }

    fn complete_recorded(&mut self, completion: Completion) -> Result<(), ApiMisuse> {
        let Some(log) = &mut self.log else { return self.core.complete(completion) };
        let decodes = self.core.decodes(&completion);
        let mark = if decodes { log.decoding(&completion) } else { log.completion(&completion) };
        self.core.decoded = None;
        let took = self.core.complete(completion);
        if decodes {
            log.decoded(self.core.decoded.unwrap_or(0));
        }
        log.settle(mark, took.is_ok());
        took
    }

    /// [`Core::tick`]
    #[inline]
    pub fn tick(&mut self, id: TickId) -> Result<(), ApiMisuse> {
        self.core.tick(id)?;
        if let Some(log) = &mut self.log {
            log.tick(id);
        }
        Ok(())
    }

    /// [`Core::phase`]
    #[inline]
    pub fn phase(&mut self, phase: Phase) -> Result<(), ApiMisuse> {
        self.core.phase(phase)?;
        if let Some(log) = &mut self.log {
            log.phase(phase);
        }
        Ok(())
    }

    /// [`Core::advance`]
    #[inline]
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
