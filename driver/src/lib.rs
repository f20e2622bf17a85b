//! Node.js's `net` over real sockets.
//!
//! A [`Net`] is an event loop with its sockets, servers and timers. A [`Socket`] and a [`Server`] are small names with
//! Node's methods; listeners are closures that get the loop back as their first argument, so they can call anything, as
//! in Node.
//!
//! # Errors
//!
//! What a call throws and what an 'error' event brings is a [`NodeError`] with Node's code, message and fields (rules E1 to
//! E12). Match on it, or on its [`code`](NodeError::code).
//!
//! ```
//! use netfold::{Connect, Errno, Net, NodeError};
//!
//! let mut net = Net::new(Vec::new()).unwrap();
//! for to in [Connect::from(("127.0.0.1", 9)), Connect::from("no-such-file")] {
//!     let socket = net.connect(to).unwrap();
//!     socket.on_error(&mut net, |net, _, error| {
//!         let text = match &*error {
//!             NodeError::System { errno: Errno::ECONNREFUSED, .. } => format!("nobody on port {}", error.port().unwrap()),
//!             NodeError::Lookup { hostname, .. } => format!("there is no {hostname}"),
//!             NodeError::Aggregate(errors) => format!("{} addresses, all in vain", errors.len()),
//!             other => format!("{}: {other}", other.code()),
//!         };
//!         net.state.push(text);
//!     });
//! }
//! net.run().unwrap();
//! net.state.sort();
//! assert_eq!(net.state, ["ENOENT: connect ENOENT no-such-file", "nobody on port 9"]);
//!
//! let thrown = net.connect(Connect::port("80a")).unwrap_err();
//! assert!(matches!(&*thrown, NodeError::BadPortText { received, .. } if received == "80a"));
//! ```
//!
//! # Order
//!
//! The order of events, ticks and turns is Node 20's, held by [`netfold_core`]'s machine.
//!
//! # Features
//!
//! All are off by default, and none changes what a loop does: a recorded run is bit for bit the same.
//!
//! - `serde`: `Serialize` and `Deserialize` for plain data: errors, addresses, block lists, options, limits, events, the records of a
//!   trace. What comes in is checked as Node checks it; a list of addresses that Node would refuse is refused.
//! - `tracing`: for subscribers of the crate `tracing`, with the target `netfold`. At `DEBUG` a span `turn` for each turn with its
//!   `number` and `cause`, and an event for each listener and callback that is called, with `socket` or `server`, `event` and
//!   `bytes`; at `TRACE` also each call of the program's, each call to the system with its answer, and what was returned. Payloads
//!   are never in it; addresses, names and messages are.

#[cfg(unix)]
#[doc = include_str!("../examples/README.md")]
pub mod embedding {}

mod abort;
mod emitter;
mod error;
mod grow;
pub mod hints;
#[cfg(feature = "tracing")]
mod log;
mod net;
mod options;
mod pipe;
mod port;
mod post;
mod record;
mod registry;
mod server;
mod socket;
pub mod sys;
mod text_place;

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
pub use options::{Connect, IntoFamily, Listen};
pub use port::Port;
pub use post::Poster;
pub use record::Recording;
pub use server::{Address, Server};
pub use socket::{IntoChunk, IntoError, LookupRequest, Socket};
pub use sys::System;

/// `net.Stream`, the old name of `net.Socket` (rule F1).
pub type Stream = Socket;
