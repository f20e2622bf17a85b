//! What the ids that the core speaks of stand for: the user's closures.

use crate::Socket;
use crate::grow;
use crate::net::Net;
use crate::pipe::Piping;
use bytes::Bytes;
use netfold_core::{CallbackId, Event, EventKind, ListenerId, NodeError, SharedError, SocketId, Target, TimerId};
use slab::Slab;
use smallvec::SmallVec;
use std::rc::Rc;

/// A listener. Never `FnMut`: it may run nested inside itself.
pub(crate) type Listener<S, H> = Rc<dyn Fn(&mut Net<S, H>, Target, Event)>;
/// What `write` and `end` call back.
pub(crate) type Answer<'e> = Result<(), &'e NodeError>;
type ManyCallback<S, H> = Rc<dyn Fn(&mut Net<S, H>, Socket, Answer<'_>)>;
type OnceCallback<S, H> = Box<dyn FnOnce(&mut Net<S, H>, Socket, Answer<'_>)>;
type CountCallback<S, H> = Box<dyn FnOnce(&mut Net<S, H>, u32)>;
/// A piece of user code that waits for its tick, immediate, timer or turn.
pub(crate) type Task<S, H> = Box<dyn FnOnce(&mut Net<S, H>)>;
type Interval<S, H> = Rc<dyn Fn(&mut Net<S, H>)>;
/// The function of `onread`.
pub(crate) type Reader<S, H> = Rc<dyn Fn(&mut Net<S, H>, Socket, Bytes) -> bool>;
pub(crate) type Resolver<S, H> = Rc<dyn Fn(&mut Net<S, H>, crate::LookupRequest)>;

/// A listener, as long as an emission may still call it.
struct Registered<S: 'static, H: 'static> {
    id: ListenerId,
    event: EventKind,
    listener: Listener<S, H>,
    /// Taken off the list; an emission that began before calls it all the same (rule T6).
    removed: bool,
}

/// The listeners of one emitter.
struct Emitter<S: 'static, H: 'static> {
    generation: u32,
    next: u32,
    /// Callbacks of this socket that are still to be called, once.
    callbacks: u32,
    /// Most have one or two: these stand here.
    listeners: SmallVec<[Registered<S, H>; 2]>,
    rare: Option<Box<Rare<S, H>>>,
}

/// The room for listeners that a slot keeps.
const KEPT: usize = 16;

/// What few sockets have.
struct Rare<S: 'static, H: 'static> {
    lookup: Option<Resolver<S, H>>,
    on_read: Option<Reader<S, H>>,
    /// Where it is piped to.
    piping: Piping,
}

impl<S, H> Emitter<S, H> {
    const fn new(generation: u32) -> Self {
        Self { generation, next: 0, callbacks: 0, listeners: SmallVec::new_const(), rare: None }
    }

    /// The slot is another's from now on. The memory of a short list stays, for the next to use.
    fn begin_anew(&mut self, generation: u32) {
        let mut listeners = std::mem::take(&mut self.listeners);
        listeners.clear();
        *self = Self::new(generation);
        if listeners.capacity() <= KEPT {
            self.listeners = listeners;
        }
    }

    fn rare(&mut self) -> &mut Rare<S, H> {
        self.rare.get_or_insert_with(|| Box::new(Rare { lookup: None, on_read: None, piping: Piping::new() }))
    }
}

enum Callback<S: 'static, H: 'static> {
    Many(ManyCallback<S, H>),
    Once(SocketId, OnceCallback<S, H>),
    Count(CountCallback<S, H>),
}

enum Timer<S: 'static, H: 'static> {
    Once(Task<S, H>),
    Again(Interval<S, H>),
}

/// What to call for a callback.
pub(crate) enum Called<S: 'static, H: 'static> {
    Many(ManyCallback<S, H>),
    Once(OnceCallback<S, H>),
}

/// What to call for a timer.
pub(crate) enum Rung<S: 'static, H: 'static> {
    Once(Task<S, H>),
    Again(Interval<S, H>),
}

pub(crate) struct Registry<S: 'static, H: 'static> {
    sockets: Vec<Emitter<S, H>>,
    servers: Vec<Emitter<S, H>>,
    /// What was put on a socket or server whose slot another has.
    gone: Emitter<S, H>,
    callbacks: Slab<Callback<S, H>>,
    timers: Vec<Option<(u32, Timer<S, H>)>>,
    /// Whether a pipe has answered to the 'unpipe' that is being emitted.
    pub(crate) unpiped: bool,
    /// Whose listeners were taken off and not forgotten yet.
    removed: Vec<Target>,
}

impl<S, H> Registry<S, H> {
    pub(crate) const fn new() -> Self {
        Self {
            sockets: Vec::new(),
            servers: Vec::new(),
            gone: Emitter::new(0),
            callbacks: Slab::new(),
            timers: Vec::new(),
            unpiped: false,
            removed: Vec::new(),
        }
    }

    fn parts(target: Target) -> (usize, u32) {
        match target {
            Target::Socket(id) => (id.slot() as usize, id.generation()),
            Target::Server(id) => (id.slot() as usize, id.generation()),
        }
    }

    /// The emitter, made if it is not there or its slot belonged to another before. Of one whose slot belongs to another
    /// by now there is none: what is put there goes nowhere.
    fn emitter_mut(&mut self, target: Target) -> &mut Emitter<S, H> {
        let (slot, generation) = Self::parts(target);
        let table = match target {
            Target::Socket(_) => &mut self.sockets,
            Target::Server(_) => &mut self.servers,
        };
        while table.len() <= slot {
            grow::for_one_more(table);
            table.push(Emitter::new(0));
        }
        let emitter = &mut table[slot];
        if emitter.generation > generation {
            self.gone = Emitter::new(generation);
            return &mut self.gone;
        }
        if emitter.generation != generation {
            emitter.begin_anew(generation);
        }
        emitter
    }

    fn emitter(&self, target: Target) -> Option<&Emitter<S, H>> {
        let (slot, generation) = Self::parts(target);
        let table = match target {
            Target::Socket(_) => &self.sockets,
            Target::Server(_) => &self.servers,
        };
        table.get(slot).filter(|e| e.generation == generation)
    }

    pub(crate) fn add(&mut self, target: Target, event: EventKind, listener: Listener<S, H>) -> ListenerId {
        let emitter = self.emitter_mut(target);
        emitter.next += 1;
        let id = ListenerId(emitter.next);
        emitter.listeners.push(Registered { id, event, listener, removed: false });
        id
    }

    /// One function for several events: one id.
    pub(crate) fn add_to_each(
        &mut self,
        target: Target,
        events: &[EventKind],
        listener: &Listener<S, H>,
    ) -> ListenerId {
        let emitter = self.emitter_mut(target);
        emitter.next += 1;
        let id = ListenerId(emitter.next);
        // The events' own listeners come behind it.
        emitter.listeners.reserve_exact(events.len() + 2);
        let each = events.iter().map(|&event| Registered { id, event, listener: listener.clone(), removed: false });
        emitter.listeners.extend(each);
        id
    }

    pub(crate) fn find(&self, target: Target, id: ListenerId) -> Option<Listener<S, H>> {
        let found = self.emitter(target)?.listeners.iter().find(|known| known.id == id)?;
        Some(found.listener.clone())
    }

    /// Looks at these sockets' listeners for 'data'.
    pub(crate) fn warm(&self, sockets: &[Option<SocketId>]) {
        let emitters = sockets.iter().flatten().filter_map(|socket| self.emitter((*socket).into()));
        let readers =
            emitters.filter_map(|emitter| emitter.listeners.iter().find(|known| known.event == EventKind::Data));
        std::hint::black_box(readers.fold(0, |all, known| all ^ Rc::strong_count(&known.listener)));
    }

    /// Forgets a listener that will not be called again.
    pub(crate) fn take(&mut self, target: Target, id: ListenerId) -> Option<Listener<S, H>> {
        self.emitter(target)?;
        let list = &mut self.emitter_mut(target).listeners;
        let at = list.iter().position(|known| known.id == id)?;
        Some(list.remove(at).listener)
    }

    /// Takes a listener off; its event, if it was there. One that is there for several events is taken off one at a time.
    pub(crate) fn remove(&mut self, target: Target, id: ListenerId) -> Option<EventKind> {
        self.emitter(target)?;
        let list = &mut self.emitter_mut(target).listeners;
        let known = list.iter_mut().find(|known| known.id == id && !known.removed)?;
        known.removed = true;
        let event = known.event;
        self.removed.push(target);
        Some(event)
    }

    pub(crate) fn remove_all(&mut self, target: Target, event: Option<EventKind>) {
        if self.emitter(target).is_none() {
            return;
        }
        for known in &mut self.emitter_mut(target).listeners {
            known.removed |= event.is_none_or(|event| event == known.event);
        }
        self.removed.push(target);
    }

    /// Forgets what was taken off: no emission is under way.
    pub(crate) fn forget_removed(&mut self) {
        while let Some(target) = self.removed.pop() {
            if self.emitter(target).is_some() {
                self.emitter_mut(target).listeners.retain(|known| !known.removed);
            }
        }
    }

    pub(crate) fn count(&self, target: Target, event: EventKind) -> usize {
        let list = self.emitter(target).map(|e| e.listeners.iter());
        list.map_or(0, |list| list.filter(|known| known.event == event && !known.removed).count())
    }

    /// The events that have a listener, the one with the oldest first.
    pub(crate) fn events(&self, target: Target) -> Vec<EventKind> {
        let mut out = Vec::new();
        for known in self.emitter(target).into_iter().flat_map(|e| &e.listeners).filter(|known| !known.removed) {
            if !out.contains(&known.event) {
                out.push(known.event);
            }
        }
        out
    }

    pub(crate) fn set_lookup(&mut self, socket: SocketId, lookup: Resolver<S, H>) {
        self.emitter_mut(socket.into()).rare().lookup = Some(lookup);
    }

    pub(crate) fn lookup(&self, socket: SocketId) -> Option<Resolver<S, H>> {
        self.emitter(socket.into())?.rare.as_ref()?.lookup.clone()
    }

    pub(crate) fn set_on_read(&mut self, socket: SocketId, callback: Reader<S, H>) {
        self.emitter_mut(socket.into()).rare().on_read = Some(callback);
    }

    pub(crate) fn piping(&mut self, socket: SocketId) -> &mut Piping {
        &mut self.emitter_mut(socket.into()).rare().piping
    }

    pub(crate) fn on_read(&self, socket: SocketId) -> Option<Reader<S, H>> {
        self.emitter(socket.into())?.rare.as_ref()?.on_read.clone()
    }

    /// Forgets all that belongs to a socket that is gone.
    pub(crate) fn release(&mut self, socket: SocketId) {
        let Some(emitter) = self.sockets.get_mut(socket.slot() as usize) else { return };
        if emitter.generation != socket.generation() {
            return;
        }
        let waiting = emitter.callbacks;
        emitter.begin_anew(0);
        if waiting > 0 {
            self.callbacks.retain(|_, callback| !matches!(callback, Callback::Once(owner, _) if *owner == socket));
        }
    }

    pub(crate) fn release_server(&mut self, server: netfold_core::ServerId) {
        if let Some(emitter) = self.servers.get_mut(server.slot() as usize) {
            *emitter = Emitter::new(0);
        }
    }

    fn callback(&mut self, callback: Callback<S, H>) -> CallbackId {
        CallbackId(u32::try_from(self.callbacks.insert(callback)).expect("fewer than 2^32 callbacks wait"))
    }

    pub(crate) fn many(&mut self, callback: ManyCallback<S, H>) -> CallbackId {
        self.callback(Callback::Many(callback))
    }

    pub(crate) fn forget_many(&mut self, id: CallbackId) {
        if matches!(self.callbacks.get(id.0 as usize), Some(Callback::Many(_))) {
            self.callbacks.remove(id.0 as usize);
        }
    }

    pub(crate) fn once(&mut self, socket: SocketId, callback: OnceCallback<S, H>) -> CallbackId {
        self.emitter_mut(socket.into()).callbacks += 1;
        self.callback(Callback::Once(socket, callback))
    }

    pub(crate) fn counting(&mut self, callback: CountCallback<S, H>) -> CallbackId {
        self.callback(Callback::Count(callback))
    }

    pub(crate) fn call(&mut self, id: CallbackId) -> Option<Called<S, H>> {
        match self.callbacks.get(id.0 as usize)? {
            Callback::Many(callback) => Some(Called::Many(callback.clone())),
            Callback::Once(..) => match self.callbacks.remove(id.0 as usize) {
                Callback::Once(socket, callback) => {
                    if self.emitter(socket.into()).is_some() {
                        self.emitter_mut(socket.into()).callbacks -= 1;
                    }
                    Some(Called::Once(callback))
                }
                _ => None,
            },
            Callback::Count(_) => None,
        }
    }

    pub(crate) fn call_count(&mut self, id: CallbackId) -> Option<CountCallback<S, H>> {
        match self.callbacks.get(id.0 as usize)? {
            Callback::Count(_) => match self.callbacks.remove(id.0 as usize) {
                Callback::Count(callback) => Some(callback),
                _ => None,
            },
            _ => None,
        }
    }

    fn timer(&mut self, id: TimerId, timer: Timer<S, H>) {
        let slot = id.slot() as usize;
        while self.timers.len() <= slot {
            self.timers.push(None);
        }
        self.timers[slot] = Some((id.generation(), timer));
    }

    pub(crate) fn timeout(&mut self, id: TimerId, task: Task<S, H>) {
        self.timer(id, Timer::Once(task));
    }

    pub(crate) fn interval(&mut self, id: TimerId, task: Interval<S, H>) {
        self.timer(id, Timer::Again(task));
    }

    pub(crate) fn forget_timer(&mut self, id: TimerId) {
        if let Some(slot) = self.timers.get_mut(id.slot() as usize)
            && slot.as_ref().is_some_and(|(generation, _)| *generation == id.generation())
        {
            *slot = None;
        }
    }

    pub(crate) fn ring(&mut self, id: TimerId) -> Option<Rung<S, H>> {
        let slot = self.timers.get_mut(id.slot() as usize)?;
        match slot {
            Some((generation, Timer::Again(task))) if *generation == id.generation() => Some(Rung::Again(task.clone())),
            Some((generation, Timer::Once(_))) if *generation == id.generation() => match slot.take() {
                Some((_, Timer::Once(task))) => Some(Rung::Once(task)),
                _ => None,
            },
            _ => None,
        }
    }
}

/// A shared error as callbacks see it.
pub(crate) fn answer(error: Option<&SharedError>) -> Answer<'_> {
    match error {
        None => Ok(()),
        Some(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_emitter_with_two_listeners_takes_80_bytes() {
        assert_eq!(size_of::<Emitter<(), crate::System>>(), 80);
        assert_eq!(size_of::<Registered<(), crate::System>>(), 24);
    }
}
