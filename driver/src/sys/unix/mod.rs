//! Unix: non-blocking descriptors, and the poller of the `polling` crate.

mod accept;
mod bell;
mod errno;
mod getaddrinfo;
mod hand_in;
mod hand_in_listener;
#[cfg(any(target_os = "linux", target_os = "android"))]
#[path = "linux.rs"]
mod os;
#[cfg(not(any(target_os = "linux", target_os = "android")))]
#[path = "other.rs"]
mod os;
mod path;
#[cfg(target_os = "linux")]
mod places;
mod poll;
mod pool;
mod read;
mod ready;
mod set_up;
mod system;
mod table;
#[cfg(target_os = "linux")]
mod telling;
mod turn;
mod write;

pub use bell::Waker;
pub(in crate::sys) use getaddrinfo::addresses;
pub use read::Memory;
pub use system::System;
