//! The runs that the crate brings along, each made of nothing but a chooser's answers.

use crate::chooser::Chooser;
use crate::program::{self, ProgramOptions};
use crate::troubled;
use std::fmt;
use std::str::FromStr;

/// Which run: a name, so that a tape can be replayed anywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// `program`: [`program::run`].
    Program,
    /// `troubled`: [`troubled::run`].
    Troubled,
}

/// What came of a run.
#[derive(Clone, Debug)]
pub struct Finished {
    /// What did not hold: a rule, and what was seen of it.
    pub problems: Vec<(String, String)>,
    /// The machines that took part, in the order in which they began: a name and a trace with all payload each.
    pub traces: Vec<(String, Vec<u8>)>,
}

impl Finished {
    /// The rule that broke first.
    pub fn rule(&self) -> Option<&str> {
        self.problems.first().map(|(rule, _)| &**rule)
    }
}

impl Kind {
    /// All there are.
    pub const ALL: [Kind; 2] = [Kind::Program, Kind::Troubled];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Kind::Program => "program",
            Kind::Troubled => "troubled",
        }
    }

    /// Runs it: equal answers are equal runs.
    pub fn run(self, chooser: &Chooser) -> Finished {
        match self {
            Kind::Program => {
                let ran = program::run(chooser, ProgramOptions::default());
                Finished { problems: ran.problems, traces: vec![("program".into(), ran.trace)] }
            }
            Kind::Troubled => {
                let ran = troubled::run(chooser, true);
                Finished { problems: ran.problems, traces: ran.traces }
            }
        }
    }
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
