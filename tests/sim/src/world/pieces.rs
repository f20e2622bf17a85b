//! Bytes that wait, as they were written.

use bytes::{Bytes, BytesMut};
use std::collections::VecDeque;

/// Pieces in a row, none of them empty. The first stands here and not on the heap: few sockets ever have two.
#[derive(Clone, Debug, Default)]
pub(super) struct Pieces {
    /// Empty when there are none.
    first: Bytes,
    #[expect(clippy::box_collection, reason = "one word of a socket where the list itself is four")]
    others: Option<Box<VecDeque<Bytes>>>,
}

impl Pieces {
    pub(super) fn is_empty(&self) -> bool {
        self.first.is_empty()
    }

    /// The first, if there is one.
    pub(super) fn front(&self) -> Option<&Bytes> {
        Some(&self.first).filter(|first| !first.is_empty())
    }

    pub(super) fn are_several(&self) -> bool {
        self.others.as_ref().is_some_and(|others| !others.is_empty())
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Bytes> {
        self.front().into_iter().chain(self.others.iter().flat_map(|others| others.iter()))
    }

    pub(super) fn push_back(&mut self, piece: Bytes) {
        debug_assert!(!piece.is_empty());
        match self.first.is_empty() {
            true => self.first = piece,
            false => self.others.get_or_insert_default().push_back(piece),
        }
    }

    /// Puts one behind the first `at`, of which there are so many.
    pub(super) fn insert(&mut self, at: usize, piece: Bytes) {
        match at {
            _ if self.first.is_empty() => self.first = piece,
            0 => {
                let second = std::mem::replace(&mut self.first, piece);
                self.others.get_or_insert_default().push_front(second);
            }
            _ => self.others.get_or_insert_default().insert(at - 1, piece),
        }
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    fn pop_front(&mut self) -> Bytes {
        let next = self.others.as_mut().and_then(|others| others.pop_front()).unwrap_or_default();
        std::mem::replace(&mut self.first, next)
    }

    /// Takes `n` bytes from the front, which are there.
    pub(super) fn take(&mut self, n: usize) -> Bytes {
        if self.first.len() == n {
            return self.pop_front();
        }
        if self.first.len() > n {
            return self.first.split_to(n);
        }
        let mut joined = BytesMut::with_capacity(n);
        while joined.len() < n && !self.is_empty() {
            let part = n - joined.len();
            let part = if part < self.first.len() { self.first.split_to(part) } else { self.pop_front() };
            joined.extend_from_slice(&part);
        }
        joined.freeze()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(pieces: &Pieces) -> Vec<&[u8]> {
        pieces.iter().map(|piece| &piece[..]).collect()
    }

    #[test]
    fn pieces_keep_their_order() {
        let mut pieces = Pieces::default();
        assert_eq!((pieces.is_empty(), pieces.front()), (true, None));
        for piece in ["abc", "de", "f"] {
            pieces.push_back(piece.into());
        }
        pieces.insert(1, "x".into());
        pieces.insert(0, "y".into());
        assert_eq!(text(&pieces), [&b"y"[..], b"abc", b"x", b"de", b"f"]);
        assert_eq!(pieces.take(3), "yab");
        assert_eq!(pieces.take(1), "c");
        assert!(pieces.are_several());
        assert_eq!(pieces.take(4), "xdef");
        assert_eq!((pieces.is_empty(), pieces.are_several(), pieces.take(0).len()), (true, false, 0));
        pieces.insert(0, "z".into());
        assert_eq!(text(&pieces), [&b"z"[..]]);
        pieces.clear();
        assert!(pieces.is_empty());
    }
}
