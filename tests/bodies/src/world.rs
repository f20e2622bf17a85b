//! A host and a driver that do whatever the choices say, within the protocol.

use crate::Choices;
use bytes::Bytes;
use netfold_core::{
    BlockList, CallbackId, Chunk, Command, Completion, ConnKey, ConnectTo, Core, Emit, Encoding, Errno, Event,
    EventKind, FdKey, HandleId, HandleKind, HostOptions, Limits, ListenOn, ListenOptions, ListenerId, LookupCode,
    LookupId, NodeError, Op, Outcome, Phase, Reply, ServerId, ServerOptions, SocketId, SocketOptions, Step, Target,
    TickId, TimerId,
};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, LazyLock};

/// What a run did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Steps taken.
    pub steps: u64,
    /// Turns begun.
    pub turns: u64,
    /// Commands given.
    pub commands: u64,
    /// Events and callbacks.
    pub emits: u64,
    /// Listeners that threw.
    pub throws: u64,
}

/// Nested deeper than this user code gives no commands.
const DEPTH: u32 = 6;
/// Steps after which no new work is begun.
const STEPS: u64 = 20_000;

/// How long a chunk can be, in bytes.
const SIZES: [usize; 6] = [0, 1, 100, 16_384, 20_000, 70_000];
/// What is written and read: made once, since a run is shorter than the making of the longest.
static ONES: [u8; 70_000] = [1; 70_000];
static TWOS: [u8; 65_536] = [2; 65_536];
static TEXTS: LazyLock<Vec<Chunk>> =
    LazyLock::new(|| SIZES.iter().map(|size| Chunk::text("é".repeat(size / 2), Encoding::Utf8)).collect());

#[derive(Clone, Copy, Debug, Default)]
struct HandleState {
    reading: bool,
    connecting: bool,
    writing: bool,
    listening: bool,
}

struct World<'a> {
    core: Core,
    choices: Choices<'a>,
    ticks: VecDeque<TickId>,
    handles: BTreeMap<HandleId, HandleState>,
    conns: BTreeSet<u64>,
    next_conn: u64,
    asked_lookups: BTreeSet<LookupId>,
    user_lookups: Vec<LookupId>,
    sockets: Vec<SocketId>,
    servers: Vec<ServerId>,
    timers: Vec<TimerId>,
    next_callback: u32,
    next_listener: u32,
    /// For each callback: how often it was given, less how often it was called.
    owed: BTreeMap<u32, i64>,
    /// Something happened that may lose callbacks: a throw, or the machine's own listeners removed.
    lossy: bool,
    ending: bool,
    /// The machine has said that turns are due.
    owes: bool,
    depth: u32,
    now: u64,
    report: Report,
}

pub(crate) fn run(mut choices: Choices<'_>) -> Report {
    let limits = match choices.choose(4) {
        0..=2 => Limits::default(),
        _ => Limits { depth: 16, sockets: 3, lookups: 1, write_buffer: Some(50_000) },
    };
    let mut world = World {
        core: Core::new(limits),
        choices,
        ticks: VecDeque::new(),
        handles: BTreeMap::new(),
        conns: BTreeSet::new(),
        next_conn: 0,
        asked_lookups: BTreeSet::new(),
        user_lookups: Vec::new(),
        sockets: Vec::new(),
        servers: Vec::new(),
        timers: Vec::new(),
        next_callback: 0,
        next_listener: 0,
        owed: BTreeMap::new(),
        lossy: false,
        ending: false,
        owes: false,
        depth: 0,
        now: 0,
        report: Report::default(),
    };
    while world.choices.any_left() && world.report.steps < STEPS {
        world.act();
    }
    world.end();
    world.report
}

impl World<'_> {
    /// Steps until the innermost command returns, or the turn is over.
    fn go(&mut self, command: bool) -> Option<Outcome> {
        loop {
            self.report.steps += 1;
            match self.core.step() {
                Step::Call(mut call) => {
                    let (reply, take) = answer(
                        &call.op(),
                        &mut self.choices,
                        &mut self.handles,
                        &mut self.conns,
                        &mut self.asked_lookups,
                        self.ending,
                    );
                    if take {
                        call.take(&mut Vec::new());
                    }
                    call.answer(reply).expect("the reply fits");
                }
                Step::Tick(id) => self.ticks.push_back(id),
                Step::Emit(emit) => self.emit(emit),
                Step::Return(outcome) => {
                    assert!(command, "only a command returns");
                    return Some(outcome);
                }
                Step::Idle(idle) => {
                    assert!(!command, "a command that began returns");
                    self.owes = idle.pending > 0 || idle.closing > 0 || idle.batch > 0;
                    return None;
                }
                Step::Released(socket) => {
                    assert!(self.core.socket(socket).is_none(), "a released socket is gone");
                    self.sockets.retain(|s| *s != socket);
                }
            }
        }
    }

    fn emit(&mut self, emit: Emit) {
        self.report.emits += 1;
        let mut fails = matches!(emit, Emit::Unhandled { .. });
        match emit {
            Emit::Listener { event: Event::Connection(socket), .. } => self.sockets.push(socket),
            Emit::Callback { callback, .. } => *self.owed.entry(callback.0).or_default() -= 1,
            Emit::Resolve { lookup, .. } => self.user_lookups.push(lookup),
            Emit::Timer { timer, last: true } => self.timers.retain(|t| *t != timer),
            _ => {}
        }
        if self.depth < DEPTH && !self.ending {
            self.depth += 1;
            for _ in 0..self.choices.choose(4) {
                self.command();
            }
            self.depth -= 1;
            fails |= self.choices.once_in(64);
        }
        if fails {
            self.report.throws += 1;
            self.lossy = true;
            self.core.threw().expect("a listener runs");
        }
    }

    fn give(&mut self, command: Command) -> Option<Outcome> {
        self.report.commands += 1;
        self.core.begin(command).expect("user code may call, and the ids are known");
        self.go(true)
    }

    fn callback(&mut self) -> Option<CallbackId> {
        match self.choices.choose(4) {
            0 => None,
            1 if self.next_callback > 0 => {
                // The same function again.
                let id = self.next_callback - 1;
                *self.owed.entry(id).or_default() += 1;
                Some(CallbackId(id))
            }
            _ => {
                let id = self.next_callback;
                self.next_callback += 1;
                *self.owed.entry(id).or_default() += 1;
                Some(CallbackId(id))
            }
        }
    }

    fn chunk(&mut self) -> Chunk {
        let which = self.choices.choose(SIZES.len());
        if self.choices.once_in(3) { TEXTS[which].clone() } else { Bytes::from_static(&ONES[..SIZES[which]]).into() }
    }

    fn command(&mut self) {
        let command = self.any_command();
        let callback = match command {
            Command::Write(_, _, callback) => callback,
            _ => None,
        };
        match self.give(command) {
            // A write that throws is not taken, and owes nothing.
            Some(Outcome::Threw(_)) => {
                if let Some(CallbackId(id)) = callback {
                    *self.owed.entry(id).or_default() -= 1;
                }
            }
            Some(Outcome::Socket(id)) => self.sockets.push(id),
            Some(Outcome::Server(id)) => self.servers.push(id),
            Some(Outcome::Timer(id)) => self.timers.push(id),
            _ => {}
        }
    }

    fn any_command(&mut self) -> Command {
        if self.sockets.is_empty() || self.choices.once_in(12) {
            return match self.choices.choose(3) {
                0 => Command::NewSocket(SocketOptions {
                    allow_half_open: self.choices.once_in(2),
                    no_delay: self.choices.once_in(3),
                    keep_alive: self.choices.once_in(3),
                    ..SocketOptions::default()
                }),
                1 => Command::NewServer(ServerOptions {
                    pause_on_connect: self.choices.once_in(2),
                    ..ServerOptions::default()
                }),
                _ => Command::StartTimer { ms: self.choices.choose(50) as f64, repeat: self.choices.once_in(4) },
            };
        }
        if !self.servers.is_empty() && self.choices.once_in(6) {
            return self.server_command();
        }
        if let Some(lookup) = self.user_lookups.last().copied()
            && self.choices.once_in(3)
        {
            self.user_lookups.pop();
            if self.choices.once_in(4) {
                let list = [("::1", 6), ("foo", 4), ("127.0.0.1", 7), ("1.2.3.4", 4)];
                let from = self.choices.choose(list.len());
                let texts = list[from..].iter().map(|(address, family)| (String::from(*address), *family));
                return Command::AnswerText(lookup, texts.collect());
            }
            let answer = match self.choices.choose(3) {
                0 => Ok(vec![IpAddr::V4(Ipv4Addr::LOCALHOST)]),
                1 => Ok(Vec::new()),
                _ => Err(LookupCode::NotFound),
            };
            return Command::Answer(lookup, answer);
        }
        self.socket_command()
    }

    fn socket_command(&mut self) -> Command {
        let s = self.sockets[self.choices.choose(self.sockets.len().min(256))];
        match self.choices.choose(26) {
            0 | 1 => Command::Connect(s, self.connect_to()),
            2..=6 => {
                let (chunk, callback) = (self.chunk(), self.callback());
                Command::Write(s, chunk, callback)
            }
            7 => Command::Cork(s),
            8 => Command::Uncork(s),
            9 | 10 => {
                let chunk = if self.choices.once_in(2) { Some(self.chunk()) } else { None };
                // A callback of `end` on a socket that is destroyed and was not ended is never called, as in Node.
                Command::End(s, chunk, None)
            }
            11 => Command::Destroy(s, self.choices.once_in(2).then(|| Arc::new(NodeError::user("on purpose")))),
            12 => Command::DestroySoon(s),
            13 => Command::ResetAndDestroy(s),
            14 => Command::Pause(s),
            15 => Command::Resume(s),
            16 => {
                let n = self.choices.once_in(2).then(|| self.choices.choose(200) as u32);
                Command::Read(s, n)
            }
            17 => Command::SetTimeout(s, self.choices.choose(40) as f64),
            18 => Command::SetNoDelay(s, self.choices.once_in(2)),
            19 => Command::SetKeepAlive(s, self.choices.once_in(2), 3000),
            20 => Command::Ref(s, self.choices.once_in(2)),
            21 => Command::Detach(s),
            22 => {
                self.lossy = true;
                Command::RemoveAll(s.into(), None)
            }
            _ => self.listen_to(s.into(), EventKind::ALL),
        }
    }

    fn server_command(&mut self) -> Command {
        let s = self.servers[self.choices.choose(self.servers.len().min(256))];
        match self.choices.choose(8) {
            0 | 1 => Command::Listen(
                s,
                ListenOn::Port {
                    port: 0,
                    host: self.choices.once_in(3).then(|| String::from("somewhere")),
                    backlog: 0,
                    ipv6_only: false,
                },
            ),
            2 => self.listen_with(s),
            3 => Command::CloseServer(s, None),
            4 => Command::SetMaxConnections(s, self.choices.choose(4) as i64 - 1),
            5 => Command::RefServer(s, self.choices.once_in(2)),
            6 if self.choices.once_in(2) => {
                let mut list = BlockList::new();
                list.add_address(IpAddr::V4(Ipv4Addr::LOCALHOST)).expect("an address");
                Command::SetBlockList(s.into(), self.choices.once_in(2).then(|| Arc::new(list)))
            }
            6 => Command::ServerAddress(s),
            _ => self.listen_to(s.into(), EventKind::ALL),
        }
    }

    fn listen_with(&mut self, s: ServerId) -> Command {
        let more = ListenOptions {
            reuse_port: self.choices.once_in(3),
            readable_all: self.choices.once_in(3),
            writable_all: self.choices.once_in(3),
            scope: 0,
        };
        let on = match self.choices.choose(3) {
            0 => ListenOn::Path { path: String::from("/x"), backlog: 0 },
            1 => ListenOn::Port { port: 7, host: None, backlog: 0, ipv6_only: false },
            _ => ListenOn::Fd { key: FdKey(1), kind: self.choices.once_in(2).then_some(HandleKind::Pipe), backlog: 1 },
        };
        Command::ListenWith(s, on, more)
    }

    fn listen_to(&mut self, target: Target, kinds: &[EventKind]) -> Command {
        self.next_listener += 1;
        Command::On {
            target,
            event: kinds[self.choices.choose(kinds.len())],
            listener: ListenerId(self.next_listener),
            once: self.choices.once_in(3),
            prepend: self.choices.once_in(4),
        }
    }

    fn connect_to(&mut self) -> ConnectTo {
        let host = |host: &str| HostOptions { host: Some(host.into()), port: Some(80), ..HostOptions::default() };
        match self.choices.choose(8) {
            0 | 1 => ConnectTo::Host(host("127.0.0.1")),
            2 => ConnectTo::Host(host("name")),
            3 => ConnectTo::Host(HostOptions { custom_lookup: true, ..host("name") }),
            4 => ConnectTo::Host(HostOptions { port: Some(70_000), ..host("127.0.0.1") }),
            5 => ConnectTo::Host(HostOptions { auto_select_family: Some(false), ..host("name") }),
            6 => ConnectTo::Host(HostOptions { local_port: Some(9), attempt_timeout: Some(10), ..host("name") }),
            _ => ConnectTo::Path(String::from("/x")),
        }
    }

    /// One thing that a host or a driver can do now.
    fn act(&mut self) {
        match self.choices.choose(10) {
            0..=2 => {
                self.command();
                self.go(false);
            }
            3..=6 => self.complete(),
            7 => self.phase(Phase::Pending),
            8 => self.phase(Phase::Closing),
            _ => {
                self.now += self.choices.choose(64) as u64;
                self.core.advance(self.now).expect("the time goes on");
                self.phase(Phase::Timers);
            }
        }
        self.drain();
    }

    fn drain(&mut self) {
        let mut bound = STEPS;
        while let Some(id) = self.ticks.pop_front() {
            self.core.tick(id).expect("the tick is due");
            self.go(false);
            bound -= 1;
            assert!(bound > 0, "the ticks never end");
        }
    }

    fn phase(&mut self, phase: Phase) {
        self.report.turns += 1;
        self.core.phase(phase).expect("the core is idle");
        self.go(false);
    }

    fn complete(&mut self) {
        let mut possible: Vec<Completion> = Vec::new();
        let failed = [Errno::ECONNRESET, Errno::EPIPE, Errno::ECONNREFUSED, Errno::ETIMEDOUT][self.choices.choose(4)];
        for (&h, state) in &self.handles {
            if state.reading {
                let sizes = [1, 100, 65_536];
                let size = sizes[self.choices.choose(3)];
                possible.push(Completion::Read(h, Bytes::from_static(&TWOS[..size])));
                possible.push(Completion::Eof(h));
                possible.push(Completion::ReadFailed(h, failed));
            }
            if state.connecting {
                possible.push(Completion::Connected(h, Ok(())));
                possible.push(Completion::Connected(h, Err(failed)));
            }
            if state.writing {
                possible.push(Completion::Written(h, Ok(())));
                possible.push(Completion::Written(h, Err(failed)));
            }
            if state.listening {
                possible.push(Completion::Accepted(h, ConnKey(self.next_conn)));
                possible.push(Completion::AcceptFailed(h, Errno::EMFILE));
            }
        }
        for &lookup in &self.asked_lookups {
            possible.push(Completion::LookedUp(lookup, Ok(vec![IpAddr::V4(Ipv4Addr::LOCALHOST)])));
            let several = [1, 2, 3].map(|last| IpAddr::V4(Ipv4Addr::new(127, 0, 0, last)));
            possible.push(Completion::LookedUp(lookup, Ok(several.to_vec())));
            possible.push(Completion::LookedUp(lookup, Err(LookupCode::TryAgain)));
        }
        if possible.is_empty() {
            return;
        }
        let at = self.choices.choose(possible.len().min(256));
        let completion = possible.swap_remove(at);
        self.note(&completion);
        self.report.turns += 1;
        self.core.complete(completion).expect("this was awaited");
        self.go(false);
    }

    /// What a completion changes in the driver.
    fn note(&mut self, completion: &Completion) {
        let mut set = |h: &HandleId, change: fn(&mut HandleState)| {
            if let Some(state) = self.handles.get_mut(h) {
                change(state);
            }
        };
        match completion {
            Completion::Eof(h) | Completion::EofAs(h, _) | Completion::ReadFailed(h, _) => {
                set(h, |s| s.reading = false)
            }
            Completion::Connected(h, _) => set(h, |s| s.connecting = false),
            Completion::Written(h, _) => set(h, |s| s.writing = false),
            Completion::Accepted(_, conn) => {
                self.conns.insert(conn.0);
                self.next_conn += 1;
            }
            Completion::LookedUp(lookup, _) => {
                self.asked_lookups.remove(lookup);
            }
            Completion::Read(..) | Completion::ReadAs(..) | Completion::AcceptFailed(..) | Completion::Drained(_) => {}
        }
    }

    /// Destroys and drains everything, and checks what must then be true.
    fn end(&mut self) {
        self.ending = true;
        self.drain();
        for timer in std::mem::take(&mut self.timers) {
            self.give(Command::CancelTimer(timer));
        }
        for server in self.servers.clone() {
            self.give(Command::CloseServer(server, None));
        }
        for lookup in std::mem::take(&mut self.user_lookups) {
            self.give(Command::Answer(lookup, Err(LookupCode::NotFound)));
        }
        self.go(false);
        self.drain();
        while let Some(&lookup) = self.asked_lookups.first() {
            self.asked_lookups.remove(&lookup);
            self.core.complete(Completion::LookedUp(lookup, Err(LookupCode::NotFound))).expect("it was asked");
            self.go(false);
            self.drain();
        }
        // An accepted socket that nobody listened for is the core's alone.
        for socket in self.core.sockets().collect::<Vec<_>>() {
            self.give(Command::Destroy(socket, None));
        }
        self.go(false);
        self.drain();
        for _ in 0..64 {
            for phase in [Phase::Pending, Phase::Closing, Phase::Timers] {
                self.phase(phase);
                self.drain();
            }
            if !self.owes {
                break;
            }
        }
        self.check();
    }

    fn check(&self) {
        let census = self.core.census();
        assert_eq!(census.handles, 0, "a handle is left: {census:?}");
        assert_eq!(census.lookups, 0, "a lookup is left: {census:?}");
        assert_eq!(census.ticks, 0, "a tick is left: {census:?}");
        assert_eq!(census.timers, 0, "a timer is left: {census:?}");
        assert!(self.handles.is_empty(), "the driver was not told to close {:?}", self.handles);
        assert!(self.conns.is_empty(), "a connection was neither adopted nor refused");
        for (id, owed) in &self.owed {
            assert!(*owed >= 0, "callback {id} was called {} times too often", -owed);
        }
        if self.lossy {
            return;
        }
        assert_eq!(census.sockets, 0, "a closed socket was not released: {census:?}");
        for (id, owed) in &self.owed {
            assert_eq!(*owed, 0, "callback {id} was called too seldom (or, below 0, too often)");
        }
    }
}

/// What the driver answers; whether it takes the bytes.
fn answer(
    op: &Op<'_>,
    choices: &mut Choices<'_>,
    handles: &mut BTreeMap<HandleId, HandleState>,
    conns: &mut BTreeSet<u64>,
    lookups: &mut BTreeSet<LookupId>,
    ending: bool,
) -> (Reply, bool) {
    const ERRORS: [Errno; 5] =
        [Errno::ECONNREFUSED, Errno::EADDRINUSE, Errno::ENETUNREACH, Errno::EPIPE, Errno::EACCES];
    let fails = !ending && choices.once_in(8);
    let error = if fails { Some(ERRORS[choices.choose(ERRORS.len())]) } else { None };
    let or_error = |reply| error.map_or(reply, Reply::Failed);
    let reply = match *op {
        Op::Open(h, _) => {
            handles.insert(h, HandleState::default());
            Reply::Done
        }
        Op::OpenFd(h, _) => {
            handles.insert(h, HandleState::default());
            or_error(Reply::Done)
        }
        Op::Adopt(h, conn) => {
            handles.insert(h, HandleState::default());
            assert!(conns.remove(&conn.0), "adopted once");
            Reply::Done
        }
        Op::Refuse(conn) => {
            assert!(conns.remove(&conn.0), "refused once");
            Reply::Done
        }
        Op::ConnNames(_) => Reply::Names(None, None),
        Op::Bind { .. } | Op::BindPath(..) | Op::Chmod(..) | Op::ReusePort(_) => or_error(Reply::Done),
        Op::Listen(h, _) => {
            let reply = or_error(Reply::Done);
            state(handles, h).listening = reply == Reply::Done;
            reply
        }
        Op::Connect(h, _) | Op::ConnectPath(h, _) => {
            let reply = or_error(if choices.once_in(6) { Reply::Done } else { Reply::Pending });
            state(handles, h).connecting = reply == Reply::Pending;
            reply
        }
        Op::Write(h, _) => {
            if let Some(errno) = error {
                return (Reply::Failed(errno), false);
            }
            let pending = choices.once_in(3);
            state(handles, h).writing = pending;
            return (if pending { Reply::Pending } else { Reply::Done }, pending);
        }
        Op::ReadStart(h) => {
            let reply = or_error(Reply::Done);
            state(handles, h).reading = reply == Reply::Done;
            reply
        }
        Op::ReadStop(h) => {
            state(handles, h).reading = false;
            Reply::Done
        }
        Op::Shutdown(_) => or_error(Reply::Done),
        Op::Close(h) | Op::Detach(h) => {
            assert!(handles.remove(&h).is_some(), "closed once");
            Reply::Done
        }
        Op::Reset(h) => {
            assert!(handles.remove(&h).is_some(), "closed once");
            or_error(Reply::Done)
        }
        Op::NoDelay(..) | Op::KeepAlive(..) | Op::ReadLimit(..) | Op::SetTypeOfService(..) => Reply::Done,
        Op::TypeOfService(_) => Reply::Size(8),
        Op::SockName(_) | Op::PeerName(_) => Reply::Addr(None),
        Op::QueueSize(_) => Reply::Size(choices.choose(4) as u64),
        Op::Lookup { lookup, .. } => {
            let reply = or_error(Reply::Pending);
            if reply == Reply::Pending {
                lookups.insert(lookup);
            }
            reply
        }
    };
    (reply, false)
}

fn state(handles: &mut BTreeMap<HandleId, HandleState>, h: HandleId) -> &mut HandleState {
    handles.get_mut(&h).expect("the core names open handles only")
}
