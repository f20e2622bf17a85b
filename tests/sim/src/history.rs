//! What a run did, event by event, to hold it against another: two that should be equal either are, or have a first event in
//! which they differ.

use crate::chooser::{hash, mix};
use crate::kind::Finished;
use crate::tape::Tape;
use bytes::Bytes;
use netfold::core::trace::{Input, Output, Replayer, Trace};
use netfold::core::{Command, Completion, Emit, Event, KeyDetail, Op, Outcome, Step};
use std::fmt;

/// Every input, every output, and the state after each input, of all machines of a run; and every question that was
/// answered.
///
/// ```
/// use netfold_sim::{Chooser, History, Kind};
///
/// let history = |seed: u64| {
///     let chooser = Chooser::seed(seed).recording();
///     let finished = Kind::Program.run(&chooser);
///     History::of(&finished, &chooser.recorded())
/// };
/// assert_eq!(history(7), history(7));
/// let differs = history(7).first_difference(&history(8));
/// assert!(differs.is_some());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct History {
    /// One for the questions, one for each machine.
    lanes: Vec<Lane>,
    hashes: Hashes,
}

/// What can be compared without the events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Hashes {
    /// Of the answers, and of all that the machines were told, with payload.
    pub inputs: u64,
    /// Of all that the machines put out, with payload.
    pub outputs: u64,
    /// Of the machines' states after each input, with times and counters.
    pub states: u64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Lane {
    name: String,
    events: Vec<String>,
}

/// Where two runs part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// `choices`, or a machine.
    pub lane: String,
    /// Which event, from 1.
    pub event: usize,
    /// What it is in the one run, and in the other; `None` behind the end.
    pub both: [Option<String>; 2],
}

impl History {
    /// Replays the traces of a run that has finished, of which this is the tape.
    pub fn of(finished: &Finished, tape: &Tape) -> Self {
        let mut hashes = Hashes::default();
        let mut choices = Vec::new();
        for choice in tape.choices() {
            let text = format!("{}: {} of {}", choice.label, choice.choice, choice.n);
            add(&mut hashes.inputs, hash(&text));
            choices.push(text);
        }
        let mut lanes = vec![Lane { name: "choices".into(), events: choices }];
        for (name, trace) in &finished.traces {
            lanes.push(Lane { name: name.clone(), events: machine(trace, &mut hashes) });
        }
        Self { lanes, hashes }
    }

    /// The hashes of it.
    pub fn hashes(&self) -> Hashes {
        self.hashes
    }

    /// Where this run and another part: of each lane, the first event that is not the same. The machines come first:
    /// what a chooser is asked follows from what they do.
    pub fn differences(&self, other: &History) -> Vec<Difference> {
        let empty = Lane { name: String::new(), events: Vec::new() };
        let count = self.lanes.len().max(other.lanes.len());
        let mut found = Vec::new();
        for at in (1..count).chain([0]) {
            let [ours, theirs] = [self, other].map(|history| history.lanes.get(at).unwrap_or(&empty));
            let most = ours.events.len().max(theirs.events.len());
            let first = (0..most).find(|event| ours.events.get(*event) != theirs.events.get(*event));
            if let Some(event) = first {
                let lane = if ours.name.is_empty() { &theirs.name } else { &ours.name };
                let both = [ours, theirs].map(|lane| lane.events.get(event).cloned());
                found.push(Difference { lane: lane.clone(), event: event + 1, both });
            }
        }
        found
    }

    /// The first of the [`differences`](History::differences).
    pub fn first_difference(&self, other: &History) -> Option<Difference> {
        self.differences(other).into_iter().next()
    }

    /// As [`Display`](fmt::Display) wrote it, in this process or another; `None` if it did not.
    pub fn parse(text: &str) -> Option<Self> {
        let mut words = text.lines().next()?.split(' ');
        let mut number = || words.next().and_then(|word| u64::from_str_radix(word, 16).ok());
        let hashes = Hashes { inputs: number()?, outputs: number()?, states: number()? };
        let mut lanes: Vec<Lane> = Vec::new();
        for line in text.lines().skip(1) {
            match line.strip_prefix("== ") {
                Some(name) => lanes.push(Lane { name: name.into(), events: Vec::new() }),
                None => lanes.last_mut()?.events.push(line.into()),
            }
        }
        Some(Self { lanes, hashes })
    }
}

/// The events of a machine, each with what it did to the state.
fn machine(trace: &[u8], hashes: &mut Hashes) -> Vec<String> {
    let mut events = Vec::new();
    let trace = match Trace::parse(trace.to_vec()) {
        Ok(trace) => trace,
        Err(error) => return vec![format!("no trace: {error}")],
    };
    let mut replayer = Replayer::new(&trace);
    loop {
        let next = replayer.next(|step| {
            let text = format!("-> {}{}", Output(step), Payload(given_out(step)));
            add(&mut hashes.outputs, hash(&text));
            events.push(text);
        });
        match next {
            Ok(Some(record)) => {
                let text = format!("<- {}{}", record.input, Payload(taken_in(&record.input)));
                add(&mut hashes.inputs, hash(&text));
                let state = replayer.core().state_key_of(KeyDetail { times: true, counters: true });
                add(&mut hashes.states, state as u64);
                add(&mut hashes.states, (state >> 64) as u64);
                events.push(format!("{text} => {state:032x}"));
            }
            Ok(None) => return events,
            Err(error) => {
                events.push(format!("!! {error}"));
                return events;
            }
        }
    }
}

fn add(to: &mut u64, n: u64) {
    *to = mix(to.rotate_left(5) ^ n);
}

/// The bytes that an output hands out.
fn given_out(step: &Step<'_>) -> Option<Bytes> {
    match step {
        Step::Call(call) => match call.op() {
            Op::Write(_, bytes) => Some(bytes.iter().flatten().copied().collect()),
            _ => None,
        },
        Step::Emit(Emit::Listener { event: Event::Data(bytes), .. } | Emit::Read { bytes, .. }) => Some(bytes.clone()),
        Step::Return(Outcome::Chunk(bytes)) => bytes.clone(),
        _ => None,
    }
}

/// The bytes that an input brings.
fn taken_in(input: &Input) -> Option<Bytes> {
    match input {
        Input::Command(Command::Write(_, chunk, _) | Command::End(_, Some(chunk), _)) => Some(chunk.bytes.clone()),
        Input::Completion(Completion::Read(_, bytes) | Completion::ReadAs(_, bytes, _)) => Some(bytes.clone()),
        _ => None,
    }
}

/// What stands for bytes.
struct Payload(Option<Bytes>);

impl fmt::Display for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(bytes) = &self.0 else { return Ok(()) };
        let mut hash = bytes.len() as u64;
        for part in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..part.len()].copy_from_slice(part);
            add(&mut hash, u64::from_le_bytes(word));
        }
        write!(f, " {{{hash:016x}}}")
    }
}

impl fmt::Display for Hashes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x} {:016x} {:016x}", self.inputs, self.outputs, self.states)
    }
}

/// The hashes, then each lane: its name, and a line for each event.
impl fmt::Display for History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.hashes)?;
        for lane in &self.lanes {
            writeln!(f, "== {}", lane.name)?;
            lane.events.iter().try_for_each(|event| writeln!(f, "{event}"))?;
        }
        Ok(())
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [one, other] = self.both.each_ref().map(|event| event.as_deref().unwrap_or("nothing more"));
        write!(f, "{}, event {}:\n  {one}\n  {other}", self.lane, self.event)
    }
}
