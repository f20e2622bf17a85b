//! Work for the loop from other threads.

use crate::net::Net;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

type Posted<S, H> = Box<dyn FnOnce(&mut Net<S, H>) + Send>;

/// What the posters of one loop share with it.
pub(crate) struct Mailbox<S: 'static, H: 'static> {
    queue: Mutex<VecDeque<Posted<S, H>>>,
    wake: Arc<dyn Fn() + Send + Sync>,
}

impl<S, H> Mailbox<S, H> {
    pub(crate) fn new(wake: Arc<dyn Fn() + Send + Sync>) -> Self {
        Self { queue: Mutex::new(VecDeque::new()), wake }
    }

    pub(crate) fn take(&self) -> Option<Posted<S, H>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
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
        Self { mailbox }
    }

    /// Runs `task` on the loop's thread, soon.
    pub fn post(&self, task: impl FnOnce(&mut Net<S, H>) + Send + 'static) {
        self.mailbox.queue.lock().unwrap_or_else(PoisonError::into_inner).push_back(Box::new(task));
        (self.mailbox.wake)();
    }
}

impl<S, H> Clone for Poster<S, H> {
    fn clone(&self) -> Self {
        Self { mailbox: self.mailbox.clone() }
    }
}

impl<S, H> Drop for Poster<S, H> {
    fn drop(&mut self) {
        // The loop may be waiting for nothing else than that this poster goes.
        (self.mailbox.wake)();
    }
}

impl<S, H> std::fmt::Debug for Poster<S, H> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Poster").finish_non_exhaustive()
    }
}
