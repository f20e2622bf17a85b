//! Node.js's `net` as a pure state machine: commands and I/O completions in, Node's events out, in Node's order.
//!
//! The core does no I/O, reads no clock and starts no thread. A host drives it with a handful of verbs and asks it, step
//! by step, what happens next:
//!
//! ```
//! use netfold_core::{Command, Core, Event, Outcome, SocketOptions, Step};
//!
//! let mut core = Core::default();
//! core.begin(Command::NewSocket(SocketOptions::default())).unwrap();
//! let Step::Return(Outcome::Socket(socket)) = core.step() else { panic!() };
//! assert_eq!(core.socket(socket).unwrap().ready_state().as_str(), "open");
//! assert!(matches!(core.step(), Step::Idle(_)));
//! ```
//!
//! | verb | who calls it, and when |
//! |---|---|
//! | [`Core::begin`] | user code: a call such as `socket.write` |
//! | [`Core::step`] | the host: the only way forward |
//! | [`Call::answer`] | the driver, at once |
//! | [`Core::complete`] | the driver, later: one turn |
//! | [`Core::tick`] | the host: one entry of the nextTick queue |
//! | [`Core::phase`] | the host, after each poll: one turn of pending, closing, timers |
//! | [`Core::advance`] | the host: the time |
//! | [`Core::threw`] | the host, in place of `step`: a listener failed |
//!
//! [`hosting`] has a whole host. [`host`] is the one that the driver of the project stands on, and [`trace`] writes down what a
//! machine was told.
//!
//! The feature `serde` (off by default, without `std`) gives what is plain data `Serialize` and `Deserialize`. Fields and variants have
//! their names in Rust; options and limits may be left out. How deep an error in an error may nest is for the format to bound.
//!
//! The rules that are named in these pages (T6, W12, ...) stand in the project's `spec/` folder.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(any(test, netfold_bugs))]
extern crate std;

mod block_list;
#[doc = include_str!("../docs/hosting.md")]
pub mod hosting {}

#[cfg(netfold_bugs)]
#[doc(hidden)]
pub mod bugs;
#[cfg(not(netfold_bugs))]
mod bugs;
mod call;
mod command;
mod decoder;
mod engine;
mod errno;
mod error;
pub mod host;
mod id;
mod ip;
mod limits;
mod listeners;
mod machine;
mod numeral;
mod queue;
mod seldom;
#[cfg(feature = "serde")]
mod serial;
mod server;
mod socket;
mod socket_address;
mod stack;
mod state_key;
mod states;
mod step;
mod text;
mod timers;
pub mod trace;

pub use block_list::BlockList;
pub use bytes::Bytes;
pub use call::{Completion, HandleKind, Op, Reply};
pub use command::{
    Chunk, Command, ConnectTo, DEFAULT_HIGH_WATER_MARK, Emitted, HandedIn, HostOptions, ListenOn, ListenOptions,
    LookupAnswer, Outcome, Resolved, ServerOptions, Side, SocketOptions, Text,
};
pub use decoder::{Decoder, ReadText};
pub use engine::{Census, Core};
pub use errno::{Errno, LookupCode};
pub use error::{ApiMisuse, ErrorClass, NodeError, Place, SharedError, Unhandled};
pub use id::{CallbackId, ConnKey, FdKey, HandleId, ListenerId, LookupId, ServerId, SocketId, TickId, TimerId};
pub use ip::{ip_and_zone, ip_text, is_ip, is_ipv4, is_ipv6};
pub use limits::Limits;
pub use machine::Machine;
pub use numeral::numeral;
pub use server::ServerView;
pub use socket::{Inside, ReadyState, SocketView, default_attempt_timeout};
pub use socket_address::{Family, IntoSocketAddress, SocketAddress, SocketAddressOptions};
pub use state_key::KeyDetail;
pub use states::{ReadableState, ServerState, SocketState, WritableState};
pub use step::{Attempt, Call, DropInfo, Emit, Event, EventKind, Idle, LookupEvent, Phase, Step, Target};
pub use text::Encoding;

/// The program of the crate's page compiles and runs.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
