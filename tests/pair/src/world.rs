//! The in-memory kernel: listeners, connections and the loop's view of them, for any number of machines.
//!
//! It behaves as Linux and libuv do where a program can see it: loopback delivers at once, a read takes up to 64 KiB,
//! one poll reports what is ready in the order in which it became ready, one connection is accepted a poll, closing
//! with unread bytes resets.

use bytes::{Bytes, BytesMut};
use netfold_core::host::Kernel;
use netfold_core::{Call, Completion, ConnKey, Errno, FdKey, HandleId, HandleKind, LookupCode, LookupId, Op, Reply};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::rc::Rc;

/// How often libuv reads from one handle before it looks at the next.
const READS_A_WAKEUP: u32 = 32;

/// What a connection takes before a write would block: 3 MB are taken whole on loopback, 4 MB are not.
pub const DEFAULT_CAPACITY: usize = 3_500_000;

/// What one read brings at most.
pub const DEFAULT_READ_SIZE: usize = 64 * 1024;

/// The first port that is given out.
const FIRST_PORT: u16 = 40_000;

/// The directory in which unix paths can be bound.
const DIRECTORY: &str = "/tmp";

/// One end of a connection.
#[derive(Debug)]
struct End {
    node: usize,
    handle: Option<HandleId>,
    kind: HandleKind,
    peer: Option<usize>,
    local: Option<SocketAddr>,
    remote: Option<SocketAddr>,
    connect: Option<Result<(), Errno>>,
    reading: bool,
    received: VecDeque<Bytes>,
    received_len: usize,
    fin: bool,
    eof_told: bool,
    /// The error that the next call reports.
    error: Option<Errno>,
    broken: bool,
    shut: bool,
    closed: bool,
    /// What a write left over.
    unsent: VecDeque<Bytes>,
    unsent_len: usize,
    writing: bool,
}

impl End {
    fn new(node: usize, kind: HandleKind) -> Self {
        Self {
            node,
            handle: None,
            kind,
            peer: None,
            local: None,
            remote: None,
            connect: None,
            reading: false,
            received: VecDeque::new(),
            received_len: 0,
            fin: false,
            eof_told: false,
            error: None,
            broken: false,
            shut: false,
            closed: false,
            unsent: VecDeque::new(),
            unsent_len: 0,
            writing: false,
        }
    }

    fn hung_up(&self) -> bool {
        self.broken || (self.fin && self.shut)
    }

    fn readable(&self) -> bool {
        self.reading && !self.eof_told && (self.received_len > 0 || self.fin || self.error.is_some() || self.broken)
    }

    /// Takes up to `n` bytes, over the borders of what was written.
    fn take(&mut self, n: usize) -> Bytes {
        let n = n.min(self.received_len);
        self.received_len -= n;
        let fits = self.received.front().is_some_and(|first| first.len() >= n);
        if fits && let Some(first) = self.received.front_mut() {
            let taken = first.split_to(n);
            if first.is_empty() {
                self.received.pop_front();
            }
            return taken;
        }
        let mut joined = BytesMut::with_capacity(n);
        while joined.len() < n {
            let Some(mut first) = self.received.pop_front() else { break };
            let part = first.split_to(first.len().min(n - joined.len()));
            joined.extend_from_slice(&part);
            if !first.is_empty() {
                self.received.push_front(first);
            }
        }
        joined.freeze()
    }
}

#[derive(Debug)]
struct Listener {
    node: usize,
    handle: HandleId,
    at: At,
    ipv6_only: bool,
    waiting: VecDeque<usize>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum At {
    Addr(SocketAddr),
    Path(String),
}

#[derive(Clone, Debug)]
enum What {
    New { bound: Option<At>, ipv6_only: bool },
    End(usize),
    Listener(usize),
    Gone,
}

/// What a poll can report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Watch {
    End(usize),
    Listener(usize),
}

/// What one machine's loop knows of the world.
#[derive(Debug, Default)]
struct Poll {
    /// What may be ready, in the order in which it became so.
    ready: VecDeque<Watch>,
    /// Whose interest changed since the last poll.
    changed: Vec<Watch>,
    /// What this poll reported and the loop has not come to.
    reported: VecDeque<Watch>,
    /// Where the loop stands within the first of them.
    at: Option<(Watch, u32, Stage)>,
    lookups: VecDeque<(LookupId, String, u8)>,
    queue: VecDeque<Completion>,
    told: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Read,
    HungUp,
    Write,
}

/// Everything outside the machines.
#[derive(Debug)]
pub struct World {
    now: u64,
    capacity: usize,
    read_size: usize,
    next_port: u16,
    ends: Vec<End>,
    listeners: Vec<Option<Listener>>,
    handles: HashMap<(usize, HandleId), What>,
    paths: BTreeSet<String>,
    handed: BTreeMap<FdKey, At>,
    polls: Vec<Poll>,
    forced: Vec<(&'static str, Reply)>,
    names: BTreeMap<String, Result<Vec<IpAddr>, LookupCode>>,
    asked: Vec<String>,
    /// How many completions a dispatch may hand over.
    allowance: Option<usize>,
}

/// The name of an operation, as its variant is written.
pub fn name(op: &Op<'_>) -> &'static str {
    match op {
        Op::Open(..) => "Open",
        Op::Adopt(..) => "Adopt",
        Op::Refuse(_) => "Refuse",
        Op::ConnNames(_) => "ConnNames",
        Op::Bind { .. } => "Bind",
        Op::BindPath(..) => "BindPath",
        Op::Listen(..) => "Listen",
        Op::Connect(..) => "Connect",
        Op::ConnectPath(..) => "ConnectPath",
        Op::Write(..) => "Write",
        Op::ReadStart(_) => "ReadStart",
        Op::SetTypeOfService(..) => "SetTypeOfService",
        Op::TypeOfService(_) => "TypeOfService",
        Op::ReadLimit(..) => "ReadLimit",
        Op::ReadStop(_) => "ReadStop",
        Op::Shutdown(_) => "Shutdown",
        Op::Close(_) => "Close",
        Op::Reset(_) => "Reset",
        Op::NoDelay(..) => "NoDelay",
        Op::KeepAlive(..) => "KeepAlive",
        Op::SockName(_) => "SockName",
        Op::PeerName(_) => "PeerName",
        Op::QueueSize(_) => "QueueSize",
        Op::Lookup { .. } => "Lookup",
        Op::Detach(_) => "Detach",
        Op::OpenFd(..) => "OpenFd",
        Op::Chmod(..) => "Chmod",
        Op::ReusePort(_) => "ReusePort",
    }
}

impl Default for World {
    fn default() -> Self {
        let mut names = BTreeMap::new();
        names.insert(String::from("localhost"), Ok(vec![IpAddr::V4(Ipv4Addr::LOCALHOST)]));
        Self {
            now: 0,
            capacity: DEFAULT_CAPACITY,
            read_size: DEFAULT_READ_SIZE,
            next_port: FIRST_PORT,
            ends: Vec::new(),
            listeners: Vec::new(),
            handles: HashMap::new(),
            paths: BTreeSet::new(),
            handed: BTreeMap::new(),
            polls: Vec::new(),
            forced: Vec::new(),
            names,
            asked: Vec::new(),
            allowance: None,
        }
    }
}

impl World {
    /// The virtual clock, in milliseconds.
    pub fn now(&self) -> u64 {
        self.now
    }

    /// Moves the clock.
    pub fn pass(&mut self, ms: u64) {
        self.now += ms;
    }

    /// How many unread bytes a connection holds before a write would block.
    pub fn set_capacity(&mut self, bytes: usize) {
        self.capacity = bytes;
    }

    /// How many bytes one read brings at most.
    pub fn set_read_size(&mut self, bytes: usize) {
        self.read_size = bytes;
    }

    /// The next operation of this name is answered so, and has no effect.
    pub fn force(&mut self, name: &'static str, reply: Reply) {
        self.forced.push((name, reply));
    }

    /// What the resolver says of a name.
    pub fn resolve(&mut self, host: &str, answer: Result<Vec<IpAddr>, LookupCode>) {
        self.names.insert(host.into(), answer);
    }

    /// A socket file that nobody listens on.
    pub fn leave_path(&mut self, path: &str) {
        self.paths.insert(path.into());
    }

    /// Whether a path is there.
    pub fn exists(&self, path: &str) -> bool {
        self.paths.contains(path)
    }

    /// Removes a path.
    pub fn unlink(&mut self, path: &str) {
        self.paths.remove(path);
    }

    /// A descriptor that is bound to a free port of 127.0.0.1.
    pub fn hand_in(&mut self) -> FdKey {
        let (addr, key) = (SocketAddr::new(Ipv4Addr::LOCALHOST.into(), self.port()), FdKey(self.handed.len() as u64));
        self.handed.insert(key, At::Addr(addr));
        key
    }

    /// The operations asked so far, and forgets them.
    pub fn asked(&mut self) -> Vec<String> {
        std::mem::take(&mut self.asked)
    }

    /// How many completions each dispatch hands over from now on; `None` is all.
    pub fn allow(&mut self, completions: Option<usize>) {
        self.allowance = completions;
    }

    /// A completion that the test makes up; it comes before all others.
    pub fn queue(&mut self, node: usize, completion: Completion) {
        self.polls[node].queue.push_back(completion);
    }

    /// Whether a handle's FIN was told to its machine.
    pub fn eof_told(&self, node: usize, handle: HandleId) -> bool {
        matches!(self.handles.get(&(node, handle)), Some(What::End(at)) if self.ends[*at].eof_told)
    }

    /// Whether the next poll of this machine would report something.
    pub fn owes(&self, node: usize) -> bool {
        let poll = &self.polls[node];
        !poll.queue.is_empty()
            || !poll.lookups.is_empty()
            || poll.ready.iter().chain(&poll.changed).any(|w| self.is_ready(*w))
    }

    pub(crate) fn add_node(&mut self) -> usize {
        self.polls.push(Poll::default());
        self.polls.len() - 1
    }

    fn end_of(&self, node: usize, handle: HandleId) -> Option<usize> {
        match self.handles.get(&(node, handle)) {
            Some(What::End(at)) => Some(*at),
            _ => None,
        }
    }

    fn touch(&mut self, watch: Watch) {
        let node = match watch {
            Watch::End(at) => self.ends[at].node,
            Watch::Listener(at) => match &self.listeners[at] {
                Some(listener) => listener.node,
                None => return,
            },
        };
        let poll = &mut self.polls[node];
        if !poll.ready.contains(&watch) {
            poll.ready.push_back(watch);
        }
    }

    fn change(&mut self, node: usize, watch: Watch) {
        self.polls[node].changed.push(watch);
    }

    fn is_ready(&self, watch: Watch) -> bool {
        match watch {
            Watch::Listener(at) => self.listeners[at].as_ref().is_some_and(|l| !l.waiting.is_empty()),
            Watch::End(at) => {
                let end = &self.ends[at];
                !end.closed && (end.connect.is_some() || end.readable() || self.writable(at))
            }
        }
    }

    fn space(&self, at: usize) -> usize {
        match self.ends[at].peer {
            Some(peer) => self.capacity.saturating_sub(self.ends[peer].received_len),
            None => 0,
        }
    }

    fn peer_closed(&self, at: usize) -> bool {
        self.ends[at].peer.is_none_or(|peer| self.ends[peer].closed)
    }

    fn writable(&self, at: usize) -> bool {
        let end = &self.ends[at];
        end.writing && (end.broken || end.error.is_some() || self.peer_closed(at) || self.space(at) > 0)
    }

    /// RST arrives.
    fn break_end(&mut self, at: usize) {
        let end = &mut self.ends[at];
        if end.closed || end.broken {
            return;
        }
        end.error = Some(if end.fin { Errno::EPIPE } else { Errno::ECONNRESET });
        end.broken = true;
        self.touch(Watch::End(at));
    }

    fn fin(&mut self, to: usize) {
        self.ends[to].fin = true;
        self.touch(Watch::End(to));
    }

    fn close_end(&mut self, at: usize, reset: bool) {
        let end = &mut self.ends[at];
        end.closed = true;
        (end.reading, end.writing) = (false, false);
        let unread = end.received_len > 0;
        end.received.clear();
        end.received_len = 0;
        let (shut, peer) = (end.shut, end.peer);
        let Some(peer) = peer else { return };
        if reset || unread {
            self.break_end(peer);
        } else if !shut {
            self.fin(peer);
        }
        // What the other end could not send before it can now: it will hear that nobody is there.
        self.touch(Watch::End(peer));
    }

    /// Hands bytes to the other end; how many it took.
    fn send(&mut self, at: usize, bytes: &mut VecDeque<Bytes>) -> Result<usize, Errno> {
        if let Some(error) = self.ends[at].error.take() {
            return Err(error);
        }
        if self.ends[at].broken || self.ends[at].shut {
            return Err(Errno::EPIPE);
        }
        let total: usize = bytes.iter().map(Bytes::len).sum();
        let Some(peer) = self.ends[at].peer else { return Err(Errno::EPIPE) };
        if self.ends[peer].closed {
            if self.ends[at].kind == HandleKind::Pipe {
                return Err(Errno::EPIPE);
            }
            bytes.clear();
            if total > 0 {
                self.break_end(at);
            }
            return Ok(total);
        }
        let mut space = self.space(at);
        let mut sent = 0;
        while space > 0 {
            let Some(mut first) = bytes.pop_front() else { break };
            let part = first.split_to(first.len().min(space));
            if !first.is_empty() {
                bytes.push_front(first);
            }
            space -= part.len();
            sent += part.len();
            if !part.is_empty() {
                let peer = &mut self.ends[peer];
                peer.received_len += part.len();
                peer.received.push_back(part);
            }
        }
        if bytes.iter().all(Bytes::is_empty) {
            bytes.clear();
        }
        if sent > 0 {
            self.touch(Watch::End(peer));
        }
        Ok(sent)
    }

    fn port(&mut self) -> u16 {
        self.next_port += 1;
        self.next_port - 1
    }

    fn port_taken(&self, addr: SocketAddr) -> bool {
        self.listeners.iter().flatten().any(|l| match &l.at {
            At::Addr(a) => {
                a.port() == addr.port()
                    && (a.ip() == addr.ip() || a.ip().is_unspecified() || addr.ip().is_unspecified())
            }
            At::Path(_) => false,
        })
    }

    fn bind(&mut self, addr: SocketAddr) -> Result<SocketAddr, Errno> {
        if !addr.ip().is_loopback() && !addr.ip().is_unspecified() {
            return Err(Errno::EADDRNOTAVAIL);
        }
        if addr.port() != 0 && self.port_taken(addr) {
            return Err(Errno::EADDRINUSE);
        }
        let port = if addr.port() == 0 { self.port() } else { addr.port() };
        Ok(SocketAddr::new(addr.ip(), port))
    }

    fn bind_path(&mut self, path: &str) -> Result<(), Errno> {
        let directory = path.rsplit_once('/').map_or("", |(directory, _)| directory);
        if directory != DIRECTORY {
            return Err(Errno::ENOENT);
        }
        if !self.paths.insert(path.into()) {
            return Err(Errno::EADDRINUSE);
        }
        Ok(())
    }

    fn listener_at(&self, to: SocketAddr) -> Option<usize> {
        let fits = |l: &Listener| match &l.at {
            At::Addr(a) if a.port() != to.port() => false,
            At::Addr(a) if a.ip() == to.ip() => true,
            At::Addr(a) => a.ip().is_unspecified() && (a.is_ipv4() == to.is_ipv4() || (a.is_ipv6() && !l.ipv6_only)),
            At::Path(_) => false,
        };
        self.listeners.iter().position(|l| l.as_ref().is_some_and(fits))
    }

    fn listener_at_path(&self, path: &str) -> Option<usize> {
        self.listeners.iter().position(|l| l.as_ref().is_some_and(|l| matches!(&l.at, At::Path(p) if p == path)))
    }

    fn connect(
        &mut self,
        node: usize,
        handle: HandleId,
        kind: HandleKind,
        to: Option<SocketAddr>,
        found: Option<usize>,
    ) {
        let bound = match self.handles.get(&(node, handle)) {
            Some(What::New { bound: Some(At::Addr(addr)), .. }) => Some(*addr),
            _ => None,
        };
        let mut end = End::new(node, kind);
        end.handle = Some(handle);
        end.remote = to;
        end.local = to.map(|to| {
            let port = bound.map_or(0, |b| b.port());
            let port = if port == 0 { self.port() } else { port };
            let ip = bound.map(|b| b.ip()).filter(|ip| !ip.is_unspecified());
            SocketAddr::new(ip.unwrap_or(to.ip()), port)
        });
        end.connect = Some(if found.is_some() { Ok(()) } else { Err(Errno::ECONNREFUSED) });
        let at = self.ends.len();
        let (local, remote) = (end.local, end.remote);
        self.ends.push(end);
        self.handles.insert((node, handle), What::End(at));
        if let Some(Some(listener)) = found.map(|found| &mut self.listeners[found]) {
            let mut other = End::new(listener.node, kind);
            let mapped = matches!(&listener.at, At::Addr(a) if a.is_ipv6());
            let seen = |addr: SocketAddr| match addr.ip() {
                IpAddr::V4(v4) if mapped => SocketAddr::new(IpAddr::V6(v4.to_ipv6_mapped()), addr.port()),
                _ => addr,
            };
            (other.local, other.remote) = (remote.map(seen), local.map(seen));
            other.peer = Some(at);
            self.ends[at].peer = Some(at + 1);
            listener.waiting.push_back(at + 1);
            self.ends.push(other);
            if let Some(found) = found {
                self.touch(Watch::Listener(found));
            }
        }
        self.change(node, Watch::End(at));
    }

    fn close(&mut self, node: usize, handle: HandleId, reset: bool) {
        match self.handles.insert((node, handle), What::Gone) {
            Some(What::End(at)) => self.close_end(at, reset),
            Some(What::Listener(at)) => {
                let Some(listener) = self.listeners[at].take() else { return };
                if let At::Path(path) = &listener.at {
                    self.paths.remove(path);
                }
                for waiting in listener.waiting {
                    self.close_end(waiting, true);
                }
            }
            _ => {}
        }
    }

    fn answer(&mut self, node: usize, op: &Op<'_>) -> Reply {
        let result = |r: Result<(), Errno>| r.map_or_else(Reply::Failed, |()| Reply::Done);
        match *op {
            Op::Open(h, _) => {
                self.handles.insert((node, h), What::New { bound: None, ipv6_only: false });
                Reply::Done
            }
            Op::Adopt(h, conn) => {
                let at = conn.0 as usize;
                self.ends[at].handle = Some(h);
                self.handles.insert((node, h), What::End(at));
                Reply::Done
            }
            Op::Refuse(conn) => {
                self.close_end(conn.0 as usize, false);
                Reply::Done
            }
            Op::ConnNames(conn) => {
                let end = &self.ends[conn.0 as usize];
                Reply::Names(end.local, end.remote)
            }
            Op::Bind { handle, addr, ipv6_only } => match self.bind(addr) {
                Ok(addr) => {
                    let bound = Some(At::Addr(addr));
                    self.handles.insert((node, handle), What::New { bound, ipv6_only });
                    Reply::Done
                }
                Err(errno) => Reply::Failed(errno),
            },
            Op::BindPath(h, path) => {
                let bound = self.bind_path(path);
                if bound.is_ok() {
                    let bound = Some(At::Path(path.into()));
                    self.handles.insert((node, h), What::New { bound, ipv6_only: false });
                }
                result(bound)
            }
            Op::Listen(handle, _) => {
                let Some(What::New { bound: Some(at), ipv6_only, .. }) = self.handles.get(&(node, handle)).cloned()
                else {
                    return Reply::Failed(Errno::EINVAL);
                };
                self.listeners.push(Some(Listener { node, handle, at, ipv6_only, waiting: VecDeque::new() }));
                self.handles.insert((node, handle), What::Listener(self.listeners.len() - 1));
                Reply::Done
            }
            Op::Connect(h, to) => {
                let found = self.listener_at(to);
                self.connect(node, h, HandleKind::Tcp, Some(to), found);
                Reply::Pending
            }
            Op::ConnectPath(h, path) => {
                let found = self.listener_at_path(path);
                if found.is_none() {
                    let there = self.paths.contains(path);
                    return Reply::Failed(if there { Errno::ECONNREFUSED } else { Errno::ENOENT });
                }
                self.connect(node, h, HandleKind::Pipe, None, found);
                Reply::Pending
            }
            Op::ReadStart(h) => {
                if let Some(at) = self.end_of(node, h) {
                    self.ends[at].reading = true;
                    self.change(node, Watch::End(at));
                }
                Reply::Done
            }
            Op::SetTypeOfService(..) | Op::ReadLimit(..) => Reply::Done,
            Op::TypeOfService(_) => Reply::Size(0),
            Op::ReadStop(h) => {
                if let Some(at) = self.end_of(node, h) {
                    self.ends[at].reading = false;
                }
                Reply::Done
            }
            Op::Shutdown(h) => {
                let Some(at) = self.end_of(node, h) else { return Reply::Failed(Errno::ENOTCONN) };
                if self.ends[at].broken {
                    return Reply::Failed(Errno::ENOTCONN);
                }
                self.ends[at].shut = true;
                if let Some(peer) = self.ends[at].peer
                    && !self.ends[peer].closed
                {
                    self.fin(peer);
                }
                Reply::Done
            }
            Op::Close(h) => {
                self.close(node, h, false);
                Reply::Done
            }
            Op::Reset(h) => {
                self.close(node, h, true);
                Reply::Done
            }
            Op::NoDelay(..) | Op::KeepAlive(..) | Op::Chmod(..) | Op::ReusePort(_) => Reply::Done,
            Op::OpenFd(h, key) => {
                let Some(bound) = self.handed.remove(&key) else { return Reply::Failed(Errno::EBADF) };
                self.handles.insert((node, h), What::New { bound: Some(bound), ipv6_only: false });
                Reply::Done
            }
            Op::Detach(h) => {
                self.handles.insert((node, h), What::Gone);
                Reply::Done
            }
            Op::SockName(h) => Reply::Addr(match self.handles.get(&(node, h)) {
                Some(What::New { bound: Some(At::Addr(addr)), .. }) => Some(*addr),
                Some(What::End(at)) => self.ends[*at].local,
                Some(What::Listener(at)) => match &self.listeners[*at] {
                    Some(Listener { at: At::Addr(addr), .. }) => Some(*addr),
                    _ => None,
                },
                _ => None,
            }),
            Op::PeerName(h) => Reply::Addr(
                self.end_of(node, h).and_then(|at| if self.ends[at].broken { None } else { self.ends[at].remote }),
            ),
            Op::QueueSize(h) => Reply::Size(self.end_of(node, h).map_or(0, |at| self.ends[at].unsent_len) as u64),
            Op::Lookup { lookup, host, family, .. } => {
                self.polls[node].lookups.push_back((lookup, host.into(), family));
                Reply::Pending
            }
            Op::Write(..) => unreachable!("writes are answered by `write`"),
        }
    }

    fn write(&mut self, node: usize, call: &mut Call<'_>, h: HandleId) -> Reply {
        let Some(at) = self.end_of(node, h) else { return Reply::Failed(Errno::EPIPE) };
        let Op::Write(_, bytes) = call.op() else { return Reply::Failed(Errno::EINVAL) };
        let mut bytes: VecDeque<Bytes> = bytes.iter().cloned().collect();
        let total: usize = bytes.iter().map(Bytes::len).sum();
        match self.send(at, &mut bytes) {
            Err(errno) => Reply::Failed(errno),
            Ok(sent) if sent == total => Reply::Done,
            Ok(sent) => {
                let mut taken = Vec::new();
                call.take(&mut taken);
                assert_eq!(taken.iter().map(Bytes::len).sum::<usize>(), total, "take() gives all that was asked");
                let end = &mut self.ends[at];
                (end.unsent, end.unsent_len, end.writing) = (bytes, total - sent, true);
                self.change(node, Watch::End(at));
                Reply::Pending
            }
        }
    }

    fn poll(&mut self, node: usize) -> bool {
        let changed = std::mem::take(&mut self.polls[node].changed);
        for watch in changed {
            if self.is_ready(watch) {
                self.touch(watch);
            }
        }
        let mut ready = std::mem::take(&mut self.polls[node].ready);
        ready.retain(|w| self.is_ready(*w));
        let poll = &mut self.polls[node];
        poll.reported.clone_from(&ready);
        poll.ready = ready;
        (poll.at, poll.told) = (None, 0);
        !poll.reported.is_empty() || !poll.queue.is_empty() || !poll.lookups.is_empty()
    }

    fn next(&mut self, node: usize) -> Option<Completion> {
        let poll = &mut self.polls[node];
        if self.allowance.is_some_and(|allowed| poll.told >= allowed) {
            return None;
        }
        let completion = match poll.queue.pop_front() {
            Some(completion) => Some(completion),
            None => match poll.lookups.pop_front() {
                Some((lookup, host, family)) => Some(Completion::LookedUp(lookup, self.resolved(&host, family))),
                None => self.next_reported(node),
            },
        };
        self.polls[node].told += usize::from(completion.is_some());
        completion
    }

    fn resolved(&self, host: &str, family: u8) -> Result<Vec<IpAddr>, LookupCode> {
        let list = self.names.get(host).cloned().unwrap_or(Err(LookupCode::NotFound))?;
        let wanted = |ip: &IpAddr| family == 0 || ip.is_ipv4() == (family == 4);
        Ok(list.into_iter().filter(wanted).collect())
    }

    fn next_reported(&mut self, node: usize) -> Option<Completion> {
        loop {
            let poll = &mut self.polls[node];
            let (watch, reads, stage) = match poll.at.take() {
                Some(at) => at,
                None => (poll.reported.pop_front()?, READS_A_WAKEUP, Stage::Read),
            };
            let at = match watch {
                Watch::Listener(at) => {
                    let Some(listener) = &mut self.listeners[at] else { continue };
                    let Some(conn) = listener.waiting.pop_front() else { continue };
                    return Some(Completion::Accepted(listener.handle, ConnKey(conn as u64)));
                }
                Watch::End(at) => at,
            };
            let end = &mut self.ends[at];
            let Some(handle) = end.handle.filter(|_| !end.closed) else { continue };
            if let Some(result) = end.connect.take() {
                return Some(Completion::Connected(handle, result));
            }
            match stage {
                Stage::Read if end.readable() && reads > 0 => {
                    if end.received_len > 0 {
                        let bytes = end.take(self.read_size);
                        let full = bytes.len() == self.read_size;
                        let next = if full { (watch, reads - 1, Stage::Read) } else { (watch, reads, Stage::HungUp) };
                        let peer = end.peer;
                        self.polls[node].at = Some(next);
                        if let Some(peer) = peer
                            && self.ends[peer].writing
                        {
                            self.touch(Watch::End(peer));
                        }
                        return Some(Completion::Read(handle, bytes));
                    }
                    self.polls[node].at = Some((watch, reads, Stage::Write));
                    let end = &mut self.ends[at];
                    end.reading = false;
                    if let Some(errno) = end.error.take() {
                        return Some(Completion::ReadFailed(handle, errno));
                    }
                    end.eof_told = true;
                    return Some(Completion::Eof(handle));
                }
                Stage::Read => self.polls[node].at = Some((watch, reads, Stage::Write)),
                Stage::HungUp => {
                    self.polls[node].at = Some((watch, reads, Stage::Write));
                    let end = &mut self.ends[at];
                    if end.reading && end.hung_up() && !end.eof_told && end.received_len == 0 {
                        (end.reading, end.eof_told) = (false, true);
                        return Some(Completion::Eof(handle));
                    }
                }
                Stage::Write => {
                    if let Some(completion) = self.write_on(at, handle) {
                        return Some(completion);
                    }
                }
            }
        }
    }

    fn write_on(&mut self, at: usize, handle: HandleId) -> Option<Completion> {
        if !self.writable(at) {
            return None;
        }
        let mut unsent = std::mem::take(&mut self.ends[at].unsent);
        let sent = self.send(at, &mut unsent);
        let end = &mut self.ends[at];
        match sent {
            Err(errno) => {
                (end.writing, end.unsent_len) = (false, 0);
                Some(Completion::Written(handle, Err(errno)))
            }
            Ok(sent) => {
                end.unsent_len -= sent;
                end.unsent = unsent;
                if end.unsent_len > 0 {
                    return None;
                }
                end.writing = false;
                Some(Completion::Written(handle, Ok(())))
            }
        }
    }
}

/// One machine's hold on the world.
#[derive(Clone, Debug)]
pub struct MemKernel {
    node: usize,
    world: Rc<RefCell<World>>,
    /// The handle that was opened or adopted last.
    pub(crate) newest: Option<HandleId>,
}

impl MemKernel {
    /// A place in the world for one more machine.
    pub fn new(world: &Rc<RefCell<World>>) -> Self {
        let node = world.borrow_mut().add_node();
        Self { node, world: world.clone(), newest: None }
    }

    /// Which machine of the world this is.
    pub fn node(&self) -> usize {
        self.node
    }

    /// The world.
    pub fn world(&self) -> &Rc<RefCell<World>> {
        &self.world
    }
}

/// Nothing is ready, no timer runs, and the loop would wait for ever.
#[derive(Clone, Copy, Debug)]
pub struct Stuck;

impl Kernel for MemKernel {
    type Error = Stuck;

    fn call(&mut self, call: &mut Call<'_>) -> Reply {
        let mut world = self.world.borrow_mut();
        let op = call.op();
        let asked = name(&op);
        let text = match &op {
            Op::Write(h, bytes) => format!("Write({h}, {})", bytes.iter().map(Bytes::len).sum::<usize>()),
            op => format!("{op:?}"),
        };
        world.asked.push(text);
        if let Op::Open(h, _) | Op::Adopt(h, _) = op {
            self.newest = Some(h);
        }
        if let Some(at) = world.forced.iter().position(|(name, _)| *name == asked) {
            return world.forced.remove(at).1;
        }
        match op {
            Op::Write(h, _) => world.write(self.node, call, h),
            op => world.answer(self.node, &op),
        }
    }

    fn now(&mut self) -> u64 {
        self.world.borrow().now
    }

    fn wait(&mut self, timeout: Option<u64>) -> Result<(), Stuck> {
        let mut world = self.world.borrow_mut();
        if world.poll(self.node) {
            return Ok(());
        }
        let timeout = timeout.ok_or(Stuck)?;
        world.now += timeout;
        Ok(())
    }

    fn next(&mut self) -> Option<Completion> {
        self.world.borrow_mut().next(self.node)
    }
}
