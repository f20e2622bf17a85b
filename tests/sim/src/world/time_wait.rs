//! TIME_WAIT: what is left of a connection at the end that closed it first. It holds the port for a minute, and a new
//! connection of the same two ends takes its place.
//!
//! Nothing happens when it is over, so nothing is on its way for that: what is over is forgotten when ports are asked for.

use super::Inner;
use super::names::{is_loopback, overlap};
use super::sock::{Ref, Sock};
use std::collections::{BTreeMap, VecDeque};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// In milliseconds: `TCP_TIMEWAIT_LEN`, and `tcp_fin_timeout` for an end that waits for the other's FIN and has no program.
const LASTS: u64 = 60_000;

/// From this age on a connect over loopback takes the port of the same two ends (`tcp_tw_reuse`).
const REUSED_AFTER: u64 = 1_000;

/// How many there are on one computer at most (`tcp_max_tw_buckets`).
const MOST: usize = 131_072;

/// The port here, who is there, the address here.
type Ends = (u16, SocketAddr, IpAddr);

#[derive(Clone, Copy, Debug)]
struct Wait {
    since: u64,
    /// The port was chosen for a connect.
    chosen: bool,
    reuse: bool,
    reuse_port: bool,
}

/// Those of one computer.
#[derive(Clone, Debug, Default)]
pub(super) struct Waits {
    all: BTreeMap<Ends, Wait>,
    /// When each began, the first to be over first. One that was taken away, or began again, is there all the same.
    begun: VecDeque<(u64, Ends)>,
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
    fn on(&self, port: u16) -> impl Iterator<Item = (&Ends, &Wait)> {
        const NOWHERE: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
        self.all.range((port, SocketAddr::new(NOWHERE, 0), NOWHERE)..).take_while(move |(ends, _)| ends.0 == port)
    }

    fn begin(&mut self, ends: Ends, wait: Wait) {
        if self.all.len() < MOST {
            self.all.insert(ends, wait);
            self.begun.push_back((wait.since, ends));
        }
    }

    /// Forgets those that are over; whether there were any.
    pub(super) fn forget(&mut self, now: u64) -> bool {
        let before = self.begun.len();
        while let Some((since, ends)) = self.begun.front().copied().filter(|(since, _)| since + LASTS <= now) {
            self.begun.pop_front();
            if self.all.get(&ends).is_some_and(|wait| wait.since == since) {
                self.all.remove(&ends);
            }
        }
        before != self.begun.len()
    }

    /// Whether one has this port.
    pub(super) fn have(&self, port: u16) -> bool {
        self.on(port).next().is_some()
    }

    /// Whether one is in the way of a socket that wants this address.
    pub(super) fn refuse(&self, own: &Sock, addr: SocketAddr, ipv6_only: bool) -> bool {
        self.on(addr.port()).any(|((_, _, local), wait)| {
            let shared = wait.reuse && own.reuse || wait.reuse_port && own.reuse_port;
            !shared && overlap((*local, true), (addr.ip(), ipv6_only))
        })
    }

    /// Whether all let a connect that goes there have their port.
    pub(super) fn let_connect(&self, port: u16, to: SocketAddr, now: u64) -> bool {
        let to = SocketAddr::new(to.ip().to_canonical(), to.port());
        self.on(port).all(|((_, remote, _), wait)| {
            let old = is_loopback(to.ip()) && wait.since + REUSED_AFTER <= now;
            wait.chosen && (*remote != to || old)
        })
    }
}

impl Inner {
    /// The end of a connection that closed it first is over.
    pub(super) fn begin_time_wait(&mut self, which: Ref) {
        let since = self.now;
        let Some(sock) = self.peek(which) else { return };
        let wait = Wait { since, chosen: sock.auto_port, reuse: sock.reuse, reuse_port: sock.reuse_port };
        if let Some(ends) = ends(sock) {
            let computer = sock.computer as usize;
            self.computers[computer].waits.begin(ends, wait);
        }
    }

    /// FIN of this one has come to an end without a program, which had closed first.
    pub(super) fn begin_time_wait_again(&mut self, from: Ref) {
        let since = self.now;
        let Some(sock) = self.peek(from) else { return };
        let (computer, Some(ends)) = (sock.peer_at as usize, other_ends(sock)) else { return };
        let waits = &mut self.computers[computer].waits;
        if let Some(wait) = waits.all.get(&ends).copied() {
            waits.begin(ends, Wait { since, ..wait });
        }
    }

    /// At the other end of this one it is over: by a SYN, or by RST.
    pub(super) fn end_time_wait(&mut self, from: Ref) {
        let Some(sock) = self.peek(from) else { return };
        let (computer, Some(ends)) = (sock.peer_at as usize, other_ends(sock)) else { return };
        self.computers[computer].waits.all.remove(&ends);
    }
}
