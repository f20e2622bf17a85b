//! What was read and waits for the user: chunks with their borders, of bytes or of text.

use crate::decoder::{Decoder, ReadText, units};
use crate::state_key::Key;
use alloc::collections::VecDeque;
use alloc::string::String;
use bytes::{Buf, Bytes, BytesMut};

/// A kept chunk shorter than this is copied out of the block it was read into: a peer that sends single bytes to a
/// paused reader would otherwise pin a whole block with each. A little over half a block, so that those that are kept as
/// they came pin less than twice their length.
const PACK_BELOW: usize = 33 * 1024;

/// What a driver reads into at a time, and so what a chunk that is kept as it came may pin.
const BLOCK: usize = 64 * 1024;

/// Chunks that wait to be read, in order, with their borders.
///
/// In memory: the bytes of small chunks packed together, with a bit for each, and big ones as they came (rule B2).
#[derive(Clone, Debug, Default)]
pub(super) struct Chunks {
    /// The bytes of the small ones, and how much memory they have.
    packed: BytesMut,
    room: usize,
    /// A bit for each packed byte, after the `gone` first: set for the last byte of a chunk.
    ends: VecDeque<u8>,
    gone: usize,
    big: VecDeque<Big>,
    /// Packed bytes after the last big one.
    after: usize,
}

/// A chunk that is kept as it came.
#[derive(Clone, Debug)]
struct Big {
    /// Packed bytes between it and the one before it.
    before: usize,
    bytes: Bytes,
    /// The memory that it pins.
    room: usize,
}

/// A half more than is needed now: what grows by doubling could be twice the bound.
const fn roomy(needed: usize) -> usize {
    if needed < 64 { needed } else { needed + needed / 2 }
}

impl Chunks {
    pub(super) fn push(&mut self, chunk: Bytes) {
        if chunk.len() >= PACK_BELOW {
            let (before, room) = (core::mem::take(&mut self.after), chunk.len().max(BLOCK));
            self.big.push_back(Big { before, bytes: chunk, room });
        } else if !chunk.is_empty() {
            self.pack(&chunk);
        }
    }

    /// In front of the others, as it is.
    pub(super) fn push_front(&mut self, chunk: Bytes) {
        let room = chunk.len();
        self.big.push_front(Big { before: 0, bytes: chunk, room });
    }

    fn pack(&mut self, chunk: &[u8]) {
        let len = self.packed.len() + chunk.len();
        if self.packed.capacity() < len && !self.packed.try_reclaim(chunk.len()) {
            self.repack(roomy(len));
        }
        self.packed.extend_from_slice(chunk);
        self.after += chunk.len();
        let last = self.gone + len - 1;
        let bytes = last / 8 + 1;
        if self.ends.capacity() < bytes {
            self.ends.reserve_exact(roomy(bytes) - self.ends.len());
        }
        self.ends.resize(bytes, 0);
        self.ends[last / 8] |= 1 << (last % 8);
    }

    /// Moves what is packed to so much memory of its own.
    fn repack(&mut self, room: usize) {
        let mut packed = BytesMut::with_capacity(room);
        packed.extend_from_slice(&self.packed);
        (self.packed, self.room) = (packed, room);
    }

    pub(super) fn first_len(&self) -> usize {
        match self.big.front() {
            Some(Big { before: 0, bytes, .. }) => bytes.len(),
            _ => self.first_small(),
        }
    }

    fn first_small(&self) -> usize {
        let Some(first) = self.ends.front() else { return 0 };
        let first = first >> self.gone;
        if first != 0 {
            return first.trailing_zeros() as usize + 1;
        }
        let at = 1 + self.ends.iter().skip(1).take_while(|bits| **bits == 0).count();
        let bits = self.ends.get(at).map_or(0, |bits| bits.trailing_zeros() as usize);
        at * 8 - self.gone + bits + 1
    }

    pub(super) fn pop(&mut self) -> Option<Bytes> {
        if self.big.front().is_some_and(|big| big.before == 0) {
            return self.big.pop_front().map(|big| big.bytes);
        }
        let first = self.first_small();
        (first > 0).then(|| self.cut(first))
    }

    /// The first `n` packed bytes, which stand before the first big chunk. Memory goes with them.
    fn cut(&mut self, n: usize) -> Bytes {
        match self.big.front_mut() {
            Some(big) => big.before -= n,
            None => self.after -= n,
        }
        let (gone, bytes) = (self.gone + n, self.packed.split_to(n).freeze());
        if self.packed.is_empty() {
            (self.packed, self.room, self.ends, self.gone) = Default::default();
            return bytes;
        }
        self.ends.drain(..gone / 8);
        self.gone = gone % 8;
        if self.room > self.packed.len() * 8 / 5 {
            self.repack(self.packed.len());
            self.ends.shrink_to_fit();
        }
        bytes
    }

    /// Takes `n` bytes, no more than there are: one chunk or a part of it without copying, else joined.
    pub(super) fn take(&mut self, n: usize) -> Bytes {
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
        let Some(Big { before: 0, bytes, room }) = self.big.front_mut() else { return self.cut(n) };
        let first = bytes.split_to(n);
        if *room > 2 * bytes.len() {
            *bytes = Bytes::copy_from_slice(bytes);
            *room = bytes.len();
        }
        first
    }

    /// The chunks as their lengths. Where in memory they are, and how much of it they have, is not in it.
    fn key(&self, k: &mut Key) {
        let mut big = self.big.iter();
        let mut next = big.next();
        let (mut until_big, mut length) = (next.map(|b| b.before), 0_u64);
        for at in self.gone..=self.gone + self.packed.len() {
            while until_big == Some(0) {
                k.len(next.map_or(0, |b| b.bytes.len()));
                next = big.next();
                until_big = next.map(|b| b.before);
            }
            until_big = until_big.map(|n| n - 1);
            length += 1;
            if self.ends.get(at / 8).is_some_and(|bits| bits >> (at % 8) & 1 == 1) {
                k.word(length);
                length = 0;
            }
        }
    }

    /// The list of the big ones, which has 56 bytes for each, is not counted.
    pub(super) fn memory(&self) -> usize {
        self.room + self.ends.capacity() + self.big.iter().map(|big| big.room).sum::<usize>()
    }
}

/// Chunks of text that wait to be read, in order, with their borders. All is counted in UTF-16 units.
///
/// In memory: two bytes a chunk, and the text packed together as UTF-8 (rule B2).
#[derive(Clone, Debug, Default)]
pub(super) struct Texts {
    /// The length of each chunk; 0 stands for 65,535, and more of the same chunk follows.
    borders: VecDeque<u16>,
    packed: BytesMut,
}

/// The longest part of a chunk that one border can tell, in units.
const LONGEST: usize = u16::MAX as usize;

impl Texts {
    pub(super) fn push(&mut self, text: &str, mut units: usize) {
        self.packed.extend_from_slice(text.as_bytes());
        while units > LONGEST {
            self.borders.push_back(0);
            units -= LONGEST;
        }
        self.borders.push_back(units as u16);
    }

    pub(super) fn push_front(&mut self, text: &str, units: usize) {
        let mut packed = BytesMut::with_capacity(text.len() + self.packed.len());
        packed.extend_from_slice(text.as_bytes());
        packed.extend_from_slice(&self.packed);
        self.packed = packed;
        self.push_front_border(units);
    }

    fn push_front_border(&mut self, mut units: usize) {
        self.borders.push_front((units - 1).rem_euclid(LONGEST) as u16 + 1);
        while units > LONGEST {
            self.borders.push_front(0);
            units -= LONGEST;
        }
    }

    pub(super) fn first_len(&self) -> usize {
        let longest = self.borders.iter().take_while(|&&border| border == 0).count();
        LONGEST * longest + self.borders.get(longest).map_or(0, |&last| usize::from(last))
    }

    /// Takes `n` units, no more than there are. A pair that is cut becomes U+FFFD on either side (rule D13).
    pub(super) fn take(&mut self, n: usize) -> ReadText {
        self.take_borders(n);
        let (mut end, mut left) = (0, n);
        while left > 0 {
            let (bytes, units) = match self.packed.get(end) {
                Some(0xf0..) if left == 1 => break,
                Some(0xf0..) => (4, 2),
                Some(0xe0..) => (3, 1),
                Some(0xc0..) => (2, 1),
                Some(_) => (1, 1),
                None => break,
            };
            end += bytes;
            left -= units;
        }
        let mut text = String::from_utf8_lossy(&self.packed[..end]).into_owned();
        self.packed.advance(end);
        if left > 0 && self.packed.len() >= 4 {
            text.push(char::REPLACEMENT_CHARACTER);
            self.packed.advance(1);
            char::REPLACEMENT_CHARACTER.encode_utf8(&mut self.packed[..3]);
        }
        text.into()
    }

    fn take_borders(&mut self, mut n: usize) {
        while n > 0 && !self.borders.is_empty() {
            let first = self.first_len();
            while self.borders.pop_front() == Some(0) {}
            if n < first {
                self.push_front_border(first - n);
            }
            n = n.saturating_sub(first);
        }
    }

    pub(super) fn memory(&self) -> usize {
        self.borders.capacity() * 2 + self.packed.capacity()
    }
}

/// All that waits to be read of one socket.
#[derive(Clone, Debug)]
pub(super) enum Kept {
    Bytes(Chunks),
    Text(Texts),
}

impl Kept {
    pub(super) fn first_len(&self) -> usize {
        match self {
            Kept::Bytes(chunks) => chunks.first_len(),
            Kept::Text(texts) => texts.first_len(),
        }
    }

    pub(super) fn memory(&self) -> usize {
        match self {
            Kept::Bytes(chunks) => chunks.memory(),
            Kept::Text(texts) => texts.memory(),
        }
    }

    pub(super) fn key(&self, k: &mut Key) {
        match self {
            Kept::Bytes(chunks) => chunks.key(k),
            Kept::Text(texts) => texts.borders.iter().for_each(|border| k.word((*border).into())),
        }
    }

    /// Everything as one text.
    pub(super) fn decode(self, decoder: &mut Decoder) -> String {
        match self {
            Kept::Bytes(mut chunks) => {
                let mut text = String::new();
                while let Some(chunk) = chunks.pop() {
                    text.push_str(&decoder.write(&chunk));
                }
                text
            }
            Kept::Text(texts) => String::from_utf8_lossy(&texts.packed).into_owned(),
        }
    }
}

/// A chunk on its way to the user.
#[derive(Clone, Debug)]
pub(crate) enum Piece {
    Bytes(Bytes),
    Text(ReadText),
}

/// What a decoder made of a chunk; in a replay that has no bytes, a text of the length that it had (`told`). At most
/// `most` units are believed.
pub(super) fn as_told(text: String, told: Option<u32>, most: usize) -> ReadText {
    match told {
        Some(told) if units(&text) != told as usize => {
            ReadText::nuls(told.min(u32::try_from(most).unwrap_or(u32::MAX)))
        }
        _ => text.into(),
    }
}

/// How many units so many bytes can give: two a byte in hex, and what was begun before.
pub(super) const fn most_units(bytes: usize) -> usize {
    2 * bytes + 8
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

    /// A model of the chunks: what is pushed, popped, taken and split comes as from a plain list, and memory stays within
    /// the bound (rule B2) however they come.
    #[test]
    fn b2_chunks_are_as_a_list_of_them_and_small() {
        let mut seed = 1u64;
        let mut below = |n: usize| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (seed >> 33) as usize % n
        };
        for mark in [1usize, 2, 3, 10, 100, 5000, 16 * 1024, 40_000, 70_000, 200_000] {
            for longest in [1usize, 2, 20, 3000, PACK_BELOW, 65_536] {
                let (mut chunks, mut model, mut byte) = (Chunks::default(), VecDeque::<Bytes>::new(), 0u8);
                for _ in 0..50 {
                    let mut length: usize = model.iter().map(Bytes::len).sum();
                    // Until the mark is reached, sometimes less; then some is read.
                    while length < mark && below(mark.min(200)) != 1 {
                        let chunk: alloc::vec::Vec<u8> =
                            (0..1 + below(longest)).map(|n| byte.wrapping_add(n as u8)).collect();
                        byte = byte.wrapping_add(31);
                        length += chunk.len();
                        let chunk = Bytes::from(chunk);
                        chunks.push(chunk.clone());
                        model.push_back(chunk);
                        let bound = 2 * mark + 64 * 1024;
                        assert!(chunks.memory() <= bound, "{mark} {longest}: {} of {length}", chunks.memory());
                        if mark > 5000 && longest < 100 && below(1000) == 0 {
                            break;
                        }
                    }
                    assert_eq!(chunks.first_len(), model.front().map_or(0, Bytes::len));
                    if below(2) == 0 {
                        assert_eq!(chunks.pop(), model.pop_front());
                    } else if length > 0 {
                        let mut n = 1 + below(length);
                        let got = chunks.take(n);
                        let mut at = 0;
                        while n > 0 {
                            let mut first = model.pop_front().unwrap();
                            let part = first.split_to(n.min(first.len()));
                            assert_eq!(got[at..at + part.len()], part);
                            (at, n) = (at + part.len(), n - part.len());
                            if !first.is_empty() {
                                model.push_front(first);
                            }
                        }
                        assert_eq!(at, got.len());
                    }
                }
            }
        }
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
    fn r19_text_keeps_its_borders_in_units() {
        let mut list = Texts::default();
        let long: String = "é".repeat(3 * LONGEST + 1);
        for text in ["ab", "𝄞", &long, "c"] {
            list.push(text, units(text));
        }
        assert_eq!(list.first_len(), 2);
        assert_eq!(list.take(2), "ab");
        assert_eq!(list.take(1), "\u{fffd}", "half a pair");
        assert_eq!(list.first_len(), 1);
        assert_eq!(list.take(2), "\u{fffd}é");
        assert_eq!(list.first_len(), 3 * LONGEST);
        assert_eq!(list.take(LONGEST + 5).units() as usize, LONGEST + 5);
        assert_eq!(list.first_len(), 2 * LONGEST - 5);
        assert_eq!(list.take(2 * LONGEST - 5 + 1).chars().last(), Some('c'));
        assert_eq!((list.first_len(), list.packed.len()), (0, 0));
    }

    #[test]
    fn b2_single_characters_stay_within_the_named_bound() {
        let mut list = Texts::default();
        for _ in 0..16 * 1024 {
            list.push("\u{fffd}", 1);
        }
        assert!(list.memory() <= 10 * 16 * 1024 + 384 * 1024, "{} bytes", list.memory());
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
