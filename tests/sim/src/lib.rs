//! A world to test in: programs of [`netfold`] run unchanged, with time, network and every decision of the system
//! simulated.
//!
//! A [`World`] is a host of [`netfold::Net`], as the system is. It has TCP on a loopback network and Unix sockets, as
//! Linux has them, and a clock that jumps to whatever is due next: a day of idle timeouts takes no time. What a system
//! may do one way or another (take a part of a write, deliver late, report this socket before that one) is asked of the
//! world's [`Chooser`].
//!
//! ```
//! use netfold::{Limits, Net};
//! use netfold_sim::{Chooser, World};
//!
//! for seed in 0..100 {
//!     let world = World::new(Chooser::seed(seed));
//!     let mut net = Net::with_host(Vec::new(), world.clone(), Limits::DEFAULT);
//!     let server = net.create_server(|net, socket| {
//!         socket.on_data(net, |net, socket, chunk| {
//!             socket.write(net, chunk);
//!         });
//!     });
//!     server.listen_then(&mut net, ("127.0.0.1", 7000), |net, server| {
//!         let client = net.connect(("127.0.0.1", 7000)).unwrap();
//!         client.write(net, "hello");
//!         client.on_data(net, move |net, client, chunk| {
//!             net.state.extend_from_slice(&chunk);
//!             if net.state.len() == 5 {
//!                 client.end(net);
//!                 server.close(net);
//!             }
//!         });
//!     });
//!     net.run().unwrap();
//!     assert_eq!(net.state, b"hello", "seed {seed}");
//!     assert_eq!(world.left(), [""; 0], "seed {seed}");
//! }
//! ```
#![forbid(unsafe_code)]

mod chooser;
mod diagram;
pub mod explore;
mod faults;
mod finding;
pub mod generate;
mod history;
mod kind;
mod observer;
pub mod program;
mod programs;
pub mod rules;
mod scenario;
mod shrink;
mod tape;
pub mod troubled;
mod world;

pub use chooser::{Chooser, exhaust};
pub use diagram::Diagram;
pub use faults::{Fault, Script, ScriptError, Troubles};
pub use finding::Finding;
pub use history::{Difference, Hashes, History};
pub use kind::{Finished, Kind};
pub use netfold::Errno;
pub use observer::{Observer, Stream};
pub use programs::{Program, Programs};
pub use scenario::scenario;
pub use shrink::shrink;
pub use tape::{Choice, Tape, TapeError};
pub use world::{Computer, Cut, Descriptor, Place, Process, Readiness, World, WorldOptions};
