//! What the feature `tracing` tells of a loop.

use netfold_core::host::{Next, Place};
use netfold_core::trace::Asked;
use netfold_core::{Call, Command, Emit, Event, Outcome, Reply, ServerId, SocketId, Target};
use tracing::field::display;
use tracing::span::EnteredSpan;
use tracing::{Level, debug, debug_span, enabled, trace};

/// The target of all of it, whatever the module: one word to filter by.
const NETFOLD: &str = "netfold";

/// The span of the running turn.
#[derive(Default)]
pub(crate) struct Log {
    turn: Option<EnteredSpan>,
}

impl Log {
    /// What the loop does next, `place` being where it was.
    pub(crate) fn next(&mut self, place: Place, next: Next<'_>) {
        self.leave();
        if !matches!(next, Next::Poll) {
            let span = debug_span!(target: NETFOLD, "turn", number = place.turn + 1, cause = %next);
            self.turn = Some(span.entered());
        }
    }

    /// The loop is left.
    pub(crate) fn leave(&mut self) {
        self.turn = None;
    }
}

/// The socket and the server of an event, of which there is one or none.
fn named(target: Target) -> (Option<SocketId>, Option<ServerId>) {
    match target {
        Target::Socket(id) => (Some(id), None),
        Target::Server(id) => (None, Some(id)),
    }
}

/// A piece of user code that runs now.
pub(crate) fn emit(emit: &Emit) {
    if !enabled!(target: NETFOLD, Level::DEBUG) {
        return;
    }
    let (target, event, bytes) = match emit {
        Emit::Listener { target, event, .. } => {
            let bytes = if let Event::Data(bytes) = event { Some(bytes.len()) } else { None };
            (Some(*target), Some(event.kind().name()), bytes)
        }
        Emit::Callback { socket, .. } | Emit::Resolve { socket, .. } => (Some(Target::Socket(*socket)), None, None),
        Emit::Read { socket, bytes } => (Some(Target::Socket(*socket)), None, Some(bytes.len())),
        Emit::Connections { server, .. } => (Some(Target::Server(*server)), None, None),
        Emit::Timer { .. } => (None, None, None),
        Emit::Unhandled { target, .. } => (Some(*target), Some("error"), None),
    };
    let (socket, server) = target.map_or((None, None), named);
    debug!(target: NETFOLD, socket = socket.map(display), server = server.map(display), event, bytes, "{emit}");
}

/// What the program calls.
pub(crate) fn command(command: &Command) {
    if !enabled!(target: NETFOLD, Level::TRACE) {
        return;
    }
    let (socket, server) = command.target().map_or((None, None), named);
    trace!(target: NETFOLD, socket = socket.map(display), server = server.map(display), "{command}");
}

/// What the call returned.
pub(crate) fn returned(outcome: &Outcome) {
    trace!(target: NETFOLD, "{outcome}");
}

/// What the machine asked the system, and its answer.
pub(crate) fn answered(call: &Call<'_>, reply: Reply) {
    if !enabled!(target: NETFOLD, Level::TRACE) {
        return;
    }
    let op = call.op();
    let handle = op.handle().map(display);
    trace!(target: NETFOLD, handle, "{}: {reply}", Asked(&op));
}
