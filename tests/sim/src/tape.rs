//! The answers of a run, as a file that replays anywhere.

use std::fmt;
use std::str::FromStr;

/// The first line of the file.
const MAGIC: &str = "netfold tape 1";

/// One answer.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Choice {
    /// What was decided.
    pub label: String,
    /// Between how many.
    pub n: u32,
    /// Which: less than `n`.
    pub choice: u32,
}

/// The answers of a run, in order.
///
/// As text: the line `netfold tape 1`, then a line `choice n label` for each answer. Empty lines and what begins with `#`
/// count for nothing.
///
/// ```
/// use netfold_sim::{Chooser, Tape};
///
/// let chooser = Chooser::seed(7).recording();
/// let answers: Vec<u32> = (0..5).map(|_| chooser.choose("latency", 10)).collect();
/// let file = chooser.recorded().to_string();
///
/// let again = Chooser::tape(file.parse::<Tape>()?);
/// assert_eq!(answers, (0..5).map(|_| again.choose("latency", 10)).collect::<Vec<_>>());
/// assert_eq!(again.failed(), None);
/// # Ok::<(), netfold_sim::TapeError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Tape(Vec<Choice>);

/// What is wrong with a tape.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TapeError {
    /// The line of a file; of a replay the number of the answer, counted from 1.
    pub line: usize,
    /// What stands there instead.
    pub found: String,
}

impl Tape {
    /// A tape of these answers.
    pub fn new(choices: Vec<Choice>) -> Self {
        Self(choices)
    }

    /// Without the zeros at its end.
    pub(crate) fn trimmed(mut self) -> Self {
        while self.0.last().is_some_and(|last| last.choice == 0) {
            self.0.pop();
        }
        self
    }

    /// The answers.
    pub fn choices(&self) -> &[Choice] {
        &self.0
    }
}

impl fmt::Display for Tape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{MAGIC}")?;
        self.0.iter().try_for_each(|Choice { label, n, choice }| writeln!(f, "{choice} {n} {label}"))
    }
}

impl FromStr for Tape {
    type Err = TapeError;

    fn from_str(text: &str) -> Result<Self, TapeError> {
        let mut lines = text.lines().enumerate().map(|(at, line)| (at + 1, line.trim()));
        let wrong = |line: usize, found: &str| TapeError { line, found: found.into() };
        match lines.next() {
            Some((_, MAGIC)) => {}
            other => return Err(wrong(1, other.map_or("", |(_, line)| line))),
        }
        let choices = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#')).map(|(at, line)| {
            let mut words = line.splitn(3, ' ');
            let mut number = || words.next()?.parse::<u32>().ok();
            match (number(), number(), words.next()) {
                (Some(choice), Some(n), Some(label)) if choice < n => Ok(Choice { label: label.into(), n, choice }),
                _ => Err(wrong(at, line)),
            }
        });
        choices.collect::<Result<_, _>>().map(Tape)
    }
}

impl fmt::Display for TapeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "tape, at {}: {:?}", self.line, self.found)
    }
}

impl std::error::Error for TapeError {}
