//! A server and its clients on two computers, and what goes wrong with them at random: whatever it is, what must hold holds, and
//! when all is well again everything comes to its end.

use crate::chooser::Chooser;
use crate::faults::{Script, Troubles};
use crate::observer::Observer;
use crate::program::{Memory, look_at};
use crate::programs::Programs;
use crate::world::{Process, World, WorldOptions};
use netfold::core::trace::Payload;
use netfold::{EventKind, Limits, Net, Recording, Server, ServerOptions, Socket};
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;

/// When all is well again, in milliseconds.
const HORIZON: u64 = 60_000;

/// When it must be over: every timer of TCP's has rung by then.
const END: u64 = 4_000_000;

/// What a program has: nobody keeps it when it is killed.
struct State {
    world: World,
    observer: Observer,
    /// The codes of the errors that sockets and servers had.
    errors: Rc<RefCell<BTreeSet<String>>>,
    over: bool,
}

type Loop = Net<State, Process>;

fn choose(net: &Loop, label: &'static str, n: u32) -> u32 {
    net.state.world.chooser().choose(label, n)
}

/// What the run has seen: an observer for each time that a program began, with its process and what it recorded.
#[derive(Clone, Default)]
struct Seen {
    begun: Rc<RefCell<Vec<(Process, Observer, Memory)>>>,
    errors: Rc<RefCell<BTreeSet<String>>>,
    recorded: bool,
}

/// What came of a run.
#[derive(Clone, Debug)]
pub struct Ran {
    /// What did not hold: a rule, or the name of what was watched, and what was seen.
    pub problems: Vec<(String, String)>,
    /// In which process, counted as the traces are, and behind which of its inputs the first of it showed, if it is a rule.
    pub broken_at: Option<(usize, u64)>,
    /// What went wrong, and when.
    pub script: Script,
    /// The codes of the errors that sockets and servers had.
    pub errors: BTreeSet<String>,
    /// The name of each process that there was, in the order in which they began, and its trace; none if it was not
    /// recorded.
    pub traces: Vec<(String, Vec<u8>)>,
}

impl Seen {
    fn begins(&self, process: Process) -> Loop {
        let (observer, memory) = (Observer::new(), Memory::default());
        self.begun.borrow_mut().push((process.clone(), observer.clone(), memory.clone()));
        let state = State { world: process.world(), observer, errors: self.errors.clone(), over: false };
        if self.recorded {
            let recording = Recording::to(memory).payload(Payload::Full, Payload::Full);
            return Net::with_host_recorded(state, process, Limits::DEFAULT, recording);
        }
        Net::with_host(state, process, Limits::DEFAULT)
    }

    /// What did not hold: of what was killed only what it did until then.
    fn problems(&self, world: &World, problems: &mut Vec<(String, String)>) -> Option<(usize, u64)> {
        let mut broken_at = None;
        for (at, (process, observer, memory)) in self.begun.borrow().iter().enumerate() {
            let name = process.name();
            if self.recorded {
                match look_at(&memory.bytes(), false) {
                    Ok(broken) => {
                        let first = broken.first().filter(|_| problems.is_empty());
                        broken_at = broken_at.or(first.map(|broken| (at, broken.input)));
                        problems.extend(broken.iter().map(|b| (b.rule.to_string(), format!("{name}: {b}"))));
                    }
                    Err(error) => problems.push(("replay".into(), format!("{name}: {error}"))),
                }
            }
            let found = if process.is_alive() { observer.over(world) } else { observer.problems() };
            problems.extend(found.into_iter().map(|problem| (kind_of(&problem), format!("{name}: {problem}"))));
        }
        broken_at
    }
}

/// What an observer found without the names in it.
fn kind_of(problem: &str) -> String {
    let what = problem.rsplit(": ").next().unwrap_or(problem);
    what.chars().filter(|c| !c.is_ascii_digit()).collect()
}

fn lives(net: &mut Loop, socket: Socket, name: &str) {
    let observer = net.state.observer.clone();
    observer.socket(net, socket, name);
    socket.on_error(net, |net, _, error| {
        net.state.errors.borrow_mut().insert(error.code().to_string());
    });
    socket.resume(net);
    if choose(net, "keep-alive", 2) == 1 {
        socket.set_keep_alive(net, true, 1_000);
    }
    for _ in 0..choose(net, "writes", 4) {
        let len = [1, 100, 20_000][choose(net, "size", 3) as usize];
        let after = [0.0, 50.0, 3_000.0][choose(net, "when", 3) as usize];
        net.set_timeout(after, move |net| {
            let callback = net.state.observer.callback();
            socket.write_then(net, vec![7; len], callback);
        });
    }
    let after = [10.0, 4_000.0, 40_000.0][choose(net, "lasts", 3) as usize];
    match choose(net, "how", 3) {
        0 => drop(net.set_timeout(after, move |net| socket.end(net))),
        1 => drop(net.set_timeout(after, move |net| socket.destroy(net))),
        _ => {}
    }
    // Nothing is left for ever: who waits for a peer that is gone without notice has a limit.
    socket.set_timeout_then(net, 100_000.0, |net, socket| socket.destroy(net)).expect("a limit");
}

fn server(mut net: Loop) -> Loop {
    let server = net.server(ServerOptions::default());
    server.on_connection(&mut net, |net, socket| lives(net, socket, "accepted"));
    listens(&mut net, server);
    net
}

/// Listens, and if that cannot be, again later.
fn listens(net: &mut Loop, server: Server) {
    let again = move |net: &mut Loop, server: Server, error: netfold::SharedError| {
        net.state.errors.borrow_mut().insert(format!("listen {}", error.code()));
        net.set_timeout(1_000.0, move |net| {
            if !net.state.over {
                server.listen(net, ("10.0.0.1", 80)).expect("a server");
            }
        });
    };
    server.on_error(net, again);
    server.listen(net, ("10.0.0.1", 80)).expect("a server");
    net.set_timeout(HORIZON as f64 * 2.0, move |net| {
        net.state.over = true;
        server.close(net);
    });
}

fn client(mut net: Loop) -> Loop {
    for number in 0..1 + choose(&net, "clients", 4) {
        let after = f64::from(choose(&net, "begins", 8)) * 8_000.0;
        net.set_timeout(after, move |net| {
            let to = ["10.0.0.1", "server.test"][choose(net, "to", 2) as usize];
            let socket = net.connect((to, 80)).expect("a socket");
            lives(net, socket, &format!("client {number}"));
            socket.on(net, EventKind::Close, |_, _, _| {});
        });
    }
    net
}

/// A run, in which everything is as the chooser says. If it is recorded, [`rules`](crate::rules) look at it too.
///
/// ```
/// use netfold_sim::{Chooser, troubled};
///
/// let ran = troubled::run(&Chooser::seed(7), true);
/// assert_eq!(ran.problems, []);
/// ```
pub fn run(chooser: &Chooser, recorded: bool) -> Ran {
    let seen = Seen { recorded, ..Seen::default() };
    let troubles = Troubles { computers: &["s", "c"], processes: &["server", "client"], horizon: HORIZON };
    let script = Script::choose(chooser, &troubles);
    let buffers = [1_000_000, 5_000, 64][chooser.choose("buffers", 3) as usize];
    let options = WorldOptions { send_buffer: buffers, receive_buffer: buffers, ..WorldOptions::default() };
    let world = World::with(chooser.clone(), options);
    let (s, c) = (world.computer("s", &["10.0.0.1"]), world.computer("c", &["10.0.0.2"]));
    world.resolve("server.test", Ok(vec!["10.0.0.9".parse().expect("an address"), "10.0.0.1".parse().expect("one")]));
    world.set_script(script.clone());
    let mut programs = Programs::new(&world);
    let begins = seen.clone();
    programs.add("server", &s, move |process| Box::new(server(begins.begins(process))));
    let begins = seen.clone();
    programs.add("client", &c, move |process| Box::new(client(begins.begins(process))));
    let ran = programs.run(END);
    let mut problems: Vec<(String, String)> =
        ran.err().map(|error| ("run".to_string(), error.to_string())).into_iter().collect();
    if !programs.are_over() {
        let left = format!("it goes on after {} ms: {programs:?}, {:?}", world.now(), world.left());
        problems.push(("it goes on".into(), left));
    }
    drop(programs);
    let broken_at = seen.problems(&world, &mut problems);
    let traces = seen.begun.borrow().iter().map(|(process, _, memory)| (process.name(), memory.bytes())).collect();
    let errors = seen.errors.take();
    Ran { problems, broken_at, script, errors, traces: if recorded { traces } else { Vec::new() } }
}
