//! What can be read of a socket without asking the system.

use super::{Socket, readable::Flowing};
use crate::engine::{Core, Handle};
use crate::id::{HandleId, ListenerId, SocketId};
use crate::step::{EventKind, Target};

/// Node's `readyState`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum ReadyState {
    /// Connecting.
    Opening,
    /// Both sides can be used; a new socket is "open" too.
    Open,
    /// This side has ended.
    ReadOnly,
    /// The other side has ended.
    WriteOnly,
    /// Neither side can be used.
    Closed,
}

impl ReadyState {
    /// Node's word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            ReadyState::Opening => "opening",
            ReadyState::Open => "open",
            ReadyState::ReadOnly => "readOnly",
            ReadyState::WriteOnly => "writeOnly",
            ReadyState::Closed => "closed",
        }
    }
}

/// A socket's properties, as of now.
#[derive(Clone, Copy, Debug)]
pub struct SocketView<'c> {
    socket: &'c Socket,
    handle: Option<&'c Handle>,
}

/// What Node's streams know of themselves and show in no property: names are those of its `_readableState` and
/// `_writableState`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Inside {
    /// `ended` of the readable side: the other party has ended, whether all was read or not.
    pub ended: bool,
    /// `reading`: a demand is outstanding.
    pub reading: bool,
    /// `sync` of the readable side: a demand is being made.
    pub sync: bool,
    /// `needReadable`: what comes next emits 'readable'.
    pub need_readable: bool,
    /// `emittedReadable`: a 'readable' is on its way, or was not answered by `read`.
    pub emitted_readable: bool,
    /// `resumeScheduled`: a 'resume' is on its way.
    pub resume_scheduled: bool,
    /// `readingMore`: a tick is on its way that reads more.
    pub reading_more: bool,
    /// `readableListening`
    pub readable_listening: bool,
    /// `errorEmitted`: 'error' is being, or was, emitted.
    pub error_emitted: bool,
    /// `closeEmitted`: the tick in which other streams emit 'close' is over.
    pub close_emitted: bool,
    /// `pendingcb`: how many callbacks are owed.
    pub pending_callbacks: i32,
    /// `writing`: a request is in flight.
    pub writing: bool,
    /// `finalCalled`
    pub final_called: bool,
    /// `prefinished`
    pub prefinished: bool,
}

impl Core {
    /// The properties of a socket; `None` once it is released.
    pub fn socket(&self, id: SocketId) -> Option<SocketView<'_>> {
        let socket = self.sockets.get(id)?;
        let handle = socket.link.handle().and_then(|h| self.handles.get(h));
        Some(SocketView { socket, handle })
    }

    /// `emitter.listenerCount(event)`: the machine's own steps are counted with the user's listeners, as in Node.
    pub fn listener_count(&self, target: Target, event: EventKind) -> usize {
        let listeners = match target {
            Target::Socket(id) => self.sockets.get(id).map(|s| &s.listeners),
            Target::Server(id) => self.servers.get(id).map(|s| &s.listeners),
        };
        listeners.map_or(0, |list| list.count(event))
    }

    /// `emitter.listeners(event)`: the user's, in the order in which they are called.
    pub fn listener_ids(&self, target: Target, event: EventKind) -> impl Iterator<Item = ListenerId> {
        let listeners = match target {
            Target::Socket(id) => self.sockets.get(id).map(|s| &s.listeners),
            Target::Server(id) => self.servers.get(id).map(|s| &s.listeners),
        };
        listeners.into_iter().flat_map(move |list| list.users(event))
    }

    /// The handle that a socket is on now, under which the driver has its descriptor.
    pub fn handle_of(&self, id: SocketId) -> Option<HandleId> {
        self.sockets.get(id)?.link.handle()
    }

    /// Every socket that the core knows, in the order of their slots.
    pub fn sockets(&self) -> impl Iterator<Item = SocketId> {
        self.sockets.iter().map(|(id, _)| id)
    }
}

impl<'c> SocketView<'c> {
    /// `errored`: what destroyed it.
    pub fn errored(&self) -> Option<&'c crate::error::NodeError> {
        self.socket.errored.as_deref()
    }
}

impl SocketView<'_> {
    /// `connecting`
    pub fn connecting(&self) -> bool {
        self.socket.connecting()
    }

    /// `pending`: not connected yet, or not any more.
    pub fn pending(&self) -> bool {
        self.handle.is_none() || self.socket.connecting()
    }

    /// `destroyed`
    pub fn destroyed(&self) -> bool {
        self.socket.destroyed
    }

    /// Whether a 'data' listener was added and the last of them has not been taken off by itself: taking off all together
    /// does not count, as in Node (rule P2).
    pub fn data_listening(&self) -> bool {
        self.socket.r.data_listening
    }

    /// `closed`: true as soon as `destroy` returned, before 'close'.
    pub fn closed(&self) -> bool {
        self.socket.destroyed
    }

    /// Whether 'close' has come.
    pub fn close_emitted(&self) -> bool {
        self.socket.close_emitted
    }

    /// `autoSelectFamilyAttemptedAddresses`: `None` unless several were to be tried (rule C23).
    pub fn attempted_addresses(&self) -> Option<&[core::net::SocketAddr]> {
        self.socket.rare.attempted.as_deref()
    }

    /// `server`: which accepted it, kept after the end.
    pub fn server(&self) -> Option<crate::id::ServerId> {
        self.socket.server
    }

    /// What it is on now: TCP or a pipe; `None` without a handle (rule O14).
    pub fn kind(&self) -> Option<crate::call::HandleKind> {
        self.handle.map(|h| h.kind)
    }

    /// [`errored`](Self::errored), shared.
    pub fn errored_shared(&self) -> Option<crate::error::SharedError> {
        self.socket.errored.clone()
    }

    /// `readyState`
    pub fn ready_state(&self) -> ReadyState {
        if self.socket.connecting() {
            return ReadyState::Opening;
        }
        match (self.socket.is_readable(), self.socket.is_writable()) {
            (true, true) => ReadyState::Open,
            (true, false) => ReadyState::ReadOnly,
            (false, true) => ReadyState::WriteOnly,
            (false, false) => ReadyState::Closed,
        }
    }

    /// `bufferSize`: what waits to be written, in bytes, or UTF-16 units of text; `None` without a handle.
    pub fn buffer_size(&self) -> Option<u64> {
        self.handle.map(|_| self.socket.w.length)
    }

    /// `bytesRead`, kept after the end.
    pub fn bytes_read(&self) -> u64 {
        self.socket.bytes_read
    }

    /// `bytesWritten`: given to the driver and waiting for it, in bytes. Kept after the end (rule W9).
    pub fn bytes_written(&self) -> u64 {
        self.socket.bytes_written + self.socket.parked_bytes() + self.socket.w.buffered_bytes()
    }

    /// `timeout`: what was given to `setTimeout` last, in milliseconds.
    pub fn timeout(&self) -> Option<f64> {
        self.socket.rare.timeout_given
    }

    /// `allowHalfOpen`
    pub fn allow_half_open(&self) -> bool {
        self.socket.options.allow_half_open
    }

    /// `readable`
    pub fn readable(&self) -> bool {
        self.socket.is_readable()
    }

    /// `readableFlowing`: `None` is null.
    pub fn readable_flowing(&self) -> Option<bool> {
        match self.socket.r.flowing {
            Flowing::Undecided => None,
            Flowing::No => Some(false),
            Flowing::Yes => Some(true),
        }
    }

    /// `readableEncoding`: that of `setEncoding`.
    pub fn readable_encoding(&self) -> Option<crate::Encoding> {
        self.socket.r.encoding()
    }

    /// `readableLength`, in bytes; with an encoding in UTF-16 units.
    pub fn readable_length(&self) -> u64 {
        self.socket.r.length
    }

    /// `readableHighWaterMark`, in bytes.
    pub fn readable_high_water_mark(&self) -> u32 {
        self.socket.r.hwm
    }

    /// `readableEnded`: 'end' was emitted.
    pub fn readable_ended(&self) -> bool {
        self.socket.r.end_emitted
    }

    /// `readableAborted`: it was destroyed, or failed, before 'end'.
    pub fn readable_aborted(&self) -> bool {
        let s = self.socket;
        (s.destroyed || s.errored.is_some()) && !s.r.end_emitted
    }

    /// `readableDidRead`: 'data' was emitted.
    pub fn readable_did_read(&self) -> bool {
        self.socket.r.did_read
    }

    /// `isPaused()`
    pub fn is_paused(&self) -> bool {
        self.socket.r.is_paused()
    }

    /// Bytes of memory that unread chunks take; bounded, whatever the peer sends (rule B2).
    pub fn readable_memory(&self) -> usize {
        self.socket.r.memory()
    }

    /// What Node keeps in `_readableState` and `_writableState` beside what has a property of its own (rule H8).
    pub fn inside(&self) -> Inside {
        let Socket { r, w, error_emitted, close_emitted, .. } = self.socket;
        Inside {
            ended: r.ended,
            reading: r.reading,
            sync: r.sync,
            need_readable: r.need_readable,
            emitted_readable: r.emitted_readable,
            resume_scheduled: r.resume_scheduled,
            reading_more: r.reading_more,
            readable_listening: r.readable_listening,
            error_emitted: *error_emitted,
            close_emitted: *close_emitted,
            pending_callbacks: w.pending,
            writing: w.writing,
            final_called: w.final_called,
            prefinished: w.prefinished,
        }
    }

    /// `writable`
    pub fn writable(&self) -> bool {
        self.socket.is_writable()
    }

    /// `writableLength`: as [`buffer_size`](Self::buffer_size), a handle or not.
    pub fn writable_length(&self) -> u64 {
        self.socket.w.length
    }

    /// `writableHighWaterMark`
    pub fn writable_high_water_mark(&self) -> u32 {
        self.socket.w.hwm
    }

    /// `writableNeedDrain`: a 'drain' is to come.
    pub fn writable_need_drain(&self) -> bool {
        let s = self.socket;
        s.w.need_drain && !s.destroyed && !s.w.ending
    }

    /// Node's `needDrain` state: a `write` returned false, and nothing has drained since.
    pub fn write_refused(&self) -> bool {
        self.socket.w.need_drain
    }

    /// `writableEnded`: `end` was called.
    pub fn writable_ended(&self) -> bool {
        self.socket.w.ending
    }

    /// `writableFinished`: 'finish' was, or is being, emitted.
    pub fn writable_finished(&self) -> bool {
        self.socket.w.finished
    }

    /// `writableCorked`: how many `cork`s are open.
    pub fn writable_corked(&self) -> u32 {
        self.socket.w.corked
    }

    /// Whether `ref` or `unref` came last, on a socket with a handle.
    pub fn has_ref(&self) -> bool {
        self.handle.is_some_and(|h| h.refd)
    }
}
