//! Every state that a small scenario can come to, on the real machine.
//!
//! A [`Model`] is a program with one function that goes a step further and asks a [`Choose`] whatever can be one way or
//! another. [`Explorer`] answers in every way there is and follows each state once; the same function walks at random with
//! a [`Chooser`], and along a tape.

mod engine;
pub mod pair;

use crate::chooser::Chooser;
use crate::tape::{Choice, Tape};
use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::hash::{BuildHasherDefault, Hasher};
use std::time::{Duration, Instant};

/// Who answers.
pub trait Choose {
    /// Which of `n`: from 0 to `n - 1`.
    fn choose(&mut self, label: &'static str, n: u32) -> u32;
}

impl Choose for &Chooser {
    fn choose(&mut self, label: &'static str, n: u32) -> u32 {
        Chooser::choose(self, label, n)
    }
}

/// What can be explored.
pub trait Model {
    /// Where it stands.
    type State: Clone;

    /// Where it begins.
    fn begin(&self) -> Self::State;

    /// Goes a step further, every decision asked; false when there is nothing left to do.
    fn step(&self, state: &mut Self::State, choose: &mut impl Choose) -> bool;

    /// 128 bits that stand for a state: states with equal keys have equal futures.
    fn key(&self, state: &Self::State) -> u128;

    /// What does not hold in this state; `over` says that nothing is left to do.
    fn broken(&self, state: &Self::State, over: bool) -> Option<String>;

    /// What was reached, to count how much of all there is was seen: a state of some machine, and what came to it.
    fn cells(&self, _state: &Self::State, _saw: &mut impl FnMut(&'static str, &'static str)) {}
}

/// Every sequence of answers, one after the other.
#[derive(Clone, Debug, Default)]
struct Odometer {
    digits: Vec<(u32, u32, &'static str)>,
    at: usize,
}

impl Choose for Odometer {
    fn choose(&mut self, label: &'static str, n: u32) -> u32 {
        self.at += 1;
        match self.digits.get(self.at - 1) {
            Some((digit, ..)) => *digit,
            None => {
                self.digits.push((0, n, label));
                0
            }
        }
    }
}

impl Odometer {
    /// Goes on to the next sequence; false when there is none.
    fn next(&mut self) -> bool {
        self.digits.truncate(self.at);
        self.at = 0;
        while self.digits.last().is_some_and(|(digit, n, _)| digit + 1 == *n) {
            self.digits.pop();
        }
        match self.digits.last_mut() {
            Some((digit, ..)) => {
                *digit += 1;
                true
            }
            None => false,
        }
    }
}

/// In which order states are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// The newest first: little memory.
    Depth,
    /// The oldest first: what is found is as short as can be.
    Breadth,
}

/// How far an exploration is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Progress {
    /// States, each once.
    pub states: u64,
    /// Steps that were taken.
    pub steps: u64,
    /// States in which nothing is left to do.
    pub ends: u64,
    /// States that were seen and not looked at yet.
    pub waiting: usize,
    /// How long it took so far.
    pub took: Duration,
    /// How often each cell was reached: see [`Model::cells`].
    pub cells: BTreeMap<(&'static str, &'static str), u64>,
}

impl Progress {
    /// States a second.
    pub fn rate(&self) -> f64 {
        self.states as f64 / self.took.as_secs_f64().max(1e-9)
    }
}

/// What came of an exploration.
#[derive(Clone, Debug)]
pub struct Explored {
    /// How far it came.
    pub progress: Progress,
    /// Whether all was seen.
    pub closed: bool,
    /// The first thing that does not hold, and the answers that lead to it.
    pub broken: Option<(String, Tape)>,
}

/// Keys are as good as hashes.
#[derive(Clone, Copy, Debug, Default)]
struct Whole(u64);

impl Hasher for Whole {
    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.0 = self.0.rotate_left(8) ^ u64::from(*byte));
    }

    fn write_u128(&mut self, n: u128) {
        self.0 = n as u64;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// From which state, and by which answers, a state was first reached.
type Seen = HashMap<u128, (u128, Box<[u8]>), BuildHasherDefault<Whole>>;

/// Goes through all states of a model.
#[derive(Clone, Copy, Debug)]
pub struct Explorer {
    /// In which order.
    pub order: Order,
    /// After how many states it gives up.
    pub most: u64,
}

impl Default for Explorer {
    fn default() -> Self {
        Self { order: Order::Depth, most: u64::MAX }
    }
}

impl Explorer {
    /// Looks at every state there is, until one is broken. `tell` hears of the progress every 65,536 states.
    pub fn run<M: Model>(&self, model: &M, mut tell: impl FnMut(&Progress)) -> Explored {
        let began = Instant::now();
        let mut progress = Progress::default();
        let mut seen = Seen::default();
        let mut waiting: VecDeque<(u128, M::State)> = VecDeque::new();
        let first = model.begin();
        let key = model.key(&first);
        seen.insert(key, (key, Box::default()));
        waiting.push_back((key, first));
        let mut broken = None;
        let mut digits = Odometer::default();
        'all: while let Some((from, state)) = match self.order {
            Order::Depth => waiting.pop_back(),
            Order::Breadth => waiting.pop_front(),
        } {
            progress.states += 1;
            if progress.states & 0xFFFF == 0 {
                (progress.took, progress.waiting) = (began.elapsed(), waiting.len());
                tell(&progress);
            }
            model.cells(&state, &mut |state, event| *progress.cells.entry((state, event)).or_default() += 1);
            digits.digits.clear();
            digits.at = 0;
            loop {
                let mut next = state.clone();
                let goes = model.step(&mut next, &mut digits);
                progress.ends += u64::from(!goes);
                if let Some(what) = model.broken(&next, !goes) {
                    broken = Some((what, self.tape(model, &seen, from, &digits)));
                    break 'all;
                }
                if goes {
                    progress.steps += 1;
                    let key = model.key(&next);
                    if let Entry::Vacant(entry) = seen.entry(key) {
                        let by = digits.digits[..digits.at].iter().map(|(digit, ..)| *digit as u8).collect();
                        entry.insert((from, by));
                        waiting.push_back((key, next));
                    }
                }
                if !digits.next() {
                    break;
                }
            }
            if progress.states >= self.most {
                break;
            }
        }
        (progress.took, progress.waiting) = (began.elapsed(), waiting.len());
        let closed = broken.is_none() && waiting.is_empty();
        Explored { progress, closed, broken }
    }

    /// All answers from the beginning to here.
    fn tape<M: Model>(&self, model: &M, seen: &Seen, last: u128, digits: &Odometer) -> Tape {
        let mut parts: Vec<Vec<u32>> = vec![digits.digits.iter().map(|(digit, ..)| *digit).collect()];
        let mut at = last;
        while let Some((from, by)) = seen.get(&at).filter(|(from, _)| *from != at) {
            parts.push(by.iter().map(|digit| u32::from(*digit)).collect());
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

/// Walks a model with a chooser, at most so many steps: what does not hold, if anything.
pub fn walk<M: Model>(model: &M, chooser: &Chooser, most: u32) -> Option<String> {
    let mut state = model.begin();
    let mut choose = chooser;
    for _ in 0..most {
        let goes = model.step(&mut state, &mut choose);
        let broken = model.broken(&state, !goes);
        if broken.is_some() || !goes {
            return broken;
        }
    }
    None
}
