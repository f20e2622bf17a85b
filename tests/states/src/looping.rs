//! Programs for the default host, which fail and stop at random places; its stage is looked at whenever it asks for its parts.

use crate::ledger::{Ledger, Seen};
use crate::walk::Rng;
use netfold_core::host::{App, Around, Kernel, Lane, Parts, command, dispatch, end_turn};
use netfold_core::{
    Call, Command, Completion, ConnectTo, Core, Emit, Errno, EventKind, HandleId, HostOptions, Limits, ListenerId,
    Machine, Op, Outcome, Reply, SocketId, SocketOptions,
};
use std::collections::{BTreeSet, VecDeque};

/// Connects by TCP stay under way until a poll brings their end; those to a path are refused at once, and so are fed.
#[derive(Debug)]
struct Wire {
    now: u64,
    connecting: VecDeque<HandleId>,
    brought: VecDeque<Completion>,
}

impl Kernel for Wire {
    type Error = ();

    fn call(&mut self, call: &mut Call<'_>) -> Reply {
        match call.op() {
            Op::Connect(h, _) => {
                self.connecting.push_back(h);
                Reply::Pending
            }
            Op::ConnectPath(..) => Reply::Failed(Errno::ENOENT),
            Op::Close(h) => {
                self.connecting.retain(|other| *other != h);
                self.brought.retain(|c| !matches!(c, Completion::Connected(other, _) if *other == h));
                Reply::Done
            }
            Op::SockName(_) => Reply::Addr(None),
            _ => Reply::Done,
        }
    }

    fn now(&mut self) -> u64 {
        self.now
    }

    fn wait(&mut self, timeout: Option<u64>) -> Result<(), ()> {
        self.now += timeout.unwrap_or(0).min(2);
        let refused = |h| Completion::Connected(h, Err(Errno::ECONNREFUSED));
        self.brought.extend(self.connecting.drain(..).map(refused));
        Ok(())
    }

    fn next(&mut self) -> Option<Completion> {
        self.brought.pop_front()
    }
}

/// A piece of user code: what the table calls it.
type Task = &'static str;

struct Program<'a> {
    machine: Machine,
    kernel: Wire,
    lane: Lane<Task>,
    rng: Rng,
    ledger: &'a mut Ledger,
    stage: &'static str,
    events: Vec<&'static str>,
    posted: u32,
    /// How much user code may still do something.
    left: u32,
    sockets: Vec<SocketId>,
}

impl App for Program<'_> {
    type Kernel = Wire;
    type Task = Task;
    type Thrown = ();

    fn parts(&mut self) -> Parts<'_, Wire, Task> {
        let stage = self.lane.stage();
        if stage != self.stage {
            self.note("all is done", stage);
        }
        Parts { machine: &mut self.machine, kernel: &mut self.kernel, lane: &mut self.lane }
    }

    fn emit(&mut self, emit: Emit) -> Result<(), ()> {
        let kind = match emit {
            Emit::Timer { .. } => "timer",
            _ => match self.lane.stage() {
                "fed" | "pending" => "fed",
                "completions" => "completion",
                "closing" => "close",
                _ => "tick",
            },
        };
        self.user_code(kind)
    }

    fn task(&mut self, task: Task) -> Result<(), ()> {
        self.user_code(task)
    }

    fn posted(&mut self) -> Option<Task> {
        self.posted = self.posted.checked_sub(1)?;
        Some("posted")
    }

    fn released(&mut self, socket: SocketId) {
        self.sockets.retain(|s| *s != socket);
    }

    fn broken(&mut self, (): ()) {
        unreachable!("this kernel waits")
    }
}

impl Program<'_> {
    fn note(&mut self, cause: &str, next: &'static str) {
        let events = std::mem::take(&mut self.events);
        let seen = Seen { state: self.stage, cause: cause.into(), facts: BTreeSet::new(), next, events };
        self.ledger.note(seen, &self.left);
        self.stage = next;
    }

    fn user_code(&mut self, kind: &'static str) -> Result<(), ()> {
        let running = self.lane.place();
        let in_tick = running.in_tick || kind == "tick";
        match self.lane.stage() {
            "check" => self.events.push("tick"),
            _ if in_tick => {}
            _ => self.events.push(kind),
        }
        for _ in 0..self.rng.below(3) {
            self.act();
        }
        if self.rng.below(12) == 0 { Err(()) } else { Ok(()) }
    }

    fn act(&mut self) {
        let Some(left) = self.left.checked_sub(1) else { return };
        self.left = left;
        match self.rng.below(8) {
            0 => self.lane.next_tick("tick"),
            1 => self.lane.set_immediate("immediate"),
            2 => {
                let ms = self.rng.below(4) as f64;
                self.give(Command::StartTimer { ms, repeat: false });
            }
            3 => self.connect(ConnectTo::Path(String::from("/nobody"))),
            4 => {
                let options = HostOptions { host: Some("127.0.0.1".into()), port: Some(9), ..HostOptions::default() };
                self.connect(ConnectTo::Host(options));
            }
            5 => self.posted += 1,
            6 => {
                if let Some(socket) = self.sockets.pop() {
                    self.give(Command::Destroy(socket, None));
                }
            }
            _ => self.lane.stop(),
        }
    }

    fn give(&mut self, what: Command) {
        let _outcome = command(self, what).expect("the ids are known");
    }

    fn connect(&mut self, to: ConnectTo) {
        let made = command(self, Command::NewSocket(SocketOptions::default())).expect("no ids");
        let Ok(Outcome::Socket(socket)) = made else { return };
        self.sockets.push(socket);
        for (n, event) in
            [EventKind::ConnectionAttemptFailed, EventKind::Error, EventKind::Close].into_iter().enumerate()
        {
            let listener = ListenerId(n as u32);
            self.give(Command::On { target: socket.into(), event, listener, once: false, prepend: false });
        }
        self.give(Command::Connect(socket, to));
    }
}

/// Runs so many programs on the default host.
pub fn walk_the_loop(seed: u64, programs: u64, ledger: &mut Ledger) {
    for n in 0..programs {
        let mut program = Program {
            machine: Machine::new(Core::new(Limits::default())),
            kernel: Wire { now: n % 5, connecting: VecDeque::new(), brought: VecDeque::new() },
            lane: Lane::default(),
            rng: Rng::new(seed + n),
            ledger,
            stage: "first",
            events: Vec::new(),
            posted: 0,
            left: 60,
            sockets: Vec::new(),
        };
        for _ in 0..10 {
            program.act();
        }
        let _failed = end_turn(&mut program);
        for _ in 0..200 {
            let around = dispatch(&mut program, Some(1));
            if around.is_err() {
                let stage = program.lane.stage();
                program.note("a listener fails", stage);
            }
            if around == Ok(Around::Done) && program.posted == 0 {
                break;
            }
        }
    }
}
