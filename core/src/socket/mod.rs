//! A socket: two stream halves over one handle, and what both share.

mod chunks;
mod closing;
mod connect;
mod eyes;
mod key;
mod options;
mod readable;
mod straight;
mod view;
mod writable;

pub(crate) use chunks::Piece;
pub(crate) use connect::{LONGEST_NAME, port, scoped};
pub use eyes::default_attempt_timeout;
pub(crate) use eyes::{Attempts, Found};
pub use view::{Inside, ReadyState, SocketView};

use crate::block_list::BlockList;
use crate::command::{ConnectTo, HandedIn, Outcome, SocketOptions};
use crate::engine::frame::{Asked, Flow, Frame};
use crate::engine::{Core, Owner, TimerFor};
use crate::error::SharedError;
use crate::id::{HandleId, ListenerId, ServerId, SocketId};
use crate::listeners::{Entry, Internal, Life, Listeners, Who};
use crate::seldom::{Empty, Seldom};
use crate::step::EventKind;
use crate::timers::{TimerKey, Timers};
use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::net::SocketAddr;
pub(crate) use readable::{Flowing, Readable};
pub(crate) use writable::{Parked, Writable};

/// Where a socket stands towards the system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Link {
    /// No handle: new, or destroyed.
    Detached,
    /// `connecting` is true.
    Opening(HandleId),
    /// Connected, or adopted.
    Open(HandleId),
}

impl Link {
    pub(crate) const fn handle(self) -> Option<HandleId> {
        match self {
            Link::Detached => None,
            Link::Opening(h) | Link::Open(h) => Some(h),
        }
    }
}

/// The option `onread`: reads of the user's size, that go to the user's function alone.
#[derive(Clone, Copy, Debug, Hash)]
pub(crate) struct OnRead {
    size: u32,
    /// The function that runs has said that it wants no more.
    stop: bool,
}

impl OnRead {
    pub(crate) fn new(size: u32) -> Self {
        Self { size: size.max(1), stop: false }
    }
}

/// A running or expired idle timeout.
#[derive(Clone, Copy, Debug)]
pub(crate) struct IdleTimeout {
    /// In milliseconds.
    pub(crate) duration: u32,
    /// `None` after it fired, until the next sign of life.
    pub(crate) key: Option<TimerKey>,
}

/// The addresses as Node caches them (rule O6).
#[derive(Clone, Copy, Debug, Default, Hash)]
pub(crate) struct Names {
    /// Outer: whether it was asked for.
    pub(crate) local: Option<Option<SocketAddr>>,
    pub(crate) remote: Option<SocketAddr>,
}

/// A connection attempt under way.
#[derive(Clone, Debug, Hash)]
pub(crate) struct Target {
    pub(crate) to: ConnectTo,
    /// Set when the name is resolved.
    pub(crate) addr: Option<SocketAddr>,
    /// Every address of the name is to be tried, each for so many milliseconds (rule C17).
    pub(crate) each: Option<u32>,
    pub(crate) local: Option<SocketAddr>,
}

/// What is still asked for of the options once there is a socket.
#[derive(Clone, Copy, Debug, Hash)]
pub(crate) struct Kept {
    pub(crate) allow_half_open: bool,
    pub(crate) readable: bool,
    pub(crate) writable: bool,
}

/// At most 272 bytes: a test holds it.
#[derive(Clone, Debug)]
pub(crate) struct Socket {
    pub(crate) r: Readable,
    pub(crate) w: Writable,
    pub(crate) link: Link,
    pub(crate) listeners: Listeners,
    pub(crate) options: Kept,
    /// Its server counts it.
    pub(crate) counted: bool,
    /// Node's `socket.server`.
    pub(crate) server: Option<ServerId>,
    pub(crate) errored: Option<SharedError>,
    pub(crate) destroyed: bool,
    /// A reset came after `destroy`: the next life's end is one, if there is one.
    pub(crate) reset_later: bool,
    pub(crate) close_emitted: bool,
    pub(crate) error_emitted: bool,
    pub(crate) write_after_fin: bool,
    pub(crate) retained: bool,
    pub(crate) no_delay: bool,
    pub(crate) keep_alive: bool,
    /// In seconds.
    pub(crate) keep_alive_delay: u32,
    pub(crate) type_of_service: Option<u8>,
    /// Handles of this socket that wait for the closing phase.
    pub(crate) closing: u32,
    /// Lookups of this socket under way.
    pub(crate) lookups: u32,
    pub(crate) timeout: Option<IdleTimeout>,
    /// Of its handle; kept when that goes.
    pub(crate) bytes_read: u64,
    pub(crate) bytes_written: u64,
    pub(crate) names: Option<Box<Names>>,
    pub(crate) target: Option<Box<Target>>,
    pub(crate) rare: Seldom<Rare>,
}

/// What few sockets have.
#[derive(Clone, Debug)]
pub(crate) struct Rare {
    /// Hears every event first, and is not counted.
    pub(crate) tap: Option<ListenerId>,
    /// The option `onread`.
    pub(crate) on_read: Option<OnRead>,
    /// The `timeout` property: what was given to `setTimeout` last, in milliseconds.
    pub(crate) timeout_given: Option<f64>,
    /// `bytesRead` and `bytesWritten` of its last life, while it has a handle again.
    before: (u64, u64),
    /// What an unfinished write had left when last looked at (rule M5).
    pub(crate) last_queue: u64,
    pub(crate) parked: Vec<Parked>,
    /// Addresses tried one after the other (rule C23).
    pub(crate) attempted: Option<Vec<SocketAddr>>,
    /// What it must not connect to.
    pub(crate) block_list: Option<Arc<BlockList>>,
}

impl Empty for Rare {
    const EMPTY: &'static Self = &Rare {
        tap: None,
        on_read: None,
        timeout_given: None,
        before: (0, 0),
        last_queue: 0,
        parked: Vec::new(),
        attempted: None,
        block_list: None,
    };
}

impl Default for Rare {
    fn default() -> Self {
        Self::EMPTY.clone()
    }
}

impl Socket {
    pub(crate) fn new(options: SocketOptions) -> Self {
        let (readable_mark, writable_mark) = options.marks();
        let mut listeners = Listeners::new();
        let who = Who::Internal(Internal::WriteAfterFin, 0);
        listeners.add(Entry::new(EventKind::End, Life::Stays, who), false);
        Self {
            r: Readable::new(readable_mark, options.readable),
            w: Writable::new(writable_mark, options.writable),
            link: Link::Detached,
            listeners,
            options: Kept {
                allow_half_open: options.allow_half_open,
                readable: options.readable,
                writable: options.writable,
            },
            counted: false,
            server: None,
            errored: None,
            destroyed: false,
            reset_later: false,
            close_emitted: false,
            error_emitted: false,
            write_after_fin: false,
            retained: false,
            no_delay: options.no_delay,
            keep_alive: options.keep_alive,
            keep_alive_delay: options.keep_alive_delay / 1000,
            type_of_service: None,
            closing: 0,
            lookups: 0,
            timeout: None,
            bytes_read: 0,
            bytes_written: 0,
            names: None,
            target: None,
            rare: Seldom::new(),
        }
    }

    /// The server that counted it, and is to count it no more.
    pub(crate) fn uncount(&mut self) -> Option<ServerId> {
        core::mem::take(&mut self.counted).then_some(self.server).flatten()
    }

    /// Any sign of life: the idle timeout starts anew (rule M3).
    #[inline]
    pub(crate) fn show_life(&mut self, id: SocketId, timers: &mut Timers<TimerFor>, now: u64) {
        if let Some(timeout) = &mut self.timeout {
            match timeout.key {
                Some(key) => timers.refresh(key, now),
                None => timeout.key = Some(timers.start(TimerFor::IdleSocket(id), timeout.duration, now)),
            }
        }
    }

    /// A new handle, which has read and written nothing.
    fn open(&mut self, handle: HandleId) {
        let counted = (self.bytes_read, self.bytes_written);
        (self.bytes_read, self.bytes_written) = (0, 0);
        if self.link == Link::Detached && counted != self.rare.before {
            self.rare.before = counted;
        }
        self.link = Link::Opening(handle);
    }

    /// Without a handle, and not destroyed: the counts are what they were before it.
    fn let_go(&mut self) {
        (self.bytes_read, self.bytes_written) = self.rare.before;
        self.link = Link::Detached;
    }

    pub(crate) fn blocks(&self, to: SocketAddr) -> bool {
        self.rare.block_list.as_ref().is_some_and(|list| list.check(to))
    }

    pub(crate) fn connecting(&self) -> bool {
        matches!(self.link, Link::Opening(_))
    }

    /// Node's `stream.writable`.
    pub(crate) fn is_writable(&self) -> bool {
        !self.w.ending && !self.w.ended && !self.destroyed && self.errored.is_none()
    }

    /// Node's `stream.readable`.
    pub(crate) fn is_readable(&self) -> bool {
        !self.destroyed && !self.error_emitted && !self.r.end_emitted
    }

    /// Closed for good, with nothing under way that would still be heard of.
    pub(crate) fn is_over(&self) -> bool {
        self.destroyed && !self.retained && self.link == Link::Detached && self.closing == 0 && self.lookups == 0
    }

    /// As `_undestroy` does for a socket that connects again: everything that says "over" is taken back (rule L16).
    pub(crate) fn revive(&mut self) {
        self.errored = None;
        self.destroyed = false;
        self.close_emitted = false;
        self.error_emitted = false;
        self.r.revive(self.options.readable);
        self.w.revive(self.options.writable);
    }
}

impl Core {
    pub(crate) fn new_socket(&mut self, options: SocketOptions) -> SocketId {
        self.sockets.insert(Socket::new(options))
    }

    /// A socket with a connection that was accepted.
    pub(crate) fn adopted_socket(&mut self, options: SocketOptions, kind: crate::call::HandleKind) -> SocketId {
        let socket = self.new_socket(options);
        let handle = self.add_handle(Owner::Socket(socket), kind);
        self.sockets[socket].link = Link::Open(handle);
        socket
    }

    /// `new net.Socket({ fd })`: connected, and read from at once (rule O10).
    pub(crate) fn handed_in(&mut self, options: SocketOptions, given: HandedIn) -> Flow {
        if self.too_many_sockets() {
            return self.accept_refuse(given.conn);
        }
        let socket = self.adopted_socket(options, given.kind);
        self.outcome(Outcome::Socket(socket));
        if let Some(size) = given.on_read {
            self.sockets[socket].rare.on_read = Some(OnRead::new(size));
        }
        let handle = self.sockets[socket].link.handle()?;
        self.handle_mut(handle, |h| h.writable = given.writable);
        if options.readable {
            self.push(Frame::AcceptRead(socket));
        }
        self.push(Frame::Ignore);
        self.ask(Asked::Adopt(handle, given.conn))
    }

    /// Node's `errorOrDestroy` for a stream with autoDestroy.
    pub(crate) fn error_or_destroy(&mut self, socket: SocketId, error: SharedError) -> Flow {
        if self.sockets[socket].destroyed {
            return None;
        }
        self.destroy(socket, Some(error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_socket_takes_no_more_than_272_bytes() {
        assert!(size_of::<Socket>() <= 272, "{} bytes", size_of::<Socket>());
    }
}
