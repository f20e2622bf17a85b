//! Connections coming in.

use crate::bugs::bug;
use crate::call::{HandleKind, Reply};
use crate::engine::frame::{Asked, Flow, Frame, ReadFor};
use crate::engine::{Core, Owner};
use crate::errno::Errno;
use crate::error::NodeError;
use crate::id::{ConnKey, HandleId, ServerId, SocketId};
use crate::socket::Link;
use crate::step::{DropInfo, Event};
use alloc::boxed::Box;
use alloc::sync::Arc;

impl Core {
    /// A connection came in: a socket for it, or 'drop' over the bound (rules S10, S11).
    pub(crate) fn accepted(&mut self, handle: HandleId, conn: ConnKey) -> Flow {
        let Owner::Server(server) = self.handles[handle].owner else { return None };
        let kind = self.handles[handle].kind;
        let s = &self.servers[server];
        let room = i64::from(bug!(OneTooMany));
        let full = s.max_connections != 0 && i64::from(s.connections) >= s.max_connections + room;
        if full || self.sockets.len() >= self.limits.sockets as usize {
            self.push(Frame::AcceptDropped(server, conn));
            if kind == HandleKind::Tcp {
                return self.ask(Asked::ConnNames(conn));
            }
            return None;
        }
        if s.block_list.is_some() && kind == HandleKind::Tcp {
            self.push(Frame::AcceptNamed(server, conn));
            return self.ask(Asked::ConnNames(conn));
        }
        self.accept_taken(server, kind, conn)
    }

    /// One that the block list names is closed, and nobody hears of it (rule S27).
    pub(crate) fn accept_named(&mut self, server: ServerId, conn: ConnKey) -> Flow {
        let Reply::Names(_, remote) = self.take_reply() else { return None };
        let list = self.servers[server].block_list.as_ref();
        if remote.is_some_and(|remote| list.is_some_and(|list| list.check(remote))) {
            return self.accept_refuse(conn);
        }
        self.accept_taken(server, HandleKind::Tcp, conn)
    }

    fn accept_taken(&mut self, server: ServerId, kind: HandleKind, conn: ConnKey) -> Flow {
        let s = &self.servers[server];
        let (mut options, paused) = (s.options.socket, s.options.pause_on_connect);
        (options.no_delay, options.keep_alive) = (false, false);
        (options.readable, options.writable) = (true, true);
        (options.readable_high_water_mark, options.writable_high_water_mark) = (None, None);
        let socket = self.adopted_socket(options, kind);
        self.sockets[socket].server = Some(server);
        if paused {
            self.paused_on_create(socket);
        }
        let Link::Open(taken) = self.sockets[socket].link else { return None };
        self.push(Frame::AcceptSetUp(server, socket));
        if !paused {
            self.push(Frame::AcceptRead(socket));
        }
        self.push(Frame::Ignore);
        self.ask(Asked::Adopt(taken, conn))
    }

    pub(crate) fn accept_dropped(&mut self, server: ServerId, conn: ConnKey) -> Flow {
        let info = match self.take_reply_if_any() {
            Some(Reply::Names(local, remote)) => Some(Box::new(DropInfo { local, remote })),
            _ => None,
        };
        self.push(Frame::AcceptRefuse(conn));
        if bug!(DropSilent) {
            return None;
        }
        self.emit(server, Event::Drop(info))
    }

    pub(crate) fn accept_refuse(&mut self, conn: ConnKey) -> Flow {
        self.push(Frame::Ignore);
        self.ask(Asked::Refuse(conn))
    }

    pub(crate) fn accept_read(&mut self, socket: SocketId) -> Flow {
        self.read(socket, Some(0), ReadFor::Demand)
    }

    /// The server's socket options, then the count, then 'connection'.
    pub(crate) fn accept_set_up(&mut self, server: ServerId, socket: SocketId) -> Flow {
        let options = self.servers[server].options.socket;
        self.push(Frame::AcceptEmit(server, socket));
        let handle = self.sockets[socket].link.handle()?;
        if self.handles[handle].kind != HandleKind::Tcp {
            return None;
        }
        if options.keep_alive {
            self.push(Frame::AcceptKeepAlive(server, socket));
        }
        if options.no_delay { self.set_no_delay(socket, true) } else { None }
    }

    pub(crate) fn accept_keep_alive(&mut self, server: ServerId, socket: SocketId) -> Flow {
        let delay = self.servers[server].options.socket.keep_alive_delay;
        self.set_keep_alive(socket, true, delay)
    }

    pub(crate) fn accept_emit(&mut self, server: ServerId, socket: SocketId) -> Flow {
        // A socket whose reading could not even start is over already, and is not counted (rule D8).
        let s = &mut self.sockets[socket];
        if !s.destroyed && !bug!(NeverCounted) {
            s.counted_by = Some(server);
            self.servers[server].connections += 1;
        }
        self.emit(server, Event::Connection(socket))
    }

    pub(crate) fn accept_failed(&mut self, handle: HandleId, errno: Errno) -> Flow {
        let Owner::Server(server) = self.handles[handle].owner else { return None };
        self.emit(server, Event::Error(Arc::new(NodeError::system(errno, "accept"))))
    }
}
