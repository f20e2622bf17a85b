//! The straight way: what comes in while the stream flows, and a write that nothing waits before.
//!
//! Nearly all bytes of nearly all programs go it. Each function here does at once, with one look at the socket, what the
//! general functions do one after the other in frames of their own; where anything is in the way it does nothing and leaves
//! it to them. No rule stands here that does not stand there.

use super::readable::Flowing;
use super::{Link, Socket};
use crate::bugs::bug;
use crate::call::{Completion, Reply};
use crate::command::{Chunk, Outcome, Text};
use crate::engine::frame::{Asked, Flow, Frame, WriteCb};
use crate::engine::{Core, Handle, Owner};
use crate::id::{CallbackId, HandleId, ListenerId, SocketId};
use crate::step::{Emit, Event, EventKind, Target};
use bytes::Bytes;

impl Socket {
    /// The one listener that bytes which come in go to, with nothing to be done before.
    #[inline]
    fn reader(&self) -> Option<ListenerId> {
        let r = &self.r;
        let flows = r.flowing == Flowing::Yes && r.length == 0 && r.is_heard();
        let general = bug!(ReadKeepsTimeout) || bug!(ChunkTwice) || bug!(CountsLastRead);
        let whole = !general && !r.ended && !self.destroyed && self.errored.is_none();
        let rare = self.rare.on_read.is_some() || self.rare.tap.is_some();
        if flows && whole && !rare { self.listeners.only_user(EventKind::Data) } else { None }
    }

    /// The handle that a write goes to, with nothing to be done before.
    #[inline]
    fn writer(&self) -> Option<HandleId> {
        let w = &self.w;
        let free = !w.writing && !w.ending && w.corked == 0 && self.rare.parked.is_empty() && !bug!(CallbackWithinCall);
        match self.link {
            Link::Open(handle) if free && !self.destroyed && self.errored.is_none() => Some(handle),
            _ => None,
        }
    }
}

impl Socket {
    /// Whether a write waits, for the one before it or for `uncork`, with nothing to be done before.
    #[inline]
    fn buffers(&self) -> bool {
        let general = bug!(CorkIgnored) || bug!(WritesAtOnce) || bug!(WriteAfterEndTaken);
        let waits = self.w.writing || self.w.corked > 0;
        waits && !general && !self.w.ending && !self.destroyed && self.errored.is_none()
    }
}

impl Socket {
    /// Something of each of the lines that a read and a write look at.
    #[inline(always)]
    fn glance(&self) -> u64 {
        let flags = self.r.reading | self.w.writing | self.destroyed;
        self.listeners.len() as u64 ^ self.w.length ^ self.bytes_written ^ u64::from(self.closing) ^ u64::from(flags)
    }
}

impl Core {
    /// As [`pushed`](Core::pushed), up to the listener.
    #[inline]
    pub(crate) fn read_straight(&mut self, h: HandleId, bytes: Bytes) -> Result<Flow, Completion> {
        let Core { handles, sockets, timers, now, frames, .. } = self;
        if let Some(Handle { owner: Owner::Socket(socket), started: true, closing: None, .. }) = handles.get(h)
            && !bytes.is_empty()
            && let Some(s) = sockets.get_mut(*socket)
            && let Some(listener) = s.reader()
        {
            let socket = *socket;
            s.bytes_read += bytes.len() as u64;
            s.show_life(socket, timers, *now);
            s.r.taken_at_once();
            frames.push(Frame::PushTail { socket, handle: h, added: true });
            let target = Target::Socket(socket);
            return Ok(self.say(Emit::Listener { target, listener, last: false, event: Event::Data(bytes) }));
        }
        Err(Completion::Read(h, bytes))
    }

    /// Looks at what a read from each of these handles, and a write to it, will look at; their sockets. It brings that into the
    /// processor's caches, and has no other effect.
    pub(crate) fn warm<const N: usize>(&self, handles: [Option<HandleId>; N]) -> [Option<SocketId>; N] {
        let sockets = handles.map(|handle| match self.handles.get(handle?)?.owner {
            Owner::Socket(socket) => Some(socket),
            Owner::Server(_) => None,
        });
        // One look after the other, and nothing decided by what is seen: the processor does not wait for the first before it
        // asks for the second.
        let seen = sockets.iter().flatten().filter_map(|socket| self.sockets.get(*socket));
        core::hint::black_box(seen.fold(0, |all, socket| all ^ socket.glance()));
        sockets
    }

    /// As [`write`](Core::write), up to the system's answer; whole, if the chunk has to wait.
    #[inline]
    pub(crate) fn write_straight(&mut self, socket: SocketId, chunk: Chunk, callback: Option<CallbackId>) -> Flow {
        let Core { handles, sockets, timers, now, frames, limits, wire, .. } = self;
        let short = matches!(chunk.text, Some(Text { short: true, .. }));
        let s = &mut sockets[socket];
        if let Some(h) = s.writer()
            && !handles[h].shut
            && !short
            && limits.write_buffer.is_none()
        {
            s.w.issue(chunk.length(), callback);
            if !bug!(WriteKeepsTimeout) {
                s.show_life(socket, timers, *now);
            }
            let bytes = chunk.bytes.len() as u64;
            s.bytes_written += bytes;
            wire.push(chunk.bytes);
            frames.push(Frame::SentStraight { socket, handle: h, bytes });
            return self.ask(Asked::Write(h));
        }
        if limits.write_buffer.is_none() && s.buffers() {
            s.w.buffer(chunk, callback);
            let go_on = s.w.takes_more();
            self.outcome(Outcome::Bool(go_on));
            return None;
        }
        self.write(socket, chunk, callback)
    }

    /// As [`write_answered`](Core::write_answered) and [`write_tail`](Core::write_tail).
    #[inline(always)]
    pub(crate) fn sent_straight(&mut self, socket: SocketId, handle: HandleId, bytes: u64) -> Flow {
        let s = &mut self.sockets[socket];
        if !self.reply.as_ref().is_some_and(Reply::is_done) || s.w.need_drain || !s.w.buffered.is_empty() {
            self.push(Frame::WriteTail { socket, dispatched: true, top: true });
            return self.write_answered(socket, handle, bytes, false);
        }
        self.reply = None;
        let callback = s.w.settle();
        s.w.sync = false;
        let go_on = s.w.takes_more();
        if callback == WriteCb::None {
            s.w.pending -= 1;
            self.outcome(Outcome::Bool(go_on));
            return None;
        }
        self.outcome(Outcome::Bool(go_on));
        self.write_done(socket, callback, true)
    }
}
