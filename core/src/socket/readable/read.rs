//! What is read, by hand or by the machine.

use super::{Flowing, MAX_HIGH_WATER_MARK, data, raised};
use crate::bugs::bug;
use crate::call::Reply;
use crate::command::Outcome;
use crate::engine::Core;
use crate::engine::frame::{Flow, Frame, Job, ReadFor};
use crate::error::NodeError;
use crate::id::SocketId;
use crate::listeners::Internal;
use crate::socket::Link;
use crate::socket::chunks::Piece;
use crate::step::{Event, EventKind};
use alloc::sync::Arc;

impl Core {
    pub(super) fn emit_readable(&mut self, socket: SocketId) {
        let r = &mut self.sockets[socket].r;
        r.need_readable = false;
        if !r.emitted_readable {
            r.emitted_readable = true;
            if bug!(ReadableForgotten) {
                return;
            }
            self.schedule(Job::EmitReadable(socket));
        }
    }

    pub(crate) fn emit_readable_now(&mut self, socket: SocketId) -> Flow {
        let s = &self.sockets[socket];
        let emits = !s.destroyed && s.errored.is_none() && (s.r.length > 0 || s.r.ended);
        self.push(Frame::ReadableEmitted(socket, emits));
        if emits { self.emit(socket, Event::Readable) } else { None }
    }

    pub(crate) fn readable_emitted(&mut self, socket: SocketId, emitted: bool) -> Flow {
        let r = &mut self.sockets[socket].r;
        if emitted {
            r.emitted_readable = false;
        }
        r.need_readable |= r.flowing != Flowing::Yes && !r.ended && r.length <= u64::from(r.hwm);
        self.flow(socket)
    }

    /// One demand is enough: the driver never answers it within the call.
    #[inline(always)]
    pub(crate) fn read_more(&mut self, socket: SocketId) -> Flow {
        let r = &mut self.sockets[socket].r;
        let room = r.length < u64::from(r.hwm) || (r.flowing == Flowing::Yes && r.length == 0);
        let wants = !r.reading && !r.ended && room;
        r.reading_more &= wants;
        if !wants || self.demand_while_driven(socket) {
            return None;
        }
        self.push(Frame::ReadMoreTail(socket));
        self.read(socket, Some(0), ReadFor::Demand)
    }

    /// What [`read_more`](Self::read_more) demands while the driver reads: whether that is all there is to it. Nobody is
    /// called and nothing is asked then, so it is done at once.
    #[inline(always)]
    fn demand_while_driven(&mut self, socket: SocketId) -> bool {
        let s = &mut self.sockets[socket];
        let Link::Open(handle) = s.link else { return false };
        let over = s.r.ended || s.destroyed || s.errored.is_some();
        if over || s.r.need_readable && s.r.is_full() || !self.handles[handle].reading {
            return false;
        }
        let r = &mut s.r;
        if !r.reading && (r.need_readable || r.is_low(0)) {
            (r.reading, r.sync) = (true, false);
        }
        r.need_readable |= r.length <= u64::from(r.hwm);
        r.reading_more = false;
        true
    }

    pub(crate) fn read_more_tail(&mut self, socket: SocketId) -> Flow {
        self.sockets[socket].r.reading_more = false;
        None
    }

    /// `socket.read(n)`: demand more if there is little left, then give what there is (rules R13 to R16).
    pub(crate) fn read(&mut self, socket: SocketId, n: Option<u32>, purpose: ReadFor) -> Flow {
        if let Some(handle) = self.driven(socket, false) {
            self.push(Frame::ReadOn { socket, n, purpose });
            return self.start_driver(socket, handle);
        }
        let s = &mut self.sockets[socket];
        let r = &mut s.r;
        if let Some(n) = n {
            if n > MAX_HIGH_WATER_MARK {
                let received = alloc::format!("{n}");
                self.throw(NodeError::OutOfRange { name: "size", range: "<= 1GiB", received });
                return None;
            }
            if n > r.hwm {
                r.hwm = raised(n);
            }
        }
        if n != Some(0) {
            r.emitted_readable = false;
        }
        if n == Some(0) && r.need_readable && (r.is_full() || r.ended) {
            if r.length == 0 && r.ended {
                self.end_readable(socket);
            } else {
                self.emit_readable(socket);
            }
            return self.read_given(socket, None, purpose);
        }
        let wanted = n;
        let n = r.how_much(wanted);
        if n == 0 && r.ended {
            if r.length == 0 {
                self.end_readable(socket);
            }
            return self.read_given(socket, None, purpose);
        }
        let demand = r.need_readable || r.is_low(n);
        // `u32::MAX` stands for "all": no chunk is that long, `read(n)` is bounded by 1 GiB.
        let asked = wanted.unwrap_or(u32::MAX);
        self.push(Frame::ReadTail { socket, asked, n, purpose });
        let s = &mut self.sockets[socket];
        if !demand || s.r.reading || s.r.ended || s.destroyed || s.errored.is_some() {
            return None;
        }
        (s.r.reading, s.r.sync) = (true, true);
        if s.r.length == 0 {
            s.r.need_readable = true;
        }
        self.push(Frame::ReadDemanded(socket));
        self.read_demanded(socket)
    }

    pub(crate) fn demanded(&mut self, socket: SocketId) -> Flow {
        self.sockets[socket].r.sync = false;
        None
    }

    /// `_read`: start the driver, or wait for 'connect' (rule R1).
    pub(crate) fn read_demanded(&mut self, socket: SocketId) -> Flow {
        match self.sockets[socket].link {
            Link::Open(handle) => {
                if self.handles[handle].reading {
                    return None;
                }
                self.start_driver(socket, handle)
            }
            Link::Opening(_) | Link::Detached => {
                self.once_internal(socket, EventKind::Connect, Internal::Read);
                None
            }
        }
    }

    pub(crate) fn read_started(&mut self, socket: SocketId) -> Flow {
        match self.take_reply() {
            Reply::Failed(errno) => self.destroy(socket, Some(Arc::new(NodeError::system(errno, "read")))),
            _ => None,
        }
    }

    pub(crate) fn read_tail(&mut self, socket: SocketId, asked: u32, n: u32, purpose: ReadFor) -> Flow {
        let s = &mut self.sockets[socket];
        let given = s.r.take(n);
        let taken = given.as_ref().map_or(0, |_| n);
        if given.is_none() {
            s.r.need_readable |= s.r.length <= u64::from(s.r.hwm);
        }
        if s.r.length == 0 {
            if !s.r.ended {
                s.r.need_readable = true;
            }
            if asked != taken && s.r.ended {
                self.end_readable(socket);
            }
        }
        let s = &self.sockets[socket];
        match given {
            Some(piece) if bug!(ReadIsSilent) && purpose == ReadFor::User => {
                self.read_given(socket, Some(piece), purpose)
            }
            Some(piece) if !s.error_emitted && !s.close_emitted => {
                self.push(Frame::ReadGiven(socket, Some(piece.clone()), purpose));
                self.emit_data(socket, piece)
            }
            given => self.read_given(socket, given, purpose),
        }
    }

    fn emit_data(&mut self, socket: SocketId, piece: Piece) -> Flow {
        self.sockets[socket].r.did_read = true;
        self.emit(socket, data(piece))
    }

    pub(crate) fn read_given(&mut self, socket: SocketId, given: Option<Piece>, purpose: ReadFor) -> Flow {
        match purpose {
            ReadFor::User => {
                self.outcome(match given {
                    None => Outcome::Chunk(None),
                    Some(Piece::Bytes(bytes)) => Outcome::Chunk(Some(bytes)),
                    Some(Piece::Text(text)) => Outcome::Text(text),
                });
                None
            }
            ReadFor::Flow if given.is_some() => self.flow(socket),
            ReadFor::Flow | ReadFor::Demand => None,
        }
    }
}
