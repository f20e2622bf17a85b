//! The ordered list of what listens: the user's listeners, and among them the machine's own steps.
//!
//! Node's machine registers functions of its own on its own events (a write parked until 'connect' is one), so their place
//! among the user's listeners is observable (rule T7). One list per emitter holds both.

use crate::bugs::bug;
use crate::id::ListenerId;
use crate::state_key::Key;
use crate::step::EventKind;
use smallvec::SmallVec;

/// A step of the machine that waits for an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Internal {
    /// On 'end': from now on writing after `end()` is EPIPE.
    WriteAfterFin,
    /// On 'connect': send what was written before.
    FlushParked,
    /// On 'close': fail what was written before.
    FailParked,
    /// On 'connect': send FIN.
    Final,
    /// On 'connect': start reading.
    Read,
    /// On 'connect': reset.
    Reset,
    /// On 'connect': ref or unref the handle.
    Ref(bool),
    /// On 'finish': destroy.
    Destroy,
}

/// Whether an entry goes before its first run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Life {
    Stays,
    Once,
    /// Once, as the callback of a `server.close()` of a server that was not running.
    OnceNotRunning,
    /// In the copy that an emission runs over: a `once` entry that ran meanwhile, in an emission nested in this one.
    Ran,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Who {
    User(ListenerId),
    /// The number tells two waiting steps of one kind apart.
    Internal(Internal, u32),
}

/// Eight bytes, as there are three in each socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) kind: EventKind,
    pub(crate) life: Life,
    /// Of a step of the machine's own; `number` is a listener's without.
    step: Option<Internal>,
    number: u32,
}

impl Entry {
    pub(crate) const fn new(kind: EventKind, life: Life, who: Who) -> Self {
        match who {
            Who::User(id) => Self { kind, life, step: None, number: id.0 },
            Who::Internal(step, number) => Self { kind, life, step: Some(step), number },
        }
    }

    pub(crate) const fn who(&self) -> Who {
        match self.step {
            None => Who::User(ListenerId(self.number)),
            Some(step) => Who::Internal(step, self.number),
        }
    }
}

/// The entries of one emitter in their order. A socket's own step at 'end' and two listeners, as most have, stand in the socket.
#[derive(Clone, Debug, Default)]
pub(crate) struct Listeners {
    entries: SmallVec<[Entry; 3]>,
}

impl Listeners {
    pub(crate) const fn new() -> Self {
        Self { entries: SmallVec::new_const() }
    }

    pub(crate) fn add(&mut self, entry: Entry, prepend: bool) {
        // Who has more than most has several more.
        if self.entries.len() == self.entries.capacity() {
            self.entries.reserve_exact(self.entries.len().max(9));
        }
        if prepend && !bug!(PrependAppends) {
            self.entries.insert(0, entry);
        } else {
            self.entries.push(entry);
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(crate) fn count(&self, kind: EventKind) -> usize {
        self.of(kind).count()
    }

    pub(crate) fn of(&self, kind: EventKind) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(move |e| e.kind == kind)
    }

    /// The user's listeners for an event.
    pub(crate) fn users(&self, kind: EventKind) -> impl Iterator<Item = ListenerId> {
        self.of(kind).filter_map(|entry| match entry.who() {
            Who::User(id) => Some(id),
            Who::Internal(..) => None,
        })
    }

    /// The only entry for an event, or `None` when there are none or several.
    pub(crate) fn single(&self, kind: EventKind) -> Option<Entry> {
        let mut of = self.of(kind);
        let first = of.next()?;
        if of.next().is_some() { None } else { Some(*first) }
    }

    /// The listener of the user's that is all that hears of an event, and stays.
    #[inline(always)]
    pub(crate) fn only_user(&self, kind: EventKind) -> Option<ListenerId> {
        let mut entries = self.entries.iter();
        let only = entries.find(|entry| entry.kind == kind)?;
        let plain = only.life == Life::Stays && only.step.is_none();
        if plain && !entries.any(|entry| entry.kind == kind) { Some(ListenerId(only.number)) } else { None }
    }

    /// Removes the newest entry of this user listener, as EventEmitter does.
    pub(crate) fn remove_user(&mut self, kind: EventKind, id: ListenerId) -> bool {
        let found = self.entries.iter().rposition(|e| e.kind == kind && e.who() == Who::User(id));
        self.remove_at(found)
    }

    /// Removes one exact entry; true if it was there.
    pub(crate) fn remove(&mut self, entry: Entry) -> bool {
        let found = self.entries.iter().position(|e| *e == entry);
        self.remove_at(found)
    }

    /// What has room in the socket again comes back to it: most connect with more than they have from then on.
    fn remove_at(&mut self, at: Option<usize>) -> bool {
        let Some(at) = at else { return false };
        self.entries.remove(at);
        if self.entries.spilled() && self.entries.len() <= self.entries.inline_size() {
            self.entries.shrink_to_fit();
        }
        true
    }

    pub(crate) fn remove_all(&mut self, kind: Option<EventKind>) {
        match kind {
            Some(kind) => self.entries.retain(|e| e.kind != kind),
            None => self.entries.clear(),
        }
    }
}

impl Entry {
    pub(crate) fn key(&self, k: &mut Key) {
        k.of(&(self.kind, self.life));
        let who = self.who();
        k.variant(&who);
        match who {
            Who::User(id) => k.of(&id),
            Who::Internal(what, number) => {
                k.of(&what);
                k.internal(number);
            }
        }
    }
}

impl Listeners {
    pub(crate) fn key(&self, k: &mut Key) {
        k.len(self.entries.len());
        self.entries.iter().for_each(|entry| entry.key(k));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    fn user(id: u32, kind: EventKind) -> Entry {
        Entry::new(kind, Life::Stays, Who::User(ListenerId(id)))
    }

    #[test]
    fn the_newest_of_two_equal_listeners_is_removed() {
        let mut list = Listeners::new();
        list.add(user(1, EventKind::End), false);
        list.add(user(2, EventKind::End), false);
        list.add(user(1, EventKind::End), false);
        assert!(list.remove_user(EventKind::End, ListenerId(1)));
        let left: Vec<_> = list.of(EventKind::End).map(Entry::who).collect();
        assert_eq!(left, [Who::User(ListenerId(1)), Who::User(ListenerId(2))]);
    }

    #[test]
    fn an_entry_takes_eight_bytes_and_three_of_them_no_memory_of_their_own() {
        assert_eq!(size_of::<Entry>(), 8);
        let mut list = Listeners::new();
        (1..4).for_each(|id| list.add(user(id, EventKind::End), false));
        assert!(!list.entries.spilled());
        assert_eq!(size_of::<Listeners>(), 32);
        list.add(user(4, EventKind::End), false);
        assert!(list.entries.spilled());
        assert!(list.remove_user(EventKind::End, ListenerId(2)));
        assert!(!list.entries.spilled());
        let left: Vec<_> = list.of(EventKind::End).map(Entry::who).collect();
        assert_eq!(left, [1, 3, 4].map(|id| Who::User(ListenerId(id))));
    }

    #[test]
    fn prepended_comes_first_and_other_events_do_not_count() {
        let mut list = Listeners::new();
        list.add(user(1, EventKind::End), false);
        list.add(user(2, EventKind::Data), false);
        list.add(user(3, EventKind::End), true);
        assert_eq!(list.count(EventKind::End), 2);
        assert_eq!(list.of(EventKind::End).next(), Some(&user(3, EventKind::End)));
        assert_eq!(list.single(EventKind::Data), Some(user(2, EventKind::Data)));
        assert_eq!(list.single(EventKind::End), None);
    }
}
