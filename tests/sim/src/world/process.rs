//! A loop's side: what a process keeps of its handles, and the answers to what the machine asks. As the driver has it over
//! the system's own calls.

use super::Inner;
use super::poll::{Interest, Ready};
use super::sock::{At, Ref, Sock, State};
use super::turn::Turn;
use super::unsent::{Queue, given};
use super::wire::What;
use bytes::Bytes;
use netfold::Errno;
use netfold::core::{Call, ConnKey, HandleId, HandleKind, LookupAnswer, LookupId, Op, Reply};
use std::collections::VecDeque;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// What one read brings at most.
pub(super) const READ: usize = 64 * 1024;

/// The bits of a type of service that a program can set.
const TYPE_OF_SERVICE: u8 = 0xfc;

/// What a handle is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    New,
    Connecting,
    Stream,
    Listening,
    /// A server that has no descriptor for a connection, until this time.
    Exhausted(u64),
}

/// A line of the cache.
#[derive(Clone, Debug)]
#[repr(align(64))]
pub(super) struct Handle {
    pub(super) generation: u32,
    pub(super) limit: u32,
    pub(super) role: Role,
    pub(super) sock: Option<Ref>,
    /// What a write left over.
    pub(super) unsent: Option<Box<Queue>>,
    rare: Option<Box<Rare>>,
    pub(super) kind: HandleKind,
    pub(super) reading: bool,
    /// The next poll tells the poller of more.
    pub(super) unsettled: bool,
}

/// What few handles have.
#[derive(Clone, Debug, Default)]
struct Rare {
    file: Option<Box<str>>,
    reuse_port: bool,
    /// The seconds to the first probe, until there is a socket.
    keep_alive: Option<u32>,
}

impl Handle {
    fn new(generation: u32, kind: HandleKind) -> Self {
        Self {
            generation,
            limit: READ as u32,
            role: Role::New,
            sock: None,
            unsent: None,
            rare: None,
            kind,
            reading: false,
            unsettled: false,
        }
    }

    fn rare(&mut self) -> &mut Rare {
        self.rare.get_or_insert_default()
    }

    /// What the poller should look for.
    pub(super) fn wants(&self) -> Interest {
        let (read, write) = match self.role {
            Role::New | Role::Exhausted(_) => (false, false),
            Role::Connecting => (false, true),
            Role::Stream => (self.reading, self.unsent.is_some()),
            Role::Listening => (true, false),
        };
        Interest { read, write }
    }
}

/// What a loop keeps.
#[derive(Clone, Debug, Default)]
pub(super) struct Tables {
    pub(super) woken: Arc<AtomicBool>,
    /// Rounds with nothing to do since the clock went on.
    pub(super) spins: u32,
    /// By slot.
    handles: Vec<Option<Handle>>,
    /// Accepted, and not yet taken.
    conns: Vec<(u64, Ref)>,
    pub(super) answers: VecDeque<(LookupId, LookupAnswer)>,
    /// What may be ready, in the order in which it became so.
    pub(super) ready: VecDeque<Ref>,
    /// What this poll reported and the loop has not come to.
    pub(super) reported: VecDeque<(HandleId, Ready)>,
    pub(super) turn: Option<Turn>,
    /// Handles that want more than the poller knows of, and those that may want less.
    pub(super) unsettled: Vec<HandleId>,
    pub(super) slack: Vec<HandleId>,
    /// What finished a write that had blocked, in this poll; how many of them are left of this round, and which it is.
    pub(super) again: VecDeque<HandleId>,
    pub(super) again_round: usize,
    pub(super) again_rounds: u8,
    pub(super) exhausted: Vec<HandleId>,
    /// A descriptor is kept for the day when there are no others.
    pub(super) spare: bool,
}

impl Tables {
    /// Nothing is left of it but its bell.
    pub(super) fn clear(&mut self) {
        *self = Self { woken: self.woken.clone(), ..Self::default() };
    }

    pub(super) fn get(&mut self, h: HandleId) -> Option<&mut Handle> {
        self.handles.get_mut(h.slot() as usize)?.as_mut().filter(|handle| handle.generation == h.generation())
    }

    pub(super) fn look(&self, h: HandleId) -> Option<&Handle> {
        self.handles.get(h.slot() as usize)?.as_ref().filter(|handle| handle.generation == h.generation())
    }

    fn set(&mut self, h: HandleId, handle: Handle) {
        let slot = h.slot() as usize;
        if self.handles.len() <= slot {
            self.handles.resize_with(slot + 1, || None);
        }
        self.handles[slot] = Some(handle);
    }

    fn remove(&mut self, h: HandleId) -> Option<Handle> {
        self.get(h)?;
        self.handles[h.slot() as usize].take()
    }

    pub(super) fn handles(&self) -> impl Iterator<Item = &Handle> {
        self.handles.iter().flatten()
    }

    pub(super) fn deadline(&self) -> Option<u64> {
        let until = |h: &HandleId| match self.look(*h)?.role {
            Role::Exhausted(until) => Some(until),
            _ => None,
        };
        self.exhausted.iter().filter_map(until).min()
    }

    /// A loop that was stopped in the middle of a batch goes on with it; what came meanwhile is found afterwards.
    pub(super) fn is_amid(&self) -> bool {
        self.turn.is_some() || !self.reported.is_empty() || self.again_round > 0
    }

    pub(super) fn add_conn(&mut self, conn: Ref) -> ConnKey {
        let key = conn.1.get();
        self.conns.push((key, conn));
        ConnKey(key)
    }

    fn take_conn(&mut self, key: ConnKey) -> Option<Ref> {
        let at = self.conns.iter().position(|(known, _)| *known == key.0)?;
        Some(self.conns.swap_remove(at).1)
    }
}

/// Where a socket is that is nowhere.
pub(super) fn nowhere(ipv6: bool) -> SocketAddr {
    if ipv6 { (Ipv6Addr::UNSPECIFIED, 0).into() } else { (Ipv4Addr::UNSPECIFIED, 0).into() }
}

fn done(result: Result<(), Errno>) -> Reply {
    result.map_or_else(Reply::Failed, |()| Reply::Done)
}

impl Inner {
    pub(super) fn tables(&mut self, pid: u32) -> &mut Tables {
        &mut self.procs[pid as usize].tables
    }

    fn sock_of(&mut self, pid: u32, h: HandleId) -> Option<Ref> {
        self.tables(pid).get(h)?.sock
    }

    pub(super) fn answer(&mut self, pid: u32, op: &Op<'_>) -> Reply {
        match *op {
            Op::Open(h, kind) => {
                self.tables(pid).set(h, Handle::new(h.generation(), kind));
                Reply::Done
            }
            Op::Adopt(h, conn) => {
                self.adopt(pid, h, conn);
                Reply::Done
            }
            Op::Refuse(conn) => {
                if let Some(which) = self.tables(pid).take_conn(conn) {
                    self.close(which, false);
                }
                Reply::Done
            }
            Op::ConnNames(conn) => {
                let known = self.procs[pid as usize].tables.conns.iter().find(|(known, _)| *known == conn.0);
                let sock = known.and_then(|(_, which)| self.peek(*which));
                Reply::Names(sock.and_then(|sock| sock.local), sock.and_then(|sock| sock.remote))
            }
            Op::Bind { handle, addr, ipv6_only } => done(self.bind_handle(pid, handle, addr, ipv6_only)),
            Op::BindPath(h, path) => done(self.bind_handle_path(pid, h, path)),
            Op::Listen(h, backlog) => done(self.listen_handle(pid, h, backlog)),
            Op::Connect(h, to) => self.connect_handle(pid, h, to.is_ipv6(), &At::Addr(to)),
            Op::ConnectPath(h, path) => self.connect_handle(pid, h, false, &At::Path(path.into())),
            Op::ReadStart(h) => self.read_start(pid, h),
            Op::ReadStop(h) => {
                if let Some(handle) = self.tables(pid).get(h) {
                    handle.reading = false;
                }
                Reply::Done
            }
            Op::ReadLimit(h, limit) => {
                if let Some(handle) = self.tables(pid).get(h) {
                    handle.limit = limit.clamp(1, READ as u32);
                }
                Reply::Done
            }
            Op::SetTypeOfService(h, value) => match self.sock_of(pid, h).and_then(|which| self.sock(which)) {
                Some(sock) if sock.is_tcp() => {
                    sock.type_of_service = value & TYPE_OF_SERVICE;
                    Reply::Done
                }
                Some(_) => Reply::Failed(Errno::ENOTSUP),
                None => Reply::Failed(Errno::EBADF),
            },
            Op::TypeOfService(h) => match self.sock_of(pid, h).and_then(|which| self.sock(which)) {
                Some(sock) if sock.is_tcp() => Reply::Size(sock.type_of_service.into()),
                Some(_) => Reply::Failed(Errno::ENOTSUP),
                None => Reply::Failed(Errno::EBADF),
            },
            Op::Shutdown(h) => done(match self.sock_of(pid, h) {
                Some(which) => self.shutdown(which, false, true),
                None => Err(Errno::ENOTCONN),
            }),
            Op::Close(h) | Op::Detach(h) => self.close_handle(pid, h, false),
            Op::Reset(h) => self.close_handle(pid, h, true),
            Op::NoDelay(..) => Reply::Done,
            Op::KeepAlive(h, on, delay) => {
                let delay = on.then_some(delay);
                match self.sock_of(pid, h) {
                    Some(which) => self.keep_alive(which, delay),
                    None => {
                        if let Some(handle) = self.tables(pid).get(h) {
                            handle.rare().keep_alive = delay;
                        }
                    }
                }
                Reply::Done
            }
            Op::Chmod(h, readable, writable) => done(self.chmod(pid, h, readable, writable)),
            Op::ReusePort(h) => {
                if let Some(handle) = self.tables(pid).get(h) {
                    handle.rare().reuse_port = true;
                }
                Reply::Done
            }
            Op::OpenFd(..) => Reply::Failed(Errno::EBADF),
            Op::SockName(h) => {
                let sock = self.sock_of(pid, h).and_then(|which| self.peek(which)).filter(|sock| sock.is_tcp());
                Reply::Addr(sock.map(|sock| sock.local.unwrap_or_else(|| nowhere(sock.ipv6))))
            }
            Op::PeerName(h) => {
                let sock = self.sock_of(pid, h).and_then(|which| self.peek(which));
                let connected =
                    sock.filter(|sock| !matches!(sock.state, State::Close | State::Listen | State::SynSent));
                Reply::Addr(connected.and_then(|sock| sock.remote))
            }
            Op::QueueSize(h) => {
                let unsent = self.tables(pid).get(h).and_then(|handle| handle.unsent.as_ref());
                Reply::Size(unsent.map_or(0, |unsent| unsent.size()) as u64)
            }
            Op::Lookup { lookup, host, family, .. } => {
                self.look_up(pid, lookup, host, family);
                Reply::Pending
            }
            Op::Write(..) => unreachable!("writes are answered by `write`"),
        }
    }

    pub(super) fn write(&mut self, pid: u32, call: &mut Call<'_>, h: HandleId) -> Reply {
        let Op::Write(_, bytes) = call.op() else { return Reply::Failed(Errno::EINVAL) };
        let which = match self.tables(pid).get(h) {
            Some(Handle { sock: Some(which), role: Role::Stream, unsent: None, .. }) => *which,
            Some(Handle { sock: Some(_), role: Role::Stream, .. }) => {
                // A write that an earlier connection was to have: it goes on first.
                self.keep_unsent(pid, call, h, 0);
                return Reply::Pending;
            }
            Some(Handle { sock: Some(_), .. }) => return Reply::Failed(Errno::EPIPE),
            _ => return Reply::Failed(Errno::EBADF),
        };
        if let [piece] = bytes
            && self.peek(which).is_some_and(Sock::is_tcp)
        {
            let len = piece.len();
            return self.write_one(pid, call, h, which, len);
        }
        let size = |pieces: &[Bytes]| pieces.iter().map(Bytes::len).sum::<usize>();
        let first = given(bytes);
        let (first, rest) = (size(first), size(&bytes[first.len()..]));
        let sent = match self.send_once(which, bytes, false) {
            Ok(sent) if sent == first && rest == 0 => return Reply::Done,
            Ok(sent) => sent,
            Err(Errno::EAGAIN) => 0,
            Err(errno) => return Reply::Failed(errno),
        };
        self.keep_unsent(pid, call, h, sent);
        // libuv calls once more at once if the system took all that it was given, and tells of the end in its pending phase.
        // What fails is met again.
        if sent == first && self.send_more(pid, h) == Ok(true) {
            self.tables(pid).again.push_back(h);
        } else {
            self.want(pid, h);
        }
        Reply::Pending
    }

    /// A write of one piece over TCP, as most are: it is passed on as it is, and no other hold on it is kept.
    fn write_one(&mut self, pid: u32, call: &mut Call<'_>, h: HandleId, which: Ref, len: usize) -> Reply {
        let sent = match self.takes(which, len, false) {
            Ok(sent) => sent,
            Err(Errno::EAGAIN) => 0,
            Err(errno) => return Reply::Failed(errno),
        };
        let mut bytes = std::mem::take(&mut self.passing);
        call.take(&mut bytes);
        if sent == len {
            if let Some(piece) = bytes.pop().filter(|piece| !piece.is_empty()) {
                self.hand_over(which, piece);
            }
            self.passing = bytes;
            return Reply::Done;
        }
        if sent > 0 {
            self.hand_over(which, bytes[0].slice(..sent));
        }
        if let Some(handle) = self.tables(pid).get(h) {
            handle.unsent.get_or_insert_default().refill(bytes, sent);
        }
        self.want(pid, h);
        Reply::Pending
    }

    /// One system call, with as many pieces as it takes. Of a vectored write of nothing Linux does not look at the socket.
    fn send_once(&mut self, which: Ref, pieces: &[Bytes], again: bool) -> Result<usize, Errno> {
        match given(pieces) {
            several if several.len() > 1 && several.iter().all(Bytes::is_empty) => Ok(0),
            pieces => self.send(which, pieces, again),
        }
    }

    /// Writes what one call takes of what is left; whether that was the last of it.
    pub(super) fn send_more(&mut self, pid: u32, h: HandleId) -> Result<bool, Errno> {
        let Some(Handle { sock: Some(which), unsent, .. }) = self.tables(pid).get(h) else { return Ok(false) };
        let (which, Some(mut queue)) = (*which, unsent.take()) else { return Ok(false) };
        let sent = match queue.is_sent() {
            true => Ok(()),
            false => self.send_once(which, queue.next(), true).map(|sent| queue.count(sent)),
        };
        let all = queue.is_sent();
        if let Some(handle) = self.tables(pid).get(h) {
            handle.unsent = Some(queue);
        }
        match sent {
            Ok(()) => Ok(all),
            Err(Errno::EAGAIN) => Ok(false),
            Err(errno) => Err(errno),
        }
    }

    /// Keeps what a write has left, without the first `sent` bytes.
    fn keep_unsent(&mut self, pid: u32, call: &mut Call<'_>, h: HandleId, sent: usize) {
        let mut bytes = Vec::new();
        call.take(&mut bytes);
        if let Some(handle) = self.tables(pid).get(h) {
            handle.unsent.get_or_insert_default().refill(bytes, sent);
        }
    }

    fn adopt(&mut self, pid: u32, h: HandleId, conn: ConnKey) {
        let conn = self.tables(pid).take_conn(conn);
        let kind = conn.and_then(|which| self.peek(which)).map_or(HandleKind::Tcp, |sock| sock.kind);
        let role = if conn.is_some() { Role::Stream } else { Role::New };
        self.tables(pid).set(h, Handle { role, sock: conn, ..Handle::new(h.generation(), kind) });
        if let Some(sock) = conn.and_then(|which| self.sock(which)) {
            sock.handle = Some(h);
        }
    }

    /// The handle's socket: made here if there is none yet.
    fn with_sock(&mut self, pid: u32, h: HandleId, ipv6: bool) -> Result<Ref, Errno> {
        let handle = self.tables(pid).get(h).ok_or(Errno::EBADF)?;
        if let Some(which) = handle.sock {
            return Ok(which);
        }
        let rare = handle.rare.as_ref();
        let (keep_alive, reuse_port) = rare.map_or((None, false), |rare| (rare.keep_alive, rare.reuse_port));
        let kind = handle.kind;
        let which = self.open_socket(pid, kind, ipv6)?;
        if let Some(sock) = self.sock(which) {
            (sock.handle, sock.keep_alive, sock.reuse_port) = (Some(h), keep_alive, reuse_port);
        }
        if let Some(handle) = self.tables(pid).get(h) {
            handle.sock = Some(which);
        }
        Ok(which)
    }

    fn bind_handle(&mut self, pid: u32, h: HandleId, addr: SocketAddr, ipv6_only: bool) -> Result<(), Errno> {
        let which = self.with_sock(pid, h, addr.is_ipv6())?;
        if let Some(sock) = self.sock(which) {
            (sock.ipv6_only, sock.reuse) = (ipv6_only, true);
        }
        self.bind(which, &At::Addr(addr)).map_err(|errno| match errno {
            // libuv's word for a descriptor of the other family.
            Errno::EAFNOSUPPORT => Errno::EINVAL,
            other => other,
        })
    }

    fn bind_handle_path(&mut self, pid: u32, h: HandleId, path: &str) -> Result<(), Errno> {
        let which = self.with_sock(pid, h, false)?;
        self.bind(which, &At::Path(path.into()))?;
        if let Some(handle) = self.tables(pid).get(h).filter(|_| !path.starts_with('\0')) {
            handle.rare().file = Some(path.into());
        }
        Ok(())
    }

    fn listen_handle(&mut self, pid: u32, h: HandleId, backlog: u32) -> Result<(), Errno> {
        self.keep_spare(pid);
        let which = self.sock_of(pid, h).ok_or(Errno::EINVAL)?;
        self.listen(which, backlog)?;
        if let Some(handle) = self.tables(pid).get(h) {
            handle.role = Role::Listening;
        }
        self.want(pid, h);
        Ok(())
    }

    /// Whether it is under way or established, it turns writable: the end is told then.
    fn connect_handle(&mut self, pid: u32, h: HandleId, ipv6: bool, to: &At) -> Reply {
        match self.with_sock(pid, h, ipv6).and_then(|which| self.connect(which, to)) {
            Ok(()) | Err(Errno::EINPROGRESS) => {}
            Err(errno) => return Reply::Failed(errno),
        }
        if let Some(handle) = self.tables(pid).get(h) {
            handle.role = Role::Connecting;
        }
        self.want(pid, h);
        Reply::Pending
    }

    fn read_start(&mut self, pid: u32, h: HandleId) -> Reply {
        let Some(Handle { role: Role::Stream, reading, .. }) = self.tables(pid).get(h) else {
            return Reply::Failed(Errno::ENOTCONN);
        };
        *reading = true;
        self.want(pid, h);
        Reply::Done
    }

    fn close_handle(&mut self, pid: u32, h: HandleId, reset: bool) -> Reply {
        let Some(handle) = self.tables(pid).remove(h) else { return Reply::Done };
        let computer = self.procs[pid as usize].computer as usize;
        if let Some(path) = handle.rare.as_ref().and_then(|rare| rare.file.as_ref()) {
            // Somebody else may have put another file there; libuv looks no closer.
            self.computers[computer].files.remove(&**path);
        }
        if let Some(which) = handle.sock {
            self.close(which, reset);
        }
        Reply::Done
    }

    fn chmod(&mut self, pid: u32, h: HandleId, readable: bool, writable: bool) -> Result<(), Errno> {
        let computer = self.procs[pid as usize].computer as usize;
        let path = self.tables(pid).get(h).and_then(|handle| handle.rare.as_ref()?.file.clone()).ok_or(Errno::EBADF)?;
        let file = self.computers[computer].files.get_mut(&*path).ok_or(Errno::ENOENT)?;
        file.mode |= if readable { 0o444 } else { 0 } | if writable { 0o222 } else { 0 };
        Ok(())
    }

    fn look_up(&mut self, pid: u32, lookup: LookupId, host: &str, family: u8) {
        let computer = self.procs[pid as usize].computer;
        let own = self.names.get(host).map_or(0, |name| name.delay);
        let at = self.now + own + self.resolver_delay + self.latency(super::wire::Way { from: computer, to: computer });
        self.post(at, What::Answer(pid, lookup, host.into(), family));
    }

    /// Has a spare descriptor if it can be had.
    pub(super) fn keep_spare(&mut self, pid: u32) {
        if !self.tables(pid).spare {
            self.tables(pid).spare = self.open_other(pid);
        }
    }

    /// A process has something to do: `Programs` runs it. A world that is a host itself has no use for that.
    pub(super) fn stir(&mut self, pid: u32) {
        if pid != 0 && !std::mem::replace(&mut self.procs[pid as usize].stirred, true) {
            self.stirred.push(pid);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handle_is_a_line_of_the_cache() {
        assert!(size_of::<Option<Handle>>() <= 64, "{} bytes", size_of::<Option<Handle>>());
    }
}
