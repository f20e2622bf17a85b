//! Runs of the kinds that the crate brings along: each with its hashes, or event by event, and whether it is the same again.

use netfold_sim::{Chooser, Diagram, Finding, Hashes, History, Kind, Tape};
use std::fs;
use std::io::{self, BufReader};
use std::path::Path;
use std::process::{Command, ExitCode};

const USAGE: &str = "runs hashes KIND FIRST COUNT    the hashes of so many seeds: of inputs, outputs and states
runs events KIND SEED|TAPE      everything that a run did
runs twice KIND FIRST COUNT     each run again, here and in another process: what differs first, if anything
runs replay KIND SEED|TAPE      what it is like, as a sequence diagram, and what of it does not hold
runs ask KIND TAPE              you decide: each question is written to the terminal; the answers go to the file TAPE
runs shrink KIND SEED|TAPE DIR  a failing run made small: small.tape, .txt, .mmd (diagrams), .rs (a test), .scn (a scenario)";

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
        ["events", kind, from] => {
            print!("{}", history_of(kind.parse()?, chooser(from)?));
            Ok(ExitCode::SUCCESS)
        }
        ["replay", kind, from] => replay(kind.parse()?, chooser(from)?),
        ["ask", kind, tape] => ask(kind.parse()?, Path::new(tape)),
        ["shrink", kind, from, dir] => shrink(kind.parse()?, chooser(from)?, Path::new(dir)),
        ["twice", kind, first, count] => twice(kind.parse()?, number(first)?, number(count)?),
        _ => Err("what shall be done?".into()),
    }
}

/// Of a seed, or of a tape in a file.
fn chooser(from: &str) -> Result<Chooser, String> {
    if let Ok(seed) = from.parse() {
        return Ok(Chooser::seed(seed));
    }
    let text = fs::read_to_string(from).map_err(|error| format!("{from}: {error}"))?;
    let tape = text.parse::<Tape>().map_err(|error| format!("{from}: {error}"))?;
    Ok(Chooser::tape(tape))
}

fn replay(kind: Kind, chooser: Chooser) -> Result<ExitCode, String> {
    let finished = kind.run(&chooser);
    println!("{}", Diagram::of(&finished));
    finished.problems.iter().for_each(|(_, what)| println!("{what}"));
    if let Some(failed) = chooser.failed() {
        return Err(format!("the tape is of another run: {failed}"));
    }
    Ok(if finished.problems.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The questions go where errors go, so that what comes of the answers can be had by itself.
fn ask(kind: Kind, tape: &Path) -> Result<ExitCode, String> {
    let chooser = Chooser::person(BufReader::new(io::stdin()), io::stderr()).recording();
    let replayed = replay(kind, chooser.clone())?;
    fs::write(tape, chooser.recorded().to_string()).map_err(|error| error.to_string())?;
    Ok(replayed)
}

fn shrink(kind: Kind, chooser: Chooser, dir: &Path) -> Result<ExitCode, String> {
    // What panics does so many times.
    std::panic::set_hook(Box::new(|_| {}));
    let Some(found) = Finding::of(kind, chooser) else { return Err("nothing of it does not hold".into()) };
    let small = found.small();
    println!("{small}");
    fs::create_dir_all(dir).map_err(|error| error.to_string())?;
    let files = [
        ("tape", small.tape.to_string()),
        ("txt", small.diagram().to_string()),
        ("mmd", small.diagram().mermaid()),
        ("rs", small.test("holds")),
        ("scn", small.scenario()),
    ];
    for (extension, text) in files {
        fs::write(dir.join(format!("small.{extension}")), text).map_err(|error| error.to_string())?;
    }
    Ok(ExitCode::SUCCESS)
}

fn history(kind: Kind, seed: u64) -> History {
    history_of(kind, Chooser::seed(seed))
}

fn history_of(kind: Kind, chooser: Chooser) -> History {
    let chooser = chooser.recording();
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
