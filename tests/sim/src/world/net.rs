//! What travels between the ends, and how each end takes it.

use super::end::{At, End, Ref, split};
use super::{Inner, Listener, Watch};
use bytes::Bytes;
use netfold::Errno;
use netfold::core::{HandleKind, LookupId};
use std::cmp::Ordering;
use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};

/// How long a thing may be on its way, in milliseconds; the first for an idle machine.
const LATENCIES: [u64; 4] = [0, 1, 10, 100];

/// After so many SYNs nobody is there, as `tcp_syn_retries` has it.
const SYN_RETRIES: u32 = 6;

/// The time to the second SYN, in milliseconds; each further one waits twice as long.
const SYN_TIMEOUT: u64 = 1_000;

/// Something on its way.
#[derive(Debug)]
pub(super) struct Arrival {
    pub(super) at: u64,
    pub(super) number: u64,
    pub(super) what: What,
}

#[derive(Debug)]
pub(super) enum What {
    /// From an end that wants to connect; how often it has tried.
    Syn(Ref, u32),
    /// To an end, from another.
    Item(Ref, Option<Ref>, Item),
    Answer(LookupId, String, u8),
}

#[derive(Debug)]
pub(super) enum Item {
    Connected(Result<(), Errno>),
    Data(Bytes),
    Fin,
    Rst,
}

impl PartialEq for Arrival {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Arrival {}

impl PartialOrd for Arrival {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// The heap gives the greatest first: that is the earliest.
impl Ord for Arrival {
    fn cmp(&self, other: &Self) -> Ordering {
        (other.at, other.number).cmp(&(self.at, self.number))
    }
}

impl Inner {
    pub(super) fn latency(&mut self) -> u64 {
        LATENCIES[self.chooser.choose("latency", LATENCIES.len() as u32) as usize]
    }

    pub(super) fn post(&mut self, at: u64, what: What) {
        self.numbers += 1;
        self.arrivals.push(Arrival { at, number: self.numbers, what });
    }

    pub(super) fn end(&mut self, (at, serial): Ref) -> Option<&mut End> {
        self.ends.get_mut(at).filter(|end| end.serial == serial)
    }

    /// Sends a thing to an end, behind all that is on its way there already.
    fn deliver(&mut self, to: Ref, from: Option<Ref>, item: Item) {
        let local = self.end(to).is_some_and(|end| end.kind == HandleKind::Pipe);
        let latency = if local { 0 } else { self.latency() };
        let now = self.now;
        let Some(end) = self.end(to) else { return };
        let at = end.last_arrival.max(now + latency);
        if at == now && end.coming == 0 {
            return self.arrived(to, from, item);
        }
        end.last_arrival = at;
        end.coming += 1;
        if let Item::Data(bytes) = &item {
            end.coming_len += bytes.len();
        }
        self.post(at, What::Item(to, from, item));
    }

    /// All that is due by now arrives.
    pub(super) fn arrive(&mut self) {
        while self.arrivals.peek().is_some_and(|first| first.at <= self.now) {
            let Some(Arrival { what, .. }) = self.arrivals.pop() else { return };
            match what {
                What::Syn(from, tries) => self.syn(from, tries),
                What::Item(to, from, item) => {
                    if let Some(end) = self.end(to) {
                        end.coming -= 1;
                        if let Item::Data(bytes) = &item {
                            end.coming_len -= bytes.len();
                        }
                    }
                    self.arrived(to, from, item);
                }
                What::Answer(lookup, host, family) => {
                    let answer = self.resolved(&host, family);
                    self.answers.push_back((lookup, answer));
                }
            }
        }
    }

    fn arrived(&mut self, to: Ref, from: Option<Ref>, item: Item) {
        let Some(end) = self.end(to) else {
            // Nobody is there any more: who sent data hears of it.
            if let (Item::Data(_), Some(from)) = (item, from) {
                self.deliver(from, None, Item::Rst);
            }
            return;
        };
        match item {
            Item::Connected(result) => end.connect = Some(result),
            Item::Data(bytes) => {
                end.received_len += bytes.len();
                end.received.push_back(bytes);
            }
            Item::Fin => end.fin = true,
            Item::Rst if end.broken => return,
            Item::Rst => {
                end.error = Some(if end.fin { Errno::EPIPE } else { Errno::ECONNRESET });
                end.broken = true;
            }
        }
        self.touch(Watch::End(to));
    }

    /// The first packet of an attempt reaches the other machine.
    pub(super) fn syn(&mut self, from: Ref, tries: u32) {
        let Some(to) = self.end(from).and_then(|end| end.to.clone()) else { return };
        let Some(at) = self.listener_at(&to) else {
            return self.deliver(from, None, Item::Connected(Err(Errno::ECONNREFUSED)));
        };
        if self.listeners[at].is_full() {
            if tries == SYN_RETRIES {
                return self.deliver(from, None, Item::Connected(Err(Errno::ETIMEDOUT)));
            }
            return self.post(self.now + (SYN_TIMEOUT << tries), What::Syn(from, tries + 1));
        }
        self.meet(from, at);
    }

    /// The listener's side of a connection comes to be, and waits to be accepted.
    pub(super) fn meet(&mut self, from: Ref, at: usize) {
        let serial = self.serial();
        let Some(asking) = self.end(from) else { return };
        let mut other = End::new(serial, asking.kind);
        let (local, remote) = (asking.local, asking.remote);
        other.peer = Some(from);
        let mapped = matches!(&self.listeners[at].at, At::Addr(a) if a.is_ipv6());
        let seen = |addr: SocketAddr| match addr.ip() {
            IpAddr::V4(v4) if mapped => SocketAddr::new(IpAddr::V6(v4.to_ipv6_mapped()), addr.port()),
            _ => addr,
        };
        (other.local, other.remote) = (remote.map(seen), local.map(seen));
        let other = (self.ends.insert(other), serial);
        let Some(asking) = self.end(from) else { return };
        (asking.peer, asking.to) = (Some(other), None);
        let listener = &mut self.listeners[at];
        listener.waiting.push_back(other);
        let watch = Watch::Listener((at, listener.serial));
        self.touch(watch);
        self.deliver(from, None, Item::Connected(Ok(())));
    }

    pub(super) fn listener_at(&self, to: &At) -> Option<usize> {
        let fits = |l: &Listener| match (&l.at, to) {
            (At::Addr(at), At::Addr(to)) if at.port() != to.port() => 0,
            (At::Addr(at), At::Addr(to)) if at.ip() == to.ip() => 2,
            (At::Addr(at), At::Addr(to)) if at.ip().is_unspecified() => {
                u8::from(at.is_ipv4() == to.is_ipv4() || (at.is_ipv6() && !l.ipv6_only))
            }
            (At::Path(at), At::Path(to)) if at == to => 2,
            _ => 0,
        };
        let best = self.listeners.iter().max_by_key(|(_, listener)| fits(listener))?;
        (fits(best.1) > 0).then_some(best.0)
    }

    /// How much more the way to the other end holds.
    pub(super) fn space(&self, end: &End) -> usize {
        let Some(peer) = end.peer.and_then(|(at, serial)| self.ends.get(at).filter(|e| e.serial == serial)) else {
            return usize::MAX;
        };
        let capacity = self.options.send_buffer + self.options.receive_buffer;
        capacity.saturating_sub(peer.received_len + peer.coming_len)
    }

    pub(super) fn writable(&self, end: &End) -> bool {
        end.writing && (end.broken || end.error.is_some() || self.space(end) > 0)
    }

    /// Hands bytes on; how many were taken. `again` for what a write left over: something is taken then if there is room.
    pub(super) fn send(&mut self, from: Ref, bytes: &mut VecDeque<Bytes>, again: bool) -> Result<usize, Errno> {
        let total: usize = bytes.iter().map(Bytes::len).sum();
        let Some(end) = self.end(from) else { return Err(Errno::EPIPE) };
        if let Some(error) = end.error.take() {
            return Err(error);
        }
        if end.broken || end.shut {
            return Err(Errno::EPIPE);
        }
        let (kind, peer) = (end.kind, end.peer);
        let Some(peer) = peer.filter(|peer| self.end(*peer).is_some()) else {
            if kind == HandleKind::Pipe {
                return Err(Errno::EPIPE);
            }
            bytes.clear();
            if total > 0 {
                self.deliver(from, None, Item::Rst);
            }
            return Ok(total);
        };
        let Some(end) = self.ends.get(from.0) else { return Err(Errno::EPIPE) };
        let fits = total.min(self.space(end));
        let sent = match fits {
            0 | 1 => fits,
            _ => match self.chooser.choose("write", if again { 3 } else { 4 }) {
                0 => fits,
                1 => fits / 2,
                2 => 1,
                _ => 0,
            },
        };
        for part in split(bytes, sent) {
            self.deliver(peer, Some(from), Item::Data(part));
        }
        Ok(sent)
    }

    /// No more will come from this end.
    pub(super) fn fin(&mut self, from: Ref) {
        if let Some(peer) = self.end(from).and_then(|end| end.peer) {
            self.deliver(peer, Some(from), Item::Fin);
        }
    }

    /// The end is gone at once; what the other one hears depends on how.
    pub(super) fn close_end(&mut self, which: Ref, reset: bool) {
        if self.end(which).is_none() {
            return;
        }
        let end = self.ends.remove(which.0);
        if let Some(port) = end.port {
            self.ports.remove(&port);
        }
        let Some(peer) = end.peer else { return };
        if reset || end.received_len > 0 {
            self.deliver(peer, Some(which), Item::Rst);
        } else if !end.shut {
            self.deliver(peer, Some(which), Item::Fin);
        }
        // What it waits to send will be taken now, and answered by RST.
        self.touch(Watch::End(peer));
    }
}
