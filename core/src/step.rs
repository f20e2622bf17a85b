//! What [`Core::step`](crate::Core::step) gives: the only way the machine goes forward.

use crate::call::{Op, Reply};
use crate::command::{Outcome, Resolved};
use crate::decoder::ReadText;
use crate::engine::Core;
use crate::error::SharedError;
use crate::id::{CallbackId, ListenerId, LookupId, ServerId, SocketId, TickId, TimerId};
use crate::trace::Recorder;
use alloc::boxed::Box;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use bytes::Bytes;
use core::fmt;
use core::net::SocketAddr;

/// What the machine does next.
#[must_use = "a step is part of the machine's order: handle it before the next one"]
#[derive(Debug)]
pub enum Step<'c> {
    /// The core needs this answered before anything else: [`Call::answer`].
    Call(Call<'c>),
    /// Run this piece of user code now. It may `begin` commands of its own; the next `step` says that it returned,
    /// [`Core::threw`] that it failed.
    Emit(Emit),
    /// A tick was scheduled: append it to the nextTick queue, and run it later with [`Core::tick`].
    Tick(TickId),
    /// The result of the innermost `begin`. The user's code goes on.
    Return(Outcome),
    /// The turn is over.
    Idle(Idle),
    /// Everything that the core kept of this socket is gone: forget its listeners.
    Released(SocketId),
}

/// What is owed when a turn is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Idle {
    /// The next timer's time in milliseconds of the host's clock, if any: call `phase(Timers)` then.
    pub deadline: Option<u64>,
    /// Turns waiting in the pending phase.
    pub pending: u32,
    /// Turns waiting in the closing phase.
    pub closing: u32,
    /// How many turns of the phase that was begun are left: drain the ticks, then call `phase` again.
    pub batch: u32,
}

/// A socket or a server: what has listeners.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Target {
    /// A socket.
    Socket(SocketId),
    /// A server.
    Server(ServerId),
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Target::Socket(id) => write!(f, "socket {id}"),
            Target::Server(id) => write!(f, "server {id}"),
        }
    }
}

impl From<SocketId> for Target {
    fn from(id: SocketId) -> Self {
        Target::Socket(id)
    }
}

impl From<ServerId> for Target {
    fn from(id: ServerId) -> Self {
        Target::Server(id)
    }
}

/// One piece of user code to run now.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Emit {
    /// A listener.
    Listener {
        /// Whose event.
        target: Target,
        /// Which listener.
        listener: ListenerId,
        /// It was registered with `once`: it is off the list, and its id will not come again.
        last: bool,
        /// The event and its arguments.
        event: Event,
    },
    /// A callback of `write` or `end`.
    Callback {
        /// Whose.
        socket: SocketId,
        /// Which.
        callback: CallbackId,
        /// Its argument; `None` is null: success.
        error: Option<SharedError>,
    },
    /// A callback of `getConnections`.
    Connections {
        /// Whose.
        server: ServerId,
        /// Which.
        callback: CallbackId,
        /// How many.
        count: u32,
    },
    /// A timer of the user's is due.
    Timer {
        /// Which.
        timer: TimerId,
        /// It will not come again.
        last: bool,
    },
    /// The user's own `lookup` function is asked. It answers with [`Command::Answer`](crate::Command::Answer), at once or later.
    Resolve {
        /// For which socket.
        socket: SocketId,
        /// To be named in the answer.
        lookup: LookupId,
        /// The name.
        host: String,
        /// 4, 6 or 0 for either.
        family: u8,
        /// Bits of Node's `dns` module.
        hints: u32,
        /// All addresses are wanted, to be tried one after the other (rule C17); else the first one is used.
        all: bool,
    },
    /// A read of a socket with the option `onread`. The user's function may answer with
    /// [`Command::StopReading`](crate::Command::StopReading) before it returns.
    Read {
        /// Whose.
        socket: SocketId,
        /// What was read.
        bytes: Bytes,
    },
    /// An 'error' that nobody listens for: in Node this throws here. Tell the user, then call [`Core::threw`].
    Unhandled {
        /// Whose.
        target: Target,
        /// The error.
        error: SharedError,
    },
}

macro_rules! events {
    (
        [$($(#[$doc:meta])* $kind:ident = $name:literal $(($payload:ty))?;)*]
        also [ $($(#[$also_doc:meta])* $also:ident($also_payload:ty) = $of:ident;)*]
    ) => {
        /// The name of an event.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
        #[repr(u8)]
        pub enum EventKind { $($(#[$doc])* $kind,)* }

        impl EventKind {
            /// Every event.
            pub const ALL: &'static [EventKind] = &[$(EventKind::$kind),*];

            /// Node's name of it.
            pub const fn name(self) -> &'static str {
                match self { $(EventKind::$kind => $name),* }
            }
        }

        /// An event with its arguments.
        #[derive(Clone, Debug, PartialEq)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
        pub enum Event {
            $($(#[$doc])* $kind $(($payload))?,)*
            $($(#[$also_doc])* $also($also_payload),)*
        }

        impl Event {
            /// Its name.
            pub const fn kind(&self) -> EventKind {
                match self {
                    $(events!(@pattern $kind $(, $payload)?) => EventKind::$kind,)*
                    $(Event::$also(_) => EventKind::$of,)*
                }
            }
        }
    };
    (@pattern $kind:ident) => { Event::$kind };
    (@pattern $kind:ident, $payload:ty) => { Event::$kind(_) };
}

events! {[
    /// A name was resolved, or not.
    Lookup = "lookup" (Box<LookupEvent>);
    /// A connection attempt begins.
    ConnectionAttempt = "connectionAttempt" (Box<Attempt>);
    /// A connection attempt failed.
    ConnectionAttemptFailed = "connectionAttemptFailed" (Box<(Attempt, SharedError)>);
    /// A connection attempt takes too long; the next address is tried.
    ConnectionAttemptTimeout = "connectionAttemptTimeout" (SocketAddr);
    /// The connection is there.
    Connect = "connect";
    /// The socket can be used; right after 'connect'.
    Ready = "ready";
    /// Bytes came in.
    Data = "data" (Bytes);
    /// There is something to `read()`, or the end.
    Readable = "readable";
    /// The other party ended, and everything was read.
    End = "end";
    /// The write buffer is empty again.
    Drain = "drain";
    /// FIN is with the system; Node's own event, before 'finish'.
    Prefinish = "prefinish";
    /// Everything written and FIN are with the system.
    Finish = "finish";
    /// Nothing happened for as long as `setTimeout` said.
    Timeout = "timeout";
    /// `pause()` took effect.
    Pause = "pause";
    /// `resume()` took effect.
    Resume = "resume";
    /// Something failed; 'close' follows.
    Error = "error" (SharedError);
    /// The socket is closed: whether by an error, or `None` (undefined) when there was no descriptor.
    Close = "close" (Option<bool>);
    /// The server listens.
    Listening = "listening";
    /// The server accepted a connection.
    Connection = "connection" (SocketId);
    /// The server dropped a connection over `maxConnections`.
    Drop = "drop" (Option<Box<DropInfo>>);
    /// The server is closed and its last connection gone; the error is for the callback of a `close()` too many.
    ServerClose = "close" (Option<SharedError>);
    /// A source is piped to this socket from now on.
    Pipe = "pipe" (SocketId);
    /// A source is not piped to this socket any more.
    Unpipe = "unpipe" (SocketId);
] also [
    /// 'data' of a socket with an encoding.
    Text(ReadText) = Data;
]}

/// Arguments of 'lookup'.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct LookupEvent {
    /// The address, or why there is none.
    pub result: Result<Resolved, SharedError>,
    /// The name.
    pub host: String,
}

impl LookupEvent {
    /// `err`: why there is no address; `None` is null.
    pub fn err(&self) -> Option<&crate::error::NodeError> {
        self.result.as_ref().err().map(|error| &**error)
    }

    /// `address`; `None`, undefined in Node, with an error.
    pub fn address(&self) -> Option<String> {
        self.result.as_ref().ok().map(ToString::to_string)
    }

    /// `family`: 4 or 6, or the number that a lookup of the user's gave in its place; `None`, undefined in Node, with an
    /// error. The pages say text or null; a number it is in Node 12 and 20.
    pub fn family(&self) -> Option<u32> {
        self.result.as_ref().ok().map(Resolved::family)
    }
}

/// Arguments of 'connectionAttempt'.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Attempt {
    /// To a TCP address.
    Tcp(SocketAddr),
    /// To a Unix path.
    Path(String),
}

/// Arguments of 'drop' on a TCP server.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct DropInfo {
    /// This end.
    pub local: Option<SocketAddr>,
    /// The other end.
    pub remote: Option<SocketAddr>,
}

/// A question to the driver. It borrows the core: nothing else compiles until it is answered.
///
/// A call that is dropped unanswered is asked again by the next `step`.
pub struct Call<'c> {
    pub(crate) core: &'c mut Core,
    /// Where the reply is written down, when the machine is recorded.
    pub(crate) log: Option<&'c mut Recorder>,
}

impl Call<'_> {
    /// What is asked.
    #[inline]
    pub fn op(&self) -> Op<'_> {
        self.core.asked()
    }

    /// Takes the bytes of an [`Op::Write`] out of the core, for a driver that will answer [`Reply::Pending`] and so
    /// keeps what the system has not taken. Appends them to `into`; empty for any other operation.
    pub fn take(&mut self, into: &mut Vec<Bytes>) {
        self.core.take_asked_bytes(into);
    }

    /// The answer. A reply of a kind that this operation cannot have is refused, and the call is asked again.
    #[inline]
    pub fn answer(self, reply: Reply) -> Result<(), crate::ApiMisuse> {
        let took = self.core.answered(reply);
        if let Some(log) = self.log
            && took.is_ok()
        {
            log.reply(reply);
        }
        took
    }
}

impl fmt::Debug for Call<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Call").field(&self.op()).finish()
    }
}

/// The three batches a host hands to the core, in this order after each poll: pending, closing, timers (rule T3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Phase {
    /// What was done within a call but completes after it: FIN, connects that failed at once.
    Pending,
    /// 'close' events and what is cancelled by them.
    Closing,
    /// Timers that are due.
    Timers,
}
