//! The face: sockets, servers, ticks and timers as node's programs use them, over the default host.

use crate::log::{Log, Segment};
use crate::world::{MemKernel, Stuck, World};
use bytes::Bytes;
use netfold_core::host::{self, App, Around, Lane, Parts};
use netfold_core::{
    BlockList, Chunk, Command, Completion, ConnectTo, Core, Emit, Encoding, Event, EventKind, HandleId, HostOptions,
    Idle, Limits, ListenOn, ListenerId, LookupAnswer, LookupId, Machine, NodeError, Outcome, Phase, ServerId,
    ServerOptions, ServerView, SharedError, Side, SocketId, SocketOptions, SocketView, Step, Target, TimerId,
};
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;
use std::sync::Arc;

/// How many times round the loop a program may go.
const MANY_ROUNDS: u32 = 100_000;

/// What a listener throws.
pub type Thrown = SharedError;

/// What a listener can return: nothing, or what it threw.
pub trait Ran {
    /// As a result.
    fn ran(self) -> Result<(), Thrown>;
}

impl Ran for () {
    fn ran(self) -> Result<(), Thrown> {
        Ok(())
    }
}

impl Ran for Result<(), Thrown> {
    fn ran(self) -> Result<(), Thrown> {
        self
    }
}

/// The argument of a callback.
#[derive(Clone, Debug)]
pub enum Arg<'a> {
    /// No error, for callbacks of `write` and `end`.
    Null,
    /// No error, for callbacks of `close`.
    Undefined,
    /// An error.
    Error(&'a SharedError),
    /// A number of connections.
    Count(u32),
}

/// A question to a program's own `lookup`.
#[derive(Clone, Debug)]
pub struct Query {
    /// To be given to [`answer`].
    pub lookup: LookupId,
    /// The name.
    pub host: String,
    /// The family asked for.
    pub family: u8,
    /// The hints.
    pub hints: u32,
}

type Listener = Rc<dyn Fn(&Event) -> Result<(), Thrown>>;
type Function = Rc<dyn Fn(Arg<'_>) -> Result<(), Thrown>>;
type Task = Box<dyn FnOnce() -> Result<(), Thrown>>;
type Timer = Rc<dyn Fn() -> Result<(), Thrown>>;
type Lookup = Rc<dyn Fn(Query)>;
type Hook = Rc<dyn Fn(&Thrown)>;

struct Node {
    machine: Machine,
    kernel: MemKernel,
    lane: Lane<Task>,
    listeners: HashMap<ListenerId, Listener>,
    timers: HashMap<TimerId, Timer>,
    lookups: HashMap<SocketId, Lookup>,
    handles: HashMap<SocketId, HandleId>,
    uncaught: Option<Hook>,
    retain: bool,
    released: Vec<SocketId>,
}

/// The host's hold on a node: empty while user code runs, which finds the node in the table.
struct Seat {
    at: usize,
    node: Option<Box<Node>>,
}

#[derive(Default)]
struct Table {
    nodes: Vec<Option<Box<Node>>>,
    now: usize,
    world: Rc<RefCell<World>>,
    log: Log,
    functions: Vec<Function>,
    next_listener: u32,
}

thread_local! {
    static TABLE: RefCell<Table> = RefCell::new(Table::default());
}

fn table<R>(f: impl FnOnce(&mut Table) -> R) -> R {
    TABLE.with(|table| f(&mut table.borrow_mut()))
}

fn now() -> usize {
    table(|t| t.now)
}

/// Runs the host on a node.
fn seated<R>(at: usize, f: impl FnOnce(&mut Seat) -> R) -> R {
    let node = table(|t| t.nodes[at].take()).expect("a node is used by one piece of code at a time");
    let mut seat = Seat { at, node: Some(node) };
    let result = f(&mut seat);
    table(|t| t.nodes[at] = seat.node.take());
    result
}

/// Runs user code on a node.
fn as_node<R>(at: usize, f: impl FnOnce() -> R) -> R {
    let before = table(|t| std::mem::replace(&mut t.now, at));
    let result = f();
    table(|t| t.now = before);
    result
}

fn with_node<R>(at: usize, f: impl FnOnce(&mut Node) -> R) -> R {
    table(|t| f(t.nodes[at].as_mut().expect("the node is not inside its host")))
}

impl Seat {
    fn node(&mut self) -> &mut Node {
        self.node.as_mut().expect("the host has the node")
    }

    fn outside<R>(&mut self, f: impl FnOnce() -> R) -> R {
        let at = self.at;
        table(|t| t.nodes[at] = self.node.take());
        let result = as_node(at, f);
        self.node = table(|t| t.nodes[at].take());
        result
    }

    fn command(&mut self, command: Command) -> Result<Outcome, Thrown> {
        match host::command(self, command).unwrap_or_else(|misuse| panic!("misuse: {misuse}"))? {
            Outcome::Threw(error) => Err(error),
            outcome => Ok(outcome),
        }
    }
}

impl App for Seat {
    type Kernel = MemKernel;
    type Task = Task;
    type Thrown = Thrown;

    fn parts(&mut self) -> Parts<'_, MemKernel, Task> {
        let Node { machine, kernel, lane, .. } = self.node();
        Parts { machine, kernel, lane }
    }

    fn emit(&mut self, emit: Emit) -> Result<(), Thrown> {
        match emit {
            Emit::Listener { listener, last, event, .. } => {
                if let Event::Connection(socket) = event {
                    let node = self.node();
                    if let Some(handle) = node.kernel.newest {
                        node.handles.insert(socket, handle);
                    }
                    if node.retain {
                        self.command(Command::Retain(socket))?;
                    }
                }
                let listeners = &mut self.node().listeners;
                let found = if last { listeners.remove(&listener) } else { listeners.get(&listener).cloned() };
                let found = found.expect("the core emits to listeners that were registered");
                self.outside(|| found(&event))
            }
            Emit::Callback { callback, error, .. } => {
                let function = table(|t| t.functions[callback.0 as usize].clone());
                self.outside(|| function(error.as_ref().map_or(Arg::Null, Arg::Error)))
            }
            Emit::Connections { callback, count, .. } => {
                let function = table(|t| t.functions[callback.0 as usize].clone());
                self.outside(|| function(Arg::Count(count)))
            }
            Emit::Timer { timer, last } => {
                let timers = &mut self.node().timers;
                let found = if last { timers.remove(&timer) } else { timers.get(&timer).cloned() };
                let found = found.expect("the timer was started here");
                self.outside(|| found())
            }
            Emit::Read { .. } => unreachable!("no program here has onread"),
            Emit::Resolve { socket, lookup, host, family, hints, .. } => {
                let found = self.node().lookups.get(&socket).cloned().expect("the socket has a lookup of its own");
                self.outside(|| found(Query { lookup, host, family, hints }));
                Ok(())
            }
            Emit::Unhandled { error, .. } => Err(error),
        }
    }

    fn task(&mut self, task: Task) -> Result<(), Thrown> {
        self.outside(task)
    }

    fn posted(&mut self) -> Option<Task> {
        None
    }

    fn released(&mut self, socket: SocketId) {
        self.node().released.push(socket);
    }

    fn broken(&mut self, Stuck: Stuck) -> Thrown {
        panic!("nothing can happen any more, and the program is still alive")
    }
}

fn call(at: usize, command: Command) -> Result<Outcome, Thrown> {
    seated(at, |seat| seat.command(command))
}

fn done(at: usize, command: Command) {
    let result = call(at, command);
    assert!(result.is_ok(), "a call threw: {result:?}");
}

pub(crate) fn with_log<R>(f: impl FnOnce(&mut Log) -> R) -> R {
    table(|t| f(&mut t.log))
}

pub(crate) fn paths() -> Vec<String> {
    table(|t| t.log.paths.clone())
}

pub(crate) fn segment() -> Segment {
    let node = now();
    let place = with_node(node, |n| n.lane.place());
    Segment { node, turn: place.turn, tick: place.in_tick.then_some(place.tick) }
}

/// The in-memory kernel of the running test.
pub fn with_world<R>(f: impl FnOnce(&mut World) -> R) -> R {
    let world = table(|t| t.world.clone());
    f(&mut world.borrow_mut())
}

/// What a listener throws: `new Error("boom")`.
pub fn boom() -> Thrown {
    Arc::new(NodeError::user("boom"))
}

/// Throws an error with this message.
pub fn throw(message: &str) -> Result<(), Thrown> {
    Err(Arc::new(NodeError::user(message)))
}

/// A variable that closures share, as JavaScript's `let`.
pub fn cell<T>(value: T) -> &'static Cell<T> {
    Box::leak(Box::new(Cell::new(value)))
}

/// `process.nextTick(f)`
pub fn next_tick<R: Ran>(f: impl FnOnce() -> R + 'static) {
    with_node(now(), |n| n.lane.next_tick(Box::new(move || f().ran())));
}

/// `setImmediate(f)`
pub fn set_immediate<R: Ran>(f: impl FnOnce() -> R + 'static) {
    with_node(now(), |n| n.lane.set_immediate(Box::new(move || f().ran())));
}

fn start_timer<R: Ran>(ms: u32, repeat: bool, f: impl Fn() -> R + 'static) -> TimerId {
    let at = now();
    let Ok(Outcome::Timer(timer)) = call(at, Command::StartTimer { ms: f64::from(ms), repeat }) else {
        panic!("a timer is started")
    };
    with_node(at, |n| n.timers.insert(timer, Rc::new(move || f().ran())));
    timer
}

/// `setTimeout(f, ms)`, with the time first.
pub fn set_timeout<R: Ran>(ms: u32, f: impl Fn() -> R + 'static) -> TimerId {
    start_timer(ms, false, f)
}

/// `setInterval(f, ms)`, with the time first.
pub fn set_interval<R: Ran>(ms: u32, f: impl Fn() -> R + 'static) -> TimerId {
    start_timer(ms, true, f)
}

/// `clearTimeout(timer)`
pub fn clear_timeout(timer: TimerId) {
    done(now(), Command::CancelTimer(timer));
}

/// Calls `f` in the first immediate in which `condition` holds.
pub fn when(condition: impl Fn() -> bool + 'static, f: impl FnOnce() + 'static) {
    set_immediate(move || if condition() { f() } else { when(condition, f) });
}

/// `process.on('uncaughtException', f)`
pub fn on_uncaught(f: impl Fn(&Thrown) + 'static) {
    with_node(now(), |n| n.uncaught = Some(Rc::new(f)));
}

/// `process.exit()`: the loop ends after this turn.
pub fn exit() {
    with_node(now(), |n| n.lane.stop());
}

/// A path for a unix server; masked in every log.
pub fn temp_path() -> String {
    with_log(|log| {
        let path = format!("/tmp/nf-1-{}", log.paths.len());
        log.paths.push(path.clone());
        path
    })
}

/// `fs.existsSync(path)`
pub fn exists(path: &str) -> bool {
    with_world(|w| w.exists(path))
}

/// `fs.unlinkSync(path)`
pub fn unlink(path: &str) {
    with_world(|w| w.unlink(path));
}

/// Calls `f`, in a tick, with a port that nobody listens on.
pub fn refused_port(f: impl Fn(u16) + 'static) {
    let server = new_server();
    let f = Rc::new(f);
    server.listen(move || {
        let (f, port) = (f.clone(), server.port());
        server.close_cb(callback(move |_| f(port)));
    });
}

/// A callback for `write`, `end`, `close` and `getConnections`. Copies of it are one function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cb(u32);

/// Makes a callback.
pub fn callback<R: Ran>(f: impl Fn(Arg<'_>) -> R + 'static) -> Cb {
    table(|t| {
        t.functions.push(Rc::new(move |arg| f(arg).ran()));
        Cb(t.functions.len() as u32 - 1)
    })
}

impl Cb {
    fn id(self) -> netfold_core::CallbackId {
        netfold_core::CallbackId(self.0)
    }
}

/// Something to write.
pub trait IntoChunk {
    /// As the core takes it.
    fn into_chunk(self) -> Chunk;
}

/// A `Buffer`.
#[derive(Clone, Debug)]
pub struct Buf(pub Bytes);

/// `Buffer.alloc(n)`
pub fn alloc(n: usize) -> Buf {
    Buf(Bytes::from(vec![0; n]))
}

impl IntoChunk for Buf {
    fn into_chunk(self) -> Chunk {
        self.0.into()
    }
}

impl IntoChunk for &str {
    fn into_chunk(self) -> Chunk {
        Chunk::text(self, Encoding::Utf8)
    }
}

impl IntoChunk for Chunk {
    fn into_chunk(self) -> Chunk {
        self
    }
}

fn add_listener<R: Ran>(
    node: usize,
    target: Target,
    event: EventKind,
    once: bool,
    prepend: bool,
    f: impl Fn(&Event) -> R + 'static,
) -> ListenerId {
    let listener = keep_listener(node, f);
    done(node, Command::On { target, event, listener, once, prepend });
    listener
}

fn keep_listener<R: Ran>(node: usize, f: impl Fn(&Event) -> R + 'static) -> ListenerId {
    let listener = table(|t| {
        t.next_listener += 1;
        ListenerId(t.next_listener)
    });
    with_node(node, |n| n.listeners.insert(listener, Rc::new(move |event| f(event).ran())));
    listener
}

/// A socket: a value, to be copied into closures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Socket {
    node: usize,
    /// Its name in its core.
    pub id: SocketId,
}

/// Where to connect, and how.
#[derive(Clone, Default)]
pub struct Options {
    /// The socket's own options.
    pub socket: SocketOptions,
    /// The host and port.
    pub host: HostOptions,
    lookup: Option<Lookup>,
}

impl Options {
    /// To a port of 127.0.0.1.
    pub fn port(port: u16) -> Self {
        Self::host("127.0.0.1", port)
    }

    /// To a port of a host.
    pub fn host(host: &str, port: u16) -> Self {
        let host = HostOptions { host: Some(host.into()), port: Some(i64::from(port)), ..HostOptions::default() };
        Self { host, ..Self::default() }
    }

    /// Without autoSelectFamily.
    pub fn one_address(mut self) -> Self {
        self.host.auto_select_family = Some(false);
        self
    }

    /// With a lookup of the program's own.
    pub fn lookup(mut self, f: impl Fn(Query) + 'static) -> Self {
        self.host.custom_lookup = true;
        self.lookup = Some(Rc::new(f));
        self
    }

    /// With both high water marks.
    pub fn marks(mut self, n: u32) -> Self {
        self.socket.high_water_mark = Some(n);
        self
    }

    /// With `allowHalfOpen`.
    pub fn half_open(mut self) -> Self {
        self.socket.allow_half_open = true;
        self
    }
}

/// `new net.Socket()`
pub fn new_socket() -> Socket {
    new_socket_with(SocketOptions::default())
}

/// `new net.Socket(options)`
pub fn new_socket_with(options: SocketOptions) -> Socket {
    let node = now();
    match call(node, Command::NewSocket(options)) {
        Ok(Outcome::Socket(id)) => {
            if with_node(node, |n| n.retain) {
                done(node, Command::Retain(id));
            }
            Socket { node, id }
        }
        other => panic!("a socket is made, not {other:?}"),
    }
}

/// `net.connect({ port, host: '127.0.0.1' })`
pub fn connect(port: u16) -> Socket {
    connect_with(Options::port(port))
}

/// `net.connect(options)`
pub fn connect_with(options: Options) -> Socket {
    let socket = new_socket_with(options.socket);
    socket.connect(options);
    socket
}

/// `net.connect(path)`
pub fn connect_path(path: &str) -> Socket {
    let socket = new_socket();
    socket.connect_path(path);
    socket
}

/// What a program's own lookup answers.
pub fn answer(lookup: LookupId, answer: LookupAnswer) {
    done(now(), Command::Answer(lookup, answer));
}

impl Socket {
    fn target(self) -> Target {
        Target::Socket(self.id)
    }

    fn call(self, command: Command) -> Result<Outcome, Thrown> {
        call(self.node, command)
    }

    fn done(self, command: Command) {
        done(self.node, command);
    }

    fn view<R>(self, f: impl FnOnce(SocketView<'_>) -> R) -> R {
        with_node(self.node, |n| f(n.machine.core().socket(self.id).expect("the socket is known")))
    }

    /// Whether the core has forgotten it.
    pub fn released(self) -> bool {
        with_node(self.node, |n| n.machine.core().socket(self.id).is_none())
    }

    /// Undoes the hold that the face keeps on each socket.
    pub fn let_go(self) {
        self.done(Command::Release(self.id));
    }

    /// `socket.on(event, f)`, without the arguments.
    pub fn on<R: Ran>(self, event: EventKind, f: impl Fn() -> R + 'static) -> ListenerId {
        self.on_event(event, move |_| f())
    }

    /// `socket.on(event, f)`
    pub fn on_event<R: Ran>(self, event: EventKind, f: impl Fn(&Event) -> R + 'static) -> ListenerId {
        add_listener(self.node, self.target(), event, false, false, f)
    }

    /// `socket.once(event, f)`
    pub fn once<R: Ran>(self, event: EventKind, f: impl Fn() -> R + 'static) -> ListenerId {
        add_listener(self.node, self.target(), event, true, false, move |_| f())
    }

    /// `socket.prependListener(event, f)`
    pub fn prepend<R: Ran>(self, event: EventKind, f: impl Fn() -> R + 'static) -> ListenerId {
        add_listener(self.node, self.target(), event, false, true, move |_| f())
    }

    /// `socket.removeListener(event, f)`
    pub fn off(self, event: EventKind, listener: ListenerId) {
        self.done(Command::Off { target: self.target(), event, listener });
    }

    /// `socket.removeAllListeners(event)`
    pub fn off_all(self, event: EventKind) {
        self.done(Command::RemoveAll(self.target(), Some(event)));
    }

    /// `socket.on('data', f)`
    pub fn on_data<R: Ran>(self, f: impl Fn(&Bytes) -> R + 'static) -> ListenerId {
        self.on_event(EventKind::Data, move |event| match event {
            Event::Data(bytes) => f(bytes).ran(),
            _ => Ok(()),
        })
    }

    /// `socket.on('error', f)`
    pub fn on_error<R: Ran>(self, f: impl Fn(&SharedError) -> R + 'static) -> ListenerId {
        self.on_event(EventKind::Error, move |event| match event {
            Event::Error(error) => f(error).ran(),
            _ => Ok(()),
        })
    }

    /// `socket.on('close', f)`; `undefined` is given as `None`.
    pub fn on_close<R: Ran>(self, f: impl Fn(Option<bool>) -> R + 'static) -> ListenerId {
        self.on_event(EventKind::Close, move |event| match event {
            Event::Close(had_error) => f(*had_error).ran(),
            _ => Ok(()),
        })
    }

    /// `socket.on('error', () => {})`
    pub fn ignore_errors(self) {
        self.on(EventKind::Error, || {});
    }

    /// `socket.connect(options)`, and what it threw.
    pub fn try_connect(self, options: Options) -> Result<(), Thrown> {
        if let Some(lookup) = options.lookup {
            with_node(self.node, |n| n.lookups.insert(self.id, lookup));
        }
        let result = self.call(Command::Connect(self.id, ConnectTo::Host(options.host)));
        self.note_handle();
        result.map(|_| ())
    }

    /// `socket.connect(options)`
    pub fn connect(self, options: Options) {
        let result = self.try_connect(options);
        assert!(result.is_ok(), "connect threw: {result:?}");
    }

    /// `socket.connect(path)`
    pub fn connect_path(self, path: &str) {
        self.done(Command::Connect(self.id, ConnectTo::Path(path.into())));
        self.note_handle();
    }

    fn note_handle(self) {
        with_node(self.node, |n| {
            if let Some(handle) = n.kernel.newest {
                n.handles.insert(self.id, handle);
            }
        });
    }

    /// The handle that it got last.
    pub fn handle(self) -> HandleId {
        with_node(self.node, |n| n.handles[&self.id])
    }

    /// `socket._readableState.ended`: the peer's FIN was received.
    pub fn eof_received(self) -> bool {
        let handle = self.handle();
        with_world(|w| w.eof_told(self.node, handle))
    }

    /// `socket.write(chunk)`, and what it threw.
    pub fn try_write(self, chunk: impl IntoChunk, cb: Option<Cb>) -> Result<bool, Thrown> {
        match self.call(Command::Write(self.id, chunk.into_chunk(), cb.map(Cb::id)))? {
            Outcome::Bool(more) => Ok(more),
            other => panic!("write returns a bool, not {other:?}"),
        }
    }

    /// `socket.write(chunk)`
    pub fn write(self, chunk: impl IntoChunk) -> bool {
        self.try_write(chunk, None).expect("write does not throw")
    }

    /// `socket.write(chunk, cb)`
    pub fn write_cb(self, chunk: impl IntoChunk, cb: Cb) -> bool {
        self.try_write(chunk, Some(cb)).expect("write does not throw")
    }

    /// `socket.end()`
    pub fn end(self) {
        self.done(Command::End(self.id, None, None));
    }

    /// `socket.end(cb)`
    pub fn end_cb(self, cb: Cb) {
        self.done(Command::End(self.id, None, Some(cb.id())));
    }

    /// `socket.end(chunk)`
    pub fn end_with(self, chunk: impl IntoChunk) {
        self.done(Command::End(self.id, Some(chunk.into_chunk()), None));
    }

    /// `socket.end(chunk, cb)`
    pub fn end_with_cb(self, chunk: impl IntoChunk, cb: Cb) {
        self.done(Command::End(self.id, Some(chunk.into_chunk()), Some(cb.id())));
    }

    /// `socket.end(chunk)`, and what it threw.
    pub fn try_end(self, chunk: impl IntoChunk) -> Result<(), Thrown> {
        self.call(Command::End(self.id, Some(chunk.into_chunk()), None)).map(|_| ())
    }

    /// Takes the descriptor out.
    pub fn detach(self) -> Result<(), Thrown> {
        self.call(Command::Detach(self.id)).map(|_| ())
    }

    /// `socket.destroy()`
    pub fn destroy(self) {
        self.done(Command::Destroy(self.id, None));
    }

    /// `socket.destroy(error)`
    pub fn destroy_with(self, error: SharedError) {
        self.done(Command::Destroy(self.id, Some(error)));
    }

    /// `socket.destroySoon()`
    pub fn destroy_soon(self) {
        self.done(Command::DestroySoon(self.id));
    }

    /// `socket.resetAndDestroy()`
    pub fn reset_and_destroy(self) -> Result<(), Thrown> {
        self.call(Command::ResetAndDestroy(self.id)).map(|_| ())
    }

    /// `socket.pause()`
    pub fn pause(self) {
        self.done(Command::Pause(self.id));
    }

    /// `socket.pause()`, and what a listener threw.
    pub fn try_pause(self) -> Result<(), Thrown> {
        self.call(Command::Pause(self.id)).map(|_| ())
    }

    /// `socket.resume()`
    pub fn resume(self) {
        self.done(Command::Resume(self.id));
    }

    /// `socket.read()` and `socket.read(n)`
    pub fn read(self, n: Option<u32>) -> Option<Bytes> {
        match self.call(Command::Read(self.id, n)) {
            Ok(Outcome::Chunk(chunk)) => chunk,
            Ok(Outcome::Unit) => None,
            other => panic!("read returns a chunk, not {other:?}"),
        }
    }

    /// `socket.cork()`
    pub fn cork(self) {
        self.done(Command::Cork(self.id));
    }

    /// `socket.uncork()`
    pub fn uncork(self) {
        self.done(Command::Uncork(self.id));
    }

    /// `socket.setTimeout(ms)`, and what it threw.
    pub fn try_set_timeout(self, ms: f64) -> Result<(), Thrown> {
        self.call(Command::SetTimeout(self.id, ms)).map(|_| ())
    }

    /// `socket.setTimeout(ms)`
    pub fn set_timeout(self, ms: u32) {
        self.done(Command::SetTimeout(self.id, f64::from(ms)));
    }

    /// `socket.setTimeout(ms, f)`
    pub fn set_timeout_cb<R: Ran>(self, ms: u32, f: impl Fn() -> R + 'static) -> ListenerId {
        self.set_timeout(ms);
        self.once(EventKind::Timeout, f)
    }

    /// `socket.setNoDelay(enable)`
    pub fn set_no_delay(self, enable: bool) {
        self.done(Command::SetNoDelay(self.id, enable));
    }

    /// `socket.setKeepAlive(enable, delay)`
    pub fn set_keep_alive(self, enable: bool, delay: u32) {
        self.done(Command::SetKeepAlive(self.id, enable, delay));
    }

    /// `socket.ref()`
    pub fn set_ref(self) {
        self.done(Command::Ref(self.id, true));
    }

    /// `socket.unref()`
    pub fn unref(self) {
        self.done(Command::Ref(self.id, false));
    }

    fn address(self, side: Side) -> Option<SocketAddr> {
        match self.call(Command::Address(self.id, side)) {
            Ok(Outcome::Address(addr)) => addr,
            other => panic!("an address, not {other:?}"),
        }
    }

    /// `socket.address()` and the `local` getters.
    pub fn local(self) -> Option<SocketAddr> {
        self.address(Side::Local)
    }

    /// The `remote` getters.
    pub fn remote(self) -> Option<SocketAddr> {
        self.address(Side::Remote)
    }

    /// `socket.listenerCount(event)`
    pub fn listener_count(self, event: EventKind) -> usize {
        with_node(self.node, |n| n.machine.core().listener_count(self.target(), event))
    }
}

macro_rules! getters {
    ($($(#[$doc:meta])* $name:ident -> $type:ty = |$v:ident| $get:expr;)*) => {
        impl Socket {
            $($(#[$doc])* pub fn $name(self) -> $type { self.view(|$v| $get) })*
        }
    };
}

getters! {
    /// `connecting`
    connecting -> bool = |v| v.connecting();
    /// `pending`
    pending -> bool = |v| v.pending();
    /// `destroyed`
    destroyed -> bool = |v| v.destroyed();
    /// `closed`
    closed -> bool = |v| v.closed();
    /// `readyState`
    ready_state -> &'static str = |v| v.ready_state().as_str();
    /// `bytesWritten`
    bytes_written -> u64 = |v| v.bytes_written();
    /// `bytesRead`
    bytes_read -> u64 = |v| v.bytes_read();
    /// `bufferSize`, printed.
    buffer_size -> String = |v| v.buffer_size().map_or("undefined".into(), |n| n.to_string());
    /// `writableLength`
    writable_length -> u64 = |v| v.writable_length();
    /// `writableNeedDrain`
    need_drain -> bool = |v| v.writable_need_drain();
    /// `writableEnded`
    writable_ended -> bool = |v| v.writable_ended();
    /// `writableFinished`
    writable_finished -> bool = |v| v.writable_finished();
    /// `writableCorked`
    corked -> u32 = |v| v.writable_corked();
    /// `readableLength`
    readable_length -> u64 = |v| v.readable_length();
    /// `readableFlowing`, printed.
    flowing -> String = |v| v.readable_flowing().map_or("null".into(), |f| f.to_string());
    /// `isPaused()`
    is_paused -> bool = |v| v.is_paused();
    /// `timeout`, printed.
    timeout -> String = |v| v.timeout().map_or("undefined".into(), |ms| ms.to_string());
    /// `readableHighWaterMark` and `writableHighWaterMark`
    marks -> (u32, u32) = |v| (v.readable_high_water_mark(), v.writable_high_water_mark());
    /// `errored`
    errored -> Option<NodeError> = |v| v.errored().cloned();
}

/// A server: a value, to be copied into closures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Server {
    node: usize,
    /// Its name in its core.
    pub id: ServerId,
}

/// `net.createServer()`
pub fn new_server() -> Server {
    let node = now();
    match call(node, Command::NewServer(ServerOptions::default())) {
        Ok(Outcome::Server(id)) => Server { node, id },
        other => panic!("a server is made, not {other:?}"),
    }
}

/// `net.createServer((peer) => ..)`; the server is given too.
pub fn create_server<R: Ran>(f: impl Fn(Server, Socket) -> R + 'static) -> Server {
    create_server_with(ServerOptions::default(), f)
}

/// `net.createServer(options, (peer) => ..)`
pub fn create_server_with<R: Ran>(options: ServerOptions, f: impl Fn(Server, Socket) -> R + 'static) -> Server {
    let node = now();
    let Ok(Outcome::Server(id)) = call(node, Command::NewServer(options)) else { panic!("a server is made") };
    let server = Server { node, id };
    server.on_connection(move |peer| f(server, peer));
    server
}

impl Server {
    fn target(self) -> Target {
        Target::Server(self.id)
    }

    /// `server.on('connection', f)`
    pub fn on_connection<R: Ran>(self, f: impl Fn(Socket) -> R + 'static) -> ListenerId {
        let node = self.node;
        self.on_event(EventKind::Connection, move |event| match event {
            Event::Connection(id) => f(Socket { node, id: *id }).ran(),
            _ => Ok(()),
        })
    }

    /// `server.on(event, f)`
    pub fn on_event<R: Ran>(self, event: EventKind, f: impl Fn(&Event) -> R + 'static) -> ListenerId {
        add_listener(self.node, self.target(), event, false, false, f)
    }

    /// `server.on(event, f)`, without the arguments.
    pub fn on<R: Ran>(self, event: EventKind, f: impl Fn() -> R + 'static) -> ListenerId {
        self.on_event(event, move |_| f())
    }

    /// `server.once(event, f)`, without the arguments.
    pub fn once<R: Ran>(self, event: EventKind, f: impl Fn() -> R + 'static) -> ListenerId {
        add_listener(self.node, self.target(), event, true, false, move |_| f())
    }

    /// `server.on('error', f)`
    pub fn on_error<R: Ran>(self, f: impl Fn(&SharedError) -> R + 'static) -> ListenerId {
        self.on_event(EventKind::Error, move |event| match event {
            Event::Error(error) => f(error).ran(),
            _ => Ok(()),
        })
    }

    /// `server.listen(0, '127.0.0.1', f)`
    pub fn listen<R: Ran>(self, f: impl Fn() -> R + 'static) {
        self.listen_cb(Server::local(0), f);
    }

    /// A port of 127.0.0.1.
    pub fn local(port: u16) -> ListenOn {
        Server::host("127.0.0.1", port)
    }

    /// A port of a host.
    pub fn host(host: &str, port: u16) -> ListenOn {
        ListenOn::Port { port: i64::from(port), host: Some(host.into()), backlog: 0, ipv6_only: false }
    }

    /// A port of all addresses.
    pub fn any(port: i64) -> ListenOn {
        ListenOn::Port { port, host: None, backlog: 0, ipv6_only: false }
    }

    /// A path.
    pub fn path(path: &str) -> ListenOn {
        ListenOn::Path { path: path.into(), backlog: 0 }
    }

    /// `server.listen(on, f)`
    pub fn listen_cb<R: Ran>(self, on: ListenOn, f: impl Fn() -> R + 'static) {
        if !self.listening() {
            self.once(EventKind::Listening, f);
        }
        self.listen_on(on).expect("listen does not throw");
    }

    /// `server.listen(on)`, and what it threw.
    pub fn listen_on(self, on: ListenOn) -> Result<(), Thrown> {
        call(self.node, Command::Listen(self.id, on)).map(|_| ())
    }

    /// `server.close()`
    pub fn close(self) {
        done(self.node, Command::CloseServer(self.id, None));
    }

    /// `server.close(cb)`
    pub fn close_cb(self, cb: Cb) {
        let function = table(|t| t.functions[cb.0 as usize].clone());
        let listener = keep_listener(self.node, move |event| match event {
            Event::ServerClose(Some(error)) => function(Arg::Error(error)),
            _ => function(Arg::Undefined),
        });
        done(self.node, Command::CloseServer(self.id, Some(listener)));
    }

    /// `server.getConnections(cb)`
    pub fn get_connections(self, f: impl Fn(u32) + 'static) {
        let cb = callback(move |arg| match arg {
            Arg::Count(n) => f(n),
            other => panic!("a number of connections, not {other:?}"),
        });
        done(self.node, Command::GetConnections(self.id, cb.id()));
    }

    /// `server.maxConnections = n`
    pub fn set_max_connections(self, n: i64) {
        done(self.node, Command::SetMaxConnections(self.id, n));
    }

    /// The option `blockList`.
    pub fn set_block_list(self, list: BlockList) {
        done(self.node, Command::SetBlockList(self.target(), Some(Arc::new(list))));
    }

    /// `server.unref()`
    pub fn unref(self) {
        done(self.node, Command::RefServer(self.id, false));
    }

    /// `server.address()`
    pub fn address(self) -> Option<SocketAddr> {
        match call(self.node, Command::ServerAddress(self.id)) {
            Ok(Outcome::Address(addr)) => addr,
            other => panic!("an address, not {other:?}"),
        }
    }

    /// `server.address()` of a server on a path.
    pub fn address_path(self) -> Option<String> {
        match call(self.node, Command::ServerAddress(self.id)) {
            Ok(Outcome::Path(path)) => Some(path),
            _ => None,
        }
    }

    /// `server.address().port`
    pub fn port(self) -> u16 {
        self.address().expect("the server listens on a port").port()
    }

    fn view(self) -> ServerView {
        with_node(self.node, |n| n.machine.core().server(self.id).expect("the server is known"))
    }

    /// `server.listening`
    pub fn listening(self) -> bool {
        self.view().listening
    }
}

/// Several machines in one world. They move only when told to.
#[derive(Debug)]
pub struct Pair {
    nodes: usize,
}

impl Pair {
    /// `n` machines, whose sockets are forgotten by the core as soon as they are closed.
    pub fn new(n: usize) -> Self {
        Self::with(n, Limits::DEFAULT, false)
    }

    fn with(n: usize, limits: Limits, retain: bool) -> Self {
        let world: Rc<RefCell<World>> = Rc::default();
        table(|t| *t = Table { world: world.clone(), ..Table::default() });
        for _ in 0..n {
            let node = Node {
                machine: Machine::new(Core::new(limits)),
                kernel: MemKernel::new(&world),
                lane: Lane::default(),
                listeners: HashMap::new(),
                timers: HashMap::new(),
                lookups: HashMap::new(),
                handles: HashMap::new(),
                uncaught: None,
                retain,
                released: Vec::new(),
            };
            table(|t| t.nodes.push(Some(Box::new(node))));
        }
        Self { nodes: n }
    }

    /// With these bounds.
    pub fn limited(n: usize, limits: Limits) -> Self {
        Self::with(n, limits, false)
    }

    /// Runs code of a machine's main program, and its ticks.
    pub fn run_as<R>(&self, node: usize, f: impl FnOnce() -> R) -> R {
        let result = as_node(node, f);
        if let Err(thrown) = seated(node, host::end_turn) {
            uncaught(node, &thrown);
        }
        result
    }

    /// One round of a machine's loop over what is ready, without waiting. Whether it is still alive.
    pub fn turn_round(&self, node: usize) -> bool {
        match seated(node, |seat| host::dispatch(seat, Some(0))) {
            Ok(around) => around == Around::Alive,
            Err(thrown) => {
                uncaught(node, &thrown);
                true
            }
        }
    }

    /// Hands one completion that is ready to a machine, and goes once round.
    pub fn deliver_one(&self, node: usize) {
        with_world(|w| w.allow(Some(1)));
        self.turn_round(node);
        with_world(|w| w.allow(None));
    }

    /// Hands a completion of the test's own to a machine, and goes once round.
    pub fn deliver(&self, node: usize, completion: Completion) {
        with_world(|w| w.queue(node, completion));
        self.deliver_one(node);
    }

    /// Whether something is ready for a machine.
    pub fn owes(&self, node: usize) -> bool {
        with_world(|w| w.owes(node))
    }

    /// Rounds of all machines until none has anything to do now.
    pub fn run(&self) {
        for _ in 0..MANY_ROUNDS {
            for node in 0..self.nodes {
                self.turn_round(node);
            }
            let now = with_world(|w| w.now());
            let busy = (0..self.nodes).any(|node| {
                let due = with_node(node, |n| n.lane.deadline(n.machine.core().idle()));
                self.owes(node) || due.is_some_and(|at| at <= now)
            });
            if !busy {
                return;
            }
        }
        panic!("the machines do not come to rest");
    }

    /// Moves the clock, then runs.
    pub fn pass(&self, ms: u64) {
        with_world(|w| w.pass(ms));
        self.run();
    }

    /// How many things a core holds.
    pub fn census(&self, node: usize) -> netfold_core::Census {
        with_node(node, |n| n.machine.core().census())
    }

    /// The sockets that a core has forgotten since the last time.
    pub fn released(&self, node: usize) -> Vec<SocketId> {
        with_node(node, |n| std::mem::take(&mut n.released))
    }

    /// The log so far.
    pub fn log(&self) -> String {
        with_log(|log| log.print())
    }

    /// Asserts that a machine has nothing more to do: idle, and every phase comes to nothing.
    pub fn assert_silent(&self, node: usize) {
        seated(node, |seat| {
            let Node { machine, released, .. } = seat.node();
            let mut idle = |machine: &mut Machine| loop {
                match machine.step() {
                    Step::Released(id) => released.push(id),
                    Step::Idle(Idle { pending: 0, closing: 0, .. }) => break,
                    other => panic!("the program is over, and the machine wants {other:?}"),
                }
            };
            idle(machine);
            for phase in [Phase::Pending, Phase::Closing, Phase::Timers] {
                machine.phase(phase).expect("nothing is owed");
                idle(machine);
            }
            assert_eq!(machine.core().census().ticks, 0, "no tick is left");
        });
    }
}

fn uncaught(node: usize, thrown: &Thrown) {
    match with_node(node, |n| n.uncaught.clone()) {
        Some(hook) => as_node(node, || hook(thrown)),
        None => panic!("uncaught: {thrown}"),
    }
}

/// Runs a program of `spec/node` on one machine until nothing keeps it alive, compares its log with node's, and asserts
/// that nothing more comes.
pub fn program(expected: &str, main: impl FnOnce()) {
    let pair = Pair::with(1, Limits::DEFAULT, true);
    pair.run_as(0, main);
    for round in 0.. {
        assert!(round < MANY_ROUNDS, "the program does not end; so far:\n{}", pair.log());
        if !with_node(0, |n| n.machine.core().alive() || n.lane.deadline(n.machine.core().idle()) == Some(0)) {
            break;
        }
        match seated(0, |seat| host::dispatch(seat, None)) {
            Ok(Around::Alive) => {}
            Ok(_) => break,
            Err(thrown) => uncaught(0, &thrown),
        }
    }
    let log = pair.log();
    assert!(log == expected, "the log differs from node's\n--- node\n{expected}--- here\n{log}");
    if !with_node(0, |n| n.machine.core().alive()) {
        pair.assert_silent(0);
    }
}

impl Query {
    /// Answers with one address, in this very call.
    pub fn found(&self, ip: &str) {
        let ip: IpAddr = ip.parse().expect("an address");
        answer(self.lookup, Ok(vec![ip]));
    }
}
