//! Timeouts, TCP options, references and addresses (rules M2 to M5, O1 to O7).

use super::{IdleTimeout, Link};
use crate::bugs::bug;
use crate::call::{HandleKind, Reply};
use crate::command::{Outcome, Side};
use crate::engine::Core;
use crate::engine::frame::{Asked, Flow, Frame};
use crate::error::NodeError;
use crate::id::{HandleId, SocketId};
use crate::listeners::Internal;
use crate::numeral::number;
use crate::step::{Event, EventKind};
use crate::timers;
use alloc::sync::Arc;

/// Node's check and rounding of a duration in milliseconds; the name goes into the message.
pub(crate) fn duration(ms: f64, name: &'static str) -> Result<u32, NodeError> {
    if !(ms >= 0.0 && ms.is_finite()) {
        let received = number(ms);
        return Err(NodeError::OutOfRange { name, range: "a non-negative finite number", received });
    }
    Ok(if ms > f64::from(timers::GREATEST) { timers::GREATEST } else { ms as u32 })
}

impl Core {
    /// `socket.setTimeout(ms)`
    pub(crate) fn set_timeout(&mut self, socket: SocketId, ms: f64) -> Flow {
        if self.sockets[socket].destroyed {
            return None;
        }
        self.sockets[socket].rare.timeout_given = Some(ms);
        let given = match duration(ms, "msecs") {
            Ok(given) => given,
            Err(error) => {
                self.throw(error);
                return None;
            }
        };
        if !bug!(OldTimeoutStays) {
            self.clear_timeout(socket);
        }
        if ms != 0.0 {
            let duration = given.max(timers::LEAST);
            self.sockets[socket].timeout = Some(IdleTimeout { duration, key: None });
            self.refresh_timeout(socket);
        }
        None
    }

    /// The idle timeout is due. A write that makes progress puts it off (rule M5).
    pub(crate) fn timed_out(&mut self, socket: SocketId) -> Flow {
        let s = &mut self.sockets[socket];
        if let Some(timeout) = &mut s.timeout {
            timeout.key = None;
        }
        match s.link.handle() {
            Some(handle) if s.rare.last_queue > 0 => {
                self.push(Frame::TimeoutSized(socket));
                self.ask(Asked::QueueSize(handle))
            }
            _ => {
                if bug!(TimeoutAgain) {
                    self.refresh_timeout(socket);
                }
                self.emit(socket, Event::Timeout)
            }
        }
    }

    pub(crate) fn timeout_sized(&mut self, socket: SocketId) -> Flow {
        let Reply::Size(left) = self.take_reply() else { return None };
        let s = &mut self.sockets[socket];
        if s.rare.last_queue != left {
            s.rare.last_queue = left;
            self.refresh_timeout(socket);
            return None;
        }
        self.emit(socket, Event::Timeout)
    }

    /// `socket.setNoDelay(enable)`: only a change is a call (rule O1).
    pub(crate) fn set_no_delay(&mut self, socket: SocketId, enable: bool) -> Flow {
        let s = &mut self.sockets[socket];
        let Some(handle) = s.link.handle() else {
            s.no_delay = enable;
            return None;
        };
        if self.handles[handle].kind != HandleKind::Tcp || enable == s.no_delay {
            return None;
        }
        s.no_delay = enable;
        self.push(Frame::Ignore);
        self.ask(Asked::NoDelay(handle, enable))
    }

    /// `socket.setKeepAlive(enable, delay)`, the delay in milliseconds (rule O2).
    pub(crate) fn set_keep_alive(&mut self, socket: SocketId, enable: bool, delay: u32) -> Flow {
        let s = &mut self.sockets[socket];
        let seconds = delay / 1000;
        let Some(handle) = s.link.handle() else {
            (s.keep_alive, s.keep_alive_delay) = (enable, seconds);
            return None;
        };
        if self.handles[handle].kind != HandleKind::Tcp {
            return None;
        }
        if enable == s.keep_alive && !(enable && s.keep_alive_delay != seconds) {
            return None;
        }
        (s.keep_alive, s.keep_alive_delay) = (enable, seconds);
        self.push(Frame::Ignore);
        self.ask(Asked::KeepAlive(handle, enable, seconds))
    }

    /// `socket.setTypeOfService(tos)`: before there is a connection it is remembered (rule O12).
    pub(crate) fn set_type_of_service(&mut self, socket: SocketId, tos: u8) -> Flow {
        let changed = self.sockets[socket].type_of_service.replace(tos) != Some(tos);
        let handle = self.connected_tcp(socket).filter(|_| changed)?;
        self.push(Frame::TypeOfServiceSet);
        self.ask(Asked::SetTypeOfService(handle, tos))
    }

    pub(crate) fn type_of_service_set(&mut self) -> Flow {
        if let Reply::Failed(errno) = self.take_reply() {
            self.throw(NodeError::system(errno, "setTypeOfService"));
        }
        None
    }

    /// `socket.getTypeOfService()`: asked of the system, which may have left bits out.
    pub(crate) fn type_of_service(&mut self, socket: SocketId) -> Flow {
        let Some(handle) = self.connected_tcp(socket) else {
            let given = self.sockets[socket].type_of_service.unwrap_or(0);
            self.outcome(Outcome::TypeOfService(given));
            return None;
        };
        self.push(Frame::TypeOfServiceAnswered);
        self.ask(Asked::TypeOfService(handle))
    }

    pub(crate) fn type_of_service_answered(&mut self) -> Flow {
        match self.take_reply() {
            Reply::Failed(errno) => self.throw(NodeError::system(errno, "getTypeOfService")),
            Reply::Size(tos) => self.outcome(Outcome::TypeOfService(tos as u8)),
            _ => {}
        }
        None
    }

    fn connected_tcp(&self, socket: SocketId) -> Option<HandleId> {
        match self.sockets[socket].link {
            Link::Open(handle) if self.handles[handle].kind == HandleKind::Tcp => Some(handle),
            _ => None,
        }
    }

    /// What was set before there was a connection. A refusal is an 'error' that destroys nothing, as in Node.
    pub(crate) fn connect_type_of_service(&mut self, socket: SocketId, handle: HandleId) -> Flow {
        let tos = self.sockets[socket].type_of_service?;
        self.push(Frame::ConnectTypeOfServiceSet(socket));
        self.ask(Asked::SetTypeOfService(handle, tos))
    }

    pub(crate) fn connect_type_of_service_set(&mut self, socket: SocketId) -> Flow {
        let Reply::Failed(errno) = self.take_reply() else { return None };
        self.emit(socket, Event::Error(Arc::new(NodeError::system(errno, "setTypeOfService"))))
    }

    /// `socket.ref()` and `socket.unref()`: without a handle they wait for 'connect' (rule O3).
    pub(crate) fn ref_socket(&mut self, socket: SocketId, on: bool) -> Flow {
        match self.sockets[socket].link.handle() {
            Some(handle) => self.handle_mut(handle, |h| h.refd = on || bug!(UnrefHolds)),
            None => {
                self.once_internal(socket, EventKind::Connect, Internal::Ref(on));
            }
        }
        None
    }

    /// The local or remote address, asked of the system once and kept as Node keeps it (rules O6, O7).
    pub(crate) fn address(&mut self, socket: SocketId, side: Side) -> Flow {
        let s = &self.sockets[socket];
        let kept = s.names.as_deref().copied().unwrap_or_default();
        let tcp = s.link.handle().filter(|h| self.handles[*h].kind == HandleKind::Tcp);
        let asked = match (side, tcp, s.link) {
            (Side::Local, Some(handle), _) if kept.local.is_none() => Asked::SockName(handle),
            (Side::Remote, Some(handle), Link::Open(_)) if kept.remote.is_none() => Asked::PeerName(handle),
            (Side::Local, None, _) => {
                self.outcome(Outcome::Address(None));
                return None;
            }
            (Side::Local, ..) => {
                self.outcome(Outcome::Address(kept.local.flatten()));
                return None;
            }
            (Side::Remote, ..) => {
                self.outcome(Outcome::Address(kept.remote));
                return None;
            }
        };
        self.push(Frame::AddressAnswered(socket, side));
        self.ask(asked)
    }

    pub(crate) fn address_answered(&mut self, socket: SocketId, side: Side) -> Flow {
        let Reply::Addr(addr) = self.take_reply() else { return None };
        let names = self.sockets[socket].names.get_or_insert_default();
        match side {
            Side::Local => names.local = Some(addr),
            Side::Remote => names.remote = addr,
        }
        self.outcome(Outcome::Address(addr));
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn m2_durations_are_checked_as_node_checks_them() {
        assert_eq!(duration(2999.9, "msecs"), Ok(2999));
        assert_eq!(duration(1e12, "msecs"), Ok(timers::GREATEST));
        for (bad, printed) in [(f64::NAN, "NaN"), (-1.0, "-1"), (f64::INFINITY, "Infinity")] {
            let error = duration(bad, "msecs").unwrap_err();
            let text = alloc::format!("{error}");
            assert!(text.ends_with(&alloc::format!("It must be a non-negative finite number. Received {printed}")));
            assert_eq!(error.code(), "ERR_OUT_OF_RANGE");
        }
    }
}
