//! What was seen of a machine, and whether a table says so.

use crate::table::{Row, Table};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{Debug, Write as _};

/// One step of a machine, from outside.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Seen {
    /// The state before.
    pub state: &'static str,
    /// What happened.
    pub cause: String,
    /// What held before, and what the system answered.
    pub facts: BTreeSet<&'static str>,
    /// The state after.
    pub next: &'static str,
    /// What was emitted.
    pub events: Vec<&'static str>,
}

/// In a row: each state, where no other row of this cause fits.
const ANY: &str = "any";
/// In a row: the state that it was.
const SAME: &str = "same";

impl Row {
    fn fits(&self, seen: &Seen, state: &str) -> bool {
        let holds = |fact: &String| match fact.strip_prefix("not ") {
            Some(fact) => !seen.facts.contains(fact),
            None => seen.facts.contains(fact.as_str()),
        };
        self.state == state && self.cause == seen.cause && self.condition.iter().all(holds)
    }

    fn is_true_of(&self, seen: &Seen) -> bool {
        self.goes(seen.state, seen.next) && emitted(&self.events, &seen.events)
    }

    fn goes(&self, state: &str, next: &str) -> bool {
        self.next == next || (self.next == SAME && state == next)
    }

    fn of(&self, state: &str) -> bool {
        self.state == state || self.state == ANY
    }
}

/// `event`, `event+` (once or more) and `event*` (any number of times), in order.
fn emitted(row: &[String], seen: &[&str]) -> bool {
    let Some((first, rest)) = row.split_first() else { return seen.is_empty() };
    let is = |name: &str| seen.first() == Some(&name);
    if let Some(any) = first.strip_suffix('*') {
        return emitted(rest, seen) || (is(any) && emitted(row, &seen[1..]));
    }
    if let Some(some) = first.strip_suffix('+') {
        return is(some) && (emitted(rest, &seen[1..]) || emitted(row, &seen[1..]));
    }
    is(first) && emitted(rest, &seen[1..])
}

/// Everything that was seen of one machine, each step once.
#[derive(Debug, Default)]
pub struct Ledger {
    steps: u64,
    /// With the program that it was first seen in.
    seen: BTreeMap<Seen, String>,
    parts: BTreeSet<(&'static str, String, &'static str)>,
}

impl Ledger {
    /// A step in which no user code gave a command.
    pub fn note(&mut self, seen: Seen, program: &dyn Debug) {
        self.steps += 1;
        self.seen.entry(seen).or_insert_with(|| format!("{program:?}"));
    }

    /// A part of a step, between commands that its listeners gave.
    pub fn note_part(&mut self, state: &'static str, cause: &str, next: &'static str) {
        self.steps += 1;
        if state != next {
            self.parts.insert((state, cause.into(), next));
        }
    }

    /// How many steps were seen.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// Everything that speaks against the table; empty if nothing does.
    ///
    /// For each step exactly one row fits, and is true; or none does, and it changed and emitted nothing. Each row was met.
    pub fn complaints(&self, table: &Table) -> String {
        let mut out = self.complaints_of(table, &|_| true);
        for (state, cause, next) in self.parts.iter().filter(|part| !leads(table, part)) {
            _ = writeln!(out, "no row for a part of a step: | {state} | {cause} | | {next} | |");
        }
        out
    }

    /// What speaks against the rows of one cause.
    pub fn complaints_of_cause(&self, table: &Table, cause: &str) -> String {
        let rows = table.rows.iter().filter(|row| row.cause == cause).cloned().collect();
        self.complaints_of(&Table { rows, ..table.clone() }, &|other| other == cause)
    }

    fn complaints_of(&self, table: &Table, wanted: &dyn Fn(&str) -> bool) -> String {
        let mut met = vec![false; table.rows.len()];
        let mut out = String::new();
        for (seen, program) in self.seen.iter().filter(|(seen, _)| wanted(&seen.cause)) {
            if let Err(complaint) = judge(table, seen, &mut met) {
                let Seen { state, cause, facts, next, events } = seen;
                let facts = facts.iter().copied().collect::<Vec<_>>().join(", ");
                let events = events.join(", ");
                _ = writeln!(out, "{complaint}: | {state} | {cause} | {facts} | {next} | {events} |\n    {program}");
            }
        }
        for (row, _) in table.rows.iter().zip(&met).filter(|(_, met)| !**met) {
            _ = writeln!(out, "never seen: {row:?}");
        }
        out
    }
}

fn judge(table: &Table, seen: &Seen, met: &mut [bool]) -> Result<(), &'static str> {
    let fitting =
        |state: &str| (0..table.rows.len()).filter(|at| table.rows[*at].fits(seen, state)).collect::<Vec<_>>();
    let mut rows = fitting(seen.state);
    if rows.is_empty() {
        rows = fitting(ANY);
    }
    match rows[..] {
        [] if seen.state == seen.next && seen.events.is_empty() => Ok(()),
        [] => Err("no row"),
        [at] if table.rows[at].is_true_of(seen) => {
            met[at] = true;
            Ok(())
        }
        [_] => Err("the row says something else"),
        _ => Err("several rows"),
    }
}

/// A part of a step goes the way of a row, or its cause leads there, or from there it can go where its cause leads.
fn leads(table: &Table, (state, cause, next): &(&'static str, String, &'static str)) -> bool {
    let rows = &table.rows;
    let ends = |target: &str| rows.iter().any(|row| row.of(state) && row.cause == *cause && row.next == target);
    rows.iter().any(|row| (row.cause == *cause || row.state == *state) && row.goes(state, next))
        || rows.iter().any(|row| row.state == *next && ends(&row.next))
}
