//! System calls: what the machine runs on in earnest.
//!
//! [`System`] answers the machine's calls with non-blocking system calls and turns readiness into completions. It holds
//! no rule of Node's: those are the core's. What it does hold is libuv's part: how much is read at a time, in which
//! order one descriptor's reading and writing come, what happens when descriptors run out.

#[cfg(unix)]
#[path = "unix/mod.rs"]
mod platform;
#[cfg(not(unix))]
#[path = "unsupported.rs"]
mod platform;
mod resolve;

#[cfg(unix)]
pub use platform::Memory;
pub use platform::{System, Waker};
pub use resolve::{Resolve, SystemResolver};

use std::sync::Arc;

/// How a [`System`] waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Waiting {
    /// The cheapest way there is: on Linux the poller's own epoll descriptor is waited for, which tells again of what is ready
    /// while there are at most four TCP connections that are read from, and of more as in [`Once`](Waiting::Once). Elsewhere
    /// the same as [`Level`](Waiting::Level).
    #[default]
    Direct,
    /// As [`Direct`](Waiting::Direct), but of a TCP connection that is read from it is told once, however few there are; what
    /// is left of it is kept here, and comes as from a poller that tells again.
    Once,
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
