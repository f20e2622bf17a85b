//! Turns that come from Node's loop: readiness, timers, the pending and the closing phase (rule H1).
//!
//! Each turn is one callback of Node's: ticks and microtasks drain at its end.

use crate::host::{Host, Turn, face, go, go_in_turn, host};
use crate::js::{Env, Thrown, api};
use crate::mail::Left;
use crate::uv::{self, Loop, Memory};
use bytes::Bytes;
use napi_sys::*;
use netfold_core::host::Kernel;
use netfold_core::{Completion, Idle, Phase, ServerId, Target};
use rustix::fd::{AsRawFd, IntoRawFd};
use std::cell::Cell;
use std::ffi::{c_int, c_void};
use std::io;

type Given = Result<napi_value, Thrown>;

/// The handles in Node's loop.
pub(crate) struct Loops {
    env: Env,
    on: *mut Loop,
    poll: Memory,
    timer: Memory,
    closer: Memory,
    feeder: Memory,
    feed: Memory,
    /// When the timer is due, in milliseconds of the loop's clock.
    due: Option<u64>,
    alive: bool,
    /// The phases that are asked for, or run.
    closing: bool,
    feeding: bool,
    /// A socket is to be freed, which the machine does when a turn begins: without I/O none would.
    pub(crate) frees: bool,
    /// Turns are under way: what the poller is to be told waits for their end.
    turning: bool,
    /// Whether the machine has something for the pending phase, and for the closing phase.
    owed: (bool, bool),
    /// The environment ends: JavaScript is not called any more.
    over: bool,
    /// The async context of turns that belong to no socket.
    context: napi_async_context,
}

impl Loops {
    pub(crate) fn new(env: Env, kernel: &impl AsRawFd, context: napi_async_context) -> io::Result<Self> {
        let mut on = std::ptr::null_mut();
        api!(napi_get_uv_event_loop(env.0, &mut on));
        let on: *mut Loop = on.cast();
        let poll = uv::handle(uv::HandleType::Poll);
        let timer = uv::handle(uv::HandleType::Timer);
        let closer = uv::handle(uv::HandleType::Prepare);
        let feeder = uv::handle(uv::HandleType::Pipe);
        let feed = uv::write_request();
        let (_reader, writer) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC)?;
        // SAFETY: the loop is this thread's and lives as long as the environment; each handle's memory is of its size, is
        // never given back, and each is initialized once before anything else is done with it.
        unsafe {
            check(uv::uv_poll_init(on, poll, kernel.as_raw_fd()))?;
            check(uv::uv_poll_start(poll, uv::READABLE, Some(ready)))?;
            uv::uv_unref(poll);
            check(uv::uv_timer_init(on, timer))?;
            uv::uv_unref(timer);
            check(uv::uv_prepare_init(on, closer))?;
            check(uv::uv_pipe_init(on, feeder, 0))?;
            check(uv::uv_pipe_open(feeder, writer.into_raw_fd()))?;
            uv::uv_unref(feeder);
        }
        Ok(Self {
            env,
            on,
            poll,
            timer,
            closer,
            feeder,
            feed,
            due: None,
            alive: false,
            closing: false,
            feeding: false,
            frees: false,
            turning: false,
            owed: (false, false),
            over: false,
            context,
        })
    }

    /// The loop's clock in milliseconds, as Node's timers read it.
    pub(crate) fn now(&self) -> u64 {
        // SAFETY: the loop lives as long as the environment.
        unsafe {
            uv::uv_update_time(self.on);
            uv::uv_now(self.on)
        }
    }

    fn keep_alive(&mut self, alive: bool) {
        if self.alive != alive {
            self.alive = alive;
            // SAFETY: the handle is initialized and not closing.
            unsafe { if alive { uv::uv_ref(self.poll) } else { uv::uv_unref(self.poll) } }
        }
    }

    fn wake_at(&mut self, due: Option<u64>) {
        if self.due == due {
            return;
        }
        self.due = due;
        // SAFETY: the handle is initialized and not closing.
        unsafe {
            match due {
                Some(at) => {
                    let left = at.saturating_sub(uv::uv_now(self.on));
                    uv::uv_timer_start(self.timer, Some(timer_due), left, 0);
                }
                None => {
                    uv::uv_timer_stop(self.timer);
                }
            }
        }
    }

    /// Asks for the phases that the machine has something for. While one runs it is not asked for: what is left of it then
    /// belongs to this one, and asking would make Node's loop go round once more.
    fn ask(&mut self) {
        let (pending, closing) = self.owed;
        if pending {
            self.feed();
        }
        if closing {
            self.close();
        }
    }

    /// Asks for the pending phase: libuv completes a write in it, also one of nothing.
    fn feed(&mut self) {
        if std::mem::replace(&mut self.feeding, true) {
            return;
        }
        let nothing = uv::Buf { base: std::ptr::NonNull::dangling().as_ptr(), len: 0 };
        // SAFETY: the request is not under way, as `feeding` says, and libuv copies the list of buffers.
        unsafe { uv::uv_write(self.feed, self.feeder, &nothing, 1, Some(fed)) };
    }

    /// Asks for the closing phase.
    fn close(&mut self) {
        if !std::mem::replace(&mut self.closing, true) {
            // SAFETY: the handle is initialized and not closing, as `closing` says.
            unsafe { uv::uv_close(self.closer, Some(closed)) };
        }
    }

    /// Lets the loop end: nothing of it is called any more, but for `ended`, once all is closed.
    fn end(&mut self) {
        self.over = true;
        // SAFETY: the handles are initialized. Closing runs last closed first.
        unsafe {
            uv::uv_close(self.poll, Some(ended));
            uv::uv_close(self.timer, None);
            uv::uv_close(self.feeder, None);
        }
        if !self.closing {
            self.end_closer();
        }
    }

    fn end_closer(&self) {
        // SAFETY: the handle is initialized and not closing, as its caller has seen.
        unsafe { uv::uv_close(self.closer, None) };
    }
}

fn check(status: c_int) -> io::Result<()> {
    if status < 0 { Err(io::Error::from_raw_os_error(-status)) } else { Ok(()) }
}

impl Host {
    /// The server of the connection that the next turn accepts, if the user has the object of its handle.
    fn watching(&self) -> Option<ServerId> {
        let Some(Turn::Complete(Completion::Accepted(handle, _))) = &self.turn else { return None };
        match self.machine.core().owner_of(*handle) {
            Some(Target::Server(server)) if self.watched.contains(handle) => Some(server),
            _ => None,
        }
    }

    fn begin_due(&mut self) {
        if let Some(turn) = self.turn.take() {
            self.begin_turn(turn);
        }
    }

    /// After everything that has run: what the machine is owed, the loop is asked for.
    pub(crate) fn settle(&mut self, idle: Idle) {
        self.loops.owed = (idle.pending > 0, idle.closing > 0);
        self.loops.ask();
        if !self.loops.turning {
            self.kernel.settle();
        }
        let system = self.kernel.deadline().map(|at| {
            let left = at.saturating_sub(self.kernel.now());
            self.machine.core().now() + left
        });
        let due = match (idle.deadline, system) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        let due = if self.loops.frees { Some(self.machine.core().now()) } else { due };
        self.loops.wake_at(due);
        self.loops.keep_alive(self.machine.core().alive());
        self.save_trace(false);
    }

    fn batch(&self) -> u32 {
        self.machine.core().batch()
    }
}

/// The environment ends.
pub(crate) unsafe extern "C" fn clean_up(handle: napi_async_cleanup_hook_handle, _: *mut c_void) {
    HOOK.set(handle);
    crate::js::OVER.set(true);
    host(|h| {
        h.finish_trace();
        h.loops.end();
    });
}

thread_local! {
    /// The failure that is under way has been told.
    static TOLD: Cell<bool> = const { Cell::new(false) };
    static HOOK: Cell<napi_async_cleanup_hook_handle> = const { Cell::new(std::ptr::null_mut()) };
}

unsafe extern "C" fn ended(_: Memory) {
    // The sockets are closed with the system. What is left of the environment may not be asked for anything more.
    crate::host::remove();
    api!(napi_remove_async_cleanup_hook(HOOK.get()));
}

fn is_over() -> bool {
    host(|h| h.loops.over)
}

/// A turn that is about to be one of Node's callbacks.
struct Due {
    context: napi_async_context,
    /// What it has left for `net.js` already.
    bytes: Option<Bytes>,
}

impl Host {
    /// What a read brings needs no JavaScript up to its first listener.
    fn due(&mut self, env: Env, turn: Turn) -> Due {
        let context = self.context_of(&turn).unwrap_or(self.loops.context);
        let early = matches!(turn, Turn::Complete(Completion::Read(..))) && self.is_at_rest();
        let bytes = if early {
            let slab_is_there = self.mail.has_slab(env);
            self.begin_early(turn, slab_is_there)
        } else {
            self.mail.leave(Left::Turn);
            self.turn = Some(turn);
            None
        };
        Due { context, bytes }
    }
}

/// With the function of `net.js` that runs turns, for as many turns as there are.
fn turns<R>(env: Env, run: impl FnOnce(napi_value) -> R) -> R {
    let mut scope = std::ptr::null_mut();
    api!(napi_open_handle_scope(env.0, &mut scope));
    host(|h| h.loops.turning = true);
    let ran = run(env.kept(face(|f| f.turn)));
    host(|h| {
        h.loops.turning = false;
        h.kernel.settle();
    });
    api!(napi_close_handle_scope(env.0, scope));
    ran
}

/// A turn as Node's own callbacks are one. False when JavaScript cannot be run any more.
fn turn(env: Env, function: napi_value, due: Due) -> bool {
    let Some(bytes) = due.bytes else { return call(env, function, due.context, &[]) };
    // Not one of many: its Buffer may go when it is over.
    let mut scope = std::ptr::null_mut();
    api!(napi_open_handle_scope(env.0, &mut scope));
    let goes_on = call(env, function, due.context, &[env.buffer(&bytes)]);
    api!(napi_close_handle_scope(env.0, scope));
    goes_on
}

fn call(env: Env, function: napi_value, context: napi_async_context, args: &[napi_value]) -> bool {
    let mut result = std::ptr::null_mut();
    // The function does not look at what it is called on.
    let status = api!(napi_make_callback(env.0, context, function, function, args.len(), args.as_ptr(), &mut result));
    if status == Status::napi_ok {
        return true;
    }
    // A turn that failed has told so itself; one of the ticks after it has not.
    match (env.caught(), TOLD.take()) {
        (Some(_), true) => true,
        (Some(error), false) => {
            api!(napi_fatal_exception(env.0, error));
            true
        }
        (None, _) => false,
    }
}

/// What a turn does first, within Node's callback: `net.js` runs what it leaves, and has it go on.
pub(crate) fn run_turn(env: Env) -> Given {
    let begun = match host(|h| h.watching()) {
        Some(server) => env.call(face(|f| f.accepted), &[env.int(server.slot())]).map(|_| std::ptr::null_mut()),
        None => go_in_turn(env, None, Host::begin_due),
    };
    telling(env, begun)
}

/// A failure is told here, where Node's callbacks tell theirs, and thrown once more: Node then leaves the ticks for the end
/// of the next turn (rule T10).
pub(crate) fn telling(env: Env, done: Given) -> Given {
    done.inspect_err(|thrown| {
        if let Some(error) = thrown {
            crate::mail::flush(env);
            TOLD.set(true);
            api!(napi_fatal_exception(env.0, *error));
        }
    })
}

/// A connection that came in, when the method of the server's handle says so.
pub(crate) fn accept(env: Env) -> Given {
    host(|h| {
        h.accepting = true;
        h.begin_due();
    });
    let begun = go(env);
    host(|h| h.accepting = false);
    begun?;
    Ok(env.undefined())
}

fn environment() -> Env {
    host(|h| h.loops.env)
}

/// The driver's descriptor is readable.
unsafe extern "C" fn ready(_: Memory, _: c_int, _: c_int) {
    if is_over() {
        return;
    }
    work_off(environment());
}

fn work_off(env: Env) {
    if host(|h| h.kernel.wait(Some(0))).is_err() {
        return;
    }
    let next = |h: &mut Host| {
        let completion = h.kernel.next()?;
        h.counters.completions += 1;
        Some(h.due(env, Turn::Complete(completion)))
    };
    turns(env, |function| while host(next).is_some_and(|due| turn(env, function, due)) {});
}

/// The machine's deadline, or the driver's.
unsafe extern "C" fn timer_due(_: Memory) {
    if is_over() {
        return;
    }
    let env = environment();
    host(|h| {
        h.loops.due = None;
        h.tell_time();
    });
    if host(|h| std::mem::take(&mut h.loops.frees)) && !turn_of(env, Phase::Timers) {
        return;
    }
    while host(|h| h.machine.core().deadline().is_some_and(|at| at <= h.machine.core().now())) {
        if !turn_of(env, Phase::Timers) {
            return;
        }
    }
    if host(|h| h.kernel.deadline().is_some_and(|at| at <= h.kernel.now())) {
        work_off(env);
    }
    host(|h| {
        if h.loops.due.is_none() {
            h.loops.wake_at(h.machine.core().deadline());
        }
    });
}

/// libuv's pending phase.
unsafe extern "C" fn fed(_: Memory, _: c_int) {
    if is_over() {
        return;
    }
    let env = environment();
    batch(env, Phase::Pending);
    host(|h| {
        h.loops.feeding = false;
        if !h.loops.over {
            h.loops.ask();
        }
    });
}

/// libuv's closing phase.
unsafe extern "C" fn closed(_: Memory) {
    if is_over() {
        return;
    }
    let env = environment();
    host(|h| {
        let Host { loops, .. } = h;
        // SAFETY: the handle is closed, so that its memory may be used for another.
        unsafe { uv::uv_prepare_init(loops.on, loops.closer) };
    });
    batch(env, Phase::Closing);
    host(|h| {
        h.loops.closing = false;
        if h.loops.over {
            h.loops.end_closer();
        } else {
            h.loops.ask();
        }
    });
}

fn batch(env: Env, phase: Phase) {
    loop {
        if !turn_of(env, phase) || host(|h| h.batch()) == 0 {
            return;
        }
    }
}

fn turn_of(env: Env, phase: Phase) -> bool {
    let due = host(|h| {
        h.counters.phases += 1;
        h.due(env, Turn::Phase(phase))
    });
    turns(env, |function| turn(env, function, due))
}
