//! Every state that a small scenario can come to, on the real machine.
//!
//! A [`Model`] is a program with one function that goes a step further and asks a [`Choose`] whatever can be one way or
//! another. [`Explorer`] answers in every way there is and follows each state once; the same function walks at random with
//! a [`Chooser`], and along a tape.

mod engine;
pub mod pair;
mod seen;

use crate::chooser::Chooser;
use crate::tape::Tape;
use seen::Seen;
use std::collections::VecDeque;
use std::fmt;
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

    /// The states that are counted, and what can come to one: the rows and columns of [`Progress::cells`].
    const CELLS: (&'static [&'static str], &'static [&'static str]) = (&[], &[]);

    /// What comes next to this state, to count how much of all there is was seen: row and column.
    fn cells(&self, _state: &Self::State, _saw: &mut impl FnMut(usize, usize)) {}
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
    fn clear(&mut self) {
        self.digits.clear();
        self.at = 0;
    }

    /// The answers of this sequence that were asked for.
    fn taken(&self) -> impl Iterator<Item = u32> {
        self.digits[..self.at].iter().map(|(digit, ..)| *digit)
    }

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
    /// How often each cell was reached, row by row: see [`Model::CELLS`].
    pub cells: Vec<u64>,
}

impl Progress {
    /// States a second.
    pub fn rate(&self) -> f64 {
        self.states as f64 / self.took.as_secs_f64().max(1e-9)
    }
}

/// The cells of a model, as a table: how often each was reached, and how many were.
#[derive(Clone, Copy, Debug)]
pub struct Cells<'a, M>(pub &'a M, pub &'a Progress);

impl<M: Model> fmt::Display for Cells<'_, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (rows, columns) = M::CELLS;
        let reached = self.1.cells.iter().filter(|n| **n > 0).count();
        writeln!(f, "{reached} of {} cells of state and event", rows.len() * columns.len())?;
        let width = rows.iter().map(|name| name.len()).max().unwrap_or(0);
        write!(f, "{:width$}", "")?;
        columns.iter().try_for_each(|name| write!(f, " {name:>8}"))?;
        for (row, counts) in rows.iter().zip(self.1.cells.chunks(columns.len().max(1))) {
            write!(f, "\n{row:width$}")?;
            counts.iter().zip(columns.iter()).try_for_each(|(n, name)| match n {
                0 => write!(f, " {:>1$}", "-", name.len().max(8)),
                _ => write!(f, " {n:>0$}", name.len().max(8)),
            })?;
        }
        writeln!(f)
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
        let columns = M::CELLS.1.len();
        let mut progress = Progress { cells: vec![0; M::CELLS.0.len() * columns], ..Progress::default() };
        let mut seen = Seen::default();
        let mut waiting: VecDeque<(u32, M::State)> = VecDeque::new();
        let first = model.begin();
        let id = seen.insert(model.key(&first), u32::MAX, &Odometer::default()).unwrap_or(0);
        waiting.push_back((id, first));
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
            model.cells(&state, &mut |state, event| progress.cells[state * columns + event] += 1);
            digits.clear();
            loop {
                let mut next = state.clone();
                let goes = model.step(&mut next, &mut digits);
                progress.ends += u64::from(!goes);
                if let Some(what) = model.broken(&next, !goes) {
                    broken = Some((what, seen.tape(model, from, &digits)));
                    break 'all;
                }
                if goes {
                    progress.steps += 1;
                    if let Some(id) = seen.insert(model.key(&next), from, &digits) {
                        waiting.push_back((id, next));
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
