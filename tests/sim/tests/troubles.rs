//! Several programs, and what goes wrong with them at random: whatever it is, what must hold holds, and when all is well again
//! everything comes to its end.

use netfold_sim::{Chooser, Kind, Script, Tape, Troubles, troubled};
use std::collections::BTreeSet;

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

#[test]
fn whatever_goes_wrong_everything_comes_to_its_end() {
    let (first, seeds) = (number("SIM_SEED", 0), number("SIM_SEEDS", 500));
    for seed in first..first + seeds {
        let troubled::Ran { problems, script, .. } = troubled::run(&Chooser::seed(seed), false);
        assert!(problems.is_empty(), "{problems:#?}\n{script}\n{}", Kind::Troubled.report(seed));
    }
}

#[test]
fn programs_see_every_kind_of_trouble() {
    let errors: BTreeSet<String> =
        (0..400).flat_map(|seed| troubled::run(&Chooser::seed(seed), false).errors).collect();
    let expected = [
        "EADDRNOTAVAIL",
        "EAI_AGAIN",
        "ECONNREFUSED",
        "ECONNRESET",
        "EHOSTUNREACH",
        "EMFILE",
        "ENETUNREACH",
        "ENFILE",
        "ENOTFOUND",
        "EPIPE",
        "ETIMEDOUT",
    ];
    for code in expected {
        assert!(errors.contains(code), "no {code} among {errors:?}");
    }
}

#[test]
fn a_run_with_faults_can_be_had_again_from_its_tape() {
    for seed in 0..20 {
        let chooser = Chooser::seed(seed).recording();
        let script = troubled::run(&chooser, false).script;
        let tape: Tape = chooser.recorded().to_string().parse().expect("a tape");
        let again = Chooser::tape(tape.clone()).recording();
        assert_eq!(troubled::run(&again, false).script, script);
        assert_eq!((again.failed(), again.recorded()), (None, tape));
    }
}

#[test]
fn each_family_of_faults_is_off_in_some_seeds_and_on_in_others() {
    let troubles = Troubles { computers: &["s", "c"], processes: &["server", "client"], horizon: 60_000 };
    let scripts: Vec<String> =
        (0..200).map(|seed| Script::choose(&Chooser::seed(seed), &troubles).to_string()).collect();
    for family in
        ["cut", "unreachable", "latency", "crash", "kill", "stop", "slow", "descriptors", "files", "ports", "resolver"]
    {
        let on = scripts.iter().filter(|text| text.contains(&format!(" {family}"))).count();
        assert!((10..190).contains(&on), "{family} in {on} of 200");
    }
    for text in scripts {
        assert_eq!(text.parse::<Script>().expect("a script").to_string(), text);
    }
}

/// The rules of `spec/rules.md` hold in each process too, until it is killed.
#[test]
fn the_rules_hold_whatever_goes_wrong() {
    for seed in 0..300 {
        let ran = troubled::run(&Chooser::seed(seed), true);
        assert!(ran.problems.is_empty(), "{}", Kind::Troubled.report(seed));
    }
}
