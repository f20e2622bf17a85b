//! What is looked for at a descriptor, and what a wait finds of it.

use polling::Event;

/// What the poller looks for at one descriptor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Interest {
    pub(super) read: bool,
    pub(super) write: bool,
    /// It may be told once of what is there, where that is cheaper: see [`Ready::left`].
    pub(super) once: bool,
}

impl Interest {
    pub(super) const NONE: Interest = Interest { read: false, write: false, once: false };
    pub(super) const READ: Interest = Interest { read: true, write: false, once: false };
    pub(super) const WRITE: Interest = Interest { read: false, write: true, once: false };

    /// Whether all of `other` is in here.
    pub(super) fn covers(self, other: Interest) -> bool {
        self.read >= other.read && self.write >= other.write
    }

    pub(super) fn event(self, key: usize) -> Event {
        Event::new(key, self.read, self.write)
    }
}

/// One descriptor that is ready.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ready {
    pub(super) key: usize,
    pub(super) read: bool,
    pub(super) write: bool,
    /// Both directions are at their end.
    pub(super) hang_up: bool,
    /// There is more than what one read can show: an end, an error, urgent data.
    pub(super) more: bool,
    /// Something of it may be left: a poller that tells once does not tell of it again.
    pub(super) left: bool,
}

/// How many descriptors one wait reports at most: libuv's number. The rest come with the next wait.
pub(super) const BATCH: usize = 1024;
