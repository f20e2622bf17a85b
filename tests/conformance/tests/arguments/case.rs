//! A case of `spec/node/arguments_*.js`: an argument of a member with a value, and the forms in which errors are logged.

use netfold::{Event, EventKind as E, Net, NodeError, Resolved, Server, Socket, SocketOptions};
use netfold_conformance::{Actor, Log};

/// A value as a case's name has it.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    Number(f64),
    Text(String),
    Bool(bool),
    Undefined,
    Null,
    /// What Rust has no such thing for, as it is shown.
    Other(String),
}

impl Value {
    pub fn parse(shown: &str) -> Self {
        match shown {
            "true" | "false" => Value::Bool(shown == "true"),
            "undefined" => Value::Undefined,
            "null" => Value::Null,
            "\"x\".repeat(300)" => Value::Text("x".repeat(300)),
            "Infinity" => Value::Number(f64::INFINITY),
            "-Infinity" => Value::Number(f64::NEG_INFINITY),
            _ if shown.starts_with('"') => Value::Text(unquoted(shown)),
            _ => shown.parse().map_or_else(|_| Value::Other(shown.into()), Value::Number),
        }
    }

    /// The value of an argument that may be left out.
    pub fn unless_left_out(&self) -> Option<&Value> {
        Some(self).filter(|value| !matches!(value, Value::Undefined | Value::Null))
    }

    pub fn number(&self) -> Option<f64> {
        if let Value::Number(n) = self { Some(*n) } else { None }
    }

    /// A number that an integer of this type can be. It cannot be `-0`.
    pub fn whole<T: TryFrom<i64>>(&self) -> Option<T> {
        self.long().and_then(|n| T::try_from(n).ok())
    }

    pub fn long(&self) -> Option<i64> {
        let n = self.number()?;
        let whole = n == n.trunc() && n.abs() <= 9_007_199_254_740_992.0 && !(n == 0.0 && n.is_sign_negative());
        whole.then_some(n as i64)
    }

    pub fn text(&self) -> Option<&str> {
        if let Value::Text(text) = self { Some(text) } else { None }
    }

    pub fn flag(&self) -> Option<bool> {
        if let Value::Bool(flag) = self { Some(*flag) } else { None }
    }
}

fn unquoted(shown: &str) -> String {
    let mut units = Vec::new();
    let mut chars = shown[1..shown.len() - 1].chars();
    while let Some(c) = chars.next() {
        let c = match c {
            '\\' => match chars.next().expect("a character is escaped") {
                'n' => '\n',
                't' => '\t',
                'r' => '\r',
                'u' => {
                    let digits: String = chars.by_ref().take(4).collect();
                    char::from_u32(u32::from_str_radix(&digits, 16).expect("digits")).expect("no surrogate")
                }
                c => c,
            },
            c => c,
        };
        units.push(c);
    }
    units.into_iter().collect()
}

/// A text in ASCII, as the programs show it.
pub fn quoted(text: &str) -> String {
    if text == "x".repeat(300) {
        return "\"x\".repeat(300)".into();
    }
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            ' '..='~' => out.push(c),
            c => out.push_str(&format!("\\u{:04x}", c as u32)),
        }
    }
    out + "\""
}

/// A number as JavaScript shows it.
pub fn shown(n: f64) -> String {
    if n.is_infinite() { format!("{}Infinity", if n < 0.0 { "-" } else { "" }) } else { n.to_string() }
}

/// What the log of a thrown or emitted error is: its name, code, message and fields.
pub fn describe(error: &NodeError) -> String {
    let code = if error.code().is_empty() { "without code" } else { error.code() };
    let message = quoted(&masked(&error.to_string()));
    format!("{} {code} {message}{}", error.name(), fields(error))
}

fn fields(error: &NodeError) -> String {
    let text = |text: &str| quoted(text);
    let all = [
        ("address", error.address().map(text)),
        ("errno", error.errno().map(|n| n.to_string())),
        ("host", error.host().map(text)),
        ("hostname", error.hostname().map(text)),
        ("localAddress", error.local().map(|(address, _)| text(address))),
        ("localPort", error.local().map(|(_, port)| port.to_string())),
        ("name", matches!(error, NodeError::Aborted).then(|| text(error.name()))),
        ("port", error.port().map(|port| port.to_string())),
        ("syscall", error.syscall().map(text)),
    ];
    let own: Vec<_> = all.iter().filter_map(|(key, value)| Some(format!("{key}: {}", value.as_ref()?))).collect();
    if own.is_empty() { String::new() } else { format!(" {{ {} }}", own.join(", ")) }
}

/// Without the ephemeral port of this end.
fn masked(message: &str) -> String {
    match message.split_once("Local (").and_then(|(before, end)| Some((before, end.rsplit_once(':')?.0))) {
        Some((before, address)) => format!("{before}Local ({address}:PORT)"),
        None => message.into(),
    }
}

/// One case, with a loop of its own.
pub struct Case {
    pub net: Net<()>,
    log: Log,
    pub c: Actor,
    pub member: String,
    /// The whole of it: what stands behind `/` says how it was tried.
    pub argument: String,
    pub value: Value,
}

impl Case {
    /// `MEMBER ARGUMENT VALUE`
    pub fn new(name: &str) -> Self {
        let (member, rest) = name.split_once(' ').expect("a member");
        let (argument, value) = rest.split_once(' ').expect("an argument");
        let log = Log::new();
        let c = log.actor(name);
        let (member, argument, value) = (member.into(), argument.into(), Value::parse(value));
        Self { net: Net::new(()).expect("a loop"), log, c, member, argument, value }
    }

    pub fn log(&self, text: impl Into<String>) {
        self.c.log(&self.net, text);
    }

    pub fn threw(&self, error: &NodeError) {
        self.log(format!("threw {}", describe(error)));
    }

    /// `ok` with what is to be shown, or what was thrown.
    pub fn result<T>(&self, result: Result<String, T>)
    where
        T: std::borrow::Borrow<NodeError>,
    {
        match result {
            Ok(text) if text.is_empty() => self.log("ok"),
            Ok(text) => self.log(format!("ok {text}")),
            Err(error) => self.threw(error.borrow()),
        }
    }

    pub fn follow(&mut self, socket: Socket, events: &[E]) {
        for &event in events {
            let c = self.c.clone();
            socket.on(&mut self.net, event, move |net, _, event| c.log(net, shown_event(&event)));
        }
    }

    pub fn follow_server(&mut self, server: Server) {
        for event in [E::Error, E::ServerClose] {
            let c = self.c.clone();
            server.on(&mut self.net, event, move |net, _, event| c.log(net, shown_event(&event)));
        }
    }

    pub fn idle(&mut self) -> Socket {
        self.net.socket(SocketOptions::default()).expect("a socket")
    }

    /// What the case logged, in the form of the log.
    pub fn run(mut self) -> String {
        self.net.run().expect("every error is listened for");
        self.log.text()
    }
}

pub fn shown_event(event: &Event) -> String {
    use netfold::core::Attempt;
    match event {
        Event::Error(error) => format!("error {}", describe(error)),
        Event::Close(None) | Event::ServerClose(_) => "close undefined".into(),
        Event::Close(Some(had_error)) => format!("close {had_error}"),
        Event::Lookup(lookup) => {
            let found = |found: &Resolved| format!("{} {}", quoted(&found.to_string()), found.family());
            let result = lookup.result.as_ref().map_or_else(|error| error.code().into(), found);
            format!("lookup {result} {}", quoted(&lookup.host))
        }
        Event::ConnectionAttempt(attempt) => match &**attempt {
            Attempt::Tcp(a) => {
                format!(
                    "connectionAttempt {} {} {}",
                    quoted(&a.ip().to_string()),
                    a.port(),
                    if a.is_ipv4() { 4 } else { 6 }
                )
            }
            Attempt::Path(path) => format!("connectionAttempt {} undefined undefined", quoted(path)),
        },
        event => event.kind().name().into(),
    }
}
