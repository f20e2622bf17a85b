//! Runs a scenario on netfold and prints its log.

use clap::Parser;
use netfold_conformance::scenario::{parse, run};
use std::error::Error;
use std::fs;
use std::path::PathBuf;

/// Runs scenarios of `spec/scenarios/` on netfold and prints their logs.
#[derive(Debug, Parser)]
struct Args {
    /// The scenario files.
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Write the log beside each file, as NAME.netfold.log, in place of printing it: what a scenario with a line
    /// `deviates` needs.
    #[arg(long)]
    netfold_log: bool,
    /// Run each so often, and print only logs that differ from the first.
    #[arg(long, default_value_t = 1)]
    repeat: u32,
}

fn main() -> Result<(), Box<dyn Error>> {
    let args = Args::parse();
    for file in &args.files {
        let text = fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
        let program = parse(&text).map_err(|error| format!("{}: {error}", file.display()))?;
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
    Ok(())
}
