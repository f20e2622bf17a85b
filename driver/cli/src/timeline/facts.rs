//! What the machine's values are called, whose they are, and which of them timelines are drawn from.

use netfold::core::{Command, Completion, Emit, Op, Target};
use netfold::{Bytes, CallbackId};
use std::net::SocketAddr;

/// What a line means to those who draw.
#[derive(Clone, Debug, Default)]
pub enum Fact {
    #[default]
    None,
    /// The user wrote, or ended with a chunk.
    Write { bytes: u64, callback: Option<CallbackId> },
    /// The system was given these to send.
    Send(Vec<Bytes>),
    /// What the system was asked last is answered.
    Answered { pending: bool, failed: bool },
    /// What the system was given is sent, or not.
    Sent { failed: bool },
    /// The system was asked to send FIN, and will.
    Fin,
    /// It was asked to send RST, or to close.
    Close { reset: bool },
    /// Bytes came in.
    Read(Bytes),
    /// FIN came in.
    Eof,
    /// The system was asked to connect to this address.
    Connect(SocketAddr),
    /// The system has said what an address is.
    Address(SocketAddr),
    /// The connection is there, or not.
    Connected { failed: bool },
    /// Reading failed: the other side has cut it.
    Cut,
    /// A callback of a write runs.
    Callback(CallbackId),
    /// An event.
    Event { bytes: Option<u64> },
}

impl Fact {
    pub fn bytes(&self) -> Option<u64> {
        match self {
            Fact::Write { bytes, .. } => Some(*bytes),
            Fact::Send(chunks) => Some(chunks.iter().map(|chunk| chunk.len() as u64).sum()),
            Fact::Read(bytes) => Some(bytes.len() as u64),
            Fact::Event { bytes } => *bytes,
            _ => None,
        }
    }
}

/// What the user's call is called in Node, where it has a name there.
pub fn verb(command: &Command) -> (&'static str, Fact) {
    let name = match command {
        Command::Write(_, chunk, callback) => {
            return ("write", Fact::Write { bytes: chunk.bytes.len() as u64, callback: *callback });
        }
        Command::End(_, Some(chunk), callback) => {
            return ("end", Fact::Write { bytes: chunk.bytes.len() as u64, callback: *callback });
        }
        Command::End(_, None, callback) => return ("end", Fact::Write { bytes: 0, callback: *callback }),
        Command::NewSocket(_) | Command::HandedIn(..) => "new Socket",
        Command::NewServer(_) => "new Server",
        Command::Connect(..) => "connect",
        Command::Cork(_) => "cork",
        Command::Uncork(_) => "uncork",
        Command::Destroy(..) => "destroy",
        Command::DestroySoon(_) => "destroySoon",
        Command::ResetAndDestroy(_) => "resetAndDestroy",
        Command::Pause(_) => "pause",
        Command::Resume(_) => "resume",
        Command::Read(..) => "read",
        Command::SetEncoding(..) => "setEncoding",
        Command::SetTimeout(..) => "setTimeout",
        Command::On { .. } => "on",
        Command::Off { .. } => "off",
        Command::RemoveAll(..) => "removeAllListeners",
        Command::Listen(..) | Command::ListenWith(..) => "listen",
        Command::CloseServer(..) => "close",
        Command::Emit(..) => "emit",
        Command::Answer(..) | Command::AnswerText(..) | Command::AnswerError(..) => "answer",
        Command::StartTimer { .. } | Command::CancelTimer(_) | Command::RefreshTimer(_) | Command::RefTimer(..) => {
            "timer"
        }
        Command::SetNoDelay(..) | Command::SetKeepAlive(..) | Command::SetTypeOfService(..) => "option",
        _ => "other",
    };
    (name, Fact::None)
}

pub fn fact_of_op(op: &Op<'_>) -> (&'static str, Fact) {
    match op {
        Op::Write(_, chunks) => ("send", Fact::Send(chunks.to_vec())),
        Op::Shutdown(_) => ("shutdown", Fact::Fin),
        Op::Close(_) => ("close handle", Fact::Close { reset: false }),
        Op::Reset(_) => ("reset handle", Fact::Close { reset: true }),
        Op::Open(..) | Op::OpenFd(..) => ("open", Fact::None),
        Op::Adopt(..) => ("adopt", Fact::None),
        Op::Bind { .. } | Op::BindPath(..) => ("bind", Fact::None),
        Op::Listen(..) => ("listen", Fact::None),
        Op::Connect(_, to) => ("connect", Fact::Connect(*to)),
        Op::ConnectPath(..) => ("connect", Fact::None),
        Op::SockName(_) => ("local address", Fact::None),
        Op::PeerName(_) => ("remote address", Fact::None),
        Op::ReadStart(_) => ("read start", Fact::None),
        Op::ReadStop(_) => ("read stop", Fact::None),
        Op::Lookup { .. } => ("lookup", Fact::None),
        _ => ("system", Fact::None),
    }
}

pub fn fact_of_completion(completion: &Completion) -> (&'static str, Fact) {
    match completion {
        Completion::Connected(_, result) => ("connected", Fact::Connected { failed: result.is_err() }),
        Completion::Written(_, result) => ("written", Fact::Sent { failed: result.is_err() }),
        Completion::Drained(_) => ("drained", Fact::None),
        Completion::Read(_, bytes) | Completion::ReadAs(_, bytes, _) => ("read", Fact::Read(bytes.clone())),
        Completion::Eof(_) | Completion::EofAs(..) => ("eof", Fact::Eof),
        Completion::ReadFailed(..) => ("read failed", Fact::Cut),
        Completion::Accepted(..) => ("accepted", Fact::None),
        Completion::AcceptFailed(..) => ("accept failed", Fact::None),
        Completion::LookedUp(..) => ("looked up", Fact::None),
    }
}

pub fn of_emit(emit: &Emit) -> (Option<Target>, &'static str, Fact) {
    let plain = Fact::Event { bytes: None };
    match emit {
        Emit::Listener { target, event, .. } => {
            let bytes = match event {
                netfold::Event::Data(bytes) => Some(bytes.len() as u64),
                _ => None,
            };
            (Some(*target), event.kind().name(), Fact::Event { bytes })
        }
        Emit::Callback { socket, callback, .. } => {
            (Some(Target::Socket(*socket)), "callback", Fact::Callback(*callback))
        }
        Emit::Connections { server, .. } => (Some(Target::Server(*server)), "connections", plain),
        Emit::Timer { .. } => (None, "timer", plain),
        Emit::Resolve { socket, .. } => (Some(Target::Socket(*socket)), "resolve", plain),
        Emit::Read { socket, bytes } => {
            (Some(Target::Socket(*socket)), "onread", Fact::Event { bytes: Some(bytes.len() as u64) })
        }
        Emit::Unhandled { target, .. } => (Some(*target), "unhandled", plain),
    }
}
