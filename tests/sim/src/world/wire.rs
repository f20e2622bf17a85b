//! What is on its way: packets, timers, answers, faults. One heap, the earliest first.

use super::sock::{Ref, State};
use super::{Cut, Inner};
use bytes::Bytes;
use netfold::Errno;
use netfold::core::LookupId;
use std::cmp::Ordering;

/// How long a thing may be on its way, in milliseconds, beside what the computers' latency is; the first for an idle
/// machine.
const LATENCIES: [u64; 4] = [0, 1, 10, 100];

/// Something that happens at a time.
#[derive(Clone, Debug)]
pub(super) struct Arrival {
    pub(super) at: u64,
    pub(super) number: u64,
    pub(super) what: What,
}

#[derive(Clone, Debug)]
pub(super) enum What {
    /// From a socket that wants to connect.
    Syn(Ref),
    Item(Packet),
    /// It counts only if the socket's timer still has this number.
    Timer(Ref, u32, Timer),
    /// A slow reader reads on.
    Rested(Ref),
    /// Of a lookup of this process.
    Answer(u32, LookupId, Box<str>, u8),
    /// The next of the script.
    Fault,
}

#[derive(Clone, Debug)]
pub(super) struct Packet {
    pub(super) way: Way,
    pub(super) from: Ref,
    pub(super) to: Ref,
    pub(super) item: Item,
}

/// From which computer to which.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Way {
    pub(super) from: u32,
    pub(super) to: u32,
}

impl Way {
    pub(super) const fn back(self) -> Self {
        Self { from: self.to, to: self.from }
    }
}

#[derive(Clone, Debug)]
pub(super) enum Item {
    SynAck,
    Ack,
    Data(Bytes),
    Fin,
    Rst,
    /// The network says that there is no way.
    Unreachable(Errno),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Timer {
    /// Connects again.
    Syn,
    /// Asks for the third packet again.
    SynAck,
    /// Sends again what was lost, or asks whether there is room.
    Resend,
    /// Asks whether the other end is there; so many probes have had no answer.
    Probe(u32),
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
    /// How long a packet is on its way, in milliseconds.
    pub(super) fn latency(&mut self, way: Way) -> u64 {
        let chosen = LATENCIES[self.chooser.choose("latency", LATENCIES.len() as u32) as usize];
        if way.from == way.to {
            return chosen;
        }
        chosen + self.computers[way.from as usize].latency + self.computers[way.to as usize].latency
    }

    pub(super) fn post(&mut self, at: u64, what: What) {
        self.numbers += 1;
        self.arrivals.push(Arrival { at, number: self.numbers, what });
    }

    /// What is in the way, if anything is.
    pub(super) fn blocked(&self, way: Way) -> Option<Cut> {
        if !self.trouble {
            return None;
        }
        let up = |computer: u32| self.computers[computer as usize].up;
        if !up(way.from) || !up(way.to) {
            return Some(Cut::Silent);
        }
        self.cuts.get(&way).copied()
    }

    /// Sends a thing to an end, behind all that is on its way there already.
    pub(super) fn send_item(&mut self, way: Way, from: Ref, to: Ref, item: Item) {
        let latency = self.latency(way);
        let now = self.now;
        let packet = Packet { way, from, to, item };
        let Some(end) = self.sock(to) else {
            return match latency {
                0 => self.arrived(packet),
                _ => self.post(now + latency, What::Item(packet)),
            };
        };
        let at = end.last_arrival.max(now + latency);
        if at == now && end.coming == 0 {
            return self.arrived(packet);
        }
        end.last_arrival = at;
        end.coming += 1;
        self.post(at, What::Item(packet));
    }

    /// Sends a thing to the other end of a connection.
    pub(super) fn send_peer(&mut self, from: Ref, item: Item) {
        let Some(sock) = self.sock(from) else { return };
        let Some(to) = sock.peer else { return };
        let way = Way { from: sock.computer, to: sock.peer_at };
        self.send_item(way, from, to, item);
    }

    /// All that is due by now happens.
    pub(super) fn arrive(&mut self) {
        while self.arrivals.peek().is_some_and(|first| first.at <= self.now) {
            let Some(Arrival { what, .. }) = self.arrivals.pop() else { return };
            match what {
                What::Syn(from) => self.syn_arrives(from),
                What::Item(packet) => {
                    if let Some(end) = self.sock(packet.to) {
                        end.coming -= 1;
                    }
                    self.arrived(packet);
                }
                What::Timer(which, number, timer) => {
                    if self.peek(which).is_some_and(|sock| sock.timer == number) {
                        self.rings(which, timer);
                    }
                }
                What::Answer(pid, lookup, host, family) => {
                    let answer = self.resolved(&host, family);
                    self.procs[pid as usize].tables.answers.push_back((lookup, answer));
                    self.stir(pid);
                }
                What::Rested(which) => self.touch(which),
                What::Fault => self.next_fault(),
            }
        }
    }

    pub(super) fn arrived(&mut self, packet: Packet) {
        let (now, from) = (self.now, packet.from);
        let stalled = self.peek(from).is_some_and(|sock| sock.stalled);
        if (self.trouble || stalled)
            && let Some(cut) = self.in_the_way(&packet, stalled)
        {
            return self.lost(packet, cut);
        }
        let Packet { way, to, item, .. } = packet;
        if let Some(sender) = self.sock(from) {
            if let Item::Data(bytes) = &item {
                sender.flight -= bytes.len();
            }
            (sender.tries, sender.last_heard) = (0, now);
        }
        let Some(end) = self.sock(to) else { return self.nobody(way, from, to, &item) };
        end.last_heard = now;
        if end.state == State::SynRecv && !matches!(item, Item::Rst) {
            self.establish(to);
        }
        match item {
            Item::SynAck => self.answered(to),
            Item::Ack => {}
            Item::Data(bytes) => self.data_arrives(way, from, to, bytes),
            Item::Fin => {
                self.fin_arrives(to);
                self.fin_arrived(from);
            }
            Item::Rst => self.reset(to),
            Item::Unreachable(errno) => self.unreachable(to, errno),
        }
    }

    /// Whether a packet is lost, and by what cut if it is not because one before it was.
    fn in_the_way(&self, packet: &Packet, stalled: bool) -> Option<Option<Cut>> {
        match packet.item {
            // A router on this side of the cut says so.
            Item::Unreachable(_) => return None,
            Item::Data(_) | Item::Fin if stalled => return Some(self.blocked(packet.way)),
            _ => {}
        }
        self.blocked(packet.way).map(Some)
    }

    /// A packet for a socket that is gone.
    fn nobody(&mut self, way: Way, from: Ref, to: Ref, item: &Item) {
        match item {
            Item::SynAck => self.remove(from),
            // It is gone because both sides were done with it.
            Item::Fin if self.peek(from).is_some_and(|sock| sock.done) => {
                self.begin_time_wait_again(from);
                self.fin_arrived(from);
            }
            Item::Ack | Item::Data(_) | Item::Fin => {
                self.end_time_wait(from);
                self.send_item(way.back(), to, from, Item::Rst);
            }
            Item::Rst | Item::Unreachable(_) => {}
        }
    }
}
