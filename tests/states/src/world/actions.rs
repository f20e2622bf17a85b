//! What can be done, and what the tables call it.

/// A table's machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Machine {
    /// The life of a socket.
    Socket,
    /// Its readable half.
    Readable,
    /// Its writable half.
    Writable,
    /// A server.
    Server,
}

impl Machine {
    /// The name of its table.
    pub const fn name(self) -> &'static str {
        match self {
            Machine::Socket => "socket",
            Machine::Readable => "readable",
            Machine::Writable => "writable",
            Machine::Server => "server",
        }
    }

    /// Whether an event, or "cb", is one of this machine's.
    pub(super) fn emits(self, event: &str) -> bool {
        let events: &[&str] = match self {
            Machine::Socket => &[
                "lookup",
                "connectionAttempt",
                "connectionAttemptFailed",
                "connectionAttemptTimeout",
                "connect",
                "ready",
                "error",
                "close",
            ],
            Machine::Readable => &["data", "readable", "end", "pause", "resume"],
            Machine::Writable => &["drain", "prefinish", "finish", "callback", "callback with an error"],
            Machine::Server => &["listening", "connection", "drop", "error", "close"],
        };
        events.contains(&event)
    }
}

/// How the system answers what it is asked within one step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Plan {
    /// All goes well.
    Well,
    /// A write waits.
    Waits,
    /// A write, connect, bind or listen fails.
    Fails,
    /// A connect is refused.
    Refused,
}

/// A call of the user's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cmd {
    /// `connect` to an address.
    ConnectAddress,
    /// `connect` to a name, of which one address is tried.
    ConnectName,
    /// `connect` to a name, of which all addresses are tried.
    ConnectNames,
    /// `connect` to a path.
    ConnectPath,
    /// `connect` to a port that is none.
    ConnectBadly,
    /// `write` of a little, with a callback.
    Write,
    /// `write` of more than the high water mark, with a callback.
    WriteMuch,
    /// `cork`
    Cork,
    /// `uncork`
    Uncork,
    /// `end`, with a callback.
    End,
    /// `destroy()`
    Destroy,
    /// `destroy(error)`
    DestroyWith,
    /// `destroySoon`
    DestroySoon,
    /// `resetAndDestroy`
    Reset,
    /// A 'data' listener.
    OnData,
    /// The 'data' listeners go.
    OffData,
    /// A 'readable' listener.
    OnReadable,
    /// The 'readable' listener goes.
    OffReadable,
    /// `pause`
    Pause,
    /// `resume`
    Resume,
    /// `read()`
    ReadAll,
    /// `read(0)`
    ReadNone,
    /// `listen` on a port.
    Listen,
    /// `listen` on a port of an address.
    ListenAddress,
    /// `listen` on a port of a name.
    ListenName,
    /// `close` of the server, with a callback.
    Close,
    /// `destroy` of a connection of the server's.
    DestroyConnection,
    /// `maxConnections = 1`
    Max,
}

impl Cmd {
    /// Its name in the tables.
    pub const fn name(self) -> &'static str {
        match self {
            Cmd::ConnectAddress => "call: connect to an address",
            Cmd::ConnectName | Cmd::ConnectNames => "call: connect to a name",
            Cmd::ConnectPath => "call: connect to a path",
            Cmd::ConnectBadly => "call: connect to a bad port",
            Cmd::Write => "call: write",
            Cmd::WriteMuch => "call: write much",
            Cmd::Cork => "call: cork",
            Cmd::Uncork => "call: uncork",
            Cmd::End => "call: end",
            Cmd::Destroy => "call: destroy",
            Cmd::DestroyWith => "call: destroy with an error",
            Cmd::DestroySoon => "call: destroySoon",
            Cmd::Reset => "call: resetAndDestroy",
            Cmd::OnData => "call: on 'data'",
            Cmd::OffData => "call: off 'data'",
            Cmd::OnReadable => "call: on 'readable'",
            Cmd::OffReadable => "call: off 'readable'",
            Cmd::Pause => "call: pause",
            Cmd::Resume => "call: resume",
            Cmd::ReadAll => "call: read",
            Cmd::ReadNone => "call: read(0)",
            Cmd::Listen => "call: listen on a port",
            Cmd::ListenAddress => "call: listen on an address",
            Cmd::ListenName => "call: listen on a name",
            Cmd::Close => "call: close",
            Cmd::DestroyConnection => "call: destroy a connection",
            Cmd::Max => "call: maxConnections",
        }
    }
}

/// One thing that a host, a driver or a user can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Action {
    /// A call.
    Give(Cmd),
    /// The next tick.
    Tick,
    /// Bytes come in on the socket.
    Read,
    /// The other party's FIN comes in.
    Eof,
    /// Reading fails.
    ReadFails,
    /// The connect under way ends, well or not.
    Connected(bool),
    /// The write under way ends, well or not.
    Written(bool),
    /// A lookup ends, with so many addresses.
    LookedUp(u8),
    /// A connection comes in.
    Accepted,
    /// The next turn of a phase.
    Phase(Batch),
}

/// A phase, in an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Batch {
    /// Pending
    Pending,
    /// Closing
    Closing,
    /// Timers, after enough time for one.
    Timers,
}

/// What a program begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Start {
    /// A new socket.
    Fresh,
    /// A new socket, which may connect again once it is closed.
    Again,
    /// A connected socket.
    Online,
    /// A connected socket, half-open.
    HalfOpen,
    /// A new server.
    Server,
}
