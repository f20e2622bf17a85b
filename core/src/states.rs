//! The states of each machine, by name, as the tables in the project's `spec/states/` have them.
//!
//! Each is a pure function of what the core keeps: nothing stores a state beside that, so none can be wrong.

use crate::engine::Core;
use crate::id::{ServerId, SocketId};
use crate::server::Server;
use crate::socket::{Flowing, Link, Socket};

macro_rules! states {
    ($(#[$doc:meta])* $name:ident { $($(#[$state_doc:meta])* $state:ident = $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
        pub enum $name { $($(#[$state_doc])* $state,)* }

        impl $name {
            /// Every state.
            pub const ALL: &'static [$name] = &[$($name::$state),*];

            /// Its name in the table.
            pub const fn name(self) -> &'static str {
                match self { $($name::$state => $text),* }
            }
        }
    };
}

states! {
    /// Where a socket's life stands (`spec/states/socket.md`).
    SocketState {
        /// New, or made new: it was never connected.
        Idle = "idle",
        /// A name is being resolved.
        Lookup = "lookup",
        /// `connect` was called, and nobody has been asked to connect yet.
        Opening = "opening",
        /// The system was asked to connect.
        Connecting = "connecting",
        /// Connected; both sides can be used.
        Open = "open",
        /// This side has ended: `readyState` is "readOnly".
        ReadOnly = "readOnly",
        /// The other side has ended: `readyState` is "writeOnly".
        WriteOnly = "writeOnly",
        /// Both sides have ended, and 'finish' is to come.
        Ending = "ending",
        /// A write failed within the call; 'error' is to come.
        Failing = "failing",
        /// `destroy` was called; whatever error there is, is to come.
        Destroyed = "destroyed",
        /// 'close' is to come.
        Closing = "closing",
        /// 'close' was emitted.
        Closed = "closed",
    }
}

states! {
    /// How a socket is read (`spec/states/readable.md`).
    ReadableState {
        /// Nobody has said: `readableFlowing` is null.
        Initial = "initial",
        /// `readableFlowing` is true.
        Flowing = "flowing",
        /// `readableFlowing` is false, by `pause`.
        Paused = "paused",
        /// `readableFlowing` is false, by a 'readable' listener.
        ByHand = "by hand",
        /// The other party's FIN came in; 'end' is to come.
        Ended = "ended",
        /// 'end' was emitted.
        Over = "over",
        /// The socket is destroyed.
        Destroyed = "destroyed",
    }
}

states! {
    /// How a socket is written to (`spec/states/writable.md`).
    WritableState {
        /// What is written goes to the system at once.
        Open = "open",
        /// A request is with the driver, or waits for 'connect'.
        Writing = "writing",
        /// `write` returned false: a 'drain' is to come.
        NeedDrain = "need drain",
        /// `cork` holds back what is written.
        Corked = "corked",
        /// `end` was called.
        Ending = "ending",
        /// 'prefinish' was emitted: FIN is with the system.
        Prefinished = "prefinished",
        /// 'finish' was emitted.
        Finished = "finished",
        /// A write failed; the socket is about to be destroyed.
        Errored = "errored",
        /// The socket is destroyed.
        Destroyed = "destroyed",
    }
}

states! {
    /// What a server does (`spec/states/server.md`).
    ServerState {
        /// It does not listen: new, failed, or closed.
        Idle = "idle",
        /// `listen` waits for a tick or a lookup.
        Resolving = "resolving",
        /// It accepts; 'listening' is to come.
        Bound = "bound",
        /// It accepts.
        Listening = "listening",
        /// It was closed, and has connections.
        Draining = "draining",
        /// 'close' is to come, in a tick.
        Closing = "closing",
    }
}

impl Core {
    /// Where the life of a socket stands; `None` once it is released.
    pub fn socket_state(&self, id: SocketId) -> Option<SocketState> {
        let socket = self.sockets.get(id)?;
        Some(match socket.link {
            _ if socket.destroyed => self.end_of_life(id, socket),
            Link::Detached | Link::Open(_) if socket.errored.is_some() => SocketState::Failing,
            Link::Detached => SocketState::Idle,
            Link::Opening(handle) if self.handles[handle].connecting => SocketState::Connecting,
            Link::Opening(_) if socket.lookups > 0 => SocketState::Lookup,
            Link::Opening(_) => SocketState::Opening,
            Link::Open(_) => match (socket.is_readable(), socket.is_writable()) {
                (true, true) => SocketState::Open,
                (true, false) => SocketState::ReadOnly,
                (false, true) => SocketState::WriteOnly,
                (false, false) => SocketState::Ending,
            },
        })
    }

    fn end_of_life(&self, id: SocketId, socket: &Socket) -> SocketState {
        match socket.close_emitted {
            false => SocketState::Destroyed,
            true if self.says_close(id) => SocketState::Closing,
            true => SocketState::Closed,
        }
    }

    /// How a socket is read; `None` once it is released.
    pub fn readable_state(&self, id: SocketId) -> Option<ReadableState> {
        let socket = self.sockets.get(id)?;
        let r = &socket.r;
        Some(match r.flowing {
            _ if socket.destroyed => ReadableState::Destroyed,
            _ if r.end_emitted => ReadableState::Over,
            _ if r.ended => ReadableState::Ended,
            Flowing::Yes => ReadableState::Flowing,
            Flowing::Undecided => ReadableState::Initial,
            Flowing::No if r.readable_listening => ReadableState::ByHand,
            Flowing::No => ReadableState::Paused,
        })
    }

    /// How a socket is written to; `None` once it is released.
    pub fn writable_state(&self, id: SocketId) -> Option<WritableState> {
        let socket = self.sockets.get(id)?;
        let w = &socket.w;
        Some(match () {
            () if socket.destroyed => WritableState::Destroyed,
            () if socket.errored.is_some() => WritableState::Errored,
            () if w.finished => WritableState::Finished,
            () if w.prefinished => WritableState::Prefinished,
            () if w.ending => WritableState::Ending,
            () if w.corked > 0 => WritableState::Corked,
            () if w.need_drain => WritableState::NeedDrain,
            () if w.writing => WritableState::Writing,
            () => WritableState::Open,
        })
    }

    /// What a server does; `None` once it is released.
    pub fn server_state(&self, id: ServerId) -> Option<ServerState> {
        let Server { handle, setup, connections, .. } = self.servers.get(id)?;
        Some(match handle {
            Some(_) if self.owes(id, "listening") > 0 => ServerState::Bound,
            Some(_) => ServerState::Listening,
            None if setup.is_some() => ServerState::Resolving,
            None if self.owes(id, "close") > 0 => ServerState::Closing,
            None if *connections > 0 => ServerState::Draining,
            None => ServerState::Idle,
        })
    }
}
