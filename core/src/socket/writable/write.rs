//! What is written, up to the driver.

use super::Parked;
use crate::bugs::bug;
use crate::call::Reply;
use crate::command::{Chunk, Outcome};
use crate::engine::Core;
use crate::engine::frame::{Asked, Flow, Frame};
use crate::errno::Errno;
use crate::error::{NodeError, SharedError};
use crate::id::{CallbackId, SocketId};
use crate::listeners::Internal;
use crate::step::EventKind;
use alloc::sync::Arc;
use alloc::vec::Vec;

impl Core {
    /// `socket.write(chunk, callback)`
    pub(crate) fn write(&mut self, socket: SocketId, chunk: Chunk, callback: Option<CallbackId>) -> Flow {
        if let Some(error) = self.write_refusal(socket) {
            self.outcome(Outcome::Bool(false));
            self.later(socket, callback, Some(error.clone()));
            return self.error_or_destroy(socket, error);
        }
        if self.limits.write_buffer.is_some() && self.over_bound(socket, &chunk) {
            return None;
        }
        self.stream_write(socket, chunk, callback, true)
    }

    /// Throws if the chunk would go over the bound of the write buffer.
    pub(super) fn over_bound(&mut self, socket: SocketId, chunk: &Chunk) -> bool {
        let length = self.sockets[socket].w.length + chunk.length();
        match self.limits.write_buffer {
            Some(bound) if length > bound => {
                self.throw(NodeError::Limit { name: "write_buffer", bound });
                true
            }
            _ => false,
        }
    }

    /// Why a write is not taken: after `end` and after `destroy` (rules W4, W5).
    pub(super) fn write_refusal(&self, socket: SocketId) -> Option<SharedError> {
        let s = &self.sockets[socket];
        let error = match (s.w.ending, s.destroyed) {
            (true, false) if bug!(WriteAfterEndTaken) => return None,
            (true, _) if s.write_after_fin => NodeError::EndedByPeer,
            (true, _) => NodeError::WriteAfterEnd,
            (false, true) => NodeError::StreamDestroyed("write"),
            (false, false) => return None,
        };
        Some(Arc::new(error))
    }

    pub(super) fn stream_write(
        &mut self,
        socket: SocketId,
        chunk: Chunk,
        callback: Option<CallbackId>,
        top: bool,
    ) -> Flow {
        let s = &mut self.sockets[socket];
        let length = chunk.length();
        let corked = s.w.corked > 0 && !bug!(CorkIgnored);
        if (s.w.writing && !bug!(WritesAtOnce)) || s.errored.is_some() || corked {
            s.w.buffer(chunk, callback);
            self.push(Frame::WriteTail { socket, dispatched: false, top });
            return None;
        }
        s.w.issue(length, callback);
        let opening = s.connecting();
        self.push(Frame::WriteTail { socket, dispatched: true, top });
        if opening { self.park(socket, Vec::from([chunk])) } else { self.dispatch(socket, [chunk]) }
    }

    /// What `write` returns is decided after the attempt (rule W6).
    pub(crate) fn write_tail(&mut self, socket: SocketId, dispatched: bool, top: bool) -> Flow {
        let s = &mut self.sockets[socket];
        if dispatched {
            s.w.sync = false;
        }
        let more = s.w.takes_more();
        if top {
            let go_on = more && !s.destroyed && s.errored.is_none();
            self.outcome(Outcome::Bool(go_on));
        }
        None
    }

    /// A write before 'connect' waits for it among the listeners, and for 'close' in case it never comes (rule W7).
    pub(super) fn park(&mut self, socket: SocketId, chunks: Vec<Chunk>) -> Flow {
        let on_connect = self.once_internal(socket, EventKind::Connect, Internal::FlushParked);
        let on_close = self.once_internal(socket, EventKind::Close, Internal::FailParked);
        self.sockets[socket].rare.parked.push(Parked { on_connect, on_close, chunks, counts: true });
        None
    }

    pub(crate) fn flush_parked(&mut self, socket: SocketId, number: u32) -> Flow {
        let parked = &mut self.sockets[socket].rare.if_there()?.parked;
        let at = parked.iter().position(|p| p.on_connect == number)?;
        let Parked { on_close, chunks, .. } = parked.remove(at);
        self.remove_internal(socket, EventKind::Close, Internal::FailParked, on_close);
        if bug!(ParkedLost) {
            return None;
        }
        if self.sockets[socket].connecting() {
            return self.park(socket, chunks);
        }
        self.dispatch(socket, chunks)
    }

    pub(crate) fn fail_parked(&mut self, socket: SocketId) -> Flow {
        self.on_write(socket, Some(Arc::new(NodeError::ClosedBeforeConnection)))
    }

    /// Gives a request to the driver.
    pub(super) fn dispatch(&mut self, socket: SocketId, chunks: impl IntoIterator<Item = Chunk>) -> Flow {
        let Core { sockets, timers, now, wire, .. } = self;
        let s = &mut sockets[socket];
        for parked in s.rare.if_there().into_iter().flat_map(|rare| &mut rare.parked) {
            parked.counts = false;
        }
        let Some(handle) = s.link.handle() else {
            return self.on_write(socket, Some(Arc::new(NodeError::SocketClosed)));
        };
        if !bug!(WriteKeepsTimeout) {
            s.show_life(socket, timers, *now);
        }
        let (mut bytes, mut late, mut count) = (0, false, 0);
        for chunk in chunks {
            bytes += chunk.bytes.len() as u64;
            late = chunk.text.is_some_and(|t| t.short);
            count += 1;
            wire.push(chunk.bytes);
        }
        // A short text on its own is counted once the system took it; everything else when it is issued (rule W9).
        late &= count == 1;
        s.bytes_written += if late { 0 } else { bytes };
        if bug!(BatchCountedTwice) && count > 1 {
            s.bytes_written += bytes;
        }
        let shut = self.handles[handle].shut;
        self.push(Frame::WriteAnswered { socket, handle, bytes, late });
        if shut {
            self.wire.clear();
            self.reply_with(Reply::Failed(Errno::EPIPE));
            return None;
        }
        self.ask(Asked::Write(handle))
    }
}
