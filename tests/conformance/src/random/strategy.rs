//! Programs as a proptest strategy: numbers that are read as a program.
//!
//! Every number has a meaning, so that every smaller number has one too: proptest's shrinking takes blocks and steps
//! away, and makes what is left simpler, since the tables begin with what does least.

use super::filters::Filtered;
use super::skeleton;
use crate::scenario::program::Program;
use proptest::collection::vec;
use proptest::prelude::*;

/// How many numbers describe who takes part.
pub(super) const SHAPE: usize = 140;

/// A step, as numbers.
pub(super) type RawStep = (u16, u16, u16, u16);

/// A block, as numbers: what it waits for, of whom, and its steps.
pub(super) type RawBlock = (u16, u16, Vec<RawStep>);

/// A program, as numbers.
#[derive(Clone, Debug)]
pub(super) struct Raw {
    pub(super) shape: Vec<u16>,
    pub(super) blocks: Vec<RawBlock>,
}

/// A program, and what was left out of it because a named deviation covers it.
#[derive(Clone, Debug)]
pub struct Generated {
    /// The program.
    pub program: Program,
    /// What was left out.
    pub filtered: Filtered,
}

/// Programs over the whole surface.
pub fn programs() -> impl Strategy<Value = Generated> {
    let step = (any::<u16>(), any::<u16>(), any::<u16>(), any::<u16>());
    let block = (any::<u16>(), any::<u16>(), vec(step, 1..=5));
    let raw = (vec(any::<u16>(), SHAPE), vec(block, 1..=11));
    raw.prop_map(|(shape, blocks)| skeleton::build(&Raw { shape, blocks }))
}

/// The entry of a table of weights that a number means; 0 is the first.
pub(super) fn pick<T: Copy>(number: u16, table: &[(u32, T)]) -> T {
    let total: u32 = table.iter().map(|(weight, _)| weight).sum();
    let mut at = (u32::from(number) * total) >> 16;
    for (weight, entry) in table {
        if at < *weight {
            return *entry;
        }
        at -= weight;
    }
    table[0].1
}

/// One of these.
pub(super) fn one<T>(number: u16, of: &[T]) -> &T {
    &of[(number as usize * of.len()) >> 16]
}

/// Whether a number is among the highest so many of a hundred: never for 0.
pub(super) fn percent(number: u16, of_hundred: u32) -> bool {
    u32::from(number) * 100 >= (100 - of_hundred) << 16
}
