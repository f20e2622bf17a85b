//! Node.js's `net` over real sockets.
//!
//! A [`Net`] is an event loop with its sockets, servers and timers. A [`Socket`] and a [`Server`] are small names with
//! Node's methods; listeners are closures that get the loop back as their first argument, so they can call anything, as
//! in Node.
//!
//! ```
//! use netfold::{Net, NetError};
//!
//! fn main() -> Result<(), NetError> {
//!     let mut net = Net::new(String::new())?;
//!     let server = net.create_server(|net, socket| {
//!         socket.on_data(net, |net, socket, chunk| {
//!             socket.write(net, chunk);
//!         });
//!     });
//!     server.listen_then(&mut net, ("127.0.0.1", 0), |net, server| {
//!         let port = server.port(net).unwrap();
//!         let client = net.connect(("127.0.0.1", port)).unwrap();
//!         client.end_with(net, "hello");
//!         client.on_data(net, |net, _, chunk| net.state += str::from_utf8(&chunk).unwrap());
//!         client.on_close(net, move |net, _, _| server.close(net));
//!     });
//!     net.run()?;
//!     assert_eq!(net.state, "hello");
//!     Ok(())
//! }
//! ```
//!
//! # Where to read on
//!
//! | page | what it is about |
//! |---|---|
//! | [`guide::order`] | what is emitted when: turns, ticks, listeners |
//! | [`guide::half_open`] | how a connection ends, one way and then the other |
//! | [`guide::backpressure`] | what `write` answers, 'drain', the high water mark, `pause`, `pipe` |
//! | [`guide::timeouts`] | idle sockets, connecting that takes too long, several addresses |
//! | [`guide::errors`] | what an error has, what comes after it, resets |
//! | [`guide::recording`] | what a recording holds, replaying it, looking into it |
//! | [`cookbook`] | twenty things that people do with `net`, each a program |
//! | [`migration`] | from Node: each member beside its name here |
//! | [`embedding`] | in a loop of your own |
//! | [`netfold_core`] | the machine without I/O, and the trace |
//!
//! The rules that these pages name (T6, W12) stand in
//! [`spec/rules.md`](https://github.com/netfold/netfold/blob/main/spec/rules.md), with the tests that hold them.
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

#[cfg(unix)]
#[doc = include_str!("../docs/cookbook.md")]
pub mod cookbook {}

#[cfg(unix)]
#[doc = include_str!("../docs/migration.md")]
pub mod migration {}

#[cfg(unix)]
pub mod guide;

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
    Attempt, BlockList, Bytes, CallbackId, Chunk, DropInfo, Encoding, Errno, Event, EventKind, Family,
    IntoSocketAddress, Limits, ListenerId, LookupCode, LookupEvent, NodeError, ReadText, ReadyState, Resolved,
    ServerOptions, SharedError, SocketAddress, SocketAddressOptions, SocketOptions, SocketView, TimerId, Unhandled,
    ip_and_zone, ip_text, is_ip, is_ipv4, is_ipv6,
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
