//! The one question that the simulated world asks: which of `n`?

use crate::tape::{Choice, Tape, TapeError};
use std::cell::RefCell;
use std::fmt;
use std::io::{BufRead, Write};
use std::rc::Rc;

/// Who answers, and what was answered.
///
/// The same world is a simulation with [`seed`](Chooser::seed), a fuzz target with [`bytes`](Chooser::bytes), an
/// exhaustive exploration with [`exhaust`], a replay with [`tape`](Chooser::tape), and a game with
/// [`person`](Chooser::person). Whoever answered, the answers can be
/// had as a [`Tape`] that gives the same run again.
///
/// 0 is always what an idle machine with nothing in the way would do. A clone is another hold on the same chooser.
#[derive(Clone)]
pub struct Chooser(Rc<RefCell<Inner>>);

struct Inner {
    source: Source,
    taken: Option<Vec<Choice>>,
    count: u64,
    failed: Option<TapeError>,
}

enum Source {
    Calm,
    Seed { state: u64, seed: u64, masks: Vec<(&'static str, bool)> },
    Bytes { bytes: Vec<u8>, at: usize },
    Digits { digits: Vec<(u32, u32)>, at: usize },
    Tape { tape: Tape, at: usize },
    Person { answers: Box<dyn BufRead>, questions: Box<dyn Write>, calm: bool },
}

/// What a person answered, a line at a time, until it is an answer; `None` from where 0 will do for all that follows.
fn ask(answers: &mut dyn BufRead, questions: &mut dyn Write, label: &str, n: u32) -> Option<u32> {
    let mut line = String::new();
    loop {
        // Who cannot be asked any more gives no answers either.
        let options = if n == 1 { "0 alone".to_string() } else { format!("0 to {}", n - 1) };
        write!(questions, "{label}? {options}: ").and_then(|()| questions.flush()).ok()?;
        line.clear();
        if answers.read_line(&mut line).unwrap_or(0) == 0 {
            let _nobody_is_there = writeln!(questions);
            return None;
        }
        match line.trim() {
            "" => return Some(0),
            "calm" => return None,
            text => match text.parse() {
                Ok(choice) if choice < n => return Some(choice),
                _ => writeln!(questions, "{text:?} is not one of them; nothing is 0, `calm` is 0 from here on").ok()?,
            },
        }
    }
}

impl Chooser {
    fn new(source: Source) -> Self {
        Self(Rc::new(RefCell::new(Inner { source, taken: None, count: 0, failed: None })))
    }

    /// Always 0: no delays, nothing partial, everything in the order in which it came.
    pub fn calm() -> Self {
        Self::new(Source::Calm)
    }

    /// Pseudo-random. Each label is switched off (answered 0) in half of all seeds, so that no kind of trouble hides
    /// another for ever.
    pub fn seed(seed: u64) -> Self {
        Self::new(Source::Seed { state: mix(seed), seed, masks: Vec::new() })
    }

    /// A byte for each answer; 0 when they have come to an end.
    pub fn bytes(bytes: impl Into<Vec<u8>>) -> Self {
        Self::new(Source::Bytes { bytes: bytes.into(), at: 0 })
    }

    /// The answers of a tape. At the first question that is not the tape's (see [`failed`](Chooser::failed)), and after
    /// its end, 0.
    pub fn tape(tape: Tape) -> Self {
        Self::new(Source::Tape { tape, at: 0 })
    }

    /// A person: each question is a line that is written, `LABEL? 0 to 3: `, and its answer a line that is read. An empty line is 0; after
    /// the line `calm`, and at the end of the input, everything is.
    ///
    /// ```
    /// use netfold_sim::Chooser;
    ///
    /// let chooser = Chooser::person("2\n\nseven\n1\ncalm\n".as_bytes(), std::io::sink());
    /// let answers: Vec<u32> = (0..5).map(|_| chooser.choose("order", 3)).collect();
    /// assert_eq!(answers, [2, 0, 1, 0, 0]);
    /// ```
    pub fn person(answers: impl BufRead + 'static, questions: impl Write + 'static) -> Self {
        Self::new(Source::Person { answers: Box::new(answers), questions: Box::new(questions), calm: false })
    }

    /// Keeps each answer from now on, for [`recorded`](Chooser::recorded).
    #[must_use]
    pub fn recording(self) -> Self {
        self.0.borrow_mut().taken = Some(Vec::new());
        self
    }

    /// Which of `n`: from 0 to `n - 1`. `label` says what is decided; it is part of the tape.
    ///
    /// # Panics
    /// When `n` is 0: there is nothing to choose from.
    pub fn choose(&self, label: &'static str, n: u32) -> u32 {
        assert!(n > 0, "{label}: nothing to choose from");
        let inner = &mut *self.0.borrow_mut();
        let choice = match &mut inner.source {
            Source::Calm => 0,
            Source::Seed { state, seed, masks } => {
                let known = masks.iter().find(|(known, _)| *known == label);
                let on = known.map(|(_, on)| *on).unwrap_or_else(|| {
                    let on = mix(*seed ^ hash(label)) & 1 == 1;
                    masks.push((label, on));
                    on
                });
                if on { random(state, n) } else { 0 }
            }
            Source::Bytes { bytes, at } => {
                *at += 1;
                bytes.get(*at - 1).map_or(0, |byte| u32::from(*byte) % n)
            }
            Source::Digits { digits, at } => {
                *at += 1;
                match digits.get(*at - 1) {
                    Some((digit, _)) => *digit,
                    None => {
                        digits.push((0, n));
                        0
                    }
                }
            }
            Source::Tape { tape, at } => {
                *at += 1;
                match tape.choices().get(*at - 1) {
                    _ if inner.failed.is_some() => 0,
                    Some(choice) if choice.label == label && choice.n == n => choice.choice,
                    Some(choice) => {
                        let found = format!("{label} of {n}, not {} of {}", choice.label, choice.n);
                        inner.failed = Some(TapeError { line: *at, found });
                        0
                    }
                    None => 0,
                }
            }
            Source::Person { answers, questions, calm } => {
                let answer = if *calm { None } else { ask(answers, questions, label, n) };
                *calm = answer.is_none();
                answer.unwrap_or(0)
            }
        };
        inner.count += 1;
        if let Some(taken) = &mut inner.taken {
            taken.push(Choice { label: label.into(), n, choice });
        }
        choice
    }

    /// How many questions were asked.
    pub fn count(&self) -> u64 {
        self.0.borrow().count
    }

    /// The answers since [`recording`](Chooser::recording).
    pub fn recorded(&self) -> Tape {
        Tape::new(self.0.borrow().taken.clone().unwrap_or_default())
    }

    /// The first question that was not the tape's: what is replayed is not what was recorded.
    pub fn failed(&self) -> Option<TapeError> {
        self.0.borrow().failed.clone()
    }
}

impl fmt::Debug for Chooser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Chooser").field("count", &self.count()).finish_non_exhaustive()
    }
}

/// Runs once with every sequence of answers that there is, at most `most` runs; how many there were, or `None` when
/// `most` was not enough.
///
/// `run` must be deterministic: the same answers lead to the same questions.
///
/// ```
/// use netfold_sim::exhaust;
///
/// let mut sums = Vec::new();
/// let runs = exhaust(100, |chooser| sums.push(chooser.choose("a", 2) * 10 + chooser.choose("b", 3)));
/// assert_eq!(runs, Some(6));
/// assert_eq!(sums, [0, 1, 2, 10, 11, 12]);
/// ```
pub fn exhaust(most: u64, mut run: impl FnMut(&Chooser)) -> Option<u64> {
    let mut digits: Vec<(u32, u32)> = Vec::new();
    for runs in 1..=most {
        let chooser = Chooser::new(Source::Digits { digits, at: 0 });
        run(&chooser);
        let Source::Digits { digits: mut used, at } =
            std::mem::replace(&mut chooser.0.borrow_mut().source, Source::Calm)
        else {
            unreachable!("nobody else replaces it");
        };
        used.truncate(at);
        while used.last().is_some_and(|(digit, n)| digit + 1 == *n) {
            used.pop();
        }
        let Some((digit, _)) = used.last_mut() else { return Some(runs) };
        *digit += 1;
        digits = used;
    }
    None
}

pub(crate) fn mix(n: u64) -> u64 {
    let n = (n ^ n >> 30).wrapping_add(0x9E37_79B9_7F4A_7C15).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let n = (n ^ n >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
    n ^ n >> 31
}

fn random(state: &mut u64, n: u32) -> u32 {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    (((mix(*state) >> 32) * u64::from(n)) >> 32) as u32
}

pub(crate) fn hash(label: &str) -> u64 {
    label.bytes().fold(0xCBF2_9CE4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3))
}
