//! Addresses and ports, paths and names.

use super::Inner;
use super::computer::File;
use super::sock::{Ref, Sock, State};
use netfold::core::LookupAnswer;
use netfold::{Errno, LookupCode};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// The longest path of a Unix socket, in bytes.
const LONGEST_PATH: usize = 107;

/// What others may do with a file that a server makes: Linux's 0777 without a umask of 022.
const NEW_FILE: u16 = 0o755;

pub(super) fn is_loopback(ip: IpAddr) -> bool {
    ip.to_canonical().is_loopback()
}

/// Whether two sockets on one port want the same packets.
pub(super) fn overlap(a: (IpAddr, bool), b: (IpAddr, bool)) -> bool {
    let both = |(ip, only): (IpAddr, bool)| ip.is_ipv6() && ip.is_unspecified() && !only;
    if both(a) || both(b) {
        return true;
    }
    let (a, b) = (a.0.to_canonical(), b.0.to_canonical());
    a.is_ipv4() == b.is_ipv4() && (a == b || a.is_unspecified() || b.is_unspecified())
}

impl Inner {
    /// The computer that has an address, as this one sees it.
    pub(super) fn route(&self, from: u32, ip: IpAddr) -> Option<u32> {
        if is_loopback(ip) { Some(from) } else { self.addresses.get(&ip.to_canonical()).copied() }
    }

    /// The address that a connection to there has here.
    pub(super) fn source(&self, from: u32, to: IpAddr) -> Option<IpAddr> {
        let mapped = |ip: IpAddr| match (to, ip) {
            (IpAddr::V6(_), IpAddr::V4(v4)) => IpAddr::V6(v4.to_ipv6_mapped()),
            _ => ip,
        };
        let seen = to.to_canonical();
        match seen {
            IpAddr::V4(v4) if v4.is_loopback() => Some(mapped(Ipv4Addr::LOCALHOST.into())),
            IpAddr::V6(v6) if v6.is_loopback() => Some(Ipv6Addr::LOCALHOST.into()),
            _ if self.addresses.get(&seen) == Some(&from) => Some(to),
            _ => {
                let own = self.computers[from as usize].addresses.iter().find(|ip| ip.is_ipv4() == seen.is_ipv4());
                own.map(|ip| mapped(*ip))
            }
        }
    }

    fn on_port(&self, computer: u32, port: u16) -> impl Iterator<Item = (Ref, &Sock)> {
        let all = self.computers[computer as usize].ports.get(&port).map(Vec::as_slice).unwrap_or_default();
        all.iter().filter_map(|which| Some((*which, self.peek(*which)?)))
    }

    /// Whether somebody has what this one wants to bind to or to listen on.
    fn is_taken(&self, which: Ref, addr: SocketAddr, ipv6_only: bool) -> bool {
        let Some(own) = self.peek(which) else { return false };
        let computer = &self.computers[own.computer as usize];
        let conflicts = |other: Ref, sock: &Sock| {
            let Some(local) = sock.local.filter(|_| other != which) else { return false };
            let shares = sock.reuse_port && own.reuse_port;
            let strict = (sock.is_listening() && !shares) || !sock.reuse || !own.reuse;
            strict && overlap((local.ip(), sock.ipv6_only), (addr.ip(), ipv6_only))
        };
        // Connections that were accepted are not in the table of ports: they are in the way of nobody who has
        // SO_REUSEADDR, as nearly everybody has.
        let among_all = !own.reuse || computer.strict_listeners;
        let here =
            |sock: &Sock| sock.computer == own.computer && sock.local.is_some_and(|local| local.port() == addr.port());
        computer.waits.refuse(own, addr, ipv6_only)
            || self.on_port(own.computer, addr.port()).any(|(other, sock)| conflicts(other, sock))
            || among_all
                && self
                    .socks
                    .iter()
                    .any(|(at, sock)| sock.state != State::Close && here(sock) && conflicts((at, sock.serial), sock))
    }

    pub(super) fn can_listen(&mut self, which: Ref) -> bool {
        let Some(sock) = self.peek(which) else { return false };
        self.forget_waits(sock.computer);
        let Some(sock) = self.peek(which) else { return false };
        sock.local.is_some_and(|local| !self.is_taken(which, local, sock.ipv6_only))
    }

    pub(super) fn take_port(&mut self, which: Ref, port: u16) {
        let Some(computer) = self.peek(which).map(|sock| sock.computer) else { return };
        self.computers[computer as usize].ports.entry(port).or_default().push(which);
    }

    /// Also when the socket is gone already, but for its address.
    pub(super) fn free_port(&mut self, which: Ref) {
        let Some(sock) = self.peek(which) else { return };
        let (computer, Some(port)) = (sock.computer as usize, sock.local.map(|local| local.port())) else { return };
        let ports = &mut self.computers[computer].ports;
        let Some(list) = ports.get_mut(&port) else { return };
        list.retain(|known| *known != which);
        if list.is_empty() {
            ports.remove(&port);
            let waits = self.computers[computer].waits.have(port);
            self.computers[computer].no_port_unused &= waits;
        }
    }

    /// A port that nobody has. With `to` one that no connection to there has, if there is no other. The search goes on where
    /// the last one ended.
    pub(super) fn choose_port(&mut self, computer: u32, to: Option<SocketAddr>) -> Option<u16> {
        self.forget_waits(computer);
        let now = self.now;
        let state = &self.computers[computer as usize];
        let (first, end) = state.port_range;
        let count = end.saturating_sub(first);
        let from = state.next_port.clamp(first, end.max(first + 1) - 1);
        let mut ports = (from..end).chain(first..from);
        let unused = |port: &u16| !state.ports.contains_key(port) && !state.waits.have(*port);
        let free = |port: &u16| {
            let mut others = self.on_port(computer, *port);
            others.all(|(_, sock)| sock.auto_port && sock.remote.is_some_and(|remote| Some(remote) != to))
                && to.is_some_and(|to| state.waits.let_connect(*port, to, now))
        };
        let mut chosen = if state.no_port_unused { None } else { ports.clone().find(unused) };
        let no_port_unused = chosen.is_none();
        if chosen.is_none() && to.is_some() {
            chosen = ports.find(free);
        }
        let state = &mut self.computers[computer as usize];
        state.no_port_unused = no_port_unused;
        if let Some(port) = chosen {
            state.next_port = if port + 1 >= end { first } else { port + 1 };
        }
        debug_assert!(chosen.is_none() || count > 0);
        chosen
    }

    fn forget_waits(&mut self, computer: u32) {
        let state = &mut self.computers[computer as usize];
        if state.waits.forget(self.now) {
            state.no_port_unused = false;
        }
    }

    pub(super) fn bind_port(&mut self, which: Ref, addr: SocketAddr) -> Result<(), Errno> {
        let Some(sock) = self.peek(which) else { return Err(Errno::EBADF) };
        let computer = sock.computer;
        self.forget_waits(computer);
        let Some(sock) = self.peek(which) else { return Err(Errno::EBADF) };
        let (computer, only) = (sock.computer, sock.ipv6_only);
        if !addr.ip().is_unspecified() && self.route(computer, addr.ip()) != Some(computer) {
            return Err(Errno::EADDRNOTAVAIL);
        }
        let port = match addr.port() {
            0 => self.choose_port(computer, None).ok_or(Errno::EADDRINUSE)?,
            _ if self.is_taken(which, addr, only) => return Err(Errno::EADDRINUSE),
            port => port,
        };
        if let Some(sock) = self.sock(which) {
            sock.local = Some(SocketAddr::new(addr.ip(), port));
            (sock.bound, sock.auto_port) = (addr.port() != 0, addr.port() == 0);
        }
        self.take_port(which, port);
        Ok(())
    }

    /// Who answers at an address of this computer.
    pub(super) fn listener_at(&mut self, computer: u32, to: SocketAddr) -> Option<Ref> {
        let fits = |sock: &Sock| match sock.local.map(|local| local.ip()) {
            Some(at) if at.to_canonical() == to.ip().to_canonical() => 3,
            Some(at) if at.is_unspecified() && at.is_ipv4() == to.ip().to_canonical().is_ipv4() => 2,
            Some(at) if at.is_unspecified() && at.is_ipv6() && !sock.ipv6_only => 1,
            _ => 0,
        };
        let listening = || self.on_port(computer, to.port()).filter(|(_, sock)| sock.is_listening());
        let best = listening().map(|(_, sock)| fits(sock)).max().filter(|best| *best > 0)?;
        let mut equal = listening().filter(|(_, sock)| fits(sock) == best).map(|(which, _)| which);
        let first = equal.next()?;
        let others: Vec<Ref> = equal.collect();
        match others.len() {
            0 => Some(first),
            n => match self.chooser.choose("spread", n as u32 + 1) {
                0 => Some(first),
                other => Some(others[other as usize - 1]),
            },
        }
    }

    /// The socket that is bound to a path or an abstract name.
    pub(super) fn socket_at(&self, computer: u32, path: &str, user: u32) -> Result<Ref, Errno> {
        let computer = &self.computers[computer as usize];
        check_path(path)?;
        if path.starts_with('\0') {
            return computer.abstracts.get(path).copied().ok_or(Errno::ECONNREFUSED);
        }
        let missing = || if (self.other_files)(path) { Errno::ECONNREFUSED } else { Errno::ENOENT };
        let file = computer.files.get(path).ok_or_else(missing)?;
        if !file.may_write(user) {
            return Err(Errno::EACCES);
        }
        file.socket.filter(|which| self.peek(*which).is_some()).ok_or(Errno::ECONNREFUSED)
    }

    pub(super) fn bind_to_path(&mut self, which: Ref, path: &str) -> Result<(), Errno> {
        check_path(path)?;
        let sock = self.peek(which).ok_or(Errno::EBADF)?;
        let bound = if sock.path.is_some() { Err(Errno::EINVAL) } else { Ok(()) };
        let (user, computer) = (self.user(sock.pid), sock.computer as usize);
        let computer = &mut self.computers[computer];
        if path.starts_with('\0') {
            bound?;
            if computer.abstracts.contains_key(path) {
                return Err(Errno::EADDRINUSE);
            }
            computer.abstracts.insert(path.into(), which);
        } else {
            let directory = path.rsplit_once('/').map_or("", |(directory, _)| directory);
            let open = computer.directories.get(directory).ok_or(Errno::ENOENT)?;
            if computer.files.contains_key(path) || (self.other_files)(path) {
                return Err(Errno::EADDRINUSE);
            }
            if !open && user != 0 {
                return Err(Errno::EACCES);
            }
            bound?;
            computer.files.insert(path.into(), File { socket: Some(which), owner: user, mode: NEW_FILE });
        }
        if let Some(sock) = self.sock(which) {
            sock.path = Some(path.into());
        }
        Ok(())
    }

    pub(super) fn resolved(&self, host: &str, family: u8) -> LookupAnswer {
        if let Some(failure) = self.resolver_failure {
            return Err(failure);
        }
        let list = self.names.get(host).map_or(Err(LookupCode::NotFound), |name| name.answer.clone())?;
        let wanted = |ip: &IpAddr| family == 0 || ip.is_ipv4() == (family == 4);
        let list: Vec<IpAddr> = list.into_iter().filter(wanted).collect();
        if list.is_empty() { Err(LookupCode::NotFound) } else { Ok(list) }
    }
}

fn check_path(path: &str) -> Result<(), Errno> {
    let most = LONGEST_PATH + usize::from(path.starts_with('\0'));
    match path.len() {
        0 => Err(Errno::EINVAL),
        len if len > most => Err(Errno::ENAMETOOLONG),
        _ if !path.starts_with('\0') && path.contains('\0') => Err(Errno::EINVAL),
        _ => Ok(()),
    }
}
