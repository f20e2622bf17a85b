//! The log: what each actor noted, in which segment, with ports and paths masked, as `spec/node/oracle.js` prints it.

use crate::net::{self, Arg, Cb, Server, Socket, Thrown};
use netfold_core::{Attempt, Event, EventKind, NodeError};
use std::net::{IpAddr, SocketAddr};

const PORT_MARK: char = '\u{1}';
const PATH_MARK: char = '\u{2}';

/// Which stretch of execution an entry belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Segment {
    pub(crate) node: usize,
    pub(crate) turn: u64,
    pub(crate) tick: Option<u64>,
}

impl Segment {
    fn kind(self) -> &'static str {
        match self {
            Segment { tick: Some(_), .. } => "tick",
            Segment { turn: 0, .. } => "main",
            Segment { .. } => "turn",
        }
    }
}

#[derive(Debug)]
struct Line {
    segment: Segment,
    entries: Vec<String>,
}

#[derive(Debug)]
struct Block {
    name: String,
    lines: Vec<Line>,
}

/// Everything that was noted.
#[derive(Debug, Default)]
pub(crate) struct Log {
    blocks: Vec<Block>,
    pub(crate) paths: Vec<String>,
}

impl Log {
    fn add(&mut self, actor: usize, segment: Segment, entry: String) {
        let lines = &mut self.blocks[actor].lines;
        match lines.last_mut() {
            Some(line) if line.segment == segment => line.entries.push(entry),
            _ => lines.push(Line { segment, entries: vec![entry] }),
        }
    }

    pub(crate) fn print(&self) -> String {
        let mut text = String::new();
        for block in &self.blocks {
            text.push_str(&format!("== {}\n", block.name));
            for line in &block.lines {
                text.push_str(&format!("{}: {}\n", line.segment.kind(), line.entries.join(" | ")));
            }
        }
        name_marks(&name_marks(&text, PORT_MARK, "PORT"), PATH_MARK, "PATH")
    }
}

fn name_marks(text: &str, mark: char, label: &str) -> String {
    let parts: Vec<&str> = text.split(mark).collect();
    let mut seen: Vec<&str> = Vec::new();
    for part in parts.iter().skip(1).step_by(2) {
        if !seen.contains(part) {
            seen.push(part);
        }
    }
    let mut named = String::new();
    for (at, part) in parts.iter().enumerate() {
        match seen.iter().position(|s| s == part) {
            Some(_) if at % 2 == 1 && seen.len() == 1 => named.push_str(label),
            Some(number) if at % 2 == 1 => named.push_str(&format!("{label}{}", number + 1)),
            _ => named.push_str(part),
        }
    }
    named
}

/// A port as the log masks it; 0 and negative ones stay.
pub fn mask_port(port: impl Into<i64>) -> String {
    let port = port.into();
    if port > 0 { format!("{PORT_MARK}{port}{PORT_MARK}") } else { port.to_string() }
}

/// Masks the paths, and the ports after addresses.
fn mask_text(text: &str) -> String {
    let mut text = text.to_string();
    for path in net::paths() {
        text = text.replace(&path, &format!("{PATH_MARK}{path}{PATH_MARK}"));
    }
    let mut masked = String::new();
    let mut rest = text.as_str();
    while let Some(colon) = rest.find(':') {
        // `::` and `::1` hold colons of their own: the one before the port is the last of the run.
        let run = rest[colon..].chars().take_while(|c| *c == ':').count();
        let last = colon + run - 1;
        let (before, after) = (&rest[..last], &rest[last + 1..]);
        let digits = after.chars().take_while(char::is_ascii_digit).count();
        let host_len = before.chars().rev().take_while(|c| c.is_ascii_digit() || *c == '.' || *c == ':').count();
        let host = &before[before.len() - host_len..];
        let is_host = host == "::" || host == "::1" || host.split('.').filter(|p| !p.is_empty()).count() == 4;
        masked.push_str(&rest[..=last]);
        rest = after;
        if is_host && digits > 0 {
            masked.push_str(&mask_port(after[..digits].parse::<i64>().unwrap_or(0)));
            rest = &after[digits..];
        }
    }
    masked.push_str(rest);
    masked
}

/// An error as the log prints it.
pub fn error_text(error: &NodeError) -> String {
    let code = if error.code().is_empty() { "Error" } else { error.code() };
    format!("{code} \"{}\"", mask_text(&error.to_string()))
}

fn family(ip: IpAddr) -> u8 {
    if ip.is_ipv4() { 4 } else { 6 }
}

fn attempt_text(attempt: &Attempt) -> String {
    match attempt {
        Attempt::Tcp(addr) => format!("{} {} {}", addr.ip(), mask_port(addr.port()), family(addr.ip())),
        Attempt::Path(path) => format!("{} undefined undefined", mask_text(path)),
    }
}

fn end_text(addr: Option<SocketAddr>) -> String {
    match addr {
        Some(addr) => format!("{} {} IPv{}", addr.ip(), mask_port(addr.port()), family(addr.ip())),
        None => String::from("undefined undefined undefined"),
    }
}

fn event_text(event: &Event) -> String {
    let name = event.kind().name();
    match event {
        Event::Data(bytes) => format!("data {}", bytes.len()),
        Event::Error(error) => format!("error {}", error_text(error)),
        Event::Close(None) | Event::ServerClose(_) => String::from("close undefined"),
        Event::Close(Some(had_error)) => format!("close {had_error}"),
        Event::Lookup(lookup) => match &lookup.result {
            Ok(found) => format!("lookup null {found} {} {}", found.family(), lookup.host),
            Err(error) => format!("lookup {} undefined undefined {}", error_text(error), lookup.host),
        },
        Event::ConnectionAttempt(attempt) => format!("{name} {}", attempt_text(attempt)),
        Event::ConnectionAttemptFailed(failed) => format!("{name} {} {}", attempt_text(&failed.0), failed.1.code()),
        Event::ConnectionAttemptTimeout(a) => format!("{name} {}", attempt_text(&Attempt::Tcp(*a))),
        Event::Drop(None) => String::from("drop undefined"),
        Event::Drop(Some(info)) => format!("drop {} {}", end_text(info.local), end_text(info.remote)),
        _ => name.to_string(),
    }
}

fn kind_of(name: &str, server: bool) -> EventKind {
    let kind = EventKind::ALL.iter().find(|kind| {
        let of_server = **kind == EventKind::ServerClose;
        kind.name() == name && (name != "close" || of_server == server)
    });
    *kind.unwrap_or_else(|| panic!("'{name}' is no event"))
}

/// Someone who notes things.
#[derive(Clone, Copy, Debug)]
pub struct Actor(usize);

/// A new actor; its block comes after those of the earlier ones.
pub fn actor(name: &str) -> Actor {
    net::with_log(|log| {
        log.blocks.push(Block { name: name.into(), lines: Vec::new() });
        Actor(log.blocks.len() - 1)
    })
}

impl Actor {
    /// Adds an entry to the line of the current segment.
    pub fn log(self, entry: impl Into<String>) {
        let segment = net::segment();
        net::with_log(|log| log.add(self.0, segment, entry.into()));
    }

    /// Notes each of the named events of a socket, in the order given.
    pub fn watch(self, socket: Socket, names: &str) {
        for name in names.split_whitespace() {
            socket.on_event(kind_of(name, false), move |event| self.log(event_text(event)));
        }
    }

    /// Notes each of the named events of a server.
    pub fn watch_server(self, server: Server, names: &str) {
        for name in names.split_whitespace() {
            server.on_event(kind_of(name, true), move |event| self.log(event_text(event)));
        }
    }

    /// A callback that notes `cb LABEL ERROR`.
    pub fn cb(self, label: &'static str) -> Cb {
        net::callback(move |arg| {
            let text = match arg {
                Arg::Null => String::from("null"),
                Arg::Undefined => String::from("undefined"),
                Arg::Error(error) => error_text(error),
                Arg::Count(n) => n.to_string(),
            };
            self.log(format!("cb {label} {text}"));
        })
    }

    /// Notes `LABEL ok`, or what was thrown.
    pub fn throws(self, label: &str, result: Result<(), Thrown>) {
        match result {
            Ok(()) => self.log(format!("{label} ok")),
            Err(error) => self.log(format!("{label} threw {}", error_text(&error))),
        }
    }
}
