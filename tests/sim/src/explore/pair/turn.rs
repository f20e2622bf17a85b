//! A turn of one side: what the machine asks and emits in it, and its ticks.

use super::super::Choose;
use super::super::engine::Engine;
use super::{Pair, Scene, pattern};
use netfold::core::trace::Input;
use netfold::core::{Command, Emit, Errno, Op, Outcome, Reply, Step, TickId};
use std::collections::VecDeque;

pub(super) struct Run<'a> {
    pub(super) pair: &'a Pair,
    pub(super) scene: &'a mut Scene,
    pub(super) me: usize,
}

impl Run<'_> {
    /// Tells the machine something, and lets it come to rest.
    pub(super) fn tell<E: Engine>(
        &mut self,
        engine: &mut E,
        input: Input,
        choose: &mut impl Choose,
    ) -> Option<Outcome> {
        let mut ticks = VecDeque::new();
        let mut outcome = None;
        let taken = match input {
            Input::Command(command) => {
                let taken = engine.begin(command);
                outcome = self.go(engine, choose, &mut ticks, true);
                taken
            }
            Input::Completion(completion) => engine.complete(completion),
            Input::Phase(phase) => engine.phase(phase),
            _ => Ok(()),
        };
        taken.expect("the protocol is kept");
        self.go(engine, choose, &mut ticks, false);
        while let Some(tick) = ticks.pop_front() {
            engine.tick(tick).expect("it is due");
            self.go(engine, choose, &mut ticks, false);
        }
        self.scene.sides[self.me].look(engine.core());
        outcome
    }

    /// Until the machine rests, or the command that was begun returns.
    fn go<E: Engine>(
        &mut self,
        engine: &mut E,
        choose: &mut impl Choose,
        ticks: &mut VecDeque<TickId>,
        command: bool,
    ) -> Option<Outcome> {
        loop {
            match engine.step() {
                Step::Call(call) => {
                    let reply = self.reply(&call.op(), choose);
                    call.answer(reply).expect("the reply fits");
                    engine.answered(reply);
                }
                Step::Tick(tick) => ticks.push_back(tick),
                Step::Emit(emit) => {
                    let Scene { sides, ways, .. } = &mut *self.scene;
                    let side = &mut sides[self.me];
                    side.hears(&emit, ways[1 - self.me]);
                    let may = self.pair.destroys && !side.destroyed && !side.closed;
                    if may && choose.choose("destroy within", 2) == 1 {
                        side.destroyed = true;
                        engine.begin(Command::Destroy(side.socket, None)).expect("user code may call");
                        self.go(engine, choose, ticks, true);
                    }
                    if matches!(emit, Emit::Unhandled { .. }) {
                        engine.threw().expect("a listener runs");
                    }
                }
                Step::Return(outcome) if command => return Some(outcome),
                Step::Return(_) | Step::Released(_) => {}
                Step::Idle(idle) => {
                    self.scene.sides[self.me].idle = idle;
                    return None;
                }
            }
        }
    }

    fn reply(&mut self, op: &Op<'_>, choose: &mut impl Choose) -> Reply {
        let Scene { sides, ways, reset } = &mut *self.scene;
        let (side, way) = (&mut sides[self.me], &mut ways[self.me]);
        match op {
            Op::Adopt(h, _) => side.handle = *h,
            Op::Write(_, bytes) => {
                if *reset {
                    return Reply::Failed(Errno::EPIPE);
                }
                let len: u32 = bytes.iter().map(|bytes| bytes.len() as u32).sum();
                let wrong = match side.flight {
                    Some(_) => Some("a write goes out while one is under way"),
                    None if bytes.iter().flatten().ne(&pattern(way.sent, len)) => {
                        Some("other bytes go out than are next")
                    }
                    None => None,
                };
                side.ledger.wrong = side.ledger.wrong.or(wrong);
                let most = len.min(self.pair.room - way.waiting);
                // The kernel takes as much as it likes, beginning with all there is room for.
                let takes = if most == 0 { 0 } else { most - choose.choose("takes less", most + 1) };
                way.waiting += takes;
                way.sent += takes;
                if takes < len {
                    side.flight = Some(len - takes);
                    return Reply::Pending;
                }
            }
            Op::ReadStart(_) => side.reading = true,
            Op::ReadStop(_) => side.reading = false,
            Op::Shutdown(_) => way.fin = true,
            Op::Close(_) | Op::Reset(_) => {
                (side.closed, side.reading, side.flight) = (true, false, None);
                way.fin = true;
                if matches!(op, Op::Reset(_)) {
                    *reset = true;
                    ways.iter_mut().for_each(|way| way.waiting = 0);
                }
            }
            Op::SockName(_) | Op::PeerName(_) => return Reply::Addr(None),
            Op::QueueSize(_) => return Reply::Size(0),
            _ => {}
        }
        Reply::Done
    }
}
