//! The rolling hash of everything a machine puts out. Written for speed: a handful of words a step, one multiplication
//! a word. Not for security; nothing in it depends on the machine, the build or a key.

use crate::call::{HandleKind, Op};
use crate::command::{Outcome, Resolved};
use crate::error::{NodeError, SharedError};
use crate::id::{SocketId, TickId};
use crate::step::{Attempt, Emit, Event, EventKind, Idle, Step, Target};
use crate::trace::tags;
use core::fmt::{self, Write};
use core::net::{IpAddr, SocketAddr};

const START: u64 = 0x6E65_7466_6F6C_6431;
const FACTOR: u64 = 0x9E37_79B9_7F4A_7C15;

/// Set in the length of 'data' that is text.
const TEXT: u64 = 1 << 63;

/// What each kind of output begins its first word with.
mod output {
    pub(super) const CALL: u64 = 1;
    pub(super) const LISTENER: u64 = 2;
    pub(super) const CALLBACK: u64 = 3;
    pub(super) const CONNECTIONS: u64 = 4;
    pub(super) const TIMER: u64 = 5;
    pub(super) const RESOLVE: u64 = 6;
    pub(super) const UNHANDLED: u64 = 7;
    pub(super) const TICK: u64 = 8;
    pub(super) const RETURN: u64 = 9;
    pub(super) const IDLE: u64 = 10;
    pub(super) const RELEASED: u64 = 11;
    pub(super) const READ: u64 = 12;
}

/// The hash of all outputs so far. Any difference stays in it, since each step of it can be undone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rolling(u64);

impl Default for Rolling {
    fn default() -> Self {
        Self(START)
    }
}

impl Rolling {
    /// All 64 bits.
    pub(crate) const fn full(self) -> u64 {
        self.0
    }

    /// What is written beside an input: the upper half, which every bit of the last word has reached.
    pub(crate) const fn check(self) -> u32 {
        (self.0 >> 32) as u32
    }

    #[inline]
    fn word(&mut self, word: u64) {
        self.0 = (self.0.rotate_left(29) ^ word).wrapping_mul(FACTOR);
    }

    #[inline]
    fn id(&mut self, slot: u32, generation: u32) {
        self.word(u64::from(slot) << 32 | u64::from(generation));
    }

    /// Puts an output in.
    #[inline(never)]
    pub(crate) fn step(&mut self, step: &Step<'_>) {
        match step {
            Step::Call(call) => self.op(&call.op()),
            Step::Emit(emit) => self.emit(emit),
            Step::Tick(id) => self.tick(*id),
            Step::Return(outcome) => self.outcome(outcome),
            Step::Idle(idle) => self.idle(idle),
            Step::Released(id) => self.released(*id),
        }
    }

    #[inline]
    pub(crate) fn tick(&mut self, id: TickId) {
        self.word(output::TICK);
        self.word(id.0);
    }

    #[inline]
    pub(crate) fn idle(&mut self, idle: &Idle) {
        let &Idle { deadline, pending, closing, batch } = idle;
        self.word(output::IDLE | u64::from(deadline.is_some()) << 8 | u64::from(batch) << 32);
        self.word(u64::from(pending) << 32 | u64::from(closing));
        if let Some(at) = deadline {
            self.word(at);
        }
    }

    pub(crate) fn released(&mut self, id: SocketId) {
        self.word(output::RELEASED);
        self.id(id.slot(), id.generation());
    }

    #[inline]
    pub(crate) fn outcome(&mut self, outcome: &Outcome) {
        match outcome {
            Outcome::Bool(yes) => {
                self.word(output::RETURN | u64::from(tags::outcome(outcome)) << 8 | u64::from(*yes) << 16);
            }
            outcome => self.outcome_else(outcome),
        }
    }

    #[inline(never)]
    fn outcome_else(&mut self, outcome: &Outcome) {
        let head = output::RETURN | u64::from(tags::outcome(outcome)) << 8;
        match outcome {
            Outcome::Unit | Outcome::ListenerThrew => self.word(head),
            Outcome::Bool(yes) => self.word(head | u64::from(*yes) << 16),
            Outcome::Socket(id) => {
                self.word(head);
                self.id(id.slot(), id.generation());
            }
            Outcome::Server(id) => {
                self.word(head);
                self.id(id.slot(), id.generation());
            }
            Outcome::Timer(id) => {
                self.word(head);
                self.id(id.slot(), id.generation());
            }
            Outcome::Chunk(chunk) => {
                self.word(head | u64::from(chunk.is_some()) << 16);
                self.word(chunk.as_ref().map_or(0, |bytes| bytes.len() as u64));
            }
            Outcome::Text(text) => {
                self.word(head);
                self.word(u64::from(text.units()));
            }
            Outcome::TypeOfService(tos) => self.word(head | u64::from(*tos) << 16),
            Outcome::Address(addr) => {
                self.word(head);
                self.addr(addr.as_ref());
            }
            Outcome::Path(path) => {
                self.word(head);
                self.text(path);
            }
            Outcome::Threw(error) => {
                self.word(head);
                self.error(error);
            }
        }
    }

    #[inline]
    pub(crate) fn emit(&mut self, emit: &Emit) {
        match emit {
            Emit::Listener { target: target @ Target::Socket(socket), listener, last, event: Event::Data(bytes) } => {
                let kind = u64::from(tags::event(EventKind::Data)) << 8;
                let last = u64::from(*last) << 16;
                self.word(output::LISTENER | kind | last | side(*target) | u64::from(listener.0) << 32);
                self.id(socket.slot(), socket.generation());
                self.word(bytes.len() as u64);
            }
            emit => self.emit_else(emit),
        }
    }

    #[inline(never)]
    fn emit_else(&mut self, emit: &Emit) {
        match emit {
            Emit::Listener { target, listener, last, event } => {
                let kind = u64::from(tags::event(event.kind())) << 8;
                self.word(
                    output::LISTENER | kind | u64::from(*last) << 16 | side(*target) | u64::from(listener.0) << 32,
                );
                self.target(*target);
                self.event(event);
            }
            Emit::Callback { socket, callback, error } => {
                self.word(output::CALLBACK | u64::from(error.is_some()) << 8 | u64::from(callback.0) << 32);
                self.id(socket.slot(), socket.generation());
                if let Some(error) = error {
                    self.error(error);
                }
            }
            Emit::Connections { server, callback, count } => {
                self.word(output::CONNECTIONS | u64::from(callback.0) << 32);
                self.id(server.slot(), server.generation());
                self.word(u64::from(*count));
            }
            Emit::Timer { timer, last } => {
                self.word(output::TIMER | u64::from(*last) << 8);
                self.id(timer.slot(), timer.generation());
            }
            Emit::Resolve { socket, lookup, host, family, hints, all } => {
                let all = u64::from(*all) << 16;
                self.word(output::RESOLVE | u64::from(*family) << 8 | all | u64::from(*hints) << 32);
                self.id(socket.slot(), socket.generation());
                self.id(lookup.slot(), lookup.generation());
                self.text(host);
            }
            Emit::Read { socket, bytes } => {
                self.word(output::READ);
                self.id(socket.slot(), socket.generation());
                self.word(bytes.len() as u64);
            }
            Emit::Unhandled { target, error } => {
                self.word(output::UNHANDLED | side(*target));
                self.target(*target);
                self.error(error);
            }
        }
    }

    #[inline]
    fn target(&mut self, target: Target) {
        match target {
            Target::Socket(id) => self.id(id.slot(), id.generation()),
            Target::Server(id) => self.id(id.slot(), id.generation()),
        }
    }

    #[inline]
    fn event(&mut self, event: &Event) {
        match event {
            Event::Connect
            | Event::Ready
            | Event::Readable
            | Event::End
            | Event::Drain
            | Event::Prefinish
            | Event::Finish
            | Event::Timeout
            | Event::Pause
            | Event::Resume
            | Event::Listening => {}
            Event::Data(bytes) => self.word(bytes.len() as u64),
            Event::Text(text) => self.word(TEXT | u64::from(text.units())),
            Event::Lookup(lookup) => {
                match &lookup.result {
                    Ok(Resolved::Ip(ip)) => self.ip(*ip),
                    Ok(Resolved::Text { address, family }) => {
                        self.word(1 | u64::from(*family) << 32);
                        self.text(address);
                    }
                    Err(error) => self.error(error),
                }
                self.text(&lookup.host);
            }
            Event::ConnectionAttempt(attempt) => self.attempt(attempt),
            Event::ConnectionAttemptTimeout(addr) => self.addr(Some(addr)),
            Event::ConnectionAttemptFailed(failed) => {
                self.attempt(&failed.0);
                self.error(&failed.1);
            }
            Event::Error(error) => self.error(error),
            Event::Close(had_error) => self.word(had_error.map_or(0, |yes| 1 + u64::from(yes))),
            Event::Connection(id) | Event::Pipe(id) | Event::Unpipe(id) => self.id(id.slot(), id.generation()),
            Event::Drop(info) => {
                self.word(u64::from(info.is_some()));
                if let Some(info) = info {
                    self.addr(info.local.as_ref());
                    self.addr(info.remote.as_ref());
                }
            }
            Event::ServerClose(error) => {
                self.word(u64::from(error.is_some()));
                if let Some(error) = error {
                    self.error(error);
                }
            }
        }
    }

    fn attempt(&mut self, attempt: &Attempt) {
        match attempt {
            Attempt::Tcp(addr) => self.addr(Some(addr)),
            Attempt::Path(path) => self.text(path),
        }
    }

    #[inline]
    pub(crate) fn op(&mut self, op: &Op<'_>) {
        match *op {
            Op::Write(handle, [chunk]) => {
                self.word(output::CALL | u64::from(tags::op(op)) << 8 | 1 << 16);
                self.id(handle.slot(), handle.generation());
                self.word(chunk.len() as u64);
            }
            _ => self.op_else(op),
        }
    }

    #[inline(never)]
    fn op_else(&mut self, op: &Op<'_>) {
        let head = output::CALL | u64::from(tags::op(op)) << 8;
        match *op {
            Op::Write(handle, chunks) => {
                self.word(head | (chunks.len() as u64) << 16);
                self.id(handle.slot(), handle.generation());
                for chunk in chunks {
                    self.word(chunk.len() as u64);
                }
            }
            Op::ReadStart(h)
            | Op::ReadStop(h)
            | Op::Shutdown(h)
            | Op::Close(h)
            | Op::Reset(h)
            | Op::SockName(h)
            | Op::PeerName(h)
            | Op::QueueSize(h)
            | Op::ReusePort(h)
            | Op::TypeOfService(h)
            | Op::Detach(h) => {
                self.word(head);
                self.id(h.slot(), h.generation());
            }
            Op::Open(h, kind) => {
                self.word(head | u64::from(kind == HandleKind::Pipe) << 16);
                self.id(h.slot(), h.generation());
            }
            Op::Adopt(h, conn) => {
                self.word(head);
                self.id(h.slot(), h.generation());
                self.word(conn.0);
            }
            Op::Chmod(h, readable, writable) => {
                self.word(head | u64::from(readable) << 16 | u64::from(writable) << 17);
                self.id(h.slot(), h.generation());
            }
            Op::OpenFd(h, key) => {
                self.word(head);
                self.id(h.slot(), h.generation());
                self.word(key.0);
            }
            Op::Refuse(conn) | Op::ConnNames(conn) => {
                self.word(head);
                self.word(conn.0);
            }
            Op::Bind { handle, addr, ipv6_only } => {
                self.word(head | u64::from(ipv6_only) << 16);
                self.id(handle.slot(), handle.generation());
                self.addr(Some(&addr));
            }
            Op::Listen(h, number) | Op::ReadLimit(h, number) => {
                self.word(head | u64::from(number) << 32);
                self.id(h.slot(), h.generation());
            }
            Op::Connect(h, addr) => {
                self.word(head);
                self.id(h.slot(), h.generation());
                self.addr(Some(&addr));
            }
            Op::BindPath(h, path) | Op::ConnectPath(h, path) => {
                self.word(head);
                self.id(h.slot(), h.generation());
                self.text(path);
            }
            Op::NoDelay(h, on) => {
                self.word(head | u64::from(on) << 16);
                self.id(h.slot(), h.generation());
            }
            Op::SetTypeOfService(h, tos) => {
                self.word(head | u64::from(tos) << 16);
                self.id(h.slot(), h.generation());
            }
            Op::KeepAlive(h, on, delay) => {
                self.word(head | u64::from(on) << 16 | u64::from(delay) << 32);
                self.id(h.slot(), h.generation());
            }
            Op::Lookup { lookup, host, family, hints } => {
                self.word(head | u64::from(family) << 16 | u64::from(hints) << 32);
                self.id(lookup.slot(), lookup.generation());
                self.text(host);
            }
        }
    }

    fn addr(&mut self, addr: Option<&SocketAddr>) {
        match addr {
            None => self.word(0),
            Some(SocketAddr::V4(v4)) => {
                self.word(4 | u64::from(v4.port()) << 8 | u64::from(v4.ip().to_bits()) << 32);
            }
            Some(SocketAddr::V6(v6)) => {
                self.word(6 | u64::from(v6.port()) << 8 | u64::from(v6.scope_id()) << 32);
                self.word(u64::from(v6.flowinfo()));
                self.halves(v6.ip().to_bits());
            }
        }
    }

    fn ip(&mut self, ip: IpAddr) {
        match ip {
            IpAddr::V4(v4) => self.word(4 | u64::from(v4.to_bits()) << 32),
            IpAddr::V6(v6) => {
                self.word(6);
                self.halves(v6.to_bits());
            }
        }
    }

    fn halves(&mut self, bits: u128) {
        self.word((bits >> 64) as u64);
        self.word(bits as u64);
    }

    #[cold]
    fn error(&mut self, error: &SharedError) {
        let error: &NodeError = error;
        self.text(error.code());
        // A release may word a message better; a program's own message is its own.
        if let NodeError::User { message, .. } = error {
            return self.text(message);
        }
        self.text(error.syscall().unwrap_or_default());
        self.text(error.address().unwrap_or_default());
        self.word(error.port().map_or(0, |port| port as u64));
    }

    /// Text as it prints: its bytes eight to a word, then its length.
    #[cold]
    fn text(&mut self, text: impl fmt::Display) {
        let mut words = Words { hash: self, word: 0, len: 0 };
        // Neither this writer nor what it is given can fail.
        let _ = write!(words, "{text}");
        let Words { word, len, .. } = words;
        self.word(word);
        self.word(len);
    }
}

fn side(target: Target) -> u64 {
    u64::from(matches!(target, Target::Server(_))) << 17
}

struct Words<'a> {
    hash: &'a mut Rolling,
    word: u64,
    len: u64,
}

impl Write for Words<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for &byte in text.as_bytes() {
            self.word |= u64::from(byte) << (self.len % 8 * 8);
            self.len += 1;
            if self.len.is_multiple_of(8) {
                self.hash.word(core::mem::take(&mut self.word));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString;

    fn of(step: &Step<'_>) -> u64 {
        let mut hash = Rolling::default();
        hash.step(step);
        hash.full()
    }

    #[test]
    fn the_words_are_those_of_the_specification() {
        assert_eq!(Rolling::default().full(), 0x6E65_7466_6F6C_6431);
        let mut hash = Rolling::default();
        hash.word(8);
        hash.word(5);
        assert_eq!(of(&Step::Tick(TickId(5))), hash.full());
        assert_eq!(hash.full(), 0xEBBE_0BEC_959D_01FB, "the example in spec/trace-format.md");
    }

    #[test]
    fn ids_that_share_numbers_differ_by_kind() {
        let id = SocketId::from_parts(0, 5);
        assert_ne!(of(&Step::Released(id)), of(&Step::Tick(TickId(5))));
    }

    #[test]
    fn text_is_cut_into_words_the_same_way_however_it_is_written() {
        let pieces = std::format_args!("{}{}{}", "abc", "defgh", "ijklmnopq").to_string();
        let (mut whole, mut parts) = (Rolling::default(), Rolling::default());
        whole.text(&pieces);
        parts.text(std::format_args!("{}{}{}", "abc", "defgh", "ijklmnopq"));
        assert_eq!(whole, parts);
        let mut longer = Rolling::default();
        longer.text("abcdefghijklmnopq\0");
        assert_ne!(whole, longer);
    }
}
