//! Programs of `spec/node/`, ported line by line, and a log in the form that real Node's is kept in.
//!
//! A test makes a [`Log`], ports the program with the same actors and entries, runs it, and compares with the `.log` that
//! was recorded from Node ([`Log::matches`]).

pub mod random;
pub mod scenario;
pub mod shared;
pub mod spec;

use netfold::core::host::Place;
use netfold::{Event, EventKind, Host, Net, NetError, NodeError, Server, Socket};
use std::cell::RefCell;
use std::fmt::Write as _;
use std::io::Write as _;
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::rc::Rc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

const PORT_MARK: char = '\u{1}';
const PATH_MARK: char = '\u{2}';

/// The kind of a segment and what was logged in it.
#[derive(Debug)]
struct Segment {
    place: Place,
    entries: Vec<String>,
}

#[derive(Debug, Default)]
struct Lines {
    actors: Vec<(String, Vec<Segment>)>,
    paths: Vec<String>,
}

/// What every actor of a program logs.
#[derive(Clone, Debug, Default)]
pub struct Log(Rc<RefCell<Lines>>);

/// One actor of a program.
#[derive(Clone, Debug)]
pub struct Actor {
    log: Log,
    at: usize,
}

impl Log {
    /// An empty log.
    pub fn new() -> Self {
        Self::default()
    }

    /// A further actor.
    pub fn actor(&self, name: &str) -> Actor {
        let mut lines = self.0.borrow_mut();
        lines.actors.push((name.to_string(), Vec::new()));
        Actor { log: self.clone(), at: lines.actors.len() - 1 }
    }

    /// A path for a Unix server, shown as `PATH`.
    pub fn temp_path(&self) -> String {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("nf-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name).to_string_lossy().into_owned();
        self.0.borrow_mut().paths.push(path.clone());
        path
    }

    /// The log in the form of `spec/node/`.
    pub fn text(&self) -> String {
        let lines = self.0.borrow();
        let mut out = String::new();
        for (name, segments) in &lines.actors {
            let _ = writeln!(out, "== {name}");
            for segment in segments {
                let kind = kind_of(segment.place);
                let _ = writeln!(out, "{kind}: {}", segment.entries.join(" | "));
            }
        }
        for path in &lines.paths {
            out = out.replace(path, &format!("{PATH_MARK}{path}{PATH_MARK}"));
        }
        name_marks(&name_marks(&out, PORT_MARK, "PORT"), PATH_MARK, "PATH")
    }

    /// Compares with what Node printed.
    #[track_caller]
    pub fn matches(&self, recorded: &str) {
        let ours = self.text();
        assert!(ours == recorded, "netfold's log differs from Node's.\n--- netfold\n{ours}--- node\n{recorded}");
    }
}

/// What a segment is called.
const fn kind_of(place: Place) -> &'static str {
    match place {
        Place { in_tick: true, .. } => "tick",
        Place { turn: 0, .. } => "main",
        Place { .. } => "turn",
    }
}

/// Marks a port, to be named when everything is printed; 0 is printed as it is.
pub fn mask_port(port: u16) -> String {
    if port == 0 { String::from("0") } else { format!("{PORT_MARK}{port}{PORT_MARK}") }
}

/// Marks the ports that follow an address in a message.
fn mask_message(message: &str) -> String {
    let mut out = String::new();
    let mut rest = message;
    while let Some(colon) = rest.find(':') {
        let digits = rest[colon + 1..].chars().take_while(char::is_ascii_digit).count();
        let after_digits = colon + 1 + digits;
        let host_before = {
            let host = trailing_host(&rest[..colon]);
            let whole = if host.len() < colon { host.to_string() } else { format!("{}{host}", trailing_host(&out)) };
            whole == "::" || whole == "::1" || whole.parse::<std::net::Ipv4Addr>().is_ok()
        };
        match rest[colon + 1..after_digits].parse::<u16>() {
            Ok(port) if host_before && digits > 0 => {
                out.push_str(&rest[..=colon]);
                out.push_str(&mask_port(port));
                rest = &rest[after_digits..];
            }
            _ => {
                out.push_str(&rest[..=colon]);
                rest = &rest[colon + 1..];
            }
        }
    }
    out + rest
}

/// The part of a host that was passed over already, colons among it.
fn trailing_host(done: &str) -> &str {
    match done.rfind(|c: char| c.is_whitespace() || c == '(') {
        Some(at) => &done[at + 1..],
        None => done,
    }
}

/// Names what stands between marks: `LABEL` if there is one, else `LABEL1`, `LABEL2` by first appearance.
fn name_marks(text: &str, mark: char, label: &str) -> String {
    let parts: Vec<&str> = text.split(mark).collect();
    let mut seen: Vec<&str> = Vec::new();
    for part in parts.iter().skip(1).step_by(2) {
        if !seen.contains(part) {
            seen.push(part);
        }
    }
    let name = |part: &str| match seen.iter().position(|known| *known == part) {
        Some(_) if seen.len() == 1 => String::from(label),
        Some(at) => format!("{label}{}", at + 1),
        None => String::from(part),
    };
    parts.iter().enumerate().map(|(at, part)| if at % 2 == 1 { name(part) } else { String::from(*part) }).collect()
}

/// An error as the logs have it; `null` for none.
pub fn error_text(error: Option<&NodeError>) -> String {
    match error {
        None => String::from("null"),
        Some(error) if error.code().is_empty() => format!("Error \"{error}\""),
        Some(error) => format!("{} \"{}\"", error.code(), mask_message(&error.to_string())),
    }
}

/// An event as the logs have it.
pub fn event_text(event: &Event) -> String {
    use netfold::core::Attempt;
    let attempt = |attempt: &Attempt| match attempt {
        Attempt::Tcp(a) => format!("{} {} {}", a.ip(), mask_port(a.port()), if a.is_ipv4() { 4 } else { 6 }),
        Attempt::Path(path) => format!("{path} undefined undefined"),
    };
    match event {
        Event::Data(chunk) => format!("data {}", chunk.len()),
        Event::Text(text) => format!("data {}", text.units()),
        Event::Error(error) => format!("error {}", error_text(Some(error))),
        Event::Close(None) | Event::ServerClose(None) => String::from("close undefined"),
        Event::Close(Some(had)) => format!("close {had}"),
        Event::ServerClose(Some(error)) => format!("close {}", error_text(Some(error))),
        Event::Lookup(lookup) => match &lookup.result {
            Ok(found) => format!("lookup null {found} {} {}", found.family(), lookup.host),
            Err(error) => format!("lookup {} undefined undefined {}", error_text(Some(error)), lookup.host),
        },
        Event::ConnectionAttempt(a) => format!("connectionAttempt {}", attempt(a)),
        Event::ConnectionAttemptFailed(failed) => {
            format!("connectionAttemptFailed {} {}", attempt(&failed.0), failed.1.code())
        }
        Event::ConnectionAttemptTimeout(a) => format!("connectionAttemptTimeout {}", attempt(&Attempt::Tcp(*a))),
        Event::Drop(None) => String::from("drop undefined"),
        Event::Drop(Some(info)) => format!("drop {} {}", end_text(info.local), end_text(info.remote)),
        event => event.kind().name().to_string(),
    }
}

fn end_text(end: Option<std::net::SocketAddr>) -> String {
    match end {
        Some(a) => format!("{} {} {}", a.ip(), mask_port(a.port()), if a.is_ipv4() { "IPv4" } else { "IPv6" }),
        None => String::from("undefined undefined undefined"),
    }
}

impl Actor {
    /// Logs an entry in the running segment.
    pub fn log<S, H: Host>(&self, net: &Net<S, H>, text: impl Into<String>) {
        let place = net.place();
        let mut lines = self.log.0.borrow_mut();
        let segments = &mut lines.actors[self.at].1;
        match segments.last_mut() {
            Some(last) if last.place == place => last.entries.push(text.into()),
            _ => segments.push(Segment { place, entries: vec![text.into()] }),
        }
    }

    /// Logs each of these events of a socket.
    pub fn watch<S, H: Host>(&self, net: &mut Net<S, H>, socket: Socket, events: &[EventKind]) {
        for &event in events {
            let actor = self.clone();
            socket.on(net, event, move |net, _, event| actor.log(net, event_text(&event)));
        }
    }

    /// Logs each of these events of a server.
    pub fn watch_server<S, H: Host>(&self, net: &mut Net<S, H>, server: Server, events: &[EventKind]) {
        for &event in events {
            let actor = self.clone();
            server.on(net, event, move |net, _, event| actor.log(net, event_text(&event)));
        }
    }

    /// A callback that logs `cb NAME ERROR`.
    pub fn cb<S, H: Host>(
        &self,
        name: &str,
    ) -> impl FnOnce(&mut Net<S, H>, Socket, Result<(), &NodeError>) + use<S, H> + 'static {
        let (actor, name) = (self.clone(), name.to_string());
        move |net, _, result| actor.log(net, format!("cb {name} {}", error_text(result.err())))
    }
}

/// Calls `then`, in a tick, with a port that nobody listens on.
pub fn refused_port<S, H: Host>(net: &mut Net<S, H>, then: impl Fn(&mut Net<S, H>, u16) + 'static) {
    let server = net.create_server(|_, _| {});
    let then = Rc::new(then);
    server.listen_then(net, ("127.0.0.1", 0), move |net, server| {
        let port = port_of(net, server);
        let then = then.clone();
        server.close_then(net, move |net, _, _| then(net, port));
    });
}

/// A port of 127.0.0.1 on which connects stay under way: the backlog of its listener, which never accepts, is full.
pub fn deaf_port() -> (u16, Vec<TcpStream>, TcpListener) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a listener");
    rustix::net::listen(&listener, 1).expect("it listens already");
    let addr = listener.local_addr().expect("it is bound");
    let filled = (0..2).map(|_| TcpStream::connect(addr).expect("there is room")).collect();
    assert!(TcpStream::connect_timeout(&addr, Duration::from_millis(30)).is_err(), "the backlog is full");
    (addr.port(), filled, listener)
}

/// The port a TCP server listens on.
pub fn port_of<S, H: Host>(net: &mut Net<S, H>, server: Server) -> u16 {
    server.port(net).expect("it listens on TCP")
}

/// Says that a test looks at nothing, and why. The test runner keeps what tests print to itself: this goes past it.
pub fn skipped(why: &str) {
    let _ = writeln!(std::io::stderr(), "skipped: {why}");
}

/// Whether there is a Node of the version that everything is recorded from.
pub fn has_node_20() -> bool {
    let version = Command::new("node").arg("--version").output();
    version.is_ok_and(|output| output.stdout.starts_with(b"v20."))
}

/// Calls `then` in the first immediate in which `holds` does. It keeps the loop alive.
pub fn when<S, H: Host>(
    net: &mut Net<S, H>,
    holds: impl Fn(&mut Net<S, H>) -> bool + 'static,
    then: impl FnOnce(&mut Net<S, H>) + 'static,
) {
    net.set_immediate(move |net| if holds(net) { then(net) } else { when(net, holds, then) });
}

/// Runs to the end; a listener that fails is logged by `uncaught` and the loop goes on, as with Node's
/// 'uncaughtException'.
pub fn run_logging<S, H: Host>(net: &mut Net<S, H>, mut uncaught: impl FnMut(&Net<S, H>, &NetError)) {
    while let Err(error) = net.run() {
        uncaught(net, &error);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_in_messages_are_marked_where_an_address_stands_before() {
        let marked = |n: u16| mask_port(n);
        assert_eq!(mask_message("connect X 127.0.0.1:80"), format!("connect X 127.0.0.1:{}", marked(80)));
        assert_eq!(mask_message("listen X: text :::80"), format!("listen X: text :::{}", marked(80)));
        assert_eq!(mask_message("connect X ::1:80"), format!("connect X ::1:{}", marked(80)));
        assert_eq!(mask_message("listen X: in use 127.0.0.1:80"), format!("listen X: in use 127.0.0.1:{}", marked(80)));
        assert_eq!(mask_message("getaddrinfo X some.name:80"), "getaddrinfo X some.name:80");
        assert_eq!(mask_message("a - Local (0.0.0.0:9)"), format!("a - Local (0.0.0.0:{})", marked(9)));
    }

    #[test]
    fn names_are_numbered_by_first_appearance_when_there_are_several() {
        let text = format!("{} {} {}", mask_port(7), mask_port(5), mask_port(7));
        assert_eq!(name_marks(&text, PORT_MARK, "PORT"), "PORT1 PORT2 PORT1");
        assert_eq!(name_marks(&mask_port(7), PORT_MARK, "PORT"), "PORT");
    }
}

/// The program of the README compiles; `.ci/walk` runs it.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;
