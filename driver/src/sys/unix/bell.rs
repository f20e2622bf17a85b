//! What ends a wait from another thread.

use super::os;
use rustix::fd::BorrowedFd;
use rustix::io::{Errno, read, retry_on_intr, write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Ends a [`System`](super::System)'s wait, from any thread. Cheap to clone, and harmless after the system is gone.
///
/// Many wakes before the loop has woken cost one system call together.
#[derive(Clone, Debug)]
pub struct Waker(Arc<Bell>);

#[derive(Debug)]
struct Bell {
    /// An eventfd, or the two ends of a pipe. Non-blocking: a bell that is full has rung.
    ends: os::BellEnds,
    rung: AtomicBool,
}

impl Waker {
    pub(super) fn new() -> rustix::io::Result<Self> {
        Ok(Self(Arc::new(Bell { ends: os::BellEnds::new()?, rung: AtomicBool::new(false) })))
    }

    /// Makes the running wait, or else the next one, return at once.
    pub fn wake(&self) {
        let bell = &*self.0;
        // What was handed over before this call is seen by the loop: it takes its work after it has cleared `rung`.
        if !bell.rung.swap(true, Ordering::AcqRel) {
            let rang = retry_on_intr(|| write(bell.ends.to_write(), &1u64.to_ne_bytes()));
            debug_assert!(matches!(rang, Ok(_) | Err(Errno::AGAIN)), "the bell is ours: {rang:?}");
        }
    }

    /// Makes the bell silent. In this order: were `rung` cleared first, a wake in between would be read away here and
    /// `rung` stay set, so that nothing would ever ring again.
    pub(super) fn clear(&self) {
        let mut sink = [0; 64];
        let _silent = retry_on_intr(|| read(self.0.ends.to_read(), &mut sink));
        // A swap, not a store: it reads what the last wake wrote, and so what was handed over before that is seen.
        self.0.rung.swap(false, Ordering::AcqRel);
    }

    pub(super) fn to_read(&self) -> BorrowedFd<'_> {
        self.0.ends.to_read()
    }
}
