//! Machines of `netfold-core` over a small in-memory kernel, with a face in which node's programs can be written line
//! by line, and the log that `spec/node` compares.
//!
//! [`program`] runs one program on one machine and compares its log; [`Pair`] holds several machines that meet in one
//! [`World`] and move only when the test says so; [`Hand`] is one machine without a host: each step is asserted.
//!
//! The machines of the running test stand in a thread-local table, so that sockets are plain copyable values and
//! listeners plain closures, as in the programs.

#![forbid(unsafe_code)]

mod hand;
mod log;
mod net;
mod servers;
mod world;

pub use hand::Hand;
pub use log::{Actor, actor, error_text, mask_port};
pub use net::{
    Arg, Buf, Cb, IntoChunk, Options, Pair, Query, Ran, Server, Socket, Thrown, alloc, answer, boom, callback, cell,
    clear_timeout, connect, connect_path, connect_with, create_server, create_server_with, exists, exit, new_server,
    new_socket, new_socket_with, next_tick, on_uncaught, program, refused_port, set_immediate, set_interval,
    set_timeout, temp_path, throw, unlink, when, with_world,
};
pub use servers::{ends_at_once, half_open, keeps, keys, notes, paused, reads_on, silent};
pub use world::{DEFAULT_CAPACITY, DEFAULT_READ_SIZE, MemKernel, Stuck, World, name};

/// What real node logged for a program of `spec/node`.
#[macro_export]
macro_rules! node_log {
    ($name:literal) => {
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../spec/node/", $name, ".log"))
    };
}
