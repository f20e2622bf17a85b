//! What comes in: bytes, their end, and what is put back.

use super::{Flowing, data};
use crate::bugs::bug;
use crate::command::{Chunk, Outcome};
use crate::decoder::Decoder;
use crate::engine::Core;
use crate::engine::frame::{Asked, Flow, Frame, Job, ReadFor};
use crate::error::NodeError;
use crate::id::{HandleId, SocketId};
use crate::socket::chunks::{Piece, as_told, most_units};
use crate::socket::{Link, OnRead};
use crate::step::Emit;
use crate::text::Encoding;
use alloc::boxed::Box;
use alloc::string::String;
use alloc::sync::Arc;
use bytes::Bytes;

impl Core {
    /// `socket.setEncoding(encoding)`: from here on, and what is kept already, is text (rule R19).
    pub(crate) fn set_encoding(&mut self, socket: SocketId, encoding: Encoding, told: Option<u32>) {
        let r = &mut self.sockets[socket].r;
        let mut decoder = Decoder::new(encoding);
        let most = most_units(r.length as usize);
        let kept = r.kept.take().map(|kept| kept.decode(&mut decoder)).unwrap_or_default();
        let text = as_told(kept, told, most);
        self.decoded = Some(text.units());
        r.decoder = Some(Box::new(decoder));
        r.length = 0;
        if !text.is_empty() {
            r.keep(Piece::Text(text));
        }
    }

    /// Bytes came in (rules R2, R20).
    pub(crate) fn pushed(&mut self, socket: SocketId, handle: HandleId, chunk: Bytes, told: Option<u32>) -> Flow {
        let Core { sockets, timers, now, frames, .. } = self;
        let s = &mut sockets[socket];
        if !bug!(ReadKeepsTimeout) {
            s.show_life(socket, timers, *now);
        }
        if s.destroyed {
            return None;
        }
        if s.rare.on_read.is_some() {
            self.push(Frame::OnReadTail(socket, handle));
            return self.say(Emit::Read { socket, bytes: chunk });
        }
        let added = !s.r.ended && s.errored.is_none();
        frames.push_with(|| Frame::PushTail { socket, handle, added });
        if !added {
            return None;
        }
        s.r.reading = false;
        let piece = match &mut s.r.decoder {
            None => Piece::Bytes(chunk),
            Some(decoder) => {
                let text = as_told(decoder.write(&chunk), told, most_units(chunk.len()));
                self.decoded = Some(text.units());
                if text.is_empty() {
                    return None;
                }
                Piece::Text(text)
            }
        };
        if s.r.emits_at_once() {
            if bug!(ChunkTwice) {
                s.r.keep(piece.clone());
            }
            return self.emit(socket, data(piece));
        }
        if bug!(KeptChunkLost) && s.r.length > 0 {
            return None;
        }
        let before = if bug!(KeptBackwards) { s.r.take(s.r.length as u32) } else { None };
        s.r.keep(piece);
        if let Some(before) = before {
            s.r.keep(before);
        }
        if s.r.need_readable {
            self.emit_readable(socket);
        }
        None
    }

    /// `socket.unshift(chunk)` (rule H5): text when the socket has an encoding.
    pub(crate) fn unshift(&mut self, socket: SocketId, chunk: Chunk) -> Flow {
        let s = &self.sockets[socket];
        let over = s.destroyed || s.errored.is_some();
        if over || chunk.bytes.is_empty() {
            self.outcome(Outcome::Bool(!over && s.r.can_push_more()));
            return None;
        }
        let piece = if s.r.decoder.is_some() {
            let text = String::from_utf8_lossy(&chunk.bytes).into_owned();
            Piece::Text(as_told(text, chunk.text.map(|text| text.units), chunk.bytes.len()))
        } else {
            Piece::Bytes(chunk.bytes)
        };
        self.push(Frame::UnshiftTail(socket));
        let r = &mut self.sockets[socket].r;
        if r.emits_at_once() {
            return self.emit(socket, data(piece));
        }
        r.keep_first(piece);
        if r.need_readable {
            self.emit_readable(socket);
        }
        None
    }

    pub(crate) fn unshift_tail(&mut self, socket: SocketId) -> Flow {
        let r = &mut self.sockets[socket].r;
        let read_more = !core::mem::replace(&mut r.reading_more, true);
        let room = r.can_push_more();
        if read_more {
            self.schedule(Job::ReadMore(socket));
        }
        self.outcome(Outcome::Bool(room));
        None
    }

    /// `socket.readableFlowing = flowing` (rule H6)
    pub(crate) fn set_flowing(&mut self, socket: SocketId, flowing: Option<bool>) {
        self.sockets[socket].r.flowing = match flowing {
            None => Flowing::Undecided,
            Some(true) => Flowing::Yes,
            Some(false) => Flowing::No,
        };
    }

    /// `readStart` and `readStop` of the socket's handle, which the stream does not know of (rule H7).
    pub(crate) fn handle_reads(&mut self, socket: SocketId, on: bool) -> Flow {
        let Link::Open(handle) = self.sockets[socket].link else { return None };
        self.handle_mut(handle, |h| h.started = on);
        self.push(Frame::Ignore);
        self.ask(if on { Asked::ReadStart(handle) } else { Asked::ReadStop(handle) })
    }

    /// After a chunk was emitted or kept: read on, or stop the driver at the high water mark (rule R3).
    pub(crate) fn push_tail(&mut self, socket: SocketId, handle: HandleId, added: bool) -> Flow {
        let s = &mut self.sockets[socket];
        let more = added && !s.r.reading_more;
        s.r.reading_more |= added;
        let goes_on = added && s.r.can_push_more();
        if more {
            self.schedule(Job::ReadMore(socket));
        }
        if goes_on || (added && bug!(ReadsOn)) {
            return None;
        }
        let s = &self.sockets[socket];
        let stop = !s.destroyed && s.link.handle() == Some(handle);
        self.handle_mut(handle, |h| {
            h.reading = bug!(StopsForEver);
            h.started &= !stop;
        });
        if !stop {
            return None;
        }
        self.push(Frame::Ignore);
        self.ask(Asked::ReadStop(handle))
    }

    pub(crate) fn stop_reading(&mut self, socket: SocketId) {
        if let Some(on_read) = self.sockets[socket].rare.if_there().and_then(|rare| rare.on_read.as_mut()) {
            on_read.stop = true;
        }
    }

    /// After the function of `onread`: false stops the driver, and the stream does not know (rule R22).
    pub(crate) fn on_read_tail(&mut self, socket: SocketId, handle: HandleId) -> Flow {
        let s = &mut self.sockets[socket];
        let on_read = s.rare.if_there().and_then(|rare| rare.on_read.as_mut());
        let stop = on_read.is_some_and(|on_read| core::mem::take(&mut on_read.stop));
        if stop && s.link.handle() == Some(handle) { self.stop_driver(handle) } else { None }
    }

    pub(super) fn stop_driver(&mut self, handle: HandleId) -> Flow {
        self.handle_mut(handle, |h| (h.reading, h.started) = (false, false));
        self.push(Frame::Ignore);
        self.ask(Asked::ReadStop(handle))
    }

    /// With `onread`, the connection's handle if the stream believes that the driver reads, or that it does not.
    pub(super) fn driven(&self, socket: SocketId, reading: bool) -> Option<HandleId> {
        let s = &self.sockets[socket];
        match s.link {
            Link::Open(handle) if s.rare.on_read.is_some() && self.handles[handle].reading == reading => Some(handle),
            _ => None,
        }
    }

    /// Starts the driver; with `onread` it is told the size of the buffer first.
    pub(super) fn start_driver(&mut self, socket: SocketId, handle: HandleId) -> Flow {
        self.handle_mut(handle, |h| (h.reading, h.started) = (true, true));
        self.push(Frame::ReadStarted(socket));
        match self.sockets[socket].rare.on_read {
            Some(OnRead { size, .. }) if !self.handles[handle].limited => {
                self.handle_mut(handle, |h| h.limited = true);
                self.push(Frame::ReadLimited(handle));
                self.ask(Asked::ReadLimit(handle, size))
            }
            _ => self.ask(Asked::ReadStart(handle)),
        }
    }

    pub(crate) fn read_limited(&mut self, handle: HandleId) -> Flow {
        let _done = self.take_reply();
        self.ask(Asked::ReadStart(handle))
    }

    /// FIN came in (rules R5, R21).
    pub(crate) fn ended(&mut self, socket: SocketId, told: Option<u32>) -> Flow {
        self.refresh_timeout(socket);
        let s = &mut self.sockets[socket];
        if s.r.end_emitted {
            return None;
        }
        s.r.reading = false;
        self.push(Frame::EofTail(socket));
        let s = &mut self.sockets[socket];
        if s.r.ended {
            return None;
        }
        if let Some(decoder) = &mut s.r.decoder {
            let text = as_told(decoder.end(), told, most_units(0));
            self.decoded = Some(text.units());
            if !text.is_empty() {
                s.r.keep(Piece::Text(text));
            }
        }
        s.r.ended = true;
        if s.r.sync {
            self.emit_readable(socket);
            return None;
        }
        s.r.need_readable = false;
        s.r.emitted_readable = true;
        self.emit_readable_now(socket)
    }

    pub(crate) fn read_failed(&mut self, socket: SocketId, errno: crate::errno::Errno) -> Flow {
        self.refresh_timeout(socket);
        self.destroy(socket, Some(Arc::new(NodeError::system(errno, "read"))))
    }

    pub(crate) fn eof_tail(&mut self, socket: SocketId) -> Flow {
        if bug!(EndWhileKept) {
            self.end_readable(socket);
        }
        if bug!(EndForgotten) {
            return None;
        }
        self.read(socket, Some(0), ReadFor::Demand)
    }
}
