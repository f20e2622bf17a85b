//! A host driven by hand, with a kernel that answers by rote, for the tests of the trace.
#![allow(dead_code, reason = "each test file uses its part")]

use bytes::Bytes;
use netfold_core::trace::{Options, Trace};
use netfold_core::{
    Chunk, Command, Completion, ConnKey, ConnectTo, Core, Emit, Event, EventKind, HandleId, HostOptions, Idle,
    ListenOn, ListenerId, Machine, Op, Outcome, Phase, Reply, ServerId, SocketId, Step, Target, TickId,
};
use std::collections::VecDeque;

pub type Listener = fn(&mut Host, &Emit) -> Result<(), ()>;

pub struct Host {
    pub machine: Machine,
    pub ticks: VecDeque<TickId>,
    pub handles: Vec<HandleId>,
    pub idle: Option<Idle>,
    pub listener: Listener,
    /// Writes are taken only in part.
    pub slow: bool,
    pub emitted: u64,
    pub steps: u64,
}

pub fn ignore(_: &mut Host, _: &Emit) -> Result<(), ()> {
    Ok(())
}

impl Host {
    pub fn new(options: Options) -> Self {
        Self::of(Machine::recorded(Core::default(), options))
    }

    pub fn of(machine: Machine) -> Self {
        let (ticks, handles, idle) = (VecDeque::new(), Vec::new(), None);
        Self { machine, ticks, handles, idle, listener: ignore, slow: false, emitted: 0, steps: 0 }
    }

    pub fn finish(mut self) -> Vec<u8> {
        self.machine.finish().unwrap()
    }

    /// Steps until the innermost command returns or the turn is over.
    pub fn go(&mut self) -> Option<Outcome> {
        loop {
            self.steps += 1;
            match self.machine.step() {
                Step::Call(call) => {
                    let reply = answer(&call.op(), &mut self.handles, self.slow);
                    call.answer(reply).unwrap();
                }
                Step::Tick(id) => self.ticks.push_back(id),
                Step::Emit(emit) => {
                    self.emitted += 1;
                    if (self.listener)(self, &emit).is_err() {
                        self.machine.threw().unwrap();
                    }
                }
                Step::Return(outcome) => return Some(outcome),
                Step::Idle(idle) => {
                    self.idle = Some(idle);
                    return None;
                }
                Step::Released(_) => {}
            }
        }
    }

    pub fn command(&mut self, command: Command) -> Outcome {
        self.machine.begin(command).unwrap();
        self.go().expect("a command returns")
    }

    /// Ends the turn and runs its ticks.
    pub fn turn(&mut self) {
        assert_eq!(self.go(), None);
        while let Some(id) = self.ticks.pop_front() {
            self.machine.tick(id).unwrap();
            assert_eq!(self.go(), None);
        }
    }

    pub fn complete(&mut self, completion: Completion) {
        self.machine.complete(completion).unwrap();
        self.turn();
    }

    /// All phases until nothing is owed at this time.
    pub fn phases(&mut self) {
        loop {
            let idle = self.idle.unwrap();
            let due = idle.deadline.is_some_and(|at| at <= self.machine.core().now());
            let phase = match (idle.pending, idle.closing, due) {
                (1.., _, _) => Phase::Pending,
                (0, 1.., _) => Phase::Closing,
                (0, 0, true) => Phase::Timers,
                (0, 0, false) => return,
            };
            self.machine.phase(phase).unwrap();
            self.turn();
        }
    }

    pub fn on(&mut self, target: impl Into<Target>, event: EventKind, listener: u32) {
        let (target, listener) = (target.into(), ListenerId(listener));
        self.command(Command::On { target, event, listener, once: false, prepend: false });
    }

    pub fn socket(&mut self) -> SocketId {
        let Outcome::Socket(id) = self.command(Command::NewSocket(Default::default())) else { panic!() };
        id
    }

    pub fn server(&mut self) -> ServerId {
        let Outcome::Server(id) = self.command(Command::NewServer(Default::default())) else { panic!() };
        id
    }

    pub fn connected(&mut self) -> (SocketId, HandleId) {
        let socket = self.socket();
        let host = HostOptions { host: Some("127.0.0.1".into()), port: Some(80), ..HostOptions::default() };
        self.command(Command::Connect(socket, ConnectTo::Host(host)));
        self.turn();
        let handle = *self.handles.last().expect("connect opens a handle");
        self.complete(Completion::Connected(handle, Ok(())));
        (socket, handle)
    }
}

fn answer(op: &Op<'_>, handles: &mut Vec<HandleId>, slow: bool) -> Reply {
    let addr = |port: u16| Some(([127, 0, 0, 1], port).into());
    match op {
        Op::Open(handle, _) | Op::Adopt(handle, _) => {
            handles.push(*handle);
            Reply::Done
        }
        Op::Connect(..) | Op::ConnectPath(..) | Op::Lookup { .. } => Reply::Pending,
        Op::Write(..) if slow => Reply::Pending,
        Op::SockName(_) => Reply::Addr(addr(1000)),
        Op::PeerName(_) => Reply::Addr(addr(80)),
        Op::ConnNames(_) => Reply::Names(addr(1000), addr(80)),
        Op::QueueSize(_) => Reply::Size(3),
        _ => Reply::Done,
    }
}

pub fn chunk(text: &'static str) -> Chunk {
    Chunk::from(Bytes::from_static(text.as_bytes()))
}

/// Writes back whatever comes in, and asks for nothing else.
pub fn echo(host: &mut Host, emit: &Emit) -> Result<(), ()> {
    if let Emit::Listener { target: Target::Socket(socket), event: Event::Data(bytes), .. } = emit {
        host.command(Command::Write(*socket, bytes.clone().into(), Some(netfold_core::CallbackId(9))));
    }
    if let Emit::Listener { event: Event::Connection(socket), .. } = emit {
        host.on(*socket, EventKind::Data, 2);
        host.on(*socket, EventKind::Close, 3);
    }
    Ok(())
}

/// A little of everything: a client that connects, writes and ends, a server that echoes, timers, an error.
pub fn sample(options: Options) -> Vec<u8> {
    let mut host = Host::new(options);
    host.listener = echo;
    host.machine.advance(1_000).unwrap();
    let server = host.server();
    host.on(server, EventKind::Connection, 1);
    host.command(Command::Listen(server, ListenOn::Port { port: 80, host: None, backlog: 0, ipv6_only: false }));
    host.turn();
    host.phases();
    let listening = *host.handles.last().unwrap();
    host.complete(Completion::Accepted(listening, ConnKey(7)));
    let accepted = *host.handles.last().unwrap();
    host.complete(Completion::Read(accepted, Bytes::from_static(b"hello")));
    host.slow = true;
    host.complete(Completion::Read(accepted, Bytes::from_static(&[b'x'; 2000])));
    host.slow = false;
    host.complete(Completion::Written(accepted, Ok(())));
    host.machine.advance(1_010).unwrap();

    let (client, handle) = host.connected();
    host.on(client, EventKind::Data, 4);
    host.on(client, EventKind::Error, 5);
    host.command(Command::SetTimeout(client, 50.0));
    host.command(Command::Write(client, chunk("ping"), Some(netfold_core::CallbackId(1))));
    host.turn();
    host.complete(Completion::Read(handle, Bytes::from_static(b"pong")));
    host.machine.advance(1_100).unwrap();
    host.phases();
    host.command(Command::End(client, Some(chunk("bye")), None));
    host.turn();
    host.phases();
    host.complete(Completion::Eof(handle));
    host.phases();

    let error = netfold_core::NodeError::user("enough\n");
    let (lost, _) = host.connected();
    host.on(lost, EventKind::Error, 6);
    host.command(Command::Destroy(lost, Some(error.into())));
    host.turn();
    host.phases();
    host.complete(Completion::Eof(accepted));
    host.phases();
    host.command(Command::CloseServer(server, None));
    host.turn();
    host.phases();
    host.finish()
}

pub fn parsed(bytes: Vec<u8>) -> Trace {
    let trace = Trace::parse(bytes).unwrap();
    assert_eq!(trace.torn(), None);
    trace
}
