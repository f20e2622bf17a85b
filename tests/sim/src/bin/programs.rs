//! Runs random programs and says what of the rules does not hold, with seed and tape.

use netfold::core::trace::{Replayer, Trace};
use netfold_sim::{Chooser, Kind, program};
use std::process::ExitCode;
use std::time::Instant;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let number = |at: usize, default: u64| words.get(at).and_then(|word| word.parse().ok()).unwrap_or(default);
    if words.first().is_some_and(|word| word == "show") {
        return show(number(1, 0));
    }
    campaign(number(0, 0), number(1, 1_000))
}

/// A program's inputs and outputs, and what of them does not hold.
fn show(seed: u64) -> ExitCode {
    let ran = program::run(&Chooser::seed(seed), program::ProgramOptions::default());
    let trace = Trace::parse(ran.trace).expect("a trace");
    let mut replayer = Replayer::new(&trace);
    while let Ok(Some(shown)) = replayer.show() {
        shown.outputs.iter().for_each(|output| println!("      {output}"));
        if let Some(record) = shown.record {
            println!("{:5} {}", record.seq + 1, record.input);
        }
    }
    ran.problems.iter().for_each(|(_, what)| println!("{what}"));
    ExitCode::SUCCESS
}

fn campaign(first: u64, count: u64) -> ExitCode {
    let began = Instant::now();
    let mut failed = 0_u64;
    for seed in first..first + count {
        let ran = program::run(&Chooser::seed(seed), program::ProgramOptions::default());
        if let Some((_, what)) = ran.problems.first() {
            failed += 1;
            // The first few in full: a campaign that fails should not drown in them.
            match failed {
                1..=3 => println!("{}", Kind::Program.report(seed)),
                _ => println!("seed {seed}: {what}"),
            }
        }
    }
    let seconds = began.elapsed().as_secs_f64();
    println!("{count} programs, {failed} of them broke a rule, {:.0} programs a second", count as f64 / seconds);
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
