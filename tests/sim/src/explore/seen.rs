//! The states that were seen: a flat table of their keys, and from where each was reached first.

use super::{Choose, Model, Odometer};
use crate::tape::{Choice, Tape};

/// States by number, in the order in which they were seen.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    /// A key or 0 in each place; a power of two of them, at most half of them taken.
    keys: Vec<u128>,
    /// From which state each was reached first, and where the answers end that led from there; they begin where those of the
    /// state before it end.
    edges: Vec<(u32, u64)>,
    /// All answers.
    answers: Vec<u8>,
}

impl Seen {
    /// A state with this key, reached from that one; its number, if it is new.
    ///
    /// # Panics
    /// When there are 2^32 - 1 states.
    pub(super) fn insert(&mut self, key: u128, from: u32, by: &Odometer) -> Option<u32> {
        if self.edges.len() * 2 >= self.keys.len() {
            self.grow();
        }
        // One key in 2^128 is taken for another.
        let key = key.max(1);
        let at = self.place(key);
        if self.keys[at] == key {
            return None;
        }
        self.keys[at] = key;
        let id = u32::try_from(self.edges.len()).ok().filter(|id| *id < u32::MAX).expect("fewer states");
        self.answers.extend(by.taken().map(|digit| digit as u8));
        self.edges.push((from, self.answers.len() as u64));
        Some(id)
    }

    /// Where a key is, or is to be.
    fn place(&self, key: u128) -> usize {
        let mask = self.keys.len() - 1;
        let mut at = key as usize & mask;
        while self.keys[at] != 0 && self.keys[at] != key {
            at = (at + 1) & mask;
        }
        at
    }

    #[cold]
    fn grow(&mut self) {
        let size = (self.keys.len() * 2).max(1 << 10);
        for key in std::mem::replace(&mut self.keys, vec![0; size]) {
            if key != 0 {
                let at = self.place(key);
                self.keys[at] = key;
            }
        }
    }

    /// All answers from the beginning to here.
    pub(super) fn tape<M: Model>(&self, model: &M, last: u32, digits: &Odometer) -> Tape {
        let mut parts: Vec<Vec<u32>> = vec![digits.taken().collect()];
        let mut at = last;
        while let Some((from, end)) = self.edges.get(at as usize) {
            let begin = (at as usize).checked_sub(1).map_or(0, |before| self.edges[before].1);
            let answers = &self.answers[begin as usize..*end as usize];
            parts.push(answers.iter().map(|digit| u32::from(*digit)).collect());
            at = *from;
        }
        let answers: Vec<u32> = parts.into_iter().rev().flatten().collect();
        let mut along = Along { answers, at: 0, taken: Vec::new() };
        let mut state = model.begin();
        while along.at < along.answers.len() && model.step(&mut state, &mut along) {}
        Tape::new(along.taken)
    }
}

/// Answers that are known, with their labels written down.
#[derive(Debug)]
struct Along {
    answers: Vec<u32>,
    at: usize,
    taken: Vec<Choice>,
}

impl Choose for Along {
    fn choose(&mut self, label: &'static str, n: u32) -> u32 {
        let choice = self.answers.get(self.at).copied().unwrap_or(0).min(n - 1);
        self.at += 1;
        self.taken.push(Choice { label: label.into(), n, choice });
        choice
    }
}
