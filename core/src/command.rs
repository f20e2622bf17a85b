//! What a user's call becomes: a [`Command`] for [`Core::begin`](crate::Core::begin), and its [`Outcome`].

use crate::block_list::BlockList;
use crate::call::HandleKind;
use crate::decoder::ReadText;
use crate::errno::LookupCode;
use crate::error::SharedError;
use crate::id::{CallbackId, ConnKey, FdKey, ListenerId, LookupId, ServerId, SocketId, TimerId};
use crate::step::{EventKind, Target};
use crate::text::Encoding;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use bytes::Bytes;
use core::fmt;
use core::net::{IpAddr, SocketAddr};

/// What a chunk was before it became bytes. Node counts text in UTF-16 units (rule W3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Text {
    /// Its length in UTF-16 code units.
    pub units: u32,
    /// Whether it is short enough (16 KiB of storage) that Node tries it on the wire before counting it (rule W9).
    pub short: bool,
}

/// Something to write: bytes, and for text what Node counts of it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Chunk {
    /// The bytes that go on the wire.
    pub bytes: Bytes,
    /// Set when the user gave text.
    pub text: Option<Text>,
}

impl Chunk {
    /// What Node adds to `writableLength`: units of text, else bytes.
    #[inline]
    pub(crate) fn length(&self) -> u64 {
        match self.text {
            Some(text) => u64::from(text.units),
            None => self.bytes.len() as u64,
        }
    }

    /// A short text: Node counts it only when the system took it (rule W9).
    #[inline]
    pub(crate) const fn is_short(&self) -> bool {
        matches!(self.text, Some(Text { short: true, .. }))
    }
}

impl From<Bytes> for Chunk {
    fn from(bytes: Bytes) -> Self {
        Self { bytes, text: None }
    }
}

/// Options of `new net.Socket` and of accepted sockets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default))]
pub struct SocketOptions {
    /// Keep the writable side open when the other party ends (rule L12).
    pub allow_half_open: bool,
    /// The high water mark of both sides, in bytes (or UTF-16 units for text written). It wins over the two that follow
    /// (rule R23). `None` leaves it to them.
    pub high_water_mark: Option<u32>,
    /// Of the readable side alone; `None` is 16,384 as in Node 20. As in Node, a server's accepted sockets do not get it.
    pub readable_high_water_mark: Option<u32>,
    /// Of the writable side alone; `None` is 16,384. As in Node, a server's accepted sockets do not get it.
    pub writable_high_water_mark: Option<u32>,
    /// With false the readable side is over from the beginning: nothing is read, there is no 'end' (rule R24). Node's
    /// documentation says that it counts only beside a descriptor; in Node v20 it always does, and here. A server's
    /// accepted sockets do not get it.
    pub readable: bool,
    /// With false the writable side is over from the beginning, as if it had finished (rule W24).
    pub writable: bool,
    /// Disable Nagle's algorithm once connected.
    pub no_delay: bool,
    /// Turn keep-alive on once connected.
    pub keep_alive: bool,
    /// The first keep-alive probe, in milliseconds; whole seconds are used.
    pub keep_alive_delay: u32,
}

/// Node 20's default high water mark, in bytes.
pub const DEFAULT_HIGH_WATER_MARK: u32 = 16 * 1024;

impl Default for SocketOptions {
    fn default() -> Self {
        Self {
            allow_half_open: false,
            high_water_mark: None,
            readable_high_water_mark: None,
            writable_high_water_mark: None,
            readable: true,
            writable: true,
            no_delay: false,
            keep_alive: false,
            keep_alive_delay: 0,
        }
    }
}

impl SocketOptions {
    /// The readable and the writable high water mark.
    pub(crate) fn marks(&self) -> (u32, u32) {
        let or = |own: Option<u32>| self.high_water_mark.or(own).unwrap_or(DEFAULT_HIGH_WATER_MARK);
        (or(self.readable_high_water_mark), or(self.writable_high_water_mark))
    }
}

/// A connected descriptor that the host gave to the driver, to be a socket of its own (rule O10).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct HandedIn {
    /// What the driver calls it.
    pub conn: ConnKey,
    /// What it is: TCP, or a pipe (a Unix socket, a FIFO).
    pub kind: HandleKind,
    /// It can be written to; false for the reading end of a FIFO.
    pub writable: bool,
    /// As [`Command::OnRead`], from the first read on.
    pub on_read: Option<u32>,
}

/// Options of `net.createServer`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default))]
pub struct ServerOptions {
    /// For the sockets it accepts.
    pub socket: SocketOptions,
    /// Accepted sockets are not read from until `resume`.
    pub pause_on_connect: bool,
}

/// Where `socket.connect` goes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum ConnectTo {
    /// A host and port.
    Host(HostOptions),
    /// A Unix path; a leading NUL names an abstract socket (Linux).
    Path(String),
}

/// A host to connect to.
#[derive(Clone, Debug, PartialEq, Eq, Default, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default))]
pub struct HostOptions {
    /// A name or an IP address; `None` and empty are `localhost`.
    pub host: Option<String>,
    /// The port, 0 to 65535; `None` throws `ERR_MISSING_ARGS`.
    pub port: Option<i64>,
    /// 4 or 6 to ask the resolver for one family; 0 for either.
    pub family: u8,
    /// Resolver hints, as the bits of Node's `dns` module.
    pub hints: u32,
    /// The user resolves the name: the core emits [`Emit::Resolve`](crate::Emit::Resolve) in place of a lookup call.
    pub custom_lookup: bool,
    /// The number of the interface that a zone in `host` names, as in `fe80::1%eth0`; 0 if there is none. The machine
    /// cannot know it: the driver looks it up.
    pub scope: u32,
    /// Connect from this address.
    pub local_address: Option<String>,
    /// As `scope`, of `local_address`.
    pub local_scope: u32,
    /// Connect from this port.
    pub local_port: Option<i64>,
    /// Try a name's addresses one after the other (rule C17); `None` is true.
    pub auto_select_family: Option<bool>,
    /// How long one of them may take before the next is tried, in milliseconds; `None` is 250.
    pub attempt_timeout: Option<i64>,
}

/// Where `server.listen` listens.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum ListenOn {
    /// A port, on one host or on all of this machine's addresses.
    Port {
        /// 0 to 65535; 0 takes a free one.
        port: i64,
        /// `None` is `::`, or `0.0.0.0` where IPv6 is not to be had.
        host: Option<String>,
        /// How many connections may wait; 0 is 511.
        backlog: u32,
        /// With an IPv6 host: do not take IPv4 too.
        ipv6_only: bool,
    },
    /// A Unix path; a leading NUL names an abstract socket (Linux).
    Path {
        /// The path.
        path: String,
        /// How many connections may wait; 0 is 511.
        backlog: u32,
    },
    /// A descriptor that was handed to the driver (rule S17). One that the machine has not taken
    /// ([`Op::OpenFd`](crate::Op::OpenFd)) when the command returns is not wanted.
    Fd {
        /// Which.
        key: FdKey,
        /// What it is; `None` for what is neither a TCP nor a Unix stream socket, nor a pipe.
        kind: Option<HandleKind>,
        /// How many connections may wait; 0 is 511.
        backlog: u32,
    },
}

/// More of the options of `server.listen`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default))]
pub struct ListenOptions {
    /// Share the port with other servers that say so too (rule S20).
    pub reuse_port: bool,
    /// Everybody may read from the Unix socket (rule S19).
    pub readable_all: bool,
    /// Everybody may write to the Unix socket (rule S19).
    pub writable_all: bool,
    /// The number of the interface that a zone in `host` names, as [`HostOptions::scope`].
    pub scope: u32,
}

/// Which end of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Side {
    /// This process's end.
    Local,
    /// The other party's end.
    Remote,
}

/// What user code says about a name it was asked to resolve.
pub type LookupAnswer = Result<Vec<IpAddr>, LookupCode>;

/// What user code can emit itself.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Emitted {
    /// 'pipe', with its source.
    Pipe(SocketId),
    /// 'unpipe', with its source.
    Unpipe(SocketId),
    /// 'error', once more: for nobody else, so that it is unhandled.
    Error(SharedError),
}

/// An address as a lookup gave it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Resolved {
    /// An address.
    Ip(IpAddr),
    /// What a lookup of the user's gave as text, which may be no address, or with a family that is none (rule C25).
    Text {
        /// The address.
        address: String,
        /// 4 or 6, or something else.
        family: u32,
    },
}

impl Resolved {
    /// The address, if there is one that can be used.
    pub fn ip(&self) -> Option<IpAddr> {
        match self {
            Resolved::Ip(ip) => Some(*ip),
            Resolved::Text { address, family: 4 | 6 } => address.parse().ok(),
            Resolved::Text { .. } => None,
        }
    }

    /// The family that was given.
    pub const fn family(&self) -> u32 {
        match self {
            Resolved::Ip(IpAddr::V4(_)) => 4,
            Resolved::Ip(IpAddr::V6(_)) => 6,
            Resolved::Text { family, .. } => *family,
        }
    }
}

impl fmt::Display for Resolved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Resolved::Ip(ip) => ip.fmt(f),
            Resolved::Text { address, .. } => f.write_str(address),
        }
    }
}

/// A user's call.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Command {
    /// `new net.Socket(options)`. Returns [`Outcome::Socket`].
    NewSocket(SocketOptions),
    /// `new net.Socket({ fd })`. Returns [`Outcome::Socket`].
    HandedIn(SocketOptions, HandedIn),
    /// `net.createServer(options)`. Returns [`Outcome::Server`].
    NewServer(ServerOptions),
    /// `socket.connect(..)`
    Connect(SocketId, ConnectTo),
    /// `socket.write(chunk, callback)`. Returns [`Outcome::Bool`].
    Write(SocketId, Chunk, Option<CallbackId>),
    /// `socket.cork()`
    Cork(SocketId),
    /// `socket.uncork()`
    Uncork(SocketId),
    /// `socket.end(chunk, callback)`
    End(SocketId, Option<Chunk>, Option<CallbackId>),
    /// `socket.destroy(error)`
    Destroy(SocketId, Option<SharedError>),
    /// `socket.destroySoon()`
    DestroySoon(SocketId),
    /// `socket.resetAndDestroy()`
    ResetAndDestroy(SocketId),
    /// `socket.pause()`
    Pause(SocketId),
    /// `socket.resume()`
    Resume(SocketId),
    /// `socket.read(n)`; `None` reads all there is. Returns [`Outcome::Chunk`].
    Read(SocketId, Option<u32>),
    /// `socket.setEncoding(encoding)`: what is read is text. The number is for replays: how many UTF-16 units that is
    /// which was kept unread; `None` decodes it.
    SetEncoding(SocketId, Encoding, Option<u32>),
    /// The option `onread`, of a socket that was not connected yet: each read brings at most so many bytes, and is an
    /// [`Emit::Read`](crate::Emit::Read) in place of 'data'.
    OnRead(SocketId, u32),
    /// What the function of `onread` says with false, before it returns: no further read.
    StopReading(SocketId),
    /// `socket.emit(event)`, as `pipe` needs it: that is no part of the machine.
    Emit(SocketId, Emitted),
    /// `socket.setTimeout(ms)`, in milliseconds.
    SetTimeout(SocketId, f64),
    /// `socket.setNoDelay(enable)`
    SetNoDelay(SocketId, bool),
    /// `socket.setKeepAlive(enable, delay)`, the delay in milliseconds.
    SetKeepAlive(SocketId, bool, u32),
    /// `socket.setTypeOfService(tos)`, of newer Nodes.
    SetTypeOfService(SocketId, u8),
    /// `socket.getTypeOfService()`. Returns [`Outcome::TypeOfService`].
    TypeOfService(SocketId),
    /// `socket.ref()` (true) and `socket.unref()` (false).
    Ref(SocketId, bool),
    /// `socket.address()` and the local and remote getters. Returns [`Outcome::Address`].
    Address(SocketId, Side),
    /// The socket stays known after its 'close', until [`Command::Release`].
    Retain(SocketId),
    /// Undoes [`Command::Retain`].
    Release(SocketId),
    /// Takes the descriptor out of a socket from which nothing was read or written; the socket is gone without an event.
    Detach(SocketId),
    /// `emitter.on(event, listener)` and its kin.
    On {
        /// Whose event.
        target: Target,
        /// Which event.
        event: EventKind,
        /// The listener.
        listener: ListenerId,
        /// Remove it before its first call.
        once: bool,
        /// Put it before the others.
        prepend: bool,
    },
    /// `emitter.removeListener(event, listener)`
    Off {
        /// Whose event.
        target: Target,
        /// Which event.
        event: EventKind,
        /// The listener.
        listener: ListenerId,
    },
    /// `emitter.removeAllListeners(event)`; `None` is every event. The machine's own entries go too, as in Node.
    RemoveAll(Target, Option<EventKind>),
    /// `server.listen(..)`
    Listen(ServerId, ListenOn),
    /// `server.listen(..)` with options that few have.
    ListenWith(ServerId, ListenOn, ListenOptions),
    /// `server.close(callback)`: the listener is called once at 'close', with an error if the server was not running.
    CloseServer(ServerId, Option<ListenerId>),
    /// `server.address()`. Returns [`Outcome::Address`] or [`Outcome::Path`].
    ServerAddress(ServerId),
    /// `server.getConnections(callback)`
    GetConnections(ServerId, CallbackId),
    /// `server.maxConnections = n`; 0 is no bound, as in Node 20, and less lets nobody in (rule S23).
    SetMaxConnections(ServerId, i64),
    /// `server.ref()` (true) and `server.unref()` (false).
    RefServer(ServerId, bool),
    /// Forgets a server that is not listening and has no connections.
    ReleaseServer(ServerId),
    /// The option `blockList` of a server (rule S27) or a socket (rule S28); `None` blocks nobody.
    SetBlockList(Target, Option<Arc<BlockList>>),
    /// What user code answers to [`Emit::Resolve`](crate::Emit::Resolve), at once or later.
    Answer(LookupId, LookupAnswer),
    /// The same with addresses as text and families as numbers, which the machine checks as Node does (rule C25).
    AnswerText(LookupId, Vec<(String, u32)>),
    /// The same with an error of the user's (rule H3).
    AnswerError(LookupId, SharedError),
    /// A listener that hears every event before the others do, and also those that nobody else listens for; `None` takes
    /// it off. It counts for nothing: not in `listenerCount`, not as a listener of 'error' (rule H2).
    Tap(Target, Option<ListenerId>),
    /// `socket._handle = null`, as programs inside Node have it: the socket has no handle any more, without an event (rule
    /// H4).
    DropHandle(SocketId),
    /// `socket.unshift(chunk)`, as programs inside Node have it: it is read next. Of a socket with an encoding the chunk is
    /// text. Returns [`Outcome::Bool`] (rule H5).
    Unshift(SocketId, Chunk),
    /// `socket.readableFlowing = flowing`, as programs inside Node have it (rule H6).
    SetFlowing(SocketId, Option<bool>),
    /// `readStart` and `readStop` of the socket's handle, as programs inside Node have them (rule H7).
    HandleReads(SocketId, bool),
    /// `setTimeout` (or `setInterval`, with `repeat`). Returns [`Outcome::Timer`].
    StartTimer {
        /// Milliseconds; less than 1 and more than 2^31 - 1 are 1, as in Node.
        ms: f64,
        /// Again and again.
        repeat: bool,
    },
    /// `clearTimeout`
    CancelTimer(TimerId),
    /// `timeout.refresh()`
    RefreshTimer(TimerId),
    /// `timeout.ref()` (true) and `timeout.unref()` (false).
    RefTimer(TimerId, bool),
}

/// What a command gave back.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Outcome {
    /// Nothing.
    Unit,
    /// `write`'s: go on writing (true) or wait for 'drain'.
    Bool(bool),
    /// A new socket.
    Socket(SocketId),
    /// A new server.
    Server(ServerId),
    /// A new timer.
    Timer(TimerId),
    /// `read`'s.
    Chunk(Option<Bytes>),
    /// `read`'s, on a socket with an encoding; [`Chunk`](Outcome::Chunk)`(None)` if there is nothing.
    Text(ReadText),
    /// An address; `None` where Node gives an empty object, undefined or null.
    Address(Option<SocketAddr>),
    /// `getTypeOfService`'s.
    TypeOfService(u8),
    /// The path a server listens on.
    Path(String),
    /// The call threw.
    Threw(SharedError),
    /// A listener that ran inside the call threw; the host knows what.
    ListenerThrew,
}

/// What a command is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Named {
    Socket(SocketId),
    Server(ServerId),
    Lookup(LookupId),
    Timer(TimerId),
}

impl Command {
    /// The socket or server that it is about, if it is about one that is there.
    pub fn target(&self) -> Option<Target> {
        match self.names()? {
            Named::Socket(s) => Some(Target::Socket(s)),
            Named::Server(s) => Some(Target::Server(s)),
            Named::Lookup(_) | Named::Timer(_) => None,
        }
    }

    pub(crate) fn names(&self) -> Option<Named> {
        match *self {
            Command::NewSocket(_) | Command::HandedIn(..) | Command::NewServer(_) | Command::StartTimer { .. } => None,
            Command::Connect(s, _)
            | Command::Write(s, ..)
            | Command::Cork(s)
            | Command::Uncork(s)
            | Command::End(s, ..)
            | Command::Destroy(s, _)
            | Command::DestroySoon(s)
            | Command::ResetAndDestroy(s)
            | Command::Pause(s)
            | Command::Resume(s)
            | Command::Read(s, _)
            | Command::SetEncoding(s, ..)
            | Command::OnRead(s, _)
            | Command::Emit(s, _)
            | Command::StopReading(s)
            | Command::SetTimeout(s, _)
            | Command::SetNoDelay(s, _)
            | Command::SetKeepAlive(s, ..)
            | Command::SetTypeOfService(s, _)
            | Command::TypeOfService(s)
            | Command::Ref(s, _)
            | Command::Address(s, _)
            | Command::Retain(s)
            | Command::DropHandle(s)
            | Command::Unshift(s, _)
            | Command::SetFlowing(s, _)
            | Command::HandleReads(s, _)
            | Command::Release(s)
            | Command::Detach(s) => Some(Named::Socket(s)),
            Command::On { target, .. }
            | Command::Off { target, .. }
            | Command::RemoveAll(target, _)
            | Command::Tap(target, _)
            | Command::SetBlockList(target, _) => Some(match target {
                Target::Socket(s) => Named::Socket(s),
                Target::Server(s) => Named::Server(s),
            }),
            Command::Listen(s, _)
            | Command::ListenWith(s, ..)
            | Command::CloseServer(s, _)
            | Command::ServerAddress(s)
            | Command::GetConnections(s, _)
            | Command::SetMaxConnections(s, _)
            | Command::RefServer(s, _)
            | Command::ReleaseServer(s) => Some(Named::Server(s)),
            Command::Answer(lookup, _) | Command::AnswerText(lookup, _) | Command::AnswerError(lookup, _) => {
                Some(Named::Lookup(lookup))
            }
            Command::CancelTimer(t) | Command::RefreshTimer(t) | Command::RefTimer(t, _) => Some(Named::Timer(t)),
        }
    }
}
