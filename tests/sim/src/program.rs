//! Random programs: one server, a few clients, and at every event something that a program may do.

use crate::chooser::Chooser;
use crate::rules::{Broken, Rules};
use crate::world::{World, WorldOptions};
use netfold::core::trace::{Payload, Replayer, Trace};
use netfold::{Connect, EventKind, Limits, Listen, Net, Recording, Server, ServerOptions, Socket, SocketOptions};
use std::cell::{Cell, RefCell};
use std::io::{self, Write};
use std::rc::Rc;

/// How much a random program does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProgramOptions {
    /// How many things it does in all, beside what it begins with. 40 by default.
    pub acts: u32,
    /// When what is left is destroyed, in milliseconds. 20,000 by default.
    pub horizon: u32,
}

impl Default for ProgramOptions {
    fn default() -> Self {
        Self { acts: 40, horizon: 20_000 }
    }
}

/// What came of a run.
#[derive(Clone, Debug)]
pub struct Ran {
    /// What did not hold: a rule and what was seen of it.
    pub problems: Vec<(String, String)>,
    /// Behind which input the first of it showed, if a rule broke.
    pub broken_at: Option<u64>,
    /// The trace, with all payload.
    pub trace: Vec<u8>,
}

/// Runs a random program in a random world, both as the chooser says, and looks at it with [`rules`](crate::rules).
///
/// ```
/// use netfold_sim::{Chooser, program};
///
/// for seed in 0..50 {
///     let ran = program::run(&Chooser::seed(seed), Default::default());
///     assert_eq!(ran.problems, [], "seed {seed}");
/// }
/// ```
pub fn run(chooser: &Chooser, options: ProgramOptions) -> Ran {
    let memory = Memory::default();
    let at_end = drive(chooser, options, Some(memory.clone()));
    let (mut problems, mut broken_at) = (Vec::new(), None);
    let bytes = memory.0.take();
    match look_at(&bytes, at_end.is_empty()) {
        Ok(broken) => {
            broken_at = broken.first().map(|broken| broken.input);
            problems.extend(broken.into_iter().map(|b| (b.rule.to_string(), b.to_string())));
        }
        Err(error) => problems.push(("replay".into(), error)),
    }
    problems.extend(at_end);
    Ran { problems, broken_at, trace: bytes }
}

/// What of a trace does not hold, its end included.
pub(crate) fn look_at(trace: &[u8], ended: bool) -> Result<Vec<Broken>, String> {
    let trace = Trace::parse(trace.to_vec()).map_err(|error| error.to_string())?;
    let mut rules = Rules::new();
    let mut replayer = Replayer::new(&trace);
    while let Some(record) = replayer.next(|step| rules.step(step)).map_err(|error| error.to_string())? {
        rules.input(&record.input, replayer.core());
    }
    if ended {
        rules.over(replayer.core());
    }
    Ok(rules.broken().to_vec())
}

/// Runs a random program without looking at it: for speed, and to make traces of. What its end left.
pub fn drive(chooser: &Chooser, options: ProgramOptions, trace: Option<impl Write + 'static>) -> Vec<(String, String)> {
    let buffers = [1_000_000, 10_000, 64, 1][chooser.choose("buffers", 4) as usize];
    let sizes = WorldOptions { send_buffer: buffers, receive_buffer: buffers, ..WorldOptions::default() };
    let world = World::with(chooser.clone(), sizes);
    let state = Program::new(chooser.clone(), options, buffers < 10_000);
    let mut net = match trace {
        Some(sink) => {
            let recording = Recording::to(sink).payload(Payload::Full, Payload::Full);
            Net::with_host_recorded(state, world.clone(), Limits::DEFAULT, recording)
        }
        None => Net::with_host(state, world.clone(), Limits::DEFAULT),
    };
    let unrefs = net.state.unrefs.clone();
    begin(&mut net);
    let ran = net.run();
    drop(net);
    let mut problems: Vec<(String, String)> =
        ran.err().map(|error| ("run".to_string(), error.to_string())).into_iter().collect();
    if !unrefs.get() {
        problems.extend(world.left().into_iter().map(|left| ("left".to_string(), left)));
    }
    problems
}

/// A sink that can be looked into.
#[derive(Clone, Debug, Default)]
pub(crate) struct Memory(Rc<RefCell<Vec<u8>>>);

impl Memory {
    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.0.borrow().clone()
    }
}

impl Write for Memory {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

type Loop = Net<Program, World>;

/// What a program can do, each with a weight of one; which of them a program knows is decided at its beginning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Act {
    Write,
    WriteMuch,
    WriteSilently,
    WriteTwice,
    End,
    EndWith,
    EndTwice,
    Destroy,
    DestroyWith,
    DestroySoon,
    Reset,
    Pause,
    Resume,
    PauseAndResume,
    ResumeAndPause,
    Read,
    ReadSome,
    Cork,
    Uncork,
    CorkAround,
    SetTimeout,
    Unref,
    Ref,
    Once,
    Twice,
    OnAndOff,
    Prepend,
    RemoveReadable,
    NextTick,
    Immediate,
    Later,
    Count,
    CloseServer,
    Another,
    Bound,
}

const ACTS: &[Act] = &[
    Act::Write,
    Act::WriteMuch,
    Act::WriteSilently,
    Act::WriteTwice,
    Act::End,
    Act::EndWith,
    Act::EndTwice,
    Act::Destroy,
    Act::DestroyWith,
    Act::DestroySoon,
    Act::Reset,
    Act::Pause,
    Act::Resume,
    Act::PauseAndResume,
    Act::ResumeAndPause,
    Act::Read,
    Act::ReadSome,
    Act::Cork,
    Act::Uncork,
    Act::CorkAround,
    Act::SetTimeout,
    Act::Unref,
    Act::Ref,
    Act::Once,
    Act::Twice,
    Act::OnAndOff,
    Act::Prepend,
    Act::RemoveReadable,
    Act::NextTick,
    Act::Immediate,
    Act::Later,
    Act::Count,
    Act::CloseServer,
    Act::Another,
    Act::Bound,
];

/// The events that a listener of the program's is there for.
const HEARD: &[EventKind] = &[
    EventKind::Error,
    EventKind::Connect,
    EventKind::Ready,
    EventKind::End,
    EventKind::Drain,
    EventKind::Prefinish,
    EventKind::Finish,
    EventKind::Timeout,
    EventKind::Pause,
    EventKind::Resume,
    EventKind::Close,
];

struct Program {
    chooser: Chooser,
    options: ProgramOptions,
    /// What it may do.
    knows: Vec<Act>,
    left: u32,
    sockets: Vec<Socket>,
    server: Option<Server>,
    to: Option<Connect>,
    /// The system takes little at a time.
    narrow: bool,
    /// Something was unreferenced: the loop may end with it.
    unrefs: Rc<Cell<bool>>,
    /// One byte for each that is written: so that none is like its neighbours.
    next: u8,
}

impl Program {
    fn new(chooser: Chooser, options: ProgramOptions, narrow: bool) -> Self {
        let all = chooser.choose("all acts", 3) == 0;
        let knows: Vec<Act> = ACTS.iter().copied().filter(|_| all || chooser.choose("knows", 3) == 0).collect();
        let knows = if knows.is_empty() { vec![Act::Write, Act::End] } else { knows };
        let left = options.acts;
        Self {
            chooser,
            options,
            knows,
            left,
            sockets: Vec::new(),
            server: None,
            to: None,
            narrow,
            unrefs: Rc::default(),
            next: 0,
        }
    }

    fn choose(&self, label: &'static str, n: u32) -> u32 {
        self.chooser.choose(label, n)
    }

    fn bytes(&mut self, len: usize) -> Vec<u8> {
        let first = self.next;
        self.next = self.next.wrapping_add(len as u8).wrapping_add(1);
        (0..len).map(|at| first.wrapping_add(at as u8)).collect()
    }

    fn some_bytes(&mut self) -> Vec<u8> {
        // Of a narrow way much takes long.
        let most = if self.narrow { 300 } else { 70_000 };
        let len = [1, 10, 100, 5_000, 20_000, 70_000, 0][self.choose("size", 7) as usize].min(most);
        self.bytes(len)
    }

    fn socket_options(&self) -> SocketOptions {
        let mark = [None, Some(1), Some(16), Some(1_000)][self.choose("mark", 4) as usize];
        SocketOptions {
            allow_half_open: self.choose("half-open", 2) == 1,
            high_water_mark: mark,
            ..SocketOptions::default()
        }
    }
}

fn begin(net: &mut Loop) {
    let (on, to): (Listen, Connect) = match net.state.choose("kind", 2) {
        0 => (("127.0.0.1", 80).into(), ("127.0.0.1", 80).into()),
        _ => ("/tmp/program".into(), "/tmp/program".into()),
    };
    net.state.to = Some(to);
    let socket = net.state.socket_options();
    let pause_on_connect = net.state.choose("pause on connect", 4) == 1;
    let server = net.server(ServerOptions { socket, pause_on_connect });
    net.state.server = Some(server);
    server.on_connection(net, |net, socket| {
        dress(net, socket);
        acts(net, socket);
    });
    if net.state.choose("server counts", 2) == 1 {
        server.unref(net);
        net.state.unrefs.set(true);
    }
    server.on_close(net, |_, _| {});
    server.on_drop(net, |_, _, _| {});
    if server.listen(net, on).is_err() {
        return;
    }
    server.on_listening(net, |net, _| {
        for _ in 0..=net.state.choose("clients", 3) {
            client(net);
        }
    });
    let horizon = f64::from(net.state.options.horizon);
    let horizon = net.set_timeout(horizon, |net| {
        net.state.left = 0;
        for socket in std::mem::take(&mut net.state.sockets) {
            socket.destroy(net);
        }
        if let Some(server) = net.state.server {
            server.close(net);
        }
    });
    // So that it is the sockets that keep the loop alive, or do not.
    if net.state.choose("horizon counts", 2) == 0 {
        net.unref_timer(horizon);
        net.state.unrefs.set(true);
    }
}

fn client(net: &mut Loop) {
    let options = net.state.socket_options();
    let (Ok(socket), Some(to)) = (net.socket(options), net.state.to.clone()) else { return };
    let early = net.state.choose("acts before connect", 4) == 1;
    dress(net, socket);
    if early {
        act(net, socket);
    }
    // A socket that is over by now stays so.
    if !socket.destroyed(net) && socket.connect(net, to).is_ok() {
        acts(net, socket);
    }
}

/// Listeners for everything.
fn dress(net: &mut Loop, socket: Socket) {
    net.state.sockets.push(socket);
    for kind in HEARD {
        socket.on(net, *kind, |net, socket, _| react(net, socket));
    }
    if net.state.choose("idle timeout", 3) == 1 {
        does(net, socket, Act::SetTimeout);
    }
    match net.state.choose("reads", 5) {
        0 => drop(socket.on(net, EventKind::Data, |net, socket, _| react(net, socket))),
        1 => {
            socket.on(net, EventKind::Readable, |net, socket, _| {
                while socket.read(net).is_some() {}
                react(net, socket);
            });
        }
        2 => {
            socket.on(net, EventKind::Data, |net, socket, _| react(net, socket));
            socket.pause(net);
            net.set_timeout(30.0, move |net| socket.resume(net));
        }
        3 => drop(net.set_timeout(30.0, move |net| socket.resume(net))),
        _ => socket.resume(net),
    }
}

fn react(net: &mut Loop, socket: Socket) {
    if net.state.choose("reacts", 3) == 1 {
        act(net, socket);
    }
}

fn acts(net: &mut Loop, socket: Socket) {
    for _ in 0..net.state.choose("acts", 5) {
        act(net, socket);
    }
    if net.state.choose("ends some time", 3) != 1 {
        let after = [5.0, 100.0, 1_000.0][net.state.choose("when", 3) as usize];
        net.set_timeout(after, move |net| socket.end(net));
    }
}

fn act(net: &mut Loop, socket: Socket) {
    if net.state.left == 0 {
        return;
    }
    net.state.left -= 1;
    let at = net.state.choose("act", net.state.knows.len() as u32) as usize;
    let act = net.state.knows[at];
    // What a socket's end is like is of interest, but not all the time.
    let ends = matches!(act, Act::Destroy | Act::DestroyWith | Act::Reset | Act::DestroySoon | Act::CloseServer);
    if ends && net.state.choose("really", 2) == 0 {
        return;
    }
    does(net, socket, act);
}

fn does(net: &mut Loop, socket: Socket, act: Act) {
    match act {
        Act::Write => {
            let bytes = net.state.some_bytes();
            socket.write_then(net, bytes, |net, socket, _| react(net, socket));
        }
        Act::WriteMuch => {
            for _ in 0..5 {
                let bytes = net.state.some_bytes();
                socket.write_then(net, bytes, |net, socket, _| react(net, socket));
            }
        }
        Act::WriteSilently => {
            let bytes = net.state.some_bytes();
            socket.write(net, bytes);
        }
        Act::WriteTwice => {
            let callback = net.callback(|net, socket, _| react(net, socket));
            for _ in 0..2 {
                let bytes = net.state.some_bytes();
                socket.write_cb(net, bytes, callback);
            }
        }
        Act::End => socket.end_then(net, |net, socket, _| react(net, socket)),
        Act::EndWith => {
            let bytes = net.state.some_bytes();
            socket.end_with_then(net, bytes, |net, socket, _| react(net, socket));
        }
        Act::EndTwice => {
            socket.end_then(net, |net, socket, _| react(net, socket));
            socket.end_then(net, |_, _, _| {});
        }
        Act::Destroy => socket.destroy(net),
        Act::DestroyWith => socket.destroy_with(net, "on purpose"),
        Act::DestroySoon => socket.destroy_soon(net),
        Act::Reset => drop(socket.reset_and_destroy(net)),
        Act::Read => drop(socket.read(net)),
        Act::ReadSome => {
            let n = [1, 2, 50, 1_000][net.state.choose("n", 4) as usize];
            let _asked = socket.read_n(net, n);
        }
        Act::Pause => socket.pause(net),
        Act::Resume => socket.resume(net),
        Act::PauseAndResume => {
            socket.pause(net);
            socket.resume(net);
        }
        Act::ResumeAndPause => {
            socket.resume(net);
            socket.pause(net);
        }
        Act::Cork => {
            socket.cork(net);
            net.set_timeout(3.0, move |net| socket.uncork(net));
        }
        Act::Uncork => socket.uncork(net),
        Act::CorkAround => {
            socket.cork(net);
            socket.cork(net);
            for _ in 0..3 {
                let bytes = net.state.some_bytes();
                socket.write_then(net, bytes, |net, socket, _| react(net, socket));
            }
            socket.uncork(net);
            net.next_tick(move |net| socket.uncork(net));
        }
        Act::SetTimeout => {
            let ms = [20.0, 1.0, 200.0, 0.0][net.state.choose("ms", 4) as usize];
            let _set = socket.set_timeout(net, ms);
        }
        Act::Unref => {
            net.state.unrefs.set(true);
            socket.unref(net);
        }
        Act::Ref => socket.ref_(net),
        Act::Once | Act::Twice | Act::OnAndOff | Act::Prepend => listens(net, socket, act),
        Act::RemoveReadable => {
            let known = socket.listeners(net, EventKind::Readable);
            known.into_iter().for_each(|listener| socket.off(net, listener));
        }
        Act::NextTick => net.next_tick(move |net| self::act(net, socket)),
        Act::Immediate => net.set_immediate(move |net| self::act(net, socket)),
        Act::Later => {
            let ms = [1.0, 10.0, 60.0][net.state.choose("after", 3) as usize];
            net.set_timeout(ms, move |net| self::act(net, socket));
        }
        Act::Count | Act::CloseServer | Act::Another | Act::Bound => serves(net, act),
    }
}

/// Further listeners.
fn listens(net: &mut Loop, socket: Socket, act: Act) {
    let kind = HEARD[net.state.choose("event", HEARD.len() as u32) as usize];
    let kind = if net.state.choose("of data", 3) == 1 { EventKind::Data } else { kind };
    match act {
        Act::Once => drop(socket.once(net, kind, |net, socket, _| react(net, socket))),
        Act::Twice => {
            socket.once(net, kind, |net, socket, _| react(net, socket));
            socket.on(net, kind, |net, socket, _| react(net, socket));
        }
        Act::OnAndOff => {
            let listener = socket.on(net, kind, |_, _, _| {});
            net.next_tick(move |net| socket.off(net, listener));
        }
        _ => drop(socket.prepend_once(net, kind, |net, socket, _| react(net, socket))),
    }
}

fn serves(net: &mut Loop, act: Act) {
    let Some(server) = net.state.server else { return };
    match act {
        Act::Count => server.get_connections(net, |_, _| {}),
        Act::CloseServer => server.close(net),
        Act::Bound => {
            let most = net.state.choose("most", 3);
            server.set_max_connections(net, i64::from(most));
        }
        _ => client(net),
    }
}
