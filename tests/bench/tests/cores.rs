//! The measurement of several loops on one port runs, and every loop answers.
#![cfg(target_os = "linux")]

use std::process::Command;

#[test]
fn one_loop_and_three_are_compared() {
    let arguments = ["--loops", "1,3", "--steps", "0,10", "--rounds", "2", "--piece", "1", "--work", "40x64"];
    let output = Command::new(env!("CARGO_BIN_EXE_cores")).args(arguments).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    let rows: Vec<Vec<&str>> = said.lines().skip(2).map(|line| line.split_whitespace().collect()).collect();
    let of: Vec<_> = rows.iter().map(|row| (row[0], row[1])).collect();
    assert_eq!(of, [("0", "1"), ("0", "3"), ("10", "1"), ("10", "3")], "{said}");
    assert!(rows.iter().all(|row| row[2].parse::<f64>().is_ok_and(|rate| rate > 0.0)), "{said}");
}
