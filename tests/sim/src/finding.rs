//! A run that fails: made small, drawn, and written down as a test.

use crate::chooser::Chooser;
use crate::diagram::Diagram;
use crate::kind::{Finished, Kind};
use crate::scenario::scenario;
use crate::shrink::shrink;
use crate::tape::Tape;
use std::fmt::{self, Write};

/// How many runs it may take to make a failing one small, unless it is said otherwise.
const RUNS: u32 = 3_000;

/// A run in which something does not hold.
///
/// As text: the rule, the tape, and the sequence diagram.
#[derive(Clone, Debug)]
pub struct Finding {
    /// Which run.
    pub kind: Kind,
    /// What does not hold: the rule that broke first.
    pub rule: String,
    /// What was seen of it.
    pub what: String,
    /// The answers that lead to it.
    pub tape: Tape,
    /// The run.
    pub finished: Finished,
}

impl Finding {
    /// What a run with this chooser breaks, if anything.
    pub fn of(kind: Kind, chooser: Chooser) -> Option<Self> {
        Self::when(kind, chooser, |finished| finished.problems.first().cloned())
    }

    /// As [`of`](Finding::of), where `wrong` says what counts: a rule, and what was seen.
    pub fn when(kind: Kind, chooser: Chooser, wrong: impl Fn(&Finished) -> Option<(String, String)>) -> Option<Self> {
        let chooser = chooser.recording();
        let finished = kind.run(&chooser);
        let (rule, what) = wrong(&finished)?;
        Some(Self { kind, rule, what, tape: chooser.recorded(), finished })
    }

    /// The smallest run that can be found that breaks the same rule first.
    pub fn small(&self) -> Self {
        self.small_when(RUNS, |finished| finished.problems.first().cloned())
    }

    /// As [`small`](Finding::small), with at most so many runs, where `wrong` says what counts.
    ///
    /// ```
    /// use netfold_sim::{Chooser, Diagram, Finding, Finished, Kind};
    ///
    /// // Not a bug, but a thing that one may look for: a callback of a write that hears of a reset.
    /// let wrong = |finished: &Finished| {
    ///     let text = Diagram::of(finished).to_string();
    ///     text.contains(" with ECONNRESET").then(|| ("reset".to_string(), "a callback heard ECONNRESET".to_string()))
    /// };
    /// let found = (0..).find_map(|seed| Finding::when(Kind::Program, Chooser::seed(seed), wrong)).unwrap();
    /// let small = found.small_when(1_000, wrong);
    /// assert!(small.tape.choices().len() < found.tape.choices().len());
    /// assert_eq!(wrong(&small.finished).unwrap().0, "reset");
    /// ```
    pub fn small_when(&self, most: u32, wrong: impl Fn(&Finished) -> Option<(String, String)>) -> Self {
        let same = |finished: &Finished| wrong(finished).filter(|(rule, _)| *rule == self.rule);
        let tape = shrink(&self.tape, most, |chooser| same(&self.kind.run(chooser)).is_some());
        let small = Self::when(self.kind, Chooser::tape(tape.clone()), same);
        small.map_or_else(|| self.clone(), |small| Self { tape, ..small })
    }

    /// What it looks like.
    pub fn diagram(&self) -> Diagram {
        Diagram::of(&self.finished)
    }

    /// A program in the language of `spec/scenarios` that does the same; see [`scenario`].
    pub fn scenario(&self) -> String {
        scenario(&self.finished, &self.rule)
    }

    /// A Rust test of this name that replays the tape and asserts that the rule holds.
    pub fn test(&self, name: &str) -> String {
        let Finding { kind, rule, what, .. } = self;
        let tape = self.tape.to_string().replace('\n', "\n    ");
        let mut text = String::new();
        let _infallible = write!(
            text,
            "/// {what}
#[test]
fn {name}() {{
    const TAPE: &str = \"\\
    {}\";
    let tape: netfold_sim::Tape = TAPE.parse().expect(\"a tape\");
    let finished = netfold_sim::Kind::{kind:?}.run(&netfold_sim::Chooser::tape(tape));
    let broken: Vec<_> = finished.problems.iter().filter(|(rule, _)| rule == {rule:?}).collect();
    assert!(broken.is_empty(), \"{{broken:#?}}\\n{{}}\", netfold_sim::Diagram::of(&finished));
}}
",
            tape.trim_end()
        );
        text
    }
}

impl Kind {
    /// What a failing seed is like, for the message of a test: the tape, the small run, and its diagram.
    pub fn report(self, seed: u64) -> String {
        let Some(found) = Finding::of(self, Chooser::seed(seed)) else {
            return format!("{self}, seed {seed}: nothing is found any more");
        };
        format!("{self}, seed {seed}: {}\n{}\nmade small: {}", found.what, found.tape, found.small())
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}: {}\n{}", self.kind, self.what, self.tape)?;
        self.diagram().fmt(f)
    }
}
