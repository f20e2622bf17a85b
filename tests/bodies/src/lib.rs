//! What the fuzz targets run. Each body takes bytes, decides everything by them, and panics when a promise is broken.

mod canary;
mod choices;
mod decoders;
mod programs;
mod texts;
mod traces;
mod world;

pub use canary::canary;
pub use choices::Choices;
pub use decoders::decoders;
pub use programs::programs;
pub use texts::{scenarios, scripts};
pub use traces::traces;
pub use world::Report;

/// What a target runs.
pub type Body = fn(&[u8]);

/// Every target that must not fail: its name, which is also that of its corpus, and its body.
pub const TARGETS: &[(&str, Body)] = &[
    ("core_protocol", |data| {
        core_protocol(data);
    }),
    ("decoders", decoders),
    ("programs", programs),
    ("scenarios", scenarios),
    ("scripts", scripts),
    ("traces", traces),
];

/// Drives a core with every verb, as a host and a driver might that keep the protocol but answer as they like: commands
/// at any point, also nested in listeners; listeners that throw; every reply and completion that is possible.
///
/// At the end everything is destroyed and drained. Then no handle, tick, lookup or timer may be left, every callback
/// that was given must have been called at most once (exactly once when nothing threw and the machine's own listeners were
/// not removed), and 'close' at most once for each life of a socket.
pub fn core_protocol(data: &[u8]) -> Report {
    world::run(Choices::new(data))
}
