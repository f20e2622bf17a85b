//! Several programs, and what goes wrong with them at random: whatever it is, what must hold holds, and when all is well again
//! everything comes to its end.

use netfold::{EventKind, Limits, Net, Server, ServerOptions, Socket};
use netfold_sim::{Chooser, Observer, Process, Programs, Script, Tape, Troubles, World, WorldOptions};
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

/// What the run has seen: an observer for each time that a program began, with its process.
#[derive(Clone, Default)]
struct Seen {
    begun: Rc<RefCell<Vec<(Process, Observer)>>>,
    errors: Rc<RefCell<BTreeSet<String>>>,
}

impl Seen {
    fn begins(&self, process: Process) -> Loop {
        let observer = Observer::new();
        self.begun.borrow_mut().push((process.clone(), observer.clone()));
        let state = State { world: process.world(), observer, errors: self.errors.clone(), over: false };
        Net::with_host(state, process, Limits::DEFAULT)
    }

    /// What did not hold: of what was killed only what it did until then.
    fn problems(&self, world: &World) -> Vec<String> {
        let mut problems = Vec::new();
        for (process, observer) in self.begun.borrow().iter() {
            let name = process.name();
            let found = if process.is_alive() { observer.over(world) } else { observer.problems() };
            problems.extend(found.into_iter().map(|problem| format!("{name}: {problem}")));
        }
        problems
    }
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

/// One run: what did not hold, and what went wrong.
fn run(chooser: Chooser) -> (Vec<String>, Script) {
    run_seen(chooser, &Seen::default())
}

fn run_seen(chooser: Chooser, seen: &Seen) -> (Vec<String>, Script) {
    let troubles = Troubles { computers: &["s", "c"], processes: &["server", "client"], horizon: HORIZON };
    let script = Script::choose(&chooser, &troubles);
    let buffers = [1_000_000, 5_000, 64][chooser.choose("buffers", 3) as usize];
    let options = WorldOptions { send_buffer: buffers, receive_buffer: buffers, ..WorldOptions::default() };
    let world = World::with(chooser, options);
    let (s, c) = (world.computer("s", &["10.0.0.1"]), world.computer("c", &["10.0.0.2"]));
    world.resolve("server.test", Ok(vec!["10.0.0.9".parse().expect("an address"), "10.0.0.1".parse().expect("one")]));
    world.set_script(script.clone());
    let mut programs = Programs::new(&world);
    let begins = seen.clone();
    programs.add("server", &s, move |process| Box::new(server(begins.begins(process))));
    let begins = seen.clone();
    programs.add("client", &c, move |process| Box::new(client(begins.begins(process))));
    let ran = programs.run(END);
    let mut problems: Vec<String> = ran.err().map(|error| error.to_string()).into_iter().collect();
    if !programs.are_over() {
        problems.push(format!("it goes on after {} ms: {programs:?}, {:?}", world.now(), world.left()));
    }
    problems.extend(seen.problems(&world));
    (problems, script)
}

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

#[test]
fn whatever_goes_wrong_everything_comes_to_its_end() {
    let (first, seeds) = (number("SIM_SEED", 0), number("SIM_SEEDS", 500));
    for seed in first..first + seeds {
        let chooser = Chooser::seed(seed).recording();
        let (problems, script) = run(chooser.clone());
        assert!(problems.is_empty(), "seed {seed}: {problems:#?}\n{script}\n{}", chooser.recorded());
    }
}

#[test]
fn programs_see_every_kind_of_trouble() {
    let errors = Rc::default();
    for seed in 0..400 {
        let seen = Seen { errors: Rc::clone(&errors), ..Seen::default() };
        run_seen(Chooser::seed(seed), &seen);
    }
    let expected = [
        "EADDRNOTAVAIL",
        "EAI_AGAIN",
        "ECONNREFUSED",
        "ECONNRESET",
        "EHOSTUNREACH",
        "EMFILE",
        "ENETUNREACH",
        "ENFILE",
        "ENOTFOUND",
        "EPIPE",
        "ETIMEDOUT",
    ];
    for code in expected {
        assert!(errors.borrow().contains(code), "no {code} among {:?}", errors.borrow());
    }
}

#[test]
fn a_run_with_faults_can_be_had_again_from_its_tape() {
    for seed in 0..20 {
        let chooser = Chooser::seed(seed).recording();
        let (_, script) = run(chooser.clone());
        let tape: Tape = chooser.recorded().to_string().parse().expect("a tape");
        let again = Chooser::tape(tape.clone()).recording();
        assert_eq!(run(again.clone()).1, script);
        assert_eq!((again.failed(), again.recorded()), (None, tape));
    }
}

#[test]
fn each_family_of_faults_is_off_in_some_seeds_and_on_in_others() {
    let troubles = Troubles { computers: &["s", "c"], processes: &["server", "client"], horizon: HORIZON };
    let scripts: Vec<String> =
        (0..200).map(|seed| Script::choose(&Chooser::seed(seed), &troubles).to_string()).collect();
    for family in
        ["cut", "unreachable", "latency", "crash", "kill", "stop", "descriptors", "files", "ports", "resolver"]
    {
        let on = scripts.iter().filter(|text| text.contains(&format!(" {family}"))).count();
        assert!((10..190).contains(&on), "{family} in {on} of 200");
    }
    for text in scripts {
        assert_eq!(text.parse::<Script>().expect("a script").to_string(), text);
    }
}
