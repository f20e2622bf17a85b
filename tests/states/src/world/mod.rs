//! One machine with a host and a driver that do one thing at a time, and note what it did to each table's state.

mod actions;
mod commands;
mod facts;
mod system;

pub use actions::{Action, Batch, Cmd, Machine, Plan, Start};

use crate::ledger::{Ledger, Seen};
use bytes::Bytes;
use netfold_core::{
    Command, Completion, ConnKey, Core, Emit, Errno, Event, EventKind, HandleId, ListenerId, LookupCode, LookupId, Op,
    Outcome, Phase, Reply, ServerId, ServerOptions, SocketId, SocketOptions, Step, Target, TickId,
};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::{IpAddr, Ipv4Addr};
use system::{answer, fact_of};

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
                let options = SocketOptions { allow_half_open, high_water_mark: Some(4), ..SocketOptions::default() };
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
