//! Connections coming in, and what happens when descriptors run out.

use super::errno::errno;
use super::os;
use super::set_up::{local_name, remote_name};
use super::system::System;
use super::table::{Access, Entry, Role};
use netfold_core::{Completion, ConnKey, HandleId, HandleKind};
use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::fs::{Mode, OFlags};
use rustix::io::{Errno, Result, retry_on_intr};
use std::net::SocketAddr;

/// How long a server that cannot even shed its load rests, in milliseconds.
const REST: u64 = 100;

/// How many connections are shed in one go at most.
const SHED: usize = 1024;

#[derive(Debug)]
struct Connection {
    key: ConnKey,
    fd: OwnedFd,
    kind: HandleKind,
    access: Access,
}

/// What was accepted or handed in, and the machine has not taken yet. Each is taken in the turn or call that tells of it,
/// so there is no more than one, except after a listener has failed.
#[derive(Debug, Default)]
pub(super) struct Connections {
    waiting: Vec<Connection>,
    given: u64,
}

impl Connections {
    pub(super) fn add(&mut self, fd: OwnedFd, kind: HandleKind, access: Access) -> ConnKey {
        self.given += 1;
        let key = ConnKey(self.given);
        self.waiting.push(Connection { key, fd, kind, access });
        key
    }

    fn find(&self, key: ConnKey) -> Option<&Connection> {
        self.waiting.iter().find(|c| c.key == key)
    }

    pub(super) fn take(&mut self, key: ConnKey) -> Option<(OwnedFd, HandleKind, Access)> {
        let at = self.waiting.iter().position(|c| c.key == key)?;
        let Connection { fd, kind, access, .. } = self.waiting.swap_remove(at);
        Some((fd, kind, access))
    }

    pub(super) fn names(&self, key: ConnKey) -> (Option<SocketAddr>, Option<SocketAddr>) {
        let fd = self.find(key).map(|c| c.fd.as_fd());
        (fd.and_then(local_name), fd.and_then(remote_name))
    }
}

/// A descriptor kept for the day when there are no others: given up, it makes room for one connection, which can then be
/// closed. Left in the backlog it would keep the server ready for ever.
#[derive(Debug, Default)]
pub(super) struct Spare(Option<OwnedFd>);

impl Spare {
    /// Has one if it can be had.
    pub(super) fn keep(&mut self) {
        if self.0.is_none() {
            self.0 = rustix::fs::open("/", OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty()).ok();
        }
    }

    /// Closes what waits in the backlog. Whether that could be done.
    fn shed(&mut self, listener: BorrowedFd<'_>) -> bool {
        if self.0.take().is_none() {
            return false;
        }
        let shed = (0..SHED).map_while(|_| retry_on_intr(|| os::accept(listener)).ok()).count();
        self.keep();
        shed > 0
    }
}

/// What an accept means for the server.
enum Accepted {
    Connection(OwnedFd),
    /// Not this one; others may come.
    Nothing,
    NoDescriptor,
    NoMemory,
    Failed(Errno),
}

fn classify(result: Result<OwnedFd>) -> Accepted {
    match result {
        Ok(fd) => Accepted::Connection(fd),
        Err(Errno::MFILE | Errno::NFILE) => Accepted::NoDescriptor,
        Err(Errno::NOBUFS | Errno::NOMEM) => Accepted::NoMemory,
        // The server itself is broken.
        Err(error @ (Errno::BADF | Errno::INVAL | Errno::NOTSOCK | Errno::OPNOTSUPP | Errno::FAULT)) => {
            Accepted::Failed(error)
        }
        // Linux hands errors of the connection's own network through accept; the connection is off the backlog.
        Err(_) => Accepted::Nothing,
    }
}

impl System {
    pub(super) fn adopt(&mut self, id: HandleId, key: ConnKey) {
        let entry = match self.connections.take(key) {
            Some((fd, kind, access)) => Entry::new(kind, Role::stream(), Some(fd)).with_access(access),
            None => Entry::new(HandleKind::Tcp, Role::New, None),
        };
        self.table.insert(id, entry);
    }

    /// Accepts once: a server that took all there is would starve what is connected already.
    pub(super) fn accept(&mut self, id: HandleId) -> Option<Completion> {
        let until = self.clock() + REST;
        let entry = self.table.get_mut(id)?;
        let fd = entry.fd.as_ref()?.as_fd();
        match classify(retry_on_intr(|| os::accept(fd))) {
            Accepted::Connection(fd) => {
                let key = self.connections.add(fd, entry.kind, Access::SOCKET);
                Some(Completion::Accepted(id, key))
            }
            Accepted::Nothing => None,
            Accepted::NoDescriptor if self.spare.shed(fd) => None,
            Accepted::NoDescriptor | Accepted::NoMemory => {
                entry.role = Role::Exhausted(until);
                self.exhausted.push(id);
                let _later = self.register(id);
                None
            }
            Accepted::Failed(error) => {
                entry.role = Role::Deaf;
                let _gone = self.register(id);
                Some(Completion::AcceptFailed(id, errno(error)))
            }
        }
    }

    /// Lets servers that have rested listen again.
    pub(super) fn retry_exhausted(&mut self) {
        if self.exhausted.is_empty() {
            return;
        }
        self.spare.keep();
        let now = self.clock();
        let mut at = 0;
        while let Some(&id) = self.exhausted.get(at) {
            match self.table.get_mut(id) {
                Some(Entry { role: Role::Exhausted(until), .. }) if *until > now => {
                    at += 1;
                    continue;
                }
                Some(entry @ Entry { role: Role::Exhausted(_), .. }) => entry.role = Role::Listening,
                _ => {}
            }
            self.arm(id);
            self.exhausted.swap_remove(at);
        }
    }
}
