//! The batches between polls: what was fed, what closes, what timers are due (rules T3 to T5).

use super::frame::{Asked, Fed, Flow, Frame};
use super::{Core, News, Owner, TimerFor};
use crate::bugs::bug;
use crate::errno::Errno;
use crate::id::{HandleId, SocketId, TimerId};
use crate::step::{Emit, Event, Phase, Target};

impl Core {
    pub(super) fn next_of(&mut self, phase: Phase) -> Flow {
        self.sweep();
        match phase {
            Phase::Pending => self.next_fed(),
            Phase::Closing => self.next_closing(),
            Phase::Timers => self.next_timer(),
        }
    }

    /// The handle that the next turn of a phase is about, for a host that has a context for each (rule H1); `None` if
    /// there is none.
    pub fn next_of_phase(&self, phase: Phase) -> Option<HandleId> {
        match phase {
            Phase::Pending => self.fed.front().map(|fed| match *fed {
                Fed::Shutdown(handle) | Fed::Connected(handle, _) => handle,
            }),
            Phase::Closing => self.closing_batch.last().or(self.closing.last()).copied(),
            Phase::Timers => None,
        }
    }

    /// Whose a handle is; `None` once it is closed.
    pub fn owner_of(&self, handle: HandleId) -> Option<Target> {
        self.handles.get(handle).map(|handle| match handle.owner {
            Owner::Socket(socket) => Target::Socket(socket),
            Owner::Server(server) => Target::Server(server),
        })
    }

    /// The time of the next timer, in milliseconds of the host's clock.
    pub fn deadline(&self) -> Option<u64> {
        self.timers.deadline()
    }

    /// How many turns of the phase that was begun are left, as in [`Idle::batch`](crate::Idle::batch).
    pub const fn batch(&self) -> u32 {
        self.batch
    }

    /// What a turn of the phase feeds anew waits for the next batch.
    fn next_fed(&mut self) -> Flow {
        if self.fed_batch == 0 {
            self.fed_batch = self.fed.len() as u32;
        }
        self.fed_batch = self.fed_batch.saturating_sub(1);
        self.batch = self.fed_batch;
        match self.fed.pop_front()? {
            Fed::Shutdown(handle) => self.shutdown(handle),
            Fed::Connected(handle, result) => {
                if self.handles.get(handle).is_none_or(|h| !h.connecting || h.closing.is_some()) {
                    return self.nothing();
                }
                self.connected(handle, result)
            }
        }
    }

    fn shutdown(&mut self, handle: HandleId) -> Flow {
        if self.handles.get(handle).is_none_or(|h| !h.shutting || h.closing.is_some()) {
            return self.nothing();
        }
        self.push(Frame::ShutdownAnswered(handle));
        self.ask(Asked::Shutdown(handle))
    }

    /// FIN does not wait for the pending phase when the descriptor turned out to be writable.
    pub(crate) fn drained(&mut self, handle: HandleId) -> Flow {
        if self.unfeed(|fed| matches!(fed, Fed::Shutdown(of) if *of == handle)) {
            self.shutdown(handle)
        } else {
            self.nothing()
        }
    }

    pub(crate) fn shutdown_answered(&mut self, handle: HandleId) -> Flow {
        // Node ignores how the shutdown ended (rule W20).
        let _ignored = self.take_reply();
        self.handle_mut(handle, |h| h.shutting = false);
        match self.handles[handle].owner {
            Owner::Socket(socket) => self.final_done(socket),
            Owner::Server(_) => None,
        }
    }

    /// The closing phase runs last closed first; each step of one handle's end is a turn (rules T4, T5).
    fn next_closing(&mut self) -> Flow {
        if self.closing_batch.is_empty() {
            core::mem::swap(&mut self.closing, &mut self.closing_batch);
            if bug!(CloseFifo) {
                self.closing_batch.reverse();
            }
        }
        let flow = loop {
            let Some(&id) = self.closing_batch.last() else { break self.nothing() };
            let handle = self.handles[id];
            let owner = match handle.owner {
                Owner::Socket(socket) => Some(socket),
                Owner::Server(_) => None,
            };
            if let Some(socket) = owner {
                if handle.connecting {
                    self.handle_mut(id, |h| h.connecting = false);
                    self.batch = self.closing_batch.len() as u32;
                    // One that is the only one is silent, one of several is not (rules C14, C24).
                    let attempts = self.take_attempts(id)?;
                    return self.attempt_failed(socket, attempts, Errno::ECANCELED);
                }
                if handle.writing && !bug!(CancelForgotten) {
                    self.handle_mut(id, |h| h.writing = false);
                    self.batch = self.closing_batch.len() as u32;
                    return self.written(socket, Err(Errno::ECANCELED));
                }
                if handle.shutting {
                    self.handle_mut(id, |h| h.shutting = false);
                    self.batch = self.closing_batch.len() as u32;
                    return self.final_done(socket);
                }
            }
            self.closing_batch.pop();
            self.handles.remove(id);
            if let Some(socket) = owner {
                self.sockets[socket].closing -= 1;
                // An attempt's old handle can be the socket's last one to go.
                self.release_later(socket);
                if let Some(Some(had_error)) = handle.closing {
                    break self.emit(socket, Event::Close(Some(had_error)));
                }
            }
        };
        self.batch = self.closing_batch.len() as u32;
        flow
    }

    fn next_timer(&mut self) -> Flow {
        let due = self.timers.pop_due(self.now);
        self.batch = u32::from(self.timers.deadline().is_some_and(|at| at <= self.now));
        match due? {
            TimerFor::IdleSocket(socket) => self.timed_out(socket),
            TimerFor::Attempt(handle) => self.attempt_timed_out(handle),
            TimerFor::User(timer) => self.user_timer_due(timer),
        }
    }

    fn user_timer_due(&mut self, id: TimerId) -> Flow {
        let now = self.now;
        let timer = self.user_timers.get_mut(id)?;
        timer.key = None;
        if timer.repeat {
            timer.key = Some(self.timers.start(TimerFor::User(id), timer.duration, now));
            return self.say(Emit::Timer { timer: id, last: false });
        }
        if timer.refd {
            self.timers_refd -= 1;
        }
        self.user_timers.remove(id);
        self.say(Emit::Timer { timer: id, last: true })
    }

    /// Frees the sockets that closed in turns before this one, unless they were kept or have gone on.
    pub(crate) fn sweep(&mut self) {
        if self.to_release.is_empty() || !self.jobs_done() {
            return;
        }
        let candidates = core::mem::take(&mut self.to_release);
        for &id in &candidates {
            if self.sockets.get(id).is_some_and(crate::socket::Socket::is_over) {
                self.free_socket(id);
            }
        }
        self.to_release = candidates;
        self.to_release.clear();
    }

    fn free_socket(&mut self, id: SocketId) {
        self.clear_timeout(id);
        self.sockets.remove(id);
        self.released.push_back(id);
        self.news.add(News::RELEASED);
    }
}
