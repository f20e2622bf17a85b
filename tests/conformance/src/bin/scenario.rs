//! Runs scenarios on netfold: prints their logs, or compares them with what is recorded.

use clap::Parser;
use netfold_conformance::scenario::recorded::{self, compare};
use netfold_conformance::scenario::{parse, run};
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Runs scenarios of `spec/scenarios/` on netfold and prints their logs.
#[derive(Debug, Parser)]
struct Args {
    /// The scenario files; with --check all of spec/scenarios/ if none is named.
    #[arg(required_unless_present = "check")]
    files: Vec<PathBuf>,
    /// Compare with the recorded logs in place of printing; exit status 1 if one differs.
    #[arg(long)]
    check: bool,
    /// Write the log beside each file, as NAME.netfold.log, in place of printing it: what a scenario with a line
    /// `deviates` needs.
    #[arg(long, conflicts_with = "check")]
    netfold_log: bool,
    /// Run each so often; without --check print only logs that differ from the first.
    #[arg(long, default_value_t = 1)]
    repeat: u32,
}

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let args = Args::parse();
    if args.check {
        return check(&args);
    }
    for file in &args.files {
        let program = parse(&text_of(file)?).map_err(|error| format!("{}: {error}", file.display()))?;
        let log = run(&program);
        if args.netfold_log {
            fs::write(file.with_extension("netfold.log"), &log)?;
        } else {
            print!("{log}");
        }
        for again in 2..=args.repeat {
            let other = run(&program);
            if other != log {
                println!("run {again} differs:\n{other}");
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn text_of(file: &Path) -> Result<String, String> {
    fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))
}

fn check(args: &Args) -> Result<ExitCode, Box<dyn Error>> {
    let mut scenarios = Vec::new();
    for file in &args.files {
        let name = file.file_stem().ok_or_else(|| format!("{}: no scenario's name", file.display()))?;
        scenarios.push((name.to_string_lossy().into_owned(), text_of(file)?));
    }
    if scenarios.is_empty() {
        scenarios = recorded::all();
    }
    let mut failed = 0;
    for (name, text) in &scenarios {
        if let Err(why) = compare(name, text, args.repeat) {
            failed += 1;
            println!("== {name}\n{why}");
        }
    }
    println!("{} scenarios, {} runs of each, {failed} failed", scenarios.len(), args.repeat);
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
