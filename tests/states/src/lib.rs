//! The tables of states in `spec/states/`: read, held against the machine, and drawn.
//!
//! [`Table`] reads a table. [`World`] drives a machine step by step and notes every step as [`Seen`]; [`Ledger`] holds what
//! was seen against the table's rows. [`draw`](draw::svg) makes the diagrams, which `cargo run -p netfold-states --bin diagrams` writes.

#![forbid(unsafe_code)]

pub mod draw;
mod ledger;
mod looping;
mod table;
mod walk;
mod world;

pub use ledger::{Ledger, Seen};
pub use looping::walk_the_loop;
pub use table::{Row, State, TABLES, Table, folder};
pub use walk::{Rng, every_short_program, one_program, random_programs};
pub use world::{Action, Cmd, Machine, Plan, Start, World};
