//! Kernel truth: programs of system calls, made at random, run on the kernel of this machine and in the world. What the kernel
//! shows must be among what the world can do.
//!
//! `KERNEL_PROGRAMS=N` and `KERNEL_SEED=N` in the environment make it a longer campaign, or another one.
#![cfg(target_os = "linux")]

#[path = "kernel/linux.rs"]
mod linux;
#[path = "kernel/program.rs"]
mod program;
#[path = "kernel/simulated.rs"]
mod simulated;

use linux::Linux;
use netfold_sim::Chooser;
use program::{Op, Outcome, System, differs, program};
use simulated::Simulated;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::path::PathBuf;

/// The world's ways of running one program that are tried, at most, until one is the kernel's.
const WAYS: usize = 20_000;

/// As many while a program is made smaller.
const FEW: usize = 2_000;

fn path() -> PathBuf {
    std::env::temp_dir().join(format!("netfold-kernel-{}-{:?}", std::process::id(), std::thread::current().id()))
}

fn on_linux(ops: &[Op], unix: bool) -> Vec<Outcome> {
    let mut linux = Linux::new(unix, path());
    ops.iter().map(|op| linux.call(*op)).collect()
}

/// Runs as long as the kernel did the same.
fn in_world(ops: &[Op], unix: bool, kernel: &[Outcome], chooser: Chooser) -> Vec<Outcome> {
    let mut world = Simulated::new(unix, chooser);
    let mut outcomes = Vec::new();
    for (op, shown) in ops.iter().zip(kernel) {
        outcomes.push(world.call(*op));
        if outcomes.last() != Some(shown) {
            break;
        }
    }
    outcomes
}

/// The questions that are answered with 1; the others are with 0. What else can be answered is either as good for this or
/// nothing that a kernel does.
type Turns = Vec<usize>;

fn answers(turns: &Turns) -> Chooser {
    let mut bytes = vec![0; turns.last().map_or(0, |at| at + 1)];
    for at in turns {
        bytes[*at] = 1;
    }
    Chooser::bytes(bytes)
}

/// The step that the world cannot do as the kernel did, and what it did instead in the way that came farthest. Ways that
/// came far are followed first, and of these the ones that are the most like a calm world's.
fn impossible(ops: &[Op], unix: bool, kernel: &[Outcome], ways: usize) -> Option<(usize, Outcome)> {
    let mut farthest: Option<(usize, Outcome)> = None;
    let mut open: BinaryHeap<(usize, Reverse<usize>, Reverse<Turns>, usize)> = BinaryHeap::new();
    let mut next = vec![Turns::new()];
    let mut tried = 0;
    loop {
        for turns in std::mem::take(&mut next) {
            tried += 1;
            let chooser = answers(&turns);
            let world = in_world(ops, unix, kernel, chooser.clone());
            let at = differs(kernel, &world)?;
            if farthest.as_ref().is_none_or(|(far, _)| at > *far) {
                farthest = Some((at, world.last().cloned().unwrap_or(Outcome::Nothing)));
            }
            open.push((at, Reverse(turns.len()), Reverse(turns), chooser.count() as usize));
        }
        let Some((_, _, Reverse(turns), questions)) = open.pop().filter(|_| tried < ways) else { return farthest };
        let first = turns.last().map_or(0, |at| at + 1);
        next.extend((first..questions).map(|at| turns.iter().copied().chain([at]).collect::<Turns>()));
    }
}

/// The smallest program found that still shows something that the world cannot do.
fn smaller(mut ops: Vec<Op>, unix: bool) -> Vec<Op> {
    let fails = |ops: &[Op]| impossible(ops, unix, &on_linux(ops, unix), FEW).is_some();
    let mut at = ops.len();
    while at > 0 {
        at -= 1;
        let mut fewer = ops.clone();
        fewer.remove(at);
        if fails(&fewer) {
            ops = fewer;
        }
    }
    ops
}

fn report(ops: &[Op], unix: bool) -> String {
    let kernel = on_linux(ops, unix);
    let Some((at, world)) = impossible(ops, unix, &kernel, FEW) else { return "not again".into() };
    let steps = ops.iter().zip(&kernel).take(at + 1).map(|(op, outcome)| format!("    {op:?}: {outcome}\n"));
    format!("{}    the world: {world}\n", steps.collect::<String>())
}

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

fn campaign(unix: bool) {
    let (programs, first) = (number("KERNEL_PROGRAMS", 2_000), number("KERNEL_SEED", 1));
    println!("{programs} programs from seed {first}");
    let mut found: Vec<String> = Vec::new();
    let mut seen = 0;
    for seed in first..first + programs {
        let ops = program(seed, unix);
        let kernel = on_linux(&ops, unix);
        if impossible(&ops, unix, &kernel, WAYS).is_none() {
            continue;
        }
        seen += 1;
        let report = report(&smaller(ops, unix), unix);
        if !found.contains(&report) && report != "not again" {
            found.push(report);
        }
        if found.len() >= 12 {
            break;
        }
    }
    for report in &found {
        println!("{report}");
    }
    assert!(found.is_empty(), "{seen} programs did on the kernel what they cannot do in the world");
}

#[test]
fn what_tcp_does_on_linux_it_can_do_in_the_world() {
    campaign(false);
}

#[test]
fn what_unix_sockets_do_on_linux_they_can_do_in_the_world() {
    campaign(true);
}
