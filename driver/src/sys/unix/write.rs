//! Writing: at once, and what is left when the system lets us, a call each time, as libuv does it.

use super::os::SEND;
use bytes::{Buf, Bytes};
use rustix::fd::BorrowedFd;
use rustix::io::{Errno, IoSlice, Result, write, writev};
use rustix::net::{SendAncillaryBuffer, send, sendmsg};
use std::ops::{Deref, DerefMut};

/// How many pieces one system call takes (IOV_MAX on Linux and macOS).
const PIECES: usize = 1024;
/// As many as most writes have; the list of them is then small enough to cost nothing.
const FEW: usize = 16;

/// What is left of an unfinished write.
#[derive(Debug, Default)]
pub(super) struct Queue {
    /// The pieces before `head` are gone, and empty. When all are, the machine is still to hear of it.
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
        let mut rest = taken;
        while let Some(piece) = self.pieces.get(self.head)
            && piece.len() <= rest
        {
            rest -= piece.len();
            self.pass();
        }
        if rest > 0 {
            self.pieces[self.head].advance(rest);
        }
        self.left -= taken;
    }

    /// Writes what one call takes; whether that was all, which [`flush`](Self::flush) then says once more.
    pub(super) fn send(&mut self, fd: BorrowedFd<'_>, fifo: bool) -> std::result::Result<bool, Errno> {
        match send_once(fd, fifo, &self.pieces[self.head..]) {
            Ok(count) => self.count(count),
            Err(Stop::Full) => {}
            Err(Stop::Failed(error)) => return Err(error),
        }
        Ok(self.all_sent())
    }

    /// Writes what one call takes; whether that was the last of it. When it was, or has failed, nothing is left here.
    pub(super) fn flush(&mut self, fd: BorrowedFd<'_>, fifo: bool) -> std::result::Result<bool, Errno> {
        let sent = if self.all_sent() { Ok(true) } else { self.send(fd, fifo) };
        if sent != Ok(false) {
            self.pieces.clear();
            (self.head, self.left) = (0, 0);
        }
        sent
    }

    fn all_sent(&self) -> bool {
        self.head == self.pieces.len()
    }

    /// As libuv counts: an empty piece behind what was sent waits for a call of its own, and so does each further one. When
    /// a write ends can be seen.
    fn count(&mut self, mut count: usize) {
        self.left -= count;
        loop {
            let piece = &mut self.pieces[self.head];
            let part = count.min(piece.len());
            piece.advance(part);
            count -= part;
            if piece.is_empty() {
                self.pass();
            }
            if count == 0 {
                break;
            }
        }
    }

    /// The memory of a piece goes now, not when the whole write has ended.
    fn pass(&mut self) {
        self.pieces[self.head] = Bytes::new();
        self.head += 1;
    }
}

/// A queue that most connections never need: one word, until something is left of a write. Its room then stays.
#[derive(Debug, Default)]
pub(super) struct Unsent(Option<Box<Queue>>);

static NOTHING: Queue = Queue { pieces: Vec::new(), head: 0, left: 0 };

impl Deref for Unsent {
    type Target = Queue;

    #[inline]
    fn deref(&self) -> &Queue {
        self.0.as_deref().unwrap_or(&NOTHING)
    }
}

impl DerefMut for Unsent {
    fn deref_mut(&mut self) -> &mut Queue {
        self.0.get_or_insert_default()
    }
}

/// Why nothing was sent.
#[derive(Debug, PartialEq, Eq)]
enum Stop {
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

/// What came of the first call of a write.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Sent {
    /// Everything is with the system.
    All,
    /// The first `taken` bytes are.
    Part {
        taken: usize,
        /// The system takes no more now; else it was given no more, as there are more pieces than a call takes.
        full: bool,
    },
    Failed(Errno),
}

impl Sent {
    fn stopped(stop: Stop) -> Self {
        match stop {
            Stop::Full => Sent::Part { taken: 0, full: true },
            Stop::Failed(error) => Sent::Failed(error),
        }
    }
}

/// The first call of a write.
#[inline]
pub(super) fn send_first(fd: BorrowedFd<'_>, fifo: bool, pieces: &[Bytes]) -> Sent {
    // One piece, all of it taken: most writes.
    if let [piece] = pieces
        && !fifo
    {
        match send(fd, piece, SEND) {
            Ok(taken) if taken == piece.len() => return Sent::All,
            Ok(taken) => return Sent::Part { taken, full: true },
            Err(error) if again(error) => {}
            Err(error) => return Sent::stopped(Stop::of(error)),
        }
    }
    send_any(fd, fifo, pieces)
}

#[inline(never)]
fn send_any(fd: BorrowedFd<'_>, fifo: bool, pieces: &[Bytes]) -> Sent {
    match send_once(fd, fifo, pieces) {
        Ok(taken) => {
            let (given, rest) = pieces.split_at(pieces.len().min(PIECES));
            let size = |pieces: &[Bytes]| pieces.iter().map(Bytes::len).sum::<usize>();
            match taken == size(given) {
                true if size(rest) == 0 => Sent::All,
                whole => Sent::Part { taken, full: !whole },
            }
        }
        Err(stop) => Sent::stopped(stop),
    }
}

/// One system call, with as many pieces as it takes: so libuv does it, and tries again at the next readiness. Of one empty piece
/// the system is told too: it may know that the other side is gone. Several are a vectored write of nothing, which Linux
/// answers without a look at the socket. A FIFO knows no `send`: a program that does not ignore SIGPIPE, as Rust's do,
/// gets that signal when nobody reads.
#[inline]
fn send_once(fd: BorrowedFd<'_>, fifo: bool, pieces: &[Bytes]) -> std::result::Result<usize, Stop> {
    loop {
        let sent = match pieces {
            [piece] if fifo => write(fd, piece),
            [piece] => send(fd, piece, SEND),
            several if several.iter().take(PIECES).all(Bytes::is_empty) => return Ok(0),
            few if few.len() <= FEW => gather::<FEW>(fd, fifo, few),
            many => gather::<PIECES>(fd, fifo, many),
        };
        match sent {
            Err(error) if again(error) => {}
            sent => return sent.map_err(Stop::of),
        }
    }
}

/// Whether the call is to be made once more. macOS says EPROTOTYPE of a socket that is being torn down; the next try
/// gets the real error.
fn again(error: Errno) -> bool {
    error == Errno::INTR || cfg!(target_vendor = "apple") && error == Errno::PROTOTYPE
}

/// Not inlined: a list of a thousand pieces takes four pages of the stack, which a write of one piece is not to touch.
#[inline(never)]
fn gather<const N: usize>(fd: BorrowedFd<'_>, fifo: bool, pieces: &[Bytes]) -> Result<usize> {
    let mut slices = [IoSlice::new(&[]); N];
    let mut count = 0;
    for (slice, piece) in slices.iter_mut().zip(pieces) {
        *slice = IoSlice::new(piece);
        count += 1;
    }
    if fifo {
        return writev(fd, &slices[..count]);
    }
    sendmsg(fd, &slices[..count], &mut SendAncillaryBuffer::default(), SEND)
}

#[cfg(test)]
mod tests {
    use super::super::os;
    use super::*;
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
        assert_eq!(send_first(a.as_fd(), false, &none), Sent::All);
        drop(b);
        assert_eq!(send_first(a.as_fd(), false, &none), Sent::Failed(Errno::PIPE));
        let several = [Bytes::new(), Bytes::new()];
        assert_eq!(send_first(a.as_fd(), false, &several), Sent::All);
        let many = vec![Bytes::new(); PIECES + 1];
        assert_eq!(send_first(a.as_fd(), false, &many), Sent::All);
    }

    #[test]
    fn one_call_takes_so_many_pieces_and_each_readiness_is_one_more() {
        let (a, mut b) = pair();
        let (pieces, all) = pieces(PIECES * 3, 1);
        let size = |pieces: &[Bytes]| pieces.iter().map(Bytes::len).sum::<usize>();
        assert_eq!(send_first(a.as_fd(), false, &pieces[..PIECES]), Sent::All);
        let taken = size(&pieces[PIECES..PIECES * 2]);
        assert_eq!(send_first(a.as_fd(), false, &pieces[PIECES..]), Sent::Part { taken, full: false });
        let mut queue = Queue::default();
        queue.refill(|into| into.extend_from_slice(&pieces[PIECES..]), taken);
        assert_eq!(queue.size() as usize, size(&pieces[PIECES * 2..]));
        assert_eq!(queue.send(a.as_fd(), false), Ok(true));
        assert!(!queue.is_empty() && queue.size() == 0, "the machine has not heard of it");
        assert_eq!(queue.flush(a.as_fd(), false), Ok(true));
        assert!(queue.is_empty());
        drop(a);
        let mut got = Vec::new();
        b.read_to_end(&mut got).unwrap();
        assert_eq!(got, all);
    }

    #[test]
    fn what_the_system_does_not_take_is_kept_and_written_later() {
        let (a, mut b) = pair();
        let (pieces, all) = pieces(1000, 400);
        let Sent::Part { taken, full: true } = send_first(a.as_fd(), false, &pieces) else {
            panic!("more than the system takes");
        };
        let mut queue = Queue::default();
        queue.refill(|into| into.extend(pieces), taken);
        assert_eq!(queue.size() as usize, all.len() - taken);
        let mut got = Vec::new();
        let mut part = vec![0; 50_001];
        while !queue.flush(a.as_fd(), false).unwrap() {
            let count = b.read(&mut part).unwrap();
            got.extend_from_slice(&part[..count]);
        }
        assert!(queue.is_empty());
        drop(a);
        b.read_to_end(&mut got).unwrap();
        assert!(got == all);
    }

    #[test]
    fn each_empty_piece_at_the_end_waits_for_a_readiness_of_its_own() {
        let (a, mut b) = pair();
        let mut queue = Queue::default();
        let (text, empty) = (Bytes::from_static(b"abc"), Bytes::new());
        queue.refill(|into| into.extend([empty.clone(), text, empty.clone(), empty]), 1);
        for left in [2, 1] {
            assert_eq!(queue.flush(a.as_fd(), false), Ok(false), "{left} left");
            assert!(!queue.is_empty() && queue.size() == 0);
        }
        assert_eq!(queue.flush(a.as_fd(), false), Ok(true));
        assert!(queue.is_empty());
        drop(a);
        let mut got = Vec::new();
        b.read_to_end(&mut got).unwrap();
        assert_eq!(got, b"bc");
    }

    #[test]
    fn a_broken_connection_is_an_error_and_no_signal() {
        let a = os::socket(AddressFamily::UNIX).unwrap();
        drop(a);
        let (a, b) = pair();
        drop(b);
        assert_eq!(send_first(a.as_fd(), false, &[Bytes::from_static(b"x")]), Sent::Failed(Errno::PIPE));
    }
}
