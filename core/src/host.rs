//! The default host: the tick queue, the order of turns and phases, and the loop over them (rules T1 to T10).
//!
//! The driver runs it over real system calls, the simulated world over its own. A host with an event loop and a tick
//! queue of its own (Node's, say) drives the [`Machine`] by hand instead.

use crate::call::{Completion, Reply};
use crate::command::{Command, Outcome};
use crate::error::ApiMisuse;
use crate::id::{HandleId, SocketId, TickId};
use crate::machine::Machine;
use crate::step::{Call, Emit, Idle, Phase, Step};
use alloc::collections::VecDeque;
use core::fmt;

/// What the machine runs on: system calls, or a world that stands for them.
pub trait Kernel {
    /// Why waiting can fail for good.
    type Error;

    /// Answers a call, at once. A reply that the operation cannot have is a bug of the kernel's and panics.
    fn call(&mut self, call: &mut Call<'_>) -> Reply;

    /// A monotonic clock, in milliseconds.
    fn now(&mut self) -> u64;

    /// Waits until something happened or `timeout` milliseconds have passed; `None` waits for as long as it takes.
    fn wait(&mut self, timeout: Option<u64>) -> Result<(), Self::Error>;

    /// The next completion of what the last [`wait`](Kernel::wait) brought. It is asked for again after each turn, so a
    /// [`ReadStop`](crate::Op::ReadStop) stops the very next read.
    fn next(&mut self) -> Option<Completion>;

    /// The handles that [`next`](Kernel::next) will probably name, one after the other, of what the last
    /// [`wait`](Kernel::wait) brought, so that the loop can look at what is kept of them before their turns (see
    /// [`App::warm`]); all are `None` before. What the kernel itself keeps of them it may look at here, for the same reason.
    /// Only a hint: a kernel that gives none is a little slower with many connections.
    fn ahead(&self, _handles: &mut [Option<HandleId>]) {}
}

/// A program on the machine: the loop's view of it.
pub trait App: Sized {
    /// What it runs on.
    type Kernel: Kernel;
    /// A piece of user code that waits for its tick or immediate.
    type Task;
    /// What a listener that fails leaves behind.
    type Thrown;

    /// The parts of it that the loop works on.
    fn parts(&mut self) -> Parts<'_, Self::Kernel, Self::Task>;

    /// Runs a piece of user code that the machine asks for.
    fn emit(&mut self, emit: Emit) -> Result<(), Self::Thrown>;

    /// Runs a piece of user code that waited.
    fn task(&mut self, task: Self::Task) -> Result<(), Self::Thrown>;

    /// Takes what other threads have posted, each to be a turn of its own.
    fn posted(&mut self) -> Option<Self::Task>;

    /// Whether something that the machine does not know of may yet come: another thread can still post. Without it, and
    /// with nothing that keeps the machine [alive](crate::Core::alive), no wait takes time.
    fn expects(&self) -> bool {
        false
    }

    /// A socket is gone for good.
    fn released(&mut self, socket: SocketId);

    /// Is told what the loop does next, for logs.
    fn watch(&mut self, _next: Next<'_>) {}

    /// Is told how a call was answered, for logs.
    fn answered(_call: &Call<'_>, _reply: Reply) {}

    /// Listeners of these sockets are about to run: to look at them now, at all of them together, brings what is kept of
    /// them into the processor's caches. It has no other effect.
    fn warm(&self, _sockets: &[Option<SocketId>]) {}

    /// The kernel cannot wait any more.
    fn broken(&mut self, error: <Self::Kernel as Kernel>::Error) -> Self::Thrown;
}

/// What a loop does next.
#[derive(Clone, Copy, Debug)]
pub enum Next<'a> {
    /// A turn begins: of what another thread has posted.
    Posted,
    /// A turn begins: of this completion.
    Completion(&'a Completion),
    /// A turn begins: one of this phase.
    Phase(Phase),
    /// A turn begins: of an immediate.
    Immediate,
    /// The turns are over; it polls.
    Poll,
}

impl fmt::Display for Next<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Next::Posted => f.write_str("post"),
            Next::Completion(completion) => completion.fmt(f),
            Next::Phase(phase) => phase.fmt(f),
            Next::Immediate => f.write_str("immediate"),
            Next::Poll => f.write_str("poll"),
        }
    }
}

/// What the loop works on.
#[derive(Debug)]
pub struct Parts<'a, K, T> {
    /// The machine.
    pub machine: &'a mut Machine,
    /// What it runs on.
    pub kernel: &'a mut K,
    /// The loop's own state.
    pub lane: &'a mut Lane<T>,
}

#[derive(Debug)]
enum Entry<T> {
    Core(TickId),
    User(T),
}

/// Where the loop stands between two polls. Kept, so that a loop that was left because a listener failed goes on there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Timers that are due before the first poll; whether one of them failed, so that ticks wait for the last.
    First(bool),
    /// What was fed since the last poll's pending rounds; whether its batch was left, by a failure or a stop.
    Fed(bool),
    Poll,
    Completions,
    /// Rounds that are left; whether the batch of one was left.
    Pending(u8, bool),
    /// The ticks that waited come before the immediates; whether they were run, down to one that failed perhaps.
    Check(bool),
    /// So many immediates of this round are left; whether the one before them failed.
    Immediates(usize, bool),
    /// Whether its batch was left.
    Closing(bool),
    /// As [`First`](Stage::First), after closing.
    Timers(bool),
}

/// How often the pending phase runs after one poll (libuv's number): what is fed meanwhile waits for the next poll.
const PENDING_ROUNDS: u8 = 8;

/// The loop's state: the nextTick queue, the immediates, and where it stands.
#[derive(Debug)]
pub struct Lane<T> {
    ticks: VecDeque<Entry<T>>,
    /// Without a task: one that a failure leaves, so that ticks that wait do not wait for long.
    immediates: VecDeque<Option<T>>,
    stage: Stage,
    place: Place,
    stopped: bool,
    /// A listener failed: the ticks wait for the end of the next turn (rule T10).
    ticks_wait: bool,
}

/// Which turn and which tick is running, counted from 0: the main program is turn 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Place {
    /// Turns begun.
    pub turn: u64,
    /// Ticks begun, in all.
    pub tick: u64,
    /// Whether a tick is running, not the turn itself.
    pub in_tick: bool,
}

impl<T> Default for Lane<T> {
    fn default() -> Self {
        Self {
            ticks: VecDeque::new(),
            immediates: VecDeque::new(),
            stage: Stage::First(false),
            place: Place::default(),
            stopped: false,
            ticks_wait: false,
        }
    }
}

impl<T> Lane<T> {
    /// `process.nextTick(task)`
    pub fn next_tick(&mut self, task: T) {
        self.ticks.push_back(Entry::User(task));
    }

    /// `setImmediate(task)`
    pub fn set_immediate(&mut self, task: T) {
        self.immediates.push_back(Some(task));
    }

    /// Which turn and tick is running.
    pub const fn place(&self) -> Place {
        self.place
    }

    /// Leaves the loop after the running turn and its ticks.
    pub fn stop(&mut self) {
        self.stopped = true;
    }

    /// When the loop must be run again even if nothing happens: at once (`Some(0)`), at a time of the kernel's clock,
    /// or not at all; with what the machine [owes](crate::Core::idle) now.
    pub fn deadline(&self, idle: Idle) -> Option<u64> {
        let owed = !self.ticks.is_empty()
            || !self.immediates.is_empty()
            || idle.pending > 0
            || idle.closing > 0
            || !matches!(self.stage, Stage::First(_) | Stage::Fed(false) | Stage::Poll);
        if owed { Some(0) } else { idle.deadline }
    }

    /// Where the loop stands, as the table in the project's `spec/states/loop.md` names it.
    pub const fn stage(&self) -> &'static str {
        match self.stage {
            Stage::First(_) => "first",
            Stage::Fed(_) => "fed",
            Stage::Poll => "poll",
            Stage::Completions => "completions",
            Stage::Pending(..) => "pending",
            Stage::Check(_) => "check",
            Stage::Immediates(..) => "immediates",
            Stage::Closing(_) => "closing",
            Stage::Timers(_) => "timers",
        }
    }

    fn has_tasks(&self) -> bool {
        !self.ticks.is_empty() || !self.immediates.is_empty()
    }

    fn begin_turn(&mut self) {
        self.place.turn += 1;
        self.place.in_tick = false;
    }
}

/// How a [`dispatch`] left the loop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Around {
    /// Something keeps it alive: go around again.
    Alive,
    /// Nothing keeps it alive.
    Done,
    /// [`Lane::stop`] was called.
    Stopped,
}

/// What a misuse of the machine by this host would be: a bug here, not the program's.
const HOST: &str = "the default host keeps the protocol";

/// Gives a command to the machine and runs it to its end.
///
/// `Err` when a listener that ran inside it failed; [`ApiMisuse`] for ids that the machine never gave out.
pub fn command<A: App>(app: &mut A, command: Command) -> Result<Result<Outcome, A::Thrown>, ApiMisuse> {
    let mut outcome = Outcome::Unit;
    Ok(command_into(app, command, &mut outcome)?.map(|()| outcome))
}

/// As [`command`], where the outcome is wanted in a place of the caller's, which is [`Outcome::Unit`] before: on its way through
/// several hands it would be moved by each, and most of them are a byte.
pub fn command_into<A: App>(
    app: &mut A,
    command: Command,
    outcome: &mut Outcome,
) -> Result<Result<(), A::Thrown>, ApiMisuse> {
    app.parts().machine.begin(command)?;
    Ok(go(app, Some(outcome)))
}

/// Ends the turn of code that ran outside the loop (the main program, first of all) and runs its ticks, unless they wait
/// because a listener failed.
pub fn end_turn<A: App>(app: &mut A) -> Result<(), A::Thrown> {
    finish(app)?;
    if app.parts().lane.ticks_wait { Ok(()) } else { drain(app) }
}

/// Steps until the turn or tick is over.
#[inline]
fn finish<A: App>(app: &mut A) -> Result<(), A::Thrown> {
    go(app, None)
}

/// Steps until the innermost command returns, which says what, or the turn is over.
fn go<A: App>(app: &mut A, returned: Option<&mut Outcome>) -> Result<(), A::Thrown> {
    let mut thrown = None;
    loop {
        let Parts { machine, kernel, lane } = app.parts();
        match machine.step() {
            Step::Call(mut call) => {
                let reply = kernel.call(&mut call);
                A::answered(&call, reply);
                call.answer(reply).expect("the kernel's reply fits the call");
            }
            Step::Tick(id) => lane.ticks.push_back(Entry::Core(id)),
            Step::Emit(emit) => {
                if let Err(what) = app.emit(emit) {
                    thrown = Some(what);
                    app.parts().machine.threw().expect(HOST);
                }
            }
            Step::Return(outcome) => {
                if thrown.is_none() {
                    put(outcome, returned.expect("only a command returns"));
                }
                return thrown.map_or(Ok(()), Err);
            }
            Step::Idle(_) => return thrown.map_or(Ok(()), Err),
            Step::Released(socket) => app.released(socket),
        }
    }
}

/// In as few bytes as there are.
#[inline(always)]
fn put(outcome: Outcome, into: &mut Outcome) {
    match outcome {
        Outcome::Unit => {}
        Outcome::Bool(yes) => *into = Outcome::Bool(yes),
        outcome => *into = outcome,
    }
}

/// Runs ticks, the machine's and the user's in one order, until there are none (rule T2).
fn drain<A: App>(app: &mut A) -> Result<(), A::Thrown> {
    app.parts().lane.ticks_wait = false;
    loop {
        let Parts { machine, lane, .. } = app.parts();
        let Some(entry) = lane.ticks.pop_front() else { return Ok(()) };
        lane.place.tick += 1;
        lane.place.in_tick = true;
        match entry {
            Entry::Core(id) => {
                machine.tick(id).expect(HOST);
                finish(app)?;
            }
            Entry::User(task) => user(app, task)?,
        }
    }
}

/// Runs user code as, or within, a turn.
fn user<A: App>(app: &mut A, task: A::Task) -> Result<(), A::Thrown> {
    let ran = app.task(task);
    if ran.is_err() {
        app.parts().machine.threw().expect(HOST);
    }
    finish(app)?;
    ran
}

/// One turn that has been begun on the machine, with its ticks.
fn turn<A: App>(app: &mut A) -> Result<(), A::Thrown> {
    app.parts().lane.begin_turn();
    finish(app)?;
    let Parts { machine, lane, .. } = app.parts();
    if lane.ticks_wait && machine.core().is_hollow() {
        return Ok(());
    }
    drain(app)
}

/// Once around: what was fed, poll, completions, pending, immediates, closing, timers (rule T3). Waits at most `timeout`
/// milliseconds, or for as long as it takes; not at all while something is owed, nor when nothing would end the wait.
///
/// After an `Err` (a listener failed) the next call goes on where this one was left; ticks that were queued run after
/// the next turn, as Node does it.
pub fn dispatch<A: App>(app: &mut A, timeout: Option<u64>) -> Result<Around, A::Thrown> {
    let around = go_around(app, timeout);
    if around.is_err() {
        failed(app);
    }
    around
}

/// A failure leaves the loop: ticks wait (rule T10), and there is an immediate, as Node makes one.
fn failed<A: App>(app: &mut A) {
    let lane = app.parts().lane;
    lane.ticks_wait = true;
    lane.immediates.push_back(None);
}

fn go_around<A: App>(app: &mut A, timeout: Option<u64>) -> Result<Around, A::Thrown> {
    loop {
        match app.parts().lane.stage {
            Stage::First(failed) => {
                let Parts { machine, kernel, .. } = app.parts();
                machine.advance(kernel.now()).expect(HOST);
                timers(app, failed, Stage::First)?;
                app.parts().lane.stage = Stage::Fed(false);
            }
            Stage::Fed(left) => {
                // What a failure put off waits for the end of a turn, also over the next poll (rule T10).
                if !left && !app.parts().lane.ticks_wait {
                    drain(app)?;
                }
                if batch(app, Phase::Pending, left, Stage::Fed)? {
                    app.parts().lane.stage = Stage::Poll;
                }
            }
            Stage::Poll => {
                poll(app, timeout)?;
                app.parts().lane.stage = Stage::Completions;
            }
            Stage::Completions => {
                completions(app)?;
                app.parts().lane.stage = Stage::Pending(PENDING_ROUNDS, false);
            }
            Stage::Pending(rounds, left) => {
                let more = left || app.parts().machine.core().idle().pending > 0;
                if batch(app, Phase::Pending, left, |left| Stage::Pending(rounds, left))? {
                    let again = more && rounds > 1;
                    app.parts().lane.stage =
                        if again { Stage::Pending(rounds - 1, false) } else { Stage::Check(false) };
                }
            }
            Stage::Check(false) => {
                // One of them that fails puts the others off until the first immediate is over.
                app.parts().lane.stage = Stage::Check(true);
                drain(app)?;
            }
            Stage::Check(true) => {
                let Parts { lane, .. } = app.parts();
                lane.stage = Stage::Immediates(lane.immediates.len(), false);
            }
            Stage::Immediates(left, failed) => {
                immediates(app, left, failed)?;
                app.parts().lane.stage = Stage::Closing(false);
            }
            Stage::Closing(left) => {
                if batch(app, Phase::Closing, left, Stage::Closing)? {
                    let Parts { machine, kernel, lane } = app.parts();
                    machine.advance(kernel.now()).expect(HOST);
                    lane.stage = Stage::Timers(false);
                }
            }
            Stage::Timers(failed) => {
                timers(app, failed, Stage::Timers)?;
                let Parts { machine, lane, .. } = app.parts();
                lane.stage = Stage::Fed(false);
                let alive = machine.core().alive() || lane.has_tasks();
                return Ok(if alive { Around::Alive } else { Around::Done });
            }
        }
        let Parts { lane, .. } = app.parts();
        if core::mem::take(&mut lane.stopped) {
            return Ok(Around::Stopped);
        }
    }
}

fn poll<A: App>(app: &mut A, timeout: Option<u64>) -> Result<(), A::Thrown> {
    app.watch(Next::Poll);
    let Parts { machine, kernel, lane } = app.parts();
    let due = lane.deadline(machine.core().idle()).map(|at| at.saturating_sub(kernel.now()));
    // What ran before this, in the same round, may have been the last that there was.
    let over = timeout.is_none() && !machine.core().alive() && !lane.has_tasks();
    let timeout = match (due, timeout) {
        (Some(due), Some(given)) => Some(due.min(given)),
        (due, given) => due.or(given),
    };
    let timeout = if over && !app.expects() { Some(0) } else { timeout };
    let Parts { machine, kernel, .. } = app.parts();
    let waited = kernel.wait(timeout);
    machine.advance(kernel.now()).expect(HOST);
    waited.map_err(|error| app.broken(error))
}

fn completions<A: App>(app: &mut A) -> Result<(), A::Thrown> {
    while !app.parts().lane.stopped
        && let Some(task) = app.posted()
    {
        app.watch(Next::Posted);
        app.parts().lane.begin_turn();
        user(app, task)?;
        drain(app)?;
    }
    let mut warm = 0;
    loop {
        if warm == 0 {
            look_ahead(app);
            warm = AHEAD;
        }
        warm -= 1;
        let Parts { kernel, lane, .. } = app.parts();
        if lane.stopped {
            return Ok(());
        }
        let Some(completion) = kernel.next() else { return Ok(()) };
        app.watch(Next::Completion(&completion));
        let Parts { machine, .. } = app.parts();
        machine.complete(completion).expect("the kernel completes what was asked of it");
        turn(app)?;
    }
}

/// How many completions are looked ahead: what is kept of so many connections finds room in the nearest cache.
const AHEAD: usize = 32;

/// With no more sockets than this all that is kept of them is near anyway.
const NEAR: usize = 500;

/// Looks at what the next turns are about. With many connections nothing of one is in the caches when its turn comes, and a
/// turn waits for one thing after the other, as each is found by the one before it. Those of several turns together take
/// hardly longer than those of one.
fn look_ahead<A: App>(app: &mut A) {
    let Parts { machine, kernel, .. } = app.parts();
    if machine.core().sockets.len() > NEAR {
        let mut handles = [None; AHEAD];
        kernel.ahead(&mut handles);
        if handles[1].is_some() {
            let sockets = machine.core().warm(handles);
            app.warm(&sockets);
        }
    }
}

/// What there is of a phase when it begins, each a turn; whether it is over. One that was left goes on with what is left of
/// it: what came to the phase meanwhile waits for the next time.
fn batch<A: App>(app: &mut A, phase: Phase, left: bool, stage: impl Fn(bool) -> Stage) -> Result<bool, A::Thrown> {
    let idle = app.parts().machine.core().idle();
    let there = if phase == Phase::Pending { idle.pending } else { idle.closing };
    let mut turns = if left { idle.batch } else { there };
    while turns > 0 {
        let Parts { machine, lane, .. } = app.parts();
        if lane.stopped {
            return Ok(false);
        }
        lane.stage = stage(true);
        machine.phase(phase).expect(HOST);
        app.watch(Next::Phase(phase));
        turn(app)?;
        turns = app.parts().machine.core().idle().batch;
    }
    Ok(true)
}

/// The immediates that there were when the round began. One that fails costs the others nothing; if it was the last, those
/// that it made itself come in the same phase.
fn immediates<A: App>(app: &mut A, left: usize, failed: bool) -> Result<(), A::Thrown> {
    let Parts { lane, .. } = app.parts();
    let mut left = if left == 0 && failed { lane.immediates.len() } else { left };
    let mut ran = failed;
    while left > 0 {
        let Parts { lane, .. } = app.parts();
        let Some(task) = lane.immediates.pop_front() else { break };
        left -= 1;
        ran = true;
        lane.stage = Stage::Immediates(left, true);
        app.watch(Next::Immediate);
        app.parts().lane.begin_turn();
        if let Some(task) = task {
            user(app, task)?;
        }
        if left > 0 {
            drain(app)?;
        }
    }
    if ran {
        // The ticks of the last one stand outside the round: what fails there puts its fellows off further.
        app.parts().lane.stage = Stage::Closing(false);
        drain(app)?;
    }
    Ok(())
}

/// The timers that are due, each a turn. One that fails costs the others nothing; the ticks then wait for the last.
fn timers<A: App>(app: &mut A, failed: bool, stage: fn(bool) -> Stage) -> Result<(), A::Thrown> {
    let mut ran = failed;
    while is_timer_due(app) {
        ran = true;
        let Parts { machine, lane, .. } = app.parts();
        lane.stage = stage(true);
        machine.phase(Phase::Timers).expect(HOST);
        app.watch(Next::Phase(Phase::Timers));
        app.parts().lane.begin_turn();
        finish(app)?;
        if is_timer_due(app) {
            drain(app)?;
        }
    }
    if ran {
        app.parts().lane.stage = stage(false);
        drain(app)?;
    }
    Ok(())
}

fn is_timer_due<A: App>(app: &mut A) -> bool {
    let core = app.parts().machine.core();
    core.idle().deadline.is_some_and(|at| at <= core.now())
}
