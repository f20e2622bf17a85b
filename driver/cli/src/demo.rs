//! `netfold demo`: the main job, from sockets to a verified replay.

use crate::Ended;
use crate::file::{create, named, read};
use crate::output::{self, Ascii, Bytes, Said, Time, no_loop};
use crate::replay::{object, verdict};
use crate::signals::on_signals;
use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use netfold::core::trace::{Replayed, replay};
use netfold::{Address, Connect, Listen, Net, Server, Socket, System};
use serde_json::{Value, json};
use signal_hook::iterator::Handle;
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::fmt::Display;
use std::io;
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
    #[command(flatten)]
    said: Said,
}

/// The longest message, in bytes: more than one read takes.
const LONGEST: usize = 100_000;
/// How many 'data' events of a socket that is watched are shown.
const SHOWN_DATA: u32 = 2;

struct State {
    said: Said,
    bar: Option<ProgressBar>,
    signals: Option<Handle>,
    clients: u32,
    closed: u32,
    servers: u32,
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
        let bar = (!self.said.json).then(|| progress(u64::from(self.clients) * u64::from(self.rounds)));
        let state = State {
            said: self.said,
            bar: bar.flatten(),
            signals: None,
            clients: self.clients,
            closed: 0,
            servers: 2,
            echoed: 0,
            messages: 0,
            wrong: None,
        };
        let mut net = Net::recorded(state, create(&trace)?).map_err(no_loop)?;
        net.state.signals = Some(on_signals(net.poster(), |net| fail(net, "stopped by a signal")).map_err(no_loop)?);
        let began = Instant::now();
        self.start(&mut net, &scratch.0.join("demo.sock"));
        let ran = net.run().and_then(|()| net.finish_recording());
        let seconds = began.elapsed().as_secs_f64();
        if let Some(bar) = &net.state.bar {
            bar.finish_and_clear();
        }
        ran.map_err(|error| named(&error, &trace))?;
        self.check(&net)?;
        let verified = verify(&trace)?;
        if self.said.json {
            return Ok(output::say(Ascii(&self.summary(&net, seconds, &verified).to_string()))?);
        }
        self.summarize(&net, seconds)?;
        verified.say()
    }

    /// Two servers with one listener each; when one listens, its clients.
    fn start(&self, net: &mut Loop, path: &Path) {
        let (clients, rounds) = (self.clients, self.rounds);
        let over_tcp = clients.div_ceil(2);
        let parts = [(Listen::port(0).host("127.0.0.1"), 0..over_tcp), (Listen::path(path), over_tcp..clients)];
        for (listen, numbers) in parts {
            let server = net.create_server(serve);
            server.on_error(net, |net, _, error| fail(net, format_args!("server: {error}{}", advice(error.code()))));
            // They all come at once; a Unix socket with a full backlog refuses them.
            server.listen_then(net, listen.backlog(clients), move |net, server| {
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
            return Err(format!("the demo failed: {wrong}").into());
        }
        if net.state.closed != self.clients {
            return Err(format!("{} of {} clients came to their end", net.state.closed, self.clients).into());
        }
        if census.handles > 0 || census.ticks > 0 {
            return Err(format!("something is left open: {census:?}").into());
        }
        Ok(())
    }

    fn summary(&self, net: &Loop, seconds: f64, verified: &Verified) -> Value {
        let State { echoed, messages, clients, .. } = net.state;
        let place = net.place();
        json!({
            "clients": clients, "messages": messages, "bytes": echoed, "seconds": seconds, "turns": place.turn,
            "ticks": place.tick, "trace": verified.bytes, "replay": object(&verified.replayed, verified.seconds),
        })
    }

    fn summarize(&self, net: &Loop, seconds: f64) -> Ended {
        let State { echoed, messages, clients, .. } = net.state;
        let place = net.place();
        output::say(format_args!(
            "{clients} clients, {messages} messages, {} echoed byte for byte in {} ({:.0} messages/s)",
            Bytes(echoed),
            Time(seconds),
            messages as f64 / seconds
        ))?;
        Ok(output::say(format_args!("{} turns, {} ticks", place.turn, place.tick))?)
    }
}

/// The first thing that goes wrong ends the demo.
fn fail(net: &mut Loop, what: impl Display) {
    net.state.wrong.get_or_insert_with(|| what.to_string());
    net.stop();
}

/// What to do about an error of this code; empty if there is nothing to say.
fn advice(code: &str) -> &'static str {
    match code {
        "EMFILE" | "ENFILE" => "; try fewer --clients, or allow more open files (ulimit -n)",
        "ENAMETOOLONG" => "; set TMPDIR to a folder with a shorter name",
        _ => "",
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
    socket.on_error(net, |net, _, error| fail(net, format_args!("server: {error}")));
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
        Err(error) => return fail(net, error),
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
            drop(client);
            socket.destroy(net);
            return fail(net, format_args!("client {number} got back what it did not send"));
        }
        net.state.echoed += chunk.len() as u64;
        client.shown += 1;
        if watched && client.shown <= SHOWN_DATA {
            say(net, format!("{kind} client: data, {} bytes", chunk.len()));
        }
        let answered = client.expected.is_empty();
        drop(client);
        if answered {
            if let Some(bar) = &net.state.bar {
                bar.inc(1);
            }
            send(net, socket, &state);
        }
    });
    socket.on_error(net, move |net, _, error| {
        fail(net, format_args!("client {number}: {error}{}", advice(error.code())));
    });
    socket.on_close(net, move |net, _, _| {
        let lacks = client.borrow().left > 0 || !client.borrow().expected.is_empty();
        if lacks {
            // A server without descriptors closes what it cannot take.
            fail(net, format_args!("client {number} was closed before everything came back{}", advice("EMFILE")));
        }
        net.state.closed += 1;
        left.set(left.get() - 1);
        if left.get() == 0 {
            server.close_then(net, move |net, _, _| closed(net, kind));
        }
    });
}

/// Without servers and signals nothing keeps the loop.
fn closed(net: &mut Loop, kind: &str) {
    say(net, format!("{kind} server: close"));
    net.state.servers -= 1;
    if net.state.servers == 0
        && let Some(signals) = net.state.signals.take()
    {
        signals.close();
    }
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
    // SplitMix64: neighbours begin far from each other.
    let mut x = u64::from(client) << 32 | u64::from(round);
    let mut next = move || {
        x = x.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let y = (x ^ x >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let y = (y ^ y >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        y ^ y >> 31
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
    socket.on_close(net, move |net, _, had_error| {
        let why = if had_error == Some(false) { "" } else { " after an error" };
        say(net, format!("{kind} client: close{why}"));
    });
}

/// A line: above the bar on a terminal, else plain.
fn say(net: &Loop, line: String) {
    match &net.state.bar {
        Some(bar) => bar.println(line),
        // What cannot be printed is told of by the summary, which cannot be printed either.
        None if net.state.said.json => {}
        None => drop(output::say(line)),
    }
}

fn shown(address: &Address) -> String {
    match address {
        Address::Tcp(address) => address.to_string(),
        Address::Path(_) => String::from("a Unix socket"),
        Address::None => String::from("nothing"),
    }
}

/// A bar, if standard output is a terminal that can draw one.
fn progress(messages: u64) -> Option<ProgressBar> {
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} messages echoed").expect("the template is right");
    let bar = ProgressBar::with_draw_target(Some(messages), ProgressDrawTarget::stdout()).with_style(style);
    (!bar.is_hidden()).then_some(bar)
}

/// The trace, read back and replayed.
struct Verified {
    bytes: u64,
    replayed: Replayed,
    seconds: f64,
    verdict: String,
}

fn verify(path: &Path) -> Result<Verified, Box<dyn std::error::Error>> {
    let trace = read(path)?;
    let bytes = std::fs::metadata(path)?.len();
    let began = Instant::now();
    let replayed = replay(&trace)?;
    let seconds = began.elapsed().as_secs_f64();
    let verdict = verdict(&trace, &replayed)?;
    Ok(Verified { bytes, replayed, seconds, verdict })
}

impl Verified {
    fn say(&self) -> Ended {
        let Replayed { inputs, steps, events, .. } = self.replayed;
        output::say(format_args!(
            "trace of {}, {inputs} inputs; replayed {steps} steps and {events} events in {}",
            Bytes(self.bytes),
            Time(self.seconds)
        ))?;
        Ok(output::say(&self.verdict)?)
    }
}

/// A folder of the demo's own, gone when it ends.
struct Scratch(PathBuf);

impl Scratch {
    /// Nobody else's, though the folder for such may be everybody's.
    fn new() -> Result<Self, String> {
        let parent = std::env::temp_dir();
        let path = parent.join(format!("netfold-demo-{:08x}", getrandom::u32().map_err(|error| error.to_string())?));
        let made = make(&path);
        made.map_err(|error| format!("cannot make a folder in {}: {error}; set TMPDIR to another", parent.display()))?;
        Ok(Self(path))
    }
}

#[cfg(unix)]
fn make(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new().mode(0o700).create(path)
}

#[cfg(not(unix))]
fn make(path: &Path) -> io::Result<()> {
    std::fs::create_dir(path)
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _left_behind = std::fs::remove_dir_all(&self.0);
    }
}
