//! What is around one side's machine.

use super::super::Choose;
use super::super::drive::Around;
use super::{Pair, Scene, pattern};
use netfold::core::{Command, Core, Emit, Errno, Idle, Op, Reply};

pub(super) struct Run<'a> {
    pub(super) pair: &'a Pair,
    pub(super) scene: &'a mut Scene,
    pub(super) me: usize,
}

impl Around for Run<'_> {
    fn hears(&mut self, emit: &Emit, choose: &mut impl Choose, does: &mut Vec<Command>) {
        let Scene { sides, ways, .. } = &mut *self.scene;
        let side = &mut sides[self.me];
        side.hears(emit, ways[1 - self.me]);
        let may = self.pair.destroys && !side.destroyed && !side.closed;
        if may && choose.choose("destroy within", 2) == 1 {
            side.destroyed = true;
            does.push(Command::Destroy(side.socket, None));
        }
    }

    fn rests(&mut self, idle: Idle, core: &Core) {
        let side = &mut self.scene.sides[self.me];
        side.idle = idle;
        side.look(core);
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
