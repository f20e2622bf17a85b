//! The block that all reading goes through.

use bytes::{Bytes, BytesMut};
use rustix::fd::BorrowedFd;
use rustix::io::{Errno, read, retry_on_intr};
use rustix::net::{RecvFlags, recv};
use std::cell::Cell;
use std::mem::MaybeUninit;

/// How much is read at a time, in bytes: libuv's number.
pub(super) const BLOCK: usize = 64 * 1024;

/// How often one descriptor is read in a row: libuv's number.
pub(super) const READS: u8 = 32;

/// A read that brings as many bytes is a large one: what comes next is expected to be large too.
const LARGE: usize = 48 * 1024;

/// Memory of another owner's that large reads go into, such as that of a language which so need not copy them.
///
/// A descriptor whose last read brought less than 48 KiB, or that reads less than 64 KiB at a time, does not come here.
pub trait Memory {
    /// Room for one read, and how much is read at most; `None` leaves this read to the system's own block. What is not
    /// [filled](Self::filled) may be given again.
    fn room(&mut self) -> Option<&mut [MaybeUninit<u8>]>;

    /// The first `count` bytes of the room, at least one, are what was read: as the machine is to have them.
    fn filled(&mut self, count: usize) -> Bytes;
}

/// One block for all descriptors: what was read last, from its beginning. It is given out without copying; when nobody else
/// holds it any more the block is used again, so a program that lets go of its chunks allocates nothing here.
#[derive(Default)]
pub(super) struct Block {
    own: Bytes,
    memory: Option<Box<dyn Memory>>,
}

impl Block {
    pub(super) fn set_memory(&mut self, memory: Box<dyn Memory>) {
        self.memory = Some(memory);
    }

    /// Reads once, at most `most` bytes and at most [`BLOCK`]; empty at the end of the stream. `large` says whether the last
    /// read of this descriptor was, and then whether this one is.
    #[inline]
    pub(super) fn read(&mut self, source: Source<'_>, most: usize, large: &Cell<bool>) -> Result<Bytes, Errno> {
        let elsewhere = if large.get() { self.read_elsewhere(source, most) } else { None };
        let read = elsewhere.unwrap_or_else(|| self.read_here(source, most));
        if let Ok(bytes) = &read {
            large.set(bytes.len() >= LARGE);
        }
        read
    }

    #[inline(always)]
    fn read_here(&mut self, source: Source<'_>, most: usize) -> Result<Bytes, Errno> {
        let mut block = match std::mem::take(&mut self.own).try_into_mut() {
            Ok(block) => block,
            Err(_held) => Self::shared(),
        };
        block.clear();
        let spare = &mut block.spare_capacity_mut()[..BLOCK.min(most)];
        let read = source.read_once(spare);
        // SAFETY: the block was empty, and the system has filled the first `count` bytes of its spare room.
        unsafe { block.set_len(read.unwrap_or(0)) };
        self.own = block.freeze();
        read.map(|_count| self.own.clone())
    }

    #[cold]
    fn read_elsewhere(&mut self, source: Source<'_>, most: usize) -> Option<Result<Bytes, Errno>> {
        let memory = self.memory.as_mut().filter(|_| most >= BLOCK)?;
        let read = source.read_once(memory.room()?.get_mut(..BLOCK)?);
        Some(read.map(|count| if count == 0 { Bytes::new() } else { memory.filled(count) }))
    }

    /// A new block, in the form in which it is given out and comes back: one that was split.
    #[cold]
    fn shared() -> BytesMut {
        let mut block = BytesMut::with_capacity(BLOCK);
        drop(block.split());
        block
    }
}

/// A descriptor to read from. A FIFO knows no `recv`; a socket knows both, and of the two `recv` is the cheaper on Linux.
#[derive(Clone, Copy)]
pub(super) struct Source<'fd> {
    pub(super) fd: BorrowedFd<'fd>,
    pub(super) fifo: bool,
}

impl Source<'_> {
    #[inline]
    fn read_once(self, into: &mut [MaybeUninit<u8>]) -> Result<usize, Errno> {
        retry_on_intr(|| match self.fifo {
            true => read(self.fd, &mut *into).map(|(filled, _)| filled.len()),
            false => recv(self.fd, &mut *into, RecvFlags::empty()).map(|((filled, _), _)| filled.len()),
        })
    }
}

impl std::fmt::Debug for Block {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Block").field(&self.own.len()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::fd::{AsFd, OwnedFd};
    use rustix::io::write;
    use rustix::net::{AddressFamily, SocketFlags, SocketType, socketpair};
    use std::cell::RefCell;
    use std::rc::Rc;

    fn fifo(fd: &OwnedFd) -> Source<'_> {
        Source { fd: fd.as_fd(), fifo: true }
    }

    fn socket(fd: &OwnedFd) -> Source<'_> {
        Source { fd: fd.as_fd(), fifo: false }
    }

    #[test]
    fn a_block_that_nobody_holds_is_used_again() {
        let (from, to) = rustix::pipe::pipe().unwrap();
        let mut block = Block::default();
        let mut read = |text: &[u8]| {
            write(&to, text).unwrap();
            block.read(fifo(&from), BLOCK, &Cell::default()).unwrap()
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
        assert!(Block::default().read(fifo(&from), BLOCK, &Cell::default()).unwrap().is_empty());
    }

    /// Rooms that were made, and those that were filled.
    #[derive(Default)]
    struct Rooms {
        room: Vec<MaybeUninit<u8>>,
        filled: Rc<RefCell<Vec<usize>>>,
    }

    impl Memory for Rooms {
        fn room(&mut self) -> Option<&mut [MaybeUninit<u8>]> {
            self.room.resize(BLOCK, MaybeUninit::new(0));
            Some(&mut self.room)
        }

        fn filled(&mut self, count: usize) -> Bytes {
            self.filled.borrow_mut().push(count);
            // SAFETY: the room was made of zeros.
            self.room[..count].iter().map(|byte| unsafe { byte.assume_init() }).collect()
        }
    }

    #[test]
    fn what_comes_after_a_large_read_goes_into_the_memory_that_was_given() {
        let (from, to) = socketpair(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::empty(), None).unwrap();
        rustix::io::ioctl_fionbio(&from, true).unwrap();
        let rooms = Rooms::default();
        let filled = rooms.filled.clone();
        let told = filled.clone();
        let mut block = Block::default();
        block.set_memory(Box::new(rooms));
        let large = Cell::default();
        let mut sent = 0_u8;
        let mut read = |count: usize, most: usize| {
            sent += 1;
            let text = vec![sent; count];
            let mut left = &text[..];
            while !left.is_empty() {
                left = &left[write(&to, left).unwrap()..];
            }
            let got = block.read(socket(&from), most, &large).unwrap();
            assert_eq!(got, text);
            told.take()
        };
        assert_eq!(read(LARGE, BLOCK), [], "nothing is known of the descriptor");
        assert_eq!(read(LARGE - 1, BLOCK), [LARGE - 1], "the last was large");
        assert_eq!(read(LARGE, BLOCK), [], "the last was not");
        assert_eq!(read(LARGE, LARGE), [], "less is read at a time");
        assert_eq!(read(LARGE, BLOCK), [LARGE]);
        assert_eq!(block.read(socket(&from), BLOCK, &large), Err(Errno::AGAIN));
        drop(to);
        assert!(block.read(socket(&from), BLOCK, &large).unwrap().is_empty());
        assert_eq!(filled.take(), [], "neither is nothing to be read, nor the end");
    }
}
