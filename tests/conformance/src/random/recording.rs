//! Programs with Node's logs in one file, for machines without a node.

use super::differ::{Differ, Verdict, tree};
use crate::scenario::print;
use proptest::strategy::ValueTree;
use std::io;

/// The longest program with its log that is kept, in bytes: small ones say as much, and there is room for more of them.
const LONGEST: usize = 2_000;

/// How often both sides must agree.
const RUNS: u32 = 3;

/// So many programs of a seed, with Node's logs, as text: a program, `%%`, its log, `%%`, and so on. Only those on which
/// both sides agree each time, without any freedom.
///
/// # Errors
/// When Node cannot be run.
pub fn record(seed: u64, programs: usize) -> io::Result<String> {
    let mut differ = Differ::new()?;
    let mut text = String::new();
    let mut kept = 0;
    for index in 0.. {
        if kept == programs {
            break;
        }
        let program = tree(seed, index).current().program;
        let first = differ.compare(&program)?;
        let printed = print(&program);
        if first.verdict != Verdict::Same || printed.len() + first.node.len() > LONGEST {
            continue;
        }
        let mut again = (1..RUNS).map(|_| differ.compare(&program));
        let agrees = again.try_fold(true, |all, case| {
            case.map(|case| all && case.verdict == Verdict::Same && case.node == first.node)
        })?;
        if agrees {
            kept += 1;
            text.push_str(&format!("{printed}%%\n{}%%\n", first.node));
        }
    }
    Ok(text)
}

/// The programs and logs of a recording.
pub fn read(recording: &str) -> Vec<(&str, &str)> {
    let mut parts = recording.split_terminator("%%\n");
    std::iter::from_fn(|| Some((parts.next()?, parts.next()?))).collect()
}
