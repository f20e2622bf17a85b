//! One machine with a host and a driver that do one thing at a time, and note what it did to each table's state.

use crate::ledger::{Ledger, Seen};
use bytes::Bytes;
use netfold_core::{
    CallbackId, Chunk, Command, Completion, ConnKey, ConnectTo, Core, Emit, Errno, Event, EventKind, HandleId,
    HostOptions, ListenOn, ListenerId, LookupCode, LookupId, NodeError, Op, Outcome, Phase, Reply, ServerId,
    ServerOptions, SocketId, SocketOptions, Step, Target, TickId,
};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

/// A table's machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Machine {
    /// The life of a socket.
    Socket,
    /// Its readable half.
    Readable,
    /// Its writable half.
    Writable,
    /// A server.
    Server,
}

impl Machine {
    /// The name of its table.
    pub const fn name(self) -> &'static str {
        match self {
            Machine::Socket => "socket",
            Machine::Readable => "readable",
            Machine::Writable => "writable",
            Machine::Server => "server",
        }
    }

    /// Whether an event, or "cb", is one of this machine's.
    fn emits(self, event: &str) -> bool {
        let events: &[&str] = match self {
            Machine::Socket => &[
                "lookup",
                "connectionAttempt",
                "connectionAttemptFailed",
                "connectionAttemptTimeout",
                "connect",
                "ready",
                "error",
                "close",
            ],
            Machine::Readable => &["data", "readable", "end", "pause", "resume"],
            Machine::Writable => &["drain", "prefinish", "finish", "callback", "callback with an error"],
            Machine::Server => &["listening", "connection", "drop", "error", "close"],
        };
        events.contains(&event)
    }
}

/// How the system answers what it is asked within one step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Plan {
    /// All goes well.
    Well,
    /// A write waits.
    Waits,
    /// A write, connect, bind or listen fails.
    Fails,
    /// A connect is refused.
    Refused,
}

/// A call of the user's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cmd {
    /// `connect` to an address.
    ConnectAddress,
    /// `connect` to a name, of which one address is tried.
    ConnectName,
    /// `connect` to a name, of which all addresses are tried.
    ConnectNames,
    /// `connect` to a path.
    ConnectPath,
    /// `connect` to a port that is none.
    ConnectBadly,
    /// `write` of a little, with a callback.
    Write,
    /// `write` of more than the high water mark, with a callback.
    WriteMuch,
    /// `cork`
    Cork,
    /// `uncork`
    Uncork,
    /// `end`, with a callback.
    End,
    /// `destroy()`
    Destroy,
    /// `destroy(error)`
    DestroyWith,
    /// `destroySoon`
    DestroySoon,
    /// `resetAndDestroy`
    Reset,
    /// A 'data' listener.
    OnData,
    /// The 'data' listeners go.
    OffData,
    /// A 'readable' listener.
    OnReadable,
    /// The 'readable' listener goes.
    OffReadable,
    /// `pause`
    Pause,
    /// `resume`
    Resume,
    /// `read()`
    ReadAll,
    /// `read(0)`
    ReadNone,
    /// `listen` on a port.
    Listen,
    /// `listen` on a port of an address.
    ListenAddress,
    /// `listen` on a port of a name.
    ListenName,
    /// `close` of the server, with a callback.
    Close,
    /// `destroy` of a connection of the server's.
    DestroyConnection,
    /// `maxConnections = 1`
    Max,
}

impl Cmd {
    /// Its name in the tables.
    pub const fn name(self) -> &'static str {
        match self {
            Cmd::ConnectAddress => "call: connect to an address",
            Cmd::ConnectName | Cmd::ConnectNames => "call: connect to a name",
            Cmd::ConnectPath => "call: connect to a path",
            Cmd::ConnectBadly => "call: connect to a bad port",
            Cmd::Write => "call: write",
            Cmd::WriteMuch => "call: write much",
            Cmd::Cork => "call: cork",
            Cmd::Uncork => "call: uncork",
            Cmd::End => "call: end",
            Cmd::Destroy => "call: destroy",
            Cmd::DestroyWith => "call: destroy with an error",
            Cmd::DestroySoon => "call: destroySoon",
            Cmd::Reset => "call: resetAndDestroy",
            Cmd::OnData => "call: on 'data'",
            Cmd::OffData => "call: off 'data'",
            Cmd::OnReadable => "call: on 'readable'",
            Cmd::OffReadable => "call: off 'readable'",
            Cmd::Pause => "call: pause",
            Cmd::Resume => "call: resume",
            Cmd::ReadAll => "call: read",
            Cmd::ReadNone => "call: read(0)",
            Cmd::Listen => "call: listen on a port",
            Cmd::ListenAddress => "call: listen on an address",
            Cmd::ListenName => "call: listen on a name",
            Cmd::Close => "call: close",
            Cmd::DestroyConnection => "call: destroy a connection",
            Cmd::Max => "call: maxConnections",
        }
    }
}

/// One thing that a host, a driver or a user can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Action {
    /// A call.
    Give(Cmd),
    /// The next tick.
    Tick,
    /// Bytes come in on the socket.
    Read,
    /// The other party's FIN comes in.
    Eof,
    /// Reading fails.
    ReadFails,
    /// The connect under way ends, well or not.
    Connected(bool),
    /// The write under way ends, well or not.
    Written(bool),
    /// A lookup ends, with so many addresses.
    LookedUp(u8),
    /// A connection comes in.
    Accepted,
    /// The next turn of a phase.
    Phase(Batch),
}

/// A phase, in an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Batch {
    /// Pending
    Pending,
    /// Closing
    Closing,
    /// Timers, after enough time for one.
    Timers,
}

/// What a program begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Start {
    /// A new socket.
    Fresh,
    /// A new socket, which may connect again once it is closed.
    Again,
    /// A connected socket.
    Online,
    /// A connected socket, half-open.
    HalfOpen,
    /// A new server.
    Server,
}

#[derive(Clone, Copy, Debug, Default)]
struct HandleState {
    reading: bool,
    connecting: bool,
    writing: bool,
    listening: bool,
}

type States = BTreeMap<Machine, &'static str>;

/// A step that has begun.
#[derive(Clone, Debug)]
struct Running {
    cause: String,
    before: States,
    /// The states when the machine went on last.
    since: States,
    facts: BTreeSet<&'static str>,
    events: Vec<(Target, &'static str)>,
    connections: u32,
    interrupted: bool,
}

/// A machine, its host, its driver, and the socket or server that is looked at.
#[derive(Clone, Debug)]
pub struct World {
    core: Core,
    ticks: VecDeque<TickId>,
    handles: BTreeMap<HandleId, HandleState>,
    lookups: Vec<LookupId>,
    socket: Option<SocketId>,
    server: Option<ServerId>,
    connections: Vec<SocketId>,
    plan: Plan,
    /// Whether an operation was asked that the plan is about.
    asked: BTreeSet<Plan>,
    running: Vec<Running>,
    next_id: u32,
    next_conn: u64,
    now: u64,
    /// Whether a closed socket connects again.
    again: bool,
    /// What was done, for whoever reads a complaint.
    program: Vec<(Action, Plan, Vec<Cmd>)>,
    last_connect: Option<Cmd>,
    /// A lookup's answer is being told.
    answering: bool,
    /// `resetAndDestroy` waits among the listeners of 'connect'.
    reset_waits: bool,
    /// `destroySoon` waits among the listeners of 'finish'.
    soon_waits: bool,
    /// The newest `listen` or `close` of the server, and those that the `set up` ticks and the lookups are of.
    attempt: u32,
    set_ups: VecDeque<u32>,
    lookups_of: Vec<u32>,
    /// The calls that listeners give, the next one last.
    nested: Vec<Cmd>,
}

const SOCKET_EVENTS: [EventKind; 16] = [
    EventKind::Lookup,
    EventKind::ConnectionAttempt,
    EventKind::ConnectionAttemptFailed,
    EventKind::ConnectionAttemptTimeout,
    EventKind::Connect,
    EventKind::Ready,
    EventKind::End,
    EventKind::Drain,
    EventKind::Prefinish,
    EventKind::Finish,
    EventKind::Pause,
    EventKind::Resume,
    EventKind::Error,
    EventKind::Close,
    EventKind::Timeout,
    EventKind::Pipe,
];

const SERVER_EVENTS: [EventKind; 5] =
    [EventKind::Listening, EventKind::Connection, EventKind::Drop, EventKind::Error, EventKind::ServerClose];

/// The listener of 'data', and that of 'readable'.
const DATA: ListenerId = ListenerId(1);
const READABLE: ListenerId = ListenerId(2);

impl World {
    /// A world at the start of a program.
    pub fn new(start: Start) -> Self {
        let mut world = Self {
            core: Core::default(),
            ticks: VecDeque::new(),
            handles: BTreeMap::new(),
            lookups: Vec::new(),
            socket: None,
            server: None,
            connections: Vec::new(),
            plan: Plan::Well,
            asked: BTreeSet::new(),
            running: Vec::new(),
            next_id: 10,
            next_conn: 0,
            now: 0,
            again: start == Start::Again,
            program: Vec::new(),
            last_connect: None,
            answering: false,
            reset_waits: false,
            soon_waits: false,
            attempt: 0,
            set_ups: VecDeque::new(),
            lookups_of: Vec::new(),
            nested: Vec::new(),
        };
        let events: &[EventKind] = match start {
            Start::Server => {
                let Some(Outcome::Server(server)) = world.bare(Command::NewServer(ServerOptions::default())) else {
                    unreachable!("a server is made")
                };
                world.server = Some(server);
                &SERVER_EVENTS
            }
            _ => {
                let allow_half_open = start == Start::HalfOpen;
                let options = SocketOptions { allow_half_open, high_water_mark: 4, ..SocketOptions::default() };
                let Some(Outcome::Socket(socket)) = world.bare(Command::NewSocket(options)) else {
                    unreachable!("a socket is made")
                };
                world.bare(Command::Retain(socket));
                world.socket = Some(socket);
                &SOCKET_EVENTS
            }
        };
        for event in events {
            let listener = world.id();
            let target = world.target();
            world.bare(Command::On {
                target,
                event: *event,
                listener: ListenerId(listener),
                once: false,
                prepend: false,
            });
        }
        world.idle();
        if matches!(start, Start::Online | Start::HalfOpen) {
            for action in [Action::Give(Cmd::ConnectAddress), Action::Tick, Action::Connected(true)] {
                world.run(action, Plan::Well, &mut BTreeMap::new());
            }
        }
        world
    }

    /// The calls that listeners will give, the next one last.
    pub fn nest(&mut self, calls: Vec<Cmd>) {
        self.nested = calls;
    }

    /// Whether ticks are owed.
    pub fn owes_ticks(&self) -> bool {
        !self.ticks.is_empty()
    }

    fn target(&self) -> Target {
        match (self.socket, self.server) {
            (Some(socket), _) => socket.into(),
            (None, server) => server.expect("a socket or a server").into(),
        }
    }

    fn id(&mut self) -> u32 {
        self.next_id += 1;
        self.next_id
    }

    /// A command outside of what is noted.
    fn bare(&mut self, command: Command) -> Option<Outcome> {
        self.core.begin(command).expect("user code may call");
        self.go(true, &mut BTreeMap::new())
    }

    /// Ends the turn of the user code that gave commands.
    fn idle(&mut self) {
        self.go(false, &mut BTreeMap::new());
    }

    fn own_handle(&self) -> Option<HandleId> {
        self.socket.and_then(|socket| self.core.handle_of(socket))
    }

    /// What can be done now, of what the alphabet allows.
    pub fn actions(&self, alphabet: &[Cmd]) -> Vec<Action> {
        let mut out = Vec::new();
        if self.ticks.is_empty() {
            self.turns(&mut out);
        } else {
            out.push(Action::Tick);
        }
        out.extend(alphabet.iter().copied().filter(|cmd| self.may(*cmd)).map(Action::Give));
        out
    }

    fn turns(&self, out: &mut Vec<Action>) {
        let own = self.own_handle().and_then(|h| self.handles.get(&h)).copied().unwrap_or_default();
        if own.reading {
            out.extend([Action::Read, Action::Eof, Action::ReadFails]);
        }
        if own.connecting {
            out.extend([Action::Connected(true), Action::Connected(false)]);
        }
        if own.writing {
            out.extend([Action::Written(true), Action::Written(false)]);
        }
        if !self.lookups.is_empty() {
            out.extend([Action::LookedUp(0), Action::LookedUp(1), Action::LookedUp(2)]);
        }
        if self.handles.values().any(|h| h.listening) {
            out.push(Action::Accepted);
        }
        for (phase, action) in [(Phase::Pending, Batch::Pending), (Phase::Closing, Batch::Closing)] {
            if self.core.due_turn(phase).is_some() {
                out.push(Action::Phase(action));
            }
        }
        if self.core.census().timers > 0 {
            out.push(Action::Phase(Batch::Timers));
        }
    }

    /// What the programs leave out, as the README says: `connect` while a lookup of before is under way, whose answer
    /// would be taken for the new one's; `connect` while connecting; `end` on what was never connected.
    fn may(&self, cmd: Cmd) -> bool {
        use Cmd::*;
        let state = self.socket.and_then(|s| self.core.socket_state(s)).map(|s| s.name());
        match cmd {
            ConnectAddress | ConnectName | ConnectNames | ConnectPath | ConnectBadly => {
                self.lookups.is_empty()
                    && !self.answering
                    && (state == Some("idle") || (self.again && state == Some("closed")))
            }
            End | DestroySoon => state != Some("idle"),
            DestroyConnection => !self.connections.is_empty(),
            OffReadable => self.core.listener_count(self.target(), EventKind::Readable) > 0,
            OffData => self.core.listener_count(self.target(), EventKind::Data) > 0,
            OnReadable => self.core.listener_count(self.target(), EventKind::Readable) == 0,
            OnData => self.core.listener_count(self.target(), EventKind::Data) == 0,
            _ => true,
        }
    }

    fn states(&self) -> States {
        let mut out = States::new();
        if let Some(socket) = self.socket {
            out.insert(Machine::Socket, self.core.socket_state(socket).expect("it is retained").name());
            out.insert(Machine::Readable, self.core.readable_state(socket).expect("it is retained").name());
            out.insert(Machine::Writable, self.core.writable_state(socket).expect("it is retained").name());
        }
        if let Some(server) = self.server {
            out.insert(Machine::Server, self.core.server_state(server).expect("it is kept").name());
        }
        out
    }

    fn facts(&self) -> BTreeSet<&'static str> {
        let mut out = BTreeSet::new();
        let mut add = |fact, holds: bool| {
            if holds {
                out.insert(fact);
            }
        };
        if let Some(socket) = self.socket {
            let view = self.core.socket(socket).expect("it is retained");
            let inner = self.core.inner(socket).expect("it is retained");
            let count = |kind| self.core.listener_count(socket.into(), kind) > 0;
            add("a handle", self.own_handle().is_some());
            add("a path", self.own_handle().is_some() && self.last_connect == Some(Cmd::ConnectPath));
            add("all addresses wanted", self.last_connect == Some(Cmd::ConnectNames));
            add("an address is left", inner.address_left);
            add("a reset waits", self.reset_waits);
            add("destroySoon waits", self.soon_waits);
            add("connecting", view.connecting());
            add("half-open", view.allow_half_open());
            add("unread", view.readable_length() > 0);
            add("flowing", view.readable_flowing() == Some(true));
            add("held", view.readable_flowing() == Some(false));
            add("told to pause", inner.told_to_pause);
            add("'resume' owed", self.core.owes(socket, "resume") > 0);
            add("read by hand", inner.read_by_hand);
            add("a 'data' listener", count(EventKind::Data));
            add("a 'readable' listener", count(EventKind::Readable));
            add("FIN came in", inner.fin_came_in);
            add("'end' emitted", view.readable_ended());
            add("'finish' emitted", view.writable_finished());
            add("ended", view.writable_ended());
            add("corked", view.writable_corked() > 0);
            add("corked twice", view.writable_corked() > 1);
            add("a request under way", inner.write_under_way);
            add("more waits", inner.more_waits);
            add("it reaches the mark", view.writable_length() + 1 >= u64::from(view.writable_high_water_mark()));
            add("a 'drain' is owed", view.write_refused());
            add("errored", view.errored().is_some());
            add("destroyed", view.destroyed());
            add("closing", inner.closing);
        }
        if let Some(server) = self.server {
            let view = self.core.server(server).expect("it is kept");
            add("a handle", view.listening);
            add("'listening' owed", self.core.owes(server, "listening") > 0);
            add("'listening' owed twice", self.core.owes(server, "listening") > 1);
            add("'close' owed", self.core.owes(server, "close") > 0);
            add("'close' owed twice", self.core.owes(server, "close") > 1);
            add("connections", view.connections > 0);
            add("the last one", view.connections == 1);
            add("full", view.max_connections > 0 && view.connections >= view.max_connections);
        }
        out
    }

    fn count(&self) -> u32 {
        self.server.and_then(|server| self.core.server(server)).map_or(0, |view| view.connections)
    }

    fn begin(&mut self, cause: String) {
        let before = self.states();
        let running = Running {
            cause,
            since: before.clone(),
            before,
            facts: self.facts(),
            events: Vec::new(),
            connections: self.count(),
            interrupted: false,
        };
        self.running.push(running);
    }

    fn finish(&mut self, ledgers: &mut BTreeMap<Machine, Ledger>) {
        let states = self.states();
        let now = self.count();
        let mut running = self.running.pop().expect("a step has begun");
        if now < running.connections {
            running.cause = String::from("any: a connection is destroyed");
        }
        let own = self.target();
        for (machine, ledger) in ledgers {
            let (Some(&state), Some(&next)) = (running.before.get(machine), states.get(machine)) else { continue };
            if running.interrupted {
                ledger.note_part(running.since[machine], &running.cause, next);
                continue;
            }
            let of =
                |(target, event): &(Target, &'static str)| (*target == own && machine.emits(event)).then_some(*event);
            let events = running.events.iter().filter_map(of).collect();
            let seen = Seen { state, cause: running.cause.clone(), facts: running.facts.clone(), next, events };
            ledger.note(seen, &self.program);
        }
    }

    /// Does one thing, and notes it. Which plans would have made a difference.
    pub fn run(&mut self, action: Action, plan: Plan, ledgers: &mut BTreeMap<Machine, Ledger>) -> BTreeSet<Plan> {
        self.program.push((action, plan, self.nested.clone()));
        self.plan = plan;
        self.asked.clear();
        match action {
            Action::Give(cmd) => {
                self.give(cmd, ledgers);
                self.idle();
            }
            Action::Tick => {
                let cause = self.due("tick", self.core.due_tick());
                let id = self.ticks.pop_front().expect("a tick is due");
                let newest = cause == "tick: set up" && self.set_ups.pop_front() == Some(self.attempt);
                self.begin(cause);
                self.running.last_mut().expect("it began").facts.extend(newest.then_some("it is the newest"));
                self.core.tick(id).expect("the tick is due");
                self.go(false, ledgers);
                self.finish(ledgers);
            }
            Action::Phase(phase) => self.phase(phase, ledgers),
            _ => self.complete(action, ledgers),
        }
        std::mem::take(&mut self.asked)
    }

    fn due(&self, place: &str, due: Option<(Target, &'static str)>) -> String {
        match due {
            Some((target, what)) if target == self.target() => format!("{place}: {what}"),
            _ => format!("{place}: of another"),
        }
    }

    fn phase(&mut self, phase: Batch, ledgers: &mut BTreeMap<Machine, Ledger>) {
        let (phase, cause) = match phase {
            Batch::Pending => (Phase::Pending, self.due("pending", self.core.due_turn(Phase::Pending))),
            Batch::Closing => (Phase::Closing, self.due("closing", self.core.due_turn(Phase::Closing))),
            Batch::Timers => {
                self.now += 1000;
                self.core.advance(self.now).expect("the time goes on");
                (Phase::Timers, String::from("timers: the attempt takes too long"))
            }
        };
        self.begin(cause);
        self.core.phase(phase).expect("the core is idle");
        self.go(false, ledgers);
        self.finish(ledgers);
    }

    fn complete(&mut self, action: Action, ledgers: &mut BTreeMap<Machine, Ledger>) {
        let own = self.own_handle();
        let h = || own.expect("the action is possible");
        let (completion, what) = match action {
            Action::Read => (Completion::Read(h(), Bytes::from_static(b"abc")), "read"),
            Action::Eof => (Completion::Eof(h()), "FIN"),
            Action::ReadFails => (Completion::ReadFailed(h(), Errno::ECONNRESET), "read failed"),
            Action::Connected(true) => (Completion::Connected(h(), Ok(())), "connected"),
            Action::Connected(false) => (Completion::Connected(h(), Err(Errno::ECONNREFUSED)), "connect failed"),
            Action::Written(true) => (Completion::Written(h(), Ok(())), "written"),
            Action::Written(false) => (Completion::Written(h(), Err(Errno::EPIPE)), "write failed"),
            Action::LookedUp(0) => {
                (Completion::LookedUp(self.lookups.remove(0), Err(LookupCode::NotFound)), "lookup failed")
            }
            Action::LookedUp(count) => {
                let list = (1..=count).map(|last| IpAddr::V4(Ipv4Addr::new(127, 0, 0, last))).collect();
                let what = if count == 1 || self.server.is_some() { "looked up" } else { "looked up several" };
                (Completion::LookedUp(self.lookups.remove(0), Ok(list)), what)
            }
            Action::Accepted => {
                let listening = self.handles.iter().find(|(_, state)| state.listening).map(|(h, _)| *h);
                self.next_conn += 1;
                let conn = ConnKey(self.next_conn);
                (Completion::Accepted(listening.expect("the action is possible"), conn), "a connection comes in")
            }
            Action::Give(_) | Action::Tick | Action::Phase(_) => unreachable!("no completion"),
        };
        let state = own.and_then(|h| self.handles.get_mut(&h));
        if let Some(state) = state {
            match completion {
                Completion::Eof(_) | Completion::ReadFailed(..) => state.reading = false,
                Completion::Connected(..) => state.connecting = false,
                Completion::Written(..) => state.writing = false,
                _ => {}
            }
        }
        self.begin(format!("turn: {what}"));
        if matches!(action, Action::LookedUp(_)) && self.lookups_of.remove(0) == self.attempt {
            self.running.last_mut().expect("it began").facts.insert("it is the newest");
        }
        self.answering = matches!(action, Action::LookedUp(_));
        self.core.complete(completion).expect("this was awaited");
        self.go(false, ledgers);
        self.answering = false;
        self.finish(ledgers);
    }

    fn give(&mut self, cmd: Cmd, ledgers: &mut BTreeMap<Machine, Ledger>) {
        let command = self.command(cmd);
        self.begin(cmd.name().into());
        self.note(cmd);
        self.core.begin(command).expect("user code may call");
        self.go(true, ledgers);
        self.finish(ledgers);
    }

    /// What the machine keeps among listeners and in ticks, where it cannot be seen.
    fn note(&mut self, cmd: Cmd) {
        let facts = &self.running.last().expect("it began").facts;
        let has = |fact| facts.contains(fact);
        match cmd {
            Cmd::ConnectAddress | Cmd::ConnectName | Cmd::ConnectNames | Cmd::ConnectPath | Cmd::ConnectBadly => {
                self.last_connect = Some(cmd);
            }
            Cmd::Reset => self.reset_waits |= has("connecting") && !has("a path"),
            Cmd::DestroySoon => self.soon_waits |= !has("'finish' emitted"),
            Cmd::Close => self.attempt += 1,
            Cmd::Listen | Cmd::ListenAddress | Cmd::ListenName if !has("a handle") => {
                self.attempt += 1;
                if cmd == Cmd::ListenAddress {
                    self.set_ups.push_back(self.attempt);
                }
            }
            _ => {}
        }
    }

    fn command(&mut self, cmd: Cmd) -> Command {
        if let Some(server) = self.server {
            return self.server_command(server, cmd);
        }
        let s = self.socket.expect("a socket");
        let host = |host: &str, port: i64, each: bool| {
            ConnectTo::Host(HostOptions {
                host: Some(host.into()),
                port: Some(port),
                auto_select_family: Some(each),
                ..HostOptions::default()
            })
        };
        let callback = CallbackId(self.id());
        let on = |event, listener| Command::On { target: s.into(), event, listener, once: false, prepend: false };
        let off = |event, listener| Command::Off { target: s.into(), event, listener };
        match cmd {
            Cmd::ConnectAddress => Command::Connect(s, host("127.0.0.1", 80, true)),
            Cmd::ConnectName => Command::Connect(s, host("name", 80, false)),
            Cmd::ConnectNames => Command::Connect(s, host("name", 80, true)),
            Cmd::ConnectPath => Command::Connect(s, ConnectTo::Path(String::from("/x"))),
            Cmd::ConnectBadly => Command::Connect(s, host("127.0.0.1", 70_000, true)),
            Cmd::Write => Command::Write(s, Chunk::from(Bytes::from_static(b"a")), Some(callback)),
            Cmd::WriteMuch => Command::Write(s, Chunk::from(Bytes::from_static(b"abcdefgh")), Some(callback)),
            Cmd::Cork => Command::Cork(s),
            Cmd::Uncork => Command::Uncork(s),
            Cmd::End => Command::End(s, None, Some(callback)),
            Cmd::Destroy => Command::Destroy(s, None),
            Cmd::DestroyWith => Command::Destroy(s, Some(Arc::new(NodeError::user("on purpose")))),
            Cmd::DestroySoon => Command::DestroySoon(s),
            Cmd::Reset => Command::ResetAndDestroy(s),
            Cmd::OnData => on(EventKind::Data, DATA),
            Cmd::OffData => off(EventKind::Data, DATA),
            Cmd::OnReadable => on(EventKind::Readable, READABLE),
            Cmd::OffReadable => off(EventKind::Readable, READABLE),
            Cmd::Pause => Command::Pause(s),
            Cmd::Resume => Command::Resume(s),
            Cmd::ReadAll => Command::Read(s, None),
            Cmd::ReadNone => Command::Read(s, Some(0)),
            _ => unreachable!("a server's"),
        }
    }

    fn server_command(&mut self, s: ServerId, cmd: Cmd) -> Command {
        let port = |host: Option<&str>| {
            let host = host.map(String::from);
            Command::Listen(s, ListenOn::Port { port: 80, host, backlog: 0, ipv6_only: false })
        };
        match cmd {
            Cmd::Listen => port(None),
            Cmd::ListenAddress => port(Some("127.0.0.1")),
            Cmd::ListenName => port(Some("name")),
            Cmd::Close => Command::CloseServer(s, Some(ListenerId(self.id()))),
            Cmd::Max => Command::SetMaxConnections(s, 1),
            Cmd::DestroyConnection => Command::Destroy(self.connections.remove(0), None),
            _ => unreachable!("a socket's"),
        }
    }

    /// Steps until the innermost command returns, or the turn is over.
    fn go(&mut self, command: bool, ledgers: &mut BTreeMap<Machine, Ledger>) -> Option<Outcome> {
        loop {
            match self.core.step() {
                Step::Call(mut call) => {
                    let (reply, matters) = answer(&call.op(), self.plan, &mut self.handles, &mut self.lookups);
                    if reply == Reply::Pending && matches!(call.op(), Op::Write(..)) {
                        call.take(&mut Vec::new());
                    }
                    let fact = fact_of(&call.op(), reply);
                    if matches!(call.op(), Op::Lookup { .. }) {
                        self.lookups_of.push(self.attempt);
                    }
                    call.answer(reply).expect("the reply fits");
                    self.asked.extend(matters);
                    if let Some(running) = self.running.last_mut() {
                        running.facts.extend(fact);
                    }
                }
                Step::Tick(id) => self.ticks.push_back(id),
                Step::Emit(emit) => self.emit(emit, ledgers),
                Step::Return(outcome) => {
                    assert!(command, "only a command returns");
                    return Some(outcome);
                }
                Step::Idle(_) => {
                    assert!(!command, "a command that began returns");
                    return None;
                }
                Step::Released(socket) => self.connections.retain(|s| *s != socket),
            }
        }
    }

    fn emit(&mut self, emit: Emit, ledgers: &mut BTreeMap<Machine, Ledger>) {
        let noted = match emit {
            Emit::Listener { target, event, .. } => {
                match event {
                    Event::Connection(socket) => self.connections.push(socket),
                    Event::Connect => self.reset_waits = false,
                    Event::Finish => self.soon_waits = false,
                    _ => {}
                }
                Some((target, event.kind().name()))
            }
            Emit::Callback { socket, error, .. } => {
                Some((socket.into(), if error.is_some() { "callback with an error" } else { "callback" }))
            }
            other => panic!("{other:?}"),
        };
        if let (Some(noted), Some(running)) = (noted, self.running.last_mut()) {
            running.events.push(noted);
        }
        if self.running.is_empty() {
            return;
        }
        let Some(cmd) = self.nested.pop().filter(|cmd| self.may(*cmd)) else { return };
        let states = self.states();
        let outer = self.running.last_mut().expect("a step runs");
        outer.interrupted = true;
        for (machine, ledger) in ledgers.iter_mut() {
            if let (Some(from), Some(to)) = (outer.since.get(machine), states.get(machine)) {
                ledger.note_part(from, &outer.cause, to);
            }
        }
        self.give(cmd, ledgers);
        let states = self.states();
        if let Some(outer) = self.running.last_mut() {
            outer.since = states;
        }
    }
}

/// What the system answers, and which other plans would have mattered.
fn answer(
    op: &Op<'_>,
    plan: Plan,
    handles: &mut BTreeMap<HandleId, HandleState>,
    lookups: &mut Vec<LookupId>,
) -> (Reply, &'static [Plan]) {
    let fails = |well: Reply, errno| if plan == Plan::Fails { Reply::Failed(errno) } else { well };
    match op {
        Op::Open(h, _) | Op::Adopt(h, _) => {
            handles.insert(*h, HandleState::default());
            (Reply::Done, &[])
        }
        Op::ConnNames(_) => (Reply::Names(None, None), &[]),
        Op::Bind { .. } => (fails(Reply::Done, Errno::EADDRNOTAVAIL), &[Plan::Fails]),
        Op::Listen(h, _) => {
            let reply = fails(Reply::Done, Errno::EADDRINUSE);
            set(handles, h, |s| s.listening = reply == Reply::Done);
            (reply, &[Plan::Fails])
        }
        Op::Connect(h, _) | Op::ConnectPath(h, _) => {
            let reply = match plan {
                Plan::Refused => Reply::Failed(Errno::ECONNREFUSED),
                _ => fails(Reply::Pending, Errno::ENETUNREACH),
            };
            set(handles, h, |s| s.connecting = reply == Reply::Pending);
            (reply, &[Plan::Fails, Plan::Refused])
        }
        Op::Write(h, _) => {
            let reply = if plan == Plan::Waits { Reply::Pending } else { fails(Reply::Done, Errno::EPIPE) };
            set(handles, h, |s| s.writing = reply == Reply::Pending);
            (reply, &[Plan::Waits, Plan::Fails])
        }
        Op::ReadStart(h) => {
            set(handles, h, |s| s.reading = true);
            (Reply::Done, &[])
        }
        Op::ReadStop(h) => {
            set(handles, h, |s| s.reading = false);
            (Reply::Done, &[])
        }
        Op::Close(h) | Op::Reset(h) => {
            handles.remove(h);
            (Reply::Done, &[])
        }
        Op::SockName(_) | Op::PeerName(_) => (Reply::Addr(None), &[]),
        Op::QueueSize(_) => (Reply::Size(0), &[]),
        Op::Lookup { lookup, .. } => {
            lookups.push(*lookup);
            (Reply::Pending, &[])
        }
        _ => (Reply::Done, &[]),
    }
}

fn set(handles: &mut BTreeMap<HandleId, HandleState>, h: &HandleId, change: impl FnOnce(&mut HandleState)) {
    change(handles.get_mut(h).expect("the core names open handles only"));
}

/// What a table says of an answer.
fn fact_of(op: &Op<'_>, reply: Reply) -> Option<&'static str> {
    match (op, reply) {
        (Op::Write(..), Reply::Pending) => Some("the write waits"),
        (Op::Write(..), Reply::Failed(_)) => Some("the write fails"),
        (Op::Write(..), _) => Some("the write is taken"),
        (Op::Connect(..) | Op::ConnectPath(..), Reply::Failed(Errno::ECONNREFUSED)) => Some("refused at once"),
        (Op::Connect(..) | Op::ConnectPath(..), Reply::Failed(_)) => Some("the attempt fails at once"),
        (Op::Bind { .. } | Op::Listen(..), Reply::Failed(_)) => Some("the system refuses"),
        _ => None,
    }
}
