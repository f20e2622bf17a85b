//! The words of the language that the parser and the printer share.

use super::program::{Adding, Lookup, Role};
use netfold::EventKind as E;

/// The longest line, in bytes.
pub(super) const LONGEST_LINE: usize = 200;
/// The longest name, in letters and digits.
pub(super) const LONGEST_NAME: usize = 12;

/// Words that begin a step, or stand for a target of `connect`: no actor has such a name.
pub(super) const RESERVED: &[&str] =
    &["tick", "immediate", "timer", "abort", "throw", "log", "refused", "missing", "start", "quiet"];

const SOCKET_EVENTS: &[E] = &[
    E::Lookup,
    E::ConnectionAttempt,
    E::ConnectionAttemptFailed,
    E::ConnectionAttemptTimeout,
    E::Connect,
    E::Ready,
    E::Data,
    E::Readable,
    E::End,
    E::Drain,
    E::Prefinish,
    E::Finish,
    E::Timeout,
    E::Pause,
    E::Resume,
    E::Pipe,
    E::Unpipe,
    E::Error,
    E::Close,
];
const SERVER_EVENTS: &[E] = &[E::Listening, E::Connection, E::Drop, E::Error, E::ServerClose];

const SOCKET_PROPERTIES: &[&str] = &[
    "readyState",
    "connecting",
    "pending",
    "destroyed",
    "closed",
    "readable",
    "writable",
    "readableFlowing",
    "readableLength",
    "readableEnded",
    "writableLength",
    "writableNeedDrain",
    "writableEnded",
    "writableFinished",
    "writableCorked",
    "bytesRead",
    "bytesWritten",
    "bufferSize",
    "timeout",
    "isPaused",
    "readableHighWaterMark",
    "writableHighWaterMark",
    "erroredCause",
    "joined",
    "errored",
    "address",
    "remoteAddress",
    "remotePort",
    "remoteFamily",
    "localAddress",
    "localPort",
    "localFamily",
    "attempted",
];
const SERVER_PROPERTIES: &[&str] =
    &["listening", "connections", "maxConnections", "address", "oldConnections", "bound", "fd", "modeOfOthers"];

impl Role {
    pub(super) const fn is_server(&self) -> bool {
        matches!(self, Role::Server(_))
    }

    /// The events that such an actor has.
    pub fn events(&self) -> &'static [E] {
        if self.is_server() { SERVER_EVENTS } else { SOCKET_EVENTS }
    }

    /// What `get` knows of such an actor, but for `listeners:EVENT`.
    pub fn properties(&self) -> &'static [&'static str] {
        if self.is_server() { SERVER_PROPERTIES } else { SOCKET_PROPERTIES }
    }

    pub(super) fn event(&self, name: &str) -> Option<E> {
        self.events().iter().copied().find(|event| event.name() == name)
    }
}

impl Adding {
    pub(super) const ALL: [Adding; 4] = [Adding::On, Adding::Once, Adding::Prepend, Adding::PrependOnce];

    pub(super) const fn word(self) -> &'static str {
        match self {
            Adding::On => "on",
            Adding::Once => "once",
            Adding::Prepend => "prepend",
            Adding::PrependOnce => "prependOnce",
        }
    }
}

impl Lookup {
    pub(super) const ALL: [Lookup; 7] =
        [Lookup::Sync, Lookup::Tick, Lookup::Immediate, Lookup::Error, Lookup::Empty, Lookup::Two, Lookup::Wrong];

    pub(super) const fn word(self) -> &'static str {
        match self {
            Lookup::Sync => "sync",
            Lookup::Tick => "tick",
            Lookup::Immediate => "immediate",
            Lookup::Error => "error",
            Lookup::Empty => "empty",
            Lookup::Two => "two",
            Lookup::Wrong => "wrong",
        }
    }
}
