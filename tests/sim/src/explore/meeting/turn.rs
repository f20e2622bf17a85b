//! What is around the machine.

use super::super::Choose;
use super::super::drive::Around;
use super::ends::Stage;
use super::{CLIENTS, Scene, other};
use netfold::core::{Command, Core, Emit, Errno, HandleId, Idle, Op, Reply};

pub(super) struct Run<'a> {
    pub(super) scene: &'a mut Scene,
    /// Whether the server may be gone, so that a connect can be refused.
    pub(super) connects: bool,
}

impl Run<'_> {
    fn opens(&mut self, handle: HandleId) {
        let scene = &mut *self.scene;
        match scene.ends.get_mut(scene.current) {
            Some(end) => (end.handle, end.there) = (handle, true),
            None => scene.listener = handle,
        }
    }

    fn connects(&mut self, handle: HandleId) -> Reply {
        let listening = self.scene.listening;
        debug_assert!(listening || self.connects);
        if let Some(end) = self.scene.end_of(handle) {
            (end.stage, end.refused, end.knocks) = (Stage::Connects, !listening, listening);
        }
        Reply::Pending
    }

    fn writes(&mut self, handle: HandleId, len: u8, choose: &mut impl Choose) -> Reply {
        let at = self.scene.ends.iter().position(|end| end.there && end.handle == handle);
        let Some(at) = at else { return Reply::Failed(Errno::EBADF) };
        let gone = self.scene.ends[other(at)].stage == Stage::Closed;
        let end = &mut self.scene.ends[at];
        if gone {
            end.failed = true;
            return Reply::Failed(Errno::EPIPE);
        }
        if choose.choose("write is under way", 2) == 1 {
            end.flight = true;
            return Reply::Pending;
        }
        end.waiting += len;
        end.sent += len;
        Reply::Done
    }

    /// The descriptor is gone: what it had under way is over, and its other end hears FIN.
    fn closes(&mut self, handle: HandleId) {
        if let Some(end) = self.scene.end_of(handle) {
            (end.stage, end.reading, end.flight, end.fin) = (Stage::Closed, false, false, true);
        } else if self.scene.listener == handle {
            self.scene.listening = false;
            // Who has not been taken is turned away.
            for at in 0..CLIENTS {
                if std::mem::take(&mut self.scene.ends[at].knocks) {
                    let turned = &mut self.scene.ends[other(at)];
                    (turned.stage, turned.fin) = (Stage::Closed, true);
                }
            }
        }
    }
}

impl Around for Run<'_> {
    fn reply(&mut self, op: &Op<'_>, choose: &mut impl Choose) -> Reply {
        match *op {
            Op::Open(handle, _) => self.opens(handle),
            Op::Listen(..) => self.scene.listening = true,
            Op::Lookup { lookup, .. } => {
                let current = self.scene.current;
                self.scene.ends[current].lookup = Some(lookup);
                return Reply::Pending;
            }
            Op::Connect(handle, _) => return self.connects(handle),
            Op::Adopt(handle, conn) => {
                self.scene.current = conn.0 as usize;
                let end = &mut self.scene.ends[CLIENTS + conn.0 as usize];
                (end.handle, end.stage, end.there) = (handle, Stage::Open, true);
            }
            Op::Refuse(conn) => {
                let end = &mut self.scene.ends[CLIENTS + conn.0 as usize];
                (end.stage, end.fin) = (Stage::Closed, true);
            }
            Op::Write(handle, bytes) => {
                let len = bytes.iter().map(|bytes| bytes.len() as u8).sum();
                return self.writes(handle, len, choose);
            }
            Op::ReadStart(handle) | Op::ReadStop(handle) => {
                let starts = matches!(op, Op::ReadStart(_));
                self.scene.end_of(handle).into_iter().for_each(|end| end.reading = starts);
            }
            Op::Shutdown(handle) => self.scene.end_of(handle).into_iter().for_each(|end| end.fin = true),
            Op::Close(handle) | Op::Reset(handle) => self.closes(handle),
            Op::SockName(_) | Op::PeerName(_) => return Reply::Addr(None),
            Op::ConnNames(_) => return Reply::Names(None, None),
            Op::QueueSize(_) => return Reply::Size(0),
            _ => {}
        }
        Reply::Done
    }

    fn hears(&mut self, emit: &Emit, choose: &mut impl Choose, does: &mut Vec<Command>) {
        self.scene.hears(emit, choose, does);
    }

    fn rests(&mut self, idle: Idle, core: &Core) {
        self.scene.idle = idle;
        self.scene.handles = core.census().handles;
        self.scene.key = core.state_key();
    }
}
