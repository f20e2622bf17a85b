//! The freedoms that a system has, each as the alternatives that it names and no more.
//!
//! A mask rewrites no log. It has our side run again with another choice of the system's, and holds if one of the choices
//! gives exactly Node's log.

use crate::scenario::program::Program;
use crate::scenario::run_on;
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
const RUNS: usize = 150;

/// How long is tried.
const LONGEST: Duration = Duration::from_millis(700);

/// How many orders of one poll are tried: all of up to four handles.
const ORDERS: usize = 24;

/// The freedom by which our log may differ from Node's as it does, if there is one.
pub fn explain(program: &Program, node: &str) -> Option<Mask> {
    in_some_order(program, node).then_some(Mask::Order)
}

/// Our log with the orders that a tape says, and of how many handles each poll had to choose.
fn run_with(program: &Program, tape: &[usize]) -> (String, Vec<usize>) {
    let met = Rc::new(RefCell::new(Vec::new()));
    let (seen, tape) = (met.clone(), tape.to_vec());
    let mut system = System::new().expect("descriptors are to be had");
    system.choose_order(move |ready| {
        let mut seen = seen.borrow_mut();
        seen.push(ready);
        tape.get(seen.len() - 1).copied().unwrap_or(0)
    });
    let log = run_on(system, program);
    let met = met.take();
    (log, met)
}

/// Whether some order of ready handles gives Node's log: what comes nearest is varied first.
fn in_some_order(program: &Program, node: &str) -> bool {
    let mut tried: HashSet<Vec<usize>> = HashSet::new();
    let mut heap = BinaryHeap::from([(0, Vec::new())]);
    let mut runs = 0;
    let begun = Instant::now();
    while let Some((_, tape)) = heap.pop() {
        let (log, met) = run_with(program, &tape);
        if log == node {
            return true;
        }
        runs += 1;
        if runs >= RUNS || begun.elapsed() > LONGEST {
            return false;
        }
        let near = likeness(&log, node);
        for (at, &ready) in met.iter().enumerate().skip(tape.len()) {
            for order in 1..orders(ready) {
                let mut next = tape.clone();
                next.resize(at, 0);
                next.push(order);
                if tried.insert(next.clone()) {
                    heap.push((near * 64 - next.len().min(63), next));
                }
            }
        }
    }
    false
}

fn orders(ready: usize) -> usize {
    (1..=ready).product::<usize>().min(ORDERS)
}

/// How many lines two logs have in common from the beginning of each actor's block.
fn likeness(a: &str, b: &str) -> usize {
    let blocks = |log| str::split(log, "== ").map(|block: &str| block.lines().collect::<Vec<_>>()).collect::<Vec<_>>();
    let same = |(a, b): (&Vec<&str>, &Vec<&str>)| a.iter().zip(b).take_while(|(a, b)| a == b).count();
    1 + blocks(a).iter().zip(&blocks(b)).map(same).sum::<usize>()
}
