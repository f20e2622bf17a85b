//! A program as text, the only way to write it that the parser takes.

use super::program::*;
use netfold::EventKind;
use std::fmt::{self, Display, Formatter};

/// The text of a program: the parser gives the same program back.
pub fn print(program: &Program) -> String {
    program.to_string()
}

impl Display for Program {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for line in &self.about {
            writeln!(f, "#{line}")?;
        }
        if !self.rules.is_empty() {
            writeln!(f, "rules {}", self.rules.join(" "))?;
        }
        if let Some(deviation) = &self.deviates {
            writeln!(f, "deviates {deviation}")?;
        }
        for actor in &self.actors {
            writeln!(f, "{actor}")?;
        }
        let mut blocks = false;
        for part in &self.parts {
            match part {
                Part::Watch(actor, events) => {
                    write!(f, "watch {actor}")?;
                    for event in events {
                        write!(f, " {}", event.name())?;
                    }
                    writeln!(f)?;
                }
                Part::Block(trigger, steps) => {
                    if !std::mem::replace(&mut blocks, true) {
                        writeln!(f)?;
                    }
                    writeln!(f, "{trigger}:")?;
                    for step in steps {
                        writeln!(f, "  {step}")?;
                    }
                }
            }
        }
        Ok(())
    }
}

impl Display for Actor {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let name = &self.name;
        match &self.role {
            Role::Server(o) => {
                write!(f, "server {name}")?;
                flag(f, "allowHalfOpen", o.allow_half_open)?;
                flag(f, "pauseOnConnect", o.pause_on_connect)?;
                flag(f, "noDelay", o.no_delay)?;
                flag(f, "keepAlive", o.keep_alive)?;
                value(f, "highWaterMark", o.high_water_mark.as_ref())?;
                value(f, "blockList", o.block_list.as_ref())
            }
            Role::Socket(o) => {
                write!(f, "socket {name}")?;
                flag(f, "allowHalfOpen", o.allow_half_open)?;
                value(f, "highWaterMark", o.high_water_mark.as_ref())?;
                value(f, "readableHighWaterMark", o.readable_high_water_mark.as_ref())?;
                value(f, "writableHighWaterMark", o.writable_high_water_mark.as_ref())?;
                flag(f, "noRead", o.no_read)?;
                flag(f, "noWrite", o.no_write)?;
                value(f, "onread", o.on_read.as_ref())?;
                value(f, "signal", o.signal.as_ref())?;
                flag(f, "forgotten", o.forgotten)
            }
            Role::Peer(server) => write!(f, "peer {name} of {server}"),
        }
    }
}

fn flag(f: &mut Formatter<'_>, word: &str, set: bool) -> fmt::Result {
    if set { write!(f, " {word}") } else { Ok(()) }
}

fn value(f: &mut Formatter<'_>, word: &str, value: Option<&impl Display>) -> fmt::Result {
    match value {
        Some(value) => write!(f, " {word}={value}"),
        None => Ok(()),
    }
}

fn word(f: &mut Formatter<'_>, word: Option<&impl Display>) -> fmt::Result {
    match word {
        Some(word) => write!(f, " {word}"),
        None => Ok(()),
    }
}

impl Display for Trigger {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Trigger::Start => f.write_str("start"),
            Trigger::Quiet => f.write_str("quiet"),
            Trigger::On(actor, event, number) => {
                write!(f, "on {actor} {}", event.name())?;
                word(f, number.as_ref())
            }
            Trigger::Listener(name, actor, event) => write!(f, "listener {name} {actor} {}", event.name()),
            Trigger::Callback(name) => write!(f, "cb {name}"),
            Trigger::Task(name) => write!(f, "task {name}"),
        }
    }
}

impl Display for Step {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Step::Do(actor, verb) => write!(f, "{actor} {verb}"),
            Step::Tick(name) => write!(f, "tick {name}"),
            Step::Immediate(name) => write!(f, "immediate {name}"),
            Step::Timer(name, ms) => write!(f, "timer {name} {ms}"),
            Step::Abort(name) => write!(f, "abort {name}"),
            Step::Throw => f.write_str("throw"),
            Step::Log(word) => write!(f, "log {word}"),
        }
    }
}

impl Display for Verb {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Verb::Connect(to, options, cb) => {
                write!(f, "connect {to}")?;
                options.iter().try_for_each(|option| write!(f, " {option}"))?;
                value(f, "cb", cb.as_ref())
            }
            Verb::Write(amount, cb) => {
                write!(f, "write {amount}")?;
                value(f, "cb", cb.as_ref())
            }
            Verb::End(amount, cb) => {
                f.write_str("end")?;
                word(f, amount.as_ref())?;
                value(f, "cb", cb.as_ref())
            }
            Verb::Destroy(error) => f.write_str(if *error { "destroy error" } else { "destroy" }),
            Verb::DestroySoon => f.write_str("destroySoon"),
            Verb::Reset => f.write_str("reset"),
            Verb::Pause => f.write_str("pause"),
            Verb::Resume => f.write_str("resume"),
            Verb::Cork => f.write_str("cork"),
            Verb::Uncork => f.write_str("uncork"),
            Verb::Ref(on) => f.write_str(if *on { "ref" } else { "unref" }),
            Verb::Read(n) => {
                f.write_str("read")?;
                word(f, n.as_ref())
            }
            Verb::SetEncoding(encoding) => write!(f, "setEncoding {}", encoding.map_or("none", Encoding::name)),
            Verb::SetTimeout(ms, cb) => {
                write!(f, "setTimeout {ms}")?;
                value(f, "cb", cb.as_ref())
            }
            Verb::SetNoDelay(on) => f.write_str(if *on { "setNoDelay" } else { "setNoDelay false" }),
            Verb::SetKeepAlive(on, ms) => {
                f.write_str(if *on { "setKeepAlive" } else { "setKeepAlive false" })?;
                word(f, ms.as_ref())
            }
            Verb::Pipe(to, end) => write!(f, "pipe {to}{}", if *end { "" } else { " noEnd" }),
            Verb::Unpipe(from) => {
                f.write_str("unpipe")?;
                word(f, from.as_ref())
            }
            Verb::Add(adding, name) => write!(f, "{} {name}", adding.word()),
            Verb::Off(name) => write!(f, "off {name}"),
            Verb::RemoveAll(event) => {
                f.write_str("removeAll")?;
                word(f, event.map(EventKind::name).as_ref())
            }
            Verb::Get(properties) => write!(f, "get {}", properties.join(" ")),
            Verb::Listen(options, cb) => {
                f.write_str("listen")?;
                options.iter().try_for_each(|option| write!(f, " {option}"))?;
                value(f, "cb", cb.as_ref())
            }
            Verb::Close(cb) => {
                f.write_str("close")?;
                value(f, "cb", cb.as_ref())
            }
            Verb::GetConnections(cb) => write!(f, "getConnections cb={cb}"),
            Verb::MaxConnections(n) => write!(f, "maxConnections {n}"),
            Verb::Dispose(cb) => {
                f.write_str("dispose")?;
                value(f, "cb", cb.as_ref())
            }
            Verb::Unshift(amount) => write!(f, "unshift {amount}"),
            Verb::Nest(n) => write!(f, "nest {n}"),
            Verb::Smile(n, cb) => {
                write!(f, "smile {n}")?;
                value(f, "cb", cb.as_ref())
            }
            Verb::SetTypeOfService(n) => write!(f, "setTypeOfService {n}"),
            Verb::GetTypeOfService => f.write_str("getTypeOfService"),
            Verb::NodeAlone(member) => member.fmt(f),
        }
    }
}

impl Display for NodeAlone {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            NodeAlone::Push(n) => write!(f, "push {n}"),
            NodeAlone::SetDefaultEncoding(encoding) => write!(f, "setDefaultEncoding {}", encoding.name()),
            NodeAlone::Emit(event) => write!(f, "emit {}", event.name()),
            NodeAlone::Iterate => f.write_str("iterate"),
        }
    }
}

impl Display for Amount {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.length)?;
        word(f, self.encoding.map(Encoding::name).as_ref())
    }
}

impl Display for To {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            To::Server(name) => name,
            To::Refused => "refused",
            To::Missing => "missing",
            To::File => "path-of-file",
        })
    }
}

impl Display for ConnectOption {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            ConnectOption::Host(name) => write!(f, "host={name}"),
            ConnectOption::Lookup(lookup) => write!(f, "lookup={}", lookup.word()),
            ConnectOption::Family(family) => write!(f, "family={family}"),
            ConnectOption::LocalPort(port) => write!(f, "localPort={port}"),
            ConnectOption::LocalAddress(address) => write!(f, "localAddress={address}"),
            ConnectOption::Timeout(ms) => write!(f, "timeout={ms}"),
            ConnectOption::AutoSelectFamily(true) => f.write_str("autoSelectFamily"),
            ConnectOption::AutoSelectFamily(false) => f.write_str("noAutoSelectFamily"),
            ConnectOption::Port(port) => write!(f, "port={port}"),
            ConnectOption::BlockList(address) => write!(f, "blockList={address}"),
        }
    }
}

impl Display for ListenOption {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            ListenOption::Path => f.write_str("path"),
            ListenOption::Host(name) => write!(f, "host={name}"),
            ListenOption::Any => f.write_str("any"),
            ListenOption::Port(port) => write!(f, "port={port}"),
            ListenOption::PortOf(server) => write!(f, "port-of={server}"),
            ListenOption::PathOf(server) => write!(f, "path-of={server}"),
            ListenOption::Backlog(n) => write!(f, "backlog={n}"),
            ListenOption::Signal(name) => write!(f, "signal={name}"),
            ListenOption::Exclusive => f.write_str("exclusive"),
            ListenOption::ReusePort => f.write_str("reusePort"),
            ListenOption::Ipv6Only => f.write_str("ipv6Only"),
            ListenOption::ReadableAll => f.write_str("readableAll"),
            ListenOption::WritableAll => f.write_str("writableAll"),
            ListenOption::PathLength(n) => write!(f, "pathLength={n}"),
            ListenOption::PathWithNul => f.write_str("pathWithNul"),
            ListenOption::Abstract => f.write_str("abstract"),
            ListenOption::NoFolder => f.write_str("noFolder"),
            ListenOption::FdOfFile => f.write_str("fd=file"),
            ListenOption::HandleOf(server) => write!(f, "handle-of={server}"),
        }
    }
}
