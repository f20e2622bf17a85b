//! The trace: every input of a machine in order, each with its place, and a hash of every output.
//!
//! A [`Machine`](crate::Machine) that is [recorded](crate::Machine::recorded) writes one; [`Trace::parse`] reads it and
//! [`replay`] gives its inputs to a new machine, which must put out what the first one did. The format stands in
//! `spec/trace-format.md`.
//!
//! ```
//! use netfold_core::trace::{Input, Options, Trace, replay};
//! use netfold_core::{Command, Core, Machine, Step};
//!
//! let mut machine = Machine::recorded(Core::default(), Options::default());
//! machine.begin(Command::StartTimer { ms: 5.0, repeat: false })?;
//! assert!(matches!(machine.step(), Step::Return(_)));
//! assert!(matches!(machine.step(), Step::Idle(_)));
//! machine.advance(5)?;
//!
//! let trace = Trace::parse(machine.finish().unwrap())?;
//! let second = trace.records().nth(1).unwrap()?;
//! assert_eq!((second.place, second.input), (2, Input::Advance(5)));
//!
//! let replayed = replay(&trace)?;
//! assert_eq!((replayed.inputs, replayed.steps, replayed.finished), (2, 2, true));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod block;
mod codec;
mod commands;
mod failure;
mod hash;
mod input;
#[cfg(test)]
mod kinds;
mod options;
mod payload;
mod reader;
mod recorder;
mod replay;
mod sheet;
mod tags;
mod text;

pub use block::{Header, VERSION};
#[cfg(feature = "serde")]
pub(crate) use failure::known;
pub use input::{Input, Record};
pub use payload::{Kept, Key, Payload, Stored};
pub use reader::{Damage, MAX_PAYLOAD, Records, Torn, Trace, TraceError};
pub use recorder::{Options, Recorder};
pub use replay::{Paused, ReplayError, Replayed, Replayer, Shown, replay};
pub use text::{Asked, Output};
