//! Inputs for tests of one's own: random programs and chunkings as values, which `proptest` (feature `proptest`) and
//! `arbitrary` (feature `arbitrary`) make and make small.

#[cfg(feature = "arbitrary")]
mod arbitrary;
#[cfg(feature = "proptest")]
mod strategy;

#[cfg(feature = "proptest")]
pub use strategy::{chunkings, programs, scripts};

use crate::chooser::Chooser;
use crate::program::{ProgramOptions, Ran, run};
use bytes::Bytes;

/// A random program and its world, as a value: the answers of a [chooser](Chooser::bytes), a byte each.
///
/// ```
/// use netfold_sim::generate::RandomProgram;
///
/// let program = RandomProgram { answers: vec![0, 1, 2, 3, 4, 5], ..RandomProgram::default() };
/// assert_eq!(program.run().problems, []);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RandomProgram {
    /// What is answered; 0 when they have come to an end. The fewer, the shorter the program.
    pub answers: Vec<u8>,
    /// How much it does.
    pub options: ProgramOptions,
}

impl RandomProgram {
    /// Who answers, from the beginning: for a program and a world of one's own.
    pub fn chooser(&self) -> Chooser {
        Chooser::bytes(&*self.answers)
    }

    /// Runs it, and looks at it by the [rules](crate::rules).
    pub fn run(&self) -> Ran {
        run(&self.chooser(), self.options)
    }
}

/// Bytes, and where they are cut into chunks.
///
/// ```
/// use netfold_sim::generate::Chunking;
///
/// let chunking = Chunking::new("abcdef", vec![4, 1, 99]);
/// assert_eq!(chunking.chunks().collect::<Vec<_>>(), ["a", "bcd", "ef", ""]);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Chunking {
    bytes: Bytes,
    borders: Vec<usize>,
}

impl Chunking {
    /// These bytes, cut before each of these places, counted from 0; what is beyond the end is the end. Two equal places
    /// make an empty chunk.
    pub fn new(bytes: impl Into<Bytes>, mut borders: Vec<usize>) -> Self {
        let bytes = bytes.into();
        borders.iter_mut().for_each(|border| *border = (*border).min(bytes.len()));
        borders.sort_unstable();
        Self { bytes, borders }
    }

    /// All of them.
    pub const fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// Where they are cut, in order.
    pub fn borders(&self) -> &[usize] {
        &self.borders
    }

    /// One chunk more than there are borders; together they are [`bytes`](Chunking::bytes).
    pub fn chunks(&self) -> impl Iterator<Item = Bytes> + '_ {
        let begins = std::iter::once(0).chain(self.borders.iter().copied());
        let ends = self.borders.iter().copied().chain([self.bytes.len()]);
        begins.zip(ends).map(|(begin, end)| self.bytes.slice(begin..end))
    }
}
