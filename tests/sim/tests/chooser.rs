//! One question, many who answer it, and one file for all of them.

use netfold_sim::{Chooser, Tape, exhaust};
use std::io::Write;
use std::process::{Command, Stdio};

const LABELS: [&str; 3] = ["write", "latency", "order"];

fn ask(chooser: &Chooser) -> Vec<u32> {
    (0..60).map(|at| chooser.choose(LABELS[at % 3], 2 + at as u32 % 5)).collect()
}

#[test]
fn an_answer_is_one_of_those_that_there_are() {
    for seed in 0..200 {
        for (at, answer) in ask(&Chooser::seed(seed)).into_iter().enumerate() {
            assert!(answer < 2 + at as u32 % 5, "seed {seed}");
        }
    }
}

#[test]
fn calm_is_always_the_first() {
    assert_eq!(ask(&Chooser::calm()), [0; 60]);
    assert_eq!(ask(&Chooser::bytes([])), [0; 60], "fuzz bytes that are used up");
}

#[test]
fn a_seed_answers_equally_each_time_and_seeds_differ() {
    assert_eq!(ask(&Chooser::seed(1)), ask(&Chooser::seed(1)));
    let mut all: Vec<_> = (0..50).map(|seed| ask(&Chooser::seed(seed))).collect();
    all.sort();
    all.dedup();
    assert!(all.len() > 40, "{} different of 50; some have every label off", all.len());
}

#[test]
fn each_label_is_off_in_about_half_of_the_seeds() {
    for (at, label) in LABELS.iter().enumerate() {
        let on = |seed: &u64| ask(&Chooser::seed(*seed)).iter().skip(at).step_by(3).any(|answer| *answer > 0);
        let on = (0..1_000).filter(on).count();
        assert!((400..600).contains(&on), "{label}: {on} of 1000");
    }
}

#[test]
fn bytes_are_taken_one_for_each_answer() {
    let chooser = Chooser::bytes([7, 3, 255]);
    assert_eq!([chooser.choose("a", 5), chooser.choose("a", 5), chooser.choose("a", 256)], [2, 3, 255]);
    assert_eq!(chooser.choose("a", 9), 0);
    assert_eq!(chooser.count(), 4);
}

#[test]
fn whoever_answered_the_tape_answers_the_same() {
    let tapes = [Chooser::calm(), Chooser::seed(3), Chooser::bytes([9; 40])].map(|chooser| {
        let chooser = chooser.recording();
        (ask(&chooser), chooser.recorded())
    });
    for (answers, tape) in tapes {
        let again = Chooser::tape(tape.to_string().parse().expect("a tape is a tape")).recording();
        assert_eq!(ask(&again), answers);
        assert_eq!(again.recorded(), tape);
        assert_eq!(again.failed(), None);
    }
}

#[test]
fn a_tape_of_another_program_is_named_at_the_first_question() {
    let tape: Tape = "netfold tape 1\n# a comment\n\n1 2 write\n3 4 latency\n".parse().expect("a tape");
    let chooser = Chooser::tape(tape);
    assert_eq!((chooser.choose("write", 2), chooser.failed()), (1, None));
    assert_eq!(chooser.choose("order", 4), 0);
    let failed = chooser.failed().expect("it was not asked for order");
    assert_eq!((failed.line, &*failed.found), (2, "order of 4, not latency of 4"));
    assert_eq!(chooser.choose("latency", 4), 0, "it goes on calmly");
}

#[test]
fn what_is_no_tape_is_refused_with_its_line() {
    let line = |text: &str| text.parse::<Tape>().expect_err("no tape").line;
    assert_eq!(line(""), 1);
    assert_eq!(line("netfold tape 2\n"), 1);
    assert_eq!(line("netfold tape 1\n1 2 a\n2 2 a\n"), 3, "2 is not one of 2");
    assert_eq!(line("netfold tape 1\n1 2\n"), 2);
    assert_eq!(line("netfold tape 1\n-1 2 a\n"), 2);
}

#[test]
fn the_odometer_goes_through_all_answers_also_where_questions_depend_on_them() {
    let mut seen = Vec::new();
    let runs = exhaust(1_000, |chooser| {
        let first = chooser.choose("a", 3);
        let rest: Vec<u32> = (0..first).map(|_| chooser.choose("b", 2)).collect();
        seen.push((first, rest));
    });
    assert_eq!(runs, Some(1 + 2 + 4));
    let mut unique = seen.clone();
    unique.sort();
    unique.dedup();
    assert_eq!(unique.len(), seen.len(), "none twice");
    assert_eq!(exhaust(6, |chooser| assert!((0..3).all(|_| chooser.choose("a", 2) < 2))), None);
}

/// A person at a terminal, here a pipe: questions with their options are written, and what was decided is a tape.
#[test]
fn a_person_answers_and_the_tape_gives_the_same_run() {
    let dir = std::env::temp_dir().join(format!("netfold-ask-{}", std::process::id()));
    std::fs::create_dir_all(&dir).expect("a folder");
    let tape = dir.join("mine.tape");
    let runs = || Command::new(env!("CARGO_BIN_EXE_runs"));
    let mut asks = runs();
    asks.args(["ask", "program"]).arg(&tape).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = asks.spawn().expect("it runs");
    let answers = b"3\n\n9\n1\ncalm\n";
    child.stdin.take().expect("a pipe").write_all(answers).expect("it reads");
    let output = child.wait_with_output().expect("it ends");
    let asked = String::from_utf8_lossy(&output.stderr);
    let begins = "buffers? 0 to 3: all acts? 0 to 2: kind? 0 to 1: \"9\" is not one of them; nothing is 0, `calm` is 0 from \
                  here on\nkind? 0 to 1: mark? 0 to 3: ";
    assert!(asked.starts_with(begins), "{asked}");
    assert!(output.status.success(), "{asked}");
    let text = std::fs::read_to_string(&tape).expect("a tape");
    assert!(text.starts_with("netfold tape 1\n3 4 buffers\n0 3 all acts\n1 2 kind\n0 4 mark\n"), "{text}");
    let again = runs().args(["replay", "program"]).arg(&tape).output().expect("it runs");
    assert_eq!(again.stdout, output.stdout);
    std::fs::remove_dir_all(dir).expect("it is there");
}
