//! A trace that a release has written replays with every later one.

mod trace_support;

use netfold_core::trace::{Kept, Key, Options, Payload, Trace, replay};
use std::path::PathBuf;

fn path() -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "tests", "golden", "v1.trace"].iter().collect()
}

#[test]
fn the_first_version_still_replays() {
    let trace = Trace::parse(std::fs::read(path()).unwrap()).unwrap();
    assert_eq!((trace.header().version, trace.torn()), (1, None));
    assert_eq!((trace.header().read, trace.header().written), (Kept::First(4), Kept::Hash));
    let replayed = replay(&trace).unwrap_or_else(|error| panic!("{error}"));
    assert!(replayed.finished);
    assert!(replayed.inputs > 50 && replayed.events >= 10, "{replayed:?}");
    for record in trace.records() {
        assert!(!record.unwrap().to_string().is_empty());
    }
}

/// Writes the golden trace anew. Before the first release only: afterwards the old one is what must go on replaying.
#[test]
#[ignore = "writes tests/golden/v1.trace: cargo test -p netfold-core --test trace_golden -- --ignored regenerate"]
fn regenerate() {
    let options = Options {
        read: Payload::First(4),
        written: Payload::Hash(Key::new([0; 16])),
        created: 1_700_000_000_000,
        creator: "netfold-core golden".into(),
    };
    std::fs::create_dir_all(path().parent().unwrap()).unwrap();
    std::fs::write(path(), trace_support::sample(options)).unwrap();
}
