//! What comes next, by name: for the tests that hold the tables of states against the machine, and for tools that show it.

use super::frame::{Fed, Job};
use super::{Core, Handle, Owner};
use crate::id::{HandleId, SocketId};
use crate::step::{Phase, Target};

/// Whose turn or tick is due, and what it is about.
pub type Due = (Target, &'static str);

/// What the tables of states speak of and no property tells.
#[doc(hidden)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Inner {
    /// A write is with the driver, or waits for 'connect'.
    pub write_under_way: bool,
    /// More was written behind it.
    pub more_waits: bool,
    /// The other party's FIN came in.
    pub fin_came_in: bool,
    /// The stream believes that somebody listens for 'readable': it hears of one that went in a tick.
    pub read_by_hand: bool,
    /// `pause` came after `resume`.
    pub told_to_pause: bool,
    /// The tick that tells 'error', or that there is none, has begun.
    pub closing: bool,
    /// Of several addresses some were not tried yet.
    pub address_left: bool,
}

impl Core {
    /// The tick that is due.
    #[doc(hidden)]
    pub fn due_tick(&self) -> Option<Due> {
        self.jobs.front().map(Job::named)
    }

    /// The next turn of a phase, as of now; of the timers none is named. `None` also for one that nobody hears of.
    #[doc(hidden)]
    pub fn due_turn(&self, phase: Phase) -> Option<Due> {
        match phase {
            Phase::Pending => self.fed.front().and_then(|fed| self.fed_named(fed)),
            Phase::Closing => self.closing_named(),
            Phase::Timers => None,
        }
    }

    fn fed_named(&self, fed: &Fed) -> Option<Due> {
        let (id, name) = match fed {
            Fed::Shutdown(id) => (id, "shutdown"),
            Fed::Connected(id, Ok(())) => (id, "connected"),
            Fed::Connected(id, Err(_)) => (id, "connect failed"),
        };
        let handle = self.handles.get(*id).filter(|h| h.closing.is_none())?;
        Some((handle.owner.target(), name))
    }

    fn closing_named(&self) -> Option<Due> {
        let batch = if self.closing_batch.is_empty() { &self.closing } else { &self.closing_batch };
        batch.iter().rev().find_map(|id| self.closing_step(*id))
    }

    fn closing_step(&self, id: HandleId) -> Option<Due> {
        let handle: &Handle = self.handles.get(id)?;
        let Owner::Socket(socket) = handle.owner else { return None };
        let name = match handle {
            Handle { connecting: true, .. } if self.attempts.contains_key(&id) => "attempt canceled",
            Handle { connecting: true, .. } => "connect canceled",
            Handle { writing: true, .. } => "write canceled",
            Handle { shutting: true, .. } => "shutdown canceled",
            Handle { closing: Some(Some(_)), .. } => "close",
            _ => return None,
        };
        Some((socket.into(), name))
    }

    /// How many ticks of this name are owed.
    #[doc(hidden)]
    pub fn owes(&self, target: impl Into<Target>, name: &str) -> usize {
        let target = target.into();
        self.jobs.iter().filter(|job| job.named() == (target, name)).count()
    }

    /// What the tables of states speak of and no property tells.
    #[doc(hidden)]
    pub fn inner(&self, id: SocketId) -> Option<Inner> {
        let socket = self.sockets.get(id)?;
        let attempts = socket.link.handle().and_then(|h| self.attempts.get(&h));
        Some(Inner {
            write_under_way: socket.w.writing,
            more_waits: !socket.w.buffered.is_empty(),
            fin_came_in: socket.r.ended,
            read_by_hand: socket.r.readable_listening,
            told_to_pause: socket.r.told_to_pause(),
            closing: socket.error_emitted || socket.close_emitted,
            address_left: attempts.is_some_and(|attempts| attempts.any_left()),
        })
    }

    pub(crate) fn says_close(&self, id: SocketId) -> bool {
        let says = |h: &Handle| matches!((h.owner, h.closing), (Owner::Socket(s), Some(Some(_))) if s == id);
        let mut closing = self.closing.iter().chain(&self.closing_batch).filter_map(|h| self.handles.get(*h));
        self.owes(id, "close") > 0 || closing.any(says)
    }
}

impl Owner {
    fn target(self) -> Target {
        match self {
            Owner::Socket(id) => id.into(),
            Owner::Server(id) => id.into(),
        }
    }
}

impl Job {
    fn named(&self) -> Due {
        match *self {
            Job::Callback(s, ..) => (s.into(), "callback"),
            Job::AfterWrite { socket, .. } => (socket.into(), "written"),
            Job::WriteFailed(s, ..) => (s.into(), "write failed"),
            Job::FailBuffer(s) => (s.into(), "fail what waits"),
            Job::EmitErrorClose(s, _) => (s.into(), "error"),
            Job::EmitClose(s) => (s.into(), "no error"),
            Job::CloseDetached(s) => (s.into(), "close"),
            Job::Finish(s) => (s.into(), "finish"),
            Job::FinishMaybe(s) => (s.into(), "finish at last"),
            Job::EmitReadable(s) => (s.into(), "readable"),
            Job::ReadMore(s) => (s.into(), "read more"),
            Job::Resume(s) => (s.into(), "resume"),
            Job::ReadDemand(s) => (s.into(), "demand"),
            Job::UpdateReadableListening(s) => (s.into(), "listener gone"),
            Job::EndReadable(s) => (s.into(), "end"),
            Job::EndWritable(s) => (s.into(), "end this side"),
            Job::ConnectNow(s, _) => (s.into(), "attempt"),
            Job::ConnectError(s, _) => (s.into(), "connect error"),
            Job::LookupRefused(s, _) => (s.into(), "lookup refused"),
            Job::Listening(s) => (s.into(), "listening"),
            Job::ListenAddress { server, .. } => (server.into(), "set up"),
            Job::ServerError(s, _) => (s.into(), "error"),
            Job::ServerClose(s) => (s.into(), "close"),
            Job::Connections(s, ..) => (s.into(), "connections"),
        }
    }
}
