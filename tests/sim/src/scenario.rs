//! A run as a scenario: a program in the language of `spec/scenarios`, which Node runs too.
//!
//! What the program did is put where it did it: into the listener, the callback, the timer. What the system did is not in it,
//! so that a scenario shows on real sockets what does not hang on the system's whims.

use crate::kind::Finished;
use netfold::core::trace::{Input, Replayer, Trace};
use netfold::core::{
    CallbackId, Command, ConnectTo, Emit, Event, EventKind, ListenOn, ListenerId, Outcome, ServerId, SocketOptions,
    Step, Target, TimerId,
};
use std::collections::BTreeMap;

/// Timers that are longer are the program's own end and no part of what it shows, in milliseconds.
const LONGEST: u64 = 1_000;

/// Where a step stands.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Start,
    /// The emission of that number.
    On(String, EventKind, u32),
    Listener(String),
    Callback(String),
    Task(String),
}

/// Who is in the middle of what.
#[derive(Debug)]
enum Open {
    /// A command, with the place where it began and whether a timer is to come of it.
    Command(Place, Option<u64>),
    Emit(Place),
}

/// The program of a run, as the text of a scenario that shows `rule`.
///
/// ```
/// use netfold_sim::{Chooser, Kind, scenario};
///
/// let text = scenario(&Kind::Program.run(&Chooser::calm()), "W13 drain");
/// assert!(text.starts_with("# W13 drain\nrules W13\nserver s1\n"), "{text}");
/// ```
pub fn scenario(finished: &Finished, rule: &str) -> String {
    let mut writer = Writer::default();
    for (machine, (_, trace)) in finished.traces.iter().enumerate() {
        writer.machine(machine, trace);
    }
    writer.text(rule)
}

#[derive(Debug, Default)]
struct Writer {
    machine: usize,
    head: Vec<String>,
    names: BTreeMap<(usize, Target), String>,
    watches: BTreeMap<String, Vec<EventKind>>,
    blocks: Vec<(Place, Vec<String>)>,
    listeners: BTreeMap<(usize, Target, EventKind, ListenerId), String>,
    /// How often a listener ran.
    runs: BTreeMap<(usize, Target, EventKind, ListenerId), u32>,
    timers: BTreeMap<(usize, TimerId), String>,
    opens: Vec<Open>,
    /// The machine was told something by the system, so that this is not the main program.
    later: bool,
    /// The task that stands for user code outside of listeners, until the machine goes on.
    task: Option<String>,
    /// Where user code ran last.
    last: Option<Place>,
    counts: BTreeMap<char, u32>,
}

impl Writer {
    fn name(&mut self, letter: char) -> String {
        let count = self.counts.entry(letter).or_default();
        *count += 1;
        format!("{letter}{count}")
    }

    fn machine(&mut self, machine: usize, trace: &[u8]) {
        let Ok(trace) = Trace::parse(trace.to_vec()) else { return };
        (self.machine, self.later, self.task, self.last) = (machine, false, None, None);
        self.opens.clear();
        let mut replayer = Replayer::new(&trace);
        while let Ok(Some(record)) = replayer.next(|step| self.step(step)) {
            match record.input {
                Input::Command(command) => self.command(command),
                Input::Threw => drop(self.opens.pop()),
                Input::Reply(_) | Input::Advance(_) => {}
                Input::Completion(_) | Input::Tick(_) | Input::Phase(_) => (self.later, self.task) = (true, None),
            }
        }
    }

    fn step(&mut self, step: &Step<'_>) {
        if matches!(self.opens.last(), Some(Open::Emit(_))) {
            self.opens.pop();
        }
        match step {
            Step::Emit(emit) => {
                let place = self.emitted(emit);
                self.last = Some(place.clone());
                self.opens.push(Open::Emit(place));
            }
            Step::Return(outcome) => {
                let Some(Open::Command(place, ms)) = self.opens.pop() else { return };
                match (outcome, ms) {
                    (Outcome::Timer(id), Some(ms)) => {
                        let name = self.name('t');
                        self.timers.insert((self.machine, *id), name.clone());
                        if ms <= LONGEST {
                            self.add(&place, format!("timer {name} {ms}"));
                        }
                    }
                    (Outcome::Socket(id), _) => self.made((*id).into()),
                    (Outcome::Server(id), _) => self.made((*id).into()),
                    _ => {}
                }
            }
            Step::Idle(_) => self.opens.clear(),
            Step::Call(_) | Step::Tick(_) | Step::Released(_) => {}
        }
    }

    /// The actor whose line was written last is this one.
    fn made(&mut self, target: Target) {
        if let Some(name) = self.head.last().and_then(|line| line.split(' ').nth(1)) {
            let name = name.to_string();
            self.names.insert((self.machine, target), name);
        }
    }

    fn emitted(&mut self, emit: &Emit) -> Place {
        match emit {
            Emit::Listener { target, listener, event, .. } => {
                if let (Event::Connection(socket), Target::Server(server)) = (event, *target) {
                    self.accepted(server, (*socket).into());
                }
                let key = (self.machine, *target, event.kind(), *listener);
                let runs = self.runs.entry(key).or_default();
                *runs += 1;
                match (self.listeners.get(&key), self.names.get(&(self.machine, *target))) {
                    (Some(name), _) => Place::Listener(name.clone()),
                    (None, Some(name)) => Place::On(name.clone(), event.kind(), *runs),
                    (None, None) => Place::Start,
                }
            }
            Emit::Callback { callback, .. } | Emit::Connections { callback, .. } => {
                Place::Callback(called(self.machine, *callback))
            }
            Emit::Timer { timer, .. } => {
                let name = self.timers.get(&(self.machine, *timer));
                name.map_or(Place::Start, |name| Place::Task(name.clone()))
            }
            Emit::Resolve { .. } | Emit::Read { .. } | Emit::Unhandled { .. } => Place::Start,
        }
    }

    fn accepted(&mut self, server: ServerId, socket: Target) {
        let key = (self.machine, socket);
        if self.names.contains_key(&key) {
            return;
        }
        let Some(of) = self.names.get(&(self.machine, server.into())).cloned() else { return };
        let name = self.name('p');
        self.head.push(format!("peer {name} of {of}"));
        self.names.insert(key, name);
    }

    /// Where user code is that begins a command now.
    fn place(&mut self) -> Place {
        let emitted = self.opens.iter().rev().find_map(|open| match open {
            Open::Emit(place) => Some(place.clone()),
            Open::Command(..) => None,
        });
        if let Some(place) = emitted {
            return place;
        }
        if !self.later {
            return Place::Start;
        }
        let name = match &self.task {
            Some(name) => name.clone(),
            None => {
                let name = self.name('i');
                let last = self.last.clone().unwrap_or(Place::Start);
                self.add(&last, format!("immediate {name}"));
                self.task = Some(name.clone());
                name
            }
        };
        let place = Place::Task(name);
        self.last = Some(place.clone());
        place
    }

    fn add(&mut self, place: &Place, step: String) {
        match self.blocks.iter_mut().find(|(known, _)| known == place) {
            Some((_, steps)) => steps.push(step),
            None => self.blocks.push((place.clone(), vec![step])),
        }
    }

    fn command(&mut self, command: Command) {
        if let Command::On { target, event, once: false, prepend: false, .. } = &command
            && self.watches_first(*target, *event)
        {
            self.opens.push(Open::Command(Place::Start, None));
            return;
        }
        let place = self.place();
        let ms = match &command {
            Command::StartTimer { ms, .. } => Some(*ms as u64),
            _ => None,
        };
        match &command {
            Command::NewSocket(options) => {
                let name = self.name('c');
                self.head.push(format!("socket {name}{}", words(options, false)));
            }
            Command::NewServer(options) => {
                let name = self.name('s');
                self.head.push(format!("server {name}{}", words(&options.socket, options.pause_on_connect)));
            }
            Command::HandedIn(options, _) => self.handed_in(options),
            Command::On { target, event, listener, once, prepend } => {
                self.listens(&place, *target, *event, *listener, (*once, *prepend));
            }
            Command::Off { target, event, listener } => {
                let known = self.listeners.get(&(self.machine, *target, *event, *listener)).cloned();
                if let (Some(listener), Some(name)) = (known, self.names.get(&(self.machine, *target))) {
                    let step = format!("{name} off {listener}");
                    self.add(&place, step);
                }
            }
            _ => {
                let name = command.target().and_then(|target| self.names.get(&(self.machine, target))).cloned();
                if let (Some(name), Some(verb)) = (name, verb(&command, self.machine, self.head.first())) {
                    self.add(&place, format!("{name} {verb}"));
                }
            }
        }
        self.opens.push(Open::Command(place, ms));
    }

    /// The two ends of a connection that was there from the beginning: in a scenario it is made.
    fn handed_in(&mut self, options: &SocketOptions) {
        if self.machine == 0 {
            self.head.push(format!("server s1{}", words(options, false)));
            self.add(&Place::Start, "s1 listen".into());
            self.add(&Place::On("s1".into(), EventKind::Listening, 1), "c1 connect s1".into());
            self.head.push(format!("socket c1{}", words(options, false)));
            self.last = Some(Place::On("c1".into(), EventKind::Connect, 1));
        } else {
            self.head.push("peer p1 of s1".into());
            self.last = Some(Place::On("s1".into(), EventKind::Connection, 1));
        }
        self.later = true;
    }

    /// Whether this listener is one of a `watch` line, or the executor's own, that names peers: then it is no step.
    fn watches_first(&mut self, target: Target, event: EventKind) -> bool {
        let Some(actor) = self.names.get(&(self.machine, target)) else { return false };
        let watched = self.watches.entry(actor.clone()).or_default();
        let new = event != EventKind::Connection && !watched.contains(&event);
        if new {
            watched.push(event);
        }
        new || event == EventKind::Connection
    }

    fn listens(&mut self, place: &Place, target: Target, event: EventKind, id: ListenerId, how: (bool, bool)) {
        let Some(actor) = self.names.get(&(self.machine, target)).cloned() else { return };
        let listener = self.name('l');
        self.listeners.insert((self.machine, target, event, id), listener.clone());
        let verb = match how {
            (false, false) => "on",
            (true, false) => "once",
            (false, true) => "prepend",
            (true, true) => "prependOnce",
        };
        self.add(place, format!("{actor} {verb} {listener}"));
        self.blocks.push((Place::Listener(listener), vec![format!("@{actor} {}", event.name())]));
    }

    fn text(mut self, rule: &str) -> String {
        self.drop_what_never_runs();
        let mut text = format!("# {rule}\n");
        let number = rule.split(' ').next().unwrap_or("");
        let mut letters = number.chars();
        let is_rule = letters.next().is_some_and(|c| c.is_ascii_uppercase());
        if is_rule && number.len() > 1 && letters.all(|c| c.is_ascii_digit()) {
            text.push_str(&format!("rules {number}\n"));
        }
        // A server stands before its peers.
        let order = ["server ", "socket ", "peer "];
        for word in order {
            let lines = self.head.iter().filter(|line| line.starts_with(word));
            lines.for_each(|line| text.push_str(&format!("{line}\n")));
        }
        for (actor, events) in &self.watches {
            let names: String = events.iter().map(|event| format!(" {}", event.name())).collect();
            text.push_str(&format!("watch {actor}{names}\n"));
        }
        text.push('\n');
        if !self.blocks.iter().any(|(place, _)| *place == Place::Start) {
            text.push_str("start:\n");
        }
        for (place, steps) in &self.blocks {
            let (of, steps) = match steps.first().and_then(|step| step.strip_prefix('@')) {
                Some(of) => (of, &steps[1..]),
                None => ("", &steps[..]),
            };
            text.push_str(&match place {
                Place::Start => "start:\n".to_string(),
                Place::On(actor, event, 1) if *event == EventKind::Listening => format!("on {actor} listening:\n"),
                Place::On(actor, event, number) => format!("on {actor} {} {number}:\n", event.name()),
                Place::Listener(name) => format!("listener {name} {of}:\n"),
                Place::Callback(name) => format!("cb {name}:\n"),
                Place::Task(name) => format!("task {name}:\n"),
            });
            steps.iter().for_each(|step| text.push_str(&format!("  {step}\n")));
        }
        text
    }

    /// A task that nobody begins does nothing, and one that has no steps need not begin.
    fn drop_what_never_runs(&mut self) {
        loop {
            let steps: Vec<String> = self.blocks.iter().flat_map(|(_, steps)| steps.clone()).collect();
            let begun = |name: &str| {
                let is = |step: &String| {
                    let mut words = step.split(' ');
                    matches!(words.next(), Some("timer" | "immediate")) && words.next() == Some(name)
                };
                steps.iter().any(is)
            };
            let tasks: Vec<String> = self.blocks.iter().filter_map(|(place, _)| task_of(place)).collect();
            let before = steps.len();
            self.blocks.retain(|(place, _)| task_of(place).is_none_or(|name| begun(&name)));
            for (_, steps) in &mut self.blocks {
                steps.retain(|step| {
                    let mut words = step.split(' ');
                    let begins = matches!(words.next(), Some("timer" | "immediate"));
                    !begins || words.next().is_some_and(|name| tasks.iter().any(|task| task == name))
                });
            }
            self.blocks.retain(|(place, steps)| !steps.is_empty() || *place == Place::Start);
            if self.blocks.iter().map(|(_, steps)| steps.len()).sum::<usize>() == before {
                return;
            }
        }
    }
}

fn task_of(place: &Place) -> Option<String> {
    match place {
        Place::Task(name) => Some(name.clone()),
        _ => None,
    }
}

/// The name of a callback: the numbers are each machine's own.
fn called(machine: usize, callback: CallbackId) -> String {
    match machine {
        0 => format!("k{}", callback.0),
        _ => format!("k{machine}x{}", callback.0),
    }
}

fn words(options: &SocketOptions, pause_on_connect: bool) -> String {
    let mut words = String::new();
    if options.allow_half_open {
        words.push_str(" allowHalfOpen");
    }
    if pause_on_connect {
        words.push_str(" pauseOnConnect");
    }
    if let Some(mark) = options.high_water_mark {
        words.push_str(&format!(" highWaterMark={mark}"));
    }
    words
}

/// A command in the language's words, without the actor.
fn verb(command: &Command, machine: usize, server: Option<&String>) -> Option<String> {
    let cb =
        |callback: &Option<CallbackId>| callback.map_or(String::new(), |of| format!(" cb={}", called(machine, of)));
    Some(match command {
        Command::Connect(_, ConnectTo::Host(_) | ConnectTo::Path(_)) => {
            format!("connect {}", server.and_then(|line| line.split(' ').nth(1)).unwrap_or("refused"))
        }
        Command::Write(_, chunk, callback) => format!("write {}{}", chunk.bytes.len(), cb(callback)),
        Command::End(_, None, callback) => format!("end{}", cb(callback)),
        Command::End(_, Some(chunk), callback) => format!("end {}{}", chunk.bytes.len(), cb(callback)),
        Command::Destroy(_, error) => if error.is_some() { "destroy error" } else { "destroy" }.into(),
        Command::DestroySoon(_) => "destroySoon".into(),
        Command::ResetAndDestroy(_) => "reset".into(),
        Command::Pause(_) => "pause".into(),
        Command::Resume(_) => "resume".into(),
        Command::Cork(_) => "cork".into(),
        Command::Uncork(_) => "uncork".into(),
        Command::Read(_, None) => "read".into(),
        Command::Read(_, Some(n)) => format!("read {n}"),
        Command::SetTimeout(_, ms) => format!("setTimeout {ms}"),
        Command::SetNoDelay(_, on) => if *on { "setNoDelay" } else { "setNoDelay false" }.into(),
        Command::Ref(_, on) | Command::RefServer(_, on) => if *on { "ref" } else { "unref" }.into(),
        Command::RemoveAll(_, None) => "removeAll".into(),
        Command::RemoveAll(_, Some(event)) => format!("removeAll {}", event.name()),
        Command::Listen(_, ListenOn::Path { .. }) | Command::ListenWith(_, ListenOn::Path { .. }, _) => {
            "listen path".into()
        }
        Command::Listen(..) | Command::ListenWith(..) => "listen".into(),
        Command::CloseServer(..) => "close".into(),
        Command::GetConnections(_, callback) => format!("getConnections cb={}", called(machine, *callback)),
        Command::SetMaxConnections(_, n) => format!("maxConnections {n}"),
        _ => return None,
    })
}
