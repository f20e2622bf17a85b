//! A program on netfold: its state, its rounds, and when it is over.

use super::journal::Journal;
use super::listeners::make_actors;
use super::program::*;
use super::rare::Given;
use super::steps::{Thrown, run_block};
use super::targets::Paths;
use super::teardown::close_all;
use crate::error_text;
use netfold::{AbortController, CallbackId, Host, Limits, ListenerId, Net, NetError, Server, Socket, System};
use std::cell::Cell;
use std::rc::Rc;

/// Rounds without an entry after which a program is quiet.
const QUIET_ROUNDS: u32 = 12;
/// So many rounds without an entry in a row are counted.
const COUNTED_SILENCE: u32 = 4;
/// Rounds that were counted, at most.
const MOST_ROUNDS: u32 = 2_000;
/// A program's time, in milliseconds.
const MOST_TIME: u64 = 5_000;
/// A timer's time over this is not waited for, in milliseconds.
const LONGEST_WAIT: u32 = 1_000;
/// How long one of several addresses may take, in milliseconds.
const ATTEMPT_TIME: u32 = 250;
/// What is added to the longest time of a program, in milliseconds.
const TIMER_SLACK: u64 = 25;
/// How long nothing may move before a program is quiet whose writes wait for the other party, in milliseconds: the kernel
/// itself may be late to pass on what it has taken.
const WRITE_SLACK: u64 = 25;
/// A round that takes this part of the shortest time of a program tells of the machine, not of the program.
const STALL_PART: u64 = 4;
/// The name of the signal that is aborted from the beginning.
const ABORTED: &str = "aborted";
/// Emissions of 'data' of one socket within each other, at most.
const NESTED_EMISSIONS: usize = 16;
/// As many steps as a program has: but for `nest`, which shows the bound, none nests deeper.
const LIMITS: Limits = Limits { depth: 400, ..Limits::DEFAULT };

thread_local! {
    static ROUND: Cell<u32> = const { Cell::new(0) };
}

/// The round of the program that runs on this thread: for a host that wants to know when it was asked something.
pub fn round_now() -> u32 {
    ROUND.get()
}

/// What an actor is while the program runs.
#[derive(Clone, Copy, Debug)]
pub(super) enum Who {
    Socket(Socket),
    Server(Server),
}

/// An actor while the program runs.
#[derive(Debug, Default)]
pub(super) struct Cast {
    pub(super) who: Option<Who>,
    /// How far the pattern of what it writes has come.
    pub(super) written: u32,
    /// Whether its handle, if it has one, is of a path.
    pub(super) on_path: bool,
    pub(super) max_connections: Option<i64>,
    /// The descriptor that it was given to listen on.
    pub(super) given: Option<Given>,
    /// The events of the listeners of the file that are still on it.
    pub(super) listens: Vec<netfold::EventKind>,
    pub(super) heard: Heard,
}

/// What the listeners of 'data' of an actor got.
#[derive(Debug, Default)]
pub(super) struct Heard {
    /// How many emissions.
    pub(super) count: u32,
    /// The newest of them, kept so that no other can have the same place in memory.
    newest: Vec<netfold::Event>,
}

impl Heard {
    /// Whether this is of an emission that no listener heard before.
    pub(super) fn is_new(&mut self, event: &netfold::Event) -> bool {
        if self.newest.iter().any(|known| place_of(known) == place_of(event)) {
            return false;
        }
        self.newest.truncate(NESTED_EMISSIONS - 1);
        self.newest.insert(0, event.clone());
        self.count += 1;
        true
    }
}

/// Where the data of an event lies: all listeners of an emission get the same.
fn place_of(event: &netfold::Event) -> Option<(*const u8, usize)> {
    let bytes: &[u8] = match event {
        netfold::Event::Data(bytes) => bytes,
        netfold::Event::Text(text) => text.as_bytes(),
        _ => return None,
    };
    Some((bytes.as_ptr(), bytes.len()))
}

/// Which function a listener is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Function {
    Block(usize),
    Callback(Name),
}

/// A listener that a step added, in the order in which the emitter has them.
#[derive(Debug)]
pub(super) struct Added {
    pub(super) actor: usize,
    pub(super) event: netfold::EventKind,
    pub(super) function: Function,
    pub(super) token: u32,
    pub(super) id: ListenerId,
}

/// A running program.
#[derive(Debug)]
pub struct State {
    pub(super) program: Rc<Program>,
    pub(super) journal: Journal,
    pub(super) cast: Vec<Cast>,
    /// How often the steps of each part ran.
    pub(super) runs: Vec<u32>,
    /// How often the listener of each part was called.
    pub(super) calls: Vec<u32>,
    pub(super) steps: u32,
    pub(super) callbacks: Vec<(usize, Name, CallbackId)>,
    pub(super) added: Vec<Added>,
    pub(super) signals: Vec<(Name, Rc<AbortController>)>,
    pub(super) paths: Paths,
    /// Sockets that were accepted and have no name.
    pub(super) strays: Vec<Socket>,
    pace: Pace,
}

/// How far the rounds have come.
#[derive(Debug)]
struct Pace {
    /// Rounds without an entry.
    silent: u32,
    /// The same, but begun anew by a `quiet` block.
    waited: u32,
    /// When there was something last, in milliseconds of the loop's time.
    since: u64,
    began: u64,
    /// How long the program may be silent before it is quiet, in milliseconds.
    settle: u64,
    /// When the last round was, in milliseconds of the loop's time.
    last: u64,
    /// The longest time between two rounds, in milliseconds.
    longest_round: u64,
    /// How many bytes its sockets had read.
    bytes_read: u64,
    /// Whether so long nothing was logged. The rounds are counted again from then on: after a stall timers are late.
    settled: bool,
    /// The next part to look at for a `quiet` block.
    next_quiet: usize,
    /// Why it was ended.
    note: Option<String>,
}

impl State {
    fn new(program: &Program) -> Self {
        let parts = program.parts.len();
        let pace = Pace {
            silent: 0,
            waited: 0,
            since: 0,
            began: 0,
            settle: longest_time(program).map_or(0, |ms| u64::from(ms) + TIMER_SLACK),
            last: 0,
            longest_round: 0,
            bytes_read: 0,
            settled: false,
            next_quiet: 0,
            note: None,
        };
        Self {
            journal: Journal::new(program.actors.iter().map(|actor| actor.name.as_str())),
            cast: program.actors.iter().map(|_| Cast::default()).collect(),
            runs: vec![0; parts],
            calls: vec![0; parts],
            steps: 0,
            callbacks: Vec::new(),
            added: Vec::new(),
            signals: Vec::new(),
            paths: Paths::default(),
            strays: Vec::new(),
            pace,
            program: Rc::new(program.clone()),
        }
    }

    /// The actor of this name.
    pub(super) fn actor(&self, name: &str) -> usize {
        let found = self.program.actors.iter().position(|actor| actor.name == name);
        found.unwrap_or_else(|| panic!("the program has no actor {name}"))
    }

    /// The block of this head, if there is one.
    pub(super) fn block(&self, is: impl Fn(&Trigger) -> bool) -> Option<usize> {
        self.program.parts.iter().position(|part| matches!(part, Part::Block(trigger, _) if is(trigger)))
    }

    fn signal(&mut self, name: &str) -> Rc<AbortController> {
        if let Some((_, known)) = self.signals.iter().find(|(known, _)| known == name) {
            return known.clone();
        }
        let made = Rc::new(AbortController::new());
        self.signals.push((name.into(), made.clone()));
        made
    }
}

/// The controller of the signal of this name. That of `aborted` is aborted before anybody has it.
pub(super) fn controller<H: Host>(net: &mut Net<State, H>, name: &str) -> Rc<AbortController> {
    let found = net.state.signal(name);
    if name == ABORTED {
        found.abort(net);
    }
    found
}

/// The longest time of a program that is waited for, in milliseconds.
fn longest_time(program: &Program) -> Option<u32> {
    times(program).into_iter().max()
}

/// The times of a program that are waited for, in milliseconds.
fn times(program: &Program) -> Vec<u32> {
    let steps = program.parts.iter().flat_map(|part| match part {
        Part::Block(_, steps) => steps.as_slice(),
        Part::Watch(..) => &[],
    });
    let times = steps.map(|step| match step {
        Step::Timer(_, ms) | Step::Do(_, Verb::SetTimeout(ms, _)) => vec![*ms],
        Step::Do(_, Verb::Connect(_, options, _)) => options.iter().filter_map(time_of).collect(),
        _ => Vec::new(),
    });
    times.flatten().filter(|ms| *ms <= LONGEST_WAIT).collect()
}

const fn time_of(option: &ConnectOption) -> Option<u32> {
    match option {
        ConnectOption::Timeout(ms) => Some(*ms),
        ConnectOption::AutoSelectFamily(true) => Some(ATTEMPT_TIME),
        _ => None,
    }
}

/// Logs an entry of an actor in the running segment.
pub(super) fn log<H: Host>(net: &mut Net<State, H>, actor: usize, entry: &str) {
    let place = net.place();
    net.state.journal.log(actor, place, entry);
}

/// What came of a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ran {
    /// Its log.
    pub log: String,
    /// It has timers, and the machine stood still for so long that they may have been late: another log than usual tells of
    /// the machine then.
    pub stalled: bool,
}

/// Runs a program on the sockets of this machine; its log.
pub fn run(program: &Program) -> String {
    watch(program).log
}

/// As [`run`], with how it went.
pub fn watch(program: &Program) -> Ran {
    watch_on(System::new().expect("descriptors are to be had"), program)
}

/// As [`run`], on a host of the caller's.
pub fn run_on<H: Host>(host: H, program: &Program) -> String {
    watch_on(host, program).log
}

fn watch_on<H: Host>(host: H, program: &Program) -> Ran {
    ROUND.set(0);
    let mut net = Net::with_host(State::new(program), host, LIMITS);
    net.set_immediate(start);
    while let Err(error) = net.run() {
        let own = net.state.journal.own();
        match error {
            NetError::Unhandled(unhandled) => {
                log(&mut net, own, &format!("uncaught {}", error_text(Some(&unhandled.error))));
            }
            NetError::Panicked(panicked) => match panicked.into_payload().downcast::<Thrown>() {
                Ok(_) => log(&mut net, own, &format!("uncaught {Thrown}")),
                Err(payload) => std::panic::resume_unwind(payload),
            },
            error => panic!("the loop ended: {error}"),
        }
    }
    let left = close_all(&mut net);
    let journal = std::mem::replace(&mut net.state.journal, Journal::new([].into_iter()));
    let paths = std::mem::take(&mut net.state.paths);
    let note = net.state.pace.note.take().or(left);
    let longest_round = net.state.pace.longest_round;
    drop(net);
    let mut text = journal.text(paths.known());
    if let Some(note) = note {
        text.push_str(&format!("!! {note}\n"));
    }
    let shortest = times(program).into_iter().filter(|ms| *ms > 0).min();
    Ran { log: text, stalled: shortest.is_some_and(|ms| longest_round * STALL_PART >= u64::from(ms)) }
}

/// Whether the program is over: its steps do nothing any more.
pub(super) fn is_over<H: Host>(net: &Net<State, H>) -> bool {
    net.state.journal.is_closed()
}

fn start<H: Host>(net: &mut Net<State, H>) {
    net.set_immediate(round);
    net.state.pace.began = net.now();
    net.state.pace.since = net.now();
    net.state.pace.last = net.now();
    make_actors(net);
    if let Some(block) = net.state.block(|trigger| *trigger == Trigger::Start) {
        run_block(net, block);
    }
}

/// What to do between two rounds.
enum Next {
    Go,
    Quiet(usize),
    Over(Option<&'static str>),
}

fn round<H: Host>(net: &mut Net<State, H>) {
    if is_over(net) {
        return;
    }
    net.set_immediate(round);
    let now = net.now();
    let traffic = traffic(net);
    match net.state.count_round(now, traffic) {
        Next::Go => {}
        Next::Quiet(block) => run_block(net, block),
        Next::Over(note) => {
            net.state.pace.note = note.map(String::from);
            net.state.journal.close();
            net.stop();
        }
    }
}

/// What moves without an entry.
struct Traffic {
    /// What the sockets of a program have read, in bytes.
    bytes_read: u64,
    /// Something that was written waits for the other party.
    blocked: bool,
}

fn traffic<H: Host>(net: &Net<State, H>) -> Traffic {
    let mut traffic = Traffic { bytes_read: 0, blocked: false };
    let named = net.state.cast.iter().filter_map(|cast| match cast.who {
        Some(Who::Socket(socket)) => Some(socket),
        _ => None,
    });
    for view in named.chain(net.state.strays.iter().copied()).filter_map(|socket| socket.view(net)) {
        traffic.bytes_read += view.bytes_read();
        traffic.blocked |=
            view.writable_length() > 0 && view.writable_corked() == 0 && !view.connecting() && !view.destroyed();
    }
    traffic
}

impl State {
    fn count_round(&mut self, now: u64, traffic: Traffic) -> Next {
        let pace = &mut self.pace;
        pace.longest_round = pace.longest_round.max(now.saturating_sub(pace.last));
        pace.last = now;
        if self.journal.take_fresh() {
            (pace.silent, pace.waited, pace.since) = (0, 0, now);
            pace.settled = false;
        } else {
            pace.silent += 1;
            pace.waited += 1;
        }
        if std::mem::replace(&mut pace.bytes_read, traffic.bytes_read) != traffic.bytes_read {
            (pace.waited, pace.since, pace.settled) = (0, now, false);
        }
        if pace.silent <= COUNTED_SILENCE {
            self.journal.round += 1;
        }
        ROUND.set(self.journal.round);
        if self.journal.round >= MOST_ROUNDS {
            return Next::Over(Some("too many rounds"));
        }
        if now.saturating_sub(pace.began) > MOST_TIME {
            return Next::Over(Some("time limit"));
        }
        if !pace.settled && pace.settle > 0 && now.saturating_sub(pace.since) >= pace.settle {
            (pace.settled, pace.waited) = (true, 0);
        }
        let blocked = traffic.blocked && now.saturating_sub(pace.since) < WRITE_SLACK;
        if pace.waited < QUIET_ROUNDS || (pace.settle > 0 && !pace.settled) || blocked {
            return Next::Go;
        }
        (pace.waited, pace.since, pace.settled) = (0, now, false);
        let quiet = |part: &Part| matches!(part, Part::Block(Trigger::Quiet, _));
        match self.program.parts.iter().skip(pace.next_quiet).position(quiet) {
            Some(at) => {
                let block = pace.next_quiet + at;
                pace.next_quiet = block + 1;
                Next::Quiet(block)
            }
            None => Next::Over(None),
        }
    }
}
