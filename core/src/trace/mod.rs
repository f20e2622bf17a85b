//! The trace: every input of a machine in order, each with its place, and a hash of every output.

mod recorder;

pub use recorder::Recorder;
