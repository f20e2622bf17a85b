//! The readable half: flowing, paused, or read by hand (rules R1 to R22).

use super::chunks::{Kept, Piece, as_told, most_units};
use super::{Link, OnRead};
use crate::bugs::bug;
use crate::call::Reply;
use crate::command::{Chunk, Outcome};
use crate::decoder::Decoder;
use crate::engine::Core;
use crate::engine::frame::{Asked, Flow, Frame, Job, ReadFor};
use crate::error::NodeError;
use crate::id::{HandleId, SocketId};
use crate::listeners::Internal;
use crate::state_key::Key;
use crate::step::{Emit, Event, EventKind};
use crate::text::Encoding;
use alloc::boxed::Box;
use alloc::string::String;
use alloc::sync::Arc;
use bytes::Bytes;

/// Node's greatest high water mark, to which `read(n)` can raise it: 1 GiB.
const MAX_HIGH_WATER_MARK: u32 = 0x4000_0000;

/// What Node's `flowing` can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Flowing {
    /// null: nobody has said.
    Undecided,
    No,
    Yes,
}

#[derive(Clone, Debug)]
pub(crate) struct Readable {
    pub(crate) hwm: u32,
    /// Of what is kept, in bytes; in UTF-16 units when there is a decoder.
    pub(crate) length: u64,
    kept: Option<Box<Kept>>,
    decoder: Option<Box<Decoder>>,
    pub(crate) flowing: Flowing,
    /// Null until `pause` or `resume` was called.
    paused: Option<bool>,
    pub(super) data_listening: bool,
    pub(crate) readable_listening: bool,
    /// A demand is outstanding: the next chunk answers it.
    pub(super) reading: bool,
    pub(super) sync: bool,
    pub(super) need_readable: bool,
    pub(super) emitted_readable: bool,
    pub(super) resume_scheduled: bool,
    pub(super) reading_more: bool,
    pub(crate) ended: bool,
    pub(crate) end_emitted: bool,
    /// 'data' was emitted.
    pub(crate) did_read: bool,
}

impl Readable {
    pub(super) fn key(&self, k: &mut Key) {
        k.of(&(self.hwm, self.length, self.flowing, self.paused));
        k.flags([self.decoder.is_some(), self.data_listening, self.readable_listening, self.reading, self.sync]);
        k.flags([self.need_readable, self.emitted_readable, self.resume_scheduled, self.reading_more]);
        k.flags([self.ended, self.end_emitted, self.did_read]);
        if let Some(decoder) = &self.decoder {
            decoder.key(k);
        }
        if let Some(kept) = &self.kept {
            kept.key(k);
        }
        k.word(u64::MAX);
    }

    pub(crate) const fn new(hwm: u32, used: bool) -> Self {
        Self {
            hwm,
            length: 0,
            kept: None,
            decoder: None,
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
            ended: !used,
            end_emitted: !used,
            did_read: false,
        }
    }

    /// A side that was never to be used stays over (rule R24).
    pub(crate) fn revive(&mut self, used: bool) {
        self.reading = false;
        self.ended = !used;
        self.end_emitted = !used;
    }

    /// Node's `isPaused()`.
    pub(crate) fn is_paused(&self) -> bool {
        self.paused == Some(true) || self.flowing == Flowing::No
    }

    /// `pause` came after `resume`.
    pub(crate) fn told_to_pause(&self) -> bool {
        self.paused == Some(true)
    }

    /// Bytes of memory that unread chunks take.
    pub(crate) fn memory(&self) -> usize {
        self.kept.as_ref().map_or(0, |kept| kept.memory())
    }

    #[inline]
    pub(super) fn can_push_more(&self) -> bool {
        !self.ended && (self.length < u64::from(self.hwm) || self.length == 0)
    }

    /// Somebody hears 'data', and a chunk goes to them as it came: no demand is being made, nothing is decoded.
    #[inline]
    pub(super) fn is_heard(&self) -> bool {
        self.data_listening && !self.sync && self.decoder.is_none()
    }

    /// A chunk goes to the listeners, and is not kept.
    #[inline]
    pub(super) fn taken_at_once(&mut self) {
        (self.reading, self.did_read) = (false, true);
    }

    /// So much is kept that a demand of nothing asks the driver for no more.
    fn is_full(&self) -> bool {
        if self.hwm != 0 { self.length >= u64::from(self.hwm) } else { self.length > 0 }
    }

    /// Little is left once so much is taken: more is demanded.
    fn is_low(&self, taken: u32) -> bool {
        self.length == 0 || self.length.saturating_sub(u64::from(taken)) < u64::from(self.hwm)
    }

    /// How much of what is there a `read(n)` gets (rule R14).
    fn how_much(&self, n: Option<u32>) -> u32 {
        if n == Some(0) || (self.length == 0 && self.ended) {
            return 0;
        }
        match n {
            None if self.flowing == Flowing::Yes && self.length > 0 => {
                self.kept.as_ref().map_or(0, |kept| kept.first_len()) as u32
            }
            None => self.length as u32,
            Some(n) if u64::from(n) <= self.length => n,
            Some(_) if self.ended => self.length as u32,
            Some(_) => 0,
        }
    }

    fn take(&mut self, n: u32) -> Option<Piece> {
        if n == 0 || self.length == 0 {
            return None;
        }
        let (piece, len) = match &mut **self.kept.as_mut()? {
            Kept::Bytes(chunks) => {
                let bytes = chunks.take(n as usize);
                let len = bytes.len() as u64;
                (Piece::Bytes(bytes), len)
            }
            Kept::Text(texts) => {
                let text = texts.take(n as usize);
                let units = u64::from(text.units());
                (Piece::Text(text), units)
            }
        };
        self.length -= len;
        if self.length == 0 {
            self.kept = None;
        }
        Some(piece)
    }

    /// Whether a chunk that there is now is emitted, and not kept; it is, then.
    fn emits_at_once(&mut self) -> bool {
        let flows = self.flowing == Flowing::Yes || bug!(DataWhilePaused);
        let at_once = flows && !self.sync && self.data_listening && self.length == 0;
        self.did_read |= at_once;
        at_once
    }

    fn keep_first(&mut self, piece: Piece) {
        match (self.kept.as_deref_mut(), piece) {
            (Some(Kept::Bytes(chunks)), Piece::Bytes(bytes)) => {
                self.length += bytes.len() as u64;
                chunks.push_front(bytes);
            }
            (Some(Kept::Text(texts)), Piece::Text(text)) => {
                self.length += u64::from(text.units());
                texts.push_front(&text, text.units() as usize);
            }
            (None, piece) => self.keep(piece),
            (Some(_), _) => debug_assert!(false, "a socket keeps bytes or text"),
        }
    }

    fn keep(&mut self, piece: Piece) {
        match piece {
            Piece::Bytes(bytes) => {
                self.length += bytes.len() as u64;
                match &mut **self.kept.get_or_insert_with(|| Box::new(Kept::Bytes(Default::default()))) {
                    Kept::Bytes(chunks) => chunks.push(bytes),
                    Kept::Text(_) => debug_assert!(false, "bytes do not follow text"),
                }
            }
            Piece::Text(text) => {
                self.length += u64::from(text.units());
                match &mut **self.kept.get_or_insert_with(|| Box::new(Kept::Text(Default::default()))) {
                    Kept::Text(texts) => texts.push(&text, text.units() as usize),
                    Kept::Bytes(_) => debug_assert!(false, "text does not follow bytes"),
                }
            }
        }
    }

    /// Node's `readableEncoding`.
    pub(crate) fn encoding(&self) -> Option<Encoding> {
        self.decoder.as_ref().map(|decoder| decoder.encoding())
    }
}

/// The next power of two, as Node raises a high water mark.
fn raised(n: u32) -> u32 {
    n.checked_next_power_of_two().unwrap_or(MAX_HIGH_WATER_MARK)
}

/// A piece as 'data'.
fn data(piece: Piece) -> Event {
    match piece {
        Piece::Bytes(bytes) => Event::Data(bytes),
        Piece::Text(text) => Event::Text(text),
    }
}

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

    fn stop_driver(&mut self, handle: HandleId) -> Flow {
        self.handle_mut(handle, |h| (h.reading, h.started) = (false, false));
        self.push(Frame::Ignore);
        self.ask(Asked::ReadStop(handle))
    }

    /// With `onread`, the connection's handle if the stream believes that the driver reads, or that it does not.
    fn driven(&self, socket: SocketId, reading: bool) -> Option<HandleId> {
        let s = &self.sockets[socket];
        match s.link {
            Link::Open(handle) if s.rare.on_read.is_some() && self.handles[handle].reading == reading => Some(handle),
            _ => None,
        }
    }

    /// Starts the driver; with `onread` it is told the size of the buffer first.
    fn start_driver(&mut self, socket: SocketId, handle: HandleId) -> Flow {
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

    fn emit_readable(&mut self, socket: SocketId) {
        let r = &mut self.sockets[socket].r;
        r.need_readable = false;
        if !r.emitted_readable {
            r.emitted_readable = true;
            if bug!(ReadableForgotten) {
                return;
            }
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

    /// One demand is enough: the driver never answers it within the call.
    #[inline(always)]
    pub(crate) fn read_more(&mut self, socket: SocketId) -> Flow {
        let r = &mut self.sockets[socket].r;
        let room = r.length < u64::from(r.hwm) || (r.flowing == Flowing::Yes && r.length == 0);
        let wants = !r.reading && !r.ended && room;
        r.reading_more &= wants;
        if !wants || self.demand_while_driven(socket) {
            return None;
        }
        self.push(Frame::ReadMoreTail(socket));
        self.read(socket, Some(0), ReadFor::Demand)
    }

    /// What [`read_more`](Self::read_more) demands while the driver reads: whether that is all there is to it. Nobody is
    /// called and nothing is asked then, so it is done at once.
    #[inline(always)]
    fn demand_while_driven(&mut self, socket: SocketId) -> bool {
        let s = &mut self.sockets[socket];
        let Link::Open(handle) = s.link else { return false };
        let over = s.r.ended || s.destroyed || s.errored.is_some();
        if over || s.r.need_readable && s.r.is_full() || !self.handles[handle].reading {
            return false;
        }
        let r = &mut s.r;
        if !r.reading && (r.need_readable || r.is_low(0)) {
            (r.reading, r.sync) = (true, false);
        }
        r.need_readable |= r.length <= u64::from(r.hwm);
        r.reading_more = false;
        true
    }

    pub(crate) fn read_more_tail(&mut self, socket: SocketId) -> Flow {
        self.sockets[socket].r.reading_more = false;
        None
    }

    /// `socket.read(n)`: demand more if there is little left, then give what there is (rules R13 to R16).
    pub(crate) fn read(&mut self, socket: SocketId, n: Option<u32>, purpose: ReadFor) -> Flow {
        if let Some(handle) = self.driven(socket, false) {
            self.push(Frame::ReadOn { socket, n, purpose });
            return self.start_driver(socket, handle);
        }
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
        if n == Some(0) && r.need_readable && (r.is_full() || r.ended) {
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
        let demand = r.need_readable || r.is_low(n);
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
                self.start_driver(socket, handle)
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
            Some(piece) if bug!(ReadIsSilent) && purpose == ReadFor::User => {
                self.read_given(socket, Some(piece), purpose)
            }
            Some(piece) if !s.error_emitted && !s.close_emitted => {
                self.push(Frame::ReadGiven(socket, Some(piece.clone()), purpose));
                self.emit_data(socket, piece)
            }
            given => self.read_given(socket, given, purpose),
        }
    }

    fn emit_data(&mut self, socket: SocketId, piece: Piece) -> Flow {
        self.sockets[socket].r.did_read = true;
        self.emit(socket, data(piece))
    }

    pub(crate) fn read_given(&mut self, socket: SocketId, given: Option<Piece>, purpose: ReadFor) -> Flow {
        match purpose {
            ReadFor::User => {
                self.outcome(match given {
                    None => Outcome::Chunk(None),
                    Some(Piece::Bytes(bytes)) => Outcome::Chunk(Some(bytes)),
                    Some(Piece::Text(text)) => Outcome::Text(text),
                });
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
        let ended = s.r.end_emitted && !bug!(EndTwice);
        if s.errored.is_some() || s.close_emitted || ended || (s.r.length > 0 && !bug!(EndWhileKept)) {
            return None;
        }
        s.r.end_emitted = true;
        self.push(Frame::EndEmitted(socket));
        if bug!(EndLost) { None } else { self.emit(socket, Event::End) }
    }

    /// Not half-open: this side ends too, in a tick; both over: the socket destroys itself (rules L12, L13).
    pub(crate) fn end_emitted(&mut self, socket: SocketId) -> Flow {
        let s = &self.sockets[socket];
        if bug!(NeverAnswersEnd) {
            return None;
        }
        if bug!(DestroysAtEnd) {
            return self.destroy(socket, None);
        }
        if s.is_writable() && (!s.options.allow_half_open || bug!(HalfOpenEnds)) {
            if bug!(EndsWithinEnd) {
                return self.end_writable_tick(socket);
            }
            self.schedule(Job::EndWritable(socket));
            return None;
        }
        if s.w.finished && !bug!(EndStaysOpen) { self.destroy(socket, None) } else { None }
    }

    pub(crate) fn end_writable_tick(&mut self, socket: SocketId) -> Flow {
        let s = &self.sockets[socket];
        if s.is_writable() && !s.w.ending && !s.destroyed { self.end(socket, None, None) } else { None }
    }

    /// `socket.pause()`: with `onread` the driver stops first (rule R22).
    pub(crate) fn user_pause(&mut self, socket: SocketId) -> Flow {
        match self.driven(socket, true) {
            Some(handle) => {
                self.push(Frame::PauseOn(socket));
                self.stop_driver(handle)
            }
            None => self.pause(socket),
        }
    }

    /// `stream.pause()` (rule R8)
    pub(crate) fn pause(&mut self, socket: SocketId) -> Flow {
        self.push(Frame::PauseTail(socket));
        let r = &mut self.sockets[socket].r;
        if r.flowing == Flowing::No && !bug!(PauseTwice) {
            return None;
        }
        r.flowing = Flowing::No;
        self.emit(socket, Event::Pause)
    }

    pub(crate) fn pause_tail(&mut self, socket: SocketId) -> Flow {
        self.sockets[socket].r.paused = Some(true);
        None
    }

    /// `socket.resume()` (rule R9); with `onread` the driver starts at once (rule R22).
    pub(crate) fn resume(&mut self, socket: SocketId) -> Flow {
        match self.driven(socket, false) {
            Some(handle) => {
                self.push(Frame::ResumeOn(socket));
                self.start_driver(socket, handle)
            }
            None => self.stream_resume(socket),
        }
    }

    pub(crate) fn stream_resume(&mut self, socket: SocketId) -> Flow {
        let r = &mut self.sockets[socket].r;
        if r.flowing != Flowing::Yes {
            r.flowing = if r.readable_listening { Flowing::No } else { Flowing::Yes };
            if bug!(ResumesWithinCall) {
                self.sockets[socket].r.paused = Some(false);
                return self.resume_tick(socket);
            }
            if !r.resume_scheduled || bug!(ResumeTwice) {
                r.resume_scheduled = true;
                self.schedule(Job::Resume(socket));
            }
        }
        self.sockets[socket].r.paused = Some(false);
        None
    }

    pub(crate) fn resume_tick(&mut self, socket: SocketId) -> Flow {
        self.push(Frame::ResumeFlow(socket));
        if self.sockets[socket].r.reading { None } else { self.read(socket, Some(0), ReadFor::Demand) }
    }

    pub(crate) fn resume_flow(&mut self, socket: SocketId) -> Flow {
        self.sockets[socket].r.resume_scheduled = false;
        self.push(Frame::ResumeTail(socket));
        if !bug!(KeptStays) {
            self.push(Frame::FlowOn(socket));
        }
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
    pub(crate) fn listener_added(&mut self, socket: SocketId, kind: EventKind) -> Flow {
        let s = &mut self.sockets[socket];
        match kind {
            EventKind::Data => {
                s.r.data_listening = true;
                s.r.readable_listening |= s.listeners.count(EventKind::Readable) > 0;
                if s.r.flowing != Flowing::No {
                    return self.resume(socket);
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
        None
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

    pub(crate) fn update_readable_listening(&mut self, socket: SocketId) -> Flow {
        let s = &mut self.sockets[socket];
        s.r.readable_listening = s.listeners.count(EventKind::Readable) > 0;
        if s.r.resume_scheduled && s.r.paused == Some(false) {
            s.r.flowing = Flowing::Yes;
        } else if s.r.data_listening {
            return self.resume(socket);
        } else if !s.r.readable_listening {
            s.r.flowing = Flowing::Undecided;
        }
        None
    }
}
