//! Pages that explain: what happens in which order, how a connection ends, how to go at the other party's speed, how
//! time runs out, what an error is, and how a run is recorded.
//!
//! Each program in them is compiled, run, and held to the order that it shows.

#[doc = include_str!("../docs/order.md")]
pub mod order {}

#[doc = include_str!("../docs/half-open.md")]
pub mod half_open {}

#[doc = include_str!("../docs/backpressure.md")]
pub mod backpressure {}

#[doc = include_str!("../docs/timeouts.md")]
pub mod timeouts {}

#[doc = include_str!("../docs/errors.md")]
pub mod errors {}

#[doc = include_str!("../docs/recording.md")]
pub mod recording {}
