//! Writing a trace.

use crate::call::{Completion, Op, Reply};
use crate::command::Command;
use crate::id::TickId;
use crate::step::{Phase, Step};

/// Writes a trace.
#[derive(Debug, Default)]
pub struct Recorder {}

impl Recorder {
    pub(crate) fn command(&mut self, _command: &Command) -> usize {
        0
    }
    pub(crate) fn completion(&mut self, _completion: &Completion) -> usize {
        0
    }
    pub(crate) fn settle(&mut self, _written: usize, _accepted: bool) {}
    pub(crate) fn reply(&mut self, _reply: Reply) {}
    pub(crate) fn asked(&mut self, _op: &Op<'_>) {}
    pub(crate) fn stepped(&mut self, _step: &Step<'_>) {}
    pub(crate) fn tick(&mut self, _id: TickId) {}
    pub(crate) fn phase(&mut self, _phase: Phase) {}
    pub(crate) fn advance(&mut self, _now: u64) {}
    pub(crate) fn threw(&mut self) {}
}
