//! Descriptors that the user hands in to be listened on.

use super::errno::errno;
use super::system::System;
use super::table::{Entry, Role};
use netfold_core::{Errno, FdKey, HandleId, HandleKind};
use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::fs::{FileType, OFlags, fcntl_getfl, fcntl_setfl, fstat};
use rustix::net::{AddressFamily, SocketType, getsockname, sockopt};

/// What was handed in and the machine has not taken: no more than one, but while it is being given to the machine.
#[derive(Debug, Default)]
pub(super) struct Handed {
    waiting: Vec<(FdKey, OwnedFd)>,
    given: u64,
}

impl Handed {
    fn take(&mut self, key: FdKey) -> Option<OwnedFd> {
        let at = self.waiting.iter().position(|(known, _)| *known == key)?;
        Some(self.waiting.swap_remove(at).1)
    }
}

impl System {
    /// Takes a descriptor in, for a command that names it. What the machine has not taken by the command's return is to
    /// be [taken back](Self::take_back).
    pub fn hand_in_listener(&mut self, fd: OwnedFd) -> FdKey {
        self.handed.given += 1;
        let key = FdKey(self.handed.given);
        self.handed.waiting.push((key, fd));
        key
    }

    /// What a descriptor is that was handed in: a pipe counts as a Unix socket, as in Node. `None` for anything else, and
    /// for one that was taken.
    pub fn handed_kind(&self, key: FdKey) -> Option<HandleKind> {
        let (_, fd) = self.handed.waiting.iter().find(|(known, _)| *known == key)?;
        kind(fd.as_fd())
    }

    /// Gives a descriptor back that was handed in and that the machine did not take.
    pub fn take_back(&mut self, key: FdKey) -> Option<OwnedFd> {
        self.handed.take(key)
    }

    /// It never blocks from here on, for everybody who shares it: the flag belongs to the open file.
    pub(super) fn open_fd(&mut self, id: HandleId, key: FdKey) -> Result<(), Errno> {
        let fd = self.handed.take(key);
        let known = fd.as_ref().and_then(|fd| kind(fd.as_fd())).unwrap_or(HandleKind::Tcp);
        let opened = match &fd {
            Some(fd) => fcntl_getfl(fd).and_then(|flags| fcntl_setfl(fd, flags | OFlags::NONBLOCK)).map_err(errno),
            None => Err(Errno::EBADF),
        };
        self.table.insert(id, Entry::new(known, Role::New, fd));
        opened
    }
}

fn kind(fd: BorrowedFd<'_>) -> Option<HandleKind> {
    match FileType::from_raw_mode(fstat(fd).ok()?.st_mode) {
        FileType::Fifo => Some(HandleKind::Pipe),
        FileType::Socket if sockopt::socket_type(fd) == Ok(SocketType::STREAM) => {
            match getsockname(fd).ok()?.address_family() {
                AddressFamily::INET | AddressFamily::INET6 => Some(HandleKind::Tcp),
                AddressFamily::UNIX => Some(HandleKind::Pipe),
                _ => None,
            }
        }
        _ => None,
    }
}
