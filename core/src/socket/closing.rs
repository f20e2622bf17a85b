//! Destroying: the end of a socket, whatever it was doing (rules L1 to L9, O9).

use super::Link;
use crate::bugs::bug;
use crate::engine::Core;
use crate::engine::frame::{Flow, Frame, Job};
use crate::error::{NodeError, SharedError};
use crate::id::SocketId;
use crate::listeners::Internal;
use crate::step::{Event, EventKind};
use alloc::sync::Arc;

impl Core {
    /// `socket.destroy(error)`. The first call counts.
    pub(crate) fn destroy(&mut self, socket: SocketId, error: Option<SharedError>) -> Flow {
        let s = &mut self.sockets[socket];
        if s.destroyed && !bug!(DestroyTwice) {
            return None;
        }
        if s.w.owes_callbacks() {
            self.schedule(Job::FailBuffer(socket));
        }
        let s = &mut self.sockets[socket];
        if s.errored.is_none() {
            s.errored = error.clone();
        }
        s.destroyed = true;
        self.clear_timeout(socket);
        let handle = self.sockets[socket].link.handle();
        self.push(Frame::Destroyed { socket, error: error.clone(), had_handle: handle.is_some() });
        let handle = handle?;
        let s = &mut self.sockets[socket];
        s.link = Link::Detached;
        if let Some(names) = &mut s.names {
            names.local = None;
        }
        let reset = core::mem::take(&mut s.reset_later);
        let had_error = if bug!(HadErrorTurned) { error.is_none() } else { error.is_some() };
        let says = if bug!(CloseLost) && reset { None } else { Some(had_error) };
        self.close_handle(handle, says, reset)
    }

    /// After the handle is closed: 'error' in a tick; 'close' comes from the closing phase, or from a tick when there was
    /// no handle; and the server counts one less.
    pub(crate) fn destroyed(&mut self, socket: SocketId, error: Option<SharedError>, had_handle: bool) -> Flow {
        if bug!(CloseBeforeError) && !had_handle {
            self.schedule(Job::CloseDetached(socket));
        }
        match error {
            Some(error) if bug!(ErrorTwice) => {
                self.schedule(Job::EmitErrorClose(socket, error.clone()));
                self.schedule(Job::EmitErrorClose(socket, error))
            }
            Some(_) if bug!(ErrorSwallowed) => self.schedule(Job::EmitClose(socket)),
            Some(error) => self.schedule(Job::EmitErrorClose(socket, error)),
            None => self.schedule(Job::EmitClose(socket)),
        };
        if !had_handle && !bug!(CloseBeforeError) {
            self.schedule(Job::CloseDetached(socket));
        }
        // Counted once, also if the socket connects again and is destroyed again (rule D8).
        if let Some(server) = self.sockets[socket].uncount()
            && !bug!(CountStays)
        {
            self.connection_gone(server);
        }
        None
    }

    pub(crate) fn emit_error_close(&mut self, socket: SocketId, error: SharedError) -> Flow {
        let s = &mut self.sockets[socket];
        if s.error_emitted && !bug!(ErrorTwice) {
            s.close_emitted = true;
            return None;
        }
        s.error_emitted = true;
        self.push(Frame::CloseNoted(socket));
        self.emit(socket, Event::Error(error))
    }

    pub(crate) fn close_noted(&mut self, socket: SocketId) -> Flow {
        self.sockets[socket].close_emitted = true;
        None
    }

    pub(crate) fn close_detached(&mut self, socket: SocketId) -> Flow {
        self.release_later(socket);
        self.emit(socket, Event::Close(None))
    }

    /// `socket._handle = null` (rule H4)
    pub(crate) fn drop_handle(&mut self, socket: SocketId) -> Flow {
        let handle = self.sockets[socket].link.handle()?;
        self.sockets[socket].let_go();
        self.close_handle(handle, None, false)
    }

    /// `socket.destroySoon()` (rule L8)
    pub(crate) fn destroy_soon(&mut self, socket: SocketId) -> Flow {
        if bug!(DestroysTooSoon) {
            return self.destroy(socket, None);
        }
        self.push(Frame::DestroySoonTail(socket));
        if self.sockets[socket].is_writable() { self.end(socket, None, None) } else { None }
    }

    pub(crate) fn destroy_soon_tail(&mut self, socket: SocketId) -> Flow {
        if self.sockets[socket].w.finished {
            return self.destroy(socket, None);
        }
        self.once_internal(socket, EventKind::Finish, Internal::Destroy);
        None
    }

    /// `socket.resetAndDestroy()` (rules L9, D1)
    pub(crate) fn reset_and_destroy(&mut self, socket: SocketId) -> Flow {
        match self.sockets[socket].link {
            Link::Detached => self.destroy(socket, Some(Arc::new(NodeError::SocketClosed))),
            Link::Opening(handle) | Link::Open(handle) if self.handles[handle].kind != crate::call::HandleKind::Tcp => {
                self.throw(NodeError::InvalidHandleType);
                None
            }
            Link::Opening(_) => {
                self.once_internal(socket, EventKind::Connect, Internal::Reset);
                None
            }
            Link::Open(_) => self.reset(socket),
        }
    }

    pub(crate) fn reset(&mut self, socket: SocketId) -> Flow {
        if bug!(CloseTwice) {
            self.schedule(Job::CloseDetached(socket));
        }
        self.sockets[socket].reset_later = true;
        self.destroy(socket, None)
    }

    /// Takes the descriptor out (rule O9): only of a socket that nothing was read from or written to.
    pub(crate) fn detach(&mut self, socket: SocketId) -> Flow {
        let s = &self.sockets[socket];
        let Link::Open(handle) = s.link else {
            self.throw(NodeError::SocketClosed);
            return None;
        };
        let h = &self.handles[handle];
        let untouched = s.bytes_read == 0
            && s.bytes_written == 0
            && !h.started
            && s.w.length == 0
            && s.w.pending == 0
            && !s.w.ending;
        if !untouched {
            let reason = "was read from, written to or ended; accept it with pause_on_connect and take it out first";
            self.throw(NodeError::InvalidArgValue { name: "socket", reason });
            return None;
        }
        self.push(Frame::DetachDone(socket));
        self.ask(crate::engine::frame::Asked::Detach(handle))
    }

    pub(crate) fn detach_done(&mut self, socket: SocketId) -> Flow {
        let _done = self.take_reply();
        self.clear_timeout(socket);
        if let Some(handle) = self.sockets[socket].link.handle() {
            self.forget_handle(handle);
        }
        let s = &mut self.sockets[socket];
        s.let_go();
        (s.destroyed, s.close_emitted) = (true, true);
        let server = s.uncount();
        self.release_later(socket);
        if let Some(server) = server {
            self.connection_gone(server);
        }
        None
    }
}
