//! A trace as lines: every input and every output, each with its turn, its time, and whose it is. What the commands that
//! show a trace are made of.

mod facts;
pub mod picture;

pub use facts::Fact;

use facts::{fact_of_completion, fact_of_op, of_emit, verb};
use netfold::core::trace::{Input, Output, Paused, Record, ReplayError, Replayer, Trace};
use netfold::core::{Core, HandleId, Outcome, Reply, Step, Target};
use std::collections::HashMap;

/// When each line was, in nanoseconds of the machine's clock: it counts milliseconds, and the lines of one share it evenly,
/// so that they stay in order.
pub fn nanoseconds(lines: &[Line]) -> Vec<u64> {
    let mut out = Vec::with_capacity(lines.len());
    for same in lines.chunk_by(|a, b| a.time == b.time) {
        let step = (1_000_000 / same.len() as u64).max(1);
        out.extend(
            (0..)
                .zip(same)
                .map(|(n, line)| line.time.saturating_mul(1_000_000).saturating_add((n * step).min(999_999))),
        );
    }
    out
}

/// What a line tells of. The first seven are inputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Command,
    Reply,
    Completion,
    Time,
    Tick,
    Phase,
    Threw,
    Call,
    Emit,
    Schedule,
    Return,
    Idle,
    Released,
}

impl Kind {
    pub const ALL: [Kind; 13] = [
        Kind::Command,
        Kind::Reply,
        Kind::Completion,
        Kind::Time,
        Kind::Tick,
        Kind::Phase,
        Kind::Threw,
        Kind::Call,
        Kind::Emit,
        Kind::Schedule,
        Kind::Return,
        Kind::Idle,
        Kind::Released,
    ];

    pub const fn name(self) -> &'static str {
        match self {
            Kind::Command => "command",
            Kind::Reply => "reply",
            Kind::Completion => "completion",
            Kind::Time => "time",
            Kind::Tick => "tick",
            Kind::Phase => "phase",
            Kind::Threw => "threw",
            Kind::Call => "call",
            Kind::Emit => "emit",
            Kind::Schedule => "schedule",
            Kind::Return => "return",
            Kind::Idle => "idle",
            Kind::Released => "released",
        }
    }

    /// It was told to the machine; else the machine put it out.
    pub const fn is_input(self) -> bool {
        matches!(
            self,
            Kind::Command | Kind::Reply | Kind::Completion | Kind::Time | Kind::Tick | Kind::Phase | Kind::Threw
        )
    }
}

/// One input or output.
#[derive(Clone, Debug)]
pub struct Line {
    /// The number of the input; for an output of the input that follows it.
    pub input: u64,
    /// How many turns had begun.
    pub turn: u64,
    /// The machine's clock, in milliseconds.
    pub time: u64,
    pub kind: Kind,
    /// Whose it is, if it is anybody's.
    pub of: Option<Target>,
    /// The event, the user's call, the operation or the tick by name.
    pub name: &'static str,
    /// How many bytes go over, where bytes do.
    pub bytes: Option<u64>,
    /// What timelines are drawn from.
    pub fact: Fact,
    /// In words, without control characters.
    pub text: String,
    /// How many steps the machine took before an input.
    pub place: u64,
    /// What the trace has of a payload, in words.
    pub kept: String,
}

/// A walk through a trace, input by input.
pub struct Walk<'t> {
    replayer: Replayer<'t>,
    given: Option<Record>,
    at: At,
    lines: Vec<Line>,
}

/// A walk without its trace.
pub struct Stopped {
    replayer: Paused,
    given: Option<Record>,
    at: At,
}

/// Where a walk stands.
#[derive(Default)]
struct At {
    turn: u64,
    time: u64,
    /// Whose handle is which. Kept for good: numbers of handles do not come again.
    handles: HashMap<HandleId, Target>,
    /// Whose the call is that waits for its answer.
    asked: Option<Target>,
    /// Whose the commands are that have not returned.
    open: Vec<Option<Target>>,
}

impl<'t> Walk<'t> {
    pub fn new(trace: &'t Trace) -> Self {
        Self { replayer: Replayer::new(trace), given: None, at: At::default(), lines: Vec::new() }
    }

    /// Leaves the trace, to go on with a longer version of it.
    pub fn pause(self) -> Stopped {
        Stopped { replayer: self.replayer.pause(), given: self.given, at: self.at }
    }

    /// Goes on where a walk through a shorter version of this trace has stopped.
    pub fn resume(stopped: Stopped, trace: &'t Trace) -> Self {
        let Stopped { replayer, given, at } = stopped;
        Self { replayer: Replayer::resume(replayer, trace), given, at, lines: Vec::new() }
    }

    /// What the machine put out up to the next input, and that input; at the end of the trace without one. `None` when it is
    /// over. Until the next call the [`core`](Self::core) is the machine right before that input. After an error
    /// [`lines`](Self::lines) has what came before it.
    pub fn next(&mut self) -> Result<Option<&[Line]>, ReplayError> {
        if let Some(record) = self.given.take() {
            self.replayer.give(record.seq, record.input)?;
        }
        self.lines.clear();
        let (at, lines, mut handles) = (&mut self.at, &mut self.lines, Vec::new());
        let input = self.replayer.replayed().inputs;
        let record = self.replayer.ahead(|step| {
            if let Step::Call(call) = step {
                handles.push((lines.len(), call.op().handle()));
            }
            lines.push(at.output(input, step));
        });
        for (line, handle) in handles {
            let of = handle.and_then(|h| at.owner(self.replayer.core(), h)).or(at.open.last().copied().flatten());
            (lines[line].of, at.asked) = (of, of);
        }
        let Some(record) = record? else {
            return Ok((!self.lines.is_empty()).then_some(&self.lines));
        };
        let line = at.input(self.replayer.core(), &record);
        lines.push(line);
        self.given = Some(record);
        Ok(Some(&self.lines))
    }

    /// What the last call of [`next`](Self::next) brought.
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }

    pub const fn core(&self) -> &Core {
        self.replayer.core()
    }
}

impl At {
    fn owner(&mut self, core: &Core, handle: HandleId) -> Option<Target> {
        if let Some(owner) = core.owner_of(handle) {
            self.handles.insert(handle, owner);
        }
        self.handles.get(&handle).copied()
    }

    fn output(&mut self, input: u64, step: &Step<'_>) -> Line {
        let (kind, of, name, fact) = match step {
            Step::Call(call) => {
                let (name, fact) = fact_of_op(&call.op());
                (Kind::Call, None, name, fact)
            }
            Step::Emit(emit) => {
                let (of, name, fact) = of_emit(emit);
                (Kind::Emit, of, name, fact)
            }
            Step::Tick(_) => (Kind::Schedule, self.open.last().copied().flatten(), "schedule", Fact::None),
            Step::Return(outcome) => {
                let of = self.open.pop().flatten();
                let made = match *outcome {
                    Outcome::Socket(s) => Some(Target::Socket(s)),
                    Outcome::Server(s) => Some(Target::Server(s)),
                    _ => of,
                };
                (Kind::Return, made, "return", Fact::None)
            }
            Step::Idle(_) => (Kind::Idle, None, "idle", Fact::None),
            Step::Released(s) => (Kind::Released, Some(Target::Socket(*s)), "released", Fact::None),
        };
        let (text, bytes) = (Output(step).to_string(), fact.bytes());
        let (turn, time) = (self.turn, self.time);
        Line { input, turn, time, kind, of, name, bytes, fact, text, place: 0, kept: String::new() }
    }

    fn input(&mut self, core: &Core, record: &Record) -> Line {
        let (kind, of, name, fact) = match &record.input {
            Input::Command(command) => {
                let (name, fact) = verb(command);
                let of = command.target();
                self.open.push(of);
                (Kind::Command, of, name, fact)
            }
            Input::Reply(reply) => {
                let fact = match *reply {
                    Reply::Addr(Some(address)) => Fact::Address(address),
                    _ => {
                        Fact::Answered { pending: *reply == Reply::Pending, failed: matches!(reply, Reply::Failed(_)) }
                    }
                };
                (Kind::Reply, self.asked.take(), "reply", fact)
            }
            Input::Completion(completion) => {
                self.begin_turn();
                let (name, fact) = fact_of_completion(completion);
                let of = completion.handle().and_then(|h| self.owner(core, h));
                (Kind::Completion, of, name, fact)
            }
            Input::Advance(now) => {
                self.time = *now;
                (Kind::Time, None, "time", Fact::None)
            }
            Input::Tick(_) => match core.due_tick() {
                Some((of, name)) => (Kind::Tick, Some(of), name, Fact::None),
                None => (Kind::Tick, None, "tick", Fact::None),
            },
            Input::Phase(phase) => {
                self.begin_turn();
                match core.due_turn(*phase) {
                    Some((of, name)) => (Kind::Phase, Some(of), name, Fact::None),
                    None => (Kind::Phase, None, "phase", Fact::None),
                }
            }
            Input::Threw => (Kind::Threw, None, "threw", Fact::None),
        };
        let text = record.input.to_string();
        let kept = record.payload.as_ref().map(ToString::to_string).unwrap_or_default();
        let (input, place, bytes) = (record.seq, record.place, fact.bytes());
        Line { input, turn: self.turn, time: self.time, kind, of, name, bytes, fact, text, place, kept }
    }

    /// Whatever was open is over: a listener that threw takes its calls with it.
    fn begin_turn(&mut self) {
        self.turn += 1;
        self.open.clear();
    }
}
