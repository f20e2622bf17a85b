//! What was read and waits for the user: chunks with their borders, of bytes or of text.

use crate::decoder::{Decoder, ReadText, units};
use alloc::collections::VecDeque;
use alloc::string::String;
use bytes::{Buf, Bytes, BytesMut};

/// A kept chunk shorter than this is copied out of the block it was read into: a peer that sends single bytes to a
/// paused reader would otherwise pin a whole block with each.
const PACK_BELOW: usize = 16 * 1024;

/// Chunks that wait to be read, in order, with their borders.
///
/// In memory: two bytes a chunk, the bytes of small chunks packed together, big ones as they came (rule B2).
#[derive(Clone, Debug, Default)]
pub(super) struct Chunks {
    /// The length of each chunk; 0 stands for the next big one.
    borders: VecDeque<u16>,
    big: VecDeque<Bytes>,
    packed: BytesMut,
}

impl Chunks {
    pub(super) fn push(&mut self, chunk: Bytes) {
        if chunk.len() < PACK_BELOW {
            self.borders.push_back(chunk.len() as u16);
            self.packed.extend_from_slice(&chunk);
        } else {
            self.borders.push_back(0);
            self.big.push_back(chunk);
        }
    }

    pub(super) fn first_len(&self) -> usize {
        match self.borders.front() {
            Some(0) => self.big.front().map_or(0, Bytes::len),
            Some(&small) => usize::from(small),
            None => 0,
        }
    }

    pub(super) fn pop(&mut self) -> Option<Bytes> {
        match self.borders.pop_front()? {
            0 => self.big.pop_front(),
            small => Some(self.packed.split_to(usize::from(small)).freeze()),
        }
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

    pub(super) fn memory(&self) -> usize {
        let big: usize = self.big.iter().map(Bytes::len).sum();
        self.borders.capacity() * 2 + self.big.capacity() * size_of::<Bytes>() + self.packed.capacity() + big
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
                let mut left = first - n;
                self.borders.push_front((left - 1).rem_euclid(LONGEST) as u16 + 1);
                while left > LONGEST {
                    self.borders.push_front(0);
                    left -= LONGEST;
                }
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
