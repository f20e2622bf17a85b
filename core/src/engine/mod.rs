//! The engine: the verbs a host drives the machine with, and the one place where the machine goes forward.

mod asked;
mod begin;
mod completions;
mod emit;
pub(crate) mod frame;
mod handles;
mod key;
mod peek;
mod phases;
mod run;
mod tell;

pub(crate) use handles::{Handle, Owner};
pub(crate) use tell::Witness;

use crate::call::{Completion, Reply};
use crate::command::Outcome;
use crate::errno::LookupCode;
use crate::error::{ApiMisuse, NodeError, SharedError};
use crate::id::{Arena, HandleId, Id, Known, LookupId, ServerId, SocketId, TickId};
use crate::limits::Limits;
use crate::queue::Queue;
use crate::server::Server;
use crate::socket::{Attempts, Socket};
use crate::stack::{Slot, Stack};
use crate::step::{Emit, Idle, Phase, Step};
use crate::timers::{TimerKey, Timers};
use alloc::boxed::Box;
use alloc::collections::{BTreeMap, VecDeque};
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use bytes::Bytes;
use frame::{Asked, Copies, Emission, Fed, Flow, Frame, Job, Yield};

/// Whose turn it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Mode {
    /// Nothing is running.
    Idle,
    /// The machine is in the middle of something: only `step` goes on.
    Running,
    /// A piece of user code runs.
    User,
    /// A command has returned; the user code that gave it, outside of any emit, goes on.
    Returned,
}

/// What the host has not been told yet, a bit for each kind: it follows from what is kept, and is looked at before each frame.
#[derive(Clone, Copy, Debug, Default)]
struct News(u8);

impl News {
    const TICKS: u8 = 1;
    const CALL: u8 = 2;
    const RELEASED: u8 = 4;
    const EMIT: u8 = 8;

    const fn any(self) -> bool {
        self.0 != 0
    }

    const fn has(self, kind: u8) -> bool {
        self.0 & kind != 0
    }

    const fn add(&mut self, kind: u8) {
        self.0 |= kind;
    }

    const fn told(&mut self, kind: u8) {
        self.0 &= !kind;
    }
}

/// A command that has begun and not returned: what lay on the stacks when it began.
#[derive(Clone, Debug)]
struct Open {
    frames: u32,
    emissions: u32,
    copies: u32,
    outcome: Outcome,
    /// It was given inside an emit: after the return that piece of user code goes on.
    within: bool,
}

impl Slot for Open {
    const EMPTY: Self = Open { frames: 0, emissions: 0, copies: 0, outcome: Outcome::Unit, within: false };

    #[inline]
    fn take(&mut self) -> Self {
        let Open { frames, emissions, copies, within, .. } = *self;
        Open { frames, emissions, copies, within, outcome: core::mem::replace(&mut self.outcome, Outcome::Unit) }
    }
}

/// Why a lookup gave no address.
#[derive(Clone, Debug)]
pub(crate) enum Refusal {
    Code(LookupCode),
    /// An error of the user's own.
    Error(SharedError),
}

impl Refusal {
    /// The error that is emitted.
    pub(crate) fn into_error(self, hostname: &str) -> SharedError {
        match self {
            Refusal::Code(code) => Arc::new(NodeError::Lookup { code, hostname: String::from(hostname) }),
            Refusal::Error(error) => error,
        }
    }
}

/// Who waits for a lookup.
#[derive(Clone, Debug)]
pub(crate) enum LookupFor {
    Socket(SocketId, Box<crate::socket::Target>),
    Server { server: ServerId, attempt: u32, host: String },
}

#[derive(Clone, Debug)]
pub(crate) struct Lookup {
    pub(crate) purpose: LookupFor,
    /// The user's own function answers, by a command.
    pub(crate) custom: bool,
}

/// What a timer is for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum TimerFor {
    IdleSocket(SocketId),
    /// One of several attempts to connect.
    Attempt(HandleId),
    User(crate::id::TimerId),
}

#[derive(Clone, Debug)]
pub(crate) struct UserTimer {
    pub(crate) key: Option<TimerKey>,
    pub(crate) duration: u32,
    pub(crate) repeat: bool,
    pub(crate) refd: bool,
}

/// The machine: every socket and server of one event loop.
///
/// A plain value. It can be cloned between any two steps, and the clone goes on as the original would.
#[derive(Clone, Debug)]
pub struct Core {
    pub(crate) limits: Limits,
    pub(crate) now: u64,
    pub(crate) sockets: Arena<Socket>,
    pub(crate) servers: Arena<Server>,
    pub(crate) handles: Arena<Handle>,
    pub(crate) lookups: Arena<Lookup>,
    /// How many of the lookups user code answers: these keep nothing alive.
    pub(crate) custom_lookups: usize,
    pub(crate) user_timers: Arena<UserTimer>,
    /// The attempts under way of names with several addresses.
    pub(crate) attempts: BTreeMap<HandleId, Box<Attempts>>,
    pub(crate) timers: Timers<TimerFor>,
    /// What keeps the loop alive, counted: referenced handles that read or listen, and requests under way.
    live: u32,
    timers_refd: u32,

    mode: Mode,
    pub(crate) frames: Stack<Frame>,
    emissions: Vec<Emission>,
    copies: Copies,
    opens: Stack<Open>,
    /// How many frames lie below the innermost open command: when no more are left it is over.
    floor: usize,
    /// What the host has not been told yet.
    news: News,
    stash: Option<Emit>,
    released: VecDeque<SocketId>,

    asked: Option<Asked>,
    pub(crate) reply: Option<Reply>,
    pub(crate) wire: Vec<Bytes>,
    pub(crate) scratch: String,
    /// What a decoder gave last, in UTF-16 units: a trace has it in place of the bytes.
    pub(crate) decoded: Option<u32>,

    jobs: Queue<Job>,
    first_tick: u64,
    announced: u64,
    /// A listener threw: what is queued may wait for the end of the next turn (rule T10).
    ticks_may_wait: bool,
    internals: u32,

    fed: VecDeque<Fed>,
    closing: Vec<HandleId>,
    closing_batch: Vec<HandleId>,
    /// The turn that began last is none in Node: nothing is called.
    hollow: bool,
    /// What is left of the batch of the phase that runs.
    batch: u32,
    /// How many of what was fed are left of the pending phase's batch: 0 when another phase runs.
    fed_batch: u32,
    to_release: Vec<SocketId>,
    #[cfg(netfold_bugs)]
    pub(crate) bug: Option<crate::bugs::Bug>,
}

impl Default for Core {
    fn default() -> Self {
        Self::new(Limits::DEFAULT)
    }
}

impl Core {
    /// A machine with nothing in it, its clock at 0 ms.
    pub fn new(mut limits: Limits) -> Self {
        limits.depth = limits.depth.max(Limits::LEAST_DEPTH);
        Self {
            limits,
            now: 0,
            sockets: Arena::new(),
            servers: Arena::new(),
            handles: Arena::new(),
            lookups: Arena::new(),
            custom_lookups: 0,
            user_timers: Arena::new(),
            attempts: BTreeMap::new(),
            timers: Timers::new(),
            live: 0,
            timers_refd: 0,
            mode: Mode::Idle,
            frames: Stack::new(),
            emissions: Vec::new(),
            copies: Vec::new(),
            opens: Stack::new(),
            floor: 0,
            news: News::default(),
            stash: None,
            released: VecDeque::new(),
            asked: None,
            reply: None,
            wire: Vec::new(),
            scratch: String::new(),
            decoded: None,
            jobs: Queue::new(),
            first_tick: 0,
            announced: 0,
            ticks_may_wait: false,
            internals: 0,
            fed: VecDeque::new(),
            closing: Vec::new(),
            closing_batch: Vec::new(),
            hollow: false,
            batch: 0,
            fed_batch: 0,
            to_release: Vec::new(),
            #[cfg(netfold_bugs)]
            bug: crate::bugs::next(),
        }
    }

    /// User code failed: the listener that the last [`Step::Emit`] asked for, or a task or tick of the host's own. What
    /// the machine still meant to do in this call, or in this turn if no call is open, is dropped (rule T9); the call
    /// returns [`Outcome::ListenerThrew`]. Ticks that are owed may now wait for the end of the next turn (rule T10).
    pub fn threw(&mut self) -> Result<(), ApiMisuse> {
        #[cfg(netfold_bugs)]
        crate::bugs::enter(self.bug);
        if self.mode == Mode::Running {
            return Err(ApiMisuse::NotYourTurn);
        }
        let (frames, emissions, copies) = match self.opens.last_mut() {
            Some(open) => {
                open.outcome = Outcome::ListenerThrew;
                (open.frames, open.emissions, open.copies)
            }
            None => {
                // Those that user code schedules between this and the next turn as well.
                self.ticks_may_wait = true;
                (0, 0, 0)
            }
        };
        let (frames, emissions, copies) = (frames as usize, emissions as usize, copies as usize);
        let held = self.frames.take_first(frames, |frame| matches!(frame, Frame::AcceptRefuse(_)));
        self.frames.truncate(frames);
        if let Some(held) = held {
            self.push(held);
        }
        self.emissions.truncate(emissions);
        self.copies.truncate(copies);
        self.mode = Mode::Running;
        Ok(())
    }

    /// An awaited operation of the driver's ended, or something came in. One completion is one turn.
    ///
    /// One for a handle or lookup that is closed meanwhile is ignored.
    #[inline]
    pub fn complete(&mut self, completion: Completion) -> Result<(), ApiMisuse> {
        match completion {
            Completion::Read(handle, bytes) => self.complete_read(handle, bytes),
            completion => self.complete_else(completion),
        }
    }

    fn complete_read(&mut self, handle: HandleId, bytes: Bytes) -> Result<(), ApiMisuse> {
        #[cfg(netfold_bugs)]
        crate::bugs::enter(self.bug);
        self.turn_may_start()?;
        if !self.to_release.is_empty() {
            self.sweep();
        }
        match self.read_straight(handle, bytes) {
            Ok(_told_by_the_next_step) => {
                self.hollow = false;
                self.start_turn();
                Ok(())
            }
            Err(bytes) => self.complete_else(Completion::Read(handle, bytes)),
        }
    }

    fn complete_else(&mut self, completion: Completion) -> Result<(), ApiMisuse> {
        #[cfg(netfold_bugs)]
        crate::bugs::enter(self.bug);
        self.turn_may_start()?;
        if !self.to_release.is_empty() {
            self.sweep();
        }
        self.hollow = false;
        let _told_by_the_next_step = self.completion(completion)?;
        self.start_turn();
        Ok(())
    }

    /// Runs the tick that is due. Ticks run after each turn, in the order of their [`Step::Tick`]s.
    pub fn tick(&mut self, id: TickId) -> Result<(), ApiMisuse> {
        #[cfg(netfold_bugs)]
        crate::bugs::enter(self.bug);
        if !matches!(self.mode, Mode::Idle | Mode::Returned) || !self.frames.is_empty() {
            return Err(ApiMisuse::TurnOpen);
        }
        if self.jobs.is_empty() || id != TickId(self.first_tick) {
            return Err(ApiMisuse::WrongTick((!self.jobs.is_empty()).then_some(TickId(self.first_tick))));
        }
        self.first_tick += 1;
        self.ticks_may_wait &= self.jobs.len() > 1;
        let _told_by_the_next_step = self.run_job();
        self.mode = Mode::Running;
        Ok(())
    }

    /// Moves the core's clock, in milliseconds. Runs nothing: timers that became due run in
    /// [`phase(Timers)`](Core::phase).
    pub fn advance(&mut self, now: u64) -> Result<(), ApiMisuse> {
        #[cfg(netfold_bugs)]
        crate::bugs::enter(self.bug);
        if !matches!(self.mode, Mode::Idle | Mode::Returned) || !self.frames.is_empty() {
            return Err(ApiMisuse::TurnOpen);
        }
        if now < self.now {
            return Err(ApiMisuse::ClockWentBack { now: self.now, given: now });
        }
        self.now = now;
        Ok(())
    }

    /// Runs the next turn of a phase. Call again, after draining the ticks, as long as [`Idle::batch`] is not 0.
    pub fn phase(&mut self, phase: Phase) -> Result<(), ApiMisuse> {
        #[cfg(netfold_bugs)]
        crate::bugs::enter(self.bug);
        self.turn_may_start()?;
        self.hollow = false;
        let _told_by_the_next_step = self.next_of(phase);
        self.start_turn();
        Ok(())
    }

    /// Whether the turn that began last is none in Node: what it was for is gone. Ticks that a failure put off wait over such
    /// a turn (rule T10).
    pub const fn is_hollow(&self) -> bool {
        self.hollow
    }

    /// Goes forward. The only way.
    #[inline(always)]
    pub fn step(&mut self) -> Step<'_> {
        self.step_before(())
    }

    /// As [`step`](Self::step), before a witness.
    #[inline(always)]
    pub(crate) fn step_before<'c>(&'c mut self, witness: impl Witness<'c>) -> Step<'c> {
        #[cfg(netfold_bugs)]
        crate::bugs::enter(self.bug);
        if !self.news.any() && self.frames.len() > self.floor {
            self.go_on();
        }
        self.tell(witness)
    }

    /// Runs frames until there is something to tell, or nothing is left to do. The last one of every read is looked at in its
    /// place: it holds nothing that would have to be moved out or dropped.
    fn go_on(&mut self) {
        if let Some(&Frame::PushTail { socket, added: true, .. }) = self.frames.last()
            && self.pushed_straight(socket)
        {
            self.frames.drop_plain();
            self.mode = Mode::Running;
            return;
        }
        self.go_on_else();
    }

    #[inline(never)]
    fn go_on_else(&mut self) {
        self.mode = Mode::Running;
        while !self.news.any() && self.frames.len() > self.floor {
            let Some(frame) = self.frames.pop() else { return };
            let _told_by_this_step = self.run(frame);
        }
    }

    /// User code is to run: the next step says so, after what was scheduled before.
    #[inline]
    pub(crate) fn say(&mut self, emit: Emit) -> Flow {
        debug_assert!(self.stash.is_none(), "one emission at a time");
        // Nothing lies there that would have to be dropped.
        core::mem::forget(self.stash.replace(emit));
        self.news.add(News::EMIT);
        Some(Yield::Emit)
    }

    /// Whether anything keeps the loop alive (rule M6): a referenced handle that reads or listens, a request or lookup
    /// under way, a referenced timer, a tick, something closing.
    pub fn alive(&self) -> bool {
        self.live > 0
            || self.timers_refd > 0
            || self.lookups.len() > self.custom_lookups
            || !self.jobs.is_empty()
            || !self.fed.is_empty()
            || !self.closing.is_empty()
            || !self.closing_batch.is_empty()
    }

    /// The core's clock, in milliseconds.
    pub const fn now(&self) -> u64 {
        self.now
    }

    /// The bounds it was made with.
    pub const fn limits(&self) -> &Limits {
        &self.limits
    }

    /// How many there are of each, for finding leaks.
    pub fn census(&self) -> Census {
        Census {
            sockets: self.sockets.len(),
            servers: self.servers.len(),
            handles: self.handles.len(),
            lookups: self.lookups.len(),
            timers: self.timers.len(),
            ticks: self.jobs.len(),
        }
    }

    /// What is owed as of now: what [`Step::Idle`](crate::Step::Idle) will say if nothing more is called in this turn.
    #[inline]
    pub fn idle(&self) -> Idle {
        let closing = self.closing.len() + self.closing_batch.len();
        Idle {
            deadline: self.timers.deadline(),
            pending: self.fed.len() as u32,
            closing: closing as u32,
            batch: self.batch,
        }
    }

    fn turn_may_start(&self) -> Result<(), ApiMisuse> {
        if !matches!(self.mode, Mode::Idle | Mode::Returned) || !self.frames.is_empty() {
            return Err(ApiMisuse::TurnOpen);
        }
        if !self.jobs.is_empty() && !self.ticks_may_wait {
            return Err(ApiMisuse::TicksOwed(TickId(self.first_tick)));
        }
        Ok(())
    }

    fn start_turn(&mut self) {
        self.ticks_may_wait &= self.hollow;
        self.mode = Mode::Running;
    }

    pub(crate) fn push(&mut self, frame: Frame) {
        self.frames.push_with(move || frame);
    }

    pub(crate) fn schedule(&mut self, job: Job) -> TickId {
        let id = self.first_tick + self.jobs.len() as u64;
        self.jobs.push_with(move || job);
        self.news.add(News::TICKS);
        TickId(id)
    }

    /// The job of a tick that has not run yet.
    pub(crate) fn job_mut(&mut self, id: TickId) -> Option<&mut Job> {
        let at = id.0.checked_sub(self.first_tick)?;
        self.jobs.get_mut(at as usize)
    }

    pub(crate) fn jobs_done(&self) -> bool {
        self.jobs.is_empty()
    }

    #[inline]
    pub(crate) fn outcome(&mut self, outcome: Outcome) {
        if let Some(open) = self.opens.last_mut() {
            open.outcome = outcome;
        }
    }

    /// The outcome of the innermost command, which has none yet: there is nothing that would have to be dropped.
    #[inline(always)]
    pub(crate) fn outcome_bool(&mut self, yes: bool) {
        if let Some(open) = self.opens.last_mut() {
            debug_assert!(matches!(open.outcome, Outcome::Unit));
            core::mem::forget(core::mem::replace(&mut open.outcome, Outcome::Bool(yes)));
        }
    }

    /// The innermost command throws.
    pub(crate) fn throw(&mut self, error: NodeError) {
        self.throw_shared(Arc::new(error));
    }

    pub(crate) fn throw_shared(&mut self, error: SharedError) {
        self.outcome(Outcome::Threw(error));
    }

    pub(crate) fn next_internal(&mut self) -> u32 {
        self.internals = self.internals.wrapping_add(1);
        self.internals
    }

    /// Asks the driver; the frame on top goes on with the reply.
    pub(crate) fn ask(&mut self, asked: Asked) -> Flow {
        self.asked = Some(asked);
        self.news.add(News::CALL);
        Some(Yield::Call)
    }

    pub(crate) fn take_reply(&mut self) -> Reply {
        self.reply.take().expect("a frame that waits for a reply runs after one")
    }

    /// What the system would say, known without asking it.
    pub(crate) fn reply_with(&mut self, reply: Reply) {
        self.reply = Some(reply);
    }

    pub(crate) fn take_reply_if_any(&mut self) -> Option<Reply> {
        self.reply.take()
    }

    pub(crate) fn feed(&mut self, fed: Fed) {
        self.fed.push_back(fed);
    }

    /// Takes back how a connect ended: only the newest answer counts when a path was asked for twice.
    pub(crate) fn starve(&mut self, handle: HandleId) {
        self.unfeed(|fed| matches!(fed, Fed::Connected(of, _) if *of == handle));
    }

    /// In this turn there is nothing to do: Node's system calls nobody then.
    pub(crate) fn nothing(&mut self) -> Flow {
        self.hollow = true;
        None
    }

    /// Takes back the first of what was fed that is this; whether there was one.
    pub(crate) fn unfeed(&mut self, is: impl Fn(&Fed) -> bool) -> bool {
        let Some(at) = self.fed.iter().position(is) else { return false };
        self.fed.remove(at);
        if (at as u32) < self.fed_batch {
            self.fed_batch -= 1;
            self.batch = self.fed_batch;
        }
        true
    }

    /// A handle that the driver has given away.
    pub(crate) fn forget_handle(&mut self, id: HandleId) {
        self.handle_mut(id, |h| h.closing = Some(None));
        self.handles.remove(id);
    }

    pub(crate) fn release_later(&mut self, id: SocketId) {
        self.to_release.push(id);
    }

    /// Whether what is told here goes through a decoder.
    pub(crate) fn decodes(&self, completion: &Completion) -> bool {
        let (Completion::Read(id, _) | Completion::Eof(id)) = *completion else { return false };
        match self.handles.get(id).map(|handle| handle.owner) {
            Some(Owner::Socket(socket)) => self.sockets.get(socket).is_some_and(|s| s.r.encoding().is_some()),
            _ => false,
        }
    }
}

/// How many of each thing a core holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Census {
    /// Sockets, closed ones that are retained or not yet swept among them.
    pub sockets: usize,
    /// Servers.
    pub servers: usize,
    /// Handles: descriptors of the driver's.
    pub handles: usize,
    /// Lookups under way.
    pub lookups: usize,
    /// Timers running, idle timeouts among them.
    pub timers: usize,
    /// Ticks scheduled.
    pub ticks: usize,
}

/// The lookup that a command answers must have been asked of user code.
impl Core {
    pub(crate) fn take_lookup(&mut self, id: LookupId, custom: bool) -> Result<Option<LookupFor>, ApiMisuse> {
        match self.lookups.get(id) {
            None => Ok(None),
            Some(lookup) if lookup.custom != custom => Err(ApiMisuse::NothingAwaited),
            Some(_) => {
                self.custom_lookups -= usize::from(custom);
                Ok(self.lookups.remove(id).map(|l| l.purpose))
            }
        }
    }

    /// The lookup that a command answers: one that user code was asked, or a server's, which a host may answer by a
    /// command as well as by a completion (rule H3).
    pub(crate) fn take_answered(&mut self, id: LookupId) -> Option<LookupFor> {
        let lookup = self.lookups.get(id)?;
        let (custom, server) = (lookup.custom, matches!(lookup.purpose, LookupFor::Server { .. }));
        if custom || server { self.take_lookup(id, custom).ok().flatten() } else { None }
    }

    pub(crate) fn known<T, I: Id>(arena: &Arena<T>, id: I) -> Result<bool, ApiMisuse> {
        match arena.known(id) {
            Known::Live => Ok(true),
            Known::Released => Ok(false),
            Known::Never => Err(ApiMisuse::UnknownId),
        }
    }
}
