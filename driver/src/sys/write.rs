//! Writing: all of it at once, or what is left when the system lets us.

use super::os::SEND;
use bytes::{Buf, Bytes};
use rustix::fd::BorrowedFd;
use rustix::io::{Errno, IoSlice, Result, write, writev};
use rustix::net::{SendAncillaryBuffer, send, sendmsg};

/// How many pieces one system call takes (IOV_MAX on Linux and macOS).
const PIECES: usize = 1024;
/// As many as most writes have; the list of them is then small enough to cost nothing.
const FEW: usize = 16;

/// What is left of an unfinished write.
#[derive(Debug, Default)]
pub(super) struct Queue {
    /// The pieces before `head` are gone, and empty.
    pieces: Vec<Bytes>,
    head: usize,
    left: usize,
}

impl Queue {
    pub(super) fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    /// In bytes.
    pub(super) fn size(&self) -> u64 {
        self.left as u64
    }

    /// Takes over what a write has left: `fill` appends its pieces, of which the first `taken` bytes are with the system.
    pub(super) fn refill(&mut self, fill: impl FnOnce(&mut Vec<Bytes>), taken: usize) {
        debug_assert!(self.is_empty() || taken == 0, "what is left goes first");
        fill(&mut self.pieces);
        self.left = self.pieces.iter().map(Bytes::len).sum();
        self.drop_front(taken);
    }

    /// Writes what it can; whether that was all. Empty pieces at the end are written on their own, when the system has room
    /// again: so libuv does it, and when a write ends can be seen.
    pub(super) fn flush(&mut self, fd: BorrowedFd<'_>, fifo: bool) -> std::result::Result<bool, Errno> {
        let sent = send_all(fd, fifo, &self.pieces[self.head..]);
        match sent.stopped {
            None => {
                let behind = self.pieces.iter().rev().take_while(|piece| piece.is_empty()).count();
                let more = self.left > 0 && behind > 0;
                self.clear();
                self.pieces.resize(if more { behind } else { 0 }, Bytes::new());
                Ok(!more)
            }
            Some(Stop::Full) => {
                self.drop_front(sent.taken);
                Ok(false)
            }
            Some(Stop::Failed(error)) => {
                self.clear();
                Err(error)
            }
        }
    }

    fn clear(&mut self) {
        self.pieces.clear();
        (self.head, self.left) = (0, 0);
    }

    fn drop_front(&mut self, mut taken: usize) {
        self.left -= taken;
        while let Some(piece) = self.pieces.get_mut(self.head) {
            if piece.len() > taken {
                piece.advance(taken);
                break;
            }
            taken -= piece.len();
            // Its memory goes now, not when the whole write has ended.
            *piece = Bytes::new();
            self.head += 1;
        }
    }
}

/// Why not everything was sent.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// The system takes no more now.
    Full,
    /// It takes no more at all.
    Failed(Errno),
}

impl Stop {
    fn of(error: Errno) -> Self {
        match error {
            // libuv waits in both cases.
            Errno::AGAIN | Errno::NOBUFS => Stop::Full,
            error => Stop::Failed(error),
        }
    }
}

/// How far a write came.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Sent {
    /// Bytes that are with the system.
    pub(super) taken: usize,
    /// `None` when that is all of them.
    pub(super) stopped: Option<Stop>,
}

/// Writes until everything is with the system or it takes no more. Of one empty piece the system is told too: it may know
/// that the other side is gone. Several are a vectored write of nothing, which Linux answers without a look at the socket. A
/// FIFO knows no `send`: a program that does not ignore SIGPIPE, as Rust's do, gets that signal when nobody reads.
pub(super) fn send_all(fd: BorrowedFd<'_>, fifo: bool, pieces: &[Bytes]) -> Sent {
    // One piece, all of it taken: most writes.
    if let [piece] = pieces
        && !fifo
        && !piece.is_empty()
    {
        match send(fd, piece, SEND) {
            Ok(taken) if taken == piece.len() => return Sent { taken, stopped: None },
            Ok(taken) => return send_rest(fd, fifo, pieces, taken),
            Err(error) if again(error) => {}
            Err(error) => return Sent { taken: 0, stopped: Some(Stop::of(error)) },
        }
    }
    send_rest(fd, fifo, pieces, 0)
}

/// As [`send_all`], from the first byte that is not with the system.
fn send_rest(fd: BorrowedFd<'_>, fifo: bool, pieces: &[Bytes], mut taken: usize) -> Sent {
    let mut at = Cursor { pieces, offset: 0 };
    at.skip(taken);
    loop {
        at.skip(0);
        let sent = match at.pieces.len() {
            0 if taken == 0 && pieces.len() == 1 && fifo => write(fd, &[]),
            0 if taken == 0 && pieces.len() == 1 => send(fd, &[], SEND),
            0 => return Sent { taken, stopped: None },
            1 if fifo => write(fd, &at.pieces[0][at.offset..]),
            1 => send(fd, &at.pieces[0][at.offset..], SEND),
            2..=FEW => gather::<FEW>(fd, fifo, &at),
            _ => gather::<PIECES>(fd, fifo, &at),
        };
        match sent {
            Ok(_) if at.pieces.is_empty() => return Sent { taken, stopped: None },
            Ok(count) => {
                taken += count;
                at.skip(count);
            }
            Err(error) if again(error) => {}
            Err(error) => return Sent { taken, stopped: Some(Stop::of(error)) },
        }
    }
}

/// Whether the call is to be made once more. macOS says EPROTOTYPE of a socket that is being torn down; the next try
/// gets the real error.
fn again(error: Errno) -> bool {
    error == Errno::INTR || cfg!(target_vendor = "apple") && error == Errno::PROTOTYPE
}

struct Cursor<'a> {
    pieces: &'a [Bytes],
    offset: usize,
}

impl Cursor<'_> {
    /// Past `count` bytes and whatever is empty.
    fn skip(&mut self, count: usize) {
        self.offset += count;
        while let Some(first) = self.pieces.first()
            && first.len() <= self.offset
        {
            self.offset -= first.len();
            self.pieces = &self.pieces[1..];
        }
    }
}

fn gather<const N: usize>(fd: BorrowedFd<'_>, fifo: bool, at: &Cursor<'_>) -> Result<usize> {
    let mut slices = [IoSlice::new(&[]); N];
    let mut offset = at.offset;
    let mut count = 0;
    for (slice, piece) in slices.iter_mut().zip(at.pieces) {
        *slice = IoSlice::new(&piece[offset..]);
        offset = 0;
        count += 1;
    }
    if fifo {
        return writev(fd, &slices[..count]);
    }
    sendmsg(fd, &slices[..count], &mut SendAncillaryBuffer::default(), SEND)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::os;
    use rustix::fd::{AsFd, OwnedFd};
    use rustix::net::{AddressFamily, SocketFlags, SocketType, socketpair};
    use std::io::Read;

    fn pair() -> (OwnedFd, std::os::unix::net::UnixStream) {
        let (a, b) = socketpair(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::empty(), None).unwrap();
        rustix::io::ioctl_fionbio(&a, true).unwrap();
        (a, b.into())
    }

    /// Pieces of many sizes, empty ones among them, whose bytes tell where they stand.
    fn pieces(count: usize, scale: usize) -> (Vec<Bytes>, Vec<u8>) {
        let mut all = Vec::new();
        let pieces = (0..count)
            .map(|i| {
                let piece: Vec<u8> = (0..i % 7 * scale).map(|n| (n + i * 31) as u8).collect();
                all.extend_from_slice(&piece);
                Bytes::from(piece)
            })
            .collect();
        (pieces, all)
    }

    #[test]
    fn the_system_hears_of_an_empty_write_and_not_of_several() {
        let (a, b) = pair();
        let none = [Bytes::new()];
        assert_eq!(send_all(a.as_fd(), false, &none), Sent { taken: 0, stopped: None });
        drop(b);
        assert_eq!(send_all(a.as_fd(), false, &none), Sent { taken: 0, stopped: Some(Stop::Failed(Errno::PIPE)) });
        let several = [Bytes::new(), Bytes::new()];
        assert_eq!(send_all(a.as_fd(), false, &several), Sent { taken: 0, stopped: None });
    }

    #[test]
    fn more_pieces_than_one_call_takes_arrive_in_order() {
        let (a, mut b) = pair();
        let (pieces, all) = pieces(PIECES * 2 + 5, 1);
        assert_eq!(send_all(a.as_fd(), false, &pieces), Sent { taken: all.len(), stopped: None });
        drop(a);
        let mut got = Vec::new();
        b.read_to_end(&mut got).unwrap();
        assert_eq!(got, all);
    }

    #[test]
    fn what_the_system_does_not_take_is_kept_and_written_later() {
        let (a, mut b) = pair();
        let (pieces, all) = pieces(3000, 400);
        let sent = send_all(a.as_fd(), false, &pieces);
        assert_eq!(sent.stopped, Some(Stop::Full));
        let mut queue = Queue::default();
        queue.refill(|into| into.extend(pieces), sent.taken);
        assert_eq!(queue.size() as usize, all.len() - sent.taken);
        let mut got = Vec::new();
        let mut part = vec![0; 50_001];
        while !queue.flush(a.as_fd(), false).unwrap() {
            let count = b.read(&mut part).unwrap();
            got.extend_from_slice(&part[..count]);
        }
        assert!(queue.is_empty());
        let mut queue = Queue::default();
        queue.refill(|into| into.extend([Bytes::from_static(b"abc"), Bytes::new()]), 1);
        assert_eq!(queue.flush(a.as_fd(), false), Ok(false));
        assert!(!queue.is_empty() && queue.size() == 0, "the empty piece goes later");
        assert_eq!(queue.flush(a.as_fd(), false), Ok(true));
        assert!(queue.is_empty());
        drop(a);
        b.read_to_end(&mut got).unwrap();
        assert!(got == [&all[..], b"bc"].concat());
    }

    #[test]
    fn a_broken_connection_is_an_error_and_no_signal() {
        let a = os::socket(AddressFamily::UNIX).unwrap();
        drop(a);
        let (a, b) = pair();
        drop(b);
        assert_eq!(send_all(a.as_fd(), false, &[Bytes::from_static(b"x")]).stopped, Some(Stop::Failed(Errno::PIPE)));
    }
}
