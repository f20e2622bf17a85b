//! The programs of `spec/scenarios/` in the simulated world, compared with what real Node logged.

use netfold_conformance::scenario::{parse, run_on};
use netfold_sim::{Chooser, World};
use std::fs;
use std::path::{Path, PathBuf};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../spec/scenarios")
}

fn names() -> Vec<String> {
    let files = fs::read_dir(folder()).expect("the scenarios").map(|file| file.expect("an entry").path());
    let scenarios = files.filter(|path| path.extension().is_some_and(|ext| ext == "scn"));
    let mut names: Vec<String> = scenarios.map(|p| p.file_stem().expect("a name").to_string_lossy().into()).collect();
    names.sort();
    names
}

/// The log in the world, and the one that is recorded.
fn both(name: &str) -> (String, String) {
    let read = |extension: &str| fs::read_to_string(folder().join(format!("{name}.{extension}")));
    let program = parse(&read("scn").expect("a text")).expect("a program");
    let world = World::new(Chooser::calm());
    let temporary = std::env::temp_dir();
    world.directory(temporary.to_string_lossy().trim_end_matches('/'));
    // The runner makes the ordinary file of a program on the disk.
    world.other_files(|path| Path::new(path).is_file());
    let ours = run_on(world, &program);
    let recorded = if program.deviates.is_some() { "netfold.log" } else { "log" };
    (ours, read(recorded).expect("a log"))
}

/// Those that do not agree yet, each with the reason.
fn known() -> Vec<&'static str> {
    let lines = include_str!("scenarios.differ").lines();
    lines
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| line.split(' ').next().unwrap_or(""))
        .collect()
}

#[test]
fn programs_log_in_the_world_what_they_log_in_node() {
    let known = known();
    let mut failed = Vec::new();
    for name in names() {
        let (ours, recorded) = both(&name);
        match (ours == recorded, known.contains(&&*name)) {
            (true, false) | (false, true) => {}
            (true, true) => failed.push(format!("{name} agrees: take it out of scenarios.differ")),
            (false, false) => failed.push(format!("== {name}\n--- node\n{recorded}--- world\n{ours}")),
        }
    }
    assert!(failed.is_empty(), "{} differ\n{}", failed.len(), failed.join("\n"));
}
