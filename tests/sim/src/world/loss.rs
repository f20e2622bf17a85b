//! What goes wrong on the way, and the timers that notice.

use super::sock::{Ref, Sock, State};
use super::wire::{Item, Packet, Timer, Way, What};
use super::{Cut, Inner};
use netfold::Errno;

/// The time to the first retransmission, in milliseconds; each further one waits twice as long.
const RESEND: u64 = 200;

/// The longest time between two of them.
const LONGEST: u64 = 120_000;

/// How often something is sent again before the connection is given up (`tcp_retries2`): after 924.6 seconds.
const RETRIES: u8 = 15;

/// The same, when the program has closed it (`tcp_orphan_retries`).
const ORPHAN_RETRIES: u8 = 8;

/// How often the third packet is asked for (`tcp_synack_retries`).
const SYN_ACK_RETRIES: u8 = 5;

/// How many probes are sent, a second apart, until the other end counts as gone: Node's numbers.
const PROBES: u32 = 10;
const PROBE_EVERY: u64 = 1_000;

const fn resend_after(tries: u8) -> u64 {
    if tries > 9 { LONGEST } else { RESEND << tries }
}

impl Inner {
    pub(super) fn arm(&mut self, which: Ref, at: u64, timer: Timer) {
        let Some(sock) = self.sock(which) else { return };
        sock.timer += 1;
        let number = sock.timer;
        self.post(at, What::Timer(which, number, timer));
    }

    pub(super) fn rings(&mut self, which: Ref, timer: Timer) {
        match timer {
            Timer::Syn => self.syn_again(which),
            Timer::SynAck => self.syn_ack_again(which),
            Timer::Resend => self.resend(which),
            Timer::Probe(unanswered) => self.probe(which, unanswered),
        }
    }

    /// A packet did not arrive.
    pub(super) fn lost(&mut self, packet: Packet, cut: Option<Cut>) {
        let Packet { from, to, item, .. } = packet;
        if let Item::Data(bytes) = &item
            && let Some(sock) = self.sock(from)
        {
            sock.flight -= bytes.len();
        }
        match item {
            Item::SynAck => {
                self.syn_lost(to);
                self.ask_for_third(from);
            }
            Item::Ack => self.ask_for_third(to),
            Item::Rst | Item::Unreachable(_) => {}
            Item::Data(_) | Item::Fin => {
                let Some(sock) = self.sock(from).filter(|sock| sock.state != State::Close) else { return };
                if cut == Some(Cut::Unreachable) {
                    sock.soft = Some(Errno::EHOSTUNREACH);
                }
                match item {
                    Item::Data(bytes) => {
                        sock.out_len += bytes.len();
                        sock.out.insert(sock.lost, bytes);
                        sock.lost += 1;
                    }
                    _ => sock.fin_waits = true,
                }
                self.stall(from);
            }
        }
    }

    /// Nothing new is sent until the timer rings.
    fn stall(&mut self, which: Ref) {
        let Some(sock) = self.sock(which) else { return };
        if !std::mem::replace(&mut sock.stalled, true) {
            sock.tries = 0;
            self.arm(which, self.now + RESEND, Timer::Resend);
        }
    }

    /// What waits for room cannot hear of it when the way is cut: it asks.
    pub(super) fn probe_if_cut(&mut self, which: Ref) {
        let Some(sock) = self.peek(which) else { return };
        if self.is_cut_off(sock) {
            self.stall(which);
        }
    }

    /// Whether nothing can be heard of the other end.
    fn is_cut_off(&self, sock: &Sock) -> bool {
        let way = Way { from: sock.computer, to: sock.peer_at };
        self.trouble && (self.blocked(way).is_some() || self.blocked(way.back()).is_some())
            || sock.peer.is_some_and(|peer| self.peek(peer).is_none()) && !sock.done
    }

    fn resend(&mut self, which: Ref) {
        let Some(sock) = self.peek(which) else { return };
        if sock.flight > 0 {
            return self.arm(which, self.now + 1, Timer::Resend);
        }
        let (tries, orphan) = (sock.tries, sock.orphan);
        let way = Way { from: sock.computer, to: sock.peer_at };
        let cut = self.blocked(way).or_else(|| self.blocked(way.back()));
        let Some(sock) = self.sock(which) else { return };
        let Some(cut) = cut else {
            (sock.stalled, sock.lost) = (false, 0);
            return self.push(which);
        };
        if cut == Cut::Unreachable {
            sock.soft = Some(Errno::EHOSTUNREACH);
        }
        if tries == if orphan { ORPHAN_RETRIES } else { RETRIES } {
            return self.die(which, Errno::ETIMEDOUT);
        }
        sock.tries += 1;
        self.arm(which, self.now + resend_after(tries + 1), Timer::Resend);
    }

    fn ask_for_third(&mut self, half: Ref) {
        let now = self.now;
        if let Some(sock) = self.sock(half).filter(|sock| sock.state == State::SynRecv && sock.tries == 0) {
            sock.tries = 1;
            self.arm(half, now + 1_000, Timer::SynAck);
        }
    }

    fn syn_ack_again(&mut self, half: Ref) {
        let Some(sock) = self.peek(half).filter(|sock| sock.state == State::SynRecv) else { return };
        let way = Way { from: sock.computer, to: sock.peer_at };
        let client = sock.peer.and_then(|peer| self.peek(peer));
        let answers = client.is_some_and(|client| client.state != State::SynSent);
        let open = self.blocked(way).is_none() && self.blocked(way.back()).is_none();
        let tries = sock.tries;
        if open && answers {
            return self.establish(half);
        }
        if tries > SYN_ACK_RETRIES || (open && client.is_none()) {
            return self.reset(half);
        }
        if let Some(sock) = self.sock(half) {
            sock.tries += 1;
        }
        self.arm(half, self.now + (1_000 << tries), Timer::SynAck);
    }

    /// The time of the next probe of an end that hears nothing.
    fn await_probe(&mut self, which: Ref) {
        let Some(sock) = self.peek(which) else { return };
        let Some(idle) = sock.keep_alive.filter(|_| sock.state != State::Close && !sock.stalled) else { return };
        let idle = u64::from(idle.max(1)) * 1_000;
        let since = self.now - sock.last_heard;
        let at = sock.last_heard + (since / idle + 1) * idle;
        self.arm(which, at, Timer::Probe(0));
    }

    fn probe(&mut self, which: Ref, unanswered: u32) {
        let Some(sock) = self.peek(which) else { return };
        let way = Way { from: sock.computer, to: sock.peer_at };
        if self.blocked(way).is_some() || self.blocked(way.back()).is_some() {
            return match unanswered {
                PROBES => self.die(which, Errno::ETIMEDOUT),
                _ => self.arm(which, self.now + PROBE_EVERY, Timer::Probe(unanswered + 1)),
            };
        }
        if self.is_cut_off(sock) {
            self.reset(which);
        }
    }

    /// Has it watched by keep-alive if it hears nothing.
    pub(super) fn keep_alive(&mut self, which: Ref, delay: Option<u32>) {
        let Some(sock) = self.sock(which) else { return };
        sock.keep_alive = delay;
        if self.peek(which).is_some_and(|sock| sock.is_tcp() && self.is_cut_off(sock)) {
            self.await_probe(which);
        }
    }

    /// Something has changed on the way: those that hear nothing now begin to ask. Looks at every socket.
    pub(super) fn look_for_cut_off(&mut self) {
        self.trouble = !self.cuts.is_empty() || self.computers.iter().any(|computer| !computer.up);
        let all: Vec<Ref> = self.socks.iter().map(|(at, sock)| (at, sock.serial)).collect();
        for which in all {
            let Some(sock) = self.peek(which).filter(|sock| sock.is_tcp() && self.is_cut_off(sock)) else { continue };
            match sock.state {
                State::Close | State::Listen | State::SynSent | State::SynRecv => {}
                _ if sock.stalled => {}
                _ if sock.out_len > 0 || sock.fin_waits => self.stall(which),
                _ => self.await_probe(which),
            }
        }
    }

    pub(super) fn cut(&mut self, a: u32, b: u32, how: Cut) {
        self.cuts.insert(Way { from: a, to: b }, how);
        self.cuts.insert(Way { from: b, to: a }, how);
        self.look_for_cut_off();
    }

    pub(super) fn heal(&mut self, a: u32, b: u32) {
        self.cuts.remove(&Way { from: a, to: b });
        self.cuts.remove(&Way { from: b, to: a });
        self.look_for_cut_off();
    }
}
