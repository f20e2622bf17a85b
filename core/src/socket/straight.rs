//! The straight way: what comes in while the stream flows, and a write that nothing waits before.
//!
//! Nearly all bytes of nearly all programs go it. Each function here does at once, with one look at the socket, what the
//! general functions do one after the other in frames of their own; where anything is in the way it does nothing and leaves
//! it to them. No rule stands here that does not stand there.

use super::readable::Flowing;
use super::{Link, Socket};
use crate::bugs::bug;
use crate::call::Reply;
use crate::command::Chunk;
use crate::engine::frame::{Flow, Frame, Job, WriteCb};
use crate::engine::{Core, Handle, Owner, TimerFor};
use crate::id::{CallbackId, HandleId, ListenerId, SocketId};
use crate::queue::Queue;
use crate::step::{Emit, Event, EventKind, Target};
use crate::timers::Timers;
use bytes::Bytes;

impl Socket {
    /// The one listener that bytes which come in go to, with nothing to be done before.
    #[inline]
    fn reader(&self) -> Option<ListenerId> {
        let r = &self.r;
        if bug!(ReadKeepsTimeout) || bug!(ChunkTwice) || bug!(CountsLastRead) {
            return None;
        }
        if r.flowing != Flowing::Yes || r.length > 0 || !r.is_heard() || r.ended {
            return None;
        }
        let plain = self.rare.is_none_or(|rare| rare.on_read.is_none() && rare.tap.is_none());
        if self.destroyed || self.errored.is_some() || !plain {
            return None;
        }
        self.listeners.only_user(EventKind::Data)
    }

    /// The handle that a write goes to, with nothing to be done before.
    #[inline]
    pub(crate) fn writer(&self) -> Option<HandleId> {
        let w = &self.w;
        let parked = !self.rare.is_none_or(|rare| rare.parked.is_empty());
        let free = !w.writing && !w.ending && w.corked == 0 && !parked && !bug!(CallbackWithinCall);
        match self.link {
            Link::Open(handle) if free && !self.destroyed && self.errored.is_none() => Some(handle),
            _ => None,
        }
    }

    /// Whether a write waits, for the one before it or for `uncork`, with nothing to be done before.
    #[inline]
    pub(crate) fn buffers(&self) -> bool {
        let general = bug!(CorkIgnored) || bug!(WritesAtOnce) || bug!(WriteAfterEndTaken);
        let waits = self.w.writing || self.w.corked > 0;
        waits && !general && !self.w.ending && !self.destroyed && self.errored.is_none()
    }

    /// A chunk becomes a request to the driver, of so many bytes.
    #[inline(always)]
    pub(crate) fn issue_straight(
        &mut self,
        id: SocketId,
        chunk: &Chunk,
        callback: Option<CallbackId>,
        timers: &mut Timers<TimerFor>,
        now: u64,
    ) -> u64 {
        self.w.issue(chunk.length(), callback);
        if !bug!(WriteKeepsTimeout) {
            self.show_life(id, timers, now);
        }
        let bytes = chunk.bytes.len() as u64;
        self.bytes_written += bytes;
        bytes
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
    pub(crate) fn read_straight(&mut self, h: HandleId, bytes: Bytes) -> Result<Flow, Bytes> {
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
            frames.push_with(move || Frame::PushTail { socket, handle: h, added: true });
            let target = Target::Socket(socket);
            return Ok(self.say(Emit::Listener { target, listener, last: false, event: Event::Data(bytes) }));
        }
        Err(bytes)
    }

    /// As [`push_tail`](Core::push_tail), where the driver reads on and the tick that demands more is to be scheduled; whether
    /// it is so.
    #[inline(always)]
    pub(crate) fn pushed_straight(&mut self, socket: SocketId) -> bool {
        let r = &mut self.sockets[socket].r;
        let reads_on = !r.reading_more && r.can_push_more();
        if reads_on {
            r.reading_more = true;
            self.schedule(Job::ReadMore(socket));
        }
        reads_on
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

    /// As [`write_answered`](Core::write_answered) and [`write_tail`](Core::write_tail): the system took everything.
    #[inline(always)]
    pub(crate) fn sent_straight(&mut self, socket: SocketId, handle: HandleId, bytes: u64) {
        let s = &mut self.sockets[socket];
        if s.w.need_drain || !s.w.buffered.is_none_or(Queue::is_empty) {
            self.not_sent_straight(socket, handle, bytes);
            self.reply_with(Reply::Done);
            return;
        }
        let callback = s.w.settle();
        s.w.sync = false;
        let go_on = s.w.takes_more();
        let called = callback != WriteCb::None;
        s.w.pending -= i32::from(!called);
        self.outcome_bool(go_on);
        if called {
            self.sent_called(socket, callback);
        }
    }

    #[inline(never)]
    fn sent_called(&mut self, socket: SocketId, callback: WriteCb) {
        let _told_by_the_next_step = self.write_done(socket, callback, true);
    }

    /// The general functions go on with the system's answer.
    #[cold]
    pub(crate) fn not_sent_straight(&mut self, socket: SocketId, handle: HandleId, bytes: u64) {
        self.push(Frame::WriteTail { socket, dispatched: true, top: true });
        self.push(Frame::WriteAnswered { socket, handle, bytes, late: false });
    }
}
