//! One connection of the peers that are written by hand on a poller: what an event makes of it. They differ in how they wait.

use rustix::fd::AsFd;
use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags, recv, send};

/// How much is read at once.
pub const BLOCK: usize = 64 * 1024;
/// How often one connection is read in a row.
const READS: u32 = 32;

/// What a poller says of a connection.
#[derive(Clone, Copy, Debug)]
pub struct Ready {
    /// There is something to read.
    pub read: bool,
    /// The system takes bytes again.
    pub write: bool,
    /// The other side has ended, or the connection is broken: reading will tell.
    pub last: bool,
}

/// A connection that echoes.
#[derive(Debug, Default)]
pub struct Echo {
    /// What the system did not take; while there is some nothing is read.
    unsent: Vec<u8>,
    /// There may be more to read: with a poller that tells of each change once.
    readable: bool,
}

impl Echo {
    /// Whether it waits to write, and does not read.
    pub const fn is_full(&self) -> bool {
        !self.unsent.is_empty()
    }

    /// All that one event brought.
    ///
    /// # Errors
    /// The connection is over: it failed, or the other side has ended.
    #[inline]
    pub fn turn(&mut self, fd: impl AsFd, ready: Ready, block: &mut [u8]) -> Result<(), Errno> {
        self.readable |= ready.last || ready.read;
        if self.is_full() && ready.write {
            let count = sent(&fd, &self.unsent)?;
            self.unsent.drain(..count);
        }
        for _ in 0..READS {
            if !self.readable || self.is_full() {
                break;
            }
            let count = match recv(&fd, &mut *block, RecvFlags::empty()) {
                Ok((0, _)) => return Err(Errno::CONNRESET),
                Ok((count, _)) => count,
                Err(Errno::INTR) => continue,
                Err(Errno::AGAIN) => {
                    self.readable = false;
                    break;
                }
                Err(error) => return Err(error),
            };
            // After a short read there is no more, except the end, of which the poller tells.
            self.readable = count == block.len() || ready.last;
            let took = sent(&fd, &block[..count])?;
            if took < count {
                self.unsent.extend_from_slice(&block[took..count]);
            }
        }
        Ok(())
    }
}

/// How much of `bytes` the system takes.
fn sent(fd: impl AsFd, bytes: &[u8]) -> Result<usize, Errno> {
    let mut taken = 0;
    while taken < bytes.len() {
        match send(&fd, &bytes[taken..], SendFlags::NOSIGNAL) {
            Ok(count) => taken += count,
            Err(Errno::AGAIN) => break,
            Err(Errno::INTR) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(taken)
}
