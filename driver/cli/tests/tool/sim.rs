//! `netfold sim`, `explore` and `shrink`.

use crate::process::Folder;
use crate::run;
use serde_json::Value;

#[test]
fn many_seeds_hold_their_rules() {
    for kind in ["program", "troubled", "pair"] {
        let ran = run(["sim", kind, "--count", "20", "--first", "100"]);
        assert_eq!(ran.went_well().out, format!("20 runs of {kind}: all rules hold\n"));
    }
    let ran = run(["sim", "pair", "--count", "3", "--json"]);
    let json: Value = serde_json::from_str(&ran.went_well().out).unwrap();
    assert_eq!((&json["kind"], &json["runs"]), (&"pair".into(), &3.into()));
}

#[test]
fn a_seed_is_one_run_and_its_tape_and_its_traces_are_that_run() {
    let (one, two) = (Folder::new(), Folder::new());
    let folder = |folder: &Folder| folder.path().to_str().unwrap().to_string();
    let first = run(["sim", "pair", "7", "--traces", &folder(&one)]);
    let tape = one.file("run.tape");
    let again = run(["sim", "pair", &tape, "--traces", &folder(&two)]);
    assert_eq!(first.went_well().out, again.went_well().out);
    assert!(first.out.contains("left") && first.out.contains("right"), "{}", first.out);
    for machine in ["left.trace", "right.trace"] {
        run(["replay", &one.file(machine)]).went_well();
        run(["diff", &one.file(machine), &two.file(machine)]).went_well();
    }
    // The same without anybody to ask is a calm run.
    run(["sim", "pair", "--ask"]).no_panic();
    run(["sim", "pair", "no-such-file"]).failed(1, &["cannot read no-such-file", "give the number of a seed"]);
    std::fs::write(&tape, "netfold tape 1\n7 3 nonsense\n").unwrap();
    run(["sim", "pair", &tape]).failed(1, &["tape, at 2"]);
}

#[test]
fn all_interleavings_of_a_small_scenario_are_gone_through() {
    let ran = run(["explore", "half-open", "--json"]);
    let json: Value = serde_json::from_str(&ran.went_well().out).unwrap();
    assert_eq!((&json["closed"], &json["broken"]), (&true.into(), &Value::Null));
    assert!(json["states"].as_u64().unwrap() > 100, "{json}");
    let some = run(["explore", "half-open", "--breadth", "--ruled", "--most", "50"]);
    assert!(some.went_well().out.contains("; not all there are, "), "{}", some.out);
}

#[test]
fn what_holds_cannot_be_made_small() {
    let folder = Folder::new();
    let out = folder.file("small");
    run(["shrink", "program", "3", "-o", &out]).failed(1, &["every rule holds in this run"]);
    assert!(!std::path::Path::new(&out).exists());
    run(["shrink", "nothing", "3", "-o", &out]).failed(2, &["nothing"]);
}

/// A machine with a bug: a seed of it fails, is made small, and the small run fails in the same way; without the bug it holds.
/// Built with `--cfg netfold_bugs`, as `.ci/mutations` does.
#[test]
#[cfg(netfold_bugs)]
fn shrink_makes_a_failing_run_small() {
    let buggy = |args: &[&str]| {
        let mut command = crate::netfold(args);
        crate::process::Running::start(command.env("NETFOLD_BUG", "DrainAfterCallback")).end()
    };
    let found = buggy(&["sim", "program", "--json"]);
    found.failed(1, &["make it small with netfold shrink program"]);
    let found: Value = serde_json::from_str(&found.out).unwrap();
    let (seed, rule) = (found["failed"].to_string(), found["rule"].as_str().unwrap());

    let folder = Folder::new();
    let out = folder.file("small");
    let shrunk = buggy(&["shrink", "program", &seed, "-o", &out]);
    assert!(shrunk.went_well().out.contains(rule), "{shrunk:?}");
    let small = |extension: &str| std::fs::read_to_string(format!("{out}/small.{extension}")).unwrap();
    let answers = |tape: &str| tape.parse::<netfold_sim::Tape>().unwrap().choices().len();
    let traces = folder.file("traces");
    buggy(&["sim", "program", &seed, "--traces", &traces]).failed(1, &[rule]);
    let whole = answers(&std::fs::read_to_string(format!("{traces}/run.tape")).unwrap());
    assert!(answers(&small("tape")) * 4 < whole, "{} of {whole}", small("tape"));
    assert!(small("mmd").starts_with("sequenceDiagram"), "{}", small("mmd"));
    assert!(small("rs").contains("#[test]\nfn holds()") && small("rs").contains(rule), "{}", small("rs"));
    assert!(shrunk.out.contains(&small("txt")), "{shrunk:?}");
    assert!(small("scn").lines().any(|line| line.contains("write")), "{}", small("scn"));

    let tape = format!("{out}/small.tape");
    buggy(&["sim", "program", &tape]).failed(1, &[rule]);
    run(["sim", "program", &tape]).went_well();
    // It is as small as it gets, and without the bug there is nothing to make small.
    let again = folder.file("again");
    buggy(&["shrink", "program", &tape, "-o", &again]).went_well();
    assert!(answers(&std::fs::read_to_string(format!("{again}/small.tape")).unwrap()) <= answers(&small("tape")));
    let told = buggy(&["shrink", "program", &tape, "--json", "-o", &again]);
    let told: Value = serde_json::from_str(&told.went_well().out).unwrap();
    assert_eq!((&told["rule"], &told["output"]), (&rule.into(), &again.as_str().into()));
    assert!(told["answers"].as_u64().unwrap() as usize <= answers(&small("tape")), "{told}");
    run(["shrink", "program", &tape, "-o", &folder.file("none")]).failed(1, &["every rule holds in this run"]);
    // A folder that cannot be made.
    let file = folder.file("file");
    std::fs::write(&file, "").unwrap();
    buggy(&["shrink", "program", &tape, "-o", &format!("{file}/small")]).failed(1, &["cannot write", "small.tape"]);
}
