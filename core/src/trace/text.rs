//! Records and outputs as lines of text. Whatever a peer or a user put into a name or message, a line stays one line
//! and says nothing to a terminal.

use super::input::{Input, Record};
use super::payload::Stored;
use crate::call::{Completion, Op, Reply};
use crate::command::{
    Chunk, Command, ConnectTo, Emitted, HostOptions, ListenOn, ListenOptions, LookupAnswer, Outcome, Resolved,
    ServerOptions, Side,
};
use crate::error::NodeError;
use crate::id::{CallbackId, ListenerId, ServerId};
use crate::step::{Attempt, Emit, Event, Idle, Phase, Step};
use core::fmt::{self, Display, Formatter, Write};
use core::net::SocketAddr;

/// Text within quotes, with every character escaped that does not simply print.
struct Quoted<T>(T);

impl<T: Display> Display for Quoted<T> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        struct Escaping<'a, 'b>(&'a mut Formatter<'b>);
        impl Write for Escaping<'_, '_> {
            fn write_str(&mut self, text: &str) -> fmt::Result {
                text.escape_debug().try_for_each(|c| self.0.write_char(c))
            }
        }
        f.write_char('"')?;
        write!(Escaping(f), "{}", self.0)?;
        f.write_char('"')
    }
}

/// A value with a word before it, or nothing at all.
struct Given<T>(&'static str, Option<T>);

impl<T: Display> Display for Given<T> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match &self.1 {
            Some(value) => write!(f, " {} {value}", self.0),
            None => Ok(()),
        }
    }
}

struct Failure<'a>(&'a NodeError);

impl Display for Failure<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.0.code() {
            "" => write!(f, "{}", Quoted(self.0)),
            code => write!(f, "{} {}", code.escape_debug(), Quoted(self.0)),
        }
    }
}

fn number(callback: Option<CallbackId>) -> Given<u32> {
    Given("callback", callback.map(|c| c.0))
}

fn addr(f: &mut Formatter<'_>, addr: Option<&SocketAddr>) -> fmt::Result {
    match addr {
        Some(addr) => write!(f, " {addr}"),
        None => f.write_str(" no address"),
    }
}

fn result<E: Display>(f: &mut Formatter<'_>, error: Option<E>) -> fmt::Result {
    match error {
        Some(error) => write!(f, " failed {error}"),
        None => f.write_str(" ok"),
    }
}

fn answer(f: &mut Formatter<'_>, answer: &LookupAnswer) -> fmt::Result {
    match answer {
        Ok(addresses) => addresses.iter().try_for_each(|ip| write!(f, " {ip}")),
        Err(code) => write!(f, " failed {}", code.name()),
    }
}

impl Display for Phase {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Phase::Pending => "pending",
            Phase::Closing => "closing",
            Phase::Timers => "timers",
        })
    }
}

/// `#seq +place input`, and what the trace has of a payload.
impl Display for Record {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "#{} +{} {}", self.seq, self.place, self.input)?;
        match &self.payload {
            Some(stored) => stored.fmt(f),
            None => Ok(()),
        }
    }
}

/// The kept bytes, or their hash.
impl Display for Stored {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if let Some(hash) = self.hash {
            write!(f, " hash {hash:016x}")?;
        }
        if !self.bytes.is_empty() {
            write!(f, " \"{}\"", self.bytes.escape_ascii())?;
        }
        Ok(())
    }
}

impl Display for Input {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Input::Command(command) => command.fmt(f),
            Input::Reply(reply) => reply.fmt(f),
            Input::Completion(completion) => completion.fmt(f),
            Input::Advance(now) => write!(f, "time {now} ms"),
            Input::Tick(id) => write!(f, "tick {}", id.0),
            Input::Phase(phase) => write!(f, "phase {phase}"),
            Input::Threw => f.write_str("the listener threw"),
        }
    }
}

/// As one line, as all of these.
impl Display for Reply {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Reply::Done => f.write_str("reply done"),
            Reply::Failed(errno) => write!(f, "reply failed {errno}"),
            Reply::Pending => f.write_str("reply pending"),
            Reply::Addr(a) => {
                f.write_str("reply")?;
                addr(f, a.as_ref())
            }
            Reply::Names(local, remote) => {
                f.write_str("reply local")?;
                addr(f, local.as_ref())?;
                f.write_str(" remote")?;
                addr(f, remote.as_ref())
            }
            Reply::Size(bytes) => write!(f, "reply {bytes} bytes"),
        }
    }
}

/// Without the bytes.
impl Display for Completion {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Completion::Connected(h, r) => {
                write!(f, "{h} connected")?;
                result(f, r.err())
            }
            Completion::Written(h, r) => {
                write!(f, "{h} written")?;
                result(f, r.err())
            }
            Completion::Drained(h) => write!(f, "{h} drained"),
            Completion::Read(h, bytes) => write!(f, "{h} read {} bytes", bytes.len()),
            Completion::ReadAs(h, bytes, units) => write!(f, "{h} read {} bytes, {units} units of text", bytes.len()),
            Completion::Eof(h) => write!(f, "{h} read end"),
            Completion::EofAs(h, units) => write!(f, "{h} read end, {units} units of text"),
            Completion::ReadFailed(h, errno) => write!(f, "{h} read failed {errno}"),
            Completion::Accepted(h, conn) => write!(f, "{h} accepted connection {}", conn.0),
            Completion::AcceptFailed(h, errno) => write!(f, "{h} accept failed {errno}"),
            Completion::LookedUp(lookup, a) => {
                write!(f, "{lookup} looked up")?;
                answer(f, a)
            }
        }
    }
}

struct Size<'a>(&'a Chunk);

impl Display for Size<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.0.bytes.len())?;
        match self.0.text {
            Some(text) => write!(f, " of {}text of {} units", if text.short { "short " } else { "" }, text.units),
            None => Ok(()),
        }
    }
}

fn write_listen(f: &mut Formatter<'_>, s: ServerId, on: &ListenOn) -> fmt::Result {
    match on {
        ListenOn::Path { path, backlog } => write!(f, "{s}.listen {} backlog {backlog}", Quoted(path)),
        ListenOn::Port { port, host, backlog, ipv6_only } => {
            let host = Given("host", host.as_ref().map(Quoted));
            write!(f, "{s}.listen port {port}{host} backlog {backlog} ipv6_only {ipv6_only}")
        }
        ListenOn::Fd { key, kind, backlog } => {
            write!(f, "{s}.listen descriptor {} {kind:?} backlog {backlog}", key.0)
        }
    }
}

/// Without the bytes.
impl Display for Command {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Command::NewSocket(options) => write!(f, "new socket {options:?}"),
            Command::NewServer(ServerOptions { socket, pause_on_connect }) => {
                write!(f, "new server pause_on_connect {pause_on_connect} {socket:?}")
            }
            Command::Connect(s, ConnectTo::Path(path)) => write!(f, "{s}.connect {}", Quoted(path)),
            Command::HandedIn(options, given) => write!(f, "socket of {given:?} {options:?}"),
            Command::SetTypeOfService(s, tos) => write!(f, "{s}.setTypeOfService {tos}"),
            Command::TypeOfService(s) => write!(f, "{s}.getTypeOfService"),
            Command::Connect(s, ConnectTo::Host(options)) => {
                let HostOptions { host, port, family, hints, custom_lookup, local_address, local_port, .. } = options;
                let (host, port) = (Given("host", host.as_ref().map(Quoted)), Given("port", *port));
                let local = Given("local address", local_address.as_ref().map(Quoted));
                let local_port = Given("local port", *local_port);
                write!(f, "{s}.connect{host}{port} family {family} hints {hints}{local}{local_port}")?;
                f.write_str(if *custom_lookup { " custom lookup" } else { "" })?;
                let timeout = Given("attempt timeout", options.attempt_timeout);
                write!(f, "{}{timeout}", Given("auto select family", options.auto_select_family))
            }
            Command::Write(s, chunk, callback) => write!(f, "{s}.write {}{}", Size(chunk), number(*callback)),
            Command::Cork(s) => write!(f, "{s}.cork"),
            Command::Uncork(s) => write!(f, "{s}.uncork"),
            Command::End(s, chunk, callback) => {
                write!(f, "{s}.end{}{}", Given("with", chunk.as_ref().map(Size)), number(*callback))
            }
            Command::Destroy(s, error) => {
                write!(f, "{s}.destroy{}", Given("with", error.as_deref().map(Failure)))
            }
            Command::DestroySoon(s) => write!(f, "{s}.destroySoon"),
            Command::ResetAndDestroy(s) => write!(f, "{s}.resetAndDestroy"),
            Command::Pause(s) => write!(f, "{s}.pause"),
            Command::Resume(s) => write!(f, "{s}.resume"),
            Command::Read(s, n) => write!(f, "{s}.read{}", Given("size", *n)),
            Command::SetEncoding(s, encoding, units) => {
                write!(f, "{s}.setEncoding {}{}", encoding.name(), Given("kept units", *units))
            }
            Command::OnRead(s, size) => write!(f, "{s} onread {size} bytes"),
            Command::Emit(s, Emitted::Pipe(source)) => write!(f, "{s}.emit pipe {source}"),
            Command::Emit(s, Emitted::Unpipe(source)) => write!(f, "{s}.emit unpipe {source}"),
            Command::Emit(s, Emitted::Error(error)) => write!(f, "{s}.emit error {}", Failure(error)),
            Command::StopReading(s) => write!(f, "{s} onread says stop"),
            Command::SetTimeout(s, ms) => write!(f, "{s}.setTimeout {ms} ms"),
            Command::SetNoDelay(s, on) => write!(f, "{s}.setNoDelay {on}"),
            Command::SetKeepAlive(s, on, delay) => write!(f, "{s}.setKeepAlive {on} {delay} ms"),
            Command::Ref(s, on) => write!(f, "{s}.{}", if *on { "ref" } else { "unref" }),
            Command::Address(s, Side::Local) => write!(f, "{s}.address"),
            Command::Address(s, Side::Remote) => write!(f, "{s}.remoteAddress"),
            Command::Retain(s) => write!(f, "{s} retain"),
            Command::Release(s) => write!(f, "{s} release"),
            Command::Detach(s) => write!(f, "{s} detach"),
            Command::On { target, event, listener: ListenerId(id), once, prepend } => {
                let verb = match (once, prepend) {
                    (false, false) => "on",
                    (true, false) => "once",
                    (false, true) => "prependListener",
                    (true, true) => "prependOnceListener",
                };
                write!(f, "{target} {verb} '{}' listener {id}", event.name())
            }
            Command::Off { target, event, listener: ListenerId(id) } => {
                write!(f, "{target} removeListener '{}' listener {id}", event.name())
            }
            Command::RemoveAll(target, event) => {
                write!(f, "{target} removeAllListeners{}", Given("of", event.map(|event| event.name())))
            }
            Command::Listen(s, on) => write_listen(f, *s, on),
            Command::ListenWith(s, on, ListenOptions { reuse_port, readable_all, writable_all, scope }) => {
                write_listen(f, *s, on)?;
                write!(f, " reuse_port {reuse_port} readable_all {readable_all} writable_all {writable_all}")?;
                write!(f, " scope {scope}")
            }
            Command::CloseServer(s, listener) => write!(f, "{s}.close{}", Given("listener", listener.map(|l| l.0))),
            Command::DropHandle(s) => write!(f, "{s} drop handle"),
            Command::Unshift(s, chunk) => write!(f, "{s} unshift {}", Size(chunk)),
            Command::SetFlowing(s, flowing) => write!(f, "{s} flowing = {flowing:?}"),
            Command::HandleReads(s, on) => write!(f, "{s} handle reads {on}"),
            Command::AnswerError(lookup, error) => write!(f, "answer {lookup} {}", Failure(error)),
            Command::Tap(target, listener) => {
                write!(f, "{target} tap{}", Given("listener", listener.map(|l| l.0)))
            }
            Command::ServerAddress(s) => write!(f, "{s}.address"),
            Command::GetConnections(s, callback) => write!(f, "{s}.getConnections{}", number(Some(*callback))),
            Command::SetMaxConnections(s, n) => write!(f, "{s}.maxConnections {n}"),
            Command::SetBlockList(target, list) => {
                write!(f, "{target}.blockList{}", Given("rules", list.as_ref().map(|list| list.given().len())))
            }
            Command::RefServer(s, on) => write!(f, "{s}.{}", if *on { "ref" } else { "unref" }),
            Command::ReleaseServer(s) => write!(f, "{s} release"),
            Command::Answer(lookup, a) => {
                write!(f, "{lookup} answer")?;
                answer(f, a)
            }
            Command::AnswerText(lookup, list) => {
                write!(f, "{lookup} answer")?;
                list.iter().try_for_each(|(address, family)| write!(f, " {} family {family}", Quoted(address)))
            }
            Command::StartTimer { ms, repeat } => {
                write!(f, "{} {ms} ms", if *repeat { "setInterval" } else { "setTimeout" })
            }
            Command::CancelTimer(t) => write!(f, "{t} clear"),
            Command::RefreshTimer(t) => write!(f, "{t}.refresh"),
            Command::RefTimer(t, on) => write!(f, "{t}.{}", if *on { "ref" } else { "unref" }),
        }
    }
}

/// What the machine put out, as one line.
#[derive(Debug)]
pub struct Output<'a, 'c>(pub &'a Step<'c>);

impl Display for Output<'_, '_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.0 {
            Step::Call(call) => write!(f, "call {}", Asked(&call.op())),
            Step::Emit(emit) => emit.fmt(f),
            Step::Tick(id) => write!(f, "schedule tick {}", id.0),
            Step::Return(outcome) => outcome.fmt(f),
            Step::Idle(Idle { deadline, pending, closing, batch }) => {
                let deadline = Given("until", *deadline);
                write!(f, "idle{deadline} pending {pending} closing {closing} batch {batch}")
            }
            Step::Released(s) => write!(f, "released {s}"),
        }
    }
}

/// Without the bytes.
impl Display for Outcome {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Outcome::Unit => f.write_str("return"),
            Outcome::Bool(yes) => write!(f, "return {yes}"),
            Outcome::Socket(s) => write!(f, "return {s}"),
            Outcome::Server(s) => write!(f, "return {s}"),
            Outcome::Timer(t) => write!(f, "return {t}"),
            Outcome::Chunk(Some(bytes)) => write!(f, "return {} bytes", bytes.len()),
            Outcome::Text(text) => write!(f, "return {} units of text", text.units()),
            Outcome::TypeOfService(tos) => write!(f, "return type of service {tos}"),
            Outcome::Chunk(None) => f.write_str("return no chunk"),
            Outcome::Address(a) => {
                f.write_str("return")?;
                addr(f, a.as_ref())
            }
            Outcome::Path(path) => write!(f, "return {}", Quoted(path)),
            Outcome::Threw(error) => write!(f, "throw {}", Failure(error)),
            Outcome::ListenerThrew => f.write_str("throw what the listener threw"),
        }
    }
}

/// Without the bytes.
impl Display for Emit {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Emit::Listener { target, listener, last, event } => {
                write!(f, "{target} '{}'", event.kind().name())?;
                write_event(f, event)?;
                write!(f, " to listener {}{}", listener.0, if *last { ", once" } else { "" })
            }
            Emit::Callback { socket, callback, error } => {
                write!(f, "socket {socket} callback {}{}", callback.0, Given("with", error.as_deref().map(Failure)))
            }
            Emit::Connections { server, callback, count } => {
                write!(f, "server {server} callback {} with {count} connections", callback.0)
            }
            Emit::Timer { timer, last } => write!(f, "timer {timer}{}", if *last { ", once" } else { "" }),
            Emit::Resolve { socket, lookup, host, family, hints, all } => {
                write!(f, "socket {socket} resolve {} as {lookup} family {family} hints {hints}", Quoted(host))?;
                f.write_str(if *all { " all" } else { "" })
            }
            Emit::Read { socket, bytes } => write!(f, "socket {socket} onread {} bytes", bytes.len()),
            Emit::Unhandled { target, error } => write!(f, "{target} unhandled 'error' {}", Failure(error)),
        }
    }
}

fn write_event(f: &mut Formatter<'_>, event: &Event) -> fmt::Result {
    match event {
        Event::Data(bytes) => write!(f, " {} bytes", bytes.len()),
        Event::Text(text) => write!(f, " {} units of text", text.units()),
        Event::Lookup(lookup) => {
            write!(f, " {}", Quoted(&lookup.host))?;
            match &lookup.result {
                Ok(Resolved::Ip(ip)) => write!(f, " {ip}"),
                Ok(Resolved::Text { address, family }) => write!(f, " {} family {family}", Quoted(address)),
                Err(error) => write!(f, " {}", Failure(error)),
            }
        }
        Event::ConnectionAttempt(to) => attempt(f, to),
        Event::ConnectionAttemptTimeout(to) => addr(f, Some(to)),
        Event::ConnectionAttemptFailed(failed) => {
            attempt(f, &failed.0)?;
            write!(f, " {}", Failure(&failed.1))
        }
        Event::Error(error) => write!(f, " {}", Failure(error)),
        Event::Close(Some(had_error)) => write!(f, " {had_error}"),
        Event::Connection(s) | Event::Pipe(s) | Event::Unpipe(s) => write!(f, " {s}"),
        Event::Drop(Some(info)) => {
            f.write_str(" local")?;
            addr(f, info.local.as_ref())?;
            f.write_str(" remote")?;
            addr(f, info.remote.as_ref())
        }
        Event::ServerClose(Some(error)) => write!(f, " {}", Failure(error)),
        _ => Ok(()),
    }
}

fn attempt(f: &mut Formatter<'_>, attempt: &Attempt) -> fmt::Result {
    match attempt {
        Attempt::Tcp(to) => write!(f, " {to}"),
        Attempt::Path(path) => write!(f, " {}", Quoted(path)),
    }
}

/// What the driver is asked, as one line.
#[derive(Debug)]
pub struct Asked<'a, 'o>(pub &'a Op<'o>);

impl Display for Asked<'_, '_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.0 {
            Op::Open(h, kind) => write!(f, "open {h} {kind:?}"),
            Op::Adopt(h, conn) => write!(f, "adopt {h} connection {}", conn.0),
            Op::Refuse(conn) => write!(f, "refuse connection {}", conn.0),
            Op::ConnNames(conn) => write!(f, "names of connection {}", conn.0),
            Op::Bind { handle, addr, ipv6_only } => write!(f, "bind {handle} {addr} ipv6_only {ipv6_only}"),
            Op::BindPath(h, path) => write!(f, "bind {h} {}", Quoted(path)),
            Op::Listen(h, backlog) => write!(f, "listen {h} backlog {backlog}"),
            Op::Connect(h, addr) => write!(f, "connect {h} {addr}"),
            Op::ConnectPath(h, path) => write!(f, "connect {h} {}", Quoted(path)),
            Op::Write(h, chunks) => {
                let bytes: usize = chunks.iter().map(|chunk| chunk.len()).sum();
                write!(f, "write {h} {bytes} bytes in {} chunks", chunks.len())
            }
            Op::ReadStart(h) => write!(f, "read start {h}"),
            Op::ReadLimit(h, bytes) => write!(f, "read limit {h} {bytes} bytes"),
            Op::ReadStop(h) => write!(f, "read stop {h}"),
            Op::Shutdown(h) => write!(f, "shutdown {h}"),
            Op::Close(h) => write!(f, "close {h}"),
            Op::Reset(h) => write!(f, "reset {h}"),
            Op::NoDelay(h, on) => write!(f, "no delay {h} {on}"),
            Op::SetTypeOfService(h, tos) => write!(f, "set type of service {h} {tos}"),
            Op::TypeOfService(h) => write!(f, "type of service {h}"),
            Op::KeepAlive(h, on, delay) => write!(f, "keep alive {h} {on} {delay} s"),
            Op::SockName(h) => write!(f, "local address of {h}"),
            Op::PeerName(h) => write!(f, "remote address of {h}"),
            Op::QueueSize(h) => write!(f, "queue size of {h}"),
            Op::Lookup { lookup, host, family, hints } => {
                write!(f, "look up {} as {lookup} family {family} hints {hints}", Quoted(host))
            }
            Op::Detach(h) => write!(f, "detach {h}"),
            Op::Chmod(h, readable, writable) => write!(f, "chmod {h} readable {readable} writable {writable}"),
            Op::ReusePort(h) => write!(f, "reuse port {h}"),
            Op::OpenFd(h, key) => write!(f, "open {h} on descriptor {}", key.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::{HandleId, SocketId};
    use crate::step::Target;
    use alloc::sync::Arc;
    use std::string::ToString;

    #[test]
    fn a_line_stays_a_line_and_says_nothing_to_a_terminal() {
        let evil = "a\n\x1b[2J\u{202e}\"b\u{9b}";
        let error = Arc::new(NodeError::User { code: Some(evil.into()), message: evil.into(), tag: 0 });
        let s = SocketId::from_parts(0, 1);
        let input = Input::Command(Command::Destroy(s, Some(error.clone())));
        let step = Step::Emit(Emit::Unhandled { target: Target::Socket(s), error });
        let h = HandleId::from_parts(0, 1);
        for line in [input.to_string(), Output(&step).to_string(), Asked(&Op::BindPath(h, evil)).to_string()] {
            assert!(!line.contains(|c: char| c.is_control() || c == '\u{202e}'), "{line:?}");
            assert!(line.contains("a\\n\\u{1b}[2J\\u{202e}\\\"b\\u{9b}"), "{line}");
        }
    }

    #[test]
    fn kept_bytes_are_escaped() {
        let stored = Stored { len: 9, hash: None, bytes: bytes::Bytes::from_static(b"\x1b]0;\xff\n") };
        assert_eq!(stored.to_string(), " \"\\x1b]0;\\xff\\n\"");
    }
}
