//! Runs random programs on Node and on netfold and writes what differs.

use clap::Parser;
use indicatif::{ProgressBar, ProgressStyle};
use netfold_conformance::random::differ::{Differ, Plan};
use netfold_conformance::random::{node, report};
use std::io;
use std::path::PathBuf;
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
    #[arg(long)]
    out: PathBuf,
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
    match campaign(&arguments) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}

fn campaign(arguments: &Arguments) -> io::Result<bool> {
    let plan = Plan {
        seed: arguments.seed,
        first: arguments.first,
        programs: arguments.programs,
        time: arguments.minutes.map(|minutes| Duration::from_secs_f64(minutes * 60.0)),
        alike: arguments.alike,
        first_only: false,
    };
    let bar = ProgressBar::new(plan.programs);
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} {per_sec} {eta} {msg}");
    bar.set_style(style.map_err(io::Error::other)?);
    let found = Differ::new()?.campaign(&plan, |found| {
        bar.set_position(found.coverage.programs);
        bar.set_message(format!("{} differ", found.different()));
    })?;
    bar.finish_and_clear();
    report::write(&arguments.out, &plan, &found)?;
    print!("{}", report::summary(&plan, &found));
    Ok(found.different() == 0)
}
