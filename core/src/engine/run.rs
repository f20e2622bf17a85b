//! The dispatcher: which function goes on with a frame, runs a tick, or takes a command.

use super::frame::{Flow, Frame, Job};
use super::{Core, Refusal, TimerFor, UserTimer};
use crate::command::{Command, Emitted, ListenOptions, Named, Outcome, Resolved};
use crate::error::{ApiMisuse, NodeError};
use crate::id::{ListenerId, SocketId, TimerId};
use crate::listeners::{Entry, Life, Who};
use crate::socket::OnRead;
use crate::step::{Emit, Event, EventKind, Target};
use crate::timers;
use alloc::sync::Arc;

impl Core {
    /// Goes on with a frame.
    #[inline(never)]
    pub(super) fn run(&mut self, frame: Frame) -> Flow {
        match frame {
            Frame::PushTail { socket, handle, added } => self.push_tail(socket, handle, added),
            Frame::WriteTail { socket, dispatched, top } => self.write_tail(socket, dispatched, top),
            Frame::WriteAnswered { socket, handle, bytes, late } => self.write_answered(socket, handle, bytes, late),
            Frame::Emission => self.emission_on(),
            Frame::Emit(target, event) => self.emit(target, *event),
            Frame::Unheard(target, error) => self.say(Emit::Unhandled { target, error }),
            Frame::Callbacks(s, run) => self.callbacks_on(s, run),
            Frame::Ignore => {
                let _ignored = self.take_reply_if_any();
                None
            }

            Frame::WriteDone(s, callback, sync) => self.write_done(s, callback, sync),
            Frame::ClearBufferTail(s) => self.clear_buffer_tail(s),
            Frame::AfterWrite { socket, count, callback } => self.after_write_on(socket, count, callback),
            Frame::AfterWriteTail(s) => self.after_write_tail(s),
            Frame::WriteFailed(s, error) => self.write_failed_tail(s, error),
            Frame::BufferGone(s) => self.buffer_gone(s),
            Frame::FailBuffer(s) => self.fail_buffer(s, false),
            Frame::ErrorOrDestroy(s, error) => self.error_or_destroy(s, error),
            Frame::EndUncork(s, callback, error) => self.end_uncork(s, callback, error),
            Frame::EndFinish(s, callback, error) => self.end_finish(s, callback, error),
            Frame::EndTail { socket, callback, error, ended } => self.end_tail(socket, callback, error, ended),
            Frame::FinishMaybe(s, sync) => self.finish_maybe(s, sync),
            Frame::FinishMaybeTail(s, sync) => self.finish_maybe_tail(s, sync),
            Frame::FinalTail(s) => self.final_tail(s),
            Frame::ShutdownAnswered(h) => self.shutdown_answered(h),
            Frame::ScheduleFinish(s) => self.schedule_finish(s),
            Frame::FinishEmit(s) => self.finish_emit(s),
            Frame::FinishTail(s) => self.finish_tail(s),
            Frame::DestroySoonTail(s) => self.destroy_soon_tail(s),

            Frame::ReadTail { socket, asked, n, purpose } => self.read_tail(socket, asked, n, purpose),
            Frame::ReadGiven(s, chunk, purpose) => self.read_given(s, chunk, purpose),
            Frame::ReadDemanded(s) => self.demanded(s),
            Frame::ReadStarted(s) => self.read_started(s),
            Frame::ReadLimited(h) => self.read_limited(h),
            Frame::ReadOn { socket, n, purpose } => self.read(socket, n, purpose),
            Frame::OnReadTail(s, h) => self.on_read_tail(s, h),
            Frame::PauseOn(s) => self.pause(s),
            Frame::ResumeOn(s) => self.stream_resume(s),
            Frame::UnshiftTail(s) => self.unshift_tail(s),
            Frame::EofTail(s) => self.eof_tail(s),
            Frame::ReadableEmitted(s, emitted) => self.readable_emitted(s, emitted),
            Frame::ReadMoreTail(s) => self.read_more_tail(s),
            Frame::ResumeFlow(s) => self.resume_flow(s),
            Frame::ResumeTail(s) => self.resume_tail(s),
            Frame::FlowOn(s) => self.flow(s),
            Frame::EndEmitted(s) => self.end_emitted(s),
            Frame::PauseTail(s) => self.pause_tail(s),

            Frame::Destroyed { socket, error, had_handle } => self.destroyed(socket, error, had_handle),
            Frame::CloseNoted(s) => self.close_noted(s),
            Frame::DetachDone(s) => self.detach_done(s),

            Frame::ConnectOpened(s, target) => {
                let _done = self.take_reply();
                self.connect_opened(s, target)
            }
            Frame::LookupAsked(lookup) => self.lookup_asked(lookup),
            Frame::LookupEmitted(s, target, result) => self.lookup_emitted(s, target, *result),
            Frame::LookupFound(s, found) => self.found_on(s, found),
            Frame::AttemptReopen(s, attempts) => self.attempt_reopen(s, attempts),
            Frame::AttemptOpened(s, attempts) => self.attempt_opened(s, attempts),
            Frame::AttemptBound(s, attempts) => self.attempt_bound(s, attempts),
            Frame::AttemptAsk(s, attempts) => self.attempt_ask(s, attempts),
            Frame::AttemptAnswered(s, h, attempts) => self.attempt_answered(s, h, attempts),
            Frame::AttemptNamed(s, attempts, errno) => self.attempt_named(s, attempts, errno),
            Frame::AttemptFailed(s, attempts, canceled) => self.attempt_on(s, attempts, canceled),
            Frame::AttemptTimedOut(s, h) => self.attempt_give_up(s, h),
            Frame::ConnectBound(s) => self.connect_bound(s),
            Frame::ConnectAsk(s) => self.connect_ask(s),
            Frame::ConnectAnswered(s, h) => self.connect_answered(s, h),
            Frame::ConnectNamed(s, errno) => self.connect_named(s, errno),
            Frame::ConnectKeepAlive(s, h) => self.connect_keep_alive(s, h),
            Frame::ConnectEmit(s) => self.connect_emit(s),
            Frame::ConnectRead(s) => self.connect_read(s),
            Frame::TypeOfServiceSet => self.type_of_service_set(),
            Frame::TypeOfServiceAnswered => self.type_of_service_answered(),
            Frame::ConnectTypeOfService(s, h) => self.connect_type_of_service(s, h),
            Frame::ConnectTypeOfServiceSet(s) => self.connect_type_of_service_set(s),
            Frame::AddressAnswered(s, side) => self.address_answered(s, side),
            Frame::TimeoutSized(s) => self.timeout_sized(s),

            Frame::ListenLookupAsked(lookup) => self.listen_lookup_asked(lookup),
            Frame::ListenOpened(s) => self.listen_opened(s),
            Frame::ListenShared(s) => self.listen_shared(s),
            Frame::ListenBound(s) => self.listen_bound(s),
            Frame::ListenAnswered(s) => self.listen_answered(s),
            Frame::ListenChmod(s) => self.listen_chmod(s),
            Frame::ListenFallback(s) => self.listen_fallback(s),
            Frame::ListenGaveUp(s, error) => self.listen_gave_up(s, error),
            Frame::ServerAddressAnswered => self.server_address_answered(),
            Frame::ServerClosed(s) => self.close_if_drained(s),
            Frame::AcceptDropped(s, conn) => self.accept_dropped(s, conn),
            Frame::AcceptNamed(s, conn) => self.accept_named(s, conn),
            Frame::AcceptRefuse(conn) => self.accept_refuse(conn),
            Frame::AcceptRead(s) => self.accept_read(s),
            Frame::AcceptSetUp(server, socket) => self.accept_set_up(server, socket),
            Frame::AcceptKeepAlive(server, socket) => self.accept_keep_alive(server, socket),
            Frame::AcceptEmit(server, socket) => self.accept_emit(server, socket),
        }
    }

    /// Takes the next tick's job off and runs it; that of every read is looked at in its place, and holds nothing to drop.
    #[inline]
    pub(super) fn run_job(&mut self) -> Flow {
        if let Some(&Job::ReadMore(socket)) = self.jobs.front() {
            self.jobs.drop_front_plain();
            return self.read_more(socket);
        }
        let job = self.jobs.pop_front()?;
        self.job(job)
    }

    #[inline(never)]
    fn job(&mut self, job: Job) -> Flow {
        match job {
            Job::ReadMore(s) => self.read_more(s),
            Job::AfterWrite { socket, count, callback, merges } => {
                self.after_write_tick(socket, count, callback, merges)
            }
            Job::Callback(s, callback, error) => self.call_back(s, callback, error),
            Job::WriteFailed(s, error, callback) => self.write_failed(s, error, callback),
            Job::FailBuffer(s) => self.fail_buffer(s, true),
            Job::EmitErrorClose(s, error) => self.emit_error_close(s, error),
            Job::EmitClose(s) => self.close_noted(s),
            Job::CloseDetached(s) => self.close_detached(s),
            Job::Finish(s) => self.finish(s),
            Job::FinishMaybe(s) => self.finish_maybe_tick(s),
            Job::EmitReadable(s) => self.emit_readable_now(s),
            Job::Resume(s) => self.resume_tick(s),
            Job::ReadDemand(s) => self.read(s, Some(0), super::frame::ReadFor::Demand),
            Job::UpdateReadableListening(s) => self.update_readable_listening(s),
            Job::EndReadable(s) => self.end_readable_tick(s),
            Job::EndWritable(s) => self.end_writable_tick(s),
            Job::ConnectNow(s, target) => self.connect_now(s, target),
            Job::ConnectError(s, error) => self.destroy(s, Some(error)),
            Job::LookupRefused(s, target) => self.lookup_refused(s, target),
            Job::Listening(s) => self.listening_tick(s),
            Job::ListenAddress { server, attempt, ip } => self.listen_address(server, attempt, ip),
            Job::ServerError(s, error) => self.emit(s, crate::step::Event::Error(error)),
            Job::ServerClose(s) => self.emit(s, crate::step::Event::ServerClose(None)),
            Job::Connections(server, callback, count) => self.say(Emit::Connections { server, callback, count }),
        }
    }

    /// A command to a socket or server that is gone.
    #[cold]
    fn command_to_gone(&mut self, command: Command) -> Flow {
        match command.names() {
            Some(Named::Socket(id)) => self.command_to_released(id, command),
            Some(Named::Server(_)) => {
                self.throw(NodeError::ServerNotRunning);
                None
            }
            _ => self.command_to_live(command),
        }
    }

    /// What a command does; `live` as [`check_command`](Self::check_command) said.
    pub(super) fn command(&mut self, command: Command, live: bool) -> Flow {
        if live { self.command_to_live(command) } else { self.command_to_gone(command) }
    }

    fn command_to_live(&mut self, command: Command) -> Flow {
        match command {
            Command::NewSocket(options) => self.make_socket(options),
            Command::HandedIn(options, given) => self.handed_in(options, given),
            Command::NewServer(options) => {
                let id = self.servers.insert(crate::server::Server::new(options));
                self.outcome(Outcome::Server(id));
                None
            }
            Command::Connect(s, to) => self.connect(s, to),
            Command::Write(s, chunk, callback) => self.write(s, chunk, callback),
            Command::Cork(s) => self.unit(|core| core.cork(s)),
            Command::Uncork(s) => self.uncork(s),
            Command::End(s, chunk, callback) => self.end(s, chunk, callback),
            Command::Destroy(s, error) => self.destroy(s, error),
            Command::DestroySoon(s) => self.destroy_soon(s),
            Command::ResetAndDestroy(s) => self.reset_and_destroy(s),
            Command::Pause(s) => self.user_pause(s),
            Command::Resume(s) => self.resume(s),
            Command::OnRead(s, size) => self.unit(|core| core.sockets[s].rare.on_read = Some(OnRead::new(size))),
            Command::Emit(s, Emitted::Pipe(source)) => self.emit(s, Event::Pipe(source)),
            Command::Emit(s, Emitted::Unpipe(source)) => self.emit(s, Event::Unpipe(source)),
            Command::Emit(s, Emitted::Error(error)) => self.emit(s, Event::Error(error)),
            Command::StopReading(s) => self.unit(|core| core.stop_reading(s)),
            Command::Read(s, n) => self.read(s, n, super::frame::ReadFor::User),
            Command::SetEncoding(s, encoding, told) => self.unit(|core| core.set_encoding(s, encoding, told)),
            Command::SetTimeout(s, ms) => self.set_timeout(s, ms),
            Command::SetNoDelay(s, on) => self.set_no_delay(s, on),
            Command::SetKeepAlive(s, on, delay) => self.set_keep_alive(s, on, delay),
            Command::SetTypeOfService(s, tos) => self.set_type_of_service(s, tos),
            Command::TypeOfService(s) => self.type_of_service(s),
            Command::Ref(s, on) => self.ref_socket(s, on),
            Command::Address(s, side) => self.address(s, side),
            Command::Retain(s) => self.unit(|core| core.sockets[s].retained = true),
            Command::Release(s) => self.unit(|core| {
                core.sockets[s].retained = false;
                core.release_later(s);
            }),
            Command::Detach(s) => self.detach(s),
            Command::On { target, event, listener, once, prepend } => {
                self.listen_for(target, event, listener, once, prepend)
            }
            Command::Off { target, event, listener } => {
                if let Some(listeners) = self.listeners(target) {
                    listeners.remove_user(event, listener);
                }
                self.listener_gone(target, event);
                None
            }
            Command::RemoveAll(target, event) => {
                self.remove_all_listeners(target, event);
                None
            }
            Command::Listen(s, on) => self.listen(s, on, ListenOptions::default()),
            Command::ListenWith(s, on, more) => self.listen(s, on, more),
            Command::CloseServer(s, callback) => self.close_server(s, callback),
            Command::ServerAddress(s) => self.server_address(s),
            Command::GetConnections(s, callback) => {
                let count = self.servers[s].connections;
                self.schedule(Job::Connections(s, callback, count));
                None
            }
            Command::SetMaxConnections(s, n) => self.unit(|core| core.servers[s].max_connections = n),
            Command::SetBlockList(Target::Server(s), list) => self.unit(|core| core.servers[s].block_list = list),
            Command::SetBlockList(Target::Socket(s), list) => self.unit(|core| core.sockets[s].rare.block_list = list),
            Command::RefServer(s, on) => self.unit(|core| core.ref_server(s, on)),
            Command::ReleaseServer(s) => self.unit(|core| core.release_server(s)),
            Command::Answer(lookup, answer) => {
                let purpose = self.take_answered(lookup)?;
                let answer = answer.map(|list| list.into_iter().map(Resolved::Ip).collect());
                self.answer(purpose, answer.map_err(Refusal::Code))
            }
            Command::AnswerText(lookup, list) => {
                let purpose = self.take_answered(lookup)?;
                let text = |(address, family)| Resolved::Text { address, family };
                self.answer(purpose, Ok(list.into_iter().map(text).collect()))
            }
            Command::AnswerError(lookup, error) => {
                let purpose = self.take_answered(lookup)?;
                self.answer(purpose, Err(Refusal::Error(error)))
            }
            Command::DropHandle(s) => self.drop_handle(s),
            Command::Unshift(s, chunk) => self.unshift(s, chunk),
            Command::SetFlowing(s, flowing) => self.unit(|core| core.set_flowing(s, flowing)),
            Command::HandleReads(s, on) => self.handle_reads(s, on),
            Command::Tap(target, listener) => self.unit(|core| core.set_tap(target, listener)),
            Command::StartTimer { ms, repeat } => self.unit(|core| core.start_timer(ms, repeat)),
            Command::CancelTimer(id) => self.unit(|core| core.cancel_timer(id)),
            Command::RefreshTimer(id) => self.unit(|core| core.refresh_timer(id)),
            Command::RefTimer(id, on) => self.unit(|core| core.ref_timer(id, on)),
        }
    }

    fn unit(&mut self, act: impl FnOnce(&mut Self)) -> Flow {
        act(self);
        None
    }

    /// Throws at the bound of sockets (rule B3).
    pub(crate) fn too_many_sockets(&mut self) -> bool {
        let bound = self.limits.sockets;
        let full = self.sockets.len() >= bound as usize;
        if full {
            self.throw(NodeError::Limit { name: "sockets", bound: u64::from(bound) });
        }
        full
    }

    fn make_socket(&mut self, options: crate::command::SocketOptions) -> Flow {
        if self.too_many_sockets() {
            return None;
        }
        let id = self.new_socket(options);
        self.outcome(Outcome::Socket(id));
        None
    }

    /// A socket that is closed and forgotten answers as a destroyed one does (rule L17).
    fn command_to_released(&mut self, id: SocketId, command: Command) -> Flow {
        let failed = match command {
            Command::Write(_, _, callback) => {
                self.outcome(Outcome::Bool(false));
                callback.map(|callback| (callback, NodeError::StreamDestroyed("write")))
            }
            Command::End(_, _, callback) => callback.map(|callback| (callback, NodeError::StreamDestroyed("end"))),
            Command::Read(..) => {
                self.outcome(Outcome::Chunk(None));
                None
            }
            Command::TypeOfService(_) => {
                self.outcome(Outcome::TypeOfService(0));
                None
            }
            Command::Address(..) => {
                self.outcome(Outcome::Address(None));
                None
            }
            Command::Connect(..) | Command::Detach(_) => {
                self.throw(NodeError::SocketClosed);
                None
            }
            _ => None,
        };
        if let Some((callback, error)) = failed {
            self.schedule(Job::Callback(id, callback, Some(Arc::new(error))));
        }
        None
    }

    pub(super) fn listen_for(
        &mut self,
        target: Target,
        event: EventKind,
        listener: ListenerId,
        once: bool,
        prepend: bool,
    ) -> Flow {
        let life = if once { Life::Once } else { Life::Stays };
        self.add_listener(target, Entry::new(event, life, Who::User(listener)), prepend)
    }

    fn add_listener(&mut self, target: Target, entry: Entry, prepend: bool) -> Flow {
        self.listeners(target)?.add(entry, prepend);
        match target {
            // A stream does not hear of a listener that was put before the others (rules R10, R11).
            Target::Socket(socket) if !prepend => self.listener_added(socket, entry.kind),
            Target::Socket(_) => None,
            Target::Server(_) => None,
        }
    }

    fn remove_all_listeners(&mut self, target: Target, event: Option<EventKind>) {
        if let Some(listeners) = self.listeners(target) {
            listeners.remove_all(event);
        }
        // Removing all 'data' listeners does not tell the stream, as in Node.
        if matches!(event, None | Some(EventKind::Readable)) {
            self.listener_gone(target, EventKind::Readable);
        }
    }

    fn start_timer(&mut self, ms: f64, repeat: bool) {
        let in_range = ms >= 1.0 && ms <= f64::from(timers::GREATEST);
        let duration = if in_range { ms as u32 } else { timers::LEAST };
        let id: TimerId = self.user_timers.insert(UserTimer { key: None, duration, repeat, refd: true });
        let key = self.timers.start(TimerFor::User(id), duration, self.now);
        self.user_timers[id].key = Some(key);
        self.timers_refd += 1;
        self.outcome(Outcome::Timer(id));
    }

    fn cancel_timer(&mut self, id: TimerId) {
        let Some(timer) = self.user_timers.remove(id) else { return };
        if let Some(key) = timer.key {
            self.timers.cancel(key);
        }
        self.timers_refd -= u32::from(timer.refd);
    }

    fn refresh_timer(&mut self, id: TimerId) {
        if let Some(UserTimer { key: Some(key), .. }) = self.user_timers.get(id) {
            self.timers.refresh(*key, self.now);
        }
    }

    fn ref_timer(&mut self, id: TimerId, on: bool) {
        if let Some(timer) = self.user_timers.get_mut(id)
            && timer.refd != on
        {
            timer.refd = on;
            self.timers_refd = if on { self.timers_refd + 1 } else { self.timers_refd - 1 };
        }
    }

    /// Whether what a command names is there; what is not may be gone, but must have been.
    pub(super) fn check_command(&self, command: &Command) -> Result<bool, ApiMisuse> {
        match command.names() {
            Some(Named::Socket(id)) => Self::known(&self.sockets, id),
            Some(Named::Server(id)) => Self::known(&self.servers, id),
            Some(Named::Lookup(id)) => Self::known(&self.lookups, id),
            Some(Named::Timer(id)) => Self::known(&self.user_timers, id),
            None => Ok(true),
        }
    }
}
