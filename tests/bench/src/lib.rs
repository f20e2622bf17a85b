//! What netfold costs, measured against peers that do the same work.
//!
//! The programs are in `src/bin`; this library holds what they share.

pub mod counting;
pub mod cycles;
#[cfg(target_os = "linux")]
pub mod echo;
#[cfg(target_os = "linux")]
pub mod load;
#[cfg(target_os = "linux")]
pub mod machine;
#[cfg(target_os = "linux")]
pub mod peer;
pub mod plot;
#[cfg(target_os = "linux")]
pub mod sim;
pub mod stats;
pub mod table;

/// What a program says that measures with means that only Linux has.
pub const LINUX_ONLY: &str = "this measurement runs on Linux only";
