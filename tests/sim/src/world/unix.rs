//! Unix sockets: what Linux makes of them, to the byte of their capacity.

use super::Inner;
use super::sock::{Asked, Ref, Sock, State};
use bytes::{Bytes, BytesMut};
use netfold::Errno;
use netfold::core::HandleKind;

/// The most that one message in the kernel holds: what fits on a page beside its description, and 32 KiB.
const LONGEST: usize = HEAD + 32_768;

/// How many bytes fit on a page beside the description.
const HEAD: usize = 4_096 - 320;

const PAGE: usize = 4_096;

/// What a message of so many bytes counts against its writer's buffer (`truesize`).
pub(super) fn cost(len: usize) -> u32 {
    let over = len.saturating_sub(HEAD);
    let pages = len.min(over.next_multiple_of(PAGE));
    let head = (len - pages).next_multiple_of(64) + 320;
    (256 + head.next_power_of_two().max(512) + pages.next_multiple_of(PAGE)) as u32
}

impl Inner {
    pub(super) fn connect_unix(&mut self, which: Ref, path: &str) -> Result<(), Errno> {
        let computer = self.peek(which).ok_or(Errno::EBADF)?.computer;
        let user = self.peek(which).map_or(0, |sock| self.user(sock.pid));
        let found = self.socket_at(computer, path, user)?;
        let Some(listener) = self.sock(found).filter(|sock| sock.is_listening() && !sock.rcv_shut) else {
            return Err(Errno::ECONNREFUSED);
        };
        if listener.backlog.as_ref().is_some_and(|backlog| backlog.is_full()) {
            return Err(Errno::EAGAIN);
        }
        match self.peek(which).map(|sock| sock.state) {
            Some(State::Close) => {}
            Some(State::Established) => return Err(Errno::EISCONN),
            _ => return Err(Errno::EINVAL),
        }
        let serial = self.serial();
        let other = Sock {
            state: State::Established,
            asked: Asked::Connected,
            peer: Some(which),
            listener: Some(found),
            ..Sock::new(serial, computer, HandleKind::Pipe)
        };
        let other = (self.socks.insert(other), serial);
        if let Some(sock) = self.sock(which) {
            (sock.state, sock.peer, sock.asked) = (State::Established, Some(other), Asked::Connected);
        }
        if let Some(backlog) = self.backlog(found) {
            backlog.waiting.push_back(other);
        }
        self.touch(found);
        self.touch(which);
        Ok(())
    }

    /// Whether a writer is told that there is room: a quarter of its buffer is used at most.
    pub(super) fn has_room_unix(&self, sock: &Sock) -> bool {
        !sock.is_listening() && sock.wmem as usize * 4 <= self.options.unix_buffer
    }

    pub(super) fn send_unix(&mut self, which: Ref, pieces: &[Bytes], again: bool) -> Result<usize, Errno> {
        let most = self.options.unix_buffer;
        let sock = self.sock(which).ok_or(Errno::EBADF)?;
        let Some(peer) = sock.peer else { return Err(Errno::ENOTCONN) };
        if sock.snd_shut && (sock.error.is_none() || pieces.iter().all(Bytes::is_empty)) {
            return Err(Errno::EPIPE);
        }
        let total: usize = pieces.iter().map(Bytes::len).sum();
        if total == 0 {
            return Ok(0);
        }
        if sock.snd_shut {
            return Err(Errno::EPIPE);
        }
        if let Some(error) = sock.error.take() {
            return Err(error);
        }
        let wmem = sock.wmem as usize;
        let longest = LONGEST.min((most / 2).saturating_sub(64)).max(1);
        let (mut fits, mut used) = (0, wmem);
        while fits < total && used < most {
            let len = longest.min(total - fits);
            used += cost(len) as usize;
            fits += len;
        }
        let sent = self.part(fits, again);
        let mut joined = match pieces {
            [piece] => piece.slice(..sent),
            _ => join(pieces, sent),
        };
        while !joined.is_empty() {
            let message = joined.split_to(longest.min(joined.len()));
            let cost = cost(message.len());
            self.socks[which.0].wmem += cost;
            let Some(end) = self.sock(peer) else { break };
            if end.received.is_empty() {
                end.front_cost = cost;
            }
            end.received_len += message.len();
            end.received.push_back(message);
        }
        self.touch(peer);
        if sent == 0 { Err(Errno::EAGAIN) } else { Ok(sent) }
    }

    /// Takes up to `n` bytes; what was read whole makes room at the writer's.
    pub(super) fn take_unix(&mut self, which: Ref, n: usize) -> Bytes {
        let Some(sock) = self.sock(which) else { return Bytes::new() };
        let n = n.min(sock.received_len);
        let (mut left, mut freed) = (n, 0);
        for (at, message) in sock.received.iter().enumerate() {
            if message.len() > left {
                sock.front_cost = if at == 0 { sock.front_cost } else { cost(message.len()) };
                break;
            }
            left -= message.len();
            freed += if at == 0 { sock.front_cost } else { cost(message.len()) };
        }
        sock.received_len -= n;
        let bytes = sock.received.take(n);
        let peer = sock.peer;
        if freed > 0
            && let Some(peer) = peer
            && let Some(writer) = self.sock(peer)
        {
            writer.wmem = writer.wmem.saturating_sub(freed);
            self.touch(peer);
        }
        bytes
    }

    pub(super) fn shutdown_unix(&mut self, which: Ref, read: bool, write: bool) {
        let Some(sock) = self.sock(which) else { return };
        sock.rcv_shut |= read;
        sock.snd_shut |= write;
        let peer = sock.peer;
        self.touch(which);
        if let Some(peer) = peer
            && let Some(end) = self.sock(peer)
        {
            end.rcv_shut |= write;
            end.snd_shut |= read;
            self.touch(peer);
        }
    }

    /// `unread`: it was never accepted, which is as bad for the other end as bytes that were not read.
    pub(super) fn close_unix(&mut self, which: Ref, unread: bool) {
        let Some(sock) = self.sock(which) else { return };
        let (peer, unread) = (sock.peer, unread || sock.received_len > 0);
        let backlog = sock.backlog.take();
        self.remove(which);
        for waiting in backlog.map(|backlog| backlog.waiting).unwrap_or_default() {
            self.close_unix(waiting, true);
        }
        if let Some(peer) = peer
            && let Some(end) = self.sock(peer)
        {
            (end.rcv_shut, end.snd_shut, end.wmem) = (true, true, 0);
            if unread {
                end.error = Some(Errno::ECONNRESET);
            }
            self.touch(peer);
        }
    }
}

fn join(pieces: &[Bytes], len: usize) -> Bytes {
    let mut joined = BytesMut::with_capacity(len);
    for piece in pieces {
        let part = piece.len().min(len - joined.len());
        joined.extend_from_slice(&piece[..part]);
    }
    joined.freeze()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How much a Unix socket of Linux 6 with 212,992 bytes takes in writes of one size, nobody reading.
    #[test]
    fn a_message_costs_its_writer_what_linux_says() {
        let taken =
            |size: usize| (0..).scan(0, |used, _| (*used < 212_992).then(|| *used += cost(size) as usize)).count();
        let measured = [
            (1, 278),
            (100, 278),
            (192, 278),
            (193, 167),
            (1_000, 93),
            (2_000, 49),
            (4_000, 44),
            (4_096, 44),
            (5_000, 34),
            (8_000, 24),
            (10_000, 17),
            (16_064, 13),
            (20_000, 11),
            (32_768, 7),
            (36_544, 6),
        ];
        for (size, count) in measured {
            assert_eq!(taken(size), count, "writes of {size}");
        }
    }
}
