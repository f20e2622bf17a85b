//! The freedoms that a system has, each as the alternatives that it names and no more.
//!
//! A mask rewrites no log. It has our side run again with another choice of the system's, and holds if one of the choices
//! gives exactly Node's log.

use crate::scenario::program::{Part, Program, Step, Verb};
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
    /// N6: when timers are due: in which rounds of a program that has some. What happens in them, and its order, is compared.
    Lateness,
}

impl Mask {
    /// Its name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Mask::Order => "N6 order of ready handles",
            Mask::Lateness => "N6 lateness of timers",
        }
    }
}

/// How many orders are tried.
const RUNS: usize = 600;

/// How long is tried; a program with times takes a tenth of a second and more.
const LONGEST: Duration = Duration::from_secs(4);
const LONGEST_WITH_TIMES: Duration = Duration::from_secs(40);

/// How many orders of one poll are tried: all of up to five handles.
const ORDERS: usize = 120;

/// The freedom by which our logs may differ from Node's as they do, if there is one.
pub fn explain(program: &Program, ours: &[String], node: &str) -> Option<Mask> {
    if has_times(program) && ours.iter().any(|ours| without_rounds(ours) == without_rounds(node)) {
        return Some(Mask::Lateness);
    }
    in_some_order(program, node).then_some(Mask::Order)
}

/// Whether Node's logs part from one another in an earlier round than one of ours parts from all of them, or in the same.
pub fn parts_later(program: &Program, ours: &[String], node: &[String]) -> bool {
    let parting = |a: &String, b: &String| parting(program, a, b);
    let own = node.iter().flat_map(|a| node.iter().filter(move |b| *b != a).map(move |b| parting(a, b))).min();
    let closest = ours.iter().flat_map(|ours| node.iter().map(move |node| parting(ours, node))).max();
    own.is_some_and(|own| closest.is_some_and(|closest| own <= closest))
}

/// The first round in which two logs differ. In a program with times, whose rounds are a matter of chance, it is the round
/// that the second has at the first difference in anything else.
fn parting(program: &Program, a: &str, b: &str) -> u32 {
    if !has_times(program) {
        return first_difference(a, b);
    }
    let b_lines: Vec<&str> = b.lines().collect();
    let (a, bare) = (without_rounds(a), without_rounds(b));
    // Actor by actor.
    let starts =
        |lines: &[&str]| -> Vec<usize> { (0..lines.len()).filter(|at| lines[*at].starts_with("== ")).collect() };
    let round = |at: usize| b_lines.get(at).and_then(|line| line.split(' ').next()?.parse().ok()).unwrap_or(u32::MAX);
    let first = |(from_a, from_b): (&usize, &usize)| {
        let same =
            a[*from_a + 1..].iter().zip(&bare[*from_b + 1..]).take_while(|(a, b)| a == b && !a.starts_with("== "));
        let at = from_b + 1 + same.count();
        let over = |line: Option<&&str>| line.is_none_or(|line| line.starts_with("== "));
        let both = over(bare.get(at)) && over(a.get(from_a + at - from_b));
        if both { u32::MAX } else { round(at) }
    };
    starts(&a).iter().zip(&starts(&bare)).map(first).min().unwrap_or(0)
}

/// Whether a program has timers, or timeouts that are not 0.
pub(super) fn has_times(program: &Program) -> bool {
    let steps = program.parts.iter().flat_map(|part| match part {
        Part::Block(_, steps) => steps.as_slice(),
        Part::Watch(..) => &[],
    });
    steps.into_iter().any(|step| matches!(step, Step::Timer(..) | Step::Do(_, Verb::SetTimeout(1.., _))))
}

/// The lines of a log without the numbers of their rounds.
fn without_rounds(log: &str) -> Vec<&str> {
    let bare = |line| match str::split_once(line, ' ') {
        Some((round, rest)) if round.parse::<u32>().is_ok() => rest,
        _ => line,
    };
    log.lines().map(bare).collect()
}

/// A poll that found several handles ready: how many, and in which round.
#[derive(Clone, Copy, Debug)]
struct Met {
    ready: usize,
    round: u32,
}

/// An order of slots: the system's.
const GIVEN: usize = 0;
/// By slot: as libuv tells epoll of them, the older handle first.
const BY_SLOT: usize = 1;

/// Brings a list into an order: from 2 on, the n-th but two, as an odometer counts: the last digit says which comes last.
fn reorder(list: &mut [usize], order: usize) {
    match order {
        GIVEN => {}
        BY_SLOT => list.sort_unstable(),
        _ => {
            let mut n = order - 1;
            for end in (2..=list.len()).rev() {
                let last = &mut list[..end];
                last[end - 1 - n % end..].rotate_left(1);
                n /= end;
            }
        }
    }
}

/// Our log with the orders that a tape says, and another one after its end, and the polls that had to choose.
fn run_with(program: &Program, tape: &[usize], otherwise: usize) -> (String, Vec<Met>) {
    let met = Rc::new(RefCell::new(Vec::new()));
    let (seen, tape) = (met.clone(), tape.to_vec());
    let mut next = tape.into_iter();
    let mut system = System::new().expect("descriptors are to be had");
    system.choose_order(move |slots| {
        seen.borrow_mut().push(Met { ready: slots.len(), round: round_now() });
        reorder(slots, next.next().unwrap_or(otherwise));
    });
    let log = run_on(system, program);
    let met = met.take();
    (log, met)
}

/// Whether some order of ready handles gives Node's log. What is like Node's for longest is varied first, and in it the
/// polls next to where it parts.
fn in_some_order(program: &Program, node: &str) -> bool {
    let by_slot = run_with(program, &[], BY_SLOT).0;
    let times = has_times(program);
    let longest = if times { LONGEST_WITH_TIMES } else { LONGEST };
    let same = |log: &str| log == node || times && without_rounds(log) == without_rounds(node);
    if same(&by_slot) {
        return true;
    }
    let mut tried: HashSet<Vec<usize>> = HashSet::new();
    let mut heap = BinaryHeap::from([(0, 0, Vec::new())]);
    let begun = Instant::now();
    for _ in 0..RUNS {
        let Some((.., tape)) = heap.pop() else { return false };
        let (log, met) = run_with(program, &tape, GIVEN);
        if same(&log) {
            return true;
        }
        if begun.elapsed() > longest {
            return false;
        }
        let parts = parting(program, node, &log);
        for (at, poll) in met.iter().enumerate().skip(tape.len()).filter(|(_, poll)| poll.round <= parts) {
            for order in BY_SLOT..=orders(poll.ready) {
                let mut next = tape.clone();
                next.resize(at, GIVEN);
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
    // How ports and paths are numbered depends on what comes later too.
    let plain = |log: &str| -> String {
        let digit = |c: char| c.is_ascii_digit();
        ["PORT", "PATH"].iter().fold(log.to_string(), |log, mark| {
            let mut parts = log.split(mark);
            let first = parts.next().unwrap_or_default().to_string();
            parts.fold(first, |out, part| out + mark + part.trim_start_matches(digit))
        })
    };
    let (a, b) = (plain(a), plain(b));
    blocks(&a).iter().zip(&blocks(&b)).map(first).min().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::reorder;

    #[test]
    fn every_order_is_there() {
        let order = |n| {
            let mut list = [3, 1, 2];
            reorder(&mut list, n);
            list
        };
        assert_eq!(order(0), [3, 1, 2]);
        assert_eq!(order(1), [1, 2, 3]);
        let mut all: Vec<[usize; 3]> = std::iter::once(0).chain(2..7).map(order).collect();
        all.sort();
        all.dedup();
        assert_eq!(all.len(), 6);
    }
}
