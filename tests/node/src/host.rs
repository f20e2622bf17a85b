//! The machine in Node: what stands in place of the core's default host (rule H1).
//!
//! Node owns the loop, the tick queue and the phases. Here is what is left: a machine, the system it runs on, and which
//! JavaScript function an id stands for is known beyond, in `net.js`.

use crate::emit::TAP;
use crate::errors::Errors;
use crate::js::{Env, Thrown, api};
use crate::lists::Lists;
use crate::mail::{Left, Mail};
use crate::record::Trace;
use crate::turns::Loops;
use bytes::Bytes;
use napi_sys::*;
use netfold::System;
use netfold_core::host::Kernel;
use netfold_core::{
    ApiMisuse, Command, Completion, Emit, Event, HandleId, Idle, ListenerId, LookupId, Machine, Op, Outcome, Phase,
    Reply, ServerId, SocketId, Step, Target, TickId,
};
use std::cell::RefCell;
use std::collections::HashSet;
use std::mem::ManuallyDrop;

/// A step with nothing borrowed.
pub(crate) enum Next {
    Emit(Emit),
    Tick,
    Return(Outcome),
    Idle(Idle),
    Released(SocketId),
    /// A server's name is to be resolved.
    Lookup {
        lookup: LookupId,
        host: String,
        family: u8,
        hints: u32,
    },
    /// An option of a handle whose object the user has: it is set by that object's method.
    Option {
        handle: HandleId,
        set: Set,
    },
}

/// An option of a handle.
#[derive(Clone, Copy)]
pub(crate) enum Set {
    NoDelay(bool),
    /// With the delay in seconds.
    KeepAlive(bool, u32),
}

/// What the next turn begins with.
#[derive(Clone)]
pub(crate) enum Turn {
    Complete(Completion),
    Phase(Phase),
}

/// The functions of `net.js` that are called from here.
pub(crate) struct Face {
    pub(crate) ticks: napi_ref,
    pub(crate) emit: napi_ref,
    pub(crate) listener: napi_ref,
    pub(crate) callback: napi_ref,
    pub(crate) connections: napi_ref,
    pub(crate) resolve: napi_ref,
    pub(crate) lookup: napi_ref,
    pub(crate) read: napi_ref,
    pub(crate) released: napi_ref,
    pub(crate) option: napi_ref,
    pub(crate) accepted: napi_ref,
    pub(crate) error: napi_ref,
    /// The function that runs a turn.
    pub(crate) turn: napi_ref,
}

/// What the addon has done, for those who want to see that it did it.
#[derive(Default)]
pub(crate) struct Counters {
    pub(crate) commands: u64,
    pub(crate) steps: u64,
    pub(crate) calls: u64,
    pub(crate) completions: u64,
    pub(crate) phases: u64,
    pub(crate) ticks: u64,
    pub(crate) emits: u64,
}

pub(crate) struct Host {
    pub(crate) machine: Machine,
    pub(crate) kernel: System,
    pub(crate) errors: Errors,
    pub(crate) lists: Lists,
    pub(crate) loops: Loops,
    pub(crate) turn: Option<Turn>,
    /// Emits that have not returned.
    depth: u32,
    /// A step that belongs to the caller of the one that took it.
    stash: Option<Next>,
    /// An emission, by its depth, whose `emit` the user has replaced by a function that does not go on.
    swallowed: Option<usize>,
    /// Handles whose objects the user has.
    pub(crate) watched: HashSet<HandleId>,
    /// A connection is being accepted by a server whose handle's object the user has.
    pub(crate) accepting: bool,
    /// Async contexts of sockets and of servers with handles, by slot.
    contexts: [Vec<Option<napi_async_context>>; 2],
    pub(crate) mail: Mail,
    /// The first listener of the emission that a turn has left to `net.js`, until it is known that no other `emit` stands
    /// before it.
    early: Option<Emit>,
    pub(crate) counters: Counters,
    pub(crate) trace: Option<Trace>,
    /// How many ticks of the machine's have not run, and which one is the newest.
    owed: u64,
    newest: u64,
}

/// Where the machine is when it needs JavaScript, or nothing more.
enum Quiet {
    /// The turn has left an event for `net.js`; its bytes, if they are not in the slab.
    Left(Option<Bytes>),
    /// Nothing is left to do. There may be errors that nobody holds any more.
    Over {
        errors: bool,
    },
    Next(Next),
}

const COMPLETES: &str = "the kernel completes what was asked of it";

thread_local! {
    // Not dropped with the thread: what it holds of JavaScript's goes with the environment, which ends first.
    static HOST: RefCell<ManuallyDrop<Option<Host>>> = const { RefCell::new(ManuallyDrop::new(None)) };
    static FACE: RefCell<Option<Face>> = const { RefCell::new(None) };
}

pub(crate) fn install(host: Host, face: Face) {
    HOST.with_borrow_mut(|place| **place = Some(host));
    FACE.with_borrow_mut(|place| *place = Some(face));
}

/// Whether this thread's environment has its host.
pub(crate) fn is_there() -> bool {
    HOST.with_borrow(|place| place.is_some())
}

/// The host of this thread's environment. JavaScript must not be called meanwhile.
pub(crate) fn host<R>(act: impl FnOnce(&mut Host) -> R) -> R {
    HOST.with_borrow_mut(|place| act(place.as_mut().expect("the module was set up")))
}

/// Drops the host with its environment: its descriptors are closed.
pub(crate) fn remove() {
    FACE.with_borrow_mut(|place| *place = None);
    drop(HOST.with_borrow_mut(|place| place.take()));
}

pub(crate) fn face(which: impl FnOnce(&Face) -> napi_ref) -> napi_ref {
    FACE.with_borrow(|face| which(face.as_ref().expect("the module was set up")))
}

impl Host {
    pub(crate) fn new(machine: Machine, kernel: System, loops: Loops, trace: Option<Trace>, mail: Mail) -> Self {
        Self {
            machine,
            kernel,
            errors: Errors::default(),
            lists: Lists::default(),
            loops,
            turn: None,
            depth: 0,
            stash: None,
            swallowed: None,
            watched: HashSet::new(),
            accepting: false,
            contexts: [Vec::new(), Vec::new()],
            mail,
            early: None,
            counters: Counters::default(),
            trace,
            owed: 0,
            newest: 0,
        }
    }

    /// Goes on as long as no JavaScript is needed. In a turn that `net.js` runs, some of what is for it is left to it.
    fn quietly(&mut self, turn: bool) -> Quiet {
        loop {
            match self.next() {
                Next::Tick => self.mail.tick(),
                Next::Emit(emit) if turn => match self.leave_to_js(emit) {
                    Ok(bytes) => return Quiet::Left(bytes),
                    Err(emit) => return Quiet::Next(Next::Emit(emit)),
                },
                Next::Idle(idle) => {
                    self.settle(idle);
                    return Quiet::Over { errors: !self.errors.is_empty() };
                }
                next => return Quiet::Next(next),
            }
        }
    }

    fn next(&mut self) -> Next {
        if let Some(next) = self.stash.take() {
            return next;
        }
        loop {
            self.counters.steps += 1;
            return match self.machine.step() {
                Step::Emit(emit) => Next::Emit(emit),
                Step::Tick(TickId(id)) => {
                    (self.owed, self.newest) = (self.owed + 1, id);
                    Next::Tick
                }
                Step::Return(outcome) => Next::Return(outcome),
                Step::Idle(idle) => Next::Idle(idle),
                Step::Released(id) => Next::Released(id),
                Step::Call(mut call) => {
                    self.counters.calls += 1;
                    if let Op::Lookup { lookup, host, family, hints } = call.op() {
                        let (host, next) = (host.to_string(), (lookup, family, hints));
                        call.answer(Reply::Pending).expect("a lookup can wait");
                        let (lookup, family, hints) = next;
                        return Next::Lookup { lookup, host, family, hints };
                    }
                    if let Op::Close(handle) | Op::Reset(handle) = call.op() {
                        self.watched.remove(&handle);
                    }
                    let set = match call.op() {
                        Op::NoDelay(handle, on) => Some((handle, Set::NoDelay(on))),
                        Op::KeepAlive(handle, on, delay) => Some((handle, Set::KeepAlive(on, delay))),
                        _ => None,
                    };
                    if let Some((handle, set)) = set
                        && (self.accepting || self.watched.contains(&handle))
                    {
                        call.answer(Reply::Done).expect("an option is done");
                        return Next::Option { handle, set };
                    }
                    let reply = self.kernel.call(&mut call);
                    call.answer(reply).expect("the kernel's reply fits the call");
                    continue;
                }
            };
        }
    }

    /// Whether no JavaScript runs that the machine has called.
    pub(crate) fn is_outermost(&self) -> bool {
        self.depth == 0
    }

    /// Whether no turn is open. One stays open when the environment ends in it.
    pub(crate) fn is_at_rest(&self) -> bool {
        self.depth == 0 && self.stash.is_none()
    }

    fn begin(&mut self, command: Command) -> Result<(), ApiMisuse> {
        self.counters.commands += 1;
        if self.depth == 0 {
            self.tell_time();
        }
        self.machine.begin(command)
    }

    /// Tells the machine the time of Node's timers.
    pub(crate) fn tell_time(&mut self) {
        let now = self.loops.now();
        if now > self.machine.core().now() {
            self.machine.advance(now).expect("nothing runs");
        }
    }

    /// Begins the oldest tick that has not run.
    pub(crate) fn begin_tick(&mut self) -> Result<(), ApiMisuse> {
        self.counters.ticks += 1;
        self.tell_time();
        self.machine.tick(TickId((self.newest + 1).saturating_sub(self.owed)))?;
        self.owed -= 1;
        Ok(())
    }

    /// Begins the turn that is due. Ticks may be owed after a failure of code that is none of the machine's: it is told.
    pub(crate) fn begin_turn(&mut self, turn: Turn) {
        self.tell_time();
        if self.owed > 0 {
            match self.try_turn(turn.clone()) {
                Err(ApiMisuse::TicksOwed(_)) => {
                    self.machine.threw().expect("nothing runs");
                    while !matches!(self.next(), Next::Idle(_)) {}
                }
                other => return other.expect(COMPLETES),
            }
        }
        self.try_turn(turn).expect(COMPLETES);
    }

    /// Begins a turn as far as no JavaScript is needed. If it has left something for `net.js`, its bytes that are not in the
    /// slab; what else it has come to waits for `run_turn`.
    pub(crate) fn begin_early(&mut self, turn: Turn, slab_is_there: bool) -> Option<Bytes> {
        self.begin_turn(turn);
        self.mail.trust(slab_is_there);
        match self.quietly(true) {
            Quiet::Left(bytes) => bytes,
            Quiet::Over { .. } => {
                self.mail.leave(Left::Nothing);
                None
            }
            Quiet::Next(next) => {
                self.stash = Some(next);
                self.mail.leave(Left::Turn);
                None
            }
        }
    }

    fn try_turn(&mut self, turn: Turn) -> Result<(), ApiMisuse> {
        match turn {
            Turn::Complete(completion) => self.machine.complete(completion),
            Turn::Phase(phase) => self.machine.phase(phase),
        }
    }

    /// The async context that a completion's turn runs in.
    pub(crate) fn context_of(&self, turn: &Turn) -> Option<napi_async_context> {
        let core = self.machine.core();
        let handle = match turn {
            Turn::Complete(completion) => completion.handle()?,
            Turn::Phase(phase) => core.next_of_phase(*phase)?,
        };
        let (table, slot) = place(core.owner_of(handle)?);
        *self.contexts[table].get(slot)?
    }

    pub(crate) fn enter(&mut self, target: Target, context: napi_async_context) -> Option<napi_async_context> {
        let (table, slot) = place(target);
        let contexts = &mut self.contexts[table];
        if contexts.len() <= slot {
            contexts.resize(slot + 1, None);
        }
        contexts[slot].replace(context)
    }

    pub(crate) fn leave(&mut self, target: Target) -> Option<napi_async_context> {
        let (table, slot) = place(target);
        self.contexts[table].get_mut(slot)?.take()
    }
}

/// Which table a socket or server stands in, and where.
fn place(target: Target) -> (usize, usize) {
    match target {
        Target::Socket(socket) => (0, socket.slot() as usize),
        Target::Server(server) => (1, server.slot() as usize),
    }
}

/// Runs a user's call. The turn of code that Node called ends with Node's own; what the machine owes after the outermost
/// call is made known to the loop at once.
pub(crate) fn command(env: Env, command: Command) -> Result<Outcome, Thrown> {
    let (first, outermost) = host(|h| (h.begin(command).map(|()| h.quietly(false)), h.is_outermost()));
    let first = first.map_err(|misuse| Some(env.misuse(&misuse.to_string())))?;
    let outcome = go_on(env, first, None, false);
    if outermost {
        go(env)?;
    }
    match outcome? {
        Come::Return(outcome) => Ok(outcome),
        _ => Err(None),
    }
}

/// Runs a tick.
pub(crate) fn tick(env: Env) -> Result<(), Thrown> {
    let first = host(|h| h.begin_tick().map(|()| h.quietly(false)));
    let first = first.map_err(|misuse| Some(env.misuse(&misuse.to_string())))?;
    go_on(env, first, None, false).map(drop)
}

/// What `go` has come to.
enum Come {
    Return(Outcome),
    Idle,
    /// The turn has left an event for `net.js`; its bytes, if they are not in the slab.
    Left(napi_value),
}

/// Goes on until the innermost call returns or nothing is left to do.
pub(crate) fn go(env: Env) -> Result<(), Thrown> {
    go_on(env, host(|h| h.quietly(false)), None, false).map(drop)
}

/// Goes on in a turn that `net.js` runs, until it is over or has left something to be run: the bytes that come with it.
pub(crate) fn go_in_turn(
    env: Env,
    thrown: Option<Thrown>,
    before: impl FnOnce(&mut Host),
) -> Result<napi_value, Thrown> {
    let first = host(|h| {
        before(h);
        h.mail.trust(true);
        h.mail.leave(Left::Nothing);
        h.quietly(thrown.is_none())
    });
    match go_on(env, first, thrown, true)? {
        Come::Left(bytes) => Ok(bytes),
        _ => Ok(std::ptr::null_mut()),
    }
}

/// The listener that was left has returned, or was not called, since the user's `emit` did not go on.
pub(crate) fn went_on(env: Env) -> Result<napi_value, Thrown> {
    go_in_turn(env, None, |h| {
        h.depth -= 1;
        h.early = None;
        if h.mail.passed_over() {
            h.swallow();
        }
    })
}

/// The listener that was left has failed.
pub(crate) fn failed(env: Env, error: napi_value) -> Result<napi_value, Thrown> {
    go_in_turn(env, Some(Some(error)), |h| {
        h.depth -= 1;
        h.threw();
    })
}

fn go_on(env: Env, first: Quiet, mut thrown: Option<Thrown>, turn: bool) -> Result<Come, Thrown> {
    let mut at = first;
    loop {
        let next = match at {
            Quiet::Left(bytes) => {
                return Ok(Come::Left(bytes.map_or(std::ptr::null_mut(), |bytes| env.buffer(&bytes))));
            }
            Quiet::Over { errors } => {
                if errors {
                    env.forget_errors();
                }
                return match thrown {
                    Some(what) => Err(what),
                    None => Ok(Come::Idle),
                };
            }
            Quiet::Next(next) => next,
        };
        match next {
            Next::Emit(emit) => {
                if let Err(what) = run(env, emit) {
                    thrown = Some(what);
                    host(Host::threw);
                }
            }
            Next::Return(outcome) => {
                return match thrown {
                    Some(what) => Err(what),
                    None => Ok(Come::Return(outcome)),
                };
            }
            other => {
                if let Err(what) = aside(env, other) {
                    thrown.get_or_insert(what);
                }
            }
        }
        at = host(|h| h.quietly(turn && thrown.is_none()));
    }
}

/// What a step asks for that is no user code.
fn aside(env: Env, next: Next) -> Result<(), Thrown> {
    match next {
        Next::Tick => {
            host(|h| h.mail.tick());
            Ok(())
        }
        Next::Released(socket) => {
            if let Some(context) = host(|h| h.leave(Target::Socket(socket))) {
                api!(napi_async_destroy(env.0, context));
            }
            env.call(face(|f| f.released), &[env.int(socket.slot())]).map(drop)
        }
        Next::Lookup { lookup, host, family, hints } => {
            let args = [
                env.number(pack(lookup.slot(), lookup.generation())),
                env.text(&host),
                env.int(u32::from(family)),
                env.int(hints),
            ];
            env.call(face(|f| f.lookup), &args).map(drop)
        }
        Next::Option { handle, set } => {
            let (on, delay) = match set {
                Set::NoDelay(on) => (on, env.undefined()),
                Set::KeepAlive(on, delay) => (on, env.int(delay)),
            };
            let owner = host(|h| h.machine.core().owner_of(handle));
            let slot = match owner {
                Some(Target::Socket(socket)) => env.int(socket.slot()),
                _ => env.undefined(),
            };
            let handle = env.number(pack(handle.slot(), handle.generation()));
            env.call(face(|f| f.option), &[slot, handle, env.bool(on), delay]).map(drop)
        }
        Next::Emit(_) | Next::Return(_) | Next::Idle(_) => unreachable!("handled where it belongs"),
    }
}

/// Runs a piece of user code.
fn run(env: Env, emit: Emit) -> Result<(), Thrown> {
    host(|h| {
        h.depth += 1;
        h.counters.emits += 1;
    });
    let ran = crate::emit::emit(env, emit);
    host(|h| h.depth -= 1);
    ran
}

impl Host {
    /// User code has failed.
    fn threw(&mut self) {
        (self.stash, self.early) = (None, None);
        self.machine.threw().expect("user code ran");
    }

    /// Leaves 'data', or the next listener of it, to `net.js`, which calls it on its way back here. The machine is at the
    /// listener then: nothing of its own stands between the tap and the first listener of 'data'. Bytes that are not in
    /// the slab are returned.
    fn leave_to_js(&mut self, emit: Emit) -> Result<Option<Bytes>, Emit> {
        if self.depth > 0 {
            return Err(emit);
        }
        match emit {
            Emit::Listener { target: Target::Socket(id), listener: TAP, event: Event::Data(bytes), .. }
                if self.machine.core().emission_rest() > 0 =>
            {
                self.emission_begins();
                let (first, listener) = match self.next() {
                    Next::Emit(first @ Emit::Listener { listener: ListenerId(id), .. }) => (first, id),
                    _ => unreachable!("data is heard by listeners alone, and one is left"),
                };
                self.depth += 1;
                self.counters.emits += 2;
                self.early = Some(first);
                self.mail.name(id.slot(), listener);
                self.mail.leave(Left::Data);
                Ok(if self.mail.copy(&bytes) { None } else { Some(bytes) })
            }
            Emit::Listener { listener: ListenerId(listener), event: Event::Data(_), .. }
                if ListenerId(listener) != TAP && !self.is_swallowed() =>
            {
                self.depth += 1;
                self.counters.emits += 1;
                self.mail.leave_listener(listener);
                Ok(None)
            }
            emit => Err(emit),
        }
    }

    /// What the machine's innermost emission still holds, if this listener belongs to one that is to be passed over.
    pub(crate) fn is_swallowed(&mut self) -> bool {
        let depth = self.machine.core().emissions();
        match self.swallowed {
            Some(at) if depth >= at => depth == at,
            _ => {
                self.swallowed = None;
                false
            }
        }
    }

    /// An emission begins: what was passed over was another one.
    pub(crate) fn emission_begins(&mut self) {
        let depth = self.machine.core().emissions();
        self.swallowed = self.swallowed.filter(|at| *at < depth);
    }

    pub(crate) fn swallow(&mut self) {
        let depth = self.machine.core().emissions();
        if self.machine.core().emission_rest() > 0 {
            self.swallowed = Some(depth);
        }
    }
}

/// The rest of the emission whose tap runs: the part of `emit` that comes after what a user put before it. Whether
/// anybody heard it.
pub(crate) fn emit_rest(env: Env, unheard: bool) -> Result<bool, Thrown> {
    let depth = host(|h| h.machine.core().emissions());
    let mut heard = false;
    let mut unheard = unheard;
    if let Some(first) = host(|h| h.early.take_if(|_| h.depth == 1)) {
        heard = true;
        run(env, first)?;
    }
    loop {
        let over = host(|h| {
            let core = h.machine.core();
            h.stash.is_some() || core.emissions() < depth || (core.emissions() == depth && core.emission_rest() == 0)
        });
        if over && !unheard {
            return Ok(heard);
        }
        unheard = false;
        match host(Host::next) {
            Next::Emit(emit) => {
                let ours = host(|h| h.machine.core().emissions() >= depth) || matches!(emit, Emit::Unhandled { .. });
                if !ours {
                    host(|h| h.stash = Some(Next::Emit(emit)));
                    return Ok(heard);
                }
                heard = true;
                run(env, emit)?;
            }
            next @ (Next::Return(_) | Next::Idle(_)) => {
                host(|h| h.stash = Some(next));
                return Ok(heard);
            }
            other => aside(env, other)?,
        }
    }
}

/// An id as one number of JavaScript's: the slot in the low 21 bits.
pub(crate) fn pack(slot: u32, generation: u32) -> f64 {
    f64::from(generation) * SLOTS + f64::from(slot)
}

const SLOTS: f64 = (1u32 << 21) as f64;

fn unpack(packed: f64) -> (u32, u32) {
    let generation = (packed / SLOTS).floor();
    ((packed - generation * SLOTS) as u32, generation as u32)
}

pub(crate) fn socket_id(packed: f64) -> SocketId {
    let (slot, generation) = unpack(packed);
    SocketId::from_parts(slot, generation)
}

pub(crate) fn handle_id(packed: f64) -> HandleId {
    let (slot, generation) = unpack(packed);
    HandleId::from_parts(slot, generation)
}

pub(crate) fn server_id(packed: f64) -> ServerId {
    let (slot, generation) = unpack(packed);
    ServerId::from_parts(slot, generation)
}

pub(crate) fn lookup_id(packed: f64) -> LookupId {
    let (slot, generation) = unpack(packed);
    LookupId::from_parts(slot, generation)
}
