//! Who hears an event, in which order, how often (rule T6).

use netfold::core::{Command, EventKind, ListenerId, Target};
use std::collections::{HashMap, HashSet};

#[derive(Clone, Copy, Debug)]
struct Entry {
    serial: u64,
    listener: ListenerId,
    once: bool,
}

/// An emission under way: who has yet to hear it.
#[derive(Clone, Debug)]
struct Emission {
    target: Target,
    kind: EventKind,
    rest: Vec<Entry>,
    /// How many commands were open when it began.
    depth: usize,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Emitters {
    lists: HashMap<Target, Vec<(EventKind, Entry)>>,
    taps: HashSet<(Target, ListenerId)>,
    emissions: Vec<Emission>,
    serials: u64,
    /// `once` entries that have run.
    ran: HashSet<u64>,
}

impl Emitters {
    pub(super) fn add(&mut self, target: Target, kind: EventKind, listener: ListenerId, once: bool, first: bool) {
        self.serials += 1;
        let entry = (kind, Entry { serial: self.serials, listener, once });
        let list = self.lists.entry(target).or_default();
        if first { list.insert(0, entry) } else { list.push(entry) }
    }

    pub(super) fn command(&mut self, command: &Command) {
        match command {
            Command::On { target, event, listener, once, prepend } => {
                self.add(*target, *event, *listener, *once, *prepend);
            }
            Command::Off { target, event, listener } => {
                let list = self.lists.entry(*target).or_default();
                if let Some(at) = list.iter().rposition(|(kind, e)| kind == event && e.listener == *listener) {
                    list.remove(at);
                }
            }
            Command::RemoveAll(target, event) => {
                let list = self.lists.entry(*target).or_default();
                list.retain(|(kind, _)| event.is_some_and(|event| event != *kind));
            }
            Command::Tap(target, Some(listener)) => drop(self.taps.insert((*target, *listener))),
            _ => {}
        }
    }

    pub(super) fn forget(&mut self, target: Target) {
        self.lists.remove(&target);
    }

    pub(super) fn any(&self, target: Target, kind: EventKind) -> bool {
        self.lists.get(&target).is_some_and(|list| list.iter().any(|(of, _)| *of == kind))
    }

    /// A listener runs. Whether an emission begins with it; what is wrong with it.
    pub(super) fn heard(
        &mut self,
        target: Target,
        listener: ListenerId,
        last: bool,
        kind: EventKind,
        depth: usize,
    ) -> Result<bool, String> {
        if self.taps.contains(&(target, listener)) {
            return Ok(false);
        }
        let running = self.emissions.iter().rposition(|e| e.depth == depth && e.target == target && e.kind == kind);
        if let Some(at) = running {
            let ran = &self.ran;
            self.emissions[at].rest.retain(|entry| !ran.contains(&entry.serial));
            if self.emissions[at].rest.first().is_some_and(|entry| entry.listener == listener) {
                let entry = self.emissions[at].rest.remove(0);
                self.settle(depth);
                return self.run(target, entry, last).map(|()| false);
            }
        }
        let list = self.lists.get(&target).map(Vec::as_slice).unwrap_or_default();
        let mut rest: Vec<Entry> = list.iter().filter(|(of, _)| *of == kind).map(|(_, entry)| *entry).collect();
        let begins = rest.first().is_some_and(|entry| entry.listener == listener);
        if !begins {
            let names: Vec<ListenerId> = rest.iter().map(|entry| entry.listener).collect();
            return Err(format!(
                "'{}' of {target} is heard by {listener:?}, out of turn; there are {names:?}",
                kind.name()
            ));
        }
        let entry = rest.remove(0);
        self.emissions.push(Emission { target, kind, rest, depth });
        self.run(target, entry, last).map(|()| true)
    }

    fn run(&mut self, target: Target, entry: Entry, last: bool) -> Result<(), String> {
        if entry.once {
            self.ran.insert(entry.serial);
            if let Some(list) = self.lists.get_mut(&target) {
                list.retain(|(_, e)| e.serial != entry.serial);
            }
        }
        if entry.once == last {
            Ok(())
        } else {
            Err(format!("{:?} of {target} runs as if once were {last}", entry.listener))
        }
    }

    /// Drops the emissions that are over.
    fn settle(&mut self, depth: usize) {
        let ran = &self.ran;
        self.emissions.retain(|e| e.depth != depth || e.rest.iter().any(|entry| !ran.contains(&entry.serial)));
    }

    /// All that began with so many commands open is over: what was not heard by all.
    pub(super) fn unfinished(&mut self, depth: usize) -> Option<String> {
        self.settle(depth);
        let left = self.emissions.iter().find(|e| e.depth >= depth)?;
        let what = format!("'{}' of {} was not heard by {:?}", left.kind.name(), left.target, left.rest);
        self.emissions.retain(|e| e.depth < depth);
        Some(what)
    }

    /// A listener failed: nobody else hears what is emitted in this command.
    pub(super) fn threw(&mut self, depth: usize) {
        self.emissions.retain(|e| e.depth < depth);
    }
}
