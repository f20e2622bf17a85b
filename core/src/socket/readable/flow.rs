//! Flowing and paused: who asks for what comes, and the end of it.

use super::Flowing;
use crate::bugs::bug;
use crate::engine::Core;
use crate::engine::frame::{Flow, Frame, Job, ReadFor};
use crate::id::SocketId;
use crate::step::{Event, EventKind};

impl Core {
    /// While flowing: one chunk after the other (rule R7).
    pub(crate) fn flow(&mut self, socket: SocketId) -> Flow {
        if self.sockets[socket].r.flowing == Flowing::Yes { self.read(socket, None, ReadFor::Flow) } else { None }
    }

    pub(super) fn end_readable(&mut self, socket: SocketId) {
        let r = &mut self.sockets[socket].r;
        if !r.end_emitted {
            r.ended = true;
            self.schedule(Job::EndReadable(socket));
        }
    }

    /// 'end', once and only when everything was read (rule R6).
    pub(crate) fn end_readable_tick(&mut self, socket: SocketId) -> Flow {
        let s = &mut self.sockets[socket];
        let ended = s.r.end_emitted && !bug!(EndTwice);
        if s.errored.is_some() || s.close_emitted || ended || (s.r.length > 0 && !bug!(EndWhileKept)) {
            return None;
        }
        s.r.end_emitted = true;
        self.push(Frame::EndEmitted(socket));
        if bug!(EndLost) { None } else { self.emit(socket, Event::End) }
    }

    /// Not half-open: this side ends too, in a tick; both over: the socket destroys itself (rules L12, L13).
    pub(crate) fn end_emitted(&mut self, socket: SocketId) -> Flow {
        let s = &self.sockets[socket];
        if bug!(NeverAnswersEnd) {
            return None;
        }
        if bug!(DestroysAtEnd) {
            return self.destroy(socket, None);
        }
        if s.is_writable() && (!s.options.allow_half_open || bug!(HalfOpenEnds)) {
            if bug!(EndsWithinEnd) {
                return self.end_writable_tick(socket);
            }
            self.schedule(Job::EndWritable(socket));
            return None;
        }
        if s.w.finished && !bug!(EndStaysOpen) { self.destroy(socket, None) } else { None }
    }

    pub(crate) fn end_writable_tick(&mut self, socket: SocketId) -> Flow {
        let s = &self.sockets[socket];
        if s.is_writable() && !s.w.ending && !s.destroyed { self.end(socket, None, None) } else { None }
    }

    /// `socket.pause()`: with `onread` the driver stops first (rule R22).
    pub(crate) fn user_pause(&mut self, socket: SocketId) -> Flow {
        match self.driven(socket, true) {
            Some(handle) => {
                self.push(Frame::PauseOn(socket));
                self.stop_driver(handle)
            }
            None => self.pause(socket),
        }
    }

    /// `stream.pause()` (rule R8)
    pub(crate) fn pause(&mut self, socket: SocketId) -> Flow {
        self.push(Frame::PauseTail(socket));
        let r = &mut self.sockets[socket].r;
        if r.flowing == Flowing::No && !bug!(PauseTwice) {
            return None;
        }
        r.flowing = Flowing::No;
        self.emit(socket, Event::Pause)
    }

    pub(crate) fn pause_tail(&mut self, socket: SocketId) -> Flow {
        self.sockets[socket].r.paused = Some(true);
        None
    }

    /// `socket.resume()` (rule R9); with `onread` the driver starts at once (rule R22).
    pub(crate) fn resume(&mut self, socket: SocketId) -> Flow {
        match self.driven(socket, false) {
            Some(handle) => {
                self.push(Frame::ResumeOn(socket));
                self.start_driver(socket, handle)
            }
            None => self.stream_resume(socket),
        }
    }

    pub(crate) fn stream_resume(&mut self, socket: SocketId) -> Flow {
        let r = &mut self.sockets[socket].r;
        if r.flowing != Flowing::Yes {
            r.flowing = if r.readable_listening { Flowing::No } else { Flowing::Yes };
            if bug!(ResumesWithinCall) {
                self.sockets[socket].r.paused = Some(false);
                return self.resume_tick(socket);
            }
            if !r.resume_scheduled || bug!(ResumeTwice) {
                r.resume_scheduled = true;
                self.schedule(Job::Resume(socket));
            }
        }
        self.sockets[socket].r.paused = Some(false);
        None
    }

    pub(crate) fn resume_tick(&mut self, socket: SocketId) -> Flow {
        self.push(Frame::ResumeFlow(socket));
        if self.sockets[socket].r.reading { None } else { self.read(socket, Some(0), ReadFor::Demand) }
    }

    pub(crate) fn resume_flow(&mut self, socket: SocketId) -> Flow {
        self.sockets[socket].r.resume_scheduled = false;
        self.push(Frame::ResumeTail(socket));
        if !bug!(KeptStays) {
            self.push(Frame::FlowOn(socket));
        }
        self.emit(socket, Event::Resume)
    }

    pub(crate) fn resume_tail(&mut self, socket: SocketId) -> Flow {
        let r = &self.sockets[socket].r;
        if r.flowing == Flowing::Yes && !r.reading { self.read(socket, Some(0), ReadFor::Demand) } else { None }
    }

    /// `pauseOnConnect`: nothing is read until `resume`.
    pub(crate) fn paused_on_create(&mut self, socket: SocketId) {
        self.sockets[socket].r.flowing = Flowing::No;
    }

    /// A user listener was added that the stream must know of (rules R10, R11).
    pub(crate) fn listener_added(&mut self, socket: SocketId, kind: EventKind) -> Flow {
        let s = &mut self.sockets[socket];
        match kind {
            EventKind::Data => {
                s.r.data_listening = true;
                s.r.readable_listening |= s.listeners.count(EventKind::Readable) > 0;
                if s.r.flowing != Flowing::No {
                    return self.resume(socket);
                }
            }
            EventKind::Readable if !s.r.end_emitted && !s.r.readable_listening => {
                (s.r.readable_listening, s.r.need_readable) = (true, true);
                s.r.flowing = Flowing::No;
                s.r.emitted_readable = false;
                if s.r.length > 0 {
                    self.emit_readable(socket);
                } else if !s.r.reading {
                    self.schedule(Job::ReadDemand(socket));
                }
            }
            _ => {}
        }
        None
    }

    /// A user listener was removed (rule R12).
    pub(crate) fn listener_gone(&mut self, target: crate::step::Target, kind: EventKind) {
        let crate::step::Target::Socket(socket) = target else { return };
        match kind {
            EventKind::Readable => {
                self.schedule(Job::UpdateReadableListening(socket));
            }
            EventKind::Data => {
                let s = &mut self.sockets[socket];
                if s.listeners.count(EventKind::Data) == 0 {
                    s.r.data_listening = false;
                }
            }
            _ => {}
        }
    }

    pub(crate) fn update_readable_listening(&mut self, socket: SocketId) -> Flow {
        let s = &mut self.sockets[socket];
        s.r.readable_listening = s.listeners.count(EventKind::Readable) > 0;
        if s.r.resume_scheduled && s.r.paused == Some(false) {
            s.r.flowing = Flowing::Yes;
        } else if s.r.data_listening {
            return self.resume(socket);
        } else if !s.r.readable_listening {
            s.r.flowing = Flowing::Undecided;
        }
        None
    }
}
