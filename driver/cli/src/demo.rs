//! `netfold demo`: the main job, from sockets to a verified replay.

use crate::replay::verdict;
use crate::{Ended, read_trace};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use netfold::core::trace::replay;
use netfold::{Address, Connect, Listen, Net, Recording, Server, Socket, System};
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Instant;

#[derive(Args)]
pub struct Demo {
    /// How many clients, half of them over TCP and half over a Unix socket
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(2..=5000))]
    clients: u32,
    /// How many messages each client sends, waiting for the echo of each
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    rounds: u32,
    /// Keep the trace in this file
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
}

/// The longest message, in bytes: more than one read takes.
const LONGEST: usize = 100_000;
/// How many 'data' events of a socket that is watched are shown.
const SHOWN_DATA: u32 = 2;

struct State {
    bar: Option<ProgressBar>,
    clients: u32,
    closed: u32,
    echoed: u64,
    messages: u64,
    wrong: Option<String>,
}

type Loop = Net<State, System>;

/// What a client still expects to come back, and how many messages it has yet to send.
struct Client {
    number: u32,
    expected: VecDeque<u8>,
    left: u32,
    shown: u32,
}

impl Demo {
    pub fn run(self) -> Ended {
        let scratch = Scratch::new()?;
        let trace = self.record.clone().unwrap_or_else(|| scratch.0.join("demo.trace"));
        let recording = Recording::create(&trace).map_err(|error| format!("{}: {error}", trace.display()))?;
        let state = State {
            bar: std::io::stdout().is_terminal().then(|| progress(self.clients)),
            clients: self.clients,
            closed: 0,
            echoed: 0,
            messages: 0,
            wrong: None,
        };
        let mut net = Net::recorded(state, recording)?;
        let began = Instant::now();
        self.start(&mut net, &scratch.0.join("demo.sock"));
        net.run()?;
        net.finish_recording()?;
        if let Some(bar) = &net.state.bar {
            bar.finish_and_clear();
        }
        let seconds = began.elapsed().as_secs_f64();
        self.check(&net)?;
        self.summarize(&net, seconds);
        verify(&trace)
    }

    /// Two servers with one listener each; when one listens, its clients.
    fn start(&self, net: &mut Loop, path: &Path) {
        let (clients, rounds) = (self.clients, self.rounds);
        let over_tcp = clients.div_ceil(2);
        let parts = [(Listen::port(0).host("127.0.0.1"), 0..over_tcp), (Listen::path(path), over_tcp..clients)];
        for (listen, numbers) in parts {
            let server = net.create_server(serve);
            server.on_error(net, |_, _, error| panic!("{error}"));
            server.listen_then(net, listen, move |net, server| {
                let address = server.address(net);
                say(net, format!("server: listening on {}", shown(&address)));
                let left = Rc::new(Cell::new(numbers.len() as u32));
                for number in numbers.clone() {
                    connect(net, server, &address, number, rounds, left.clone());
                }
            });
        }
    }

    fn check(&self, net: &Loop) -> Ended {
        let census = net.core().census();
        if let Some(wrong) = &net.state.wrong {
            return Err(wrong.clone().into());
        }
        if net.state.closed != self.clients {
            return Err(format!("{} of {} clients came to their end", net.state.closed, self.clients).into());
        }
        if census.handles > 0 || census.ticks > 0 {
            return Err(format!("something is left open: {census:?}").into());
        }
        Ok(())
    }

    fn summarize(&self, net: &Loop, seconds: f64) {
        let State { echoed, messages, .. } = net.state;
        let place = net.place();
        println!(
            "{} clients, {messages} messages, {:.1} MB echoed byte for byte in {seconds:.2} s: {} turns, {} ticks",
            self.clients,
            echoed as f64 / 1e6,
            place.turn,
            place.tick
        );
    }
}

/// The server's side: what comes in goes back, with backpressure.
fn serve(net: &mut Loop, socket: Socket) {
    socket.on_data(net, |net, socket, chunk| {
        if !socket.write(net, chunk) {
            socket.pause(net);
        }
    });
    socket.on_drain(net, |net, socket| socket.resume(net));
    socket.on_error(net, |net, _, error| net.state.wrong = Some(format!("server: {error}")));
}

fn connect(net: &mut Loop, server: Server, address: &Address, number: u32, rounds: u32, left: Rc<Cell<u32>>) {
    let to = match address {
        Address::Tcp(address) => Connect::from(*address),
        Address::Path(path) => Connect::path(path),
        Address::None => return,
    };
    let kind = if matches!(address, Address::Tcp(_)) { "tcp" } else { "unix" };
    let socket = match net.connect(to) {
        Ok(socket) => socket,
        Err(error) => return net.state.wrong = Some(error.to_string()),
    };
    // One client of each kind is shown event by event.
    let watched = number == 0 || number == net.state.clients.div_ceil(2);
    let client = Rc::new(RefCell::new(Client { number, expected: VecDeque::new(), left: rounds, shown: 0 }));
    if watched {
        watch(net, socket, kind);
    }
    let state = client.clone();
    socket.on_connect(net, move |net, socket| send(net, socket, &state));
    let state = client.clone();
    socket.on_data(net, move |net, socket, chunk| {
        let mut client = state.borrow_mut();
        let fits =
            client.expected.len() >= chunk.len() && client.expected.drain(..chunk.len()).eq(chunk.iter().copied());
        if !fits {
            net.state.wrong = Some(format!("client {number} got back what it did not send"));
            return socket.destroy(net);
        }
        net.state.echoed += chunk.len() as u64;
        client.shown += 1;
        if watched && client.shown <= SHOWN_DATA {
            say(net, format!("{kind} client: data, {} bytes", chunk.len()));
        }
        let answered = client.expected.is_empty();
        drop(client);
        if answered {
            send(net, socket, &state);
        }
    });
    socket.on_error(net, move |net, _, error| net.state.wrong = Some(format!("client {number}: {error}")));
    socket.on_close(net, move |net, _, _| {
        net.state.closed += 1;
        if let Some(bar) = &net.state.bar {
            bar.inc(1);
        }
        left.set(left.get() - 1);
        if left.get() == 0 {
            server.close_then(net, move |net, _, _| say(net, format!("{kind} server: close")));
        }
    });
}

/// The next message, or the end.
fn send(net: &mut Loop, socket: Socket, client: &Rc<RefCell<Client>>) {
    let mut this = client.borrow_mut();
    if this.left == 0 {
        drop(this);
        return socket.end(net);
    }
    this.left -= 1;
    net.state.messages += 1;
    let message = message(this.number, this.left);
    this.expected.extend(&message);
    drop(this);
    socket.write(net, message);
}

/// A message of a length and content of its own, the same in every run.
fn message(client: u32, round: u32) -> Vec<u8> {
    let mut x = u64::from(client) << 32 | u64::from(round) | 1;
    let mut next = move || {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        x
    };
    let long = next().is_multiple_of(50);
    let len = 1 + (next() as usize) % if long { LONGEST } else { 2000 };
    (0..len).map(|_| next() as u8).collect()
}

fn watch(net: &mut Loop, socket: Socket, kind: &'static str) {
    socket.on_connect(net, move |net, _| say(net, format!("{kind} client: connect")));
    socket.on_ready(net, move |net, _| say(net, format!("{kind} client: ready")));
    socket.on_end(net, move |net, _| say(net, format!("{kind} client: end")));
    socket.on_finish(net, move |net, _| say(net, format!("{kind} client: finish")));
    socket.on_close(net, move |net, _, error| say(net, format!("{kind} client: close, by an error: {error:?}")));
}

/// A line: above the bar on a terminal, else plain.
fn say(net: &Loop, line: String) {
    match &net.state.bar {
        Some(bar) => bar.println(line),
        None => println!("{line}"),
    }
}

fn shown(address: &Address) -> String {
    match address {
        Address::Tcp(address) => address.to_string(),
        Address::Path(_) => String::from("a Unix socket"),
        Address::None => String::from("nothing"),
    }
}

fn progress(clients: u32) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} clients done").expect("the template is right");
    ProgressBar::new(u64::from(clients)).with_style(style)
}

/// Reads the trace back and replays it.
fn verify(path: &Path) -> Ended {
    let trace = read_trace(path)?;
    let bytes = std::fs::metadata(path)?.len();
    let began = Instant::now();
    let replayed = replay(&trace)?;
    let seconds = began.elapsed().as_secs_f64();
    println!(
        "trace of {:.2} MB, {} inputs; replayed {} steps and {} events in {seconds:.2} s",
        bytes as f64 / 1e6,
        replayed.inputs,
        replayed.steps,
        replayed.events
    );
    if trace.torn().is_some() || !replayed.finished {
        return Err(verdict(&trace, &replayed).into());
    }
    println!("{}", verdict(&trace, &replayed));
    Ok(())
}

/// A folder of the demo's own, gone when it ends.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> std::io::Result<Self> {
        let path = std::env::temp_dir().join(format!("netfold-demo-{}", std::process::id()));
        std::fs::create_dir_all(&path)?;
        Ok(Self(path))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _left_behind = std::fs::remove_dir_all(&self.0);
    }
}
