//! A run as a sequence diagram: a lane for the program, for each socket and server, and for the system.

use crate::kind::Finished;
use netfold::core::trace::{Asked, Input, Output, Replayer, Trace};
use netfold::core::{Command, Emit, EventKind, HandleId, Outcome, Phase, Reply, Step, Target};
use std::collections::BTreeMap;
use std::fmt::{self, Write};

/// What happened, row by row.
///
/// ```
/// use netfold_sim::{Chooser, Diagram, Kind};
///
/// let diagram = Diagram::of(&Kind::Program.run(&Chooser::calm()));
/// let text = diagram.to_string();
/// assert!(text.contains("'connect'"), "{text}");
/// assert!(diagram.mermaid().starts_with("sequenceDiagram\n"));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diagram {
    lanes: Vec<String>,
    rows: Vec<Row>,
    /// What does not hold.
    notes: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Row {
    /// From one lane to another.
    Arrow { from: usize, to: usize, text: String },
    /// What begins: a phase, a time.
    Mark(String),
}

/// Who takes part, as one machine knows them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Actor {
    Program,
    Target(Target),
    System,
}

/// What a machine did from one turn of the loop to the next.
#[derive(Debug, Default)]
struct Turn {
    at: u64,
    /// How many inputs there were by its end.
    inputs: u64,
    mark: Option<String>,
    arrows: Vec<(Actor, Actor, String)>,
}

impl Diagram {
    /// Of all machines of a run, until the end of the turn in which something broke. What two of them did is in the order of [`Finished::turns`], or of their clocks.
    pub fn of(finished: &Finished) -> Self {
        let mut machines: Vec<Vec<Turn>> = finished.traces.iter().map(|(_, trace)| turns(trace)).collect();
        let ordered = order(finished, &machines);
        let mut left = vec![0; machines.len()];
        ordered.iter().for_each(|machine| left[*machine] += 1);
        machines.iter_mut().zip(left).for_each(|(turns, left)| turns.truncate(left));
        let lanes = Lanes::new(finished, &machines);
        let mut ahead: Vec<_> = machines.iter_mut().map(|turns| turns.drain(..)).collect();
        let mut rows = Vec::new();
        let mut add = |machine: usize, turn: Turn| {
            if turn.arrows.is_empty() {
                return;
            }
            let name = if lanes.several { &*finished.traces[machine].0 } else { "" };
            rows.extend(turn.mark.map(|mark| Row::Mark(format!("{name} {mark}").trim_start().to_string())));
            rows.extend(turn.arrows.into_iter().map(|(from, to, text)| Row::Arrow {
                from: lanes.at(machine, from),
                to: lanes.at(machine, to),
                text,
            }));
        };
        for machine in ordered {
            ahead[machine].next().into_iter().for_each(|turn| add(machine, turn));
        }
        let notes = finished.problems.iter().take(1).map(|(_, what)| what.clone()).collect();
        drop(ahead);
        Self { lanes: lanes.names, rows, notes }
    }

    /// How many arrows it has.
    pub fn arrows(&self) -> usize {
        self.rows.iter().filter(|row| matches!(row, Row::Arrow { .. })).count()
    }

    /// In the language of Mermaid.
    pub fn mermaid(&self) -> String {
        let mut text = "sequenceDiagram\n".to_string();
        let clean = |text: &str| text.replace(';', ",").replace('#', "");
        for (at, name) in self.lanes.iter().enumerate() {
            let _infallible = writeln!(text, "  participant l{at} as {name}");
        }
        let last = self.lanes.len().saturating_sub(1);
        for row in &self.rows {
            let _infallible = match row {
                Row::Arrow { from, to, text: what } => writeln!(text, "  l{from}->>l{to}: {}", clean(what)),
                Row::Mark(what) => writeln!(text, "  Note over l0,l{last}: {}", clean(what)),
            };
        }
        for note in &self.notes {
            let _infallible = writeln!(text, "  Note over l0,l{last}: {}", clean(note));
        }
        text
    }
}

/// Whose turn it is, one after the other, until the end of that in which something broke.
fn order(finished: &Finished, machines: &[Vec<Turn>]) -> Vec<usize> {
    let mut next = vec![0; machines.len()];
    let mut order = Vec::new();
    let mut known = finished.turns.iter();
    loop {
        // What the run does not know goes by the clock.
        let by_clock = || {
            machines.iter().zip(&next).enumerate().filter_map(|(at, (turns, next))| Some((turns.get(*next)?.at, at)))
        };
        let Some(machine) = known.next().copied().or_else(|| by_clock().min().map(|(_, at)| at)) else { return order };
        let Some(turn) = machines.get(machine).and_then(|turns| turns.get(next[machine])) else { continue };
        next[machine] += 1;
        order.push(machine);
        if finished.broken_at.is_some_and(|(broken, input)| broken == machine && input < turn.inputs) {
            return order;
        }
    }
}

/// The columns of all machines, the system in the middle of them.
struct Lanes {
    names: Vec<String>,
    columns: BTreeMap<(usize, Actor), usize>,
    several: bool,
}

impl Lanes {
    fn new(finished: &Finished, machines: &[Vec<Turn>]) -> Self {
        let several = finished.traces.len() > 1;
        let mut lanes = Lanes { names: Vec::new(), columns: BTreeMap::new(), several };
        for (machine, turns) in machines.iter().enumerate() {
            let prefix = if several { format!("{} ", finished.traces[machine].0) } else { String::new() };
            let mut actors = vec![Actor::Program];
            for (from, to, _) in turns.iter().flat_map(|turn| &turn.arrows) {
                for actor in [from, to] {
                    if !actors.contains(actor) && *actor != Actor::System {
                        actors.push(*actor);
                    }
                }
            }
            // The system stands between the first machine and the others.
            if machine > 0 {
                actors.rotate_left(1);
            }
            for actor in actors {
                lanes.columns.insert((machine, actor), lanes.names.len());
                lanes.names.push(match actor {
                    Actor::Target(target) => format!("{prefix}{}", short(target)),
                    _ if several => prefix.trim_end().to_string(),
                    _ => "program".into(),
                });
            }
            if machine == 0 {
                lanes.names.push("system".into());
            }
            let system = lanes.names.iter().position(|name| name == "system").unwrap_or(0);
            lanes.columns.insert((machine, Actor::System), system);
        }
        lanes
    }

    fn at(&self, machine: usize, actor: Actor) -> usize {
        self.columns.get(&(machine, actor)).copied().unwrap_or(0)
    }
}

fn short(target: Target) -> String {
    match target {
        Target::Socket(id) => id.to_string(),
        Target::Server(id) => id.to_string(),
    }
}

/// What a trace tells, turn by turn.
fn turns(trace: &[u8]) -> Vec<Turn> {
    let Ok(trace) = Trace::parse(trace.to_vec()) else { return Vec::new() };
    let mut replayer = Replayer::new(&trace);
    let mut reader = Reader { turns: vec![Turn::default()], ..Reader::default() };
    loop {
        let mut called = None;
        let next = replayer.next(|step| reader.step(step, &mut called));
        let Ok(Some(record)) = next else { return reader.turns };
        let core = replayer.core();
        if let Input::Reply(reply) = &record.input {
            if let Some((handle, asked)) = called {
                let owner = handle.and_then(|handle| core.owner_of(handle));
                reader.answered(handle, owner, &asked, reply);
            }
        } else {
            reader.input(&record.input);
        }
        reader.turns.last_mut().into_iter().for_each(|turn| turn.inputs = record.seq + 1);
    }
}

#[derive(Debug, Default)]
struct Reader {
    turns: Vec<Turn>,
    owners: BTreeMap<HandleId, Target>,
    now: u64,
    resting: bool,
    /// Commands that have not returned: whose they are.
    opens: Vec<Actor>,
}

impl Reader {
    fn arrow(&mut self, from: Actor, to: Actor, text: String) {
        if let Some(turn) = self.turns.last_mut() {
            turn.arrows.push((from, to, text));
        }
    }

    fn turn(&mut self, mark: Option<String>) {
        self.turns.push(Turn { at: self.now, inputs: 0, mark, arrows: Vec::new() });
    }

    fn step(&mut self, step: &Step<'_>, called: &mut Option<(Option<HandleId>, String)>) {
        self.resting = matches!(step, Step::Idle(_));
        match step {
            Step::Call(call) => *called = Some((call.op().handle(), Asked(&call.op()).to_string())),
            Step::Emit(emit) => {
                let from = match emit {
                    Emit::Listener { target, .. } | Emit::Unhandled { target, .. } => Actor::Target(*target),
                    Emit::Callback { socket, .. } | Emit::Resolve { socket, .. } | Emit::Read { socket, .. } => {
                        Actor::Target((*socket).into())
                    }
                    Emit::Connections { server, .. } => Actor::Target((*server).into()),
                    Emit::Timer { .. } => Actor::Program,
                };
                self.arrow(from, Actor::Program, Output(step).to_string());
            }
            Step::Return(outcome) => {
                let of = self.opens.pop().unwrap_or(Actor::Program);
                match outcome {
                    Outcome::Unit | Outcome::Timer(_) => {}
                    Outcome::Socket(id) => self.arrow(Actor::Target((*id).into()), Actor::Program, format!("is {id}")),
                    Outcome::Server(id) => self.arrow(Actor::Target((*id).into()), Actor::Program, format!("is {id}")),
                    _ => self.arrow(of, Actor::Program, Output(step).to_string()),
                }
            }
            Step::Tick(_) | Step::Idle(_) | Step::Released(_) => {}
        }
    }

    fn answered(&mut self, handle: Option<HandleId>, owner: Option<Target>, asked: &str, reply: &Reply) {
        if let (Some(handle), Some(owner)) = (handle, owner) {
            self.owners.insert(handle, owner);
        }
        let owner = handle.and_then(|handle| self.owners.get(&handle)).map_or(Actor::Program, |of| Actor::Target(*of));
        let reply = Input::Reply(*reply).to_string();
        let said = match reply.strip_prefix("reply ").unwrap_or("") {
            "done" => String::new(),
            other => format!(": {other}"),
        };
        self.arrow(owner, Actor::System, format!("{asked}{said}"));
    }

    fn input(&mut self, input: &Input) {
        let begins = match input {
            Input::Completion(_) | Input::Phase(_) => true,
            Input::Command(_) => self.resting && self.opens.is_empty(),
            _ => false,
        };
        if begins {
            self.turn(match input {
                Input::Phase(Phase::Pending) => Some("pending".into()),
                Input::Phase(Phase::Closing) => Some("closing".into()),
                Input::Phase(Phase::Timers) => Some(format!("timers, {} ms", self.now)),
                _ => None,
            });
        }
        match input {
            Input::Command(command) => {
                let target = command.target();
                let to = target.map_or(Actor::Program, Actor::Target);
                self.opens.push(to);
                if !is_noise(command) {
                    let text = made_with(command).unwrap_or_else(|| input.to_string());
                    self.arrow(Actor::Program, to, text);
                }
            }
            Input::Completion(completion) => {
                let owner = completion.handle().and_then(|handle| self.owners.get(&handle));
                self.arrow(Actor::System, owner.map_or(Actor::Program, |of| Actor::Target(*of)), input.to_string());
            }
            Input::Advance(now) => self.now = *now,
            Input::Threw => self.arrow(Actor::Program, Actor::Program, input.to_string()),
            Input::Reply(_) | Input::Tick(_) | Input::Phase(_) => {}
        }
    }
}

/// Listeners are seen when they are called.
fn is_noise(command: &Command) -> bool {
    match command {
        Command::On { event, once, prepend, .. } => {
            !once && !prepend && !matches!(event, EventKind::Data | EventKind::Readable)
        }
        Command::Retain(_) | Command::Release(_) | Command::ReleaseServer(_) | Command::Tap(..) => true,
        _ => false,
    }
}

/// The options that are not the usual ones.
fn made_with(command: &Command) -> Option<String> {
    let (what, options) = match command {
        Command::NewSocket(options) => ("new socket", options),
        Command::HandedIn(options, _) => ("socket of a connection", options),
        Command::NewServer(options) if options.pause_on_connect => ("new server pauseOnConnect", &options.socket),
        Command::NewServer(options) => ("new server", &options.socket),
        _ => return None,
    };
    let half_open = if options.allow_half_open { " allowHalfOpen" } else { "" };
    let marks = [
        (" highWaterMark=", options.high_water_mark),
        (" readableHighWaterMark=", options.readable_high_water_mark),
        (" writableHighWaterMark=", options.writable_high_water_mark),
    ];
    let marks = marks.into_iter().filter_map(|(name, mark)| Some(format!("{name}{}", mark?)));
    Some(format!("{what}{half_open}{}", marks.collect::<String>()))
}

/// As text: the lanes' names, then an arrow a line with what it says beside it.
impl fmt::Display for Diagram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let widths: Vec<usize> = self.lanes.iter().map(|name| name.len().max(8) + 2).collect();
        let starts: Vec<usize> = widths.iter().scan(0, |at, width| Some(std::mem::replace(at, *at + width))).collect();
        let total: usize = widths.iter().sum();
        let place = |lane: usize| starts[lane] + widths[lane] / 2 - 1;
        let mut names = String::new();
        for (name, width) in self.lanes.iter().zip(&widths) {
            let _infallible = write!(names, "{name:^width$}", width = *width);
        }
        writeln!(f, "{}", names.trim_end())?;
        let mut bars = vec![b' '; total];
        (0..self.lanes.len()).for_each(|lane| bars[place(lane)] = b'|');
        for row in &self.rows {
            match row {
                Row::Mark(what) => writeln!(f, "{}  ~ {what}", String::from_utf8_lossy(&bars))?,
                Row::Arrow { from, to, text } => {
                    let mut line = bars.clone();
                    let (a, b) = (place(*from), place(*to));
                    match a.cmp(&b) {
                        std::cmp::Ordering::Less => {
                            line[a + 1..b].fill(b'-');
                            line[b - 1] = b'>';
                        }
                        std::cmp::Ordering::Greater => {
                            line[b + 1..a].fill(b'-');
                            line[b + 1] = b'<';
                        }
                        std::cmp::Ordering::Equal => line[a] = b'*',
                    }
                    writeln!(f, "{}  {text}", String::from_utf8_lossy(&line))?;
                }
            }
        }
        self.notes.iter().try_for_each(|note| writeln!(f, "!! {note}"))
    }
}
