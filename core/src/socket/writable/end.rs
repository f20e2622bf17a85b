//! `cork`, `end` and what follows from them, up to 'finish'.

use crate::bugs::bug;
use crate::command::Chunk;
use crate::engine::Core;
use crate::engine::frame::{Fed, Flow, Frame, Job, Run};
use crate::error::{NodeError, SharedError};
use crate::id::{CallbackId, SocketId};
use crate::listeners::Internal;
use crate::socket::Link;
use crate::step::{Event, EventKind};
use alloc::boxed::Box;
use alloc::sync::Arc;

impl Core {
    pub(crate) fn cork(&mut self, socket: SocketId) {
        self.sockets[socket].w.corked += 1;
    }

    pub(crate) fn uncork(&mut self, socket: SocketId) -> Flow {
        let w = &mut self.sockets[socket].w;
        if w.corked == 0 {
            return None;
        }
        w.corked = if bug!(UncorksAtOnce) { 0 } else { w.corked - 1 };
        if w.writing || bug!(UncorkForgets) { None } else { self.clear_buffer(socket) }
    }

    /// `socket.end(chunk, callback)` (rules W18, W19)
    pub(crate) fn end(&mut self, socket: SocketId, chunk: Option<Chunk>, callback: Option<CallbackId>) -> Flow {
        let Some(chunk) = chunk else {
            return self.end_uncork(socket, callback, None);
        };
        let refusal = match self.write_refusal(socket) {
            // The stream's own end does not know of the other party's FIN (rule W15).
            Some(_) if self.sockets[socket].w.ending => Some(Arc::new(NodeError::WriteAfterEnd)),
            refusal => refusal,
        };
        if refusal.is_none() && self.over_bound(socket, &chunk) {
            return None;
        }
        self.push(Frame::EndUncork(socket, callback, refusal.clone()));
        match refusal {
            Some(error) => self.error_or_destroy(socket, error),
            None => self.stream_write(socket, chunk, None, false),
        }
    }

    /// `end` uncorks fully.
    pub(crate) fn end_uncork(
        &mut self,
        socket: SocketId,
        callback: Option<CallbackId>,
        error: Option<SharedError>,
    ) -> Flow {
        self.push(Frame::EndFinish(socket, callback, error));
        let w = &mut self.sockets[socket].w;
        if w.corked > 0 && !bug!(EndStaysCorked) {
            w.corked = 1;
            return self.uncork(socket);
        }
        None
    }

    pub(crate) fn end_finish(
        &mut self,
        socket: SocketId,
        callback: Option<CallbackId>,
        error: Option<SharedError>,
    ) -> Flow {
        let s = &mut self.sockets[socket];
        let mut error = error;
        let mut ended = false;
        if error.is_none() {
            if !s.w.ending && s.errored.is_none() {
                s.w.ending = true;
                ended = true;
            } else if s.w.finished {
                error = Some(Arc::new(NodeError::AlreadyFinished));
            } else if s.destroyed {
                error = Some(Arc::new(NodeError::StreamDestroyed("end")));
            }
        }
        self.push(Frame::EndTail { socket, callback, error, ended });
        if ended { self.finish_maybe(socket, true) } else { None }
    }

    pub(crate) fn end_tail(
        &mut self,
        socket: SocketId,
        callback: Option<CallbackId>,
        error: Option<SharedError>,
        ended: bool,
    ) -> Flow {
        let s = &mut self.sockets[socket];
        s.w.ended |= ended;
        let callback = callback?;
        let given = match (error, &s.errored, s.w.finished) {
            (Some(error), _, _) => Some(error),
            (None, Some(error), _) => Some(error.clone()),
            (None, None, true) => None,
            (None, None, false) if bug!(EndCallbackAtOnce) => None,
            (None, None, false) => {
                s.w.last.on_finished.push(callback);
                return None;
            }
        };
        self.later(socket, Some(callback), given);
        None
    }

    pub(crate) fn finish_maybe(&mut self, socket: SocketId, sync: bool) -> Flow {
        let s = &mut self.sockets[socket];
        if !s.needs_finish() {
            return None;
        }
        self.push(Frame::FinishMaybeTail(socket, sync));
        let w = &mut self.sockets[socket].w;
        if w.prefinished || w.final_called {
            return None;
        }
        (w.final_called, w.sync) = (true, true);
        w.pending += 1;
        self.push(Frame::FinalTail(socket));
        self.final_(socket)
    }

    pub(crate) fn final_tail(&mut self, socket: SocketId) -> Flow {
        self.sockets[socket].w.sync = false;
        None
    }

    pub(crate) fn finish_maybe_tail(&mut self, socket: SocketId, sync: bool) -> Flow {
        let s = &mut self.sockets[socket];
        if s.w.pending != 0 {
            return None;
        }
        if sync {
            s.w.pending += 1;
            self.schedule(Job::FinishMaybe(socket));
            return None;
        }
        if s.needs_finish() {
            s.w.pending += 1;
            return self.finish(socket);
        }
        None
    }

    /// FIN: at once to the pending phase when connected, else on 'connect' (rule W20).
    pub(crate) fn final_(&mut self, socket: SocketId) -> Flow {
        match self.sockets[socket].link {
            // Nothing can be written to it, or FIN was asked for already: there is nothing to be told of the end.
            Link::Open(handle) if !self.handles[handle].writable || self.handles[handle].shut => {
                return self.final_done(socket);
            }
            Link::Open(_) if bug!(NoFin) => return self.final_done(socket),
            Link::Open(handle) => {
                self.handle_mut(handle, |h| {
                    h.shutting = true;
                    h.shut = true;
                });
                // A write under way goes first.
                if !self.handles[handle].writing {
                    self.feed(Fed::Shutdown(handle));
                }
            }
            Link::Opening(_) | Link::Detached => {
                self.once_internal(socket, EventKind::Connect, Internal::Final);
            }
        }
        None
    }

    pub(crate) fn final_done(&mut self, socket: SocketId) -> Flow {
        let s = &mut self.sockets[socket];
        if s.w.prefinished {
            return self.error_or_destroy(socket, Arc::new(NodeError::CallbackTwice));
        }
        s.w.pending -= 1;
        if !s.needs_finish() {
            return None;
        }
        s.w.prefinished = true;
        self.push(Frame::ScheduleFinish(socket));
        self.emit(socket, Event::Prefinish)
    }

    pub(crate) fn schedule_finish(&mut self, socket: SocketId) -> Flow {
        self.sockets[socket].w.pending += 1;
        self.schedule(Job::Finish(socket));
        None
    }

    pub(crate) fn finish_maybe_tick(&mut self, socket: SocketId) -> Flow {
        let s = &mut self.sockets[socket];
        if s.needs_finish() {
            return self.finish(socket);
        }
        s.w.pending -= 1;
        None
    }

    /// The callbacks of `end`, then 'finish' (rule W21).
    pub(crate) fn finish(&mut self, socket: SocketId) -> Flow {
        if bug!(FinishStopsTimeout) {
            self.clear_timeout(socket);
        }
        let w = &mut self.sockets[socket].w;
        w.pending -= 1;
        w.finished = true;
        if bug!(FinishBeforeEndCallbacks) {
            self.call_finished(socket, None);
            return self.finish_emit(socket);
        }
        self.push(Frame::FinishEmit(socket));
        self.call_finished(socket, None)
    }

    pub(crate) fn finish_emit(&mut self, socket: SocketId) -> Flow {
        self.push(Frame::FinishTail(socket));
        self.emit(socket, Event::Finish)
    }

    /// Both halves over: the socket destroys itself (rule L13).
    pub(crate) fn finish_tail(&mut self, socket: SocketId) -> Flow {
        let over = (self.sockets[socket].r.end_emitted && !bug!(FinishStaysOpen)) || bug!(DestroysAtFinish);
        if over { self.destroy(socket, None) } else { None }
    }

    pub(super) fn call_finished(&mut self, socket: SocketId, error: Option<SharedError>) -> Flow {
        let last = self.sockets[socket].w.last.if_there();
        let mut callbacks = last.map(|last| core::mem::take(&mut last.on_finished)).unwrap_or_default();
        if bug!(EndCallbacksLost) {
            callbacks.truncate(1);
        }
        if callbacks.is_empty() {
            return None;
        }
        let run = Run { callbacks, next: 0, error };
        self.push(Frame::Callbacks(socket, Box::new(run)));
        None
    }

    /// A callback in a tick of its own.
    pub(super) fn later(&mut self, socket: SocketId, callback: Option<CallbackId>, error: Option<SharedError>) {
        if let Some(callback) = callback {
            self.schedule(Job::Callback(socket, callback, error));
        }
    }
}
