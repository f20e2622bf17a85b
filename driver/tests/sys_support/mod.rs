//! A small program on the machine over a [`System`]: what happened is written down, and a test says what to do next.
#![allow(dead_code, reason = "no test binary uses all of it")]

use netfold::sys::{Resolve, System, SystemOptions, Waiting};
use netfold_core::host::{self, App, Kernel, Lane, Parts};
use netfold_core::*;
use std::collections::VecDeque;
use std::io::{self, Write};
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Each test runs in each way of waiting: what other systems do is so tried here as well.
pub const WAYS: [Waiting; 4] = [Waiting::Direct, Waiting::Once, Waiting::Level, Waiting::Oneshot];

/// Nothing here takes as long as this; a test that would hang fails instead.
const TOO_LONG: Duration = Duration::from_secs(20);

/// Says that a test looks at nothing, and why. The test runner keeps what tests print to itself: this goes past it.
pub fn skipped(why: &str) {
    let _ = writeln!(io::stderr(), "skipped: {why}");
}

/// A system whose calls and completions are written down.
pub struct Spy {
    pub system: System,
    pub calls: Vec<(String, Reply)>,
    pub completions: Vec<Completion>,
    pub keep: bool,
}

impl Kernel for Spy {
    type Error = io::Error;

    fn call(&mut self, call: &mut Call<'_>) -> Reply {
        let op = if self.keep { shown(&call.op()) } else { String::new() };
        let reply = self.system.call(call);
        if self.keep {
            self.calls.push((op, reply));
        }
        reply
    }
    fn now(&mut self) -> u64 {
        self.system.now()
    }
    fn wait(&mut self, timeout: Option<u64>) -> io::Result<()> {
        self.system.wait(timeout)
    }
    fn next(&mut self) -> Option<Completion> {
        let completion = self.system.next();
        if self.keep {
            self.completions.extend(completion.clone());
        }
        completion
    }
}

/// An operation without its payload.
fn shown(op: &Op<'_>) -> String {
    match op {
        Op::Write(id, pieces) => format!("Write({id}, {})", pieces.iter().map(|p| p.len()).sum::<usize>()),
        other => format!("{other:?}"),
    }
}

pub type React = Rc<dyn Fn(&mut Rig, Target, &Event)>;

/// The program.
pub struct Rig {
    pub machine: Machine,
    pub kernel: Spy,
    pub lane: Lane<()>,
    pub log: Vec<(Target, Event)>,
    /// The sockets that servers accepted.
    pub accepted: Vec<SocketId>,
    pub callbacks: Vec<(u32, Option<SharedError>)>,
    pub react: React,
    /// After so many bytes a socket with `onread` wants no more.
    pub stop_reading_at: Option<usize>,
    pub posts: Arc<std::sync::Mutex<VecDeque<()>>>,
    pub posted: usize,
}

impl App for Rig {
    type Kernel = Spy;
    type Task = ();
    type Thrown = SharedError;

    fn parts(&mut self) -> Parts<'_, Spy, ()> {
        Parts { machine: &mut self.machine, kernel: &mut self.kernel, lane: &mut self.lane }
    }
    fn emit(&mut self, emit: Emit) -> Result<(), SharedError> {
        match emit {
            Emit::Listener { target, event, .. } => {
                if let Event::Connection(socket) = event {
                    self.accepted.push(socket);
                }
                let react = self.react.clone();
                react(self, target, &event);
                if self.kernel.keep {
                    self.log.push((target, event));
                }
            }
            Emit::Callback { callback, error, .. } => self.callbacks.push((callback.0, error)),
            Emit::Unhandled { error, .. } => return Err(error),
            Emit::Read { socket, bytes } => {
                self.log.push((socket.into(), Event::Data(bytes)));
                if self.stop_reading_at == Some(self.data(socket).len()) {
                    self.command(Command::StopReading(socket));
                }
            }
            other => panic!("not used here: {other:?}"),
        }
        Ok(())
    }
    fn task(&mut self, (): ()) -> Result<(), SharedError> {
        self.posted += 1;
        Ok(())
    }
    fn posted(&mut self) -> Option<()> {
        self.posts.lock().unwrap().pop_front()
    }
    fn released(&mut self, _socket: SocketId) {}
    fn broken(&mut self, error: io::Error) -> SharedError {
        panic!("{error}")
    }
}

const EVENTS: [EventKind; 11] = [
    EventKind::Lookup,
    EventKind::Connect,
    EventKind::Data,
    EventKind::End,
    EventKind::Drain,
    EventKind::Finish,
    EventKind::Error,
    EventKind::Close,
    EventKind::Listening,
    EventKind::Connection,
    EventKind::ServerClose,
];

impl Rig {
    pub fn new(waiting: Waiting) -> Self {
        Self::with(SystemOptions { waiting, ..SystemOptions::default() })
    }

    pub fn resolving(waiting: Waiting, resolver: Arc<dyn Resolve>) -> Self {
        Self::with(SystemOptions { waiting, resolver })
    }

    fn with(options: SystemOptions) -> Self {
        let system = System::with_options(options).unwrap();
        Self {
            machine: Machine::default(),
            kernel: Spy { system, calls: Vec::new(), completions: Vec::new(), keep: true },
            lane: Lane::default(),
            log: Vec::new(),
            accepted: Vec::new(),
            callbacks: Vec::new(),
            react: Rc::new(|_, _, _| {}),
            stop_reading_at: None,
            posts: Arc::default(),
            posted: 0,
        }
    }

    pub fn system(&mut self) -> &mut System {
        &mut self.kernel.system
    }

    pub fn command(&mut self, command: Command) -> Outcome {
        host::command(self, command).unwrap().unwrap()
    }

    /// Listens for the usual events, or for those without 'data'.
    pub fn hear(&mut self, target: impl Into<Target>, data: bool) {
        let target = target.into();
        for (at, event) in EVENTS.into_iter().enumerate().filter(|(_, e)| data || *e != EventKind::Data) {
            let listener = ListenerId(at as u32);
            self.command(Command::On { target, event, listener, once: false, prepend: false });
        }
    }

    pub fn socket(&mut self) -> SocketId {
        let Outcome::Socket(id) = self.command(Command::NewSocket(SocketOptions::default())) else { panic!() };
        self.hear(id, true);
        id
    }

    pub fn server(&mut self) -> ServerId {
        let Outcome::Server(id) = self.command(Command::NewServer(ServerOptions::default())) else { panic!() };
        self.hear(id, false);
        id
    }

    /// A server on a free port of the loopback; its port.
    pub fn listen(&mut self, server: ServerId) -> u16 {
        let host = Some("127.0.0.1".to_owned());
        self.command(Command::Listen(server, ListenOn::Port { port: 0, host, backlog: 0, ipv6_only: false }));
        self.until(|log| log.iter().any(|(t, e)| *t == server.into() && *e == Event::Listening));
        let Outcome::Address(Some(addr)) = self.command(Command::ServerAddress(server)) else { panic!() };
        addr.port()
    }

    pub fn listen_path(&mut self, server: ServerId, path: &str) {
        self.command(Command::Listen(server, ListenOn::Path { path: path.to_owned(), backlog: 0 }));
    }

    pub fn connect(&mut self, socket: SocketId, port: u16) {
        self.connect_host(socket, "127.0.0.1", port);
    }

    pub fn connect_host(&mut self, socket: SocketId, host: &str, port: u16) {
        let options = HostOptions { host: Some(host.to_owned()), port: Some(port.into()), ..HostOptions::default() };
        self.command(Command::Connect(socket, ConnectTo::Host(options)));
    }

    pub fn connect_path(&mut self, socket: SocketId, path: &str) {
        self.command(Command::Connect(socket, ConnectTo::Path(path.to_owned())));
    }

    pub fn write(&mut self, socket: SocketId, bytes: impl Into<bytes::Bytes>) -> bool {
        let chunk = Chunk::from(bytes.into());
        self.command(Command::Write(socket, chunk, None)) == Outcome::Bool(true)
    }

    /// Once around, waiting at most this many milliseconds. Returns what a listener threw.
    pub fn around(&mut self, timeout: Option<u64>) -> Result<host::Around, SharedError> {
        host::end_turn(self)?;
        // Nothing would end the wait of a loop that nothing keeps alive.
        let core = self.machine.core();
        let over = !core.alive() && self.lane.deadline(core.idle()).is_none();
        host::dispatch(self, if over { Some(0) } else { timeout })
    }

    /// Goes around until the log is as wanted.
    pub fn until(&mut self, mut done: impl FnMut(&[(Target, Event)]) -> bool) {
        self.until_rig(|rig| done(&rig.log));
    }

    pub fn until_rig(&mut self, mut done: impl FnMut(&mut Rig) -> bool) {
        let begun = Instant::now();
        while {
            host::end_turn(self).unwrap();
            !done(self)
        } {
            self.around(Some(1000)).unwrap();
            assert!(begun.elapsed() < TOO_LONG, "{}", self.story());
        }
    }

    /// Goes around until nothing keeps it alive.
    pub fn run(&mut self) {
        let begun = Instant::now();
        while self.around(Some(1000)).unwrap() != host::Around::Done {
            assert!(begun.elapsed() < TOO_LONG, "{}", self.story());
        }
    }

    /// The first that happened, for a test that fails.
    pub fn story(&self) -> String {
        let (names, calls) = (self.names(), &self.kernel.calls);
        format!("{:?}\n{:?}", &names[..names.len().min(60)], &calls[..calls.len().min(60)])
    }

    /// The events, by name.
    pub fn names(&self) -> Vec<String> {
        let name = |(target, event): &(Target, Event)| format!("{target} {}", event.kind().name());
        self.log.iter().map(name).collect()
    }

    pub fn heard(&self, target: impl Into<Target>, kind: EventKind) -> usize {
        let target = target.into();
        self.log.iter().filter(|(t, e)| *t == target && e.kind() == kind).count()
    }

    /// What came in at a socket.
    pub fn data(&self, socket: SocketId) -> Vec<u8> {
        let mut all = Vec::new();
        for (target, event) in &self.log {
            if let (true, Event::Data(bytes)) = (*target == socket.into(), event) {
                all.extend_from_slice(bytes);
            }
        }
        all
    }

    pub fn error(&self, target: impl Into<Target>) -> Option<String> {
        let target = target.into();
        self.log.iter().find_map(|(t, e)| match e {
            Event::Error(error) if *t == target => Some(error.code().to_owned()),
            _ => None,
        })
    }

    /// The replies to calls whose text begins so.
    pub fn replies(&self, begin: &str) -> Vec<Reply> {
        self.kernel.calls.iter().filter(|(op, _)| op.starts_with(begin)).map(|(_, reply)| *reply).collect()
    }
}

/// Accepted sockets send back what comes, and end when the other side does.
pub fn echo(rig: &mut Rig, target: Target, event: &Event) {
    match event {
        Event::Connection(socket) => rig.hear(*socket, true),
        Event::Data(bytes) => {
            let Target::Socket(socket) = target else { return };
            if rig.accepted.contains(&socket) {
                rig.write(socket, bytes.clone());
            }
        }
        _ => {}
    }
}

/// The descriptors that this process has open.
pub fn descriptors() -> usize {
    let at = if cfg!(target_os = "linux") { "/proc/self/fd" } else { "/dev/fd" };
    std::fs::read_dir(at).unwrap().count()
}

/// A path of this test's own, in a directory that is there.
pub fn path(name: &str) -> String {
    let path = std::env::temp_dir().join(format!("netfold-{}-{name}", std::process::id()));
    path.into_os_string().into_string().unwrap()
}
