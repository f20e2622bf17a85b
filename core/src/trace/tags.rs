//! The numbers that stand for things in a trace and in its hash. They never change and are never used again: a Rust
//! enum may be put in another order, these may not.

use crate::call::Op;
use crate::command::Outcome;
use crate::errno::LookupCode;
use crate::step::{EventKind, Phase};
use crate::text::Encoding;

/// Kinds of records. Those below [`OPTIONAL`] are needed for a replay, those from there on can be skipped.
pub(crate) mod record {
    pub(crate) const COMMAND: u8 = 1;
    pub(crate) const REPLY: u8 = 2;
    pub(crate) const COMPLETION: u8 = 3;
    pub(crate) const ADVANCE: u8 = 4;
    pub(crate) const TICK: u8 = 5;
    pub(crate) const PHASE: u8 = 6;
    pub(crate) const THREW: u8 = 7;
    pub(crate) const END: u8 = 8;
    pub(crate) const OPTIONAL: u8 = 0x80;
}

macro_rules! table {
    ($(#[$doc:meta])* $to:ident, $from:ident: $type:ident { $($name:ident = $tag:literal,)* }) => {
        $(#[$doc])*
        pub(crate) const fn $to(of: $type) -> u8 {
            match of { $($type::$name => $tag,)* }
        }
        pub(crate) const fn $from(tag: u8) -> Option<$type> {
            match tag { $($tag => Some($type::$name),)* _ => None }
        }
    };
}

table! {
    /// Events, in records and in the hash.
    event, event_from: EventKind {
        Lookup = 1,
        ConnectionAttempt = 2,
        ConnectionAttemptFailed = 3,
        Connect = 4,
        Ready = 5,
        Data = 6,
        Readable = 7,
        End = 8,
        Drain = 9,
        Prefinish = 10,
        Finish = 11,
        Timeout = 12,
        Pause = 13,
        Resume = 14,
        Error = 15,
        Close = 16,
        Listening = 17,
        Connection = 18,
        Drop = 19,
        ServerClose = 20,
        Pipe = 21,
        Unpipe = 22,
        ConnectionAttemptTimeout = 23,
    }
}

table! {
    /// Encodings, in records.
    encoding, encoding_from: Encoding {
        Utf8 = 1, Utf16le = 2, Latin1 = 3, Ascii = 4, Base64 = 5, Base64url = 6, Hex = 7,
    }
}

table! {
    phase, phase_from: Phase { Pending = 1, Closing = 2, Timers = 3, }
}

table! {
    lookup_code, lookup_code_from: LookupCode { NotFound = 1, TryAgain = 2, Fail = 3, Memory = 4, TooMany = 5, TooLong = 34, }
}

/// What a command gave back, in the hash.
pub(crate) const fn outcome(outcome: &Outcome) -> u8 {
    match outcome {
        Outcome::Unit => 1,
        Outcome::Bool(_) => 2,
        Outcome::Socket(_) => 3,
        Outcome::Server(_) => 4,
        Outcome::Timer(_) => 5,
        Outcome::Chunk(_) => 6,
        Outcome::Address(_) => 7,
        Outcome::Path(_) => 8,
        Outcome::Threw(_) => 9,
        Outcome::ListenerThrew => 10,
        Outcome::Text(_) => 11,
        Outcome::TypeOfService(_) => 15,
    }
}

/// What the driver is asked, in the hash.
pub(crate) const fn op(op: &Op<'_>) -> u8 {
    match op {
        Op::Open(..) => 1,
        Op::Adopt(..) => 2,
        Op::Refuse(_) => 3,
        Op::ConnNames(_) => 4,
        Op::Bind { .. } => 5,
        Op::BindPath(..) => 6,
        Op::Listen(..) => 7,
        Op::Connect(..) => 8,
        Op::ConnectPath(..) => 9,
        Op::Write(..) => 10,
        Op::ReadStart(_) => 11,
        Op::ReadStop(_) => 12,
        Op::Shutdown(_) => 13,
        Op::Close(_) => 14,
        Op::Reset(_) => 15,
        Op::NoDelay(..) => 16,
        Op::KeepAlive(..) => 17,
        Op::SockName(_) => 18,
        Op::PeerName(_) => 19,
        Op::QueueSize(_) => 20,
        Op::Lookup { .. } => 21,
        Op::Detach(_) => 22,
        Op::ReadLimit(..) => 23,
        Op::SetTypeOfService(..) => 26,
        Op::TypeOfService(_) => 27,
        Op::OpenFd(..) => 28,
        Op::Chmod(..) => 29,
        Op::ReusePort(_) => 30,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_event_and_encoding_comes_back_from_its_number() {
        for &kind in EventKind::ALL {
            assert_eq!(event_from(event(kind)), Some(kind));
        }
        for &kind in Encoding::ALL {
            assert_eq!(encoding_from(encoding(kind)), Some(kind));
        }
        assert_eq!(event_from(0), None);
        assert_eq!(event_from(24), None);
    }
}
