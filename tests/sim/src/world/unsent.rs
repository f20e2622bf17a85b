//! What is left of a write, as the driver keeps it and tries it again: a system call each time.

use bytes::{Buf, Bytes};
use std::collections::VecDeque;

/// How many pieces one system call takes (IOV_MAX).
pub(super) const PIECES: usize = 1_024;

/// What is left of a write. When all of it is sent, the machine is still to hear of it.
#[derive(Clone, Debug, Default)]
pub(super) struct Queue {
    pieces: VecDeque<Bytes>,
    left: usize,
}

impl Queue {
    /// In bytes.
    pub(super) fn size(&self) -> usize {
        self.left
    }

    pub(super) fn is_sent(&self) -> bool {
        self.pieces.is_empty()
    }

    /// What the next system call is given.
    pub(super) fn next(&mut self) -> &[Bytes] {
        given(self.pieces.make_contiguous())
    }

    /// Takes over what a write has left, of which so many bytes are sent.
    pub(super) fn refill(&mut self, pieces: Vec<Bytes>, mut taken: usize) {
        self.left += pieces.iter().map(Bytes::len).sum::<usize>() - taken;
        self.pieces.extend(pieces);
        while let Some(first) = self.pieces.front_mut() {
            if first.len() > taken {
                return first.advance(taken);
            }
            taken -= first.len();
            self.pieces.pop_front();
        }
    }

    /// So many bytes were sent. As libuv counts: an empty piece behind them waits for a call of its own, and so does each
    /// further one.
    pub(super) fn count(&mut self, mut sent: usize) {
        self.left -= sent;
        while let Some(first) = self.pieces.front_mut() {
            let part = sent.min(first.len());
            first.advance(part);
            sent -= part;
            if first.is_empty() {
                self.pieces.pop_front();
            }
            if sent == 0 {
                return;
            }
        }
    }
}

/// As many as one system call takes.
pub(super) fn given(pieces: &[Bytes]) -> &[Bytes] {
    &pieces[..pieces.len().min(PIECES)]
}
