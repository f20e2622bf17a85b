//! Descriptors from elsewhere: which of them can be sockets here.

use super::errno::errno;
use super::os;
use super::system::System;
use super::table::Access;
use netfold_core::{HandedIn, HandleKind, NodeError};
use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::fs::{FileType, OFlags, fcntl_getfl, fstat};
use rustix::net::{AddressFamily, SocketType, getsockname, sockopt};

impl System {
    /// Takes a TCP or Unix stream socket, or one end of a FIFO, for [`Command::HandedIn`](netfold_core::Command::HandedIn).
    /// It becomes non-blocking, for all who share it.
    ///
    /// # Errors
    /// `ERR_INVALID_FD_TYPE` for anything else; what the system says when it cannot be made non-blocking (syscall `open`).
    /// The descriptor is closed then.
    pub fn hand_in(&mut self, fd: OwnedFd) -> Result<HandedIn, NodeError> {
        let (kind, fifo) = kind_of(fd.as_fd())?;
        let failed = |error| NodeError::system(errno(error), "open");
        let access = match kind {
            HandleKind::Tcp => Access { ours: false, ..Access::SOCKET },
            HandleKind::Pipe => {
                let mode = fcntl_getfl(&fd).map_err(failed)? & OFlags::RWMODE;
                Access { read: mode != OFlags::WRONLY, write: mode != OFlags::RDONLY, fifo, ours: false }
            }
        };
        let fd = os::tame(fd).map_err(failed)?;
        let conn = self.connections.add(fd, kind, access);
        Ok(HandedIn { conn, kind, writable: access.write, on_read: None })
    }
}

/// What libuv takes a descriptor for, and whether it is a FIFO.
fn kind_of(fd: BorrowedFd<'_>) -> Result<(HandleKind, bool), NodeError> {
    let unsupported = |name| Err(NodeError::InvalidFdType(name));
    if rustix::termios::isatty(fd) {
        return unsupported("TTY");
    }
    let Ok(stat) = fstat(fd) else { return unsupported("UNKNOWN") };
    match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile | FileType::CharacterDevice => return unsupported("FILE"),
        FileType::Fifo => return Ok((HandleKind::Pipe, true)),
        FileType::Socket => {}
        _ => return unsupported("UNKNOWN"),
    }
    let family = getsockname(fd).map(|name| name.address_family());
    let internet = matches!(family, Ok(AddressFamily::INET | AddressFamily::INET6));
    match sockopt::socket_type(fd) {
        Ok(SocketType::STREAM) if internet => Ok((HandleKind::Tcp, false)),
        Ok(SocketType::STREAM) if family == Ok(AddressFamily::UNIX) => Ok((HandleKind::Pipe, false)),
        Ok(SocketType::DGRAM) if internet => unsupported("UDP"),
        _ => unsupported("UNKNOWN"),
    }
}
