//! What remains to be done: the continuations of the machine as data.
//!
//! A frame is what a function of Node's would still do after it has called user code or the system. Frames are a stack:
//! the topmost runs next. Nothing of the machine is on the native stack between two steps.

use crate::call::Reply;
use crate::command::{Resolved, Side};
use crate::errno::Errno;
use crate::error::SharedError;
use crate::id::{CallbackId, ConnKey, FdKey, HandleId, LookupId, ServerId, SocketId};
use crate::listeners::Entry;
use crate::socket::{Attempts, Found};
use crate::stack::Slot;
use crate::step::{Event, Target};
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::net::IpAddr;

/// What running a frame gave: go on (`None`), or something for the host, which the engine keeps.
pub(crate) type Flow = Option<Yield>;

/// What the host is told next: a call ([`Core::ask`](crate::Core)), or that user code is to run ([`Core::say`](crate::Core)).
#[derive(Clone, Copy, Debug)]
pub(crate) enum Yield {
    Call,
    Emit,
}

/// The callback of a write request.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum WriteCb {
    /// Node's `nop`.
    None,
    One(CallbackId),
    /// A vectored write's: one for each chunk that had one.
    #[expect(clippy::box_collection, reason = "one word in what every socket has")]
    Batch(Box<Vec<CallbackId>>),
}

impl From<Option<CallbackId>> for WriteCb {
    fn from(callback: Option<CallbackId>) -> Self {
        callback.map_or(WriteCb::None, WriteCb::One)
    }
}

/// Who wants what `read()` gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum ReadFor {
    /// The user's call.
    User,
    /// The loop that empties the buffer while flowing.
    Flow,
    /// Nobody: `read(0)`.
    Demand,
}

/// A list of callbacks being run with one argument.
#[derive(Clone, Debug)]
pub(crate) struct Run {
    pub(crate) callbacks: Vec<CallbackId>,
    pub(crate) next: usize,
    pub(crate) error: Option<SharedError>,
}

/// A listing of listeners being run; they lie in the engine's `copies` from `next` to `end`.
#[derive(Clone, Debug)]
pub(crate) struct Emission {
    pub(crate) target: Target,
    pub(crate) event: Event,
    pub(crate) start: usize,
    pub(crate) next: usize,
    pub(crate) end: usize,
}

#[derive(Clone, Debug)]
pub(crate) enum Frame {
    /// The topmost emission goes on.
    Emission,
    Emit(Target, Box<Event>),
    /// An 'error' that only a tap has heard.
    Unheard(Target, SharedError),
    Callbacks(SocketId, Box<Run>),

    WriteTail {
        socket: SocketId,
        dispatched: bool,
        top: bool,
    },
    WriteAnswered {
        socket: SocketId,
        handle: HandleId,
        bytes: u64,
        late: bool,
    },
    WriteDone(SocketId, WriteCb, bool),
    ClearBufferTail(SocketId),
    AfterWrite {
        socket: SocketId,
        count: u32,
        callback: WriteCb,
    },
    AfterWriteTail(SocketId),
    WriteFailed(SocketId, SharedError),
    FailBuffer(SocketId),
    BufferGone(SocketId),
    EndUncork(SocketId, Option<CallbackId>, Option<SharedError>),
    EndFinish(SocketId, Option<CallbackId>, Option<SharedError>),
    EndTail {
        socket: SocketId,
        callback: Option<CallbackId>,
        error: Option<SharedError>,
        ended: bool,
    },
    ShutdownAnswered(HandleId),
    FinishMaybe(SocketId, bool),
    FinishMaybeTail(SocketId, bool),
    ScheduleFinish(SocketId),
    FinalTail(SocketId),
    ErrorOrDestroy(SocketId, SharedError),
    FinishEmit(SocketId),
    FinishTail(SocketId),
    DestroySoonTail(SocketId),

    ReadTail {
        socket: SocketId,
        asked: u32,
        n: u32,
        purpose: ReadFor,
    },
    ReadGiven(SocketId, Option<crate::socket::Piece>, ReadFor),
    ReadStarted(SocketId),
    ReadLimited(HandleId),
    ReadOn {
        socket: SocketId,
        n: Option<u32>,
        purpose: ReadFor,
    },
    OnReadTail(SocketId, HandleId),
    PauseOn(SocketId),
    ResumeOn(SocketId),
    ReadDemanded(SocketId),
    PushTail {
        socket: SocketId,
        handle: HandleId,
        added: bool,
    },
    UnshiftTail(SocketId),
    EofTail(SocketId),
    ReadableEmitted(SocketId, bool),
    ReadMoreTail(SocketId),
    ResumeFlow(SocketId),
    ResumeTail(SocketId),
    FlowOn(SocketId),
    EndEmitted(SocketId),
    PauseTail(SocketId),

    Destroyed {
        socket: SocketId,
        error: Option<SharedError>,
        had_handle: bool,
    },

    CloseNoted(SocketId),
    DetachDone(SocketId),

    ConnectOpened(SocketId, Box<crate::socket::Target>),
    LookupAsked(LookupId),
    LookupEmitted(SocketId, Box<crate::socket::Target>, Box<Result<Resolved, SharedError>>),
    LookupFound(SocketId, Box<Found>),
    AttemptReopen(SocketId, Box<Attempts>),
    AttemptOpened(SocketId, Box<Attempts>),
    AttemptBound(SocketId, Box<Attempts>),
    AttemptAsk(SocketId, Box<Attempts>),
    AttemptAnswered(SocketId, HandleId, Box<Attempts>),
    AttemptNamed(SocketId, Box<Attempts>, Errno),
    AttemptFailed(SocketId, Box<Attempts>, bool),
    AttemptTimedOut(SocketId, HandleId),
    ConnectBound(SocketId),
    ConnectAsk(SocketId),
    ConnectAnswered(SocketId, HandleId),
    ConnectNamed(SocketId, Errno),
    ConnectKeepAlive(SocketId, HandleId),
    ConnectEmit(SocketId),
    ConnectRead(SocketId),
    TypeOfServiceSet,
    TypeOfServiceAnswered,
    ConnectTypeOfService(SocketId, HandleId),
    ConnectTypeOfServiceSet(SocketId),
    AddressAnswered(SocketId, Side),
    TimeoutSized(SocketId),

    ListenLookupAsked(LookupId),
    ListenOpened(ServerId),
    ListenShared(ServerId),
    ListenBound(ServerId),
    ListenAnswered(ServerId),
    ListenChmod(ServerId),
    ListenFallback(ServerId),
    ListenGaveUp(ServerId, SharedError),
    ServerAddressAnswered,
    ServerClosed(ServerId),
    AcceptDropped(ServerId, ConnKey),
    AcceptNamed(ServerId, ConnKey),
    /// Done also when a listener of 'drop' failed (rule D60).
    AcceptRefuse(ConnKey),
    AcceptRead(SocketId),
    AcceptSetUp(ServerId, SocketId),
    AcceptKeepAlive(ServerId, SocketId),
    AcceptEmit(ServerId, SocketId),

    /// An answer that needs nothing done.
    Ignore,
}

impl Slot for Frame {
    const EMPTY: Self = Frame::Ignore;
}

/// A tick: an entry of the nextTick queue that belongs to the machine.
#[derive(Clone, Debug)]
pub(crate) enum Job {
    Callback(SocketId, CallbackId, Option<SharedError>),
    AfterWrite {
        socket: SocketId,
        count: u32,
        callback: WriteCb,
        merges: bool,
    },
    WriteFailed(SocketId, SharedError, WriteCb),
    FailBuffer(SocketId),
    EmitErrorClose(SocketId, SharedError),
    EmitClose(SocketId),
    /// 'close' of a socket that had no handle.
    CloseDetached(SocketId),
    Finish(SocketId),
    FinishMaybe(SocketId),
    EmitReadable(SocketId),
    ReadMore(SocketId),
    Resume(SocketId),
    ReadDemand(SocketId),
    UpdateReadableListening(SocketId),
    EndReadable(SocketId),
    EndWritable(SocketId),
    ConnectNow(SocketId, Box<crate::socket::Target>),
    ConnectError(SocketId, SharedError),
    LookupRefused(SocketId, Box<crate::socket::Target>),
    Listening(ServerId),
    ListenAddress {
        server: ServerId,
        attempt: u32,
        ip: IpAddr,
    },
    ServerError(ServerId, SharedError),
    ServerClose(ServerId),
    Connections(ServerId, CallbackId, u32),
}

impl Slot for Job {
    const EMPTY: Self = Job::ReadMore(SocketId::from_parts(0, 0));
}

/// An operation as the engine keeps it while it waits for the reply; bytes and texts lie in the engine's own buffers.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Asked {
    Open(HandleId, crate::call::HandleKind),
    Adopt(HandleId, ConnKey),
    Refuse(ConnKey),
    ConnNames(ConnKey),
    Bind(HandleId, core::net::SocketAddr, bool),
    BindPath(HandleId),
    Listen(HandleId, u32),
    Connect(HandleId, core::net::SocketAddr),
    ConnectPath(HandleId),
    Write(HandleId),
    /// A whole `write` that goes the straight way: what it does when the system took everything is done with the answer.
    WriteStraight {
        socket: SocketId,
        handle: HandleId,
        bytes: u64,
    },
    ReadStart(HandleId),
    ReadStop(HandleId),
    ReadLimit(HandleId, u32),
    Shutdown(HandleId),
    Close(HandleId),
    Reset(HandleId),
    NoDelay(HandleId, bool),
    KeepAlive(HandleId, bool, u32),
    SockName(HandleId),
    PeerName(HandleId),
    QueueSize(HandleId),
    Lookup(LookupId, u8, u32),
    Detach(HandleId),
    OpenFd(HandleId, FdKey),
    Chmod(HandleId, bool, bool),
    ReusePort(HandleId),
    SetTypeOfService(HandleId, u8),
    TypeOfService(HandleId),
}

impl Asked {
    /// Whether the operation can have this reply.
    #[inline]
    pub(crate) const fn allows(&self, reply: &Reply) -> bool {
        match self {
            Asked::SockName(_) | Asked::PeerName(_) => matches!(reply, Reply::Addr(_)),
            Asked::ConnNames(_) => matches!(reply, Reply::Names(..)),
            Asked::QueueSize(_) => matches!(reply, Reply::Size(_)),
            Asked::TypeOfService(_) => matches!(reply, Reply::Size(_) | Reply::Failed(_)),
            Asked::Write(_) | Asked::WriteStraight { .. } | Asked::Connect(..) | Asked::ConnectPath(_) => {
                matches!(reply, Reply::Done | Reply::Failed(_) | Reply::Pending)
            }
            Asked::Lookup(..) => matches!(reply, Reply::Pending | Reply::Failed(_)),
            Asked::Bind(..)
            | Asked::BindPath(_)
            | Asked::OpenFd(..)
            | Asked::Chmod(..)
            | Asked::ReusePort(_)
            | Asked::Listen(..)
            | Asked::ReadStart(_)
            | Asked::Shutdown(_)
            | Asked::SetTypeOfService(..)
            | Asked::Reset(_) => matches!(reply, Reply::Done | Reply::Failed(_)),
            _ => matches!(reply, Reply::Done),
        }
    }
}

/// A turn that waits for the pending phase.
#[derive(Clone, Debug)]
pub(crate) enum Fed {
    Shutdown(HandleId),
    Connected(HandleId, Result<(), Errno>),
}

pub(crate) type Copies = Vec<Entry>;
