//! Node.js's `net` over real sockets.
//!
//! A [`Net`] is an event loop with its sockets, servers and timers. A [`Socket`] and a [`Server`] are small names with
//! Node's methods; listeners are closures that get the loop back as their first argument, so they can call anything, as
//! in Node.
//!
//! The order of events, ticks and turns is Node 20's, held by [`netfold_core`]'s machine.

mod abort;
mod error;
mod net;
mod options;
mod pipe;
mod post;
mod record;
mod registry;
mod server;
mod socket;
pub mod sys;

pub use abort::{AbortController, AbortSignal};
pub use error::{NetError, Panicked};
pub use net::{Failure, Host, Net};
pub use netfold_core as core;
pub use netfold_core::{
    BlockList, Bytes, CallbackId, Chunk, DropInfo, Encoding, Errno, Event, EventKind, Family, IntoSocketAddress,
    Limits, ListenerId, LookupCode, LookupEvent, NodeError, ReadText, ReadyState, Resolved, ServerOptions, SharedError,
    SocketAddress, SocketAddressOptions, SocketOptions, SocketView, TimerId, Unhandled, ip_and_zone, ip_text, is_ip,
    is_ipv4, is_ipv6,
};
pub use options::{Connect, Listen};
pub use post::Poster;
pub use record::Recording;
pub use server::{Address, Server};
pub use socket::{IntoChunk, IntoError, LookupRequest, Socket};
pub use sys::System;
