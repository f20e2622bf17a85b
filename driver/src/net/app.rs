//! The program as the core's host sees it: what the machine emits runs user code.

use super::failure::{Failure, Thrown};
use super::{Host, Net};
use crate::LookupRequest;
use crate::registry::{self, Called, Rung, Task};
use crate::socket::Socket;
#[cfg(feature = "tracing")]
use netfold_core::host;
use netfold_core::host::{App, Parts};
use netfold_core::{Command, Emit, SocketId, Unhandled};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs user code; a panic becomes the failure that the machine is told of.
fn guarded(run: impl FnOnce()) -> Result<(), Thrown> {
    catch_unwind(AssertUnwindSafe(run)).map_err(Thrown::from_panic)
}

impl<S, H: Host> Net<S, H> {
    #[inline(always)]
    fn run_user_code(&mut self, emit: Emit) -> Result<(), Thrown> {
        match emit {
            Emit::Listener { target, listener, last: false, event } => match self.registry.find(target, listener) {
                Some(listener) => guarded(|| listener(self, target, event)),
                None => Ok(()),
            },
            emit => self.run_other_user_code(emit),
        }
    }

    #[inline(never)]
    fn run_other_user_code(&mut self, emit: Emit) -> Result<(), Thrown> {
        match emit {
            Emit::Listener { target, listener, event, .. } => match self.registry.take(target, listener) {
                Some(listener) => guarded(|| listener(self, target, event)),
                None => Ok(()),
            },
            Emit::Callback { socket, callback, error } => match self.registry.call(callback) {
                Some(Called::Many(run)) => guarded(|| run(self, Socket(socket), registry::answer(error.as_ref()))),
                Some(Called::Once(run)) => guarded(|| run(self, Socket(socket), registry::answer(error.as_ref()))),
                None => Ok(()),
            },
            Emit::Connections { callback, count, .. } => match self.registry.call_count(callback) {
                Some(run) => guarded(|| run(self, count)),
                None => Ok(()),
            },
            Emit::Timer { timer, .. } => match self.registry.ring(timer) {
                Some(Rung::Once(task)) => guarded(|| task(self)),
                Some(Rung::Again(task)) => guarded(|| task(self)),
                None => Ok(()),
            },
            Emit::Resolve { socket, lookup, host, family, hints, all } => match self.registry.lookup(socket) {
                Some(run) => guarded(|| run(self, LookupRequest { lookup, host, family, hints, all })),
                None => Ok(()),
            },
            Emit::Read { socket, bytes } => match self.registry.on_read(socket) {
                Some(run) => guarded(|| {
                    if !run(self, Socket(socket), bytes) {
                        self.command(Command::StopReading(socket));
                    }
                }),
                None => Ok(()),
            },
            Emit::Unhandled { target, error } => Err(Thrown::Unhandled(Unhandled { source: target, error })),
        }
    }
}

/// The loop's side of a [`Net`]; a private type, so that the protocol does not show on the face.
impl<S, H: Host> App for Net<S, H> {
    type Kernel = H;
    type Task = Task<S, H>;
    type Thrown = Failure;

    fn parts(&mut self) -> Parts<'_, H, Task<S, H>> {
        Parts { machine: &mut self.machine, kernel: &mut self.kernel, lane: &mut self.lane }
    }

    #[inline(always)]
    fn emit(&mut self, emit: Emit) -> Result<(), Failure> {
        #[cfg(feature = "tracing")]
        crate::log::emit(&emit);
        self.run_user_code(emit).map_err(Failure)
    }

    fn task(&mut self, task: Task<S, H>) -> Result<(), Failure> {
        guarded(|| task(self)).map_err(Failure)
    }

    fn posted(&mut self) -> Option<Task<S, H>> {
        self.inbox.next(&self.mailbox).map(|task| task as Task<S, H>)
    }

    fn expects(&self) -> bool {
        !self.inbox.is_empty() || self.mailbox.expects()
    }

    fn released(&mut self, socket: SocketId) {
        self.registry.release(socket);
    }

    #[cfg(feature = "tracing")]
    fn watch(&mut self, next: host::Next<'_>) {
        self.log.next(self.lane.place(), next);
    }

    #[cfg(feature = "tracing")]
    fn answered(call: &netfold_core::Call<'_>, reply: netfold_core::Reply) {
        crate::log::answered(call, reply);
    }

    fn warm(&self, sockets: &[Option<SocketId>]) {
        self.registry.warm(sockets);
    }

    fn broken(&mut self, error: io::Error) -> Failure {
        Failure(Thrown::Io(error))
    }
}
