//! Emission: an event goes through its emitter's listeners in their order, the machine's own steps among them.

use super::Core;
use super::frame::{Emission, Flow, Frame, Run, WriteCb};
use crate::bugs::bug;
use crate::error::{NodeError, SharedError};
use crate::id::{ListenerId, SocketId};
use crate::listeners::{Entry, Internal, Life, Listeners, Who};
use crate::step::{Emit, Event, EventKind, Target};
use alloc::boxed::Box;
use alloc::sync::Arc;

impl Core {
    pub(crate) fn listeners(&mut self, target: Target) -> Option<&mut Listeners> {
        match target {
            Target::Socket(id) => self.sockets.get_mut(id).map(|s| &mut s.listeners),
            Target::Server(id) => self.servers.get_mut(id).map(|s| &mut s.listeners),
        }
    }

    /// Who hears every event first, and is not counted.
    fn tap(&self, target: Target) -> Option<ListenerId> {
        match target {
            Target::Socket(id) => self.sockets.get(id)?.rare.tap,
            Target::Server(id) => self.servers.get(id)?.tap,
        }
    }

    pub(crate) fn set_tap(&mut self, target: Target, tap: Option<ListenerId>) {
        match target {
            Target::Socket(id) => self.sockets[id].rare.tap = tap,
            Target::Server(id) => self.servers[id].tap = tap,
        }
    }

    /// Emits an event. The listeners that there are now hear it, whatever they do to the list (rule T6).
    pub(crate) fn emit(&mut self, target: impl Into<Target>, event: Event) -> Flow {
        let target = target.into();
        let kind = event.kind();
        if let Some(tap) = self.tap(target) {
            return self.emit_to_tap(target, event, tap);
        }
        let listeners = self.listeners(target)?;
        if let Some(entry) = listeners.single(kind) {
            return self.run_entry(target, entry, event, self.emissions.len());
        }
        if listeners.count(kind) == 0 {
            return match event {
                Event::Error(error) => self.say(Emit::Unhandled { target, error }),
                _ => None,
            };
        }
        self.emit_to_copy(target, event)
    }

    /// The tap stands before the listeners that there are now. An 'error' that it alone hears is unhandled.
    fn emit_to_tap(&mut self, target: Target, event: Event, tap: ListenerId) -> Flow {
        let kind = event.kind();
        let entry = Entry::new(kind, Life::Stays, Who::User(tap));
        if let Event::Error(error) = &event
            && self.listeners(target).is_some_and(|list| list.count(kind) == 0)
        {
            self.push(Frame::Unheard(target, error.clone()));
        }
        self.copy_and_emit(target, event, Some(entry))
    }

    fn emit_to_copy(&mut self, target: Target, event: Event) -> Flow {
        self.copy_and_emit(target, event, None)
    }

    fn copy_and_emit(&mut self, target: Target, event: Event, first: Option<Entry>) -> Flow {
        let kind = event.kind();
        let start = self.copies.len();
        let mut copies = core::mem::take(&mut self.copies);
        copies.extend(first);
        if let Some(listeners) = self.listeners(target) {
            copies.extend(listeners.of(kind).copied());
        }
        self.copies = copies;
        let end = self.copies.len();
        self.emissions.push(Emission { target, event, start, next: start, end });
        self.push(Frame::Emission);
        None
    }

    /// The topmost emission's next listener.
    pub(crate) fn emission_on(&mut self) -> Flow {
        let emission = self.emissions.last_mut()?;
        if emission.next == emission.end {
            let done = self.emissions.pop()?;
            self.copies.truncate(done.start);
            return None;
        }
        let at = emission.next;
        emission.next += 1;
        let (target, event) = (emission.target, emission.event.clone());
        self.push(Frame::Emission);
        let entry = self.copies[at];
        if entry.life == Life::Ran {
            return None;
        }
        self.run_entry(target, entry, event, self.emissions.len() - 1)
    }

    /// A `once` entry runs: the emissions around this one that have yet to come to it pass it over. Of equal entries
    /// each is its own registration, and an emission meets them in the order in which they run out.
    fn mark_run(&mut self, target: Target, entry: Entry, around: usize) {
        for emission in self.emissions[..around].iter().filter(|e| e.target == target) {
            let waiting = &mut self.copies[emission.next..emission.end];
            if let Some(copy) = waiting.iter_mut().find(|copy| **copy == entry) {
                copy.life = Life::Ran;
            }
        }
    }

    fn run_entry(&mut self, target: Target, entry: Entry, event: Event, around: usize) -> Flow {
        let once = entry.life != Life::Stays;
        if once {
            if let Some(listeners) = self.listeners(target)
                && !bug!(OnceStays)
            {
                listeners.remove(entry);
            }
            if !bug!(OnceTwice) {
                self.mark_run(target, entry, around);
            }
            self.listener_gone(target, entry.kind);
        }
        match entry.who() {
            Who::User(listener) => {
                let event = match (entry.life, event) {
                    (Life::OnceNotRunning, Event::ServerClose(_)) => {
                        Event::ServerClose(Some(Arc::new(NodeError::ServerNotRunning)))
                    }
                    (_, event) => event,
                };
                let last = once && !bug!(OnceTwice);
                self.say(Emit::Listener { target, listener, last, event })
            }
            Who::Internal(step, number) => match target {
                Target::Socket(socket) => self.internal(socket, step, number),
                Target::Server(_) => None,
            },
        }
    }

    /// How many emissions are under way that have not come to their last listener, or run it (rule H2).
    pub fn emissions(&self) -> usize {
        self.emissions.len()
    }

    /// How many listeners the innermost emission has yet to come to, the machine's own steps among them (rule H2).
    pub fn emission_rest(&self) -> usize {
        self.emissions.last().map_or(0, |emission| emission.end - emission.next)
    }

    /// Adds a step of the machine's own to a socket's listeners.
    pub(crate) fn once_internal(&mut self, socket: SocketId, kind: EventKind, step: Internal) -> u32 {
        let number = self.next_internal();
        let entry = Entry::new(kind, Life::Once, Who::Internal(step, number));
        self.sockets[socket].listeners.add(entry, false);
        number
    }

    pub(crate) fn remove_internal(&mut self, socket: SocketId, kind: EventKind, step: Internal, number: u32) {
        let entry = Entry::new(kind, Life::Once, Who::Internal(step, number));
        self.sockets[socket].listeners.remove(entry);
    }

    fn internal(&mut self, socket: SocketId, step: Internal, number: u32) -> Flow {
        match step {
            Internal::WriteAfterFin => {
                let s = &mut self.sockets[socket];
                s.write_after_fin = !s.options.allow_half_open;
                None
            }
            Internal::FlushParked => self.flush_parked(socket, number),
            Internal::FailParked => self.fail_parked(socket),
            Internal::Final => self.final_(socket),
            Internal::Read => self.read_demanded(socket),
            Internal::Reset => self.reset(socket),
            Internal::Ref(on) => self.ref_socket(socket, on),
            Internal::Destroy => self.destroy(socket, None),
        }
    }

    /// Calls back one user function.
    pub(crate) fn call_back(
        &mut self,
        socket: SocketId,
        callback: crate::id::CallbackId,
        error: Option<SharedError>,
    ) -> Flow {
        self.say(Emit::Callback { socket, callback, error })
    }

    /// Calls back all that a write request answers for.
    pub(crate) fn call_back_all(&mut self, socket: SocketId, callback: WriteCb, error: Option<SharedError>) -> Flow {
        match callback {
            WriteCb::None => None,
            WriteCb::One(id) => self.call_back(socket, id, error),
            WriteCb::Batch(callbacks) => {
                self.push(Frame::Callbacks(socket, Box::new(Run { callbacks: *callbacks, next: 0, error })));
                None
            }
        }
    }

    pub(crate) fn callbacks_on(&mut self, socket: SocketId, mut run: Box<Run>) -> Flow {
        let callback = *run.callbacks.get(run.next)?;
        run.next += 1;
        let error = run.error.clone();
        self.push(Frame::Callbacks(socket, run));
        self.call_back(socket, callback, error)
    }
}
