//! A turn of a model's machine, to its rest, with its ticks.

use super::Choose;
use super::engine::Engine;
use netfold::core::trace::Input;
use netfold::core::{Command, Core, Emit, Idle, Op, Outcome, Reply, Step, TickId};
use std::collections::VecDeque;

/// What is around a machine: the system, and user code.
pub(super) trait Around {
    /// The system answers.
    fn reply(&mut self, op: &Op<'_>, choose: &mut impl Choose) -> Reply;

    /// User code runs; `does` are the commands that it gives.
    fn hears(&mut self, emit: &Emit, choose: &mut impl Choose, does: &mut Vec<Command>);

    /// The machine rests.
    fn rests(&mut self, idle: Idle, core: &Core);

    /// Tells the machine something, and lets it come to rest. What a command returned.
    fn tell<E: Engine>(&mut self, engine: &mut E, input: Input, choose: &mut impl Choose) -> Option<Outcome>
    where
        Self: Sized,
    {
        let mut ticks = VecDeque::new();
        let mut outcome = None;
        let taken = match input {
            Input::Command(command) => {
                let taken = engine.begin(command);
                outcome = go(engine, self, choose, &mut ticks, true).0;
                taken
            }
            Input::Completion(completion) => engine.complete(completion),
            Input::Phase(phase) => engine.phase(phase),
            _ => Ok(()),
        };
        taken.expect("the protocol is kept");
        let mut idle = go(engine, self, choose, &mut ticks, false).1;
        while let Some(tick) = ticks.pop_front() {
            engine.tick(tick).expect("it is due");
            idle = go(engine, self, choose, &mut ticks, false).1;
        }
        self.rests(idle.expect("it has come to rest"), engine.core());
        outcome
    }
}

/// Until the machine rests, or the command that was begun returns.
fn go<E: Engine>(
    engine: &mut E,
    around: &mut impl Around,
    choose: &mut impl Choose,
    ticks: &mut VecDeque<TickId>,
    command: bool,
) -> (Option<Outcome>, Option<Idle>) {
    let mut does = Vec::new();
    loop {
        match engine.step() {
            Step::Call(call) => {
                let reply = around.reply(&call.op(), choose);
                call.answer(reply).expect("the reply fits");
                engine.answered(reply);
            }
            Step::Tick(tick) => ticks.push_back(tick),
            Step::Emit(emit) => {
                around.hears(&emit, choose, &mut does);
                for command in does.drain(..) {
                    engine.begin(command).expect("user code may call");
                    go(engine, around, choose, ticks, true);
                }
                if matches!(emit, Emit::Unhandled { .. }) {
                    engine.threw().expect("a listener runs");
                }
            }
            Step::Return(outcome) if command => return (Some(outcome), None),
            Step::Return(_) | Step::Released(_) => {}
            Step::Idle(idle) => return (None, Some(idle)),
        }
    }
}
