//! The freedoms that a system has, each as the alternatives that it names and no more.
//!
//! A mask rewrites no log. It has our side run again with another choice of the system's, and holds if one of the choices
//! gives exactly Node's log.

use crate::scenario::program::Program;
use crate::scenario::{round_now, run_on};
use netfold::System;
use std::cell::RefCell;
use std::collections::{BinaryHeap, HashSet};
use std::rc::Rc;
use std::time::{Duration, Instant};

/// A freedom of section 4 of the notes on Node's semantics.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mask {
    /// N6: the order of the handles that one poll found ready.
    Order,
}

impl Mask {
    /// Its name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Mask::Order => "N6 order of ready handles",
        }
    }
}

/// How many orders are tried.
const RUNS: usize = 600;

/// How long is tried.
const LONGEST: Duration = Duration::from_millis(1500);

/// How many orders of one poll are tried: all of up to five handles.
const ORDERS: usize = 120;

/// The freedom by which our log may differ from Node's as it does, if there is one.
pub fn explain(program: &Program, node: &str) -> Option<Mask> {
    in_some_order(program, node).then_some(Mask::Order)
}

/// A poll that found several handles ready: how many, and in which round.
#[derive(Clone, Copy, Debug)]
struct Met {
    ready: usize,
    round: u32,
}

/// Our log with the orders that a tape says, and the polls that had to choose.
fn run_with(program: &Program, tape: &[usize]) -> (String, Vec<Met>) {
    let met = Rc::new(RefCell::new(Vec::new()));
    let (seen, tape) = (met.clone(), tape.to_vec());
    let mut system = System::new().expect("descriptors are to be had");
    system.choose_order(move |ready| {
        let mut seen = seen.borrow_mut();
        seen.push(Met { ready, round: round_now() });
        tape.get(seen.len() - 1).copied().unwrap_or(0)
    });
    let log = run_on(system, program);
    let met = met.take();
    (log, met)
}

/// Whether some order of ready handles gives Node's log. What is like Node's for longest is varied first, and in it the
/// polls next to where it parts.
fn in_some_order(program: &Program, node: &str) -> bool {
    let mut tried: HashSet<Vec<usize>> = HashSet::new();
    let mut heap = BinaryHeap::from([(0, 0, Vec::new())]);
    let begun = Instant::now();
    for _ in 0..RUNS {
        let Some((.., tape)) = heap.pop() else { return false };
        let (log, met) = run_with(program, &tape);
        if log == node {
            return true;
        }
        if begun.elapsed() > LONGEST {
            return false;
        }
        let parts = first_difference(&log, node);
        for (at, poll) in met.iter().enumerate().skip(tape.len()).filter(|(_, poll)| poll.round <= parts) {
            for order in 1..orders(poll.ready) {
                let mut next = tape.clone();
                next.resize(at, 0);
                next.push(order);
                if tried.insert(next.clone()) {
                    heap.push((parts, poll.round, next));
                }
            }
        }
    }
    false
}

fn orders(ready: usize) -> usize {
    (1..=ready).product::<usize>().min(ORDERS)
}

/// The first round in which two logs differ.
pub(super) fn first_difference(a: &str, b: &str) -> u32 {
    let blocks = |log| str::split(log, "== ").map(|block: &str| block.lines().collect::<Vec<_>>()).collect::<Vec<_>>();
    let round = |line: Option<&&str>| line.and_then(|line| line.split(' ').next()?.parse().ok()).unwrap_or(u32::MAX);
    let first = |(a, b): (&Vec<&str>, &Vec<&str>)| {
        let at = a.iter().zip(b).position(|(a, b)| a != b).unwrap_or(a.len().min(b.len()));
        round(a.get(at)).min(round(b.get(at)))
    };
    blocks(a).iter().zip(&blocks(b)).map(first).min().unwrap_or(0)
}
