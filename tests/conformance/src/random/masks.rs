//! The freedoms that a system has, each as the alternatives that it names and no more.
//!
//! A mask rewrites no log. It has our side run again with another choice of the system's, and holds if one of the choices
//! gives exactly Node's log.

use crate::scenario::program::{Part, Program, Step, Verb};
use crate::scenario::{round_now, run_on};
use netfold::System;
use std::cell::RefCell;
use std::cmp::Reverse;
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

/// How many orders of one poll are tried: all of up to five handles.
const ORDERS: usize = 120;

/// How much is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effort {
    /// What explains most differences.
    Little,
    /// What may take a minute.
    Much,
}

impl Effort {
    /// How many orders.
    const fn runs(self) -> usize {
        match self {
            Effort::Little => 100,
            Effort::Much => 3_000,
        }
    }

    /// How long; a program with times takes a tenth of a second and more.
    const fn longest(self) -> Duration {
        match self {
            Effort::Little => Duration::from_secs(2),
            Effort::Much => Duration::from_secs(40),
        }
    }
}

/// The freedom by which our logs may differ from Node's as they do, if there is one: by it one is like one.
pub fn explain(program: &Program, ours: &[String], node: &[String], effort: Effort) -> Option<Mask> {
    let late = |ours: &String, node: &String| without_rounds(ours) == without_rounds(node);
    if has_times(program) && ours.iter().any(|ours| node.iter().any(|node| late(ours, node))) {
        return Some(Mask::Lateness);
    }
    in_some_order(program, node, effort).then_some(Mask::Order)
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
/// The first of the orders that are not one of a rule.
const ODOMETER: usize = 4;

/// Brings a list into an order. The first four are rules that may hold for each poll: the system's order, that of the
/// slots, and both backwards. From there on it is as an odometer counts: the last digit says which comes last.
fn reorder(list: &mut [usize], order: usize) {
    if order & BY_SLOT != 0 && order < ODOMETER {
        list.sort_unstable();
    }
    if order < ODOMETER {
        if order >= 2 {
            list.reverse();
        }
        return;
    }
    let mut n = order - ODOMETER + 1;
    for end in (2..=list.len()).rev() {
        let last = &mut list[..end];
        last[end - 1 - n % end..].rotate_left(1);
        n /= end;
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

/// Whether some order of ready handles gives Node's log. What is like Node's for longest is varied first, of that what has
/// the fewest polls changed, and in it the polls next to where it parts.
fn in_some_order(program: &Program, node: &[String], effort: Effort) -> bool {
    let times = has_times(program);
    let bare: Vec<Vec<&str>> = node.iter().map(|node| without_rounds(node)).collect();
    let same = |log: &String| node.contains(log) || times && bare.contains(&without_rounds(log));
    let mut tried: HashSet<(usize, Vec<usize>)> = HashSet::new();
    let mut heap: BinaryHeap<_> =
        (GIVEN..ODOMETER).map(|rule| (u32::MAX, Reverse(rule), u32::MAX, rule, Vec::new())).collect();
    let begun = Instant::now();
    for _ in 0..effort.runs() {
        let Some((_, Reverse(changes), _, rule, tape)) = heap.pop() else { return false };
        let (log, met) = run_with(program, &tape, rule);
        if same(&log) {
            return true;
        }
        if begun.elapsed() > effort.longest() {
            return false;
        }
        let parts = node.iter().map(|node| parting(program, node, &log)).max().unwrap_or(0);
        for (at, poll) in met.iter().enumerate().skip(tape.len()).filter(|(_, poll)| poll.round <= parts) {
            for order in (GIVEN..ODOMETER + orders(poll.ready) - 1).filter(|order| *order != rule) {
                let mut next = tape.clone();
                next.resize(at, rule);
                next.push(order);
                if tried.insert((rule, next.clone())) {
                    heap.push((parts, Reverse(changes + 1), poll.round, rule, next));
                }
            }
        }
    }
    false
}

/// Of how many handles: as many orders as there are, within a bound.
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
        assert_eq!((order(2), order(3)), ([2, 1, 3], [3, 2, 1]));
        let mut all: Vec<[usize; 3]> = std::iter::once(0).chain(4..9).map(order).collect();
        all.sort();
        all.dedup();
        assert_eq!(all.len(), 6);
    }
}
