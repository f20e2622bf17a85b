//! Runs of the kinds that the crate brings along: each with its hashes, or event by event, and whether it is the same again.

use netfold_sim::{Chooser, Hashes, History, Kind};
use std::process::{Command, ExitCode};

const USAGE: &str = "runs hashes KIND FIRST COUNT    the hashes of so many seeds: of inputs, outputs and states
runs events KIND SEED           everything that a run did
runs twice KIND FIRST COUNT     each run again, here and in another process: what differs first, if anything";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(|word| &**word).collect();
    match run(&words) {
        Ok(code) => code,
        Err(what) => {
            eprintln!("{what}\n{USAGE}");
            ExitCode::from(2)
        }
    }
}

fn run(words: &[&str]) -> Result<ExitCode, String> {
    let number = |text: &str| text.parse::<u64>().map_err(|_| format!("{text} is no number"));
    match *words {
        ["hashes", kind, first, count] => {
            let (kind, first) = (kind.parse()?, number(first)?);
            for seed in first..first + number(count)? {
                println!("{}", line(seed, history(kind, seed).hashes()));
            }
            Ok(ExitCode::SUCCESS)
        }
        ["events", kind, seed] => {
            print!("{}", history(kind.parse()?, number(seed)?));
            Ok(ExitCode::SUCCESS)
        }
        ["twice", kind, first, count] => twice(kind.parse()?, number(first)?, number(count)?),
        _ => Err("what shall be done?".into()),
    }
}

fn history(kind: Kind, seed: u64) -> History {
    let chooser = Chooser::seed(seed).recording();
    let finished = kind.run(&chooser);
    History::of(&finished, &chooser.recorded())
}

/// What this program prints in a process of its own.
fn elsewhere(words: &[&str]) -> Result<String, String> {
    let me = std::env::current_exe().map_err(|error| error.to_string())?;
    let output = Command::new(me).args(words).output().map_err(|error| error.to_string())?;
    String::from_utf8(output.stdout).map_err(|error| error.to_string())
}

fn twice(kind: Kind, first: u64, count: u64) -> Result<ExitCode, String> {
    let there = elsewhere(&["hashes", kind.name(), &first.to_string(), &count.to_string()])?;
    let mut there = there.lines();
    for seed in first..first + count {
        let here = history(kind, seed);
        let again = history(kind, seed);
        let said = there.next().unwrap_or("nothing");
        let other = match said == line(seed, here.hashes()) {
            true => Some(again),
            false => History::parse(&elsewhere(&["events", kind.name(), &seed.to_string()])?),
        };
        let differs = other.map_or_else(
            || Some(said.to_string()),
            |other| here.first_difference(&other).map(|differs| differs.to_string()),
        );
        if let Some(differs) = differs {
            println!("{kind}, seed {seed}: {differs}");
            return Ok(ExitCode::FAILURE);
        }
    }
    println!("{count} seeds of {kind}: equal when run twice, and in another process");
    Ok(ExitCode::SUCCESS)
}

fn line(seed: u64, hashes: Hashes) -> String {
    format!("{seed} {hashes}")
}
