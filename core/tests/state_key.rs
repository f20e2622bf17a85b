//! Equal keys have equal futures; the history makes no difference; different states have different keys.

use netfold_core::{
    Bytes, Command, Completion, ConnectTo, Core, Emit, Errno, EventKind, HandleId, HostOptions, KeyDetail, Limits,
    ListenOn, ListenerId, Op, Outcome, Phase, Reply, ServerId, ServerOptions, SocketId, SocketOptions, Step, Target,
    TickId,
};
use std::collections::{HashMap, VecDeque};

/// A listener that pauses its socket, one that destroys it, one that fails.
const PAUSES: u32 = 5;
const DESTROYS: u32 = 6;
const FAILS: u32 = 7;

/// A core with a host that does what numbers say, and writes down what comes out with names of its own for ids.
#[derive(Clone, Default)]
struct Walk {
    core: Core,
    ticks: VecDeque<TickId>,
    handles: Vec<HandleId>,
    sockets: Vec<SocketId>,
    servers: Vec<ServerId>,
    replies: u32,
    out: Vec<String>,
    names: HashMap<String, usize>,
}

#[derive(Clone, Copy)]
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u32 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        ((mixed ^ mixed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB) >> 32) as u32
    }
}

impl Walk {
    /// Ids are written as letters with a dot in them; each becomes its place of first appearance.
    fn note(&mut self, text: &str) {
        let mut named = String::new();
        let parts = text.split_inclusive(|c: char| !(c.is_ascii_alphanumeric() || c == '.'));
        for part in parts {
            let word = part.trim_end_matches(|c: char| !(c.is_ascii_alphanumeric() || c == '.'));
            let is_id = word.contains('.') && word.starts_with(|c: char| "cshlt".contains(c));
            if is_id {
                let next = self.names.len();
                let at = *self.names.entry(word.to_string()).or_insert(next);
                named += &format!("{}#{at}{}", &word[..1], &part[word.len()..]);
            } else {
                named += part;
            }
        }
        self.out.push(named);
    }

    /// Starts a log in which what lives has names already.
    fn fork(&self) -> Walk {
        let mut fork = self.clone();
        fork.out.clear();
        fork.names.clear();
        for id in &fork.sockets {
            let next = fork.names.len();
            fork.names.insert(id.to_string(), next);
        }
        for id in &fork.servers {
            let next = fork.names.len();
            fork.names.insert(id.to_string(), next);
        }
        for id in &fork.handles {
            let next = fork.names.len();
            fork.names.insert(id.to_string(), next);
        }
        fork
    }

    fn go(&mut self) -> Option<Outcome> {
        loop {
            match self.core.step() {
                Step::Call(call) => {
                    let op = call.op();
                    let text = format!("{op:?}");
                    match op {
                        Op::Open(h, _) | Op::Adopt(h, _) => self.handles.push(h),
                        Op::Close(h) | Op::Reset(h) | Op::Detach(h) => self.handles.retain(|known| *known != h),
                        _ => {}
                    }
                    self.replies = self.replies.wrapping_mul(7).wrapping_add(1);
                    let reply = match op {
                        Op::SockName(_) | Op::PeerName(_) => Reply::Addr(None),
                        Op::ConnNames(_) => Reply::Names(None, None),
                        Op::QueueSize(_) => Reply::Size(3),
                        Op::Lookup { .. } => Reply::Pending,
                        Op::Write(..) | Op::Connect(..) => match self.replies % 5 {
                            0 => Reply::Done,
                            1 => Reply::Failed(Errno::EPIPE),
                            _ => Reply::Pending,
                        },
                        _ => Reply::Done,
                    };
                    call.answer(reply).expect("a fitting reply");
                    self.note(&text);
                }
                Step::Tick(id) => {
                    self.ticks.push_back(id);
                    self.note("tick");
                }
                Step::Emit(emit) => self.emitted(&emit),
                Step::Return(outcome) => {
                    self.note(&format!("{outcome:?}"));
                    return Some(outcome);
                }
                Step::Idle(idle) => {
                    let left = idle.deadline.map(|at| at.wrapping_sub(self.core.now()));
                    self.note(&format!("idle {left:?} {} {}", idle.pending, idle.closing));
                    return None;
                }
                Step::Released(id) => {
                    self.sockets.retain(|known| *known != id);
                    self.note(&format!("released {id}"));
                }
            }
        }
    }

    fn emitted(&mut self, emit: &Emit) {
        self.note(&format!("{emit:?}"));
        let Emit::Listener { target, listener, event, .. } = emit else { return };
        if let netfold_core::Event::Connection(socket) = event {
            self.sockets.push(*socket);
        }
        match (listener.0, target) {
            (PAUSES, Target::Socket(id)) => self.nested(Command::Pause(*id)),
            (DESTROYS, Target::Socket(id)) => self.nested(Command::Destroy(*id, None)),
            (FAILS, _) => self.core.threw().expect("a listener runs"),
            _ => {}
        }
    }

    fn nested(&mut self, command: Command) {
        if self.core.begin(command).is_ok() {
            self.go();
        }
    }

    /// A command of code outside the loop, to the end of its turn.
    fn run(&mut self, command: Command) -> Option<Outcome> {
        let began = self.core.begin(command);
        if let Err(misuse) = began {
            self.note(&misuse.to_string());
            return None;
        }
        let outcome = self.go();
        self.go();
        outcome
    }

    fn ticks(&mut self) {
        while let Some(id) = self.ticks.pop_front() {
            self.core.tick(id).expect("it is due");
            self.go();
        }
    }

    fn turn(&mut self, began: Result<(), netfold_core::ApiMisuse>) {
        match began {
            Ok(()) => drop(self.go()),
            Err(misuse) => self.note(&misuse.to_string()),
        }
    }

    fn socket(&mut self, options: SocketOptions) -> SocketId {
        let Some(Outcome::Socket(id)) = self.run(Command::NewSocket(options)) else { panic!("a socket") };
        self.sockets.push(id);
        id
    }

    fn complete(&mut self, completion: Completion) {
        self.ticks();
        let began = self.core.complete(completion);
        self.turn(began);
    }

    fn phase(&mut self, phase: Phase) {
        self.ticks();
        let began = self.core.phase(phase);
        self.turn(began);
    }

    /// One thing that a program, the system or time does.
    fn act(&mut self, what: u32, arg: u32) {
        let pick = |n: usize| arg as usize % n.max(1);
        let socket = self.sockets.get(pick(self.sockets.len())).copied();
        let handle = self.handles.get(pick(self.handles.len())).copied();
        let n = arg / 8 % 4;
        match (what % 26, socket, handle) {
            (0, ..) if self.sockets.len() < 3 => {
                self.socket(SocketOptions { allow_half_open: n & 1 == 1, ..SocketOptions::default() });
            }
            (1, Some(s), _) => drop(self.run(Command::Connect(s, to_port(80)))),
            (2 | 3, Some(s), _) => {
                let chunk = Bytes::from(vec![0; 9_000 * n as usize + 1]);
                self.run(Command::Write(s, chunk.into(), (n > 0).then_some(netfold_core::CallbackId(n & 1))));
            }
            (4, Some(s), _) => drop(self.run(Command::End(s, None, None))),
            (5, Some(s), _) => drop(self.run(Command::Destroy(s, None))),
            (6, Some(s), _) => drop(self.run(if n & 1 == 0 { Command::Pause(s) } else { Command::Resume(s) })),
            (7, Some(s), _) => drop(self.run(if n & 1 == 0 { Command::Cork(s) } else { Command::Uncork(s) })),
            (8, Some(s), _) => drop(self.run(Command::Read(s, (n > 0).then_some(n)))),
            (9, Some(s), _) => drop(self.run(Command::SetTimeout(s, f64::from(n) * 50.0))),
            (10, Some(s), _) => {
                let event = [EventKind::Data, EventKind::End, EventKind::Error, EventKind::Readable][n as usize];
                let listener = ListenerId(PAUSES - 1 + arg / 64 % 4);
                self.run(Command::On { target: s.into(), event, listener, once: arg & 256 > 0, prepend: false });
            }
            (11, Some(s), _) => drop(self.run(Command::ResetAndDestroy(s))),
            (12..=15, ..) => {
                if let Some(id) = self.ticks.pop_front() {
                    self.core.tick(id).expect("it is due");
                    self.go();
                }
            }
            (16 | 17, _, Some(h)) => {
                let result = if n == 0 { Err(Errno::ECONNREFUSED) } else { Ok(()) };
                self.complete(Completion::Connected(h, result));
            }
            (18, _, Some(h)) => self.complete(Completion::Written(h, Ok(()))),
            (19 | 20, _, Some(h)) => self.complete(Completion::Read(h, Bytes::from(vec![0; 1 + 100 * n as usize]))),
            (21, _, Some(h)) => self.complete(Completion::Eof(h)),
            (22, ..) => self.phase(Phase::Pending),
            (23, ..) => self.phase(Phase::Closing),
            (24, ..) => {
                self.ticks();
                self.core.advance(self.core.now() + 25).expect("the clock goes forward");
                self.phase(Phase::Timers);
            }
            (25, ..) => drop(self.run(Command::StartTimer { ms: 25.0 * f64::from(n + 1), repeat: n == 3 })),
            _ => {}
        }
    }
}

fn to_port(port: i64) -> ConnectTo {
    ConnectTo::Host(HostOptions { host: Some("192.0.2.1".into()), port: Some(port), ..HostOptions::default() })
}

#[test]
fn equal_keys_have_equal_futures() {
    let mut seen: HashMap<u128, Walk> = HashMap::new();
    let mut compared = 0;
    for seed in 0..300 {
        let mut dice = Dice(seed);
        let mut walk = Walk::default();
        for _ in 0..40 {
            walk.act(dice.next(), dice.next());
            walk.replies = 0;
            let Some(other) = seen.get(&walk.core.state_key()) else {
                seen.insert(walk.core.state_key(), walk.clone());
                continue;
            };
            assert!(walk.core.same_state(&other.core), "seed {seed}: 128 bits that met");
            if walk.core.now() == other.core.now() && walk.handles == other.handles {
                continue;
            }
            compared += 1;
            for future in 0..2 {
                let mut dice = Dice(seed << 32 | future);
                let (mut a, mut b) = (walk.fork(), other.fork());
                for _ in 0..25 {
                    let (what, arg) = (dice.next(), dice.next());
                    a.act(what, arg);
                    b.act(what, arg);
                    assert_eq!(a.core.state_key(), b.core.state_key(), "seed {seed}, future {future}");
                }
                assert_eq!(a.out, b.out, "seed {seed}, future {future}");
            }
        }
    }
    assert!(compared > 300, "states that were reached by different ways: {compared}, of {}", seen.len());
    assert!(seen.len() > 2_000, "states: {}", seen.len());
}

/// A connected socket, in a core that has this history.
fn connected(history: u32) -> (Walk, SocketId, HandleId) {
    let mut walk = Walk::default();
    for _ in 0..history {
        let id = walk.socket(SocketOptions::default());
        walk.run(Command::Connect(id, to_port(7)));
        walk.ticks();
        walk.core.advance(walk.core.now() + 17).expect("the clock goes forward");
        walk.run(Command::Destroy(id, None));
        walk.ticks();
        walk.phase(Phase::Pending);
        while walk.core.census().sockets > 0 {
            walk.phase(Phase::Closing);
            walk.ticks();
        }
    }
    let id = walk.socket(SocketOptions::default());
    walk.replies = 0;
    walk.run(Command::Connect(id, to_port(80)));
    walk.ticks();
    let handle = walk.core.handle_of(id).expect("it connects");
    walk.replies = 1;
    walk.complete(Completion::Connected(handle, Ok(())));
    walk.ticks();
    (walk, id, handle)
}

#[test]
fn what_was_before_makes_no_difference() {
    let (fresh, ..) = connected(0);
    let (old, ..) = connected(5);
    assert_ne!(fresh.core.now(), old.core.now());
    assert!(fresh.core.same_state(&old.core));
    assert_eq!(fresh.core.state_key(), old.core.state_key());
    let cloned = old.core.clone();
    assert!(old.core.same_state(&cloned));
}

#[test]
fn payload_is_its_length_and_counters_are_optional() {
    let after = |bytes: &'static [u8], then: &'static [u8]| {
        let (mut walk, id, handle) = connected(0);
        walk.run(Command::Resume(id));
        walk.ticks();
        walk.complete(Completion::Read(handle, Bytes::from_static(bytes)));
        walk.ticks();
        walk.run(Command::Pause(id));
        walk.complete(Completion::Read(handle, Bytes::from_static(then)));
        walk.ticks();
        walk.core
    };
    let with_counters = KeyDetail { counters: true, ..KeyDetail::DEFAULT };
    let (a, b, c) = (after(b"one", b"kept"), after(b"two", b"tpek"), after(b"three", b"kept"));
    assert_eq!(a.state_key_of(with_counters), b.state_key_of(with_counters));
    assert_eq!(a.state_key(), c.state_key());
    assert_ne!(a.state_key_of(with_counters), c.state_key_of(with_counters));
    assert_ne!(a.state_key(), after(b"one", b"keep2").state_key(), "what is kept has another length");
}

#[test]
fn the_time_that_is_left_counts_unless_it_is_left_out() {
    let after = |ms: u64| {
        let (mut walk, id, _) = connected(0);
        walk.run(Command::SetTimeout(id, 1_000.0));
        walk.core.advance(walk.core.now() + ms).expect("the clock goes forward");
        walk.core
    };
    let order = KeyDetail { times: false, ..KeyDetail::DEFAULT };
    assert_ne!(after(1).state_key(), after(2).state_key());
    assert!(!after(1).same_state(&after(2)));
    assert_eq!(after(1).state_key_of(order), after(2).state_key_of(order));
}

#[test]
fn different_states_have_different_keys() {
    type Does = fn(&mut Walk, SocketId, HandleId);
    let states: &[(&str, Does)] = &[
        ("nothing", |_, _, _| {}),
        ("paused", |w, s, _| drop(w.run(Command::Pause(s)))),
        ("resumed", |w, s, _| drop(w.run(Command::Resume(s)))),
        ("resumed and its tick has run", |w, s, _| {
            w.run(Command::Resume(s));
            w.ticks();
        }),
        ("corked", |w, s, _| drop(w.run(Command::Cork(s)))),
        ("corked twice", |w, s, _| {
            w.run(Command::Cork(s));
            w.run(Command::Cork(s));
        }),
        ("one byte is written", |w, s, _| drop(w.run(write(s, 1, None)))),
        ("two bytes are written", |w, s, _| drop(w.run(write(s, 2, None)))),
        ("two writes", |w, s, _| {
            w.run(write(s, 1, None));
            w.run(write(s, 1, None));
        }),
        ("a write with a callback", |w, s, _| drop(w.run(write(s, 1, Some(1))))),
        ("a write with another", |w, s, _| drop(w.run(write(s, 1, Some(2))))),
        ("ended", |w, s, _| drop(w.run(Command::End(s, None, None)))),
        ("destroyed", |w, s, _| drop(w.run(Command::Destroy(s, None)))),
        ("a chunk of three", |w, _, h| w.complete(Completion::Read(h, Bytes::from_static(b"abc")))),
        ("chunks of one and two", |w, _, h| {
            w.complete(Completion::Read(h, Bytes::from_static(b"a")));
            w.complete(Completion::Read(h, Bytes::from_static(b"bc")));
        }),
        ("chunks of two and one", |w, _, h| {
            w.complete(Completion::Read(h, Bytes::from_static(b"ab")));
            w.complete(Completion::Read(h, Bytes::from_static(b"c")));
        }),
        ("a big chunk and a small one", |w, s, h| {
            w.run(Command::Pause(s));
            w.complete(Completion::Read(h, vec![0; 40_000].into()));
            w.complete(Completion::Read(h, vec![0; 1].into()));
        }),
        ("a small chunk and a big one", |w, s, h| {
            w.run(Command::Pause(s));
            w.complete(Completion::Read(h, vec![0; 1].into()));
            w.complete(Completion::Read(h, vec![0; 40_000].into()));
        }),
        ("FIN", |w, _, h| w.complete(Completion::Eof(h))),
        ("a listener", |w, s, _| drop(w.run(listen(s, EventKind::End, 1, false)))),
        ("another listener", |w, s, _| drop(w.run(listen(s, EventKind::End, 2, false)))),
        ("a listener of another event", |w, s, _| drop(w.run(listen(s, EventKind::Close, 1, false)))),
        ("a listener for once", |w, s, _| drop(w.run(listen(s, EventKind::End, 1, true)))),
        ("two listeners", |w, s, _| {
            w.run(listen(s, EventKind::End, 1, false));
            w.run(listen(s, EventKind::End, 2, false));
        }),
        ("two listeners the other way round", |w, s, _| {
            w.run(listen(s, EventKind::End, 2, false));
            w.run(listen(s, EventKind::End, 1, false));
        }),
        ("an idle timeout", |w, s, _| drop(w.run(Command::SetTimeout(s, 10.0)))),
        ("a longer one", |w, s, _| drop(w.run(Command::SetTimeout(s, 11.0)))),
        ("a timer", |w, _, _| drop(w.run(Command::StartTimer { ms: 10.0, repeat: false }))),
        ("an interval", |w, _, _| drop(w.run(Command::StartTimer { ms: 10.0, repeat: true }))),
        ("two timers", |w, _, _| {
            w.run(Command::StartTimer { ms: 10.0, repeat: false });
            w.run(Command::StartTimer { ms: 20.0, repeat: false });
        }),
        ("two timers that began the other way round", |w, _, _| {
            w.run(Command::StartTimer { ms: 20.0, repeat: false });
            w.run(Command::StartTimer { ms: 10.0, repeat: false });
        }),
        ("unreferenced", |w, s, _| drop(w.run(Command::Ref(s, false)))),
        ("no delay", |w, s, _| drop(w.run(Command::SetNoDelay(s, true)))),
        ("a type of service", |w, s, _| drop(w.run(Command::SetTypeOfService(s, 4)))),
        ("an encoding", |w, s, _| drop(w.run(Command::SetEncoding(s, netfold_core::Encoding::Utf8, None)))),
        ("another encoding", |w, s, _| drop(w.run(Command::SetEncoding(s, netfold_core::Encoding::Hex, None)))),
        ("half a character", |w, s, h| {
            w.run(Command::SetEncoding(s, netfold_core::Encoding::Utf8, None));
            w.complete(Completion::Read(h, Bytes::from_static(b"\xe2")));
        }),
        ("retained", |w, s, _| drop(w.run(Command::Retain(s)))),
        ("a second socket", |w, _, _| {
            w.socket(SocketOptions::default());
        }),
        ("a second socket that may be half open", |w, _, _| {
            w.socket(SocketOptions { allow_half_open: true, ..SocketOptions::default() });
        }),
        ("a server", |w, _, _| drop(w.run(Command::NewServer(ServerOptions::default())))),
        ("a server that listens", |w, _, _| {
            let Some(Outcome::Server(id)) = w.run(Command::NewServer(ServerOptions::default())) else { panic!() };
            w.run(Command::Listen(id, ListenOn::Path { path: "a".into(), backlog: 1 }));
        }),
        ("inside a listener", |w, s, h| {
            w.run(listen(s, EventKind::Data, 1, false));
            w.ticks();
            w.core.complete(Completion::Read(h, Bytes::from_static(b"a"))).expect("it reads");
            while !matches!(w.core.step(), Step::Emit(_)) {}
        }),
    ];
    let keys: Vec<(&str, u128, Core)> = states
        .iter()
        .map(|(name, does)| {
            let (mut walk, socket, handle) = connected(0);
            walk.replies = 1;
            does(&mut walk, socket, handle);
            (*name, walk.core.state_key(), walk.core)
        })
        .collect();
    for (at, (name, key, core)) in keys.iter().enumerate() {
        for (other_name, other, other_core) in &keys[at + 1..] {
            assert_ne!(key, other, "{name} / {other_name}");
            assert!(!core.same_state(other_core), "{name} / {other_name}");
        }
    }
    let narrow = Core::new(Limits { sockets: 1, ..Limits::DEFAULT });
    assert_ne!(narrow.state_key(), Core::default().state_key());
}

fn write(socket: SocketId, len: usize, callback: Option<u32>) -> Command {
    Command::Write(socket, Bytes::from(vec![0; len]).into(), callback.map(netfold_core::CallbackId))
}

fn listen(socket: SocketId, event: EventKind, listener: u32, once: bool) -> Command {
    Command::On { target: socket.into(), event, listener: ListenerId(listener), once, prepend: false }
}

/// The key is the same on every system and in every build.
#[test]
fn the_key_depends_on_nothing_but_the_state() {
    let (walk, ..) = connected(3);
    assert_eq!(format!("{:032x}", Core::default().state_key()), "abca895cbbd9830ef39e95e103785a0b");
    assert_eq!(format!("{:032x}", walk.core.state_key()), "67c2bd2d8482c3c3169436b09bbe5467");
}
