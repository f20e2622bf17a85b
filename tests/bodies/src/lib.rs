//! What the fuzz targets run. Each body takes bytes, decides everything by them, and panics when a promise is broken.

mod choices;
mod world;

pub use choices::Choices;
pub use world::Report;

/// Drives a core with every verb, as a host and a driver might that keep the protocol but answer as they like: commands
/// at any point, also nested in listeners; listeners that throw; every reply and completion that is possible.
///
/// At the end everything is destroyed and drained. Then no handle, tick, lookup or timer may be left, every callback
/// that was given must have been called at most once (exactly once when nothing threw and the machine's own listeners were
/// not removed), and 'close' at most once for each life of a socket.
pub fn core_protocol(data: &[u8]) -> Report {
    world::run(Choices::new(data))
}
