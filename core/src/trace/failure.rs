//! Errors inside records: user code may hand `destroy` any error it has met.

use super::codec::{Cursor, Malformed, put_errno, put_number, put_option, put_text};
use super::tags;
use crate::error::{NodeError, Place, SharedError};
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;

mod variant {
    pub(super) const WRITE_AFTER_END: u8 = 1;
    pub(super) const STREAM_DESTROYED: u8 = 2;
    pub(super) const ALREADY_FINISHED: u8 = 3;
    pub(super) const CALLBACK_TWICE: u8 = 4;
    pub(super) const SOCKET_CLOSED: u8 = 5;
    pub(super) const CLOSED_BEFORE_CONNECTION: u8 = 6;
    pub(super) const ENDED_BY_PEER: u8 = 7;
    pub(super) const ALREADY_LISTENING: u8 = 8;
    pub(super) const SERVER_NOT_RUNNING: u8 = 9;
    pub(super) const INVALID_HANDLE_TYPE: u8 = 10;
    pub(super) const MISSING_ARGS: u8 = 11;
    pub(super) const BAD_PORT: u8 = 12;
    pub(super) const OUT_OF_RANGE: u8 = 13;
    pub(super) const INVALID_ARG_VALUE: u8 = 14;
    pub(super) const INVALID_IP: u8 = 15;
    pub(super) const INVALID_FAMILY: u8 = 16;
    pub(super) const UNKNOWN_ENCODING: u8 = 17;
    pub(super) const SYSTEM: u8 = 18;
    pub(super) const LOOKUP: u8 = 19;
    pub(super) const LIMIT: u8 = 20;
    pub(super) const USER: u8 = 21;
    pub(super) const INVALID_ADDRESS: u8 = 22;
    pub(super) const INVALID_VALUE: u8 = 23;
    pub(super) const AGGREGATE: u8 = 24;
    pub(super) const ABORTED: u8 = 25;
    pub(super) const INVALID_FD_TYPE: u8 = 30;
    pub(super) const BAD_PORT_TEXT: u8 = 34;
    pub(super) const IP_BLOCKED: u8 = 31;
}

/// The words that errors keep as `&'static str`. Only these can be read back as what they were.
const WORDS: &[&str] = &[
    "write",
    "end",
    "connect",
    "bind",
    "listen",
    "accept",
    "read",
    "shutdown",
    "open",
    "reset",
    "Port",
    "Local port",
    "options",
    "options.port",
    "msecs",
    "size",
    "server",
    "socket",
    "depth",
    "sockets",
    "lookups",
    "write_buffer",
    "a non-negative finite number",
    "<= 1GiB",
    "must have the property \"port\" or \"path\"",
    "is listening or has connections; close it first",
    "value",
    "options.autoSelectFamilyAttemptTimeout",
    ">= 1 && <= 2147483647",
    "was read from, written to or ended; accept it with pause_on_connect and take it out first",
    "start",
    "must come before end",
    "options.family",
    "is invalid",
    "prefix",
    ">= 0 && <= 32",
    ">= 0 && <= 128",
    "options.flowlabel",
    ">= 0 && <= 4294967295",
    ">= 0 && <= 1048575",
    "must be one of: 0, 4, 6",
    "hints",
    "uv_pipe_chmod",
    "can not set readableAll or writableAllt to true when path is abstract unix socket",
    "setTypeOfService",
    "getTypeOfService",
    "TCP",
    "TTY",
    "UDP",
    "FILE",
    "PIPE",
    "UNKNOWN",
];

pub(crate) fn known(word: &str) -> Option<&'static str> {
    WORDS.iter().copied().find(|&known| known == word)
}

/// Whether a reader could make this very error again.
fn readable(error: &NodeError) -> bool {
    match error {
        NodeError::StreamDestroyed(word)
        | NodeError::InvalidFdType(word)
        | NodeError::BadPort { name: word, .. }
        | NodeError::BadPortText { name: word, .. }
        | NodeError::System { syscall: word, .. }
        | NodeError::Limit { name: word, .. } => known(word).is_some(),
        NodeError::OutOfRange { name, range: other, .. }
        | NodeError::InvalidArgValue { name, reason: other }
        | NodeError::InvalidValue { name, reason: other, .. } => known(name).is_some() && known(other).is_some(),
        // One inside another would let a trace nest as deep as it likes.
        NodeError::Aggregate(errors) => !errors.iter().any(|error| matches!(**error, NodeError::Aggregate(_))),
        _ => true,
    }
}

/// One with a word of which readers do not know is written as a user's error with its code and message, which is all
/// of it that the machine's outputs show.
pub(crate) fn put_error(out: &mut Vec<u8>, error: &NodeError) {
    if !readable(error) {
        let code = Some(error.code().to_string());
        return put_variant(out, &NodeError::User { code, message: error.to_string(), tag: 0 });
    }
    put_variant(out, error);
}

fn put_variant(out: &mut Vec<u8>, error: &NodeError) {
    match error {
        NodeError::WriteAfterEnd => out.push(variant::WRITE_AFTER_END),
        NodeError::StreamDestroyed(op) => {
            out.push(variant::STREAM_DESTROYED);
            put_text(out, op);
        }
        NodeError::AlreadyFinished => out.push(variant::ALREADY_FINISHED),
        NodeError::CallbackTwice => out.push(variant::CALLBACK_TWICE),
        NodeError::SocketClosed => out.push(variant::SOCKET_CLOSED),
        NodeError::ClosedBeforeConnection => out.push(variant::CLOSED_BEFORE_CONNECTION),
        NodeError::EndedByPeer => out.push(variant::ENDED_BY_PEER),
        NodeError::AlreadyListening => out.push(variant::ALREADY_LISTENING),
        NodeError::ServerNotRunning => out.push(variant::SERVER_NOT_RUNNING),
        NodeError::InvalidHandleType => out.push(variant::INVALID_HANDLE_TYPE),
        NodeError::MissingArgs => out.push(variant::MISSING_ARGS),
        NodeError::BadPort { name, received } => {
            out.push(variant::BAD_PORT);
            put_text(out, name);
            put_text(out, received);
        }
        NodeError::BadPortText { name, received } => {
            out.push(variant::BAD_PORT_TEXT);
            put_text(out, name);
            put_text(out, received);
        }
        NodeError::OutOfRange { name, range, received } => {
            out.push(variant::OUT_OF_RANGE);
            put_text(out, name);
            put_text(out, range);
            put_text(out, received);
        }
        NodeError::InvalidArgValue { name, reason } => {
            out.push(variant::INVALID_ARG_VALUE);
            put_text(out, name);
            put_text(out, reason);
        }
        NodeError::InvalidValue { name, reason, received } => {
            out.push(variant::INVALID_VALUE);
            put_text(out, name);
            put_text(out, reason);
            put_text(out, received);
        }
        NodeError::InvalidFdType(kind) => {
            out.push(variant::INVALID_FD_TYPE);
            put_text(out, kind);
        }
        NodeError::InvalidAddress => out.push(variant::INVALID_ADDRESS),
        NodeError::InvalidIp(ip) => {
            out.push(variant::INVALID_IP);
            put_text(out, ip);
        }
        NodeError::InvalidFamily { family, host, port } => {
            out.push(variant::INVALID_FAMILY);
            put_number(out, u64::from(*family));
            put_text(out, host);
            put_number(out, u64::from(*port));
        }
        NodeError::IpBlocked(ip) => {
            out.push(variant::IP_BLOCKED);
            put_text(out, ip);
        }
        NodeError::UnknownEncoding(name) => {
            out.push(variant::UNKNOWN_ENCODING);
            put_text(out, name);
        }
        NodeError::System { errno, syscall, place, local, local_fields } => {
            out.push(variant::SYSTEM);
            put_errno(out, *errno);
            put_text(out, syscall);
            put_place(out, place);
            put_option(out, local.as_ref(), |out, (address, port)| {
                put_text(out, address);
                put_number(out, u64::from(*port));
            });
            out.push(u8::from(*local_fields));
        }
        NodeError::Lookup { code, hostname } => {
            out.push(variant::LOOKUP);
            out.push(tags::lookup_code(*code));
            put_text(out, hostname);
        }
        NodeError::Limit { name, bound } => {
            out.push(variant::LIMIT);
            put_text(out, name);
            put_number(out, *bound);
        }
        NodeError::Aggregate(errors) => {
            out.push(variant::AGGREGATE);
            put_number(out, errors.len() as u64);
            for error in errors {
                put_error(out, error);
            }
        }
        NodeError::Aborted => out.push(variant::ABORTED),
        NodeError::User { code, message, tag } => {
            out.push(variant::USER);
            put_option(out, code.as_deref(), put_text);
            put_text(out, message);
            put_number(out, *tag);
        }
    }
}

fn put_place(out: &mut Vec<u8>, place: &Place) {
    match place {
        Place::None => out.push(0),
        Place::Addr { address, port } => {
            out.push(1);
            put_text(out, address);
            put_number(out, u64::from(*port));
        }
        Place::Path(path) => {
            out.push(2);
            put_text(out, path);
        }
    }
}

pub(crate) fn error(from: &mut Cursor<'_>) -> Result<SharedError, Malformed> {
    match from.byte()? {
        variant::AGGREGATE => {
            let mut errors = Vec::new();
            for _ in 0..from.number()? {
                // The count is not believed: each error is at least a byte of the file.
                let tag = from.byte()?;
                errors.push(single(tag, from)?);
            }
            Ok(Arc::new(NodeError::Aggregate(errors)))
        }
        tag => single(tag, from),
    }
}

/// Any error but an aggregate.
fn single(tag: u8, from: &mut Cursor<'_>) -> Result<SharedError, Malformed> {
    Ok(Arc::new(match tag {
        variant::WRITE_AFTER_END => NodeError::WriteAfterEnd,
        variant::STREAM_DESTROYED => NodeError::StreamDestroyed(word(from)?),
        variant::ALREADY_FINISHED => NodeError::AlreadyFinished,
        variant::CALLBACK_TWICE => NodeError::CallbackTwice,
        variant::SOCKET_CLOSED => NodeError::SocketClosed,
        variant::CLOSED_BEFORE_CONNECTION => NodeError::ClosedBeforeConnection,
        variant::ENDED_BY_PEER => NodeError::EndedByPeer,
        variant::ALREADY_LISTENING => NodeError::AlreadyListening,
        variant::SERVER_NOT_RUNNING => NodeError::ServerNotRunning,
        variant::INVALID_HANDLE_TYPE => NodeError::InvalidHandleType,
        variant::MISSING_ARGS => NodeError::MissingArgs,
        variant::BAD_PORT => NodeError::BadPort { name: word(from)?, received: from.string()? },
        variant::BAD_PORT_TEXT => NodeError::BadPortText { name: word(from)?, received: from.string()? },
        variant::OUT_OF_RANGE => {
            NodeError::OutOfRange { name: word(from)?, range: word(from)?, received: from.string()? }
        }
        variant::INVALID_ARG_VALUE => NodeError::InvalidArgValue { name: word(from)?, reason: word(from)? },
        variant::INVALID_IP => NodeError::InvalidIp(from.string()?),
        variant::INVALID_FAMILY => {
            NodeError::InvalidFamily { family: from.u32()?, host: from.string()?, port: from.u16()? }
        }
        variant::IP_BLOCKED => NodeError::IpBlocked(from.string()?),
        variant::UNKNOWN_ENCODING => NodeError::UnknownEncoding(from.string()?),
        variant::SYSTEM => NodeError::System {
            errno: from.errno()?,
            syscall: word(from)?,
            place: place(from)?,
            local: from.option(|from| Ok::<(String, u16), Malformed>((from.string()?, from.u16()?)))?,
            local_fields: from.flag()?,
        },
        variant::LOOKUP => NodeError::Lookup {
            code: tags::lookup_code_from(from.byte()?).ok_or("an unknown lookup code")?,
            hostname: from.string()?,
        },
        variant::LIMIT => NodeError::Limit { name: word(from)?, bound: from.number()? },
        variant::USER => {
            NodeError::User { code: from.option(Cursor::string)?, message: from.string()?, tag: from.number()? }
        }
        variant::INVALID_FD_TYPE => NodeError::InvalidFdType(word(from)?),
        variant::INVALID_ADDRESS => NodeError::InvalidAddress,
        variant::INVALID_VALUE => {
            NodeError::InvalidValue { name: word(from)?, reason: word(from)?, received: from.string()? }
        }
        variant::ABORTED => NodeError::Aborted,
        _ => return Err("an unknown error"),
    }))
}

fn word(from: &mut Cursor<'_>) -> Result<&'static str, Malformed> {
    known(from.text()?).ok_or("an error with an unknown word")
}

fn place(from: &mut Cursor<'_>) -> Result<Place, Malformed> {
    Ok(match from.byte()? {
        0 => Place::None,
        1 => Place::Addr { address: from.string()?, port: from.u16()? },
        2 => Place::Path(from.string()?),
        _ => return Err("an unknown kind of place"),
    })
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::errno::{Errno, LookupCode};

    fn back(given: &NodeError) -> SharedError {
        let mut out = Vec::new();
        put_error(&mut out, given);
        let mut cursor = Cursor::new(&out);
        let error = error(&mut cursor).unwrap();
        assert!(cursor.is_empty());
        error
    }

    pub(in super::super) fn every_error() -> Vec<NodeError> {
        let text = || String::from("2001:db8::1");
        let place = Place::Addr { address: text(), port: 80 };
        let errno = Errno::ECONNREFUSED;
        alloc::vec![
            NodeError::WriteAfterEnd,
            NodeError::StreamDestroyed("write"),
            NodeError::AlreadyFinished,
            NodeError::CallbackTwice,
            NodeError::SocketClosed,
            NodeError::ClosedBeforeConnection,
            NodeError::EndedByPeer,
            NodeError::AlreadyListening,
            NodeError::ServerNotRunning,
            NodeError::InvalidHandleType,
            NodeError::MissingArgs,
            NodeError::BadPort { name: "Port", received: text() },
            NodeError::BadPortText { name: "options.port", received: text() },
            NodeError::OutOfRange { name: "size", range: "<= 1GiB", received: text() },
            NodeError::InvalidArgValue { name: "options", reason: WORDS[24] },
            NodeError::InvalidValue { name: "start", reason: "must come before end", received: text() },
            NodeError::InvalidAddress,
            NodeError::InvalidFdType("FILE"),
            NodeError::system(errno, "setTypeOfService"),
            NodeError::InvalidIp(text()),
            NodeError::InvalidFamily { family: 5, host: text(), port: 65535 },
            NodeError::UnknownEncoding(text()),
            NodeError::IpBlocked(text()),
            NodeError::System { errno, syscall: "connect", place, local: Some((text(), 1)), local_fields: true },
            NodeError::System {
                errno: Errno::Other(5),
                syscall: "listen",
                place: Place::Path(text()),
                local: None,
                local_fields: false,
            },
            NodeError::system(Errno::EPIPE, "read"),
            NodeError::Lookup { code: LookupCode::TooMany, hostname: text() },
            NodeError::Limit { name: "depth", bound: u64::MAX },
            NodeError::User { code: Some(text()), message: text(), tag: u64::MAX },
            NodeError::user(""),
            NodeError::Aggregate(alloc::vec![
                Arc::new(NodeError::system(Errno::ETIMEDOUT, "connect")),
                Arc::new(NodeError::user("odd")),
            ]),
            NodeError::Aggregate(Vec::new()),
            NodeError::Aborted,
        ]
    }

    #[test]
    fn every_error_comes_back() {
        for error in every_error() {
            assert_eq!(*back(&error), error);
        }
    }

    #[test]
    fn aggregates_do_not_nest() {
        let inner = Arc::new(NodeError::Aggregate(alloc::vec![Arc::new(NodeError::Aborted)]));
        let read = back(&NodeError::Aggregate(alloc::vec![inner]));
        assert_eq!((read.code(), read.to_string(), read.errors().len()), ("ABORT_ERR", String::new(), 0));
        let nested = [variant::AGGREGATE, 1, variant::AGGREGATE, 0];
        assert!(error(&mut Cursor::new(&nested)).is_err());
    }

    #[test]
    fn an_error_with_a_word_of_its_own_keeps_its_code_and_message() {
        let odd = NodeError::Limit { name: "a host's own", bound: 3 };
        let read = back(&odd);
        assert_eq!((read.code(), read.to_string()), (odd.code(), odd.to_string()));
    }
}
