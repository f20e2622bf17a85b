//! What fails is made small, and written down: as a diagram, as a test, as a scenario that Node can run too.

use netfold_conformance::scenario::parse;
use netfold_sim::{Chooser, Diagram, Finding, Finished, Kind};

/// The text of a run as a scenario is one that the executors read.
#[test]
fn runs_are_scenarios() {
    for kind in [Kind::Program, Kind::Pair] {
        for seed in 0..150 {
            let text = netfold_sim::scenario(&kind.run(&Chooser::seed(seed)), "W1 stream");
            if let Err(error) = parse(&text) {
                panic!("{kind}, seed {seed}: {error}\n{text}");
            }
        }
    }
}

/// Not a bug, but something to look for.
fn reset(finished: &Finished) -> Option<(String, String)> {
    let text = Diagram::of(finished).to_string();
    text.contains("'error' ECONNRESET").then(|| ("reset".to_string(), "a connection was reset".to_string()))
}

#[test]
fn what_is_found_is_made_small_and_still_the_same() {
    for kind in [Kind::Program, Kind::Troubled] {
        let found = (0..500).find_map(|seed| Finding::when(kind, Chooser::seed(seed), reset)).expect("a reset");
        let small = found.small_when(600, reset);
        let answers = [&small, &found].map(|found| found.tape.choices().len());
        assert!(answers[0] < answers[1], "{answers:?} {small}");
        let again = Chooser::tape(small.tape.to_string().parse().expect("a tape"));
        assert_eq!(reset(&kind.run(&again)), reset(&small.finished));
        assert_eq!(again.failed(), None);
    }
}

/// A diagram has a lane for each that takes part, and an arrow for each thing that passes between two.
#[test]
fn a_diagram_shows_who_does_what() {
    let finished = Kind::Program.run(&Chooser::calm());
    let text = Diagram::of(&finished).to_string();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0].split_whitespace().collect::<Vec<_>>(), ["program", "s0.1", "c0.1", "c1.2", "system"]);
    assert_eq!(lines[1], "    *         |         |         |         |       new server");
    assert_eq!(lines[2], "    |<--------|         |         |         |       is s0.1");
    let of = |what: &str| lines.iter().filter(|line| line.contains(what)).count();
    assert_eq!([of("'connect'"), of("'connection'"), of("'end'"), of("'close'")], [1, 1, 2, 3], "{text}");
    let mermaid = Diagram::of(&finished).mermaid();
    assert!(mermaid.starts_with("sequenceDiagram\n  participant l0 as program\n"), "{mermaid}");
    assert!(mermaid.contains("  l0->>l0: new server\n  l1->>l0: is s0.1\n"), "{mermaid}");
}

/// What is written as a test is one: this is what `runs shrink` wrote of a planted bug, 'drain' behind the callback.
mod written {
    include!("small/drain.rs");
}

#[test]
fn the_test_that_is_written_is_the_one_above() {
    let text = include_str!("small/drain.rs");
    let tape = text.split("\"\\\n").nth(1).and_then(|rest| rest.split('"').next()).expect("a tape");
    let tape: netfold_sim::Tape = tape.parse().expect("a tape");
    let finished = Kind::Program.run(&Chooser::tape(tape.clone()));
    let what = text.lines().next().and_then(|line| line.strip_prefix("/// ")).expect("a comment").to_string();
    let found = Finding { kind: Kind::Program, rule: "W13 drain".into(), what, tape, finished };
    assert_eq!(found.test("a_callback_comes_behind_the_drain_that_is_due"), text);
}
