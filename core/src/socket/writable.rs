//! The writable half: one request at a time with the driver, the rest in order behind it (rules W1 to W23).

use super::{Link, Socket};
use crate::bugs::bug;
use crate::call::Reply;
use crate::command::{Chunk, Outcome};
use crate::engine::Core;
use crate::engine::frame::{Asked, Fed, Flow, Frame, Job, Run, WriteCb};
use crate::errno::Errno;
use crate::error::{NodeError, SharedError};
use crate::id::{CallbackId, HandleId, SocketId, TickId};
use crate::listeners::Internal;
use crate::queue::Queue;
use crate::seldom::{Empty, Seldom};
use crate::stack::Slot;
use crate::state_key::Key;
use crate::step::{Event, EventKind};
use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use bytes::Bytes;

#[derive(Clone, Debug)]
pub(crate) struct Buffered {
    pub(crate) chunk: Chunk,
    callback: Option<CallbackId>,
}

/// A write that waits for 'connect'.
#[derive(Clone, Debug)]
pub(crate) struct Parked {
    on_connect: u32,
    on_close: u32,
    pub(crate) chunks: Vec<Chunk>,
    /// `bytesWritten` counts it: nothing was issued since.
    counts: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct Writable {
    pub(crate) hwm: u32,
    pub(crate) corked: u32,
    /// Bytes, or UTF-16 units of text, in flight and buffered.
    pub(crate) length: u64,
    in_flight: u64,
    /// They are being called: what they were of counts as buffered for the end too.
    fails: bool,
    callback: WriteCb,
    pub(crate) buffered: Seldom<Queue<Buffered>>,
    last: Seldom<Last>,
    /// The newest tick that equal callbacks may join.
    merging: Merging,
    pub(super) pending: i32,
    pub(crate) writing: bool,
    expecting: bool,
    pub(super) sync: bool,
    after_write_pending: bool,
    clearing: bool,
    pub(super) final_called: bool,
    pub(crate) prefinished: bool,
    pub(crate) need_drain: bool,
    pub(crate) ending: bool,
    pub(crate) ended: bool,
    pub(crate) finished: bool,
}

/// What only the end of a socket has.
#[derive(Clone, Debug, Default)]
struct Last {
    on_finished: Vec<CallbackId>,
    /// Bytes of chunks whose callbacks fail: they count as buffered until all of those were called.
    failing: u64,
}

impl Empty for Last {
    const EMPTY: &'static Self = &Last { on_finished: Vec::new(), failing: 0 };
}

/// A tick or none, in one word.
#[derive(Clone, Copy, Debug)]
struct Merging(u64);

impl Merging {
    const NONE: Merging = Merging(u64::MAX);

    const fn of(tick: TickId) -> Self {
        Merging(tick.0)
    }

    fn tick(self) -> Option<TickId> {
        (self.0 != Self::NONE.0).then_some(TickId(self.0))
    }
}

impl Slot for Buffered {
    const EMPTY: Self = Buffered { chunk: Chunk { bytes: Bytes::new(), text: None }, callback: None };
}

impl Buffered {
    fn key(&self, k: &mut Key) {
        chunk_key(&self.chunk, k);
        k.of(&self.callback);
    }
}

impl Parked {
    pub(super) fn key(&self, k: &mut Key) {
        k.internal(self.on_connect);
        k.internal(self.on_close);
        k.len(self.chunks.len());
        self.chunks.iter().for_each(|chunk| chunk_key(chunk, k));
        k.counter(u64::from(self.counts));
    }
}

fn chunk_key(chunk: &Chunk, k: &mut Key) {
    k.len(chunk.bytes.len());
    k.of(&chunk.text);
}

impl Writable {
    pub(super) fn key(&self, k: &mut Key) {
        k.of(&(self.hwm, self.corked, self.length, self.in_flight, &self.callback));
        k.counter(self.last.failing);
        k.len(self.buffered.len());
        self.buffered.iter().for_each(|buffered| buffered.key(k));
        k.of(&(&self.last.on_finished[..], self.pending));
        k.tick(self.merging.tick());
        k.flags([self.writing, self.expecting, self.sync, self.after_write_pending, self.clearing, self.fails]);
        k.flags([self.final_called, self.prefinished, self.need_drain, self.ending, self.ended, self.finished]);
    }

    pub(crate) const fn new(hwm: u32, used: bool) -> Self {
        Self {
            hwm,
            corked: 0,
            length: 0,
            in_flight: 0,
            fails: false,
            callback: WriteCb::None,
            buffered: Seldom::new(),
            last: Seldom::new(),
            merging: Merging::NONE,
            pending: 0,
            writing: false,
            expecting: false,
            sync: true,
            after_write_pending: false,
            clearing: false,
            final_called: false,
            prefinished: false,
            need_drain: false,
            ending: !used,
            ended: !used,
            finished: !used,
        }
    }

    /// A chunk becomes a request at once.
    #[inline(always)]
    pub(super) fn issue(&mut self, length: u64, callback: Option<CallbackId>) {
        self.pending += 1;
        self.length += length;
        self.begin(length, callback.into());
    }

    /// A chunk waits for those before it, or for `uncork`.
    #[inline]
    pub(crate) fn buffer(&mut self, chunk: Chunk, callback: Option<CallbackId>) {
        self.pending += 1;
        self.length += chunk.length();
        if bug!(QueueBackwards) {
            self.buffered.push_front(Buffered { chunk, callback });
        } else {
            self.buffered.push_with(move || Buffered { chunk, callback });
        }
    }

    /// Whether `write` may go on; if not, 'drain' is owed (rule W6).
    #[inline]
    pub(crate) fn takes_more(&mut self) -> bool {
        let more = self.length < u64::from(self.hwm) || self.length == 0 || bug!(AlwaysMore);
        let more = more || (bug!(MarkOffByOne) && self.length == u64::from(self.hwm));
        self.need_drain |= !more && !bug!(DrainForgotten);
        more
    }

    /// The request in flight ended; its callback.
    #[inline]
    pub(super) fn settle(&mut self) -> WriteCb {
        (self.writing, self.expecting) = (false, false);
        if !bug!(LengthStays) || self.buffered.is_empty() {
            self.length -= self.in_flight;
        }
        self.in_flight = 0;
        core::mem::replace(&mut self.callback, WriteCb::None)
    }

    /// A request goes to the driver, or is parked.
    #[inline(always)]
    fn begin(&mut self, length: u64, callback: WriteCb) {
        self.in_flight = length;
        // That of the request before was taken when it ended: there is nothing to be dropped.
        debug_assert!(self.callback == WriteCb::None || bug!(WritesAtOnce));
        core::mem::forget(core::mem::replace(&mut self.callback, callback));
        (self.writing, self.sync, self.expecting) = (true, true, true);
    }

    /// A side that was never to be used stays over (rule W24).
    pub(crate) fn revive(&mut self, used: bool) {
        self.final_called = false;
        self.prefinished = false;
        self.ending = !used;
        self.ended = !used;
        self.finished = !used;
    }

    /// Whether `destroy` has callbacks to answer in a tick.
    pub(crate) fn owes_callbacks(&self) -> bool {
        !self.buffered.is_empty() || !self.last.on_finished.is_empty()
    }

    /// Bytes that wait behind the request in flight.
    pub(crate) fn buffered_bytes(&self) -> u64 {
        self.last.failing + self.buffered.iter().map(|b| b.chunk.bytes.len() as u64).sum::<u64>()
    }
}

impl Socket {
    /// Whether something is buffered that can be dispatched now.
    fn has_to_clear(&self) -> bool {
        !self.w.buffered.is_empty() && !self.destroyed && !self.w.clearing && self.w.corked == 0
    }

    fn needs_finish(&self) -> bool {
        let w = &self.w;
        let over = w.clearing
            || w.fails
            || self.destroyed
            || w.finished
            || self.error_emitted
            || self.close_emitted
            || self.errored.is_some();
        let written = (!w.writing && w.buffered.is_empty() && w.length == 0) || bug!(FinishesEarly);
        w.ending && !over && written
    }

    /// Bytes of the write that waits for 'connect', as `bytesWritten` counts them.
    pub(crate) fn parked_bytes(&self) -> u64 {
        self.rare.parked.last().filter(|p| p.counts).map_or(0, |p| p.chunks.iter().map(|c| c.bytes.len() as u64).sum())
    }
}

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
    fn over_bound(&mut self, socket: SocketId, chunk: &Chunk) -> bool {
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
    fn write_refusal(&self, socket: SocketId) -> Option<SharedError> {
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

    fn stream_write(&mut self, socket: SocketId, chunk: Chunk, callback: Option<CallbackId>, top: bool) -> Flow {
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
    fn park(&mut self, socket: SocketId, chunks: Vec<Chunk>) -> Flow {
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
    fn dispatch(&mut self, socket: SocketId, chunks: impl IntoIterator<Item = Chunk>) -> Flow {
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
    fn on_write(&mut self, socket: SocketId, error: Option<SharedError>) -> Flow {
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
    fn clear_buffer(&mut self, socket: SocketId) -> Flow {
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

    fn call_finished(&mut self, socket: SocketId, error: Option<SharedError>) -> Flow {
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
    fn later(&mut self, socket: SocketId, callback: Option<CallbackId>, error: Option<SharedError>) {
        if let Some(callback) = callback {
            self.schedule(Job::Callback(socket, callback, error));
        }
    }
}
