//! The three kinds of error: a Node error that a call throws, a Node error that is emitted or handed to a callback (both
//! [`NodeError`]), and misuse of the protocol by the host ([`ApiMisuse`]).

use crate::errno::{Errno, LookupCode};
use crate::id::TickId;
use crate::numeral;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

/// A Node error as it travels: many callbacks and an event can get the same one, as in Node they get the same object.
pub type SharedError = Arc<NodeError>;

/// By this name serde does not take it for something that is borrowed from its input.
type Word = &'static str;

/// The JavaScript class of an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum ErrorClass {
    /// `Error`
    Error,
    /// `TypeError`
    TypeError,
    /// `RangeError`
    RangeError,
    /// `AggregateError`
    AggregateError,
}

/// What a system call was for; Node puts it into the message and onto the error.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Place {
    /// Nothing more is known than the call.
    None,
    /// A TCP address.
    Addr {
        /// The address, unbracketed.
        address: String,
        /// The port; 0 is left out of messages and fields.
        port: u16,
    },
    /// A Unix path. Messages of `listen` carry Node's port -1 for it.
    Path(String),
}

/// An error with Node's code, message and fields (rules E1 to E5).
///
/// Match on the variant; print it for Node's message.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum NodeError {
    /// `ERR_STREAM_WRITE_AFTER_END`
    WriteAfterEnd,
    /// `ERR_STREAM_DESTROYED`; the operation is `write` or `end`.
    StreamDestroyed(#[cfg_attr(feature = "serde", serde(deserialize_with = "crate::serial::word"))] Word),
    /// `ERR_STREAM_ALREADY_FINISHED`
    AlreadyFinished,
    /// `ERR_MULTIPLE_CALLBACK`: a write that had failed was sent after all, on a new connection.
    CallbackTwice,
    /// `ERR_SOCKET_CLOSED`
    SocketClosed,
    /// `ERR_SOCKET_CLOSED_BEFORE_CONNECTION`
    ClosedBeforeConnection,
    /// `EPIPE`: a write after the other party's FIN ended this side too.
    EndedByPeer,
    /// `ERR_SERVER_ALREADY_LISTEN`
    AlreadyListening,
    /// `ERR_SERVER_NOT_RUNNING`
    ServerNotRunning,
    /// `ERR_INVALID_HANDLE_TYPE`
    InvalidHandleType,
    /// `ERR_MISSING_ARGS`
    MissingArgs,
    /// `ERR_SOCKET_BAD_PORT`
    BadPort {
        /// The argument's name in the message.
        #[cfg_attr(feature = "serde", serde(deserialize_with = "crate::serial::word"))]
        name: Word,
        /// What was given.
        received: String,
    },
    /// `ERR_SOCKET_BAD_PORT` of a port that was given as text.
    BadPortText {
        /// The argument's name in the message.
        #[cfg_attr(feature = "serde", serde(deserialize_with = "crate::serial::word"))]
        name: Word,
        /// The whole text.
        received: String,
    },
    /// `ERR_OUT_OF_RANGE`
    OutOfRange {
        /// The argument's name in the message.
        #[cfg_attr(feature = "serde", serde(deserialize_with = "crate::serial::word"))]
        name: Word,
        /// What would have been right.
        #[cfg_attr(feature = "serde", serde(deserialize_with = "crate::serial::word"))]
        range: Word,
        /// What was given.
        received: String,
    },
    /// `ERR_INVALID_ARG_VALUE`
    InvalidArgValue {
        /// The argument's name in the message.
        #[cfg_attr(feature = "serde", serde(deserialize_with = "crate::serial::word"))]
        name: Word,
        /// Why it cannot be used, and what can.
        #[cfg_attr(feature = "serde", serde(deserialize_with = "crate::serial::word"))]
        reason: Word,
    },
    /// `ERR_INVALID_ARG_VALUE` of the kind that shows what was given.
    InvalidValue {
        /// The argument's name in the message; a property's has a dot.
        #[cfg_attr(feature = "serde", serde(deserialize_with = "crate::serial::word"))]
        name: Word,
        /// Why it cannot be used.
        #[cfg_attr(feature = "serde", serde(deserialize_with = "crate::serial::word"))]
        reason: Word,
        /// What was given, as Node's `util.inspect` shows it.
        received: String,
    },
    /// `ERR_INVALID_FD_TYPE`: a descriptor that is no stream socket and no FIFO.
    InvalidFdType(#[cfg_attr(feature = "serde", serde(deserialize_with = "crate::serial::word"))] Word),
    /// `ERR_INVALID_ADDRESS`
    InvalidAddress,
    /// `ERR_INVALID_IP_ADDRESS`
    InvalidIp(String),
    /// `ERR_INVALID_ADDRESS_FAMILY`
    InvalidFamily {
        /// The family that was given.
        family: u32,
        /// The host it was given for.
        host: String,
        /// The port it was given for.
        port: u16,
    },
    /// `ERR_IP_BLOCKED`: a block list names the address (rule S28).
    IpBlocked(String),
    /// `ERR_UNKNOWN_ENCODING`
    UnknownEncoding(String),
    /// A call that the system refused.
    System {
        /// Why.
        errno: Errno,
        /// What: `connect`, `bind`, `listen`, `accept`, `read`, `write`, `shutdown`, `open`, `reset`,
        /// `setTypeOfService` or `getTypeOfService`.
        #[cfg_attr(feature = "serde", serde(deserialize_with = "crate::serial::word"))]
        syscall: Word,
        /// Where to.
        place: Place,
        /// Where from, when a local port was asked for.
        local: Option<(String, u16)>,
        /// Whether `local` is also a pair of fields; a call that fails at once only has it in its message.
        local_fields: bool,
    },
    /// A name that could not be resolved.
    Lookup {
        /// Why.
        code: LookupCode,
        /// The name.
        hostname: String,
    },
    /// Every address of a name was tried, and each failed (rule C22): an `AggregateError` with the first one's code.
    Aggregate(Vec<SharedError>),
    /// `ABORT_ERR`: a signal was aborted (rule C26).
    Aborted,
    /// A bound of [`Limits`](crate::Limits) was reached. Nothing was lost: the call had no effect.
    Limit {
        /// The bound's name.
        #[cfg_attr(feature = "serde", serde(deserialize_with = "crate::serial::word"))]
        name: Word,
        /// Its value.
        bound: u64,
    },
    /// An error of the user's, given to `destroy`.
    User {
        /// `error.code`, if it has one.
        code: Option<String>,
        /// `error.message`
        message: String,
        /// The host's own mark for it, to find the value it stands for.
        tag: u64,
    },
}

impl NodeError {
    /// An error of the user's with this message.
    pub fn user(message: impl Into<String>) -> Self {
        NodeError::User { code: None, message: message.into(), tag: 0 }
    }

    /// A failed system call of which nothing more is known.
    pub const fn system(errno: Errno, syscall: &'static str) -> Self {
        NodeError::System { errno, syscall, place: Place::None, local: None, local_fields: false }
    }

    /// `error.code`: empty for an error of the user's that has none.
    pub fn code(&self) -> &str {
        match self {
            NodeError::WriteAfterEnd => "ERR_STREAM_WRITE_AFTER_END",
            NodeError::StreamDestroyed(_) => "ERR_STREAM_DESTROYED",
            NodeError::AlreadyFinished => "ERR_STREAM_ALREADY_FINISHED",
            NodeError::CallbackTwice => "ERR_MULTIPLE_CALLBACK",
            NodeError::SocketClosed => "ERR_SOCKET_CLOSED",
            NodeError::ClosedBeforeConnection => "ERR_SOCKET_CLOSED_BEFORE_CONNECTION",
            NodeError::EndedByPeer => "EPIPE",
            NodeError::AlreadyListening => "ERR_SERVER_ALREADY_LISTEN",
            NodeError::ServerNotRunning => "ERR_SERVER_NOT_RUNNING",
            NodeError::InvalidHandleType => "ERR_INVALID_HANDLE_TYPE",
            NodeError::MissingArgs => "ERR_MISSING_ARGS",
            NodeError::BadPort { .. } | NodeError::BadPortText { .. } => "ERR_SOCKET_BAD_PORT",
            NodeError::OutOfRange { .. } => "ERR_OUT_OF_RANGE",
            NodeError::InvalidArgValue { .. } | NodeError::InvalidValue { .. } => "ERR_INVALID_ARG_VALUE",
            NodeError::InvalidFdType(_) => "ERR_INVALID_FD_TYPE",
            NodeError::InvalidAddress => "ERR_INVALID_ADDRESS",
            NodeError::InvalidIp(_) => "ERR_INVALID_IP_ADDRESS",
            NodeError::InvalidFamily { .. } => "ERR_INVALID_ADDRESS_FAMILY",
            NodeError::IpBlocked(_) => "ERR_IP_BLOCKED",
            NodeError::UnknownEncoding(_) => "ERR_UNKNOWN_ENCODING",
            NodeError::System { errno, .. } => errno.name(),
            NodeError::Lookup { code, .. } => code.name(),
            NodeError::Aggregate(errors) => errors.first().map_or("", |error| error.code()),
            NodeError::Aborted => "ABORT_ERR",
            NodeError::Limit { .. } => "ERR_NETFOLD_LIMIT",
            NodeError::User { code, .. } => code.as_deref().unwrap_or(""),
        }
    }

    /// The JavaScript class Node gives the error.
    pub const fn class(&self) -> ErrorClass {
        match self {
            NodeError::InvalidHandleType
            | NodeError::InvalidFdType(_)
            | NodeError::MissingArgs
            | NodeError::InvalidArgValue { .. }
            | NodeError::InvalidValue { .. }
            | NodeError::InvalidIp(_)
            | NodeError::UnknownEncoding(_) => ErrorClass::TypeError,
            NodeError::BadPort { .. }
            | NodeError::BadPortText { .. }
            | NodeError::OutOfRange { .. }
            | NodeError::InvalidFamily { .. }
            | NodeError::Limit { .. } => ErrorClass::RangeError,
            NodeError::Aggregate(_) => ErrorClass::AggregateError,
            _ => ErrorClass::Error,
        }
    }

    /// `error.name`
    pub const fn name(&self) -> &'static str {
        match self {
            NodeError::Aborted => "AbortError",
            _ => match self.class() {
                ErrorClass::Error => "Error",
                ErrorClass::TypeError => "TypeError",
                ErrorClass::RangeError => "RangeError",
                ErrorClass::AggregateError => "AggregateError",
            },
        }
    }

    /// `error.errno`: negative, as Node has it on Linux; `None` where Node sets none.
    pub const fn errno(&self) -> Option<i32> {
        match self {
            NodeError::System { errno, .. } => Some(-errno.linux_number()),
            NodeError::Lookup { code, .. } => Some(code.number()),
            _ => None,
        }
    }

    /// The system's code, for an error that a system call gave.
    pub const fn sys(&self) -> Option<Errno> {
        match self {
            NodeError::System { errno, .. } => Some(*errno),
            _ => None,
        }
    }

    /// `error.syscall`
    pub const fn syscall(&self) -> Option<&'static str> {
        match self {
            NodeError::System { syscall, .. } => Some(*syscall),
            NodeError::Lookup { .. } => Some("getaddrinfo"),
            _ => None,
        }
    }

    /// `error.address`: an address or a path.
    pub fn address(&self) -> Option<&str> {
        match self {
            NodeError::System { place: Place::Addr { address, .. } | Place::Path(address), .. } => Some(address),
            _ => None,
        }
    }

    /// `error.port`: left out when 0; -1 on the errors of a server that listens on a path.
    pub fn port(&self) -> Option<i32> {
        match self {
            NodeError::System { place: Place::Addr { port, .. }, .. } if *port != 0 => Some(i32::from(*port)),
            NodeError::System { place: Place::Path(_), syscall: "listen", .. } => Some(-1),
            NodeError::InvalidFamily { port, .. } => Some(i32::from(*port)),
            _ => None,
        }
    }

    /// `error.localAddress` and `error.localPort`.
    pub fn local(&self) -> Option<(&str, u16)> {
        match self {
            NodeError::System { local: Some((address, port)), local_fields: true, .. } => Some((address, *port)),
            _ => None,
        }
    }

    /// `error.errors` of an `AggregateError`: what each address failed with, in order.
    pub fn errors(&self) -> &[SharedError] {
        match self {
            NodeError::Aggregate(errors) => errors,
            _ => &[],
        }
    }

    /// `error.host` of `ERR_INVALID_ADDRESS_FAMILY`: the name that was looked up.
    pub fn host(&self) -> Option<&str> {
        match self {
            NodeError::InvalidFamily { host, .. } => Some(host),
            _ => None,
        }
    }

    /// `error.hostname`
    pub fn hostname(&self) -> Option<&str> {
        match self {
            NodeError::Lookup { hostname, .. } => Some(hostname),
            _ => None,
        }
    }
}

impl fmt::Display for NodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NodeError::WriteAfterEnd => f.write_str("write after end"),
            NodeError::StreamDestroyed(op) => write!(f, "Cannot call {op} after a stream was destroyed"),
            NodeError::AlreadyFinished => f.write_str("Cannot call end after a stream was finished"),
            NodeError::CallbackTwice => f.write_str("Callback called multiple times"),
            NodeError::SocketClosed => f.write_str("Socket is closed"),
            NodeError::ClosedBeforeConnection => f.write_str("Socket closed before the connection was established"),
            NodeError::EndedByPeer => f.write_str("This socket has been ended by the other party"),
            NodeError::AlreadyListening => f.write_str("Listen method has been called more than once without closing."),
            NodeError::ServerNotRunning => f.write_str("Server is not running."),
            NodeError::InvalidHandleType => f.write_str("This handle type cannot be sent"),
            NodeError::MissingArgs => f.write_str("The \"options\" or \"port\" or \"path\" argument must be specified"),
            NodeError::BadPort { name, received } => {
                write!(f, "{name} should be >= 0 and < 65536. Received type number ({received}).")
            }
            NodeError::BadPortText { name, received } => {
                let received = numeral::received(received);
                write!(f, "{name} should be >= 0 and < 65536. Received type string ({received}).")
            }
            NodeError::OutOfRange { name, range, received } => {
                write!(f, "The value of \"{name}\" is out of range. It must be {range}. Received {received}")
            }
            NodeError::InvalidArgValue { name, reason } => write!(f, "The argument '{name}' {reason}"),
            NodeError::InvalidValue { name, reason, received } => {
                let kind = if name.contains('.') { "property" } else { "argument" };
                write!(f, "The {kind} '{name}' {reason}. Received {received}")
            }
            NodeError::InvalidFdType(kind) => write!(f, "Unsupported fd type: {kind}"),
            NodeError::InvalidAddress => f.write_str("Invalid socket address"),
            NodeError::InvalidIp(ip) => write!(f, "Invalid IP address: {ip}"),
            NodeError::InvalidFamily { family, host, port } => {
                write!(f, "Invalid address family: {family} {host}:{port}")
            }
            NodeError::IpBlocked(ip) => write!(f, "IP({ip}) is blocked by net.BlockList"),
            NodeError::UnknownEncoding(name) => write!(f, "Unknown encoding: {name}"),
            NodeError::System { errno, syscall, place, local, .. } => system(f, *errno, syscall, place, local.as_ref()),
            NodeError::Lookup { code: LookupCode::TooMany, hostname } => {
                write!(f, "getaddrinfo EAI_AGAIN {hostname} (too many lookups are under way)")
            }
            NodeError::Lookup { code, hostname } => write!(f, "getaddrinfo {} {hostname}", code.name()),
            NodeError::Aggregate(_) => Ok(()),
            NodeError::Aborted => f.write_str("The operation was aborted"),
            NodeError::Limit { name, bound } => {
                write!(f, "The limit \"{name}\" of {bound} is reached; raise it in Limits or do less at once")
            }
            NodeError::User { message, .. } => f.write_str(message),
        }
    }
}

fn system(
    f: &mut fmt::Formatter<'_>,
    errno: Errno,
    syscall: &str,
    place: &Place,
    local: Option<&(String, u16)>,
) -> fmt::Result {
    let text = if syscall == "listen" { alloc::format!(": {}", errno.text()) } else { String::new() };
    write!(f, "{syscall} {}{text}", errno.name())?;
    match place {
        Place::None => {}
        Place::Addr { address, port: 0 } => write!(f, " {address}")?,
        Place::Addr { address, port } => write!(f, " {address}:{port}")?,
        Place::Path(path) => write!(f, " {path}")?,
    }
    match local {
        Some((address, port)) => write!(f, " - Local ({address}:{port})"),
        None => Ok(()),
    }
}

impl core::error::Error for NodeError {}

/// The host used a verb where it is not legal. The verb had no effect; the core stands where it stood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum ApiMisuse {
    /// `begin` or `threw` while the core waits for `step`.
    NotYourTurn,
    /// `complete`, `tick`, `phase` or `advance` before the running turn has come to `Idle`.
    TurnOpen,
    /// A new turn before every tick of the last one was run: the next to run is given.
    TicksOwed(TickId),
    /// A tick out of order: the one that is due is given; `None` if there is none.
    WrongTick(Option<TickId>),
    /// An id that the core never gave out.
    UnknownId,
    /// A completion for which nothing is under way.
    NothingAwaited,
    /// A reply or completion of a kind that this operation cannot have.
    WrongReply,
    /// `advance` with a time before the last one.
    ClockWentBack {
        /// Where the core's clock stands, in milliseconds.
        now: u64,
        /// What was given.
        given: u64,
    },
}

impl fmt::Display for ApiMisuse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ApiMisuse::NotYourTurn => {
                f.write_str("the core is in the middle of a step: call step() until it emits, returns or is idle")
            }
            ApiMisuse::TurnOpen => f.write_str("a turn is running: call step() until Idle before starting another"),
            ApiMisuse::TicksOwed(id) => write!(f, "tick {} was scheduled and has not run: run it first", id.0),
            ApiMisuse::WrongTick(Some(id)) => write!(f, "ticks run in order: tick {} is next", id.0),
            ApiMisuse::WrongTick(None) => f.write_str("no tick is scheduled"),
            ApiMisuse::UnknownId => f.write_str("the core never gave out this id"),
            ApiMisuse::NothingAwaited => f.write_str("nothing of this kind is under way on that handle"),
            ApiMisuse::WrongReply => f.write_str("this operation cannot have such a reply"),
            ApiMisuse::ClockWentBack { now, given } => {
                write!(f, "the clock stands at {now} ms and cannot go back to {given} ms: give a monotonic time")
            }
        }
    }
}

impl core::error::Error for ApiMisuse {}

/// An 'error' event that nobody listened for. In Node this ends the process as an uncaught exception.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Unhandled {
    /// Whose event it was, printable.
    pub source: Target,
    /// The error.
    pub error: SharedError,
}

impl fmt::Display for Unhandled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "unhandled 'error' event of {}: {}", self.source, self.error)
    }
}

impl core::error::Error for Unhandled {}

use crate::step::Target;
