//! TIME_WAIT: what is left of a connection at the end that closed it first. It holds the port for a minute, and a new
//! connection of the same two ends takes its place.
//!
//! Nothing happens when it is over, so nothing is on its way for that: what is over is forgotten when ports are asked for.

use super::Inner;
use super::names::{is_loopback, overlap};
use super::sock::{Ref, Sock};
use slab::Slab;
use std::collections::{BTreeMap, VecDeque};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// In milliseconds: `TCP_TIMEWAIT_LEN`, and `tcp_fin_timeout` for an end that waits for the other's FIN and has no program.
const LASTS: u64 = 60_000;

/// From this age on a connect over loopback takes the port of the same two ends (`tcp_tw_reuse`).
const REUSED_AFTER: u64 = 1_000;

/// How many there are on one computer at most (`tcp_max_tw_buckets`).
const MOST: usize = 131_072;

/// How many ports stand together.
const PAGE: u16 = 256;

/// The end of a list.
const NONE: u32 = u32::MAX;

/// The port here, who is there, the address here.
type Ends = (u16, SocketAddr, IpAddr);

#[derive(Clone, Copy, Debug)]
struct Wait {
    since: u64,
    remote: SocketAddr,
    local: IpAddr,
    /// The port was chosen for a connect.
    chosen: bool,
    reuse: bool,
    reuse_port: bool,
    /// Of the same port.
    next: u32,
}

/// Those of one computer.
#[derive(Clone, Debug, Default)]
pub(super) struct Waits {
    /// Of ends with a port of their own: the first of each port, by pages of ports.
    own: BTreeMap<u16, Box<[u32; PAGE as usize]>>,
    waits: Slab<Wait>,
    /// Of accepted ones, which have the server's.
    accepted: BTreeMap<Ends, Wait>,
    /// When each began, the first to be over first. One that was taken away, or began again, is there all the same.
    begun: VecDeque<(u64, u16)>,
    begun_accepted: VecDeque<(u64, Ends)>,
}

fn ends(sock: &Sock) -> Option<Ends> {
    let (local, remote) = (sock.local?, sock.remote?);
    let remote = SocketAddr::new(remote.ip().to_canonical(), remote.port());
    Some((local.port(), remote, local.ip().to_canonical()))
}

/// As the other end names them.
fn other_ends(sock: &Sock) -> Option<Ends> {
    let (port, remote, local) = ends(sock)?;
    Some((remote.port(), SocketAddr::new(local, port), remote.ip()))
}

impl Waits {
    fn count(&self) -> usize {
        self.waits.len() + self.accepted.len()
    }

    fn first(&self, port: u16) -> u32 {
        self.own.get(&(port / PAGE)).map_or(NONE, |page| page[usize::from(port % PAGE)])
    }

    fn on(&self, port: u16) -> impl Iterator<Item = &Wait> {
        const NOWHERE: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
        let first = self.waits.get(self.first(port) as usize);
        let own = std::iter::successors(first, |wait| self.waits.get(wait.next as usize));
        let accepted = self.accepted.range((port, SocketAddr::new(NOWHERE, 0), NOWHERE)..);
        let accepted = accepted.take_while(move |(ends, _)| ends.0 == port).map(|(_, wait)| wait);
        own.chain(accepted)
    }

    fn begin_own(&mut self, port: u16, wait: Wait) {
        let page = self.own.entry(port / PAGE).or_insert_with(|| Box::new([NONE; PAGE as usize]));
        let first = &mut page[usize::from(port % PAGE)];
        let at = self.waits.insert(Wait { next: *first, ..wait });
        *first = u32::try_from(at).unwrap_or(NONE);
        self.begun.push_back((wait.since, port));
    }

    fn begin_accepted(&mut self, ends: Ends, wait: Wait) {
        self.accepted.insert(ends, wait);
        self.begun_accepted.push_back((wait.since, ends));
    }

    /// Takes those with a port of their own off which are over in this sense.
    fn remove_own(&mut self, port: u16, over: impl Fn(&Wait) -> bool) {
        let Some(page) = self.own.get_mut(&(port / PAGE)) else { return };
        let first = &mut page[usize::from(port % PAGE)];
        let mut at = std::mem::replace(first, NONE);
        while let Some(wait) = self.waits.get(at as usize).copied() {
            if over(&wait) {
                self.waits.remove(at as usize);
            } else {
                self.waits[at as usize].next = std::mem::replace(first, at);
            }
            at = wait.next;
        }
    }

    fn remove(&mut self, ends: &Ends) {
        let (port, remote, local) = *ends;
        self.remove_own(port, |wait| wait.remote == remote && wait.local == local);
        self.accepted.remove(ends);
    }

    /// Begins again, if it is there.
    fn begin_again(&mut self, ends: &Ends, since: u64) {
        let (port, remote, local) = *ends;
        let mut at = self.first(port);
        while let Some(wait) = self.waits.get_mut(at as usize) {
            if wait.remote == remote && wait.local == local {
                wait.since = since;
                self.begun.push_back((since, port));
            }
            at = wait.next;
        }
        if let Some(wait) = self.accepted.get_mut(ends) {
            wait.since = since;
            self.begun_accepted.push_back((since, *ends));
        }
    }

    /// Forgets those that are over; whether there were any.
    pub(super) fn forget(&mut self, now: u64) -> bool {
        let before = self.count();
        let over = |since: u64| since + LASTS <= now;
        while let Some((_, port)) = self.begun.front().copied().filter(|(since, _)| over(*since)) {
            self.begun.pop_front();
            self.remove_own(port, |wait| over(wait.since));
        }
        while let Some((_, ends)) = self.begun_accepted.front().copied().filter(|(since, _)| over(*since)) {
            self.begun_accepted.pop_front();
            if self.accepted.get(&ends).is_some_and(|wait| over(wait.since)) {
                self.accepted.remove(&ends);
            }
        }
        before != self.count()
    }

    /// Whether one has this port.
    pub(super) fn have(&self, port: u16) -> bool {
        self.first(port) != NONE || !self.accepted.is_empty() && self.on(port).next().is_some()
    }

    /// Whether one is in the way of a socket that wants this address.
    pub(super) fn refuse(&self, own: &Sock, addr: SocketAddr, ipv6_only: bool) -> bool {
        self.on(addr.port()).any(|wait| {
            let shared = wait.reuse && own.reuse || wait.reuse_port && own.reuse_port;
            !shared && overlap((wait.local, true), (addr.ip(), ipv6_only))
        })
    }

    /// Whether all let a connect that goes there have their port.
    pub(super) fn let_connect(&self, port: u16, to: SocketAddr, now: u64) -> bool {
        let to = SocketAddr::new(to.ip().to_canonical(), to.port());
        self.on(port).all(|wait| {
            let old = is_loopback(to.ip()) && wait.since + REUSED_AFTER <= now;
            wait.chosen && (wait.remote != to || old)
        })
    }
}

impl Inner {
    /// The end of a connection that closed it first is over.
    pub(super) fn begin_time_wait(&mut self, which: Ref) {
        let since = self.now;
        let Some(sock) = self.peek(which) else { return };
        let Some(ends @ (port, remote, local)) = ends(sock) else { return };
        let (reuse, reuse_port) = (sock.reuse, sock.reuse_port);
        let wait = Wait { since, remote, local, chosen: sock.auto_port, reuse, reuse_port, next: NONE };
        let (own, computer) = (sock.auto_port || sock.bound, sock.computer as usize);
        let waits = &mut self.computers[computer].waits;
        match own {
            _ if waits.count() == MOST => {}
            true => waits.begin_own(port, wait),
            false => waits.begin_accepted(ends, wait),
        }
    }

    /// FIN of this one has come to an end without a program, which had closed first.
    pub(super) fn begin_time_wait_again(&mut self, from: Ref) {
        let since = self.now;
        let Some(sock) = self.peek(from) else { return };
        let (computer, Some(ends)) = (sock.peer_at as usize, other_ends(sock)) else { return };
        self.computers[computer].waits.begin_again(&ends, since);
    }

    /// At the other end of this one it is over: by a SYN, or by RST.
    pub(super) fn end_time_wait(&mut self, from: Ref) {
        let Some(sock) = self.peek(from) else { return };
        let computer = sock.peer_at as usize;
        if self.computers[computer].waits.count() > 0
            && let Some(ends) = other_ends(sock)
        {
            self.computers[computer].waits.remove(&ends);
        }
    }
}
