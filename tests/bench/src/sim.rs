//! Programs in the simulated world, to see what it costs: an echo, connections that come and go, many of them, idle ones.

use crate::machine::cpu_time;
use netfold::{Host, Limits, Listen, Net, Recording, Server, Socket};
use netfold_sim::{Chooser, Observer, Programs, Stream, World};
use std::cell::{Cell, RefCell};
use std::io;
use std::rc::Rc;
use std::time::Duration;

/// What a client sends at a time, in bytes.
pub const BYTES: usize = 64;

/// How many connections a server's backlog has room for.
const BACKLOG: u32 = 4_096;

/// When a run must be over, in milliseconds of its world.
const END: u64 = 200_000_000;

/// Of the order of connections that begin together in no order.
const SEED: u64 = 5;

/// How many connections one port of the server is for: there are so many ports on the other side, and a few more, which are
/// bound for a minute after the connection.
const CONNECTIONS_A_PORT: u32 = 25_000;

/// How the programs stand in the world.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hosts {
    /// The server and all clients in one loop.
    One,
    /// The server, and all clients, each a process on a computer of its own.
    Two,
    /// Each client too.
    Each,
}

/// What is looked at, and by whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Looks {
    /// The bytes that come back.
    Bytes,
    /// These, and the invariants of [`Observer`].
    Observed,
    /// These, and the loops are recorded, with a hash of every output; the trace is thrown away.
    Hashed,
}

/// What the clients do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Load {
    /// How many clients there are at a time.
    pub clients: u32,
    /// How often each sends [`BYTES`] and has them back, on each of its connections. At least once.
    pub trips: u32,
    /// How many connections each has, one after the other. At least one.
    pub lives: u32,
    /// All connect before the first sends, if they are to begin together.
    pub together: Option<Order>,
}

/// In which order those that begin together do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// As they connected: what is kept of the next stands behind what is kept of this one.
    Made,
    /// In one that a fixed seed makes: the next is anywhere.
    Mixed,
}

impl Load {
    /// So many clients, each so many trips, on one connection each.
    pub const fn echo(clients: u32, trips: u32) -> Self {
        Self { clients, trips, lives: 1, together: None }
    }
}

/// What a run has done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Done {
    /// Bytes sent and had back, in pieces of [`BYTES`].
    pub trips: u64,
    /// The CPU time of the process while it ran; with [`Load::together`], of the trips alone: from the time when all were
    /// connected until the last had its bytes back.
    pub cpu: Duration,
    /// What did not hold.
    pub problems: Vec<String>,
}

/// What the loops of a run share.
struct Shared {
    observer: Observer,
    load: Load,
    looks: Looks,
    trips: Cell<u64>,
    began: Cell<Duration>,
    ended: Cell<Option<Duration>>,
    /// Those that wait until all are connected, each with what it will send.
    waiting: RefCell<Vec<(Socket, Stream)>>,
    /// Those that are done, and wait for the others.
    done: RefCell<Vec<Socket>>,
}

impl Shared {
    fn new(load: Load, looks: Looks) -> Rc<Self> {
        Rc::new(Self {
            observer: Observer::new(),
            load,
            looks,
            trips: Cell::new(0),
            began: Cell::new(now()),
            ended: Cell::new(None),
            waiting: RefCell::default(),
            done: RefCell::default(),
        })
    }
}

struct State {
    shared: Rc<Shared>,
    /// The connections whose end the server waits for.
    expected: u32,
    servers: Vec<Server>,
}

type Loop<H> = Net<State, H>;

fn now() -> Duration {
    cpu_time(std::process::id()).expect("its own time")
}

fn new<H: Host>(shared: &Rc<Shared>, host: H) -> Loop<H> {
    let expected = shared.load.clients * shared.load.lives;
    let state = State { shared: shared.clone(), expected, servers: Vec::new() };
    match shared.looks {
        Looks::Bytes | Looks::Observed => Net::with_host(state, host, Limits::DEFAULT),
        Looks::Hashed => Net::with_host_recorded(state, host, Limits::DEFAULT, Recording::to(io::sink())),
    }
}

/// Servers that send back what comes, until as many connections as they expect are over.
fn serve<H: Host>(net: &mut Loop<H>, at: &'static str) {
    let Load { clients, lives, .. } = net.state.shared.load;
    for port in 0..=clients * lives / CONNECTIONS_A_PORT {
        let server = net.create_server(accepted);
        server.listen(net, Listen::from((at, 80 + port as u16)).backlog(BACKLOG)).expect("a server");
        net.state.servers.push(server);
    }
}

fn observe<H: Host>(net: &mut Loop<H>, socket: Socket, name: &str) {
    if net.state.shared.looks != Looks::Bytes {
        net.state.shared.observer.clone().socket(net, socket, name);
    }
}

fn accepted<H: Host>(net: &mut Loop<H>, socket: Socket) {
    observe(net, socket, "accepted");
    socket.on_data(net, |net, socket, chunk| {
        socket.write(net, chunk);
    });
    socket.on_close(net, |net, _, _| {
        net.state.expected -= 1;
        if net.state.expected == 0 {
            std::mem::take(&mut net.state.servers).into_iter().for_each(|server| server.close(net));
        }
    });
}

/// A client that checks what comes back, byte by byte, and then connects anew if it has another life.
fn client<H: Host>(net: &mut Loop<H>, at: &'static str, number: u32, lives: u32) {
    let shared = net.state.shared.clone();
    let Load { clients, lives: all, .. } = shared.load;
    let port = 80 + (clients * (all - lives) + number) % (1 + clients * all / CONNECTIONS_A_PORT);
    let socket = net.connect((at, port as u16)).expect("a socket");
    observe(net, socket, "client");
    let stream = shared.observer.stream("echo");
    if shared.load.together.is_some() {
        let stream = stream.clone();
        socket.on_connect(net, move |net, socket| waits(net, socket, stream.clone()));
    } else {
        socket.write(net, stream.chunk(BYTES));
    }
    let (left, got) = (Cell::new(shared.load.trips), Cell::new(0));
    socket.on_data(net, move |net, socket, chunk| {
        stream.received(&chunk);
        got.set(got.get() + chunk.len());
        if got.get() < BYTES {
            return;
        }
        got.set(0);
        shared.trips.set(shared.trips.get() + 1);
        left.set(left.get() - 1);
        match left.get() {
            0 if shared.load.together.is_some() => rests(net, socket),
            0 => socket.end(net),
            _ => drop(socket.write(net, stream.chunk(BYTES))),
        }
    });
    if lives > 1 {
        socket.on_close(net, move |net, _, _| client(net, at, number, lives - 1));
    }
}

/// The last that is connected has all of them begin.
fn waits<H: Host>(net: &mut Loop<H>, socket: Socket, stream: Stream) {
    let shared = net.state.shared.clone();
    shared.waiting.borrow_mut().push((socket, stream));
    if shared.waiting.borrow().len() < shared.load.clients as usize {
        return;
    }
    let mut waiting = shared.waiting.take();
    if shared.load.together == Some(Order::Mixed) {
        let chooser = Chooser::seed(SEED);
        for left in (1..waiting.len()).rev() {
            waiting.swap(left, chooser.choose("order", left as u32 + 1) as usize);
        }
    }
    shared.began.set(now());
    for (socket, stream) in waiting {
        socket.write(net, stream.chunk(BYTES));
    }
}

/// The last that is done has all of them end.
fn rests<H: Host>(net: &mut Loop<H>, socket: Socket) {
    let shared = net.state.shared.clone();
    shared.done.borrow_mut().push(socket);
    if shared.done.borrow().len() < shared.load.clients as usize {
        return;
    }
    shared.ended.set(Some(now()));
    for socket in shared.done.take() {
        socket.end(net);
    }
}

/// Runs it in a world in which nothing is in the way, or in which the seed decides.
///
/// # Panics
/// When it does not come to its end, which would be a bug of the world or of the machine.
pub fn run(hosts: Hosts, looks: Looks, load: Load, chooser: Chooser) -> Done {
    let shared = Shared::new(load, looks);
    let world = World::new(chooser);
    match hosts {
        Hosts::One => {
            let mut net = new(&shared, world.clone());
            serve(&mut net, "127.0.0.1");
            (0..load.clients).for_each(|number| client(&mut net, "127.0.0.1", number, load.lives));
            net.run().expect("it ends");
        }
        Hosts::Two | Hosts::Each => apart(&world, &shared, hosts),
    }
    let cpu = shared.ended.get().unwrap_or_else(now) - shared.began.get();
    Done { trips: shared.trips.get(), cpu, problems: shared.observer.over(&world) }
}

const SERVER: &str = "10.0.0.1";

fn apart(world: &World, shared: &Rc<Shared>, hosts: Hosts) {
    let mut programs = Programs::new(world);
    let server = world.computer("server", &[SERVER]);
    let own = shared.clone();
    programs.add("server", &server, move |process| {
        let mut net = new(&own, process);
        serve(&mut net, SERVER);
        Box::new(net)
    });
    let Load { clients, lives, .. } = shared.load;
    let many = if hosts == Hosts::Two { 1 } else { clients };
    for computer in 0..many {
        let [_, a, b, c] = (computer + 2).to_be_bytes();
        let at = world.computer(&format!("client {computer}"), &[&format!("11.{a}.{b}.{c}")]);
        let own = shared.clone();
        programs.add(&format!("client {computer}"), &at, move |process| {
            let mut net = new(&own, process);
            let numbers = if many == 1 { 0..clients } else { computer..computer + 1 };
            // The server is to listen first.
            net.set_timeout(100.0, move |net| numbers.for_each(|number| client(net, SERVER, number, lives)));
            Box::new(net)
        });
    }
    programs.run(END).expect("programs");
    assert!(programs.are_over(), "{programs:?}");
}

/// Connections that are idle for so many hours of the world's time: each with keep-alive and an idle timeout of an hour, at
/// which it sends one byte and has it back. How many of those there were, and the CPU time.
pub fn idle(connections: u32, hours: u32) -> Done {
    const HOUR: f64 = 3_600_000.0;
    let shared = Shared::new(Load::echo(connections, 1), Looks::Observed);
    let world = World::new(Chooser::calm());
    let mut net = new(&shared, world.clone());
    serve(&mut net, "127.0.0.1");
    for _ in 0..connections {
        let socket = net.connect(("127.0.0.1", 80)).expect("a socket");
        shared.observer.socket(&mut net, socket, "client");
        socket.set_keep_alive(&mut net, true, 60_000);
        socket.set_timeout(&mut net, HOUR).expect("a timeout");
        socket.on_timeout(&mut net, |net, socket| {
            socket.write(net, "?");
        });
        let own = shared.clone();
        socket.on_data(&mut net, move |_, _, chunk| {
            assert_eq!(chunk, "?");
            own.trips.set(own.trips.get() + 1);
        });
        net.set_timeout(HOUR * (f64::from(hours) + 0.5), move |net| socket.end(net));
    }
    net.run().expect("it ends");
    assert!(world.now() >= u64::from(hours) * 3_600_000);
    Done { trips: shared.trips.get(), cpu: now() - shared.began.get(), problems: shared.observer.over(&world) }
}
