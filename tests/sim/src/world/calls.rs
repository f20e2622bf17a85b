//! The system calls, by what Linux answers.

use super::Inner;
use super::process::nowhere;
use super::sock::{Asked, At, Backlog, NOBODY, Ref, Sock, State};
use bytes::Bytes;
use netfold::Errno;
use netfold::core::HandleKind;
use std::net::SocketAddr;

/// What the system allows of a backlog (`somaxconn`).
const MOST_WAITING: u32 = 4_096;

/// What a descriptor is ready for, as `poll` says it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Readiness {
    /// POLLIN
    pub read: bool,
    /// POLLOUT
    pub write: bool,
    /// POLLRDHUP
    pub read_closed: bool,
    /// POLLHUP
    pub hang_up: bool,
    /// POLLERR
    pub error: bool,
}

impl Inner {
    pub(super) fn user(&self, pid: u32) -> u32 {
        self.procs.get(pid as usize).map_or(0, |proc| proc.user)
    }

    /// Counts a descriptor in.
    fn take_descriptor(&mut self, pid: u32) -> Result<(), Errno> {
        let proc = self.procs.get_mut(pid as usize).filter(|proc| proc.alive).ok_or(Errno::EBADF)?;
        let computer = &mut self.computers[proc.computer as usize];
        if proc.open >= proc.most_open {
            return Err(Errno::EMFILE);
        }
        if computer.open >= computer.most_open {
            return Err(Errno::ENFILE);
        }
        proc.open += 1;
        computer.open += 1;
        Ok(())
    }

    pub(super) fn give_descriptor(&mut self, pid: u32) {
        if let Some(proc) = self.procs.get_mut(pid as usize) {
            proc.open -= 1;
            self.computers[proc.computer as usize].open -= 1;
        }
    }

    /// A descriptor for something that is no socket.
    pub(super) fn open_other(&mut self, pid: u32) -> bool {
        self.take_descriptor(pid).is_ok()
    }

    pub(super) fn open_socket(&mut self, pid: u32, kind: HandleKind, ipv6: bool) -> Result<Ref, Errno> {
        self.take_descriptor(pid)?;
        let (serial, computer) = (self.serial(), self.procs[pid as usize].computer);
        let sock = Sock { pid, ipv6, ..Sock::new(serial, computer, kind) };
        Ok((self.socks.insert(sock), serial))
    }

    pub(super) fn bind(&mut self, which: Ref, at: &At) -> Result<(), Errno> {
        let sock = self.peek(which).ok_or(Errno::EBADF)?;
        match (at, sock.is_tcp()) {
            (At::Path(path), false) => self.bind_to_path(which, path),
            (At::Addr(addr), true) => {
                if sock.ipv6 != addr.is_ipv6() {
                    return Err(if sock.ipv6 { Errno::EINVAL } else { Errno::EAFNOSUPPORT });
                }
                let here = addr.ip().is_unspecified() || self.route(sock.computer, addr.ip()) == Some(sock.computer);
                match sock.bound || sock.auto_port || sock.state != State::Close {
                    _ if !here => Err(Errno::EADDRNOTAVAIL),
                    true => Err(Errno::EINVAL),
                    false => self.bind_port(which, *addr),
                }
            }
            _ => Err(Errno::EINVAL),
        }
    }

    pub(super) fn listen(&mut self, which: Ref, backlog: u32) -> Result<(), Errno> {
        let sock = self.peek(which).ok_or(Errno::EBADF)?;
        let most = backlog.min(MOST_WAITING) as usize;
        if sock.is_listening() {
            if let Some(backlog) = self.backlog(which) {
                backlog.most = most;
            }
            return Ok(());
        }
        if sock.state != State::Close || (sock.is_tcp() && sock.asked != Asked::No) {
            return Err(Errno::EINVAL);
        }
        match sock.is_tcp() {
            false if sock.path.is_none() => return Err(Errno::EINVAL),
            true if !sock.bound && !sock.auto_port => {
                let any = nowhere(sock.ipv6);
                self.bind_port(which, any)?;
            }
            true if !self.can_listen(which) => return Err(Errno::EADDRINUSE),
            _ => {}
        }
        if let Some(sock) = self.sock(which) {
            sock.state = State::Listen;
            sock.backlog = Some(Box::new(Backlog { most, ..Backlog::default() }));
            let (computer, strict) = (sock.computer as usize, sock.is_tcp() && !sock.reuse);
            self.computers[computer].strict_listeners |= strict;
        }
        self.touch(which);
        Ok(())
    }

    pub(super) fn connect(&mut self, which: Ref, to: &At) -> Result<(), Errno> {
        let sock = self.peek(which).ok_or(Errno::EBADF)?;
        match (to, sock.is_tcp()) {
            (At::Path(path), false) => self.connect_unix(which, path),
            (At::Addr(to), true) => self.connect_tcp(which, *to),
            _ => Err(Errno::EINVAL),
        }
    }

    fn connect_tcp(&mut self, which: Ref, to: SocketAddr) -> Result<(), Errno> {
        let sock = self.sock(which).ok_or(Errno::EBADF)?;
        match (sock.asked, sock.state) {
            (Asked::Connected, _) => return Err(Errno::EISCONN),
            (Asked::Ending, _) => return Err(Errno::EINVAL),
            (Asked::Underway, State::SynSent) => return Err(Errno::EALREADY),
            (Asked::Underway, State::Close) => {
                let error = sock.error.take().unwrap_or(Errno::ECONNABORTED);
                self.disconnect(which);
                return Err(error);
            }
            (Asked::Underway, _) => {
                sock.asked = Asked::Connected;
                return Ok(());
            }
            (Asked::No, State::Close) => {}
            (Asked::No, _) => return Err(Errno::EISCONN),
        }
        if sock.ipv6 != to.is_ipv6() {
            return Err(if sock.ipv6 { Errno::EINVAL } else { Errno::EAFNOSUPPORT });
        }
        let (computer, bound) = (sock.computer, sock.local.filter(|_| sock.bound || sock.auto_port));
        let to = match to.ip() {
            ip if !ip.is_unspecified() => to,
            ip if ip.is_ipv4() => SocketAddr::new([127, 0, 0, 1].into(), to.port()),
            _ => SocketAddr::new([0, 0, 0, 0, 0, 0, 0, 1].into(), to.port()),
        };
        let peer_at = self.route(computer, to.ip()).ok_or(Errno::ENETUNREACH)?;
        let given = bound.map(|bound| bound.ip()).filter(|ip| !ip.is_unspecified());
        let from = given.or_else(|| self.source(computer, to.ip())).ok_or(Errno::ENETUNREACH)?;
        let port = match bound {
            Some(bound) => bound.port(),
            None => self.choose_port(computer, Some(to)).ok_or(Errno::EADDRNOTAVAIL)?,
        };
        let Some(sock) = self.sock(which) else { return Err(Errno::EBADF) };
        sock.auto_port |= bound.is_none();
        (sock.local, sock.remote) = (Some(SocketAddr::new(from, port)), Some(to));
        (sock.state, sock.asked, sock.peer_at, sock.peer) = (State::SynSent, Asked::Underway, peer_at, None);
        (sock.tries, sock.soft, sock.error, sock.done) = (0, None, None, false);
        if bound.is_none() {
            self.take_port(which, port);
        }
        self.send_syn(which);
        Err(Errno::EINPROGRESS)
    }

    /// As if it had never been connected; bound it stays.
    fn disconnect(&mut self, which: Ref) {
        let Some(sock) = self.sock(which) else { return };
        if sock.state == State::SynSent {
            sock.error = Some(Errno::ECONNRESET);
            self.over(which);
        }
        let Some(sock) = self.sock(which) else { return };
        (sock.asked, sock.rcv_shut, sock.snd_shut, sock.done) = (Asked::No, false, false, false);
        sock.received.clear();
        (sock.received_len, sock.remote) = (0, None);
        self.touch(which);
    }

    pub(super) fn accept(&mut self, pid: u32, which: Ref) -> Result<Ref, Errno> {
        self.take_descriptor(pid)?;
        let listener = self.sock(which).filter(|sock| sock.is_listening());
        let taken = listener.ok_or(Errno::EINVAL).and_then(|listener| {
            let first = listener.backlog.as_mut().and_then(|backlog| backlog.waiting.pop_front());
            first.ok_or(Errno::EAGAIN)
        });
        match taken {
            Ok(conn) => {
                if let Some(sock) = self.sock(conn) {
                    (sock.pid, sock.listener) = (pid, None);
                }
                Ok(conn)
            }
            Err(errno) => {
                self.give_descriptor(pid);
                Err(errno)
            }
        }
    }

    pub(super) fn send(&mut self, which: Ref, pieces: &[Bytes], again: bool) -> Result<usize, Errno> {
        match self.peek(which).ok_or(Errno::EBADF)?.is_tcp() {
            true => self.send_tcp(which, pieces, again),
            false => self.send_unix(which, pieces, again),
        }
    }

    /// Up to `n` bytes; none at the end. `split` has it stop at the border of two packets, if the world wants so.
    pub(super) fn recv(&mut self, which: Ref, n: usize) -> Result<Bytes, Errno> {
        let chooser = self.chooser.clone();
        let sock = self.sock(which).ok_or(Errno::EBADF)?;
        let tcp = sock.is_tcp();
        match sock.state {
            State::Listen if tcp => return Err(Errno::ENOTCONN),
            State::Listen | State::Close if !tcp => return Err(Errno::EINVAL),
            _ => {}
        }
        if sock.received_len == 0 {
            return match sock.error {
                _ if sock.done && tcp => Ok(Bytes::new()),
                Some(error) => {
                    sock.error = None;
                    Err(error)
                }
                None if sock.rcv_shut => Ok(Bytes::new()),
                None if sock.state == State::Close => Err(Errno::ENOTCONN),
                None => Err(Errno::EAGAIN),
            };
        }
        let first = sock.received.front().map_or(0, Bytes::len);
        let split = sock.received.are_several() && first > 0 && chooser.choose("read", 2) == 1;
        let n = if split { first.min(n) } else { n };
        if !tcp {
            return Ok(self.take_unix(which, n));
        }
        let bytes = sock.take(n);
        if let Some(peer) = sock.peer
            && self.peek(peer).is_some_and(|peer| peer.out_len > 0)
        {
            self.push(peer);
        }
        Ok(bytes)
    }

    pub(super) fn shutdown(&mut self, which: Ref, read: bool, write: bool) -> Result<(), Errno> {
        let sock = self.sock(which).ok_or(Errno::EBADF)?;
        if !sock.is_tcp() {
            self.shutdown_unix(which, read, write);
            return Ok(());
        }
        if sock.asked == Asked::Underway {
            sock.asked = match sock.state {
                State::SynSent | State::Close => Asked::Ending,
                _ => Asked::Connected,
            };
        }
        match sock.state {
            State::Listen if read => {
                self.stop_listening(which);
                Ok(())
            }
            State::Listen => Ok(()),
            State::SynSent => {
                self.disconnect(which);
                Ok(())
            }
            state => {
                sock.rcv_shut |= read;
                let first = write && !sock.snd_shut;
                sock.snd_shut |= write;
                if first && matches!(state, State::Established | State::CloseWait) {
                    self.send_fin(which);
                }
                self.touch(which);
                if state == State::Close { Err(Errno::ENOTCONN) } else { Ok(()) }
            }
        }
    }

    fn stop_listening(&mut self, which: Ref) {
        let Some(sock) = self.sock(which) else { return };
        let backlog = sock.backlog.take().unwrap_or_default();
        self.over(which);
        for half in backlog.half {
            self.remove(half);
        }
        for waiting in backlog.waiting {
            self.close_tcp(waiting, true);
        }
        self.disconnect(which);
    }

    /// The descriptor goes. `reset`: with linger 0.
    pub(super) fn close(&mut self, which: Ref, reset: bool) {
        let Some(sock) = self.sock(which) else { return };
        let pid = std::mem::replace(&mut sock.pid, NOBODY);
        (sock.handle, sock.watch) = (None, None);
        let tcp = sock.is_tcp();
        self.give_descriptor(pid);
        match tcp {
            true => self.close_tcp(which, reset),
            false => self.close_unix(which, false),
        }
    }

    /// SO_ERROR
    pub(super) fn take_error(&mut self, which: Ref) -> Option<Errno> {
        self.sock(which)?.error.take()
    }

    pub(super) fn is_readable(&self, sock: &Sock) -> bool {
        match &sock.backlog {
            // A TCP listener looks at nothing else.
            Some(backlog) => !backlog.waiting.is_empty() || (sock.rcv_shut && !sock.is_tcp()),
            None => sock.rcv_shut || sock.received_len > 0,
        }
    }

    pub(super) fn is_writable(&self, sock: &Sock) -> bool {
        match (sock.is_tcp(), sock.state) {
            (_, State::Listen | State::SynSent) => false,
            (true, _) => sock.snd_shut || self.has_room(sock),
            (false, _) => self.has_room_unix(sock),
        }
    }

    pub(super) fn readiness(&self, which: Ref) -> Readiness {
        let Some(sock) = self.peek(which) else { return Readiness::default() };
        Readiness {
            read: self.is_readable(sock),
            write: self.is_writable(sock),
            read_closed: sock.rcv_shut && !(sock.is_listening() && sock.is_tcp()),
            hang_up: sock.is_over(),
            error: sock.error.is_some(),
        }
    }
}
