//! How a command begins.

use super::frame::Asked;
use super::{Core, Mode, News, Open};
use crate::command::{Chunk, Command, Outcome};
use crate::error::{ApiMisuse, NodeError};
use crate::id::{CallbackId, SocketId};
use crate::step::Target;

impl Core {
    /// A user's call. Legal when the core is idle, inside an [`Emit`](crate::Emit), and after a
    /// [`Step::Return`](crate::Step::Return). Then `step` until the matching `Return`.
    #[inline]
    pub fn begin(&mut self, command: Command) -> Result<(), ApiMisuse> {
        match command {
            Command::Write(socket, chunk, callback) => self.begin_write(socket, chunk, callback),
            command => self.begin_else(command),
        }
    }

    /// A write. The straight way goes up to the system's answer here; one that has to wait is whole.
    fn begin_write(&mut self, socket: SocketId, chunk: Chunk, callback: Option<CallbackId>) -> Result<(), ApiMisuse> {
        #[cfg(netfold_bugs)]
        crate::bugs::enter(self.bug);
        let free = self.mode != Mode::Running && self.opens.len() < self.limits.depth as usize;
        if free
            && self.limits.write_buffer.is_none()
            && let Some(s) = self.sockets.get_mut(socket)
        {
            if let Some(handle) = s.writer()
                && !chunk.is_short()
                && !self.handles[handle].shut
            {
                let bytes = s.issue_straight(socket, &chunk, callback, &mut self.timers, self.now);
                self.wire.push(chunk.bytes);
                self.push_open();
                self.asked = Some(Asked::WriteStraight { socket, handle, bytes });
                self.news.add(News::CALL);
                return Ok(());
            }
            if s.buffers() {
                s.w.buffer(chunk, callback);
                let go_on = s.w.takes_more();
                self.push_open();
                self.outcome_bool(go_on);
                return Ok(());
            }
        }
        self.begin_else(Command::Write(socket, chunk, callback))
    }

    fn begin_else(&mut self, command: Command) -> Result<(), ApiMisuse> {
        #[cfg(netfold_bugs)]
        crate::bugs::enter(self.bug);
        if self.mode == Mode::Running {
            return Err(ApiMisuse::NotYourTurn);
        }
        match command {
            // A program has more of these than of all others together while its connections begin.
            Command::On { target: target @ Target::Socket(socket), event, listener, once, prepend }
                if self.sockets.get(socket).is_some() =>
            {
                // There is nothing in it to be dropped.
                core::mem::forget(command);
                if self.open() {
                    let _told_by_the_next_step = self.listen_for(target, event, listener, once, prepend);
                }
            }
            command => {
                let live = self.check_command(&command)?;
                if self.open() {
                    let _told_by_the_next_step = self.command(command, live);
                }
            }
        }
        Ok(())
    }

    /// Opens a command; whether it may run. At the bound of depth it throws.
    #[inline]
    fn open(&mut self) -> bool {
        let (depth, bound) = (self.opens.len(), self.limits.depth);
        self.push_open();
        let too_deep = depth >= bound as usize;
        if too_deep {
            self.throw(NodeError::Limit { name: "depth", bound: u64::from(bound) });
        }
        !too_deep
    }

    #[inline(always)]
    fn push_open(&mut self) {
        self.floor = self.frames.len();
        let (frames, emissions, copies) = (self.floor as u32, self.emissions.len() as u32, self.copies.len() as u32);
        let within = self.mode == Mode::User;
        self.opens.push_with(move || Open { outcome: Outcome::Unit, frames, emissions, copies, within });
        self.mode = Mode::Running;
    }
}
