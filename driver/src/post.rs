//! Work for the loop from other threads.

use crate::net::Net;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

type Posted<S, H> = Box<dyn FnOnce(&mut Net<S, H>) + Send>;

/// What the posters of one loop share with it.
pub(crate) struct Mailbox<S: 'static, H: 'static> {
    queue: Mutex<VecDeque<Posted<S, H>>>,
    /// How many posters there are.
    posters: AtomicUsize,
    wake: Arc<dyn Fn() + Send + Sync>,
}

impl<S, H> Mailbox<S, H> {
    pub(crate) fn new(wake: Arc<dyn Fn() + Send + Sync>) -> Self {
        Self { queue: Mutex::new(VecDeque::new()), posters: AtomicUsize::new(0), wake }
    }

    fn queue(&self) -> MutexGuard<'_, VecDeque<Posted<S, H>>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether something was posted, or still can be.
    pub(crate) fn expects(&self) -> bool {
        // In this order: a poster posts before it goes.
        self.posters.load(Ordering::Acquire) > 0 || !self.queue().is_empty()
    }

    pub(crate) fn wake(&self) {
        (self.wake)();
    }
}

/// What was posted before the last poll and is to be run after it. What is posted meanwhile comes after the next one: a
/// task that posts itself again does not keep the loop from its sockets.
pub(crate) struct Inbox<S: 'static, H: 'static> {
    batch: VecDeque<Posted<S, H>>,
    taken: bool,
}

impl<S, H> Inbox<S, H> {
    pub(crate) const fn new() -> Self {
        Self { batch: VecDeque::new(), taken: false }
    }

    /// The next of this batch; after a `None` a new one begins.
    pub(crate) fn next(&mut self, mailbox: &Mailbox<S, H>) -> Option<Posted<S, H>> {
        if self.batch.is_empty() && !self.taken {
            std::mem::swap(&mut self.batch, &mut mailbox.queue());
        }
        let next = self.batch.pop_front();
        self.taken = next.is_some();
        next
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.batch.is_empty()
    }
}

/// Hands closures to a loop from any thread. Each runs as a turn of its own, in the order in which one thread posted them.
///
/// A loop stays alive while there is a poster that is not dropped.
pub struct Poster<S: 'static, H: 'static> {
    mailbox: Arc<Mailbox<S, H>>,
}

impl<S, H> Poster<S, H> {
    pub(crate) fn new(mailbox: Arc<Mailbox<S, H>>) -> Self {
        mailbox.posters.fetch_add(1, Ordering::Relaxed);
        Self { mailbox }
    }

    /// Runs `task` on the loop's thread, soon (rule T1).
    pub fn post(&self, task: impl FnOnce(&mut Net<S, H>) + Send + 'static) {
        self.mailbox.queue().push_back(Box::new(task));
        self.mailbox.wake();
    }
}

impl<S, H> Clone for Poster<S, H> {
    fn clone(&self) -> Self {
        Self::new(self.mailbox.clone())
    }
}

impl<S, H> Drop for Poster<S, H> {
    fn drop(&mut self) {
        // The loop may be waiting for nothing else. First the count, then the bell: it looks when it hears it.
        if self.mailbox.posters.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.mailbox.wake();
        }
    }
}

impl<S, H> std::fmt::Debug for Poster<S, H> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Poster").finish_non_exhaustive()
    }
}
