//! The block that all reading goes through.

use bytes::{Bytes, BytesMut};
use rustix::fd::BorrowedFd;
use rustix::io::{Errno, read, retry_on_intr};
use rustix::net::{RecvFlags, recv};

/// How much is read at a time, in bytes: libuv's number.
pub(super) const BLOCK: usize = 64 * 1024;

/// How often one descriptor is read in a row: libuv's number.
pub(super) const READS: u8 = 32;

/// One block for all descriptors: what was read last, from its beginning. It is given out without copying; when nobody else
/// holds it any more the block is used again, so a program that lets go of its chunks allocates nothing here.
#[derive(Debug, Default)]
pub(super) struct Block(Bytes);

impl Block {
    /// Reads once, at most `most` bytes and at most [`BLOCK`]; empty at the end of the stream. A FIFO knows no `recv`; a
    /// socket knows both, and of the two `recv` is the cheaper on Linux.
    pub(super) fn read(&mut self, fd: BorrowedFd<'_>, fifo: bool, most: usize) -> Result<Bytes, Errno> {
        let mut block = match std::mem::take(&mut self.0).try_into_mut() {
            Ok(block) => block,
            Err(_held) => Self::shared(),
        };
        block.clear();
        let spare = &mut block.spare_capacity_mut()[..BLOCK.min(most)];
        let read = retry_on_intr(|| match fifo {
            true => read(fd, &mut *spare).map(|(filled, _)| filled.len()),
            false => recv(fd, &mut *spare, RecvFlags::empty()).map(|((filled, _), _)| filled.len()),
        });
        // SAFETY: the block was empty, and the system has filled the first `count` bytes of its spare room.
        unsafe { block.set_len(read.unwrap_or(0)) };
        self.0 = block.freeze();
        read.map(|_count| self.0.clone())
    }

    /// A new block, in the form in which it is given out and comes back: one that was split.
    #[cold]
    fn shared() -> BytesMut {
        let mut block = BytesMut::with_capacity(BLOCK);
        drop(block.split());
        block
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::fd::AsFd;
    use rustix::io::write;

    #[test]
    fn a_block_that_nobody_holds_is_used_again() {
        let (from, to) = rustix::pipe::pipe().unwrap();
        let mut block = Block::default();
        let mut read = |text: &[u8]| {
            write(&to, text).unwrap();
            block.read(from.as_fd(), true, BLOCK).unwrap()
        };
        let place = read(b"one").as_ptr();
        let held = read(b"two");
        assert_eq!(held.as_ptr(), place);
        let other = read(b"three");
        assert_eq!((&held[..], &other[..]), (&b"two"[..], &b"three"[..]));
        let again = other.as_ptr();
        drop(other);
        assert_eq!(read(b"four").as_ptr(), again);
    }

    #[test]
    fn the_end_is_empty() {
        let (from, to) = rustix::pipe::pipe().unwrap();
        drop(to);
        assert!(Block::default().read(from.as_fd(), true, BLOCK).unwrap().is_empty());
    }
}
