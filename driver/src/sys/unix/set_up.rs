//! Binding, listening, connecting, and options.

use super::errno::errno;
use super::path::{SocketFile, address};
use super::system::System;
use super::table::{Entry, Latched, Role};
use super::write::Unsent;
use super::{os, path};
use netfold_core::{Errno, HandleId, HandleKind};
use rustix::fd::{AsFd, BorrowedFd};
use rustix::io::retry_on_intr;
use rustix::net::addr::SocketAddrArg;
use rustix::net::{AddressFamily, Shutdown, sockopt};
use std::net::SocketAddr;
use std::time::Duration;

impl System {
    /// The handle's entry with a descriptor: made here if there is none yet.
    fn with_fd(&mut self, id: HandleId, family: AddressFamily) -> Result<&mut Entry, Errno> {
        let entry = self.table.get_mut(id).ok_or(Errno::EBADF)?;
        if entry.fd.is_none() {
            let fd = os::socket(family).map_err(errno)?;
            let Latched { no_delay, keep_alive, .. } = entry.take_latched();
            if entry.kind == HandleKind::Tcp && no_delay {
                set_no_delay(fd.as_fd(), true);
            }
            if entry.kind == HandleKind::Tcp && keep_alive.is_some() {
                set_keep_alive(fd.as_fd(), keep_alive);
            }
            entry.fd = Some(fd);
        }
        Ok(entry)
    }

    /// Every bind sets SO_REUSEADDR, and IPv6 says whether it takes IPv4 too: as libuv does.
    pub(super) fn bind(&mut self, id: HandleId, addr: SocketAddr, ipv6_only: bool) -> Result<(), Errno> {
        let reuse_port = self.table.get(id).is_some_and(Entry::shares_port);
        let entry = self.with_fd(id, family(addr))?;
        let fd = entry.fd().ok_or(Errno::EBADF)?;
        sockopt::set_socket_reuseaddr(fd, true).map_err(errno)?;
        if reuse_port {
            os::set_reuse_port(fd).map_err(errno)?;
        }
        if addr.is_ipv6() {
            sockopt::set_ipv6_v6only(fd, ipv6_only).map_err(errno)?;
        }
        rustix::net::bind(fd, &addr).map_err(|error| match errno(error) {
            // libuv's word for a descriptor of the other family.
            Errno::EAFNOSUPPORT => Errno::EINVAL,
            other => other,
        })
    }

    /// Remembered for the bind. macOS and others have the option too, but give every connection to one server: there libuv
    /// refuses it.
    pub(super) fn reuse_port(&mut self, id: HandleId) -> Result<(), Errno> {
        let entry = self.table.get_mut(id).ok_or(Errno::EBADF)?;
        if !os::REUSE_PORT {
            return Err(Errno::ENOTSUP);
        }
        entry.latched().reuse_port = true;
        Ok(())
    }

    /// Adds to the mode of a server's file, as libuv does.
    pub(super) fn chmod(&mut self, id: HandleId, readable: bool, writable: bool) -> Result<(), Errno> {
        let file = self.table.get(id).and_then(|entry| entry.file.as_ref()).ok_or(Errno::EBADF)?;
        file.add_mode(readable, writable)
    }

    pub(super) fn bind_path(&mut self, id: HandleId, name: &str) -> Result<(), Errno> {
        let address = path::address(name)?;
        let entry = self.with_fd(id, AddressFamily::UNIX)?;
        rustix::net::bind(entry.fd().ok_or(Errno::EBADF)?, &address).map_err(errno)?;
        entry.file = SocketFile::of(name).map(Box::new);
        Ok(())
    }

    pub(super) fn listen(&mut self, id: HandleId, backlog: u32) -> Result<(), Errno> {
        self.spare.keep();
        let entry = self.table.get_mut(id).ok_or(Errno::EBADF)?;
        // A handle that was not bound has no descriptor; libuv says so for Unix sockets, and Node binds the others.
        let fd = entry.fd().ok_or(Errno::EINVAL)?;
        rustix::net::listen(fd, i32::try_from(backlog).unwrap_or(i32::MAX)).map_err(errno)?;
        entry.role = Role::Listening;
        self.arm(id);
        Ok(())
    }

    pub(super) fn connect(&mut self, id: HandleId, addr: SocketAddr) -> Result<(), Errno> {
        self.connect_to(id, family(addr), &addr)
    }

    pub(super) fn connect_path(&mut self, id: HandleId, name: &str) -> Result<(), Errno> {
        self.connect_to(id, AddressFamily::UNIX, &address(name)?)
    }

    /// Whether it is under way or established, the descriptor turns writable: the end is told then. A Unix server whose
    /// backlog is full refuses with EAGAIN, which is an error of the connect, as in libuv.
    fn connect_to(&mut self, id: HandleId, family: AddressFamily, to: &impl SocketAddrArg) -> Result<(), Errno> {
        let entry = self.with_fd(id, family)?;
        let fd = entry.fd().ok_or(Errno::EBADF)?;
        // A connect that a signal interrupted goes on by itself: asked again it is EALREADY, or EISCONN.
        let mut interrupted = false;
        let connected = retry_on_intr(|| {
            let connected = rustix::net::connect(fd, to);
            interrupted |= connected == Err(rustix::io::Errno::INTR);
            connected
        });
        match connected {
            Ok(()) | Err(rustix::io::Errno::INPROGRESS) => {}
            Err(rustix::io::Errno::ALREADY | rustix::io::Errno::ISCONN) if interrupted => {}
            Err(error) => return Err(errno(error)),
        }
        let (reading, queue) = match &mut entry.role {
            Role::Stream { reading, queue } | Role::Connecting { reading, queue } => (*reading, std::mem::take(queue)),
            _ => (false, Unsent::default()),
        };
        entry.role = Role::Connecting { reading, queue };
        self.arm(id);
        Ok(())
    }

    pub(super) fn shutdown(&mut self, id: HandleId) -> Result<(), Errno> {
        let fd = self.fd(id).ok_or(Errno::ENOTCONN)?;
        rustix::net::shutdown(fd, Shutdown::Write).map_err(errno)
    }

    pub(super) fn no_delay(&mut self, id: HandleId, on: bool) {
        let Some(entry) = self.table.get_mut(id) else { return };
        match &entry.fd {
            Some(fd) => set_no_delay(fd.as_fd(), on),
            None => entry.latched().no_delay = on,
        }
    }

    /// `delay` is the first probe's, in seconds; `None` turns it off.
    pub(super) fn keep_alive(&mut self, id: HandleId, delay: Option<u32>) {
        let Some(entry) = self.table.get_mut(id) else { return };
        match &entry.fd {
            Some(fd) => set_keep_alive(fd.as_fd(), delay),
            None => entry.latched().keep_alive = delay,
        }
    }

    /// IP_TOS, or for IPv6 IPV6_TCLASS.
    pub(super) fn set_type_of_service(&self, id: HandleId, tos: u8) -> Result<(), Errno> {
        let fd = self.fd(id).ok_or(Errno::EBADF)?;
        os::set_type_of_service(fd, is_ipv6(fd)?, tos).map_err(errno)
    }

    pub(super) fn type_of_service(&self, id: HandleId) -> Result<u8, Errno> {
        let fd = self.fd(id).ok_or(Errno::EBADF)?;
        os::type_of_service(fd, is_ipv6(fd)?).map_err(errno)
    }

    pub(super) fn sock_name(&self, id: HandleId) -> Option<SocketAddr> {
        local_name(self.fd(id)?)
    }

    pub(super) fn peer_name(&self, id: HandleId) -> Option<SocketAddr> {
        remote_name(self.fd(id)?)
    }
}

fn family(addr: SocketAddr) -> AddressFamily {
    if addr.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 }
}

fn is_ipv6(fd: BorrowedFd<'_>) -> Result<bool, Errno> {
    let name = rustix::net::getsockname(fd).map_err(errno)?;
    Ok(name.address_family() == AddressFamily::INET6)
}

/// `None` for a Unix socket, and for one that is not bound.
pub(super) fn local_name(fd: BorrowedFd<'_>) -> Option<SocketAddr> {
    SocketAddr::try_from(rustix::net::getsockname(fd).ok()?).ok()
}

/// `None` for a Unix socket, and for one that is not connected.
pub(super) fn remote_name(fd: BorrowedFd<'_>) -> Option<SocketAddr> {
    SocketAddr::try_from(rustix::net::getpeername(fd).ok()??).ok()
}

/// Makes the next close send RST.
pub(super) fn reset_on_close(fd: BorrowedFd<'_>) -> Result<(), Errno> {
    match sockopt::set_socket_linger(fd, Some(Duration::ZERO)).map_err(errno) {
        // macOS says this of a connection that the other party has reset already: nothing is left to do.
        Err(Errno::EINVAL) => Ok(()),
        other => other,
    }
}

/// Node looks at neither result, and nor does anybody here: the options are refused only by a connection that is gone.
fn set_no_delay(fd: BorrowedFd<'_>, on: bool) {
    let _gone = sockopt::set_tcp_nodelay(fd, on);
}

/// Probes a second apart, ten of them: Node's numbers. A delay of 0 leaves the system's, as the system refuses it.
fn set_keep_alive(fd: BorrowedFd<'_>, delay: Option<u32>) {
    let set = || {
        sockopt::set_socket_keepalive(fd, delay.is_some())?;
        #[cfg(not(any(target_os = "openbsd", target_os = "haiku", target_os = "nto")))]
        if let Some(seconds) = delay {
            sockopt::set_tcp_keepidle(fd, Duration::from_secs(seconds.into()))?;
            sockopt::set_tcp_keepintvl(fd, Duration::from_secs(1))?;
            sockopt::set_tcp_keepcnt(fd, 10)?;
        }
        rustix::io::Result::Ok(())
    };
    let _gone = set();
}
