//! The runs that the crate brings along, each made of nothing but a chooser's answers.

use crate::chooser::Chooser;
use crate::explore::pair::{NAMES, SCENARIOS, WHICH};
use crate::program::{self, ProgramOptions, look_at};
use crate::troubled;
use std::fmt;
use std::panic::AssertUnwindSafe;
use std::str::FromStr;

/// Which run: a name, so that a tape can be replayed anywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// `program`: [`program::run`].
    Program,
    /// `troubled`: [`troubled::run`].
    Troubled,
    /// `pair`: a walk of one of the [scenarios of a pair](crate::explore::pair::SCENARIOS), as the explorer's tapes are.
    Pair,
}

/// No walk of a pair is as long.
const STEPS: u32 = 1_000;

/// What came of a run.
#[derive(Clone, Debug)]
pub struct Finished {
    /// What did not hold: a rule, and what was seen of it.
    pub problems: Vec<(String, String)>,
    /// In which machine, and behind which of its inputs, the first of it showed; `None` if only the end showed it.
    pub broken_at: Option<(usize, u64)>,
    /// The machines that took part, in the order in which they began: a name and a trace with all payload each.
    pub traces: Vec<(String, Vec<u8>)>,
    /// Which machine each turn was of, where that is known; from there on the machines' clocks have to do.
    pub turns: Vec<usize>,
}

impl Finished {
    /// The rule that broke first.
    pub fn rule(&self) -> Option<&str> {
        self.problems.first().map(|(rule, _)| &**rule)
    }
}

impl Kind {
    /// All there are.
    pub const ALL: [Kind; 3] = [Kind::Program, Kind::Troubled, Kind::Pair];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Kind::Program => "program",
            Kind::Troubled => "troubled",
            Kind::Pair => "pair",
        }
    }

    /// Runs it: equal answers are equal runs. A panic is a problem as others are; of such a run there is no trace.
    pub fn run(self, chooser: &Chooser) -> Finished {
        let ran = std::panic::catch_unwind(AssertUnwindSafe(|| self.run_on(chooser)));
        ran.unwrap_or_else(|panic| {
            let text = panic.downcast_ref::<String>().map(|text| &**text);
            let what = text.or(panic.downcast_ref::<&str>().copied()).unwrap_or("a panic").to_string();
            Finished {
                problems: vec![("a panic".into(), what)],
                broken_at: None,
                traces: Vec::new(),
                turns: Vec::new(),
            }
        })
    }

    fn run_on(self, chooser: &Chooser) -> Finished {
        match self {
            Kind::Program => {
                let ran = program::run(chooser, ProgramOptions::default());
                Finished {
                    problems: ran.problems,
                    broken_at: ran.broken_at.map(|at| (0, at)),
                    traces: vec![("program".into(), ran.trace)],
                    turns: Vec::new(),
                }
            }
            Kind::Troubled => {
                let ran = troubled::run(chooser, true);
                Finished { problems: ran.problems, broken_at: ran.broken_at, traces: ran.traces, turns: Vec::new() }
            }
            Kind::Pair => {
                let which = chooser.choose(WHICH, SCENARIOS.len() as u32) as usize;
                let recorded = SCENARIOS[which].1.record(chooser, STEPS);
                let mut problems: Vec<(String, String)> = recorded.broken.map(ruled).into_iter().collect();
                let traces: Vec<_> = NAMES.into_iter().map(String::from).zip(recorded.traces).collect();
                let mut broken_at = None;
                for (at, (name, trace)) in traces.iter().enumerate() {
                    let broken = look_at(trace, false).unwrap_or_else(|error| panic!("{name}: {error}"));
                    let first = broken.first().filter(|_| problems.is_empty());
                    broken_at = broken_at.or(first.map(|broken| (at, broken.input)));
                    problems.extend(broken.into_iter().map(|b| (b.rule.to_string(), format!("{name}: {b}"))));
                }
                Finished { problems, broken_at, traces, turns: recorded.turns }
            }
        }
    }
}

/// What does not hold in a pair, with what it is without the side's name.
fn ruled(what: String) -> (String, String) {
    let rule = what.split_once(": ").map_or(&*what, |(_, rule)| rule).to_string();
    (rule, what)
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Kind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = Kind::ALL.into_iter().find(|kind| kind.name() == text);
        known.ok_or_else(|| format!("{text} is no kind of run: {}", Kind::ALL.map(Kind::name).join(", ")))
    }
}
