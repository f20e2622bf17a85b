//! The answers to what the machine asks.

use super::end::{At, End, Ref};
use super::net::What as Sent;
use super::{Inner, Listener, Watch, What};
use bytes::Bytes;
use netfold::core::{Call, HandleId, HandleKind, Op, Reply};
use netfold::{Errno, LookupCode};
use std::collections::VecDeque;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// The ports that are given out, as Linux has them.
const PORTS: std::ops::Range<u16> = 32_768..61_000;

/// The longest path of a Unix socket, in bytes.
const LONGEST_PATH: usize = 107;

/// What the system allows of a backlog (`somaxconn`).
const MOST_WAITING: u32 = 4_096;

/// The bits of a type of service that a program can set.
const TYPE_OF_SERVICE: u8 = 0xfc;

fn done(result: Result<(), Errno>) -> Reply {
    result.map_or_else(Reply::Failed, |()| Reply::Done)
}

impl Inner {
    pub(super) fn answer(&mut self, op: &Op<'_>) -> Reply {
        match *op {
            Op::Open(h, _) => {
                self.set(h, What::New { bound: None, ipv6_only: false, reuse_port: false });
                Reply::Done
            }
            Op::Adopt(h, conn) => {
                let Some(which) = self.conns.remove(&conn.0) else { return Reply::Done };
                if let Some(end) = self.end(which) {
                    end.handle = Some(h);
                }
                self.set(h, What::End(which));
                self.changed.push(Watch::End(which));
                Reply::Done
            }
            Op::Refuse(conn) => {
                if let Some(which) = self.conns.remove(&conn.0) {
                    self.close_end(which, false);
                }
                Reply::Done
            }
            Op::ConnNames(conn) => {
                let end = self.conns.get(&conn.0).and_then(|which| self.ends.get(which.0));
                Reply::Names(end.and_then(|end| end.local), end.and_then(|end| end.remote))
            }
            Op::Bind { handle, addr, ipv6_only } => done(self.bind(handle, addr, ipv6_only)),
            Op::BindPath(h, path) => done(self.bind_path(h, path)),
            Op::Listen(h, backlog) => done(self.listen(h, backlog)),
            Op::Connect(h, to) => self.connect(h, to).map_or_else(Reply::Failed, |()| Reply::Pending),
            Op::ConnectPath(h, path) => self.connect_path(h, path).map_or_else(Reply::Failed, |()| Reply::Pending),
            Op::ReadStart(h) => {
                self.reading(h, true);
                Reply::Done
            }
            Op::ReadStop(h) => {
                self.reading(h, false);
                Reply::Done
            }
            Op::ReadLimit(h, limit) => {
                if let Some(end) = self.end_of(h).and_then(|which| self.end(which)) {
                    end.limit = Some(limit as usize);
                }
                Reply::Done
            }
            Op::SetTypeOfService(h, value) => match self.end_of(h).and_then(|which| self.end(which)) {
                Some(end) if end.kind == HandleKind::Tcp => {
                    end.type_of_service = value & TYPE_OF_SERVICE;
                    Reply::Done
                }
                Some(_) => Reply::Failed(Errno::ENOTSUP),
                None => Reply::Done,
            },
            Op::TypeOfService(h) => match self.end_of(h).and_then(|which| self.end(which)) {
                Some(end) if end.kind == HandleKind::Pipe => Reply::Failed(Errno::ENOTSUP),
                end => Reply::Size(end.map_or(0, |end| end.type_of_service).into()),
            },
            Op::Shutdown(h) => done(self.shutdown(h)),
            Op::Close(h) | Op::Detach(h) => {
                self.close(h, false);
                Reply::Done
            }
            Op::Reset(h) => {
                self.close(h, true);
                Reply::Done
            }
            Op::NoDelay(..) | Op::KeepAlive(..) | Op::Chmod(..) => Reply::Done,
            Op::ReusePort(h) => {
                if let Some(What::New { reuse_port, .. }) = self.what(h) {
                    *reuse_port = true;
                }
                Reply::Done
            }
            Op::OpenFd(..) => Reply::Failed(Errno::EBADF),
            Op::SockName(h) => Reply::Addr(self.sock_name(h)),
            Op::PeerName(h) => {
                let end = self.end_of(h).and_then(|which| self.end(which));
                Reply::Addr(end.filter(|end| !end.broken).and_then(|end| end.remote))
            }
            Op::QueueSize(h) => {
                let end = self.end_of(h).and_then(|which| self.end(which));
                Reply::Size(end.map_or(0, |end| end.unsent_len) as u64)
            }
            Op::Lookup { lookup, host, family, .. } => {
                let at = self.now + self.latency();
                self.post(at, Sent::Answer(lookup, host.into(), family));
                Reply::Pending
            }
            Op::Write(..) => unreachable!("writes are answered by `write`"),
        }
    }

    pub(super) fn write(&mut self, call: &mut Call<'_>, h: HandleId) -> Reply {
        let Some(which) = self.end_of(h) else { return Reply::Failed(Errno::EPIPE) };
        let Op::Write(_, bytes) = call.op() else { return Reply::Failed(Errno::EINVAL) };
        let mut bytes: VecDeque<Bytes> = bytes.iter().cloned().collect();
        let total: usize = bytes.iter().map(Bytes::len).sum();
        match self.send(which, &mut bytes, false) {
            Err(errno) => Reply::Failed(errno),
            Ok(sent) if sent == total => Reply::Done,
            Ok(sent) => {
                call.take(&mut Vec::new());
                if let Some(end) = self.end(which) {
                    (end.unsent, end.unsent_len, end.writing) = (bytes, total - sent, true);
                }
                self.changed.push(Watch::End(which));
                Reply::Pending
            }
        }
    }

    pub(super) fn end_of(&mut self, h: HandleId) -> Option<Ref> {
        match self.what(h) {
            Some(What::End(which)) => Some(*which),
            _ => None,
        }
    }

    fn sock_name(&mut self, h: HandleId) -> Option<SocketAddr> {
        let at = match self.what(h)? {
            What::New { bound: Some(at), .. } => at.clone(),
            What::New { .. } => return None,
            What::End(which) => {
                let which = *which;
                return self.end(which)?.local;
            }
            What::Listener((at, _)) => {
                let at = *at;
                self.listeners[at].at.clone()
            }
        };
        match at {
            At::Addr(addr) => Some(addr),
            At::Path(_) => None,
        }
    }

    fn reading(&mut self, h: HandleId, on: bool) {
        let Some(which) = self.end_of(h) else { return };
        if let Some(end) = self.end(which) {
            end.reading = on;
        }
        if on {
            self.changed.push(Watch::End(which));
        }
    }

    fn shutdown(&mut self, h: HandleId) -> Result<(), Errno> {
        let which = self.end_of(h).ok_or(Errno::ENOTCONN)?;
        let end = self.end(which).filter(|end| !end.broken).ok_or(Errno::ENOTCONN)?;
        end.shut = true;
        self.fin(which);
        Ok(())
    }

    fn taken(&self, addr: SocketAddr, shared: bool) -> bool {
        let listens = self.listeners.iter().any(|(_, l)| match &l.at {
            At::Addr(a) if a.port() == addr.port() && !(shared && l.reuse_port) => {
                let both = |a: SocketAddr, only: bool| a.is_ipv6() && a.ip().is_unspecified() && !only;
                let any = a.ip().is_unspecified() || addr.ip().is_unspecified();
                let one_family = a.is_ipv4() == addr.is_ipv4();
                a.ip() == addr.ip() || (any && one_family) || both(*a, l.ipv6_only) || both(addr, false)
            }
            _ => false,
        });
        listens || self.ports.contains(&addr.port())
    }

    fn free_port(&mut self, ip: IpAddr) -> Option<u16> {
        for _ in PORTS {
            let port = self.next_port;
            self.next_port = if port + 1 == PORTS.end { PORTS.start } else { port + 1 };
            if !self.taken(SocketAddr::new(ip, port), false) {
                return Some(port);
            }
        }
        None
    }

    fn bind(&mut self, h: HandleId, addr: SocketAddr, only: bool) -> Result<(), Errno> {
        if !addr.ip().is_unspecified() && !is_here(addr.ip()) {
            return Err(Errno::EADDRNOTAVAIL);
        }
        let shared = matches!(self.what(h), Some(What::New { reuse_port: true, .. }));
        let port = match addr.port() {
            0 => self.free_port(addr.ip()).ok_or(Errno::EADDRINUSE)?,
            _ if self.taken(addr, shared) => return Err(Errno::EADDRINUSE),
            port => port,
        };
        if let Some(What::New { bound, ipv6_only, .. }) = self.what(h) {
            *bound = Some(At::Addr(SocketAddr::new(addr.ip(), port)));
            *ipv6_only = only;
        }
        Ok(())
    }

    fn bind_path(&mut self, h: HandleId, path: &str) -> Result<(), Errno> {
        if path.len() > LONGEST_PATH {
            return Err(Errno::EINVAL);
        }
        // A name that begins with NUL is abstract: it is in no directory.
        let directory = path.rsplit_once('/').map_or("", |(directory, _)| directory);
        if !path.starts_with('\0') && !self.directories.contains(directory) {
            return Err(Errno::ENOENT);
        }
        if !self.paths.insert(path.into()) {
            return Err(Errno::EADDRINUSE);
        }
        if let Some(What::New { bound, .. }) = self.what(h) {
            *bound = Some(At::Path(path.into()));
        }
        Ok(())
    }

    fn listen(&mut self, h: HandleId, backlog: u32) -> Result<(), Errno> {
        let Some(What::New { bound: Some(at), ipv6_only, reuse_port, .. }) = self.what(h) else {
            return Err(Errno::EINVAL);
        };
        let (at, ipv6_only, reuse_port) = (at.clone(), *ipv6_only, *reuse_port);
        let serial = self.serial();
        let backlog = backlog.min(MOST_WAITING);
        let waiting = VecDeque::new();
        let listener = Listener { serial, handle: h, at, ipv6_only, reuse_port, backlog, waiting, queued: false };
        let at = self.listeners.insert(listener);
        self.set(h, What::Listener((at, serial)));
        Ok(())
    }

    fn asking(&mut self, h: HandleId, kind: HandleKind, to: At) -> Ref {
        let mut end = End::new(self.serial(), kind);
        (end.handle, end.to) = (Some(h), Some(to));
        let serial = end.serial;
        let which = (self.ends.insert(end), serial);
        self.set(h, What::End(which));
        which
    }

    /// To connect what has asked already.
    fn connect_again(&mut self, which: Ref) -> Result<(), Errno> {
        let Some(end) = self.end(which) else { return Err(Errno::EBADF) };
        match end.connect {
            Some(Err(errno)) => {
                end.connect = None;
                return Err(errno);
            }
            _ if end.to.is_some() => return Err(Errno::EALREADY),
            _ if std::mem::replace(&mut end.settled, true) => return Err(Errno::EISCONN),
            _ => end.connect = Some(Ok(())),
        }
        self.changed.push(Watch::End(which));
        Ok(())
    }

    fn connect(&mut self, h: HandleId, to: SocketAddr) -> Result<(), Errno> {
        if let Some(which) = self.end_of(h) {
            return self.connect_again(which);
        }
        let ip = match to.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
            ip => ip,
        };
        if !is_here(ip) {
            return Err(Errno::ENETUNREACH);
        }
        let to = SocketAddr::new(ip, to.port());
        let bound = match self.what(h) {
            Some(What::New { bound: Some(At::Addr(addr)), .. }) => Some(*addr),
            _ => None,
        };
        let from = bound.map(|b| b.ip()).filter(|ip| !ip.is_unspecified()).unwrap_or(ip);
        let port = match bound {
            Some(bound) => bound.port(),
            None => self.free_port(from).ok_or(Errno::EADDRNOTAVAIL)?,
        };
        self.ports.insert(port);
        let which = self.asking(h, HandleKind::Tcp, At::Addr(to));
        let latency = self.latency();
        let Some(end) = self.end(which) else { return Ok(()) };
        end.port = Some(port);
        (end.local, end.remote) = (Some(SocketAddr::new(from, port)), Some(to));
        match latency {
            0 => self.syn(which, 0),
            _ => self.post(self.now + latency, Sent::Syn(which, 0)),
        }
        Ok(())
    }

    fn connect_path(&mut self, h: HandleId, path: &str) -> Result<(), Errno> {
        if let Some(which) = self.end_of(h) {
            return self.connect_again(which);
        }
        let to = At::Path(path.into());
        let found = self.listener_at(&to);
        let refused = if self.paths.contains(path) { Errno::ECONNREFUSED } else { Errno::ENOENT };
        let refused = if path.starts_with('\0') { Errno::ECONNREFUSED } else { refused };
        let at = found.ok_or(refused)?;
        if self.listeners[at].is_full() {
            return Err(Errno::EAGAIN);
        }
        let which = self.asking(h, HandleKind::Pipe, to);
        self.meet(which, at);
        Ok(())
    }

    fn close(&mut self, h: HandleId, reset: bool) {
        let Some(what) =
            self.handles.get_mut(h.slot() as usize).and_then(|known| known.take_if(|known| known.0 == h.generation()))
        else {
            return;
        };
        match what.1 {
            What::End(which) => self.close_end(which, reset),
            What::Listener((at, _)) => {
                let listener = self.listeners.remove(at);
                if let At::Path(path) = &listener.at {
                    self.paths.remove(path);
                }
                for waiting in listener.waiting {
                    self.close_end(waiting, true);
                }
            }
            What::New { bound: Some(At::Path(path)), .. } => drop(self.paths.remove(&path)),
            What::New { .. } => {}
        }
    }

    pub(super) fn resolved(&self, host: &str, family: u8) -> Result<Vec<IpAddr>, LookupCode> {
        let list = self.names.get(host).cloned().unwrap_or(Err(LookupCode::NotFound))?;
        let wanted = |ip: &IpAddr| family == 0 || ip.is_ipv4() == (family == 4);
        let list: Vec<IpAddr> = list.into_iter().filter(wanted).collect();
        if list.is_empty() { Err(LookupCode::NotFound) } else { Ok(list) }
    }
}

/// The world has loopback addresses only.
fn is_here(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V6(v6) => v6.to_ipv4_mapped().map_or(v6.is_loopback(), |v4| v4.is_loopback()),
        IpAddr::V4(v4) => v4.is_loopback(),
    }
}
