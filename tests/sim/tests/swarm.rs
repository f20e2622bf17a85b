//! Random programs in random worlds: what must hold holds, and each run can be had again.

use netfold::core::trace::{Record, Replayed, Trace, replay};
use netfold::{Connect, EventKind, Limits, Listen, Net, Recording, Server, ServerOptions, Socket, SocketOptions};
use netfold_sim::{Chooser, Observer, Tape, World, WorldOptions};
use std::cell::RefCell;
use std::io::Write;
use std::rc::Rc;

/// When whatever is left is destroyed, in milliseconds.
const HORIZON: f64 = 20_000.0;

struct Program {
    world: World,
    observer: Observer,
    destroys: Vec<Destroy>,
}

type Loop = Net<Program, World>;
type Destroy = Rc<dyn Fn(&mut Loop)>;

impl Program {
    fn choose(&self, label: &'static str, n: u32) -> u32 {
        self.world.chooser().choose(label, n)
    }
}

/// A sink that the test can look into.
#[derive(Clone, Default)]
struct Memory(Rc<RefCell<Vec<u8>>>);

impl Write for Memory {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// What both ends of a connection do: send, at times stop reading, and come to an end one way or another.
fn lives(net: &mut Loop, socket: Socket, name: &str, sends: netfold_sim::Stream) {
    let observer = net.state.observer.clone();
    observer.socket(net, socket, name);
    for _ in 0..net.state.choose("writes", 4) {
        let len = [1, 100, 5_000, 40_000][net.state.choose("size", 4) as usize];
        let chunk = sends.chunk(len);
        socket.write_then(net, chunk, observer.callback());
    }
    if net.state.choose("pauses", 3) == 1 {
        socket.pause(net);
        net.set_timeout(50.0, move |net| socket.resume(net));
    }
    let after = [0.0, 1.0, 20.0, 500.0][net.state.choose("when", 4) as usize];
    let how = net.state.choose("how", 5);
    let cuts = sends.clone();
    let destroys = move |net: &mut Loop| {
        cuts.cut();
        socket.destroy(net);
    };
    net.state.destroys.push(Rc::new(destroys.clone()));
    match how {
        0 => drop(net.set_timeout(after, move |net| socket.end(net))),
        1 => drop(net.set_timeout(after, destroys)),
        2 => {
            net.set_timeout(after, move |net| {
                sends.cut();
                // A Unix socket cannot be reset.
                if socket.reset_and_destroy(net).is_err() {
                    socket.destroy(net);
                }
            });
        }
        3 => {
            net.set_timeout(after, move |net| {
                if socket.destroyed(net) {
                    sends.cut();
                }
                let (last, callback) = (sends.chunk(3_000), net.state.observer.callback());
                socket.end_with_then(net, last, callback);
            });
        }
        _ => drop(socket.set_timeout_then(net, after + 5.0, move |net, _| destroys(net))),
    }
}

fn reads(net: &mut Loop, socket: Socket, receives: netfold_sim::Stream) {
    let ends = receives.clone();
    socket.on_data(net, move |_, _, chunk| receives.received(&chunk));
    socket.on(net, EventKind::End, move |_, _, _| ends.ended());
}

fn listens(net: &mut Loop, server: Server, to: Connect, clients: u32) {
    let left = Rc::new(RefCell::new(clients));
    for number in 0..clients {
        let half_open = net.state.choose("half-open", 2) == 1;
        let client = net.socket(SocketOptions { allow_half_open: half_open, ..Default::default() }).expect("a socket");
        let observer = net.state.observer.clone();
        client.connect(net, to.clone()).expect("it connects");
        lives(net, client, &format!("client {number}"), observer.stream(&format!("client {number}")));
        client.resume(net);
        let left = left.clone();
        client.on(net, EventKind::Close, move |net, _, _| {
            *left.borrow_mut() -= 1;
            if *left.borrow() == 0 {
                server.close(net);
            }
        });
    }
}

/// One client and one accepted socket, whose streams are known to both.
fn pair(net: &mut Loop, server: Server, to: Connect) {
    let observer = net.state.observer.clone();
    let (up, down) = (observer.stream("up"), observer.stream("down"));
    let client = net.connect(to).expect("a socket");
    lives(net, client, "client", up.clone());
    reads(net, client, down.clone());
    server.on_connection(net, move |net, socket| {
        lives(net, socket, "accepted", down.clone());
        reads(net, socket, up.clone());
    });
    client.on(net, EventKind::Close, move |net, _, _| server.close(net));
}

/// What came of a run: what did not hold, all inputs, and what a replay of them says of the outputs.
#[derive(PartialEq)]
struct Ran {
    problems: Vec<String>,
    inputs: Vec<Record>,
    outputs: Replayed,
}

/// Runs a program in the world of this chooser, with a trace.
fn run_traced(chooser: Chooser) -> Ran {
    let memory = Memory::default();
    let problems = run(chooser, Some(memory.clone()));
    let trace = Trace::parse(memory.0.take()).expect("a trace");
    let inputs = trace.records().collect::<Result<_, _>>().expect("inputs");
    Ran { problems, inputs, outputs: replay(&trace).expect("the replay puts out the same") }
}

/// Runs a program in the world of this chooser: what did not hold.
fn run(chooser: Chooser, memory: Option<Memory>) -> Vec<String> {
    let buffers = [1_000_000, 10_000, 64, 1][chooser.choose("buffers", 4) as usize];
    let options = WorldOptions {
        send_buffer: buffers,
        receive_buffer: buffers,
        unix_buffer: buffers.max(1_000),
        ..WorldOptions::default()
    };
    let world = World::with(chooser, options);
    let observer = Observer::new();
    let state = Program { world: world.clone(), observer: observer.clone(), destroys: Vec::new() };
    let mut net = match memory {
        Some(memory) => Net::with_host_recorded(state, world.clone(), Limits::DEFAULT, Recording::to(memory)),
        None => Net::with_host(state, world.clone(), Limits::DEFAULT),
    };
    let (on, to): (Listen, Connect) = match net.state.choose("kind", 2) {
        0 => (("127.0.0.1", 80).into(), ("127.0.0.1", 80).into()),
        _ => ("/tmp/swarm".into(), "/tmp/swarm".into()),
    };
    let half_open = net.state.choose("half-open", 2) == 1;
    let socket = SocketOptions { allow_half_open: half_open, ..Default::default() };
    let server = net.server(ServerOptions { socket, pause_on_connect: false });
    server.listen(&mut net, on).expect("a server");
    server.on_listening(&mut net, move |net, server| match net.state.choose("shape", 2) {
        0 => pair(net, server, to.clone()),
        _ => {
            server.on_connection(net, |net, socket| {
                let stream = net.state.observer.stream("accepted");
                lives(net, socket, "accepted", stream);
                socket.resume(net);
            });
            let clients = 1 + net.state.choose("clients", 4);
            listens(net, server, to.clone(), clients);
        }
    });
    net.set_timeout(HORIZON, |net| std::mem::take(&mut net.state.destroys).iter().for_each(|destroy| destroy(net)));
    let ran = net.run();
    drop(net);
    let mut problems = observer.over(&world);
    problems.extend(ran.err().map(|error| error.to_string()));
    problems
}

#[test]
fn what_must_hold_holds_in_every_seed() {
    for seed in 0..2_000 {
        let chooser = Chooser::seed(seed).recording();
        let problems = run(chooser.clone(), None);
        assert!(problems.is_empty(), "seed {seed}: {problems:#?}\n{}", chooser.recorded());
    }
}

#[test]
fn a_seed_and_its_tape_give_the_same_run_to_the_last_output() {
    for seed in 0..100 {
        let chooser = Chooser::seed(seed).recording();
        let first = run_traced(chooser.clone());
        assert!(first.inputs.len() > 10, "a trace");
        assert!(run_traced(Chooser::seed(seed)) == first, "seed {seed}, once more");
        let tape: Tape = chooser.recorded().to_string().parse().expect("a tape");
        let again = Chooser::tape(tape);
        assert!(run_traced(again.clone()) == first, "seed {seed}, from its tape");
        assert_eq!(again.failed(), None);
    }
}

#[test]
fn another_seed_is_another_run() {
    let mut seen: Vec<Vec<Record>> = Vec::new();
    for seed in 0..100 {
        let Ran { inputs, .. } = run_traced(Chooser::seed(seed));
        if !seen.contains(&inputs) {
            seen.push(inputs);
        }
    }
    assert!(seen.len() > 90, "{} of 100", seen.len());
}

#[test]
fn fuzz_bytes_make_runs_too() {
    for first in 0..=255 {
        let bytes: Vec<u8> = (0..200_u32).map(|at| (at * 37 + first * 11 + at * at / 3) as u8).collect();
        let problems = run(Chooser::bytes(bytes), None);
        assert!(problems.is_empty(), "{first}: {problems:#?}");
    }
}
