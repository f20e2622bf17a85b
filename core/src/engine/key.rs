//! The engine's part of the state key: the stacks, the queues, and everything that has an id.

use super::frame::{Asked, Emission, Fed, Frame, Job, Run};
use super::{Core, Handle, Lookup, LookupFor, Open, Owner, TimerFor};
use crate::command::Outcome;
use crate::id::{HandleId, LookupId, ServerId, SocketId, TimerId};
use crate::socket::Piece;
use crate::state_key::Key;
use crate::step::{Emit, Event};
use bytes::Bytes;

impl Core {
    pub(crate) const fn first_tick(&self) -> u64 {
        self.first_tick
    }

    pub(crate) fn key(&self, k: &mut Key) {
        k.of(&self.limits);
        k.len(self.sockets.len());
        for (_, socket) in self.sockets.in_order::<SocketId>() {
            socket.key(k);
        }
        k.len(self.servers.len());
        for (_, server) in self.servers.in_order::<ServerId>() {
            server.key(k);
        }
        k.len(self.handles.len());
        for (id, handle) in self.handles.in_order::<HandleId>() {
            handle.key(k);
            let attempts = self.attempts.get(&id);
            k.flags([attempts.is_some()]);
            if let Some(attempts) = attempts {
                attempts.key(k);
            }
        }
        k.len(self.lookups.len());
        for (_, lookup) in self.lookups.in_order::<LookupId>() {
            self.lookup_key(lookup, k);
        }
        k.len(self.user_timers.len());
        for (_, timer) in self.user_timers.in_order::<TimerId>() {
            k.flags([timer.key.is_some(), timer.repeat, timer.refd]);
            k.of(&timer.duration);
        }
        self.timers.key(k);
        k.len(self.custom_lookups);
        k.of(&(self.live, self.timers_refd));
        self.stacks_key(k);
        self.queues_key(k);
    }

    fn lookup_key(&self, lookup: &Lookup, k: &mut Key) {
        k.variant(&lookup.purpose);
        k.flags([lookup.custom]);
        match &lookup.purpose {
            LookupFor::Socket(socket, target) => {
                k.socket(*socket);
                k.of(target);
            }
            LookupFor::Server { server, attempt, host } => {
                self.attempt_key(*server, *attempt, k);
                k.of(host);
            }
        }
    }

    /// An attempt to listen counts as long as it is the newest.
    fn attempt_key(&self, server: ServerId, attempt: u32, k: &mut Key) {
        k.server(server);
        k.flags([self.servers.get(server).is_some_and(|s| s.attempt == attempt)]);
    }

    fn stacks_key(&self, k: &mut Key) {
        k.variant(&self.mode);
        k.len(self.frames.len());
        self.frames.iter().for_each(|frame| frame.key(k));
        k.len(self.emissions.len());
        self.emissions.iter().for_each(|emission| emission.key(k));
        k.len(self.copies.len());
        self.copies.iter().for_each(|entry| entry.key(k));
        k.len(self.opens.len());
        self.opens.iter().for_each(|open| open.key(k));
        k.of(&self.stash.as_ref().map(core::mem::discriminant));
        if let Some(emit) = &self.stash {
            emit_key(emit, k);
        }
        k.of(&self.reply);
        k.flags([self.asked.is_some()]);
        if let Some(asked) = self.asked {
            asked.key(k);
            lengths(&self.wire, k);
            k.of(&self.scratch);
        }
    }

    fn queues_key(&self, k: &mut Key) {
        k.len(self.jobs.len());
        for job in self.jobs.iter() {
            self.job_key(job, k);
        }
        k.word(self.announced.wrapping_sub(self.first_tick));
        k.flags([self.ticks_may_wait, self.hollow]);
        k.len(self.fed.len());
        for fed in &self.fed {
            k.variant(fed);
            match fed {
                Fed::Shutdown(handle) => k.handle(*handle),
                Fed::Connected(handle, result) => {
                    k.handle(*handle);
                    k.of(result);
                }
            }
        }
        for closing in [&self.closing, &self.closing_batch] {
            k.len(closing.len());
            closing.iter().for_each(|handle| k.handle(*handle));
        }
        k.of(&(self.batch, self.fed_batch));
        k.len(self.to_release.len());
        self.to_release.iter().for_each(|socket| k.socket(*socket));
        k.len(self.released.len());
    }

    fn job_key(&self, job: &Job, k: &mut Key) {
        k.variant(job);
        match job {
            Job::Callback(socket, callback, error) => {
                k.socket(*socket);
                k.of(&(callback, error));
            }
            Job::AfterWrite { socket, count, callback, merges } => {
                k.socket(*socket);
                k.of(&(count, callback, merges));
            }
            Job::WriteFailed(socket, error, callback) => {
                k.socket(*socket);
                k.of(&(error, callback));
            }
            Job::EmitErrorClose(socket, error) | Job::ConnectError(socket, error) => {
                k.socket(*socket);
                k.of(error);
            }
            Job::FailBuffer(socket)
            | Job::EmitClose(socket)
            | Job::CloseDetached(socket)
            | Job::Finish(socket)
            | Job::FinishMaybe(socket)
            | Job::EmitReadable(socket)
            | Job::ReadMore(socket)
            | Job::Resume(socket)
            | Job::ReadDemand(socket)
            | Job::UpdateReadableListening(socket)
            | Job::EndReadable(socket)
            | Job::EndWritable(socket) => k.socket(*socket),
            Job::ConnectNow(socket, target) | Job::LookupRefused(socket, target) => {
                k.socket(*socket);
                k.of(target);
            }
            Job::Listening(server) | Job::ServerClose(server) => k.server(*server),
            Job::ListenAddress { server, attempt, ip } => {
                self.attempt_key(*server, *attempt, k);
                k.of(ip);
            }
            Job::ServerError(server, error) => {
                k.server(*server);
                k.of(error);
            }
            Job::Connections(server, callback, count) => {
                k.server(*server);
                k.of(&(callback, count));
            }
        }
    }
}

fn lengths(parts: &[Bytes], k: &mut Key) {
    k.len(parts.len());
    parts.iter().for_each(|part| k.len(part.len()));
}

impl Handle {
    fn key(&self, k: &mut Key) {
        match self.owner {
            Owner::Socket(id) => k.target(id.into()),
            Owner::Server(id) => k.target(id.into()),
        }
        k.of(&self.kind);
        k.flags([self.reading, self.started, self.limited, self.listening, self.refd, self.connecting]);
        k.flags([self.writing, self.shutting, self.shut, self.writable]);
        k.of(&self.closing);
    }
}

impl TimerFor {
    pub(crate) fn key(self, k: &mut Key) {
        k.variant(&self);
        match self {
            TimerFor::IdleSocket(socket) => k.socket(socket),
            TimerFor::Attempt(handle) => k.handle(handle),
            TimerFor::User(timer) => k.timer(timer),
        }
    }
}

impl Open {
    fn key(&self, k: &mut Key) {
        k.of(&(self.frames, self.emissions, self.copies, self.within));
        k.variant(&self.outcome);
        match &self.outcome {
            Outcome::Unit | Outcome::ListenerThrew => {}
            Outcome::Bool(value) => k.of(value),
            Outcome::Socket(id) => k.socket(*id),
            Outcome::Server(id) => k.server(*id),
            Outcome::Timer(id) => k.timer(*id),
            Outcome::Chunk(chunk) => k.of(&chunk.as_ref().map(Bytes::len)),
            Outcome::Text(text) => k.of(&text.units()),
            Outcome::Address(address) => k.of(address),
            Outcome::TypeOfService(value) => k.of(value),
            Outcome::Path(path) => k.of(path),
            Outcome::Threw(error) => k.of(error),
        }
    }
}

impl Emission {
    fn key(&self, k: &mut Key) {
        k.target(self.target);
        event_key(&self.event, k);
        k.of(&(self.start, self.next, self.end));
    }
}

fn event_key(event: &Event, k: &mut Key) {
    k.variant(event);
    match event {
        Event::Lookup(lookup) => k.of(&(&lookup.result, &lookup.host)),
        Event::ConnectionAttempt(attempt) => k.of(attempt),
        Event::ConnectionAttemptFailed(failed) => k.of(failed),
        Event::ConnectionAttemptTimeout(addr) => k.of(addr),
        Event::Data(bytes) => k.len(bytes.len()),
        Event::Text(text) => k.of(&text.units()),
        Event::Error(error) => k.of(error),
        Event::Close(had_error) => k.of(had_error),
        Event::Connection(socket) | Event::Pipe(socket) | Event::Unpipe(socket) => k.socket(*socket),
        Event::Drop(info) => k.of(info),
        Event::ServerClose(error) => k.of(error),
        Event::Connect
        | Event::Ready
        | Event::Readable
        | Event::End
        | Event::Drain
        | Event::Prefinish
        | Event::Finish
        | Event::Timeout
        | Event::Pause
        | Event::Resume
        | Event::Listening => {}
    }
}

fn emit_key(emit: &Emit, k: &mut Key) {
    k.variant(emit);
    match emit {
        Emit::Listener { target, listener, last, event } => {
            k.target(*target);
            k.of(&(listener, last));
            event_key(event, k);
        }
        Emit::Callback { socket, callback, error } => {
            k.socket(*socket);
            k.of(&(callback, error));
        }
        Emit::Connections { server, callback, count } => {
            k.server(*server);
            k.of(&(callback, count));
        }
        Emit::Timer { timer, last } => {
            k.timer(*timer);
            k.of(last);
        }
        Emit::Resolve { socket, lookup, host, family, hints, all } => {
            k.socket(*socket);
            k.lookup(*lookup);
            k.of(&(host, family, hints, all));
        }
        Emit::Read { socket, bytes } => {
            k.socket(*socket);
            k.len(bytes.len());
        }
        Emit::Unhandled { target, error } => {
            k.target(*target);
            k.of(error);
        }
    }
}

impl Run {
    fn key(&self, k: &mut Key) {
        k.of(&(&self.callbacks, self.next, &self.error));
    }
}

impl Asked {
    fn key(self, k: &mut Key) {
        k.variant(&self);
        match self {
            Asked::Open(handle, kind) => {
                k.handle(handle);
                k.of(&kind);
            }
            Asked::Adopt(handle, conn) => {
                k.handle(handle);
                k.of(&conn);
            }
            Asked::WriteStraight { socket, handle, bytes } => {
                k.socket(socket);
                k.handle(handle);
                k.of(&bytes);
            }
            Asked::Refuse(conn) | Asked::ConnNames(conn) => k.of(&conn),
            Asked::Bind(handle, addr, ipv6_only) => {
                k.handle(handle);
                k.of(&(addr, ipv6_only));
            }
            Asked::Connect(handle, addr) => {
                k.handle(handle);
                k.of(&addr);
            }
            Asked::Listen(handle, n) | Asked::ReadLimit(handle, n) => {
                k.handle(handle);
                k.of(&n);
            }
            Asked::NoDelay(handle, on) => {
                k.handle(handle);
                k.of(&on);
            }
            Asked::KeepAlive(handle, on, delay) => {
                k.handle(handle);
                k.of(&(on, delay));
            }
            Asked::Chmod(handle, readable, writable) => {
                k.handle(handle);
                k.of(&(readable, writable));
            }
            Asked::SetTypeOfService(handle, value) => {
                k.handle(handle);
                k.of(&value);
            }
            Asked::OpenFd(handle, fd) => {
                k.handle(handle);
                k.of(&fd);
            }
            Asked::Lookup(lookup, family, hints) => {
                k.lookup(lookup);
                k.of(&(family, hints));
            }
            Asked::BindPath(handle)
            | Asked::ConnectPath(handle)
            | Asked::Write(handle)
            | Asked::ReadStart(handle)
            | Asked::ReadStop(handle)
            | Asked::Shutdown(handle)
            | Asked::Close(handle)
            | Asked::Reset(handle)
            | Asked::SockName(handle)
            | Asked::PeerName(handle)
            | Asked::QueueSize(handle)
            | Asked::Detach(handle)
            | Asked::ReusePort(handle)
            | Asked::TypeOfService(handle) => k.handle(handle),
        }
    }
}

impl Frame {
    fn key(&self, k: &mut Key) {
        k.variant(self);
        match self {
            Frame::Emission | Frame::TypeOfServiceSet | Frame::TypeOfServiceAnswered => {}
            Frame::ServerAddressAnswered | Frame::Ignore => {}
            Frame::Emit(target, event) => {
                k.target(*target);
                event_key(event, k);
            }
            Frame::Unheard(target, error) => {
                k.target(*target);
                k.of(error);
            }
            Frame::Callbacks(socket, run) => {
                k.socket(*socket);
                run.key(k);
            }
            Frame::WriteTail { socket, dispatched, top } => {
                k.socket(*socket);
                k.flags([*dispatched, *top]);
            }
            Frame::WriteAnswered { socket, handle, bytes, late } => {
                k.socket(*socket);
                k.handle(*handle);
                k.of(&(bytes, late));
            }
            Frame::WriteDone(socket, callback, flag) => {
                k.socket(*socket);
                k.of(&(callback, flag));
            }
            Frame::AfterWrite { socket, count, callback } => {
                k.socket(*socket);
                k.of(&(count, callback));
            }
            Frame::WriteFailed(socket, error) | Frame::ErrorOrDestroy(socket, error) => {
                k.socket(*socket);
                k.of(error);
            }
            Frame::EndUncork(socket, callback, error) | Frame::EndFinish(socket, callback, error) => {
                k.socket(*socket);
                k.of(&(callback, error));
            }
            Frame::EndTail { socket, callback, error, ended } => {
                k.socket(*socket);
                k.of(&(callback, error, ended));
            }
            Frame::FinishMaybe(socket, flag)
            | Frame::FinishMaybeTail(socket, flag)
            | Frame::ReadableEmitted(socket, flag) => {
                k.socket(*socket);
                k.of(flag);
            }
            Frame::ReadTail { socket, asked, n, purpose } => {
                k.socket(*socket);
                k.of(&(asked, n, purpose));
            }
            Frame::ReadGiven(socket, piece, purpose) => {
                k.socket(*socket);
                k.of(&piece.as_ref().map(Piece::amount));
                k.of(purpose);
            }
            Frame::ReadOn { socket, n, purpose } => {
                k.socket(*socket);
                k.of(&(n, purpose));
            }
            Frame::PushTail { socket, handle, added } => {
                k.socket(*socket);
                k.handle(*handle);
                k.of(added);
            }
            Frame::Destroyed { socket, error, had_handle } => {
                k.socket(*socket);
                k.of(&(error, had_handle));
            }
            Frame::ClearBufferTail(socket)
            | Frame::AfterWriteTail(socket)
            | Frame::FailBuffer(socket)
            | Frame::BufferGone(socket)
            | Frame::ResumeOn(socket)
            | Frame::ScheduleFinish(socket)
            | Frame::FinalTail(socket)
            | Frame::FinishEmit(socket)
            | Frame::FinishTail(socket)
            | Frame::DestroySoonTail(socket)
            | Frame::ReadStarted(socket)
            | Frame::PauseOn(socket)
            | Frame::ReadDemanded(socket)
            | Frame::UnshiftTail(socket)
            | Frame::EofTail(socket)
            | Frame::ReadMoreTail(socket)
            | Frame::ResumeFlow(socket)
            | Frame::ResumeTail(socket)
            | Frame::FlowOn(socket)
            | Frame::EndEmitted(socket)
            | Frame::PauseTail(socket)
            | Frame::CloseNoted(socket)
            | Frame::DetachDone(socket)
            | Frame::ConnectBound(socket)
            | Frame::ConnectAsk(socket)
            | Frame::ConnectEmit(socket)
            | Frame::ConnectRead(socket)
            | Frame::ConnectTypeOfServiceSet(socket)
            | Frame::TimeoutSized(socket)
            | Frame::AcceptRead(socket) => k.socket(*socket),
            Frame::ShutdownAnswered(handle) | Frame::ReadLimited(handle) => k.handle(*handle),
            Frame::OnReadTail(socket, handle)
            | Frame::AttemptTimedOut(socket, handle)
            | Frame::ConnectAnswered(socket, handle)
            | Frame::ConnectKeepAlive(socket, handle)
            | Frame::ConnectTypeOfService(socket, handle) => {
                k.socket(*socket);
                k.handle(*handle);
            }
            Frame::ConnectOpened(socket, target) => {
                k.socket(*socket);
                k.of(target);
            }
            Frame::LookupAsked(lookup) | Frame::ListenLookupAsked(lookup) => k.lookup(*lookup),
            Frame::LookupEmitted(socket, target, result) => {
                k.socket(*socket);
                k.of(&(target, result));
            }
            Frame::LookupFound(socket, found) => {
                k.socket(*socket);
                k.of(found);
            }
            Frame::AttemptReopen(socket, attempts)
            | Frame::AttemptOpened(socket, attempts)
            | Frame::AttemptBound(socket, attempts)
            | Frame::AttemptAsk(socket, attempts) => {
                k.socket(*socket);
                attempts.key(k);
            }
            Frame::AttemptAnswered(socket, handle, attempts) => {
                k.socket(*socket);
                k.handle(*handle);
                attempts.key(k);
            }
            Frame::AttemptNamed(socket, attempts, errno) => {
                k.socket(*socket);
                attempts.key(k);
                k.of(errno);
            }
            Frame::AttemptFailed(socket, attempts, canceled) => {
                k.socket(*socket);
                attempts.key(k);
                k.of(canceled);
            }
            Frame::ConnectNamed(socket, errno) => {
                k.socket(*socket);
                k.of(errno);
            }
            Frame::AddressAnswered(socket, side) => {
                k.socket(*socket);
                k.of(side);
            }
            Frame::ListenGaveUp(server, error) => {
                k.server(*server);
                k.of(error);
            }
            Frame::ListenOpened(server)
            | Frame::ListenShared(server)
            | Frame::ListenBound(server)
            | Frame::ListenAnswered(server)
            | Frame::ListenChmod(server)
            | Frame::ListenFallback(server)
            | Frame::ServerClosed(server) => k.server(*server),
            Frame::AcceptDropped(server, conn) | Frame::AcceptNamed(server, conn) => {
                k.server(*server);
                k.of(conn);
            }
            Frame::AcceptRefuse(conn) => k.of(conn),
            Frame::AcceptSetUp(server, socket)
            | Frame::AcceptKeepAlive(server, socket)
            | Frame::AcceptEmit(server, socket) => {
                k.server(*server);
                k.socket(*socket);
            }
        }
    }
}
