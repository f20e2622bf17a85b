//! Handles: what the driver keeps a descriptor for. A handle outlives its socket's use of it, until the closing phase.

use super::Core;
use crate::bugs::bug;
use crate::call::HandleKind;
use crate::engine::frame::{Asked, Flow, Frame};
use crate::id::{HandleId, ServerId, SocketId};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Owner {
    Socket(SocketId),
    Server(ServerId),
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Handle {
    pub(crate) owner: Owner,
    pub(crate) kind: HandleKind,
    /// The stream believes that the driver reads.
    pub(crate) reading: bool,
    /// The driver does read.
    pub(crate) started: bool,
    /// The driver knows the size of the user's buffer.
    pub(crate) limited: bool,
    pub(crate) listening: bool,
    pub(crate) refd: bool,
    pub(crate) connecting: bool,
    pub(crate) writing: bool,
    pub(crate) shutting: bool,
    /// FIN was asked for: nothing can be written any more.
    pub(crate) shut: bool,
    /// It can be written to: FIN is the system's to send.
    pub(crate) writable: bool,
    /// Set when closing: what 'close' says; `None` for a handle whose end nobody hears of.
    pub(crate) closing: Option<Option<bool>>,
}

impl Handle {
    pub(crate) const fn new(owner: Owner, kind: HandleKind) -> Self {
        Self {
            owner,
            kind,
            reading: false,
            started: false,
            limited: false,
            listening: false,
            refd: true,
            connecting: false,
            writing: false,
            shutting: false,
            shut: false,
            writable: true,
            closing: None,
        }
    }

    /// How much it counts for the loop's liveness: itself if referenced and active, and each request under way.
    fn weight(&self) -> u32 {
        if self.closing.is_some() {
            return 0;
        }
        let active = self.refd && (self.started || self.listening);
        if bug!(UnrefDropsWrites) && !self.refd {
            return 0;
        }
        u32::from(active) + u32::from(self.connecting) + u32::from(self.writing) + u32::from(self.shutting)
    }
}

impl Core {
    pub(crate) fn add_handle(&mut self, owner: Owner, kind: HandleKind) -> HandleId {
        self.handles.insert(Handle::new(owner, kind))
    }

    /// Changes a handle and keeps the count of what is alive.
    pub(crate) fn handle_mut(&mut self, id: HandleId, change: impl FnOnce(&mut Handle)) {
        let handle = &mut self.handles[id];
        let before = handle.weight();
        change(handle);
        self.live = self.live - before + handle.weight();
    }

    /// Closes a handle; the closing phase has the rest. `says` is what 'close' says, if anybody hears it.
    pub(crate) fn close_handle(&mut self, id: HandleId, says: Option<bool>, reset: bool) -> Flow {
        self.handle_mut(id, |h| h.closing = Some(says));
        if let Owner::Socket(socket) = self.handles[id].owner {
            self.sockets[socket].closing += 1;
        }
        self.closing.push(id);
        self.push(Frame::Ignore);
        self.ask(if reset { Asked::Reset(id) } else { Asked::Close(id) })
    }

    /// Any sign of life: the idle timeout starts anew (rule M3).
    pub(crate) fn refresh_timeout(&mut self, socket: SocketId) {
        if let Some(s) = self.sockets.get_mut(socket) {
            s.show_life(socket, &mut self.timers, self.now);
        }
    }

    pub(crate) fn clear_timeout(&mut self, socket: SocketId) {
        if let Some(timeout) = self.sockets[socket].timeout.take()
            && let Some(key) = timeout.key
        {
            self.timers.cancel(key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handle_takes_no_more_than_24_bytes() {
        assert!(size_of::<Handle>() <= 24, "{} bytes", size_of::<Handle>());
    }
}
