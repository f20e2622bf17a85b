//! Scenarios: programs of `spec/scenarios/`, as data, as text, and run on netfold.

mod journal;
mod listeners;
mod parse;
mod print;
pub mod program;
mod properties;
mod rare;
pub mod recorded;
mod run;
mod steps;
mod targets;
mod teardown;
mod verbs;
mod words;

pub use parse::{ParseError, parse};
pub use print::print;
pub use run::{Ran, round_now, run, run_on, watch};
