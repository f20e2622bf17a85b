//! System calls: what the machine runs on in earnest.
//!
//! [`System`] answers the machine's calls with non-blocking system calls and turns readiness into completions. It holds
//! no rule of Node's: those are the core's. What it does hold is libuv's part: how much is read at a time, in which
//! order one descriptor's reading and writing come, what happens when descriptors run out.

#[cfg(unix)]
mod accept;
#[cfg(unix)]
mod bell;
#[cfg(unix)]
mod errno;
#[cfg(unix)]
mod getaddrinfo;
#[cfg(unix)]
mod hand_in;
#[cfg(unix)]
mod hand_in_listener;
#[cfg(any(target_os = "linux", target_os = "android"))]
#[path = "linux.rs"]
mod os;
#[cfg(all(unix, not(any(target_os = "linux", target_os = "android"))))]
#[path = "other.rs"]
mod os;
#[cfg(unix)]
mod path;
#[cfg(unix)]
mod poll;
#[cfg(unix)]
mod read;
mod resolve;
#[cfg(unix)]
mod set_up;
#[cfg(unix)]
mod system;
#[cfg(unix)]
mod table;
#[cfg(unix)]
mod turn;
#[cfg(not(unix))]
mod unsupported;
#[cfg(unix)]
mod write;

#[cfg(unix)]
pub use bell::Waker;
#[cfg(unix)]
pub use read::Memory;
pub use resolve::{Resolve, SystemResolver};
#[cfg(unix)]
pub use system::System;
#[cfg(not(unix))]
pub use unsupported::{System, Waker};

use std::sync::Arc;

/// How a [`System`] waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Waiting {
    /// The cheapest way there is: on Linux one system call per wait, on the poller's own epoll descriptor, which tells once
    /// of a TCP connection that is read from; what is left of it is kept here, and comes as from one that tells again.
    /// Elsewhere the same as [`Level`](Waiting::Level).
    #[default]
    Direct,
    /// The `polling` crate's own wait, level-triggered. What [`Direct`](Waiting::Direct) is where there is no epoll.
    Level,
    /// The `polling` crate's own wait, each event armed anew. What [`Level`](Waiting::Level) is on systems whose poller
    /// has no level mode.
    Oneshot,
}

/// How a [`System`] is made; the default is right for most programs.
#[derive(Clone)]
pub struct SystemOptions {
    /// What resolves names.
    pub resolver: Arc<dyn Resolve>,
    /// How it waits. To be changed in tests, which so reach on one system what another one does.
    pub waiting: Waiting,
}

impl Default for SystemOptions {
    fn default() -> Self {
        Self { resolver: Arc::new(SystemResolver), waiting: Waiting::default() }
    }
}

impl std::fmt::Debug for SystemOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SystemOptions").field("waiting", &self.waiting).finish_non_exhaustive()
    }
}
