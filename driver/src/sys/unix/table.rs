//! What is known of each handle.

use super::path::SocketFile;
use super::read::BLOCK;
use super::ready::Interest;
use super::write::Unsent;
use crate::grow;
use netfold_core::{HandleId, HandleKind};
use rustix::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::cell::Cell;

/// What a handle is doing.
#[derive(Debug)]
pub(super) enum Role {
    /// Nothing yet; bound, perhaps.
    New,
    /// A connect is under way; the descriptor turns writable when it ends. A connected stream that is asked to connect again
    /// is a stream again afterwards, with what it was doing.
    Connecting {
        /// The machine wants what comes in.
        reading: bool,
        /// What is left of an unfinished write.
        queue: Unsent,
    },
    /// Connected.
    Stream {
        /// The machine wants what comes in.
        reading: bool,
        /// What is left of an unfinished write.
        queue: Unsent,
    },
    /// A server that takes connections.
    Listening,
    /// A server that cannot take connections for now, until this time of the system's clock.
    Exhausted(u64),
    /// A server that cannot take connections any more.
    Deaf,
}

impl Role {
    pub(super) fn stream() -> Self {
        Role::Stream { reading: false, queue: Unsent::default() }
    }
}

/// Options that were set before there was a descriptor.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Latched {
    pub(super) no_delay: bool,
    /// The first probe's delay in seconds.
    pub(super) keep_alive: Option<u32>,
    pub(super) reuse_port: bool,
}

/// What can be done with a descriptor, and how it is written to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Access {
    pub(super) read: bool,
    pub(super) write: bool,
    /// A FIFO, which `send` does not know.
    pub(super) fifo: bool,
    /// Nobody else has it, or has put anything between it and us: a read that brings less than it could has brought all.
    pub(super) ours: bool,
}

impl Access {
    pub(super) const SOCKET: Access = Access { read: true, write: true, fifo: false, ours: true };
}

/// One handle: a line of the cache, and a test holds it to that. Declared in the order in which it must go: the file before
/// the descriptor, so that nobody finds the path of a server that no longer answers.
#[derive(Debug)]
#[repr(align(64))]
pub(super) struct Entry {
    generation: u32,
    pub(super) kind: HandleKind,
    pub(super) role: Role,
    pub(super) access: Access,
    latched: Option<Box<Latched>>,
    /// The most that one read may bring, in bytes.
    pub(super) read_limit: u32,
    /// What was read last was much.
    pub(super) large: Cell<bool>,
    pub(super) file: Option<Box<SocketFile>>,
    pub(super) fd: Option<OwnedFd>,
    /// What the poller looks for; `None` when it does not know the descriptor.
    pub(super) registered: Option<Interest>,
    /// The next wait tells it of more: see [`System::settle`](super::System::settle).
    pub(super) unsettled: bool,
    /// The wait that was the last one when the poller was told: what that wait brought for this slot was another
    /// handle's.
    pub(super) since: u64,
}

impl Entry {
    pub(super) fn new(kind: HandleKind, role: Role, fd: Option<OwnedFd>) -> Self {
        Self {
            generation: 0,
            kind,
            role,
            access: Access::SOCKET,
            latched: None,
            read_limit: BLOCK as u32,
            large: Cell::new(false),
            file: None,
            fd,
            registered: None,
            unsettled: false,
            since: 0,
        }
    }

    pub(super) fn with_access(self, access: Access) -> Self {
        Self { access, ..self }
    }

    /// What is to be set once there is a descriptor.
    pub(super) fn latched(&mut self) -> &mut Latched {
        self.latched.get_or_insert_default()
    }

    pub(super) fn take_latched(&mut self) -> Latched {
        self.latched.take().map(|latched| *latched).unwrap_or_default()
    }

    pub(super) fn shares_port(&self) -> bool {
        self.latched.as_ref().is_some_and(|latched| latched.reuse_port)
    }

    /// The descriptor, if there is one.
    pub(super) fn fd(&self) -> Option<BorrowedFd<'_>> {
        self.fd.as_ref().map(AsFd::as_fd)
    }

    /// Whether the poller looks for all that it should.
    pub(super) fn is_covered(&self) -> bool {
        let wants = self.wants();
        self.registered.map_or(wants == Interest::NONE, |now| now.covers(wants))
    }

    /// What the poller should look for.
    pub(super) fn wants(&self) -> Interest {
        match &self.role {
            Role::New | Role::Exhausted(_) | Role::Deaf => Interest::NONE,
            Role::Connecting { .. } => Interest::WRITE,
            Role::Stream { reading, queue } => {
                let (read, write) = (*reading, !queue.is_empty());
                // A Unix socket may bring less than there is.
                let once = read && !write && self.access.ours && self.kind == HandleKind::Tcp;
                Interest { read, write, once }
            }
            Role::Listening => Interest::READ,
        }
    }
}

/// The handles, by slot; an id of another generation finds nothing.
#[derive(Debug, Default)]
pub(super) struct Table(Vec<Option<Entry>>);

impl Table {
    pub(super) fn insert(&mut self, id: HandleId, entry: Entry) {
        let slot = id.slot() as usize;
        if slot >= self.0.len() {
            grow::for_one_more(&mut self.0);
            self.0.resize_with(slot + 1, || None);
        }
        debug_assert!(self.0[slot].is_none(), "the machine closes a handle before its slot is used again");
        self.0[slot] = Some(Entry { generation: id.generation(), ..entry });
    }

    pub(super) fn get(&self, id: HandleId) -> Option<&Entry> {
        self.0.get(id.slot() as usize)?.as_ref().filter(|e| e.generation == id.generation())
    }

    pub(super) fn get_mut(&mut self, id: HandleId) -> Option<&mut Entry> {
        self.0.get_mut(id.slot() as usize)?.as_mut().filter(|e| e.generation == id.generation())
    }

    pub(super) fn remove(&mut self, id: HandleId) -> Option<Entry> {
        self.get(id)?;
        self.0[id.slot() as usize].take()
    }

    /// Whether a descriptor of this number is a handle's.
    pub(super) fn has(&self, fd: RawFd) -> bool {
        self.0.iter().flatten().any(|entry| entry.fd().is_some_and(|own| own.as_raw_fd() == fd))
    }

    /// The handle that lives in a slot.
    pub(super) fn at(&self, slot: usize) -> Option<(HandleId, &Entry)> {
        let entry = self.0.get(slot)?.as_ref()?;
        let id = HandleId::from_parts(u32::try_from(slot).ok()?, entry.generation);
        Some((id, entry))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_of_a_handle_fits_a_line_of_the_cache() {
        assert_eq!((size_of::<Option<Entry>>(), align_of::<Option<Entry>>()), (64, 64));
    }
}
