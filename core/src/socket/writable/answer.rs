//! How a write ends: its callback, and what waited behind it.

use super::{Buffered, Merging};
use crate::bugs::bug;
use crate::call::Reply;
use crate::engine::Core;
use crate::engine::frame::{Flow, Frame, Job, WriteCb};
use crate::errno::Errno;
use crate::error::{NodeError, SharedError};
use crate::id::{CallbackId, HandleId, SocketId};
use crate::step::Event;
use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;

impl Core {
    pub(crate) fn write_answered(&mut self, socket: SocketId, handle: HandleId, bytes: u64, late: bool) -> Flow {
        let reply = self.take_reply();
        if late && !matches!(reply, Reply::Failed(_)) && !bug!(BytesWrittenShort) {
            self.sockets[socket].bytes_written += bytes;
        }
        match reply {
            Reply::Failed(errno) => self.on_write(socket, Some(Arc::new(NodeError::system(errno, "write")))),
            Reply::Pending => {
                self.handle_mut(handle, |h| h.writing = true);
                self.sockets[socket].rare.last_queue = bytes;
                None
            }
            _ => self.on_write(socket, None),
        }
    }

    /// A pending write ended. A destroyed socket's counts as written (rule W16).
    pub(crate) fn written(&mut self, socket: SocketId, result: Result<(), Errno>) -> Flow {
        if self.sockets[socket].destroyed {
            let fails = bug!(CanceledFails) && result.is_err();
            let error = fails.then(|| Arc::new(NodeError::system(Errno::ECANCELED, "write")));
            return self.on_write(socket, error);
        }
        match result {
            Err(errno) => self.on_write(socket, Some(Arc::new(NodeError::system(errno, "write")))),
            Ok(()) => {
                if !bug!(WrittenKeepsTimeout) {
                    self.refresh_timeout(socket);
                }
                if let Some(rare) = self.sockets[socket].rare.if_there() {
                    rare.last_queue = 0;
                }
                self.on_write(socket, None)
            }
        }
    }

    /// The request in flight ended, within the call (`sync`) or later.
    pub(super) fn on_write(&mut self, socket: SocketId, error: Option<SharedError>) -> Flow {
        let s = &mut self.sockets[socket];
        if !s.w.expecting {
            return self.error_or_destroy(socket, Arc::new(NodeError::CallbackTwice));
        }
        let sync = (s.w.sync || bug!(LateCallbackInTick)) && !bug!(CallbackWithinCall);
        let callback = s.w.settle();
        match error {
            Some(error) => {
                if s.errored.is_none() {
                    s.errored = Some(error.clone());
                }
                if sync {
                    self.schedule(Job::WriteFailed(socket, error, callback));
                    None
                } else {
                    self.write_failed(socket, error, callback)
                }
            }
            None if s.has_to_clear() => {
                self.push(Frame::WriteDone(socket, callback, sync));
                self.clear_buffer(socket)
            }
            None => self.write_done(socket, callback, sync),
        }
    }

    pub(crate) fn write_failed(&mut self, socket: SocketId, error: SharedError, callback: WriteCb) -> Flow {
        self.sockets[socket].w.pending -= 1;
        self.push(Frame::WriteFailed(socket, error.clone()));
        self.call_back_all(socket, callback, Some(error).filter(|_| !bug!(FailureUntold)))
    }

    pub(crate) fn write_failed_tail(&mut self, socket: SocketId, error: SharedError) -> Flow {
        if !bug!(FailedWriteStays) {
            self.push(Frame::ErrorOrDestroy(socket, error));
        }
        self.fail_buffer(socket, true)
    }

    /// After a request that ended well, and what was buffered behind it has been dispatched (rules W11, W12).
    pub(crate) fn write_done(&mut self, socket: SocketId, callback: WriteCb, sync: bool) -> Flow {
        if !sync {
            return self.after_write(socket, 1, callback);
        }
        let w = &mut self.sockets[socket].w;
        let drains = w.need_drain && w.length == 0;
        if callback == WriteCb::None {
            if drains && !w.after_write_pending {
                w.after_write_pending = true;
                self.schedule(Job::AfterWrite { socket, count: 1, callback, merges: false });
                return None;
            }
            w.pending -= 1;
            return if w.ending { self.finish_maybe(socket, true) } else { None };
        }
        if let Some(tick) = w.merging.tick()
            && !bug!(NeverMerges)
            && let Some(Job::AfterWrite { count, callback: same, .. }) = self.job_mut(tick)
            && matches!((&*same, &callback), (WriteCb::One(a), WriteCb::One(b)) if a == b || bug!(MergesAll))
        {
            *count += u32::from(!bug!(MergedLost));
            return None;
        }
        let tick = self.schedule(Job::AfterWrite { socket, count: 1, callback, merges: true });
        let w = &mut self.sockets[socket].w;
        w.merging = Merging::of(tick);
        w.after_write_pending = true;
        None
    }

    pub(crate) fn after_write_tick(&mut self, socket: SocketId, count: u32, callback: WriteCb, merges: bool) -> Flow {
        if merges {
            self.sockets[socket].w.merging = Merging::NONE;
        }
        self.after_write(socket, count, callback)
    }

    /// 'drain' first, then the callbacks, then what may finish (rule W13).
    fn after_write(&mut self, socket: SocketId, count: u32, callback: WriteCb) -> Flow {
        let s = &mut self.sockets[socket];
        s.w.after_write_pending = false;
        let ended = s.w.ending && !bug!(DrainAfterEnd);
        let wanted = s.w.need_drain || bug!(DrainUnasked);
        let drains = wanted && !ended && !s.destroyed && (s.w.length == 0 || (bug!(DrainEarly) && s.w.need_drain));
        let drains = drains && !bug!(DrainNever);
        if drains && bug!(DrainAfterCallback) {
            self.sockets[socket].w.need_drain = false;
            self.push(Frame::Emit(socket.into(), Box::new(Event::Drain)));
            self.push(Frame::AfterWrite { socket, count, callback });
            return None;
        }
        self.push(Frame::AfterWrite { socket, count, callback });
        if drains {
            self.sockets[socket].w.need_drain = false;
            return self.emit(socket, Event::Drain);
        }
        None
    }

    pub(crate) fn after_write_on(&mut self, socket: SocketId, count: u32, callback: WriteCb) -> Flow {
        if count == 0 {
            return self.after_write_tail(socket);
        }
        self.sockets[socket].w.pending -= 1;
        if count == 1 {
            self.push(Frame::AfterWriteTail(socket));
            return self.call_back_all(socket, callback, None);
        }
        self.push(Frame::AfterWrite { socket, count: count - 1, callback: callback.clone() });
        self.call_back_all(socket, callback, None)
    }

    pub(crate) fn after_write_tail(&mut self, socket: SocketId) -> Flow {
        let s = &self.sockets[socket];
        if s.w.ending {
            self.push(Frame::FinishMaybe(socket, true));
        }
        if self.sockets[socket].destroyed { self.fail_buffer(socket, true) } else { None }
    }

    /// Answers what will never be written, and what waits for 'finish' (rule W17). Each is taken off before it is
    /// answered, so that one that throws is not answered again (rule D9).
    pub(crate) fn fail_buffer(&mut self, socket: SocketId, first: bool) -> Flow {
        let s = &mut self.sockets[socket];
        if first && s.w.writing {
            return None;
        }
        while let Some(Buffered { chunk, callback }) =
            if bug!(FailsBackwards) { s.w.buffered.pop_back() } else { s.w.buffered.pop_front() }
        {
            s.w.length -= chunk.length();
            s.w.last.failing += chunk.bytes.len() as u64;
            s.w.fails = true;
            if let Some(callback) = callback
                && !bug!(CallbackLost)
            {
                let error = s.errored.clone().unwrap_or_else(|| Arc::new(NodeError::StreamDestroyed("write")));
                self.push(Frame::FailBuffer(socket));
                return self.call_back(socket, callback, Some(error).filter(|_| !bug!(LostSaysWritten)));
            }
        }
        let error = s.errored.clone().unwrap_or_else(|| Arc::new(NodeError::StreamDestroyed("end")));
        self.push(Frame::BufferGone(socket));
        self.call_finished(socket, Some(error))
    }

    /// What the callbacks of `end` wrote meanwhile is forgotten.
    pub(crate) fn buffer_gone(&mut self, socket: SocketId) -> Flow {
        let w = &mut self.sockets[socket].w;
        if let Some(buffered) = w.buffered.if_there() {
            buffered.clear();
        }
        if let Some(last) = w.last.if_there() {
            last.failing = 0;
        }
        w.fails = false;
        None
    }

    /// Dispatches what is buffered: several chunks as one vectored request (rule W10).
    pub(super) fn clear_buffer(&mut self, socket: SocketId) -> Flow {
        let s = &mut self.sockets[socket];
        if !s.has_to_clear() {
            return None;
        }
        s.w.clearing = true;
        let mut buffered = core::mem::take(&mut s.w.buffered);
        self.push(Frame::ClearBufferTail(socket));
        if buffered.len() == 1 || bug!(OneByOne) {
            let Buffered { chunk, callback } = buffered.pop_front().expect("one is buffered");
            let s = &mut self.sockets[socket];
            s.w.buffered = buffered;
            s.w.begin(chunk.length(), callback.into());
            let opening = s.connecting();
            return if opening { self.park(socket, Vec::from([chunk])) } else { self.dispatch(socket, [chunk]) };
        }
        let w = &mut self.sockets[socket].w;
        w.pending -= buffered.len() as i32 - 1;
        let mut callbacks: Vec<CallbackId> = buffered.iter().filter_map(|b| b.callback).collect();
        if bug!(BatchBackwards) {
            callbacks.reverse();
        }
        if bug!(BatchCallsLast) {
            callbacks = callbacks.last().copied().into_iter().collect();
        }
        w.begin(w.length, if callbacks.is_empty() { WriteCb::None } else { WriteCb::Batch(Box::new(callbacks)) });
        let flow = if self.sockets[socket].connecting() {
            self.park(socket, core::iter::from_fn(|| buffered.pop_front()).map(|b| b.chunk).collect())
        } else {
            self.dispatch(socket, core::iter::from_fn(|| buffered.pop_front()).map(|b| b.chunk))
        };
        // Without a handle nobody has taken them.
        buffered.clear();
        self.sockets[socket].w.buffered = buffered;
        flow
    }

    pub(crate) fn clear_buffer_tail(&mut self, socket: SocketId) -> Flow {
        let w = &mut self.sockets[socket].w;
        (w.clearing, w.sync) = (false, false);
        None
    }
}
