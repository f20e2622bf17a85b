//! The writable half: one request at a time with the driver, the rest in order behind it (rules W1 to W23).

mod answer;
mod end;
mod write;

use super::Socket;
use crate::bugs::bug;
use crate::command::Chunk;
use crate::engine::frame::WriteCb;
use crate::id::{CallbackId, TickId};
use crate::queue::Queue;
use crate::seldom::{Empty, Seldom};
use crate::stack::Slot;
use crate::state_key::Key;
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
    pub(in crate::socket) pending: i32,
    pub(crate) writing: bool,
    expecting: bool,
    pub(in crate::socket) sync: bool,
    after_write_pending: bool,
    clearing: bool,
    pub(in crate::socket) final_called: bool,
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
    pub(in crate::socket) fn key(&self, k: &mut Key) {
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
    pub(in crate::socket) fn key(&self, k: &mut Key) {
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
    pub(in crate::socket) fn issue(&mut self, length: u64, callback: Option<CallbackId>) {
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
    pub(in crate::socket) fn settle(&mut self) -> WriteCb {
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
