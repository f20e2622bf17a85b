//! What a campaign found, in words and in files.

use super::differ::{Case, Found, Plan, Verdict};
use crate::scenario::print;
use std::fmt::Write as _;
use std::path::Path;
use std::{fs, io};

/// The summary that is printed.
pub fn summary(plan: &Plan, found: &Found) -> String {
    let mut out = String::new();
    let programs = found.coverage.programs;
    let share = |count: u64| 100.0 * count as f64 / programs.max(1) as f64;
    let rate = programs as f64 / found.time.as_secs_f64().max(0.001);
    let _ = writeln!(out, "seed {}, programs {} to {}", plan.seed, plan.first, plan.first + programs);
    let _ = writeln!(out, "programs           {programs}, {rate:.0} a second");
    let _ = writeln!(out, "reset, destroy or half-close: {:.1} %", found.coverage.abrupt_share());
    let _ = writeln!(out, "connected:         {:.1} %", share(found.coverage.lively));
    let _ = writeln!(out, "coverage           {} pairs of a step or event with a state", found.coverage.pairs());
    for (name, count) in &found.filtered {
        let _ = writeln!(out, "left out           {count} steps: {name}");
    }
    for (name, count) in &found.deviations {
        let _ = writeln!(out, "deviation          {count} programs ({:.2} %): {name}", share(*count));
    }
    let masked = found.masks.values().sum();
    let _ = writeln!(out, "touched by a mask  {masked} programs ({:.2} %), of which 10 % may be", share(masked));
    for (mask, count) in &found.masks {
        let _ = writeln!(out, "mask               {count} programs ({:.2} %): {}", share(*count), mask.name());
    }
    let unstable = "equal when run again";
    let _ =
        writeln!(out, "unstable           {} programs ({:.2} %): {unstable}", found.unstable, share(found.unstable));
    let undecided = "Node differs from itself there";
    let _ =
        writeln!(out, "undecided          {} programs ({:.2} %): {undecided}", found.undecided, share(found.undecided));
    let _ = writeln!(out, "node died          {} times", found.deaths);
    let _ = writeln!(out, "unexplained        {} programs, {} kinds", found.different(), found.differences.len());
    let mut kinds: Vec<_> = found.differences.iter().collect();
    kinds.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
    for (sign, count) in kinds.iter().take(40) {
        let _ = writeln!(out, "  {count:6} {sign}");
    }
    out
}

/// Writes each kept program with both logs, the coverage and the summary.
///
/// # Errors
/// What the file system says.
pub fn write(directory: &Path, plan: &Plan, found: &Found) -> io::Result<()> {
    fs::create_dir_all(directory)?;
    for case in &found.cases {
        write_case(directory, plan, case)?;
    }
    fs::write(directory.join("coverage.txt"), found.coverage.table())?;
    fs::write(directory.join("summary.txt"), summary(plan, found))
}

/// Writes one program with both logs.
///
/// # Errors
/// What the file system says.
pub fn write_case(directory: &Path, plan: &Plan, case: &Case) -> io::Result<()> {
    fs::create_dir_all(directory)?;
    let kind = match case.verdict {
        Verdict::Unstable => "unstable",
        Verdict::Undecided => "undecided",
        _ => "diff",
    };
    let name = format!("{kind}-{}-{}", plan.seed, case.index);
    let text = format!("# {}\n{}", case.sign, print(&case.program));
    fs::write(directory.join(format!("{name}.scn")), text)?;
    fs::write(directory.join(format!("{name}.node.log")), &case.node)?;
    fs::write(directory.join(format!("{name}.netfold.log")), &case.ours)
}
