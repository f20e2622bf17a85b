//! The same on other Unix systems, in more calls.

use netfold_core::Errno;
use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use rustix::io::{FdFlags, Result, fcntl_setfd};
use rustix::net::{AddressFamily, SendFlags, SocketAddrUnix, SocketType};

/// What every send is given: a broken connection is an error, not a signal.
#[cfg(not(target_vendor = "apple"))]
pub(super) const SEND: SendFlags = SendFlags::NOSIGNAL;
/// Apple's systems have an option of the socket in its place.
#[cfg(target_vendor = "apple")]
pub(super) const SEND: SendFlags = SendFlags::empty();

/// How long a Unix path may be, in bytes: what leaves room for the NUL that ends it.
pub(super) const PATH_MAX: usize = 103;

/// Whether connections are spread over servers that share a port.
pub(super) const REUSE_PORT: bool = cfg!(any(target_os = "freebsd", target_os = "dragonfly"));

/// Shares the port with other servers that say so too.
#[cfg(target_os = "freebsd")]
pub(super) fn set_reuse_port(fd: BorrowedFd<'_>) -> Result<()> {
    rustix::net::sockopt::set_socket_reuseport_lb(fd, true)
}

/// The same.
#[cfg(target_os = "dragonfly")]
pub(super) fn set_reuse_port(fd: BorrowedFd<'_>) -> Result<()> {
    rustix::net::sockopt::set_socket_reuseport(fd, true)
}

/// There is no such thing here.
#[cfg(not(any(target_os = "freebsd", target_os = "dragonfly")))]
pub(super) fn set_reuse_port(_fd: BorrowedFd<'_>) -> Result<()> {
    Err(rustix::io::Errno::OPNOTSUPP)
}

/// A stream socket, non-blocking, closed on exec.
pub(super) fn socket(family: AddressFamily) -> Result<OwnedFd> {
    tame(rustix::net::socket(family, SocketType::STREAM, None)?)
}

/// A connection, non-blocking, closed on exec.
pub(super) fn accept(listener: BorrowedFd<'_>) -> Result<OwnedFd> {
    tame(rustix::net::accept(listener)?)
}

fn quiet(fd: OwnedFd) -> Result<OwnedFd> {
    fcntl_setfd(&fd, FdFlags::CLOEXEC)?;
    fcntl_setfl(&fd, fcntl_getfl(&fd)? | OFlags::NONBLOCK)?;
    Ok(fd)
}

/// Makes a descriptor non-blocking, and closed on exec.
pub(super) fn tame(fd: OwnedFd) -> Result<OwnedFd> {
    let fd = quiet(fd)?;
    // A connection that is gone already refuses the option (EINVAL); then nothing will be sent on it either.
    #[cfg(target_vendor = "apple")]
    let _gone = rustix::net::sockopt::set_socket_nosigpipe(&fd, true);
    Ok(fd)
}

#[cfg(any(target_vendor = "apple", target_os = "freebsd"))]
pub(super) fn set_type_of_service(fd: BorrowedFd<'_>, ipv6: bool, tos: u8) -> Result<()> {
    use rustix::net::sockopt;
    if ipv6 { sockopt::set_ipv6_tclass(fd, u32::from(tos)) } else { sockopt::set_ip_tos(fd, tos) }
}

#[cfg(any(target_vendor = "apple", target_os = "freebsd"))]
pub(super) fn type_of_service(fd: BorrowedFd<'_>, ipv6: bool) -> Result<u8> {
    use rustix::net::sockopt;
    if ipv6 { sockopt::ipv6_tclass(fd).map(|tos| tos as u8) } else { sockopt::ip_tos(fd) }
}

#[cfg(not(any(target_vendor = "apple", target_os = "freebsd")))]
pub(super) fn set_type_of_service(_fd: BorrowedFd<'_>, _ipv6: bool, _tos: u8) -> Result<()> {
    Err(rustix::io::Errno::OPNOTSUPP)
}

#[cfg(not(any(target_vendor = "apple", target_os = "freebsd")))]
pub(super) fn type_of_service(_fd: BorrowedFd<'_>, _ipv6: bool) -> Result<u8> {
    Err(rustix::io::Errno::OPNOTSUPP)
}

/// There are none here; libuv says the same.
pub(super) fn abstract_address(_name: &[u8]) -> std::result::Result<SocketAddrUnix, Errno> {
    Err(Errno::EINVAL)
}

/// The two ends of a pipe.
#[derive(Debug)]
pub(super) struct BellEnds(OwnedFd, OwnedFd);

impl BellEnds {
    pub(super) fn new() -> Result<Self> {
        let (read, write) = rustix::pipe::pipe()?;
        Ok(Self(quiet(read)?, quiet(write)?))
    }

    pub(super) fn to_read(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }

    pub(super) fn to_write(&self) -> BorrowedFd<'_> {
        self.1.as_fd()
    }
}
