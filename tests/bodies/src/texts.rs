//! Text files: scenarios, scripts of faults, tapes.

use netfold_conformance::scenario::{parse, print};
use netfold_sim::{Script, Tape};
use std::fmt::Debug;
use std::str::FromStr;

/// A scenario file: it is refused with a line, or what was read is written as a text that is read as the same.
///
/// # Panics
/// Where it is not.
pub fn scenarios(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    match parse(&text) {
        Ok(program) => assert_eq!(parse(&print(&program)), Ok(program)),
        Err(error) => assert!(error.line <= text.lines().count(), "{error}"),
    }
}

/// A script of faults, and a tape: likewise.
///
/// # Panics
/// Where what was written is read as something else.
pub fn scripts(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    same_again::<Script>(&text);
    same_again::<Tape>(&text);
}

fn same_again<T: FromStr + ToString + PartialEq + Debug>(text: &str) {
    if let Ok(read) = text.parse::<T>() {
        assert!(read.to_string().parse().is_ok_and(|again: T| again == read), "{read:?}");
    }
}
