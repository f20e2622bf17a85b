//! The readable half: flowing, paused, or read by hand (rules R1 to R22).

mod flow;
mod push;
mod read;

use super::chunks::{Kept, Piece};
use crate::bugs::bug;
use crate::decoder::Decoder;
use crate::state_key::Key;
use crate::step::Event;
use crate::text::Encoding;
use alloc::boxed::Box;

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
    pub(in crate::socket) data_listening: bool,
    pub(crate) readable_listening: bool,
    /// A demand is outstanding: the next chunk answers it.
    pub(in crate::socket) reading: bool,
    pub(in crate::socket) sync: bool,
    pub(in crate::socket) need_readable: bool,
    pub(in crate::socket) emitted_readable: bool,
    pub(in crate::socket) resume_scheduled: bool,
    pub(in crate::socket) reading_more: bool,
    pub(crate) ended: bool,
    pub(crate) end_emitted: bool,
    /// 'data' was emitted.
    pub(crate) did_read: bool,
}

impl Readable {
    pub(in crate::socket) fn key(&self, k: &mut Key) {
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
    pub(in crate::socket) fn can_push_more(&self) -> bool {
        !self.ended && (self.length < u64::from(self.hwm) || self.length == 0)
    }

    /// Somebody hears 'data', and a chunk goes to them as it came: no demand is being made, nothing is decoded.
    #[inline]
    pub(in crate::socket) fn is_heard(&self) -> bool {
        self.data_listening && !self.sync && self.decoder.is_none()
    }

    /// A chunk goes to the listeners, and is not kept.
    #[inline]
    pub(in crate::socket) fn taken_at_once(&mut self) {
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
