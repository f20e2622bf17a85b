//! Random programs keep the rules, and planted bugs are found by them.

use netfold_sim::{Chooser, Kind, program};

/// T6, W1 to W23, R1 to R18, L1 to L14, M2 to M6, S3 to S14: as many seeds as an ordinary run has time for. More:
/// `cargo run --release -p netfold-sim --bin programs -- 0 100000`.
#[test]
fn the_rules_hold_in_random_programs() {
    for seed in 0..1_500 {
        let ran = program::run(&Chooser::seed(seed), program::ProgramOptions::default());
        assert!(ran.problems.is_empty(), "{}", Kind::Program.report(seed));
    }
}

/// A tape and fuzz bytes make programs too.
#[test]
fn the_rules_hold_in_programs_of_bytes() {
    for first in 0..200_u32 {
        let bytes: Vec<u8> = (0..400_u32).map(|at| (at * 37 + first * 11 + at * at / 3) as u8).collect();
        let ran = program::run(&Chooser::bytes(bytes), program::ProgramOptions::default());
        assert_eq!(ran.problems, [], "{first}");
    }
}
