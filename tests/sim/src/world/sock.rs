//! One socket, as the kernel of a computer has it.

use super::pieces::Pieces;
use super::poll::Interest;
use bytes::Bytes;
use netfold::Errno;
use netfold::core::{HandleId, HandleKind};
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::num::NonZeroU64;

/// A number that no other socket ever has.
pub(super) type Serial = NonZeroU64;

/// A socket: its place in the table, and its number.
pub(super) type Ref = (usize, Serial);

/// Nobody's: of what waits to be accepted, and of what was closed and has bytes to send yet.
pub(super) const NOBODY: u32 = u32::MAX;

/// The states of TCP, as far as a program can tell them apart. A Unix socket is in `Close`, `Listen` or `Established`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Close,
    Listen,
    SynSent,
    /// The listener's side, until the third packet.
    SynRecv,
    Established,
    /// FIN was sent, and has not come to the other end.
    FinWait1,
    FinWait2,
    CloseWait,
    /// Both have sent FIN; this one's has not come to the other end.
    Closing,
    LastAck,
}

/// What `connect` remembers of a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    No,
    Underway,
    Connected,
    /// It failed, and was shut down before that was told.
    Ending,
}

/// Where a socket is bound.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum At {
    Addr(SocketAddr),
    Path(Box<str>),
}

/// What waits at a listener.
#[derive(Clone, Debug, Default)]
pub(super) struct Backlog {
    pub(super) most: usize,
    pub(super) waiting: VecDeque<Ref>,
    /// Those whose third packet is on its way.
    pub(super) half: Vec<Ref>,
}

impl Backlog {
    /// Linux lets in one more than the backlog.
    pub(super) fn is_full(&self) -> bool {
        self.waiting.len() + self.half.len() > self.most
    }
}

/// In the order in which it is used. A poll looks at the first line of the cache alone, a packet at the first three.
#[derive(Clone, Debug)]
#[repr(C, align(64))]
pub(super) struct Sock {
    pub(super) serial: Serial,
    pub(super) kind: HandleKind,
    pub(super) state: State,
    pub(super) rcv_shut: bool,
    pub(super) snd_shut: bool,
    /// It stands in the list of what may be ready.
    pub(super) queued: bool,
    /// What its process's poller looks for; `None` when it does not know of it.
    pub(super) watch: Option<Interest>,
    /// The handle of its process that it is, if any.
    pub(super) handle: Option<HandleId>,
    /// What the next call reports.
    pub(super) error: Option<Errno>,
    pub(super) pid: u32,
    /// Of a slow process: it reads nothing before this time.
    pub(super) rests_until: u64,
    /// What waits at a listener.
    pub(super) backlog: Option<Box<Backlog>>,
    pub(super) received_len: usize,
    pub(super) received: Pieces,
    /// The other end; gone, perhaps.
    pub(super) peer: Option<Ref>,
    /// Sent, and not come to the other end.
    pub(super) flight: usize,
    pub(super) out_len: usize,
    pub(super) last_arrival: u64,
    pub(super) last_heard: u64,
    pub(super) computer: u32,
    /// On which computer the other end is.
    pub(super) peer_at: u32,
    /// The things on their way to here.
    pub(super) coming: u32,
    /// Something was lost: nothing new is sent until it was sent again.
    pub(super) stalled: bool,
    /// What is on its way to here is lost: its writer gave it up with RST.
    pub(super) forsaken: bool,
    /// How often it was sent again.
    pub(super) tries: u8,
    /// FIN has come.
    pub(super) done: bool,
    /// Closed by its program; the kernel has something to send for it.
    pub(super) orphan: bool,
    /// FIN goes out behind what waits to be sent.
    pub(super) fin_waits: bool,
    pub(super) asked: Asked,
    pub(super) ipv6: bool,
    /// A port that was chosen for it, and is free again at once when the connection is over.
    pub(super) auto_port: bool,
    /// Its program bound it to a port of its choice, which it keeps.
    pub(super) bound: bool,
    /// SO_REUSEADDR
    pub(super) reuse: bool,
    pub(super) ipv6_only: bool,
    pub(super) reuse_port: bool,
    pub(super) type_of_service: u8,
    /// What the network has said of it, to be reported when it is given up.
    pub(super) soft: Option<Errno>,
    /// The timer that counts; older ones are void.
    pub(super) timer: u32,
    /// The seconds to the first probe.
    pub(super) keep_alive: Option<u32>,
    /// Where it waits to be accepted.
    pub(super) listener: Option<Ref>,
    pub(super) local: Option<SocketAddr>,
    pub(super) remote: Option<SocketAddr>,
    pub(super) path: Option<Box<str>>,
    /// Accepted of the writer, and not sent: the other end has no room, or something was lost.
    pub(super) out: Pieces,
    /// How many pieces at the front of `out` were lost on their way.
    pub(super) lost: usize,
    /// What the first message that was received (Unix) costs its writer, and what all that this one wrote does.
    pub(super) front_cost: u32,
    pub(super) wmem: u32,
}

impl Sock {
    pub(super) fn new(serial: Serial, computer: u32, kind: HandleKind) -> Self {
        Self {
            serial,
            last_arrival: 0,
            last_heard: 0,
            computer,
            pid: NOBODY,
            handle: None,
            watch: None,
            rests_until: 0,
            peer_at: computer,
            kind,
            ipv6: false,
            state: State::Close,
            asked: Asked::No,
            rcv_shut: false,
            snd_shut: false,
            done: false,
            auto_port: false,
            bound: false,
            reuse: false,
            ipv6_only: false,
            reuse_port: false,
            queued: false,
            orphan: false,
            fin_waits: false,
            stalled: false,
            forsaken: false,
            tries: 0,
            type_of_service: 0,
            error: None,
            soft: None,
            timer: 0,
            keep_alive: None,
            coming: 0,
            peer: None,
            listener: None,
            local: None,
            remote: None,
            path: None,
            backlog: None,
            received: Pieces::default(),
            received_len: 0,
            out: Pieces::default(),
            out_len: 0,
            flight: 0,
            lost: 0,
            front_cost: 0,
            wmem: 0,
        }
    }

    pub(super) fn is_tcp(&self) -> bool {
        self.kind == HandleKind::Tcp
    }

    pub(super) fn is_listening(&self) -> bool {
        self.state == State::Listen
    }

    /// Nothing comes and nothing goes any more: what `poll` calls a hang-up.
    pub(super) fn is_over(&self) -> bool {
        match self.state {
            State::Listen => self.rcv_shut && self.snd_shut && !self.is_tcp(),
            State::Close => true,
            _ => self.rcv_shut && self.snd_shut,
        }
    }

    /// Takes up to `n` bytes, over the borders of what was written.
    pub(super) fn take(&mut self, n: usize) -> Bytes {
        let n = n.min(self.received_len);
        self.received_len -= n;
        self.received.take(n)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_poll_looks_at_stands_in_one_line_of_the_cache_and_what_a_packet_does_in_three() {
        assert_eq!(align_of::<Sock>(), 64);
        assert_eq!(std::mem::offset_of!(Sock, received), 64);
        assert!(std::mem::offset_of!(Sock, asked) <= 192, "{} bytes", std::mem::offset_of!(Sock, asked));
    }
}
