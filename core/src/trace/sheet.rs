//! What a trace is written on.
//!
//! A `Vec` looks at each byte that is pushed whether there is room, and keeps its length in memory meanwhile. Records are made of
//! few and small pieces, so there is always room for those that go together, and they are put down one after the other.

use crate::id::Id;
use alloc::vec::Vec;

/// How much goes together, in bytes.
const ROOM: usize = 64;

/// Where bytes go.
pub(crate) trait Out {
    /// Room for a few small pieces that go together: no more than 64 bytes. Those that are then [put](Self::put) down stay.
    fn room(&mut self) -> Short<'_>;

    /// So many bytes were put down in the room that was given last.
    fn put(&mut self, len: usize);

    /// Puts down bytes as they are.
    fn bytes(&mut self, bytes: &[u8]);
}

/// Room for a few small pieces, put down one after the other. An id takes ten bytes at most, as a number does.
pub(crate) struct Short<'a> {
    room: &'a mut [u8; ROOM],
    len: usize,
}

impl Short<'_> {
    /// How many bytes were put down.
    #[inline(always)]
    pub(crate) const fn len(&self) -> usize {
        self.len
    }

    #[inline(always)]
    pub(crate) fn byte(&mut self, byte: u8) {
        self.room[self.len] = byte;
        self.len += 1;
    }

    #[inline(always)]
    pub(crate) fn array<const N: usize>(&mut self, bytes: [u8; N]) {
        self.room[self.len..self.len + N].copy_from_slice(&bytes);
        self.len += N;
    }

    /// Seven bits a byte, lowest first; the top bit says that more follow.
    #[inline(always)]
    pub(crate) fn number(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.byte(number as u8 | 0x80);
            number >>= 7;
        }
        self.byte(number as u8);
    }

    #[inline(always)]
    pub(crate) fn id(&mut self, id: impl Id) {
        let (slot, generation) = id.parts();
        self.number(u64::from(slot));
        self.number(u64::from(generation));
    }

    #[inline(always)]
    pub(crate) fn option<T>(&mut self, value: Option<T>, put: impl FnOnce(&mut Self, T)) {
        self.byte(u8::from(value.is_some()));
        if let Some(value) = value {
            put(self, value);
        }
    }
}

impl Out for Vec<u8> {
    fn room(&mut self) -> Short<'_> {
        let at = self.len();
        self.resize(at + ROOM, 0);
        Short { room: self[at..].first_chunk_mut().expect("as much was added"), len: 0 }
    }

    fn put(&mut self, len: usize) {
        self.truncate(self.len() - ROOM + len);
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.extend_from_slice(bytes);
    }
}

/// The bytes of a trace that are not taken yet, with room behind them.
#[derive(Debug)]
pub(crate) struct Sheet {
    /// From `len` on it is room.
    bytes: Vec<u8>,
    len: usize,
}

impl Sheet {
    /// As much as is given, with room for so many bytes in all.
    pub(crate) fn new(mut bytes: Vec<u8>, room: usize) -> Self {
        let len = bytes.len();
        bytes.resize(room.max(len), 0);
        Self { bytes, len }
    }

    #[inline]
    pub(crate) const fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn get(&self) -> &[u8] {
        &self.bytes[..self.len]
    }

    #[inline]
    pub(crate) fn get_mut(&mut self) -> &mut [u8] {
        &mut self.bytes[..self.len]
    }

    pub(crate) fn into_bytes(mut self) -> Vec<u8> {
        self.bytes.truncate(self.len);
        self.bytes
    }

    /// Forgets all from there on.
    pub(crate) fn truncate(&mut self, len: usize) {
        self.len = self.len.min(len);
    }

    /// Takes so many away from the beginning.
    pub(crate) fn taken(&mut self, count: usize) {
        if count > 0 {
            self.bytes.copy_within(count..self.len, 0);
            self.len -= count;
        }
    }

    /// Puts bytes in the place of one.
    pub(crate) fn replace(&mut self, at: usize, by: &[u8]) {
        let behind = self.bytes[at + 1..self.len].to_vec();
        self.truncate(at);
        self.bytes(by);
        self.bytes(&behind);
    }

    #[cold]
    fn grow(&mut self, more: usize) {
        let room = (self.len + more).max(2 * self.bytes.len());
        self.bytes.resize(room, 0);
    }
}

impl Out for Sheet {
    #[inline(always)]
    fn room(&mut self) -> Short<'_> {
        if self.bytes.len() - self.len < ROOM {
            self.grow(ROOM);
        }
        Short { room: self.bytes[self.len..].first_chunk_mut().expect("there is room"), len: 0 }
    }

    #[inline(always)]
    fn put(&mut self, len: usize) {
        self.len += len;
    }

    fn bytes(&mut self, bytes: &[u8]) {
        if self.bytes.len() - self.len < bytes.len() {
            self.grow(bytes.len());
        }
        self.bytes[self.len..self.len + bytes.len()].copy_from_slice(bytes);
        self.len += bytes.len();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn some(out: &mut impl Out, n: u64) {
        let mut short = out.room();
        short.number(n << (n % 57));
        short.option(n.is_multiple_of(2).then_some(n as u8), Short::byte);
        short.array((n as u32).to_le_bytes());
        let len = short.len();
        out.put(len);
        out.bytes(&[7; 100][..n as usize % 100]);
    }

    #[test]
    fn what_is_put_down_is_what_a_vec_has() {
        let (mut vec, mut sheet) = (Vec::from(*b"abc"), Sheet::new(Vec::from(*b"abc"), 0));
        for n in 0..200u64 {
            some(&mut vec, n);
            some(&mut sheet, n);
        }
        assert_eq!(sheet.get(), vec);
        sheet.taken(10);
        vec.drain(..10);
        sheet.replace(3, b"xyz");
        vec.splice(3..4, *b"xyz");
        assert_eq!((sheet.get(), sheet.len()), (&vec[..], vec.len()));
        sheet.truncate(20);
        sheet.truncate(30);
        assert_eq!(sheet.into_bytes(), vec[..20]);
    }
}
