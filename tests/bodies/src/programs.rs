//! Whole programs in the simulated world.

use netfold_core::trace::{Record, Trace};
use netfold_sim::program::{ProgramOptions, run};
use netfold_sim::{Chooser, Tape};

/// A program of the face, its world and everything that goes on in it are made of the bytes, one for each decision. The
/// rules of `spec/rules.md` must hold, and the run's tape must give the same run.
///
/// # Panics
/// Where a rule is broken, or the tape gives another trace.
pub fn programs(data: &[u8]) {
    let chooser = Chooser::bytes(data).recording();
    let ran = run(&chooser, ProgramOptions::default());
    assert_eq!(ran.problems, []);
    if data.first().is_some_and(|byte| byte % 16 == 1) {
        let tape: Tape = chooser.recorded().to_string().parse().expect("a tape");
        let again = run(&Chooser::tape(tape), ProgramOptions::default());
        assert_eq!(records(again.trace), records(ran.trace), "the tape gives another run");
    }
}

/// The inputs of a trace, each with the check of the outputs before it; the header says when it was made.
fn records(trace: Vec<u8>) -> Vec<Record> {
    let trace = Trace::parse(trace).expect("a trace");
    trace.records().collect::<Result<_, _>>().expect("records")
}
