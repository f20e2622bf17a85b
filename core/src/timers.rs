//! Timers in Node's order: one list per duration, lists ordered by when their first timer is due, then by age.
//!
//! Starting and refreshing a timer appends it to its duration's list, so both take constant time however many timers
//! there are (rule M1). A list that turns out to be early when its time comes is put off, as Node does it.

use crate::engine::TimerFor;
use crate::state_key::Key;
use alloc::collections::BTreeSet;
use alloc::vec::Vec;
use slab::Slab;

/// What a timer is for; the core's engine knows what to do with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct TimerKey(u32);

const NONE: u32 = u32::MAX;

#[derive(Clone, Debug)]
struct Node<T> {
    prev: u32,
    next: u32,
    list: u32,
    start: u64,
    value: T,
}

#[derive(Clone, Debug)]
struct List {
    duration: u32,
    head: u32,
    tail: u32,
    /// Where the list stands in `due`.
    expiry: u64,
    age: u64,
}

/// The least duration, and the one that stands for durations out of range, in milliseconds.
pub(crate) const LEAST: u32 = 1;
/// The greatest duration, in milliseconds: 2^31 - 1.
pub(crate) const GREATEST: u32 = i32::MAX as u32;

#[derive(Clone, Debug)]
pub(crate) struct Timers<T> {
    nodes: Slab<Node<T>>,
    lists: Slab<List>,
    /// Duration to list, sorted; programs use few durations.
    by_duration: Vec<(u32, u32)>,
    due: BTreeSet<(u64, u64, u32)>,
    ages: u64,
}

impl<T> Timers<T> {
    pub(crate) const fn new() -> Self {
        Self { nodes: Slab::new(), lists: Slab::new(), by_duration: Vec::new(), due: BTreeSet::new(), ages: 0 }
    }

    pub(crate) fn len(&self) -> usize {
        self.nodes.len()
    }

    /// When to look again; a list may turn out to be early.
    #[inline]
    pub(crate) fn deadline(&self) -> Option<u64> {
        self.due.first().map(|&(expiry, _, _)| expiry)
    }

    pub(crate) fn start(&mut self, value: T, duration: u32, now: u64) -> TimerKey {
        let list = self.list_for(duration, now);
        let node = self.nodes.insert(Node { prev: NONE, next: NONE, list, start: now, value }) as u32;
        self.append(node, list);
        TimerKey(node)
    }

    /// Starts the timer's duration anew.
    pub(crate) fn refresh(&mut self, key: TimerKey, now: u64) {
        let node = key.0;
        let list = self.nodes[node as usize].list;
        self.nodes[node as usize].start = now;
        if self.lists[list as usize].tail != node {
            self.unlink(node);
            self.append(node, list);
        }
    }

    pub(crate) fn cancel(&mut self, key: TimerKey) -> T {
        let list = self.nodes[key.0 as usize].list;
        self.unlink(key.0);
        self.drop_if_empty(list);
        self.nodes.remove(key.0 as usize).value
    }

    /// Takes the next timer that is due, in Node's order; `None` when none is.
    pub(crate) fn pop_due(&mut self, now: u64) -> Option<T> {
        loop {
            let &(expiry, age, list) = self.due.first()?;
            if expiry > now {
                return None;
            }
            let l = &self.lists[list as usize];
            let (head, duration) = (l.head, u64::from(l.duration));
            let start = self.nodes[head as usize].start;
            if now.saturating_sub(start) < duration {
                self.due.remove(&(expiry, age, list));
                self.queue(list, (start + duration).max(now + 1));
                continue;
            }
            self.unlink(head);
            self.drop_if_empty(list);
            return Some(self.nodes.remove(head as usize).value);
        }
    }

    fn list_for(&mut self, duration: u32, now: u64) -> u32 {
        match self.by_duration.binary_search_by_key(&duration, |&(d, _)| d) {
            Ok(at) => self.by_duration[at].1,
            Err(at) => {
                let list = List { duration, head: NONE, tail: NONE, expiry: 0, age: 0 };
                let list = self.lists.insert(list) as u32;
                self.by_duration.insert(at, (duration, list));
                self.queue(list, now + u64::from(duration));
                list
            }
        }
    }

    fn queue(&mut self, list: u32, expiry: u64) {
        self.ages += 1;
        let l = &mut self.lists[list as usize];
        (l.expiry, l.age) = (expiry, self.ages);
        self.due.insert((expiry, self.ages, list));
    }

    fn append(&mut self, node: u32, list: u32) {
        let l = &mut self.lists[list as usize];
        let tail = core::mem::replace(&mut l.tail, node);
        if tail == NONE {
            l.head = node;
        } else {
            self.nodes[tail as usize].next = node;
        }
        let n = &mut self.nodes[node as usize];
        (n.prev, n.next) = (tail, NONE);
    }

    fn unlink(&mut self, node: u32) {
        let Node { prev, next, list, .. } = self.nodes[node as usize];
        if prev == NONE {
            self.lists[list as usize].head = next;
        } else {
            self.nodes[prev as usize].next = next;
        }
        if next == NONE {
            self.lists[list as usize].tail = prev;
        } else {
            self.nodes[next as usize].prev = prev;
        }
    }

    fn drop_if_empty(&mut self, list: u32) {
        let l = &self.lists[list as usize];
        if l.head != NONE {
            return;
        }
        self.due.remove(&(l.expiry, l.age, list));
        let duration = l.duration;
        self.lists.remove(list as usize);
        if let Ok(at) = self.by_duration.binary_search_by_key(&duration, |&(d, _)| d) {
            self.by_duration.remove(at);
        }
    }
}

impl Timers<TimerFor> {
    /// The lists as they are due, and what is in each: not which numbers they have.
    pub(crate) fn key(&self, k: &mut Key) {
        k.len(self.due.len());
        for &(expiry, _, list) in &self.due {
            let list = &self.lists[list as usize];
            k.of(&list.duration);
            k.time(expiry);
            let mut at = list.head;
            while at != NONE {
                let node = &self.nodes[at as usize];
                node.value.key(k);
                k.time(node.start);
                at = node.next;
            }
            k.word(NONE.into());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drain(timers: &mut Timers<char>, now: u64) -> Vec<char> {
        core::iter::from_fn(|| timers.pop_due(now)).collect()
    }

    #[test]
    fn nothing_is_due_early_and_everything_at_its_time() {
        let mut timers = Timers::new();
        timers.start('a', 10, 0);
        assert_eq!(timers.deadline(), Some(10));
        assert_eq!(drain(&mut timers, 9), []);
        assert_eq!(drain(&mut timers, 10), ['a']);
        assert_eq!(timers.deadline(), None);
        assert_eq!(timers.len(), 0);
    }

    #[test]
    fn a_refresh_puts_the_timer_behind_its_fellows() {
        let mut timers = Timers::new();
        let a = timers.start('a', 10, 0);
        timers.start('b', 10, 1);
        timers.refresh(a, 2);
        assert_eq!(drain(&mut timers, 10), [], "the list was early and is put off");
        assert_eq!(timers.deadline(), Some(11));
        assert_eq!(drain(&mut timers, 12), ['b', 'a']);
    }

    #[test]
    fn lists_due_together_run_the_older_list_first() {
        let mut timers = Timers::new();
        timers.start('a', 20, 0);
        timers.start('b', 10, 10);
        timers.start('c', 20, 0);
        assert_eq!(drain(&mut timers, 20), ['a', 'c', 'b']);
    }

    #[test]
    fn a_cancelled_timer_is_silent_and_leaves_no_list() {
        let mut timers = Timers::new();
        let a = timers.start('a', 5, 0);
        timers.start('b', 7, 0);
        assert_eq!(timers.cancel(a), 'a');
        assert_eq!(timers.deadline(), Some(7));
        assert_eq!(drain(&mut timers, 100), ['b']);
        assert!(timers.lists.is_empty() && timers.due.is_empty() && timers.by_duration.is_empty());
    }
}
