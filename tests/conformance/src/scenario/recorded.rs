//! The scenarios of `spec/scenarios/` and their logs: what netfold logs, compared with what is recorded.

use super::{parse, run};
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

/// Runs a scenario on netfold so often, and compares each log with what is recorded.
///
/// # Errors
/// The logs of the first run that differs; or why there is nothing to compare with.
pub fn compare(name: &str, text: &str, runs: u32) -> Result<(), String> {
    let program = parse(text).map_err(|error| error.to_string())?;
    let expected = expected(name, program.deviates.as_deref())?;
    for run_number in 1..=runs {
        let ours = run(&program);
        if ours != expected {
            return Err(format!("run {run_number} of {runs}\n--- expected\n{expected}--- netfold\n{ours}"));
        }
    }
    Ok(())
}
