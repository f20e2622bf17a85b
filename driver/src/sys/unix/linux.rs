//! What only Linux has: flags that make a descriptor what we want in one call, an eventfd.

use netfold_core::Errno;
use rustix::event::{EventfdFlags, eventfd};
use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::io::{FdFlags, Result, fcntl_setfd, ioctl_fionbio};
use rustix::net::sockopt;
use rustix::net::{AddressFamily, SendFlags, SocketAddrUnix, SocketFlags, SocketType, accept_with, socket_with};

/// What every send is given: a broken connection is an error, not a signal.
pub(super) const SEND: SendFlags = SendFlags::NOSIGNAL;

/// How long a Unix path may be, in bytes: what leaves room for the NUL that ends it.
pub(super) const PATH_MAX: usize = 107;

/// Whether connections are spread over servers that share a port.
pub(super) const REUSE_PORT: bool = true;

/// Shares the port with other servers that say so too.
pub(super) fn set_reuse_port(fd: BorrowedFd<'_>) -> Result<()> {
    rustix::net::sockopt::set_socket_reuseport(fd, true)
}

/// A stream socket, non-blocking, closed on exec.
pub(super) fn socket(family: AddressFamily) -> Result<OwnedFd> {
    socket_with(family, SocketType::STREAM, SocketFlags::NONBLOCK | SocketFlags::CLOEXEC, None)
}

/// A connection, non-blocking, closed on exec.
pub(super) fn accept(listener: BorrowedFd<'_>) -> Result<OwnedFd> {
    accept_with(listener, SocketFlags::NONBLOCK | SocketFlags::CLOEXEC)
}

/// Makes a descriptor from elsewhere non-blocking, and closed on exec.
pub(super) fn tame(fd: OwnedFd) -> Result<OwnedFd> {
    fcntl_setfd(&fd, FdFlags::CLOEXEC)?;
    ioctl_fionbio(&fd, true)?;
    Ok(fd)
}

pub(super) fn set_type_of_service(fd: BorrowedFd<'_>, ipv6: bool, tos: u8) -> Result<()> {
    if ipv6 { sockopt::set_ipv6_tclass(fd, u32::from(tos)) } else { sockopt::set_ip_tos(fd, tos) }
}

pub(super) fn type_of_service(fd: BorrowedFd<'_>, ipv6: bool) -> Result<u8> {
    if ipv6 { sockopt::ipv6_tclass(fd).map(|tos| tos as u8) } else { sockopt::ip_tos(fd) }
}

/// An abstract address; `name` without the leading NUL, at most 107 bytes.
pub(super) fn abstract_address(name: &[u8]) -> std::result::Result<SocketAddrUnix, Errno> {
    SocketAddrUnix::new_abstract_name(name).map_err(super::errno::errno)
}

/// An eventfd: one descriptor is both ends.
#[derive(Debug)]
pub(super) struct BellEnds(OwnedFd);

impl BellEnds {
    pub(super) fn new() -> Result<Self> {
        eventfd(0, EventfdFlags::NONBLOCK | EventfdFlags::CLOEXEC).map(Self)
    }

    pub(super) fn to_read(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }

    pub(super) fn to_write(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}
