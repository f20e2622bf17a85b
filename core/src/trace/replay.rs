//! Feeding a trace to a new machine, and finding the first place where it does otherwise than it did.

use super::hash::Rolling;
use super::input::{Input, Record};
use super::reader::{Position, Records, Torn, Trace, TraceError};
use crate::engine::Core;
use crate::error::ApiMisuse;
use crate::step::Step;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

/// How a replay ended before its trace did. `index` is the number of the input at which it shows, from 0; the number of
/// inputs where it shows at the end.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReplayError {
    /// What the machine put out before this input is not what it put out when the trace was recorded.
    Differs {
        /// Which input.
        index: u64,
        /// The hash that the trace has: its upper 32 bits beside an input, all 64 at the end.
        expected: u64,
        /// The hash of what came.
        found: u64,
    },
    /// The machine came to rest earlier than it did: it is idle, or waits for an answer.
    Stops {
        /// Which input.
        index: u64,
        /// How many steps it took before this input when the trace was recorded.
        expected: u64,
        /// How many it took.
        found: u64,
    },
    /// The machine wants an answer, and the trace goes on with something else.
    Unanswered {
        /// Which input.
        index: u64,
        /// What the machine asks.
        asked: String,
        /// What the trace has.
        input: String,
    },
    /// The trace has an answer, and nothing was asked.
    NotAsked {
        /// Which input.
        index: u64,
        /// What the trace has.
        input: String,
    },
    /// The machine refuses the input.
    Refused {
        /// Which input.
        index: u64,
        /// What the trace has.
        input: String,
        /// Why.
        misuse: ApiMisuse,
    },
    /// The input cannot be read.
    Trace {
        /// Which input.
        index: u64,
        /// Why.
        error: TraceError,
    },
}

impl ReplayError {
    /// The number of the input at which it shows.
    pub const fn index(&self) -> u64 {
        match self {
            ReplayError::Differs { index, .. }
            | ReplayError::Stops { index, .. }
            | ReplayError::Unanswered { index, .. }
            | ReplayError::NotAsked { index, .. }
            | ReplayError::Refused { index, .. }
            | ReplayError::Trace { index, .. } => *index,
        }
    }
}

impl fmt::Display for ReplayError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ReplayError::Differs { index, expected, found } => write!(
                f,
                "the outputs before input {index} differ: their hash is {expected:#x} in the trace, {found:#x} here"
            ),
            ReplayError::Stops { index, expected, found } => write!(
                f,
                "the machine took {expected} steps before input {index} when it was recorded, and rests after {found}"
            ),
            ReplayError::Unanswered { index, asked, input } => {
                write!(f, "at input {index} the machine asks {asked}, and the trace has {input}")
            }
            ReplayError::NotAsked { index, input } => {
                write!(f, "at input {index} the trace has {input}, and the machine has asked nothing")
            }
            ReplayError::Refused { index, input, misuse } => {
                write!(f, "the machine refuses input {index}, {input}: {misuse}")
            }
            ReplayError::Trace { index, error } => write!(f, "input {index} cannot be read: {error}"),
        }
    }
}

impl core::error::Error for ReplayError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            ReplayError::Trace { error, .. } => Some(error),
            ReplayError::Refused { misuse, .. } => Some(misuse),
            _ => None,
        }
    }
}

/// What a replay has done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Replayed {
    /// Inputs given.
    pub inputs: u64,
    /// Commands among them.
    pub commands: u64,
    /// Turns that the machine began: completions and phases. Turns in which only user code ran are not in a trace.
    pub turns: u64,
    /// Steps taken.
    pub steps: u64,
    /// Pieces of user code that were asked for.
    pub events: u64,
    /// The hash of all outputs.
    pub hash: u64,
    /// Whether the trace was brought to its end, and the end was as it was.
    pub finished: bool,
    /// What could not be replayed, if anything.
    pub torn: Option<Torn>,
}

/// Replays all that can be read of a trace.
///
/// The machine gets the recorded inputs and nothing else. Everything it puts out is compared, by hash, with what it put
/// out when the trace was recorded.
pub fn replay(trace: &Trace) -> Result<Replayed, ReplayError> {
    let mut replayer = Replayer::new(trace);
    while replayer.go_on()? {}
    Ok(replayer.replayed())
}

/// An input, and what the machine put out before it.
#[derive(Clone, Debug, PartialEq)]
pub struct Shown {
    /// What the machine put out, in order, each as one line of text.
    pub outputs: Vec<String>,
    /// The input; `None` at the end.
    pub record: Option<Record>,
}

/// A replay, input by input.
#[derive(Debug)]
pub struct Replayer<'t> {
    core: Core,
    trace: &'t Trace,
    records: Records<'t>,
    hash: Rolling,
    rest: Rest,
    done: Replayed,
    over: bool,
}

/// A replay without its trace: see [`Replayer::pause`].
#[derive(Debug)]
pub struct Paused {
    core: Core,
    records: Position,
    hash: Rolling,
    rest: Rest,
    done: Replayed,
    over: bool,
}

/// Whether further steps would give anything new.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rest {
    No,
    Idle,
    Asking,
}

impl<'t> Replayer<'t> {
    /// A new machine, before the first input.
    pub fn new(trace: &'t Trace) -> Self {
        Self {
            core: Core::new(trace.header().limits),
            trace,
            records: trace.records(),
            hash: Rolling::default(),
            rest: Rest::No,
            done: Replayed { torn: trace.torn().copied(), ..Replayed::default() },
            over: false,
        }
    }

    /// The machine, after the last input that was given to it.
    pub const fn core(&self) -> &Core {
        &self.core
    }

    /// What was done so far.
    pub const fn replayed(&self) -> Replayed {
        let mut done = self.done;
        done.hash = self.hash.full();
        done
    }

    /// Takes the steps up to the next input, each of which `see` gets to see, compares, and gives the machine the
    /// input. `None` when the trace is over.
    pub fn next(&mut self, see: impl FnMut(&Step<'_>)) -> Result<Option<Record>, ReplayError> {
        let record = self.ahead(see)?;
        if let Some(record) = &record {
            self.give(record.seq, record.input.clone())?;
        }
        Ok(record)
    }

    /// Leaves the trace, to go on with a longer version of it: of one that was still being written.
    pub fn pause(self) -> Paused {
        let Replayer { core, trace, records, hash, rest, done, over } = self;
        let waits = over && !done.finished && done.inputs == trace.inputs();
        Paused { core, records: records.position(), hash, rest, done, over: over && !waits }
    }

    /// Goes on where a replay of a shorter version of this trace has stopped. One that was at its end, or failed, stays so.
    pub fn resume(paused: Paused, trace: &'t Trace) -> Self {
        let Paused { core, records, hash, rest, mut done, over } = paused;
        done.torn = trace.torn().copied();
        Self { core, trace, records: Records::from(trace, records), hash, rest, done, over }
    }

    /// As [`next`](Self::next), with the outputs as text. `None` when the trace is over and so are the outputs.
    pub fn show(&mut self) -> Result<Option<Shown>, ReplayError> {
        let mut outputs = Vec::new();
        let record = self.next(|step| outputs.push(super::text::Output(step).to_string()))?;
        Ok((record.is_some() || !outputs.is_empty()).then_some(Shown { outputs, record }))
    }

    /// As [`next`](Self::next), of which nobody sees anything; whether there was an input.
    #[inline(always)]
    fn go_on(&mut self) -> Result<bool, ReplayError> {
        if self.over {
            return Ok(false);
        }
        match self.record()? {
            Some(Record { seq, place, check, input, .. }) => {
                self.compare(place, check, |_| {})?;
                self.give(seq, input)?;
                Ok(true)
            }
            None => self.end(|_| {}).map(|()| false),
        }
    }

    /// The first half of [`next`](Self::next): takes the steps up to the next input, and compares. The input is still to be
    /// [given](Self::give); until then [`core`](Self::core) is the machine as it was right before it.
    pub fn ahead(&mut self, see: impl FnMut(&Step<'_>)) -> Result<Option<Record>, ReplayError> {
        if self.over {
            return Ok(None);
        }
        match self.record()? {
            Some(record) => self.compare(record.place, record.check, see).map(|()| Some(record)),
            None => self.end(see).map(|()| None),
        }
    }

    /// The next input. The replay is over unless it can be given.
    #[inline(always)]
    fn record(&mut self) -> Result<Option<Record>, ReplayError> {
        self.over = true;
        self.records.read().transpose().map_err(|error| ReplayError::Trace { index: self.done.inputs, error })
    }

    /// Takes so many steps, and compares what came of all until now.
    #[inline(always)]
    fn compare(&mut self, steps: u64, expected: u32, see: impl FnMut(&Step<'_>)) -> Result<(), ReplayError> {
        self.go(steps, see)?;
        let (index, found) = (self.done.inputs, self.hash.check());
        if expected != found {
            return Err(ReplayError::Differs { index, expected: u64::from(expected), found: u64::from(found) });
        }
        Ok(())
    }

    fn end(&mut self, see: impl FnMut(&Step<'_>)) -> Result<(), ReplayError> {
        let Some(end) = self.records.end() else { return Ok(()) };
        self.go(end.place, see)?;
        let (expected, found) = (end.hash, self.hash.full());
        if expected != found {
            return Err(ReplayError::Differs { index: self.done.inputs, expected, found });
        }
        self.done.finished = true;
        Ok(())
    }

    fn go(&mut self, steps: u64, mut see: impl FnMut(&Step<'_>)) -> Result<(), ReplayError> {
        for found in 0..steps {
            // A trace may claim any number of steps; a machine at rest takes none.
            if self.rest != Rest::No {
                return Err(ReplayError::Stops { index: self.done.inputs, expected: steps, found });
            }
            let step = self.core.step();
            self.hash.step(&step);
            see(&step);
            match step {
                Step::Emit(_) => self.done.events += 1,
                Step::Idle(_) => self.rest = Rest::Idle,
                Step::Call(_) => self.rest = Rest::Asking,
                Step::Tick(_) | Step::Return(_) | Step::Released(_) => {}
            }
            self.done.steps += 1;
        }
        Ok(())
    }

    /// The second half: gives the machine the input with this number, which [`ahead`](Self::ahead) has brought.
    #[inline(always)]
    pub fn give(&mut self, index: u64, input: Input) -> Result<(), ReplayError> {
        let asking = self.rest == Rest::Asking;
        let given = match input {
            Input::Reply(reply) if asking => self.core.answered(reply),
            Input::Reply(_) => return Err(ReplayError::NotAsked { index, input: self.text(index) }),
            _ if asking => {
                let asked = super::text::Asked(&self.core.asked()).to_string();
                return Err(ReplayError::Unanswered { index, asked, input: self.text(index) });
            }
            Input::Command(command) => {
                self.done.commands += 1;
                self.core.begin(command)
            }
            Input::Completion(completion) => {
                self.done.turns += 1;
                self.core.complete(completion)
            }
            Input::Advance(now) => self.core.advance(now),
            Input::Tick(id) => self.core.tick(id),
            Input::Phase(phase) => {
                self.done.turns += 1;
                self.core.phase(phase)
            }
            Input::Threw => self.core.threw(),
        };
        given.map_err(|misuse| ReplayError::Refused { index, input: self.text(index), misuse })?;
        self.rest = Rest::No;
        self.done.inputs += 1;
        self.over = false;
        Ok(())
    }

    /// An input as text, for an error: read once more, so that a good input need not be kept.
    #[cold]
    fn text(&self, index: u64) -> String {
        match self.trace.records().nth(usize::try_from(index).unwrap_or(usize::MAX)) {
            Some(Ok(record)) => record.input.to_string(),
            _ => String::new(),
        }
    }
}
