//! Runs random programs on Node and on netfold and writes what differs.

use clap::Parser;
use indicatif::{ProgressBar, ProgressStyle};
#[cfg(netfold_bugs)]
use netfold_conformance::random::differ::{Case, Verdict};
use netfold_conformance::random::differ::{Differ, Plan};
use netfold_conformance::random::{node, recording, report};
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

/// Random programs on Node and on netfold, whose logs must be equal. Exit status 1 if some differ, 3 without a node.
#[derive(Parser)]
struct Arguments {
    /// How many programs.
    #[arg(long, default_value_t = 10_000)]
    programs: u64,
    /// The same programs come from the same seed.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The number of the first program.
    #[arg(long, default_value_t = 0)]
    first: u64,
    /// Where to write what differs: made if it is not there.
    #[arg(long, required_unless_present_any = ["record", "bugs"])]
    out: Option<PathBuf>,
    /// In place of a comparison: write so many small programs (`--programs`) with Node's logs to this file.
    #[arg(long)]
    record: Option<PathBuf>,
    /// In place of a comparison: plant each of the ordering bugs of a build with `--cfg netfold_bugs`, and say after how many
    /// programs it is found. Exit status 1 if one is not, in `--programs`.
    #[arg(long)]
    bugs: bool,
    /// Stop after so many minutes in any case.
    #[arg(long)]
    minutes: Option<f64>,
    /// How many differences that look alike are made small.
    #[arg(long, default_value_t = 1)]
    alike: u32,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if node::version().is_none() {
        eprintln!("there is no node on the path: nothing to compare with");
        return ExitCode::from(3);
    }
    let done = match &arguments {
        Arguments { record: Some(path), .. } => record(&arguments, path),
        Arguments { bugs: true, .. } => bugs(&arguments),
        Arguments { out: Some(out), .. } => campaign(&arguments, out),
        _ => unreachable!("one of the three is required"),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}

fn record(arguments: &Arguments, path: &Path) -> io::Result<bool> {
    let programs = usize::try_from(arguments.programs).unwrap_or(usize::MAX);
    std::fs::write(path, recording::record(arguments.seed, programs)?)?;
    Ok(true)
}

#[cfg(not(netfold_bugs))]
fn bugs(_: &Arguments) -> io::Result<bool> {
    Err(io::Error::other("this build has no bugs planted: build it with RUSTFLAGS=\"--cfg netfold_bugs\""))
}

#[cfg(netfold_bugs)]
fn bugs(arguments: &Arguments) -> io::Result<bool> {
    use netfold::core::bugs::{Bug, plant};
    let mut all = true;
    for &bug in Bug::ALL {
        plant(Some(bug));
        let found = find(&Plan { first_only: true, ..plan(arguments) }, || plant(None), || plant(Some(bug)))?;
        match &found {
            Some(case) => println!("{bug:?}: found by program {} ({})", case.index - arguments.first + 1, case.sign),
            None => println!("{bug:?}: not found in {} programs", arguments.programs),
        }
        all &= found.is_some();
    }
    plant(None);
    Ok(all)
}

/// The first program that differs, and does not without the bug.
#[cfg(netfold_bugs)]
fn find(plan: &Plan, without: impl Fn(), with: impl Fn()) -> io::Result<Option<Case>> {
    let mut differ = Differ::new()?;
    let mut plan = plan.clone();
    loop {
        with();
        let found = differ.campaign(&plan, |_| {})?;
        let Some(case) = found.cases.into_iter().find(|case| case.verdict == Verdict::Different) else {
            return Ok(None);
        };
        without();
        if differ.compare(&case.program)?.verdict != Verdict::Different {
            return Ok(Some(case));
        }
        plan.programs -= case.index + 1 - plan.first;
        plan.first = case.index + 1;
    }
}

fn plan(arguments: &Arguments) -> Plan {
    Plan {
        seed: arguments.seed,
        first: arguments.first,
        programs: arguments.programs,
        time: arguments.minutes.map(|minutes| Duration::from_secs_f64(minutes * 60.0)),
        alike: arguments.alike,
        first_only: false,
    }
}

fn campaign(arguments: &Arguments, out: &Path) -> io::Result<bool> {
    let plan = plan(arguments);
    let bar = ProgressBar::new(plan.programs);
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} {per_sec} {eta} {msg}");
    bar.set_style(style.map_err(io::Error::other)?);
    // What is found is written at once: a long run may be ended before its time.
    let (mut written, mut failed) = (0, None);
    let found = Differ::new()?.campaign(&plan, |found| {
        bar.set_position(found.coverage.programs);
        bar.set_message(format!("{} differ", found.different()));
        for case in &found.cases[written..] {
            failed = failed.take().or(report::write_case(out, &plan, case).err());
        }
        written = found.cases.len();
    })?;
    bar.finish_and_clear();
    report::write(out, &plan, &found)?;
    print!("{}", report::summary(&plan, &found));
    failed.map_or(Ok(found.different() == 0), Err)
}
