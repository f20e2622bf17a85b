//! The scenarios of `spec/scenarios/` and their logs: what netfold logs, compared with what is recorded.

use super::program::Program;
use super::{Ran, parse, watch};
use crate::spec::root;
use std::fs;
use std::path::PathBuf;

/// The folder of the scenarios.
pub fn folder() -> PathBuf {
    root().join("spec/scenarios")
}

/// Every scenario: its name and its text, in the order of the names.
///
/// # Panics
/// If the folder, or a file of it, cannot be read.
pub fn all() -> Vec<(String, String)> {
    let mut out = Vec::new();
    for entry in fs::read_dir(folder()).expect("the scenarios") {
        let path = entry.expect("an entry").path();
        if path.extension().is_some_and(|ext| ext == "scn") {
            let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
            out.push((name, fs::read_to_string(&path).expect("a text")));
        }
    }
    out.sort();
    out
}

/// A log that is recorded; without it, which file is missing.
fn log_of(name: &str, extension: &str) -> Result<String, String> {
    let path = folder().join(format!("{name}.{extension}"));
    fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))
}

/// The log that netfold must have: Node's, or, where it deviates, one of its own that differs from Node's.
fn expected(name: &str, deviates: Option<&str>) -> Result<String, String> {
    let node = log_of(name, "log")?;
    match (deviates, log_of(name, "netfold.log")) {
        (None, Ok(_)) => Err("there is a .netfold.log, but no line `deviates`".into()),
        (None, Err(_)) => Ok(node),
        (Some(_), Err(missing)) => Err(missing),
        (Some(deviation), Ok(ours)) if ours == node => Err(format!("it shows no {deviation}: both logs are equal")),
        (Some(_), Ok(ours)) => Ok(ours),
    }
}

/// So often a run is made again whose log is another and whose timers the machine may have made late.
const STALLED_TRIES: u32 = 20;

/// A log that the machine had no part in, as far as that can be told: as it is expected, or of a run without a stall.
fn steady(program: &Program, expected: &str) -> String {
    let mut ran = watch(program);
    for _ in 1..STALLED_TRIES {
        match ran {
            Ran { stalled: true, ref log } if log != expected => ran = watch(program),
            _ => break,
        }
    }
    ran.log
}

/// Runs a scenario on netfold so often, and compares each log with what is recorded.
///
/// # Errors
/// The logs of the first run that differs; or why there is nothing to compare with.
pub fn compare(name: &str, text: &str, runs: u32) -> Result<(), String> {
    let program = parse(text).map_err(|error| error.to_string())?;
    let expected = expected(name, program.deviates.as_deref())?;
    for run_number in 1..=runs {
        let ours = steady(&program, &expected);
        if ours != expected {
            return Err(format!("run {run_number} of {runs}\n--- expected\n{expected}--- netfold\n{ours}"));
        }
    }
    Ok(())
}
