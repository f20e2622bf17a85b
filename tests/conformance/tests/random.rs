//! Random programs: in the language, and logged alike by Node and by netfold.

use netfold_conformance::random::coverage::is_abrupt;
use netfold_conformance::random::differ::{Differ, Plan, tree};
use netfold_conformance::random::masks::{self, Effort};
use netfold_conformance::random::{recording, report};
use netfold_conformance::scenario::{parse, print, run};
use netfold_conformance::{has_node_20, skipped};
use proptest::strategy::ValueTree;
use std::time::Duration;

const SEED: u64 = 20;

#[test]
fn random_programs_are_in_the_language_and_often_abrupt() {
    let mut abrupt = 0;
    for index in 0..1000 {
        let program = tree(SEED, index).current().program;
        let text = print(&program);
        match parse(&text) {
            Ok(parsed) => assert!(parsed == program, "it reads as another program:\n{text}"),
            Err(error) => panic!("{error}\n{text}"),
        }
        abrupt += u32::from(is_abrupt(&program));
    }
    assert!(abrupt > 333, "a third has a reset, a destroy or a half-close: {abrupt} of 1000");
}

#[test]
fn random_programs_are_logged_alike() {
    if !has_node_20() {
        return skipped("random programs need Node 20 on the path; scenarios and programs are compared with its logs");
    }
    let plan = Plan { seed: SEED, programs: 1000, time: Some(Duration::from_secs(12)), alike: 0, ..Plan::default() };
    let found = Differ::new().expect("there is a node").campaign(&plan, |_| {}).expect("Node can be run");
    let summary = report::summary(&plan, &found);
    println!("{summary}");
    for case in &found.cases {
        println!("# {}\n{}--- node\n{}--- netfold\n{}", case.sign, print(&case.program), case.node, case.ours);
    }
    assert!(
        found.different() == 0,
        "to see them small: cargo run --release -p netfold-conformance --bin random -- --seed {SEED} --programs 1000 --out DIR"
    );
    let (programs, masked) = (found.coverage.programs, found.masks.values().sum::<u64>());
    assert!(programs >= 48, "a batch at least was compared");
    assert!(masked * 10 < programs, "a mask touches under a tenth: {masked} of {programs}");
    assert!(found.coverage.abrupt * 3 > programs, "a third is abrupt: {} of {programs}", found.coverage.abrupt);
}

#[test]
fn recorded_programs_are_logged_as_node_did() {
    let recorded = recording::read(include_str!("random/recorded.txt"));
    assert!(recorded.len() >= 200, "{} programs are recorded", recorded.len());
    for (text, log) in recorded {
        let program = parse(text).unwrap_or_else(|error| panic!("{error}\n{text}"));
        // What a loaded machine does once it does not do again; an order of ready handles it may.
        let alike = (0..3).any(|_| run(&program) == log)
            || masks::explain(&program, &[run(&program)], &[log.to_string()], Effort::Much).is_some();
        assert!(alike, "{text}--- node\n{log}--- netfold\n{}", run(&program));
    }
}
