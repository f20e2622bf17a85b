//! The readable half: flowing, paused, or read by hand (rules R1 to R22).

use super::Link;
use crate::call::Reply;
use crate::command::Outcome;
use crate::engine::Core;
use crate::engine::frame::{Asked, Flow, Frame, Job, ReadFor};
use crate::error::NodeError;
use crate::id::{HandleId, SocketId};
use crate::listeners::Internal;
use crate::step::{Event, EventKind};
use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::sync::Arc;
use bytes::{Bytes, BytesMut};

/// Node's greatest high water mark, to which `read(n)` can raise it: 1 GiB.
const MAX_HIGH_WATER_MARK: u32 = 0x4000_0000;

/// A kept chunk shorter than this is copied out of the block it was read into: a peer that sends single bytes to a
/// paused reader would otherwise pin a whole block with each.
const PACK_BELOW: usize = 16 * 1024;

/// Chunks that wait to be read, in order, with their borders.
///
/// In memory: two bytes a chunk, the bytes of small chunks packed together, big ones as they came (rule B2).
#[derive(Clone, Debug, Default)]
struct Chunks {
    /// The length of each chunk; 0 stands for the next big one.
    borders: VecDeque<u16>,
    big: VecDeque<Bytes>,
    packed: BytesMut,
}

impl Chunks {
    fn push(&mut self, chunk: Bytes) {
        if chunk.len() < PACK_BELOW {
            self.borders.push_back(chunk.len() as u16);
            self.packed.extend_from_slice(&chunk);
        } else {
            self.borders.push_back(0);
            self.big.push_back(chunk);
        }
    }

    fn first_len(&self) -> usize {
        match self.borders.front() {
            Some(0) => self.big.front().map_or(0, Bytes::len),
            Some(&small) => usize::from(small),
            None => 0,
        }
    }

    fn pop(&mut self) -> Option<Bytes> {
        match self.borders.pop_front()? {
            0 => self.big.pop_front(),
            small => Some(self.packed.split_to(usize::from(small)).freeze()),
        }
    }

    /// Takes `n` bytes, no more than there are: one chunk or a part of it without copying, else joined.
    fn take(&mut self, n: usize) -> Bytes {
        let first = self.first_len();
        if n >= first && n > 0 {
            let chunk = self.pop().unwrap_or_default();
            if n == first {
                return chunk;
            }
            let mut joined = BytesMut::with_capacity(n);
            joined.extend_from_slice(&chunk);
            while joined.len() < n {
                let rest = n - joined.len();
                let part = if self.first_len() <= rest { self.pop().unwrap_or_default() } else { self.split(rest) };
                joined.extend_from_slice(&part);
            }
            return joined.freeze();
        }
        self.split(n)
    }

    /// The first `n` bytes of the first chunk, which is longer.
    fn split(&mut self, n: usize) -> Bytes {
        match self.borders.front_mut() {
            Some(0) => {
                let Some(front) = self.big.front_mut() else { return Bytes::new() };
                front.split_to(n)
            }
            Some(small) => {
                *small -= n as u16;
                self.packed.split_to(n).freeze()
            }
            None => Bytes::new(),
        }
    }

    fn memory(&self) -> usize {
        let big: usize = self.big.iter().map(Bytes::len).sum();
        self.borders.capacity() * 2 + self.big.capacity() * size_of::<Bytes>() + self.packed.capacity() + big
    }
}

/// What Node's `flowing` can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flowing {
    /// null: nobody has said.
    Undecided,
    No,
    Yes,
}

#[derive(Clone, Debug)]
pub(crate) struct Readable {
    pub(crate) hwm: u32,
    pub(crate) length: u64,
    chunks: Option<Box<Chunks>>,
    pub(crate) flowing: Flowing,
    /// Null until `pause` or `resume` was called.
    paused: Option<bool>,
    data_listening: bool,
    readable_listening: bool,
    /// A demand is outstanding: the next chunk answers it.
    reading: bool,
    sync: bool,
    need_readable: bool,
    emitted_readable: bool,
    resume_scheduled: bool,
    reading_more: bool,
    pub(crate) ended: bool,
    pub(crate) end_emitted: bool,
}

impl Readable {
    pub(crate) const fn new(hwm: u32) -> Self {
        Self {
            hwm,
            length: 0,
            chunks: None,
            flowing: Flowing::Undecided,
            paused: None,
            data_listening: false,
            readable_listening: false,
            reading: false,
            sync: true,
            need_readable: false,
            emitted_readable: false,
            resume_scheduled: false,
            reading_more: false,
            ended: false,
            end_emitted: false,
        }
    }

    pub(crate) fn revive(&mut self) {
        self.reading = false;
        self.ended = false;
        self.end_emitted = false;
    }

    /// Node's `isPaused()`.
    pub(crate) fn is_paused(&self) -> bool {
        self.paused == Some(true) || self.flowing == Flowing::No
    }

    /// Bytes of memory that unread chunks take.
    pub(crate) fn memory(&self) -> usize {
        self.chunks.as_ref().map_or(0, |c| c.memory())
    }

    fn can_push_more(&self) -> bool {
        !self.ended && (self.length < u64::from(self.hwm) || self.length == 0)
    }

    /// How much of what is there a `read(n)` gets (rule R14).
    fn how_much(&self, n: Option<u32>) -> u32 {
        if n == Some(0) || (self.length == 0 && self.ended) {
            return 0;
        }
        match n {
            None if self.flowing == Flowing::Yes && self.length > 0 => {
                self.chunks.as_ref().map_or(0, |c| c.first_len()) as u32
            }
            None => self.length as u32,
            Some(n) if u64::from(n) <= self.length => n,
            Some(_) if self.ended => self.length as u32,
            Some(_) => 0,
        }
    }

    fn take(&mut self, n: u32) -> Option<Bytes> {
        if n == 0 || self.length == 0 {
            return None;
        }
        let bytes = self.chunks.as_mut()?.take(n as usize);
        self.length -= bytes.len() as u64;
        if self.length == 0 {
            self.chunks = None;
        }
        Some(bytes)
    }
}

/// The next power of two, as Node raises a high water mark.
fn raised(n: u32) -> u32 {
    n.checked_next_power_of_two().unwrap_or(MAX_HIGH_WATER_MARK)
}

impl Core {
    /// Bytes came in (rule R2).
    pub(crate) fn pushed(&mut self, socket: SocketId, handle: HandleId, chunk: Bytes) -> Flow {
        self.refresh_timeout(socket);
        let s = &mut self.sockets[socket];
        if s.destroyed {
            return None;
        }
        let added = !s.r.ended && s.errored.is_none();
        self.push(Frame::PushTail { socket, handle, added });
        if !added {
            return None;
        }
        let s = &mut self.sockets[socket];
        s.r.reading = false;
        if s.r.flowing == Flowing::Yes && !s.r.sync && s.r.data_listening && s.r.length == 0 {
            return self.emit(socket, Event::Data(chunk));
        }
        s.r.length += chunk.len() as u64;
        s.r.chunks.get_or_insert_default().push(chunk);
        if s.r.need_readable {
            self.emit_readable(socket);
        }
        None
    }

    /// After a chunk was emitted or kept: read on, or stop the driver at the high water mark (rule R3).
    pub(crate) fn push_tail(&mut self, socket: SocketId, handle: HandleId, added: bool) -> Flow {
        if added {
            self.maybe_read_more(socket);
        }
        let s = &self.sockets[socket];
        if added && s.r.can_push_more() {
            return None;
        }
        let stop = !s.destroyed && s.link.handle() == Some(handle);
        self.handle_mut(handle, |h| {
            h.reading = false;
            h.started &= !stop;
        });
        if !stop {
            return None;
        }
        self.push(Frame::Ignore);
        self.ask(Asked::ReadStop(handle))
    }

    /// FIN came in (rule R5).
    pub(crate) fn ended(&mut self, socket: SocketId) -> Flow {
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
        self.read(socket, Some(0), ReadFor::Demand)
    }

    fn emit_readable(&mut self, socket: SocketId) {
        let r = &mut self.sockets[socket].r;
        r.need_readable = false;
        if !r.emitted_readable {
            r.emitted_readable = true;
            self.schedule(Job::EmitReadable(socket));
        }
    }

    pub(crate) fn emit_readable_now(&mut self, socket: SocketId) -> Flow {
        let s = &self.sockets[socket];
        let emits = !s.destroyed && s.errored.is_none() && (s.r.length > 0 || s.r.ended);
        self.push(Frame::ReadableEmitted(socket, emits));
        if emits { self.emit(socket, Event::Readable) } else { None }
    }

    pub(crate) fn readable_emitted(&mut self, socket: SocketId, emitted: bool) -> Flow {
        let r = &mut self.sockets[socket].r;
        if emitted {
            r.emitted_readable = false;
        }
        r.need_readable |= r.flowing != Flowing::Yes && !r.ended && r.length <= u64::from(r.hwm);
        self.flow(socket)
    }

    fn maybe_read_more(&mut self, socket: SocketId) {
        let r = &mut self.sockets[socket].r;
        if !r.reading_more {
            r.reading_more = true;
            self.schedule(Job::ReadMore(socket));
        }
    }

    /// One demand is enough: the driver never answers it within the call.
    pub(crate) fn read_more(&mut self, socket: SocketId) -> Flow {
        let r = &self.sockets[socket].r;
        let room = r.length < u64::from(r.hwm) || (r.flowing == Flowing::Yes && r.length == 0);
        let wants = !r.reading && !r.ended && room;
        self.push(Frame::ReadMoreTail(socket));
        if wants {
            return self.read(socket, Some(0), ReadFor::Demand);
        }
        None
    }

    pub(crate) fn read_more_tail(&mut self, socket: SocketId) -> Flow {
        self.sockets[socket].r.reading_more = false;
        None
    }

    /// `socket.read(n)`: demand more if there is little left, then give what there is (rules R13 to R16).
    pub(crate) fn read(&mut self, socket: SocketId, n: Option<u32>, purpose: ReadFor) -> Flow {
        let s = &mut self.sockets[socket];
        let r = &mut s.r;
        if let Some(n) = n {
            if n > MAX_HIGH_WATER_MARK {
                let received = alloc::format!("{n}");
                self.throw(NodeError::OutOfRange { name: "size", range: "<= 1GiB", received });
                return None;
            }
            if n > r.hwm {
                r.hwm = raised(n);
            }
        }
        if n != Some(0) {
            r.emitted_readable = false;
        }
        let full = if r.hwm != 0 { r.length >= u64::from(r.hwm) } else { r.length > 0 };
        if n == Some(0) && r.need_readable && (full || r.ended) {
            if r.length == 0 && r.ended {
                self.end_readable(socket);
            } else {
                self.emit_readable(socket);
            }
            return self.read_given(socket, None, purpose);
        }
        let wanted = n;
        let n = r.how_much(wanted);
        if n == 0 && r.ended {
            if r.length == 0 {
                self.end_readable(socket);
            }
            return self.read_given(socket, None, purpose);
        }
        let low = r.length == 0 || r.length.saturating_sub(u64::from(n)) < u64::from(r.hwm);
        let demand = r.need_readable || low;
        // `u32::MAX` stands for "all": no chunk is that long, `read(n)` is bounded by 1 GiB.
        let asked = wanted.unwrap_or(u32::MAX);
        self.push(Frame::ReadTail { socket, asked, n, purpose });
        let s = &mut self.sockets[socket];
        if !demand || s.r.reading || s.r.ended || s.destroyed || s.errored.is_some() {
            return None;
        }
        (s.r.reading, s.r.sync) = (true, true);
        if s.r.length == 0 {
            s.r.need_readable = true;
        }
        self.push(Frame::ReadDemanded(socket));
        self.read_demanded(socket)
    }

    pub(crate) fn demanded(&mut self, socket: SocketId) -> Flow {
        self.sockets[socket].r.sync = false;
        None
    }

    /// `_read`: start the driver, or wait for 'connect' (rule R1).
    pub(crate) fn read_demanded(&mut self, socket: SocketId) -> Flow {
        match self.sockets[socket].link {
            Link::Open(handle) => {
                if self.handles[handle].reading {
                    return None;
                }
                self.handle_mut(handle, |h| (h.reading, h.started) = (true, true));
                self.push(Frame::ReadStarted(socket));
                self.ask(Asked::ReadStart(handle))
            }
            Link::Opening(_) | Link::Detached => {
                self.once_internal(socket, EventKind::Connect, Internal::Read);
                None
            }
        }
    }

    pub(crate) fn read_started(&mut self, socket: SocketId) -> Flow {
        match self.take_reply() {
            Reply::Failed(errno) => self.destroy(socket, Some(Arc::new(NodeError::system(errno, "read")))),
            _ => None,
        }
    }

    pub(crate) fn read_tail(&mut self, socket: SocketId, asked: u32, n: u32, purpose: ReadFor) -> Flow {
        let s = &mut self.sockets[socket];
        let given = s.r.take(n);
        let taken = given.as_ref().map_or(0, |_| n);
        if given.is_none() {
            s.r.need_readable |= s.r.length <= u64::from(s.r.hwm);
        }
        if s.r.length == 0 {
            if !s.r.ended {
                s.r.need_readable = true;
            }
            if asked != taken && s.r.ended {
                self.end_readable(socket);
            }
        }
        let s = &self.sockets[socket];
        match given {
            Some(chunk) if !s.error_emitted && !s.close_emitted => {
                self.push(Frame::ReadGiven(socket, Some(chunk.clone()), purpose));
                self.emit(socket, Event::Data(chunk))
            }
            given => self.read_given(socket, given, purpose),
        }
    }

    pub(crate) fn read_given(&mut self, socket: SocketId, given: Option<Bytes>, purpose: ReadFor) -> Flow {
        match purpose {
            ReadFor::User => {
                self.outcome(Outcome::Chunk(given));
                None
            }
            ReadFor::Flow if given.is_some() => self.flow(socket),
            ReadFor::Flow | ReadFor::Demand => None,
        }
    }

    /// While flowing: one chunk after the other (rule R7).
    pub(crate) fn flow(&mut self, socket: SocketId) -> Flow {
        if self.sockets[socket].r.flowing == Flowing::Yes { self.read(socket, None, ReadFor::Flow) } else { None }
    }

    fn end_readable(&mut self, socket: SocketId) {
        let r = &mut self.sockets[socket].r;
        if !r.end_emitted {
            r.ended = true;
            self.schedule(Job::EndReadable(socket));
        }
    }

    /// 'end', once and only when everything was read (rule R6).
    pub(crate) fn end_readable_tick(&mut self, socket: SocketId) -> Flow {
        let s = &mut self.sockets[socket];
        if s.errored.is_some() || s.close_emitted || s.r.end_emitted || s.r.length > 0 {
            return None;
        }
        s.r.end_emitted = true;
        self.push(Frame::EndEmitted(socket));
        self.emit(socket, Event::End)
    }

    /// Not half-open: this side ends too, in a tick; both over: the socket destroys itself (rules L12, L13).
    pub(crate) fn end_emitted(&mut self, socket: SocketId) -> Flow {
        let s = &self.sockets[socket];
        if s.is_writable() && !s.options.allow_half_open {
            self.schedule(Job::EndWritable(socket));
            return None;
        }
        if s.w.finished { self.destroy(socket, None) } else { None }
    }

    pub(crate) fn end_writable_tick(&mut self, socket: SocketId) -> Flow {
        let s = &self.sockets[socket];
        if s.is_writable() && !s.w.ending && !s.destroyed { self.end(socket, None, None) } else { None }
    }

    /// `socket.pause()` (rule R8)
    pub(crate) fn pause(&mut self, socket: SocketId) -> Flow {
        self.push(Frame::PauseTail(socket));
        let r = &mut self.sockets[socket].r;
        if r.flowing == Flowing::No {
            return None;
        }
        r.flowing = Flowing::No;
        self.emit(socket, Event::Pause)
    }

    pub(crate) fn pause_tail(&mut self, socket: SocketId) -> Flow {
        self.sockets[socket].r.paused = Some(true);
        None
    }

    /// `socket.resume()` (rule R9)
    pub(crate) fn resume(&mut self, socket: SocketId) {
        let r = &mut self.sockets[socket].r;
        if r.flowing != Flowing::Yes {
            r.flowing = if r.readable_listening { Flowing::No } else { Flowing::Yes };
            if !r.resume_scheduled {
                r.resume_scheduled = true;
                self.schedule(Job::Resume(socket));
            }
        }
        self.sockets[socket].r.paused = Some(false);
    }

    pub(crate) fn resume_tick(&mut self, socket: SocketId) -> Flow {
        self.push(Frame::ResumeFlow(socket));
        if self.sockets[socket].r.reading { None } else { self.read(socket, Some(0), ReadFor::Demand) }
    }

    pub(crate) fn resume_flow(&mut self, socket: SocketId) -> Flow {
        self.sockets[socket].r.resume_scheduled = false;
        self.push(Frame::ResumeTail(socket));
        self.push(Frame::FlowOn(socket));
        self.emit(socket, Event::Resume)
    }

    pub(crate) fn resume_tail(&mut self, socket: SocketId) -> Flow {
        let r = &self.sockets[socket].r;
        if r.flowing == Flowing::Yes && !r.reading { self.read(socket, Some(0), ReadFor::Demand) } else { None }
    }

    /// `pauseOnConnect`: nothing is read until `resume`.
    pub(crate) fn paused_on_create(&mut self, socket: SocketId) {
        self.sockets[socket].r.flowing = Flowing::No;
    }

    /// A user listener was added that the stream must know of (rules R10, R11).
    pub(crate) fn listener_added(&mut self, socket: SocketId, kind: EventKind) {
        let s = &mut self.sockets[socket];
        match kind {
            EventKind::Data => {
                s.r.data_listening = true;
                s.r.readable_listening |= s.listeners.count(EventKind::Readable) > 0;
                if s.r.flowing != Flowing::No {
                    self.resume(socket);
                }
            }
            EventKind::Readable if !s.r.end_emitted && !s.r.readable_listening => {
                (s.r.readable_listening, s.r.need_readable) = (true, true);
                s.r.flowing = Flowing::No;
                s.r.emitted_readable = false;
                if s.r.length > 0 {
                    self.emit_readable(socket);
                } else if !s.r.reading {
                    self.schedule(Job::ReadDemand(socket));
                }
            }
            _ => {}
        }
    }

    /// A user listener was removed (rule R12).
    pub(crate) fn listener_gone(&mut self, target: crate::step::Target, kind: EventKind) {
        let crate::step::Target::Socket(socket) = target else { return };
        match kind {
            EventKind::Readable => {
                self.schedule(Job::UpdateReadableListening(socket));
            }
            EventKind::Data => {
                let s = &mut self.sockets[socket];
                if s.listeners.count(EventKind::Data) == 0 {
                    s.r.data_listening = false;
                }
            }
            _ => {}
        }
    }

    pub(crate) fn update_readable_listening(&mut self, socket: SocketId) {
        let s = &mut self.sockets[socket];
        s.r.readable_listening = s.listeners.count(EventKind::Readable) > 0;
        if s.r.resume_scheduled && s.r.paused == Some(false) {
            s.r.flowing = Flowing::Yes;
        } else if s.r.data_listening {
            self.resume(socket);
        } else if !s.r.readable_listening {
            s.r.flowing = Flowing::Undecided;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chunks(parts: &[&[u8]]) -> Chunks {
        let mut chunks = Chunks::default();
        for part in parts {
            chunks.push(Bytes::copy_from_slice(part));
        }
        chunks
    }

    #[test]
    fn borders_are_kept_and_small_chunks_packed() {
        let big = [7u8; PACK_BELOW];
        let mut list = chunks(&[b"ab", &big, b"c"]);
        assert_eq!(list.first_len(), 2);
        assert_eq!(list.pop().as_deref(), Some(&b"ab"[..]));
        assert_eq!(list.first_len(), PACK_BELOW);
        assert_eq!(list.pop().map(|b| b.len()), Some(PACK_BELOW));
        assert_eq!(list.pop().as_deref(), Some(&b"c"[..]));
        assert_eq!(list.pop(), None);
    }

    #[test]
    fn read_joins_over_borders_and_splits_inside() {
        let mut list = chunks(&[b"abc", b"de", b"fgh"]);
        assert_eq!(&list.take(2)[..], b"ab");
        assert_eq!(&list.take(2)[..], b"cd");
        assert_eq!(&list.take(1)[..], b"e");
        assert_eq!(&list.take(3)[..], b"fgh");
        assert_eq!(list.pop(), None);
    }

    #[test]
    fn b2_single_bytes_stay_within_the_named_bound() {
        let mut list = Chunks::default();
        let block = Bytes::from(alloc::vec![1u8; 64 * 1024]);
        for at in 0..16 * 1024 {
            list.push(block.slice(at..=at));
        }
        assert!(list.memory() <= 2 * 16 * 1024 + 64 * 1024, "{} bytes", list.memory());
    }
}
