//! Runs random programs on both sides and compares their logs.

use super::coverage::Coverage;
use super::filters::{self, Filtered};
use super::masks::{self, Effort, Mask};
use super::node::{DIED, Node};
use super::shrink;
use super::strategy::{Generated, programs};
use crate::scenario::program::Program;
use crate::scenario::{print, run};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use std::collections::BTreeMap;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

/// How many programs Node is given ahead.
const AHEAD: usize = 48;

/// How often a program whose logs differ is run again, on both sides.
const AGAIN: u32 = 3;

/// How often it is, when nothing explained the difference.
const RARE: u32 = 12;

/// How many runs the shrinking of one difference may take, in each of its two parts.
const TRIES: u32 = 1_500;

/// What came of a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Equal logs.
    Same,
    /// Node's log shows a named deviation; it was not compared.
    Deviation(&'static str),
    /// The logs differ by a freedom of the system's: with it they are equal.
    Masked(Mask),
    /// They differed once, and were equal when run again.
    Unstable,
    /// Node's logs of several runs differ from one another, where or before ours differs from them: there is no log to be
    /// equal to.
    Undecided,
    /// They differ.
    Different,
}

/// A program whose logs were not equal at first.
#[derive(Clone, Debug)]
pub struct Case {
    /// Its number.
    pub index: u64,
    /// The program; of a difference, made small.
    pub program: Program,
    /// Our log.
    pub ours: String,
    /// Node's log.
    pub node: String,
    /// What came of it.
    pub verdict: Verdict,
    /// What differs, in short: equal for differences that look alike.
    pub sign: String,
}

/// What is to be run.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The seed: the same programs come from the same one.
    pub seed: u64,
    /// The number of the first program.
    pub first: u64,
    /// How many programs.
    pub programs: u64,
    /// When to stop in any case.
    pub time: Option<Duration>,
    /// How many differences that look alike are made small; the rest are counted.
    pub alike: u32,
    /// Stop at the first difference, without making it small.
    pub first_only: bool,
}

impl Default for Plan {
    fn default() -> Self {
        Self { seed: 1, first: 0, programs: 1000, time: None, alike: 1, first_only: false }
    }
}

/// What a campaign found.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// What the programs reached.
    pub coverage: Coverage,
    /// What was left out of them.
    pub filtered: Filtered,
    /// Programs by the deviation that Node's log shows.
    pub deviations: BTreeMap<&'static str, u64>,
    /// Programs by the mask they needed.
    pub masks: BTreeMap<Mask, u64>,
    /// Programs whose difference did not repeat.
    pub unstable: u64,
    /// Programs that Node logs otherwise each time.
    pub undecided: u64,
    /// Programs that differ, by what differs.
    pub differences: BTreeMap<String, u64>,
    /// Those that are kept: the differences that were made small, and the unstable.
    pub cases: Vec<Case>,
    /// How often Node died.
    pub deaths: u32,
    /// How long it took.
    pub time: Duration,
}

impl Found {
    /// How many programs differ.
    pub fn different(&self) -> u64 {
        self.differences.values().sum()
    }
}

/// The program of this number of a seed, as a tree that can be simplified.
pub fn tree(seed: u64, index: u64) -> impl ValueTree<Value = Generated> {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    bytes[8..16].copy_from_slice(&index.to_le_bytes());
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let config = Config { failure_persistence: None, ..Config::default() };
    programs().new_tree(&mut TestRunner::new_with_rng(config, rng)).expect("nothing is rejected")
}

/// The logs of a program's runs.
struct Logs {
    ours: Vec<String>,
    node: Vec<String>,
}

/// Compares Node and netfold.
#[derive(Debug)]
pub struct Differ {
    node: Node,
}

impl std::fmt::Debug for Node {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Node").field("deaths", &self.deaths).finish_non_exhaustive()
    }
}

impl Differ {
    /// With a Node of its own.
    ///
    /// # Errors
    /// When there is no `node`.
    pub fn new() -> io::Result<Self> {
        Ok(Self { node: Node::start()? })
    }

    /// Runs a program on both sides, and judges.
    ///
    /// # Errors
    /// When Node cannot be run.
    pub fn compare(&mut self, program: &Program) -> io::Result<Case> {
        let node = self.node.run(&print(program))?;
        self.judge(program, ours(program), node, false)
    }

    /// Judges the logs of one run.
    fn judge(&mut self, program: &Program, ours: String, node: String, thorough: bool) -> io::Result<Case> {
        let case = |verdict, ours: String, node: String| {
            let sign = if verdict == Verdict::Same { String::new() } else { sign(&ours, &node) };
            Ok(Case { index: 0, program: program.clone(), ours, node, verdict, sign })
        };
        if let Some(deviation) = filters::deviation(&node) {
            return case(Verdict::Deviation(deviation), ours, node);
        }
        if ours == node {
            return case(Verdict::Same, ours, node);
        }
        if node == DIED {
            return case(Verdict::Different, ours, node);
        }
        let mut logs = Logs { ours: vec![ours], node: vec![node] };
        if self.run_again(program, &mut logs, AGAIN)? {
            return case(Verdict::Unstable, logs.ours.swap_remove(0), logs.node.swap_remove(0));
        }
        let mask = masks::explain(program, &logs.ours, &logs.node, Effort::Little);
        let deviation = logs.node.iter().find_map(|node| filters::undefined(node));
        let verdict = match (mask, deviation) {
            (Some(mask), _) => Verdict::Masked(mask),
            (None, Some(deviation)) => Verdict::Deviation(deviation),
            (None, None) if thorough => self.look_closer(program, &mut logs)?,
            (None, None) => Verdict::Different,
        };
        case(verdict, logs.ours.swap_remove(0), logs.node.swap_remove(0))
    }

    /// Runs a program on both sides until a log is one of the other side's, at most so often.
    fn run_again(&mut self, program: &Program, logs: &mut Logs, times: u32) -> io::Result<bool> {
        let text = print(program);
        for _ in 0..times {
            logs.node.push(self.node.run(&text)?);
            logs.ours.push(ours(program));
            if logs.ours.iter().any(|ours| logs.node.contains(ours)) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// What is rare is run more often, and in more orders.
    fn look_closer(&mut self, program: &Program, logs: &mut Logs) -> io::Result<Verdict> {
        if self.run_again(program, logs, RARE)? {
            return Ok(Verdict::Unstable);
        }
        Ok(match masks::explain(program, &logs.ours, &logs.node, Effort::Much) {
            Some(mask) => Verdict::Masked(mask),
            None if masks::parts_later(program, &logs.ours, &logs.node) => Verdict::Undecided,
            None => Verdict::Different,
        })
    }

    /// Runs programs from a seed; `progress` is called after each.
    ///
    /// # Errors
    /// When Node cannot be run.
    pub fn campaign(&mut self, plan: &Plan, mut progress: impl FnMut(&Found)) -> io::Result<Found> {
        let begun = Instant::now();
        let mut found = Found::default();
        let deaths = self.node.deaths;
        let mut index = plan.first;
        let last = plan.first + plan.programs;
        while index < last && plan.time.is_none_or(|time| begun.elapsed() < time) {
            let batch: Vec<u64> = (index..last.min(index + AHEAD as u64)).collect();
            index += batch.len() as u64;
            let made: Vec<Generated> = batch.iter().map(|index| tree(plan.seed, *index).current()).collect();
            let texts: Vec<String> = made.iter().map(|made| print(&made.program)).collect();
            texts.iter().for_each(|text| self.node.ask(text));
            let mut suspects = Vec::new();
            for ((made, text), index) in made.into_iter().zip(texts).zip(batch) {
                let ours = ours(&made.program);
                let node = self.node.answer()?;
                found.coverage.add(&made.program, &text, &node);
                for (why, count) in made.filtered {
                    *found.filtered.entry(why).or_default() += count;
                }
                if ours != node {
                    suspects.push((index, made.program, ours, node));
                }
                found.deaths = self.node.deaths - deaths;
                progress(&found);
            }
            for (index, program, ours, node) in suspects {
                let case = self.judge(&program, ours, node, true)?;
                self.keep(plan, &mut found, Case { index, ..case })?;
                if plan.first_only && found.different() > 0 {
                    index_done(&mut found, begun);
                    return Ok(found);
                }
            }
            found.time = begun.elapsed();
        }
        index_done(&mut found, begun);
        Ok(found)
    }

    /// Counts what came of a program, and makes a new difference small.
    fn keep(&mut self, plan: &Plan, found: &mut Found, case: Case) -> io::Result<()> {
        match &case.verdict {
            Verdict::Same => {}
            Verdict::Deviation(name) => *found.deviations.entry(name).or_default() += 1,
            Verdict::Masked(mask) => *found.masks.entry(*mask).or_default() += 1,
            Verdict::Unstable => {
                found.unstable += 1;
                found.cases.push(case);
            }
            Verdict::Undecided => {
                found.undecided += 1;
                found.cases.push(case);
            }
            Verdict::Different => {
                let count = found.differences.entry(case.sign.clone()).or_default();
                *count += 1;
                if plan.first_only || (*count == 1 && (plan.alike == 0 || case.node == DIED)) {
                    found.cases.push(case);
                } else if *count <= u64::from(plan.alike) {
                    let small = self.shrink(plan.seed, case)?;
                    found.cases.push(small);
                }
            }
        }
        Ok(())
    }

    fn shrink(&mut self, seed: u64, case: Case) -> io::Result<Case> {
        let mut tree = tree(seed, case.index);
        let mut failed = None;
        let mut best = case.clone();
        let mut differs = |program: &Program| match self.compare(program) {
            Ok(found) => {
                let holds = found.verdict == Verdict::Different && found.node != DIED;
                if holds {
                    best = Case { index: case.index, ..found };
                }
                holds
            }
            Err(error) => {
                failed = Some(error);
                false
            }
        };
        let begun = Instant::now();
        let mut in_time = |program: &Program| begun.elapsed() < Duration::from_secs(30) && differs(program);
        let small = shrink::simplify(&mut tree, &mut { TRIES }, &mut in_time);
        shrink::reduce(small, &mut { TRIES }, &mut in_time);
        match failed {
            Some(error) => Err(error),
            None => Ok(best),
        }
    }
}

/// Our log of a program. A panic is one that Node's never equals, so that it is found, and made small, like any difference.
fn ours(program: &Program) -> String {
    guarded(|| run(program))
}

fn guarded(run: impl FnOnce() -> String) -> String {
    catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let message = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("something");
        format!("!! netfold panicked: {}\n", message.lines().next().unwrap_or_default())
    })
}

fn index_done(found: &mut Found, begun: Instant) {
    found.time = begun.elapsed();
}

/// What differs first, in short: the round's first entries that only one of the logs has, without numbers.
fn sign(ours: &str, node: &str) -> String {
    let mut first: Option<(u64, String)> = None;
    let (mine, yours) = (blocks(ours), blocks(node));
    for (name, lines) in &yours {
        let empty = Vec::new();
        let other = mine.get(name).unwrap_or(&empty);
        let at = lines.iter().zip(other).position(|(a, b)| a != b).unwrap_or(lines.len().min(other.len()));
        if at == lines.len() && at == other.len() {
            continue;
        }
        let (a, b) = (lines.get(at).copied().unwrap_or("nothing"), other.get(at).copied().unwrap_or("nothing"));
        let round = [a, b].iter().filter_map(|line| line.split(' ').next()?.parse().ok()).min().unwrap_or(u64::MAX);
        if first.as_ref().is_none_or(|(known, _)| round < *known) {
            first = Some((round, two(a, b)));
        }
    }
    first.map_or_else(|| String::from("other actors"), |(_, text)| text)
}

/// The entries where two lines part.
fn two(node: &str, ours: &str) -> String {
    let entries = |line: &str| -> Vec<String> {
        let (head, rest) = line.split_once(": ").unwrap_or(("", line));
        let kind = head.split(' ').next_back().unwrap_or_default().to_string();
        std::iter::once(kind).chain(rest.split(" | ").map(plain)).collect()
    };
    let (a, b) = (entries(node), entries(ours));
    let at = a.iter().zip(&b).position(|(a, b)| a != b).unwrap_or(a.len().min(b.len()));
    let show = |of: &[String]| of.get(at).cloned().unwrap_or_else(|| String::from("-"));
    format!("node {} / ours {}", show(&a), show(&b))
}

/// An entry without numbers and names.
fn plain(entry: &str) -> String {
    let words = entry.split(' ').filter(|word| !word.starts_with("cb=") && !word.chars().any(|c| c.is_ascii_digit()));
    words.take(4).collect::<Vec<_>>().join(" ")
}

fn blocks(log: &str) -> BTreeMap<&str, Vec<&str>> {
    let mut blocks: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut name = "";
    for line in log.lines() {
        match line.strip_prefix("== ") {
            Some(actor) => {
                name = actor;
                blocks.entry(name).or_default();
            }
            None => blocks.entry(name).or_default().push(line),
        }
    }
    blocks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_a_log_of_its_own() {
        assert_eq!(guarded(|| String::from("== s\n")), "== s\n");
        assert_eq!(guarded(|| panic!("slot {} is free\nmore", 7)), "!! netfold panicked: slot 7 is free\n");
        assert_eq!(guarded(|| panic!("plain")), "!! netfold panicked: plain\n");
    }
}
