//! What the core asks of the driver within a call, and what the driver tells it later.

use crate::errno::{Errno, LookupCode};
use crate::id::{ConnKey, FdKey, HandleId, LookupId};
use alloc::vec::Vec;
use bytes::Bytes;
use core::net::{IpAddr, SocketAddr};

/// What kind of socket a handle stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum HandleKind {
    /// TCP
    Tcp,
    /// A Unix domain stream socket.
    Pipe,
}

/// An operation that the driver answers now. None of them may block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Op<'a> {
    /// A new handle. The descriptor itself may wait until it is bound or connected. Answer `Done`.
    Open(HandleId, HandleKind),
    /// A connection that was [accepted](Completion::Accepted) gets this handle. Answer `Done`.
    Adopt(HandleId, ConnKey),
    /// A connection that was accepted is not wanted: close it. Answer `Done`.
    Refuse(ConnKey),
    /// The two addresses of an accepted connection. Answer `Names`.
    ConnNames(ConnKey),
    /// Bind to an address; with `ipv6_only` to IPv6 alone. Answer `Done` or `Failed`.
    Bind {
        /// The handle.
        handle: HandleId,
        /// The address.
        addr: SocketAddr,
        /// Set IPV6_V6ONLY.
        ipv6_only: bool,
    },
    /// Bind to a Unix path. Answer `Done` or `Failed`.
    BindPath(HandleId, &'a str),
    /// Listen. Answer `Done` or `Failed`; each connection is then a [`Completion::Accepted`].
    Listen(HandleId, u32),
    /// Connect. Answer `Pending`, then [`Completion::Connected`]; or `Failed`.
    Connect(HandleId, SocketAddr),
    /// Connect to a Unix path. Answer `Pending`, then [`Completion::Connected`]; or `Failed`.
    ConnectPath(HandleId, &'a str),
    /// Write all of these, in order. Answer `Done` when the system took every byte, `Failed`, or `Pending`: the driver
    /// keeps what is left ([`Call::take`](crate::Call::take)) and tells with [`Completion::Written`].
    Write(HandleId, &'a [Bytes]),
    /// From now on deliver what comes in. Answer `Done` or `Failed`.
    ReadStart(HandleId),
    /// Deliver nothing more, beginning with the very next read. Answer `Done`.
    ReadStop(HandleId),
    /// Send FIN. No write is under way. Answer `Done` or `Failed`.
    Shutdown(HandleId),
    /// Close. For a server on a Unix path unlink the path first. Deliver nothing more for this handle. Answer `Done`.
    Close(HandleId),
    /// Close with RST. Answer `Done` or `Failed`; closed in either case.
    Reset(HandleId),
    /// Set TCP_NODELAY, or remember it until there is a descriptor. Answer `Done`.
    NoDelay(HandleId, bool),
    /// Set SO_KEEPALIVE and the first probe's delay in seconds. Answer `Done`.
    KeepAlive(HandleId, bool, u32),
    /// The local address. Answer `Addr`.
    SockName(HandleId),
    /// The remote address. Answer `Addr`.
    PeerName(HandleId),
    /// How many bytes of an unfinished write are left. Answer `Size`.
    QueueSize(HandleId),
    /// Resolve a name. Answer `Pending`, then [`Completion::LookedUp`]; or `NotFound`.
    Lookup {
        /// The lookup.
        lookup: LookupId,
        /// The name.
        host: &'a str,
        /// 4, 6 or 0 for either.
        family: u8,
        /// Bits of Node's `dns` module.
        hints: u32,
    },
    /// From now on no read of this handle brings more than so many bytes. Answer `Done`.
    ReadLimit(HandleId, u32),
    /// Set IP_TOS or IPV6_TCLASS. Answer `Done` or `Failed`.
    SetTypeOfService(HandleId, u8),
    /// What that is set to. Answer `Size`, or `Failed`.
    TypeOfService(HandleId),
    /// Hand the descriptor out; deliver nothing more for this handle. Answer `Done`.
    Detach(HandleId),
    /// A new handle, with a descriptor that was handed in. Answer `Done`; or `Failed`, the descriptor closed.
    OpenFd(HandleId, FdKey),
    /// Let others read from a Unix server's path (first flag), write to it (second one), or both. Answer `Done` or `Failed`.
    Chmod(HandleId, bool, bool),
    /// Set SO_REUSEPORT when the handle is bound. Answer `Done`; or `Failed`, with ENOTSUP where the system does not spread
    /// connections over servers.
    ReusePort(HandleId),
}

impl Op<'_> {
    /// The handle that it is about; `None` for a lookup, and for a connection that has none yet.
    pub const fn handle(&self) -> Option<HandleId> {
        match *self {
            Op::Open(h, _)
            | Op::OpenFd(h, _)
            | Op::Adopt(h, _)
            | Op::Bind { handle: h, .. }
            | Op::BindPath(h, _)
            | Op::Listen(h, _)
            | Op::Connect(h, _)
            | Op::ConnectPath(h, _)
            | Op::Write(h, _)
            | Op::ReadStart(h)
            | Op::ReadStop(h)
            | Op::ReadLimit(h, _)
            | Op::Shutdown(h)
            | Op::Close(h)
            | Op::Reset(h)
            | Op::Detach(h)
            | Op::NoDelay(h, _)
            | Op::KeepAlive(h, ..)
            | Op::SetTypeOfService(h, _)
            | Op::TypeOfService(h)
            | Op::SockName(h)
            | Op::PeerName(h)
            | Op::QueueSize(h)
            | Op::Chmod(h, ..)
            | Op::ReusePort(h) => Some(h),
            Op::Refuse(_) | Op::ConnNames(_) | Op::Lookup { .. } => None,
        }
    }
}

/// The answer to a [`Call`](crate::Call).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Reply {
    /// Done, wholly.
    Done,
    /// Refused.
    Failed(Errno),
    /// Under way: a [`Completion`] follows.
    Pending,
    /// An address, if there is one.
    Addr(Option<SocketAddr>),
    /// Two addresses: local and remote.
    Names(Option<SocketAddr>, Option<SocketAddr>),
    /// A number of bytes.
    Size(u64),
}

/// What arrives later. Each is one turn.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Completion {
    /// A connect ended.
    Connected(HandleId, Result<(), Errno>),
    /// A pending write ended: all of it is with the system, or it failed.
    Written(HandleId, Result<(), Errno>),
    /// The descriptor can be written to, and nothing waits to be: FIN that waits for the pending phase goes out now (rule W20).
    /// Nothing happens when none waits, or when the handle is gone.
    Drained(HandleId),
    /// Bytes came in; never empty.
    Read(HandleId, Bytes),
    /// The other party sent FIN.
    Eof(HandleId),
    /// As [`Read`](Completion::Read), on a socket with an encoding, in a trace: how many UTF-16 units the decoder gave.
    /// A replay goes by this number, since it need not have the bytes. No driver tells it.
    ReadAs(HandleId, Bytes, u32),
    /// As [`Eof`](Completion::Eof), in the same way.
    EofAs(HandleId, u32),
    /// Reading failed.
    ReadFailed(HandleId, Errno),
    /// A connection came in on this server handle.
    Accepted(HandleId, ConnKey),
    /// Accepting failed for good.
    AcceptFailed(HandleId, Errno),
    /// A name was resolved, or could not be.
    LookedUp(LookupId, Result<Vec<IpAddr>, LookupCode>),
}

impl Completion {
    /// The handle that it is about; `None` for the answer to a lookup.
    pub const fn handle(&self) -> Option<HandleId> {
        match *self {
            Completion::Connected(h, _)
            | Completion::Written(h, _)
            | Completion::Drained(h)
            | Completion::Read(h, _)
            | Completion::ReadAs(h, ..)
            | Completion::Eof(h)
            | Completion::EofAs(h, _)
            | Completion::ReadFailed(h, _)
            | Completion::Accepted(h, _)
            | Completion::AcceptFailed(h, _) => Some(h),
            Completion::LookedUp(..) => None,
        }
    }
}
