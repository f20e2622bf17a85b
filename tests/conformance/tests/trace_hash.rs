//! The hash of the outputs, made as `spec/trace-format.md` says and not as the project's own code does: the page is enough for a
//! replayer. It is compared at each input of traces that hold as much as there is.

use netfold::core::trace::{Replayer, Trace};
use netfold::core::{
    Attempt, Call, Emit, Event, EventKind, HandleKind, LookupEvent, Op, Outcome, Resolved, Step, Target,
};
use netfold::{
    Connect, Encoding, Limits, Listen, LookupCode, LookupRequest, Net, NodeError, Recording, ServerOptions,
    SocketOptions,
};
use netfold_conformance::shared::Shared;
use netfold_conformance::spec::root;
use netfold_sim::{Chooser, Cut, Kind, World};
use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};

/// The state, and the words of which it was made lately.
struct Hash {
    state: u64,
    /// Which outputs, events, outcomes and calls there were.
    seen: BTreeSet<(u64, u64)>,
}

macro_rules! id {
    ($id:expr) => {
        u64::from($id.slot()) << 32 | u64::from($id.generation())
    };
}

impl Hash {
    fn new() -> Self {
        Self { state: 0x6E65_7466_6F6C_6431, seen: BTreeSet::new() }
    }

    fn word(&mut self, word: u64) {
        self.state = (self.state.rotate_left(29) ^ word).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    }

    fn text(&mut self, text: &str) {
        let eight = text.as_bytes().chunks_exact(8);
        let left = eight.remainder();
        for bytes in eight {
            self.word(u64::from_le_bytes(bytes.try_into().unwrap()));
        }
        let mut last = [0; 8];
        last[..left.len()].copy_from_slice(left);
        self.word(u64::from_le_bytes(last));
        self.word(text.len() as u64);
    }

    fn address(&mut self, address: Option<SocketAddr>) {
        match address {
            None => self.word(0),
            Some(SocketAddr::V4(v4)) => {
                self.word(4 | u64::from(v4.port()) << 8 | u64::from(u32::from(*v4.ip())) << 32);
            }
            Some(SocketAddr::V6(v6)) => {
                self.word(6 | u64::from(v6.port()) << 8 | u64::from(v6.scope_id()) << 32);
                self.word(v6.flowinfo().into());
                self.halves(u128::from(*v6.ip()));
            }
        }
    }

    fn halves(&mut self, ip: u128) {
        self.word((ip >> 64) as u64);
        self.word(ip as u64);
    }

    fn ip(&mut self, ip: IpAddr) {
        match ip {
            IpAddr::V4(v4) => self.word(4 | u64::from(u32::from(v4)) << 32),
            IpAddr::V6(v6) => {
                self.word(6);
                self.halves(u128::from(v6));
            }
        }
    }

    fn error(&mut self, error: &NodeError) {
        self.text(error.code());
        if let NodeError::User { message, .. } = error {
            return self.text(message);
        }
        self.text(error.syscall().unwrap_or(""));
        self.text(error.address().unwrap_or(""));
        self.word(i64::from(error.port().unwrap_or(0)) as u64);
    }

    fn attempt(&mut self, attempt: &Attempt) {
        match attempt {
            Attempt::Tcp(address) => self.address(Some(*address)),
            Attempt::Path(path) => self.text(path),
        }
    }

    fn step(&mut self, step: &Step<'_>) {
        match step {
            Step::Call(call) => self.call(call),
            Step::Emit(emit) => self.emit(emit),
            Step::Tick(tick) => [8, tick.0].into_iter().for_each(|word| self.word(word)),
            Step::Return(outcome) => self.outcome(outcome),
            Step::Idle(idle) => {
                self.word(10 | u64::from(idle.deadline.is_some()) << 8 | (idle.batch as u64) << 32);
                self.word((idle.pending as u64) << 32 | idle.closing as u64);
                idle.deadline.into_iter().for_each(|deadline| self.word(deadline));
            }
            Step::Released(socket) => [11, id!(socket)].into_iter().for_each(|word| self.word(word)),
        }
    }

    fn emit(&mut self, emit: &Emit) {
        match emit {
            Emit::Listener { target, listener, last, event } => {
                let (is_server, id) = self.target(*target);
                let event_number = number(event.kind());
                self.seen.insert((2, event_number));
                let flags = u64::from(*last) << 16 | is_server << 17;
                self.word(2 | event_number << 8 | flags | u64::from(listener.0) << 32);
                self.word(id);
                self.event(event);
            }
            Emit::Callback { socket, callback, error } => {
                self.seen.insert((3, error.is_some().into()));
                self.word(3 | u64::from(error.is_some()) << 8 | u64::from(callback.0) << 32);
                self.word(id!(socket));
                error.iter().for_each(|error| self.error(error));
            }
            Emit::Connections { server, callback, count } => {
                self.seen.insert((4, 0));
                self.word(4 | u64::from(callback.0) << 32);
                self.word(id!(server));
                self.word((*count).into());
            }
            Emit::Timer { timer, last } => {
                self.seen.insert((5, 0));
                self.word(5 | u64::from(*last) << 8);
                self.word(id!(timer));
            }
            Emit::Resolve { socket, lookup, host, family, hints, all } => {
                self.seen.insert((6, 0));
                self.word(6 | u64::from(*family) << 8 | u64::from(*all) << 16 | u64::from(*hints) << 32);
                self.word(id!(socket));
                self.word(id!(lookup));
                self.text(host);
            }
            Emit::Read { socket, bytes } => {
                self.seen.insert((12, 0));
                [12, id!(socket), bytes.len() as u64].into_iter().for_each(|word| self.word(word));
            }
            Emit::Unhandled { target, error } => {
                self.seen.insert((7, 0));
                let (is_server, id) = self.target(*target);
                self.word(7 | is_server << 17);
                self.word(id);
                self.error(error);
            }
        }
    }

    fn target(&self, target: Target) -> (u64, u64) {
        match target {
            Target::Socket(socket) => (0, id!(socket)),
            Target::Server(server) => (1, id!(server)),
        }
    }

    fn event(&mut self, event: &Event) {
        match event {
            Event::Data(bytes) => self.word(bytes.len() as u64),
            Event::Text(text) => self.word(u64::from(text.units()) | 1 << 63),
            Event::Lookup(lookup) => self.lookup(lookup),
            Event::ConnectionAttempt(attempt) => self.attempt(attempt),
            Event::ConnectionAttemptTimeout(address) => self.address(Some(*address)),
            Event::ConnectionAttemptFailed(failed) => {
                self.attempt(&failed.0);
                self.error(&failed.1);
            }
            Event::Error(error) => self.error(error),
            Event::Close(had_error) => self.word(had_error.map_or(0, |had| 1 + u64::from(had))),
            Event::Connection(socket) | Event::Pipe(socket) | Event::Unpipe(socket) => self.word(id!(socket)),
            Event::Drop(info) => {
                self.word(info.is_some().into());
                if let Some(info) = info {
                    self.address(info.local);
                    self.address(info.remote);
                }
            }
            Event::ServerClose(error) => {
                self.word(error.is_some().into());
                error.iter().for_each(|error| self.error(error));
            }
            _ => {}
        }
    }

    fn lookup(&mut self, lookup: &LookupEvent) {
        match &lookup.result {
            Ok(Resolved::Ip(ip)) => self.ip(*ip),
            Ok(Resolved::Text { address, family }) => {
                self.word(1 | u64::from(*family) << 32);
                self.text(address);
            }
            Err(error) => self.error(error),
        }
        self.text(&lookup.host);
    }

    fn outcome(&mut self, outcome: &Outcome) {
        let mut begin = |tag: u64, rest: u64| {
            self.seen.insert((9, tag));
            self.word(9 | tag << 8 | rest);
        };
        match outcome {
            Outcome::Unit => begin(1, 0),
            Outcome::Bool(value) => begin(2, u64::from(*value) << 16),
            Outcome::Socket(socket) => {
                begin(3, 0);
                self.word(id!(socket));
            }
            Outcome::Server(server) => {
                begin(4, 0);
                self.word(id!(server));
            }
            Outcome::Timer(timer) => {
                begin(5, 0);
                self.word(id!(timer));
            }
            Outcome::Chunk(chunk) => {
                begin(6, u64::from(chunk.is_some()) << 16);
                self.word(chunk.as_ref().map_or(0, |chunk| chunk.len() as u64));
            }
            Outcome::Address(address) => {
                begin(7, 0);
                self.address(*address);
            }
            Outcome::Path(path) => {
                begin(8, 0);
                self.text(path);
            }
            Outcome::Threw(error) => {
                begin(9, 0);
                self.error(error);
            }
            Outcome::ListenerThrew => begin(10, 0),
            Outcome::Text(text) => {
                begin(11, 0);
                self.word(text.units().into());
            }
            Outcome::TypeOfService(value) => begin(15, u64::from(*value) << 16),
        }
    }

    fn call(&mut self, call: &Call<'_>) {
        let (tag, rest, words) = asked(&call.op());
        self.seen.insert((1, tag));
        self.word(1 | tag << 8 | rest);
        words.into_iter().for_each(|word| self.word(word));
        match call.op() {
            Op::Bind { addr, .. } | Op::Connect(_, addr) => self.address(Some(addr)),
            Op::BindPath(_, text) | Op::ConnectPath(_, text) | Op::Lookup { host: text, .. } => self.text(text),
            _ => {}
        }
    }
}

/// The number of a call, what else is in its word, and the words that follow, but for addresses and text.
fn asked(op: &Op<'_>) -> (u64, u64, Vec<u64>) {
    let flag = |flag: bool, bit: u32| u64::from(flag) << bit;
    let number = |number: u32| u64::from(number) << 32;
    match *op {
        Op::Open(h, kind) => (1, flag(kind == HandleKind::Pipe, 16), vec![id!(h)]),
        Op::Adopt(h, key) => (2, 0, vec![id!(h), key.0]),
        Op::Refuse(key) => (3, 0, vec![key.0]),
        Op::ConnNames(key) => (4, 0, vec![key.0]),
        Op::Bind { handle, ipv6_only, .. } => (5, flag(ipv6_only, 16), vec![id!(handle)]),
        Op::BindPath(h, _) => (6, 0, vec![id!(h)]),
        Op::Listen(h, backlog) => (7, number(backlog), vec![id!(h)]),
        Op::Connect(h, _) => (8, 0, vec![id!(h)]),
        Op::ConnectPath(h, _) => (9, 0, vec![id!(h)]),
        Op::Write(h, chunks) => {
            let lengths = chunks.iter().map(|chunk| chunk.len() as u64);
            (10, (chunks.len() as u64) << 16, [id!(h)].into_iter().chain(lengths).collect())
        }
        Op::ReadStart(h) => (11, 0, vec![id!(h)]),
        Op::ReadStop(h) => (12, 0, vec![id!(h)]),
        Op::Shutdown(h) => (13, 0, vec![id!(h)]),
        Op::Close(h) => (14, 0, vec![id!(h)]),
        Op::Reset(h) => (15, 0, vec![id!(h)]),
        Op::NoDelay(h, on) => (16, flag(on, 16), vec![id!(h)]),
        Op::KeepAlive(h, on, delay) => (17, flag(on, 16) | number(delay), vec![id!(h)]),
        Op::SockName(h) => (18, 0, vec![id!(h)]),
        Op::PeerName(h) => (19, 0, vec![id!(h)]),
        Op::QueueSize(h) => (20, 0, vec![id!(h)]),
        Op::Lookup { lookup, family, hints, .. } => (21, u64::from(family) << 16 | number(hints), vec![id!(lookup)]),
        Op::Detach(h) => (22, 0, vec![id!(h)]),
        Op::ReadLimit(h, bytes) => (23, number(bytes), vec![id!(h)]),
        Op::SetTypeOfService(h, value) => (26, u64::from(value) << 16, vec![id!(h)]),
        Op::TypeOfService(h) => (27, 0, vec![id!(h)]),
        Op::OpenFd(h, key) => (28, 0, vec![id!(h), key.0]),
        Op::Chmod(h, readable, writable) => (29, flag(readable, 16) | flag(writable, 17), vec![id!(h)]),
        Op::ReusePort(h) => (30, 0, vec![id!(h)]),
    }
}

/// The events' numbers on the page.
fn number(kind: EventKind) -> u64 {
    use EventKind::*;
    let events = [
        Lookup,
        ConnectionAttempt,
        ConnectionAttemptFailed,
        Connect,
        Ready,
        Data,
        Readable,
        End,
        Drain,
        Prefinish,
        Finish,
        Timeout,
        Pause,
        Resume,
        Error,
        Close,
        Listening,
        Connection,
        Drop,
        ServerClose,
        Pipe,
        Unpipe,
        ConnectionAttemptTimeout,
    ];
    1 + events.iter().position(|event| *event == kind).expect("an event of the page") as u64
}

/// Replays a trace, and compares the page's hash with the trace's at each input.
fn compare(file: Vec<u8>, what: &str, seen: &mut BTreeSet<(u64, u64)>) {
    let trace = Trace::parse(file).expect("a trace");
    assert_eq!(trace.torn(), None, "{what}");
    let (mut replayer, mut hash) = (Replayer::new(&trace), Hash::new());
    loop {
        let record = replayer.ahead(|step| hash.step(step)).expect("it replays");
        let Some(record) = record else { break };
        assert_eq!((hash.state >> 32) as u32, record.check, "{what}: before input {record}");
        replayer.give(record.seq, record.input).expect("it is taken");
    }
    assert_eq!(hash.state, replayer.replayed().hash, "{what}: at the end");
    seen.append(&mut hash.seen);
}

#[test]
fn the_hash_of_the_page_is_the_hash_of_the_traces() {
    let mut seen = BTreeSet::new();
    compare(std::fs::read(root().join("core/tests/golden/v1.trace")).expect("it is there"), "v1.trace", &mut seen);
    for kind in [Kind::Program, Kind::Troubled] {
        for seed in 0..100 {
            for (name, trace) in kind.run(&Chooser::seed(seed)).traces {
                compare(trace, &format!("{kind:?} {seed}, {name}"), &mut seen);
            }
        }
    }
    compare(rare(), "what is rare", &mut seen);
    compare(addresses(), "names with several addresses", &mut seen);
    let of = |output| seen.iter().filter(|(of, _)| *of == output).map(|(_, which)| *which).collect::<Vec<_>>();
    let without =
        |all: std::ops::RangeInclusive<u64>, not: &[u64]| all.filter(|n| !not.contains(n)).collect::<Vec<_>>();
    // Whatever the page names is among them.
    assert_eq!(of(1), without(1..=30, &[24, 25]), "calls");
    assert_eq!(of(2), without(1..=23, &[]), "events");
    assert_eq!(of(9), without(1..=15, &[12, 13, 14]), "outcomes");
    for output in [3, 4, 5, 6, 7, 12] {
        assert!(!of(output).is_empty(), "output {output}");
    }
}

/// What random programs do not do, on real sockets.
fn rare() -> Vec<u8> {
    let file = Shared::default();
    let mut net = Net::recorded((), Recording::to(file.clone())).expect("a loop");
    let server = net.create_server(|net, socket| {
        socket.remote_address(net);
        socket.set_no_delay(net, true);
        socket.pipe(net, socket);
    });
    server.listen(&mut net, Listen::port(0).reuse_port(true)).expect("it listens");
    let port = server.port(&mut net).expect("a port");

    let client = net.connect(("127.0.0.1", port)).expect("a socket");
    client.set_encoding(&mut net, Encoding::Utf8);
    client.on_text(&mut net, |net, client, _| {
        client.address(net);
        client.set_type_of_service(net, 16).expect("it is set");
        client.get_type_of_service(net).expect("it is told");
        client.end(net);
    });
    client.on_readable(&mut net, |net, client| {
        client.read_text(net);
    });
    client.write(&mut net, "text");
    client.on_pipe(&mut net, |_, _, _| {});
    client.on_unpipe(&mut net, |_, _, _| {});
    client.pipe(&mut net, client);
    client.unpipe(&mut net, client);

    let reads = net.connect_on_read(("127.0.0.1", port), 2, |_, _, _| true).expect("a socket");
    reads.end_with(&mut net, "four");
    let failing = net.connect_looking_up(("none.example", 1), |net, request| {
        net.next_tick(move |net| request.answer(net, Err(LookupCode::NotFound)));
    });
    failing.expect("a socket").on_lookup(&mut net, |_, _, _| {}); // and nobody listens for its 'error'
    assert!(net.connect(Connect::port(-1)).is_err());

    let path = std::env::temp_dir().join(format!("netfold-hash-{}.sock", std::process::id()));
    let at_path = net.create_server(|net, socket| {
        let _fd = socket.into_fd(net).expect("a connection that nobody used");
    });
    at_path.release(&mut net).expect("it does nothing yet");
    let paused = ServerOptions { pause_on_connect: true, ..ServerOptions::default() };
    let at_path = net.create_server_with(paused, |net, socket| {
        let _fd = socket.into_fd(net).expect("a connection that nobody used");
    });
    at_path.listen(&mut net, Listen::path(&path).readable_all(true)).expect("it listens");
    at_path.address(&mut net);
    let to_path = net.connect(&path).expect("a socket");
    to_path.resume(&mut net);
    to_path.on_close(&mut net, move |net, _, _| at_path.close(net));

    let adopted = net.create_server(|_, _| {});
    let bound = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    adopted.listen_fd(&mut net, bound.into(), 0).expect("it listens");
    adopted.close(&mut net);

    net.set_timeout(1.0, move |net| {
        let fails = net.socket(SocketOptions::default()).expect("a socket");
        fails.on_pause(net, |_, _| std::panic::resume_unwind(Box::new("as planned")));
        let paused = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| fails.pause(net)));
        assert!(paused.is_err(), "it comes to who called");
    });
    client.on_close(&mut net, move |net, _, _| server.close(net));
    assert!(net.run().is_err(), "an 'error' that nobody listens for");
    net.run().expect("it ends");
    net.finish_recording().expect("it is written");
    file.take()
}

/// A name with several addresses, in the simulated world: nobody answers at the first.
fn addresses() -> Vec<u8> {
    let world = World::new(Chooser::calm());
    let here = world.computer("here", &["10.0.0.2", "fd00::2"]);
    let lost = world.computer("lost", &["fd00::1"]);
    world.cut(&here, &lost, Cut::Silent);
    let file = Shared::default();
    let (recording, process) = (Recording::to(file.clone()), here.process("both"));
    let mut net = Net::with_host_recorded((), process, Limits::DEFAULT, recording);
    let server = net.create_server(|net, socket| socket.end(net));
    server.listen(&mut net, ("10.0.0.2", 80)).expect("it listens");
    for port in [80, 81] {
        let socket = net.connect_looking_up(("two.example", port), |net, request: LookupRequest| {
            net.next_tick(move |net| request.answer_text(net, &[("fd00::1", 6), ("10.0.0.2", 4)]));
        });
        let socket = socket.expect("a socket");
        socket.on_lookup(&mut net, |_, _, _| {});
        socket.on_connection_attempt(&mut net, |_, _, _| {});
        socket.on_connection_attempt_failed(&mut net, |_, _, _| {});
        socket.on_connection_attempt_timeout(&mut net, |_, _, _| {});
        socket.on_error(&mut net, |_, _, _| {});
        socket.resume(&mut net);
    }
    net.set_timeout(1000.0, move |net| server.close(net));
    net.run().expect("it ends");
    net.finish_recording().expect("it is written");
    file.take()
}

/// The example of the page.
#[test]
fn the_hash_of_one_tick_is_the_pages() {
    let mut hash = Hash::new();
    hash.word(8);
    hash.word(5);
    assert_eq!(hash.state, 0xEBBE_0BEC_959D_01FB);
}
