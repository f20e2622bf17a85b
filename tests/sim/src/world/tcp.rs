//! TCP: the states of an end, and what moves them.

use super::sock::{Asked, Ref, Sock, State};
use super::wire::{Item, Timer, Way, What};
use super::{Cut, Inner};
use bytes::Bytes;
use netfold::Errno;
use std::net::{IpAddr, SocketAddr};

/// The time to the n-th further SYN, in milliseconds: with `tcp_syn_retries` 6 and `tcp_syn_linear_timeouts` 4, so that an
/// attempt is given up after 131 seconds.
const fn syn_interval(tries: u8) -> u64 {
    if tries < 5 { 1_000 } else { 1_000 << (tries - 4) }
}

/// After so many SYNs nobody is there.
const SYN_TRIES: u8 = 10;

impl Inner {
    /// The first packet of an attempt goes out.
    pub(super) fn send_syn(&mut self, from: Ref) {
        let now = self.now;
        let Some(sock) = self.sock(from) else { return };
        sock.last_heard = now;
        let way = Way { from: sock.computer, to: sock.peer_at };
        match self.latency(way) {
            0 => self.syn_arrives(from),
            latency => self.post(now + latency, What::Syn(from)),
        }
    }

    /// The first packet of an attempt reaches the other computer.
    pub(super) fn syn_arrives(&mut self, from: Ref) {
        let Some(sock) = self.sock(from).filter(|sock| sock.state == State::SynSent) else { return };
        let (way, half) = (Way { from: sock.computer, to: sock.peer_at }, sock.peer);
        let Some(to) = sock.remote else { return };
        match self.blocked(way) {
            Some(Cut::Silent) => return self.syn_lost(from),
            Some(Cut::Unreachable) => {
                return self.send_item(way.back(), from, from, Item::Unreachable(Errno::EHOSTUNREACH));
            }
            None => {}
        }
        if let Some(half) = half.filter(|half| self.peek(*half).is_some()) {
            return self.send_item(way.back(), half, from, Item::SynAck);
        }
        let Some(listener) = self.listener_at(way.to, to) else {
            if way.from == way.to && self.meets_itself(from) {
                return;
            }
            return self.send_item(way.back(), from, from, Item::Rst);
        };
        if self.peek(listener).and_then(|l| l.backlog.as_ref()).is_none_or(|backlog| backlog.is_full()) {
            return self.syn_lost(from);
        }
        self.meet(way, from, listener);
    }

    /// It is tried again later.
    pub(super) fn syn_lost(&mut self, from: Ref) {
        let Some(sock) = self.sock(from).filter(|sock| sock.state == State::SynSent) else { return };
        let at = sock.last_heard + syn_interval(sock.tries);
        self.arm(from, at, Timer::Syn);
    }

    pub(super) fn syn_again(&mut self, from: Ref) {
        let Some(sock) = self.sock(from).filter(|sock| sock.state == State::SynSent) else { return };
        if sock.tries == SYN_TRIES {
            return self.die(from, Errno::ETIMEDOUT);
        }
        sock.tries += 1;
        self.send_syn(from);
    }

    /// A socket that was bound to where it connects to is connected to itself.
    fn meets_itself(&mut self, which: Ref) -> bool {
        let Some(sock) = self.sock(which).filter(|sock| sock.local == sock.remote) else { return false };
        (sock.state, sock.peer) = (State::Established, Some(which));
        // It may have been shut down before.
        if sock.snd_shut {
            self.send_fin(which);
        }
        self.touch(which);
        true
    }

    /// The listener's side of a connection comes to be.
    fn meet(&mut self, way: Way, from: Ref, listener: Ref) {
        self.end_time_wait(from);
        let serial = self.serial();
        let Some(asking) = self.sock(from) else { return };
        let (local, remote, kind) = (asking.local, asking.remote, asking.kind);
        let (ipv6, reuse) = self.peek(listener).map_or((false, false), |l| (l.ipv6, l.reuse));
        let seen = |addr: SocketAddr| match (ipv6, addr.ip().to_canonical()) {
            (true, IpAddr::V4(v4)) => SocketAddr::new(IpAddr::V6(v4.to_ipv6_mapped()), addr.port()),
            (_, ip) => SocketAddr::new(ip, addr.port()),
        };
        let other = Sock {
            state: State::SynRecv,
            asked: Asked::Connected,
            peer: Some(from),
            peer_at: way.from,
            listener: Some(listener),
            ipv6,
            reuse,
            local: remote.map(seen),
            remote: local.map(seen),
            ..Sock::new(serial, way.to, kind)
        };
        let other = (self.socks.insert(other), serial);
        if let Some(asking) = self.sock(from) {
            asking.peer = Some(other);
        }
        if let Some(backlog) = self.backlog(listener) {
            backlog.half.push(other);
        }
        self.send_item(way.back(), other, from, Item::SynAck);
    }

    /// The second packet has come: to who asks, the connection is there.
    pub(super) fn answered(&mut self, which: Ref) {
        let Some(sock) = self.sock(which) else { return };
        match sock.state {
            State::SynSent => {
                sock.state = State::Established;
                sock.tries = 0;
                sock.timer += 1;
                self.touch(which);
                self.send_peer(which, Item::Ack);
            }
            State::Close => {}
            _ => self.send_peer(which, Item::Ack),
        }
    }

    /// The third packet has come: it can be accepted.
    pub(super) fn establish(&mut self, which: Ref) {
        let Some(sock) = self.sock(which) else { return };
        sock.state = State::Established;
        sock.timer += 1;
        let Some(listener) = sock.listener else { return };
        let Some(backlog) = self.backlog(listener) else { return };
        backlog.half.retain(|half| *half != which);
        backlog.waiting.push_back(which);
        self.touch(listener);
    }

    pub(super) fn data_arrives(&mut self, way: Way, from: Ref, to: Ref, bytes: Bytes) {
        let Some(end) = self.sock(to) else { return };
        let over = matches!(end.state, State::FinWait1 | State::FinWait2 | State::Closing) && end.rcv_shut;
        if over || end.state == State::Close {
            self.send_item(way.back(), to, from, Item::Rst);
            return self.reset(to);
        }
        if end.forsaken {
            return;
        }
        end.received_len += bytes.len();
        end.received.push_back(bytes);
        self.touch(to);
    }

    pub(super) fn fin_arrives(&mut self, to: Ref) {
        let Some(end) = self.sock(to) else { return };
        (end.rcv_shut, end.done) = (true, true);
        match end.state {
            State::Established => end.state = State::CloseWait,
            State::FinWait1 => end.state = State::Closing,
            State::FinWait2 => {
                self.begin_time_wait(to);
                return self.over(to);
            }
            _ => {}
        }
        self.touch(to);
    }

    /// The other end has this one's FIN.
    pub(super) fn fin_arrived(&mut self, from: Ref) {
        let Some(end) = self.sock(from) else { return };
        match end.state {
            State::FinWait1 if end.orphan => {
                self.begin_time_wait(from);
                self.remove(from);
            }
            State::FinWait1 => end.state = State::FinWait2,
            State::Closing => {
                self.begin_time_wait(from);
                self.over(from);
            }
            State::LastAck => self.over(from),
            _ => {}
        }
    }

    /// RST has come.
    pub(super) fn reset(&mut self, which: Ref) {
        let Some(end) = self.sock(which) else { return };
        match end.state {
            State::Close | State::Listen => return,
            State::SynRecv => {
                if let Some(backlog) = end.listener.and_then(|listener| self.backlog(listener)) {
                    backlog.half.retain(|half| *half != which);
                }
                return self.remove(which);
            }
            State::SynSent => end.error = Some(Errno::ECONNREFUSED),
            State::CloseWait => end.error = Some(Errno::EPIPE),
            _ => end.error = Some(Errno::ECONNRESET),
        }
        self.over(which);
    }

    pub(super) fn unreachable(&mut self, which: Ref, errno: Errno) {
        let Some(end) = self.sock(which) else { return };
        match end.state {
            State::SynSent => self.die(which, errno),
            _ => end.soft = Some(errno),
        }
    }

    /// It is given up.
    pub(super) fn die(&mut self, which: Ref, errno: Errno) {
        if let Some(end) = self.sock(which) {
            end.error = Some(end.soft.unwrap_or(errno));
            self.over(which);
        }
    }

    /// Nothing comes and nothing goes any more.
    pub(super) fn over(&mut self, which: Ref) {
        let Some(end) = self.sock(which) else { return };
        if end.orphan {
            return self.remove(which);
        }
        end.state = State::Close;
        (end.rcv_shut, end.snd_shut) = (true, true);
        (end.fin_waits, end.stalled) = (false, false);
        (end.out_len, end.lost) = (0, 0);
        end.out.clear();
        end.timer += 1;
        if end.auto_port {
            end.auto_port = false;
            self.free_port(which);
        }
        self.touch(which);
    }

    /// How much more the other end has room for.
    fn window(&self, end: &Sock) -> usize {
        match end.peer.and_then(|peer| self.peek(peer)) {
            Some(peer) => self.options.receive_buffer.saturating_sub(peer.received_len + end.flight),
            // Who is gone takes all, and answers with RST.
            None => usize::MAX / 2,
        }
    }

    /// How much a writer can hand over.
    pub(super) fn room(&self, end: &Sock) -> usize {
        let window = if end.stalled { 0 } else { self.window(end) };
        window + self.options.send_buffer.saturating_sub(end.out_len)
    }

    /// Linux reports room when a third of the buffer is free.
    pub(super) fn has_room(&self, end: &Sock) -> bool {
        let most = self.options.send_buffer / 3 * 2;
        if end.out_len > 0 { end.out_len <= most } else { self.room(end) > 0 }
    }

    /// How many of so many bytes are taken now. `again` for what a write left over: something is taken then if there is room.
    pub(super) fn takes(&mut self, which: Ref, total: usize, again: bool) -> Result<usize, Errno> {
        let Some(end) = self.sock(which) else { return Err(Errno::EBADF) };
        match end.state {
            State::Established | State::CloseWait if !end.snd_shut && end.error.is_none() => {}
            State::SynSent if end.error.is_none() => return Err(Errno::EAGAIN),
            _ => return Err(end.error.take().unwrap_or(Errno::EPIPE)),
        }
        let fits = total.min(self.room(&self.socks[which.0]));
        match self.part(fits, again) {
            0 if total > 0 => Err(Errno::EAGAIN),
            sent => Ok(sent),
        }
    }

    /// Hands bytes on; how many were taken.
    pub(super) fn send_tcp(&mut self, which: Ref, pieces: &[Bytes], again: bool) -> Result<usize, Errno> {
        let sent = self.takes(which, pieces.iter().map(Bytes::len).sum(), again)?;
        let mut left = sent;
        for piece in pieces {
            if left == 0 {
                break;
            }
            let part = if piece.len() > left { piece.slice(..left) } else { piece.clone() };
            left -= part.len();
            if !part.is_empty() {
                self.hand_over(which, part);
            }
        }
        Ok(sent)
    }

    /// How much of what fits is taken.
    pub(super) fn part(&mut self, fits: usize, again: bool) -> usize {
        match fits {
            0 | 1 => fits,
            _ => match self.chooser.choose("write", if again { 3 } else { 4 }) {
                0 => fits,
                1 => fits / 2,
                2 => 1,
                _ => 0,
            },
        }
    }

    /// Sends what the other end has room for; the rest waits.
    pub(super) fn hand_over(&mut self, which: Ref, mut bytes: Bytes) {
        let Some(end) = self.peek(which) else { return };
        let direct = if end.stalled || end.out_len > 0 { 0 } else { bytes.len().min(self.window(end)) };
        let Some(end) = self.sock(which).filter(|end| end.state != State::Close) else { return };
        let now = if direct < bytes.len() { bytes.split_to(direct) } else { std::mem::take(&mut bytes) };
        end.flight += direct;
        end.out_len += bytes.len();
        if !bytes.is_empty() {
            end.out.push_back(bytes);
        }
        match direct {
            0 => self.probe_if_cut(which),
            _ => self.send_peer(which, Item::Data(now)),
        }
    }

    /// Sends what waits, as far as there is room for it; FIN goes behind the last of it.
    pub(super) fn push(&mut self, which: Ref) {
        loop {
            let Some(end) = self.peek(which) else { return };
            if end.stalled {
                return;
            }
            if end.out_len == 0 {
                break;
            }
            let window = self.window(end);
            if window == 0 {
                return self.probe_if_cut(which);
            }
            let Some(end) = self.sock(which) else { return };
            let n = end.out.front().map_or(0, Bytes::len).min(window);
            let bytes = end.out.take(n);
            end.out_len -= n;
            end.flight += n;
            self.touch(which);
            self.send_peer(which, Item::Data(bytes));
        }
        if let Some(end) = self.sock(which)
            && std::mem::take(&mut end.fin_waits)
        {
            self.send_peer(which, Item::Fin);
        }
    }

    /// No more will come from this end.
    pub(super) fn send_fin(&mut self, which: Ref) {
        let Some(end) = self.sock(which) else { return };
        end.snd_shut = true;
        end.state = match end.state {
            State::CloseWait => State::LastAck,
            _ => State::FinWait1,
        };
        end.fin_waits = true;
        self.push(which);
    }

    pub(super) fn close_tcp(&mut self, which: Ref, reset: bool) {
        let Some(end) = self.sock(which) else { return };
        let live = !matches!(end.state, State::Close | State::SynSent | State::SynRecv);
        let both = matches!(end.state, State::Closing | State::LastAck);
        if end.state == State::Listen {
            return self.close_listener(which);
        }
        if live && (end.received_len > 0 || (reset && !both)) {
            self.forsake(which);
            self.send_peer(which, Item::Rst);
            return self.remove(which);
        }
        match end.state {
            State::Established | State::CloseWait => {
                (end.orphan, end.rcv_shut) = (true, true);
                self.send_fin(which);
            }
            State::FinWait1 | State::Closing | State::LastAck if !reset => {
                (end.orphan, end.rcv_shut) = (true, true);
            }
            State::FinWait2 => {
                self.begin_time_wait(which);
                self.remove(which);
            }
            _ => self.remove(which),
        }
    }

    /// What is on its way from an end that gives up may have waited to be sent (Nagle's algorithm), and never is.
    fn forsake(&mut self, which: Ref) {
        let Some(end) = self.peek(which).filter(|end| end.flight > 0) else { return };
        if let Some(peer) = end.peer
            && self.chooser.choose("forsake", 2) == 1
            && let Some(peer) = self.sock(peer)
        {
            peer.forsaken = true;
        }
    }

    fn close_listener(&mut self, which: Ref) {
        let backlog = self.sock(which).and_then(|end| end.backlog.take()).unwrap_or_default();
        self.remove(which);
        for half in backlog.half {
            self.remove(half);
        }
        for waiting in backlog.waiting {
            match self.peek(waiting).is_some_and(Sock::is_tcp) {
                true => {
                    if self.peek(waiting).is_some_and(|end| end.state != State::Close) {
                        self.send_peer(waiting, Item::Rst);
                    }
                    self.remove(waiting);
                }
                false => self.close_unix(waiting, true),
            }
        }
    }
}
