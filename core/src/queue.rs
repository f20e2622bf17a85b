//! A queue whose places stay, as those of a [`Stack`](crate::stack::Stack) do: what is put in is made in its place.

use crate::stack::Slot;
use alloc::vec::Vec;
use core::mem::{ManuallyDrop, forget, replace};

#[derive(Clone, Debug)]
pub(crate) struct Queue<T> {
    /// As many as a power of two, or none. Those that are not used are empty.
    slots: Vec<T>,
    head: usize,
    len: usize,
}

/// How many places there are at first.
const FIRST: usize = 4;

impl<T> Default for Queue<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Queue<T> {
    pub(crate) const fn new() -> Self {
        Self { slots: Vec::new(), head: 0, len: 0 }
    }

    #[inline]
    pub(crate) const fn len(&self) -> usize {
        self.len
    }

    #[inline]
    pub(crate) const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Where the entry of this number is.
    #[inline]
    const fn place(&self, at: usize) -> usize {
        self.head.wrapping_add(at) & self.slots.len().wrapping_sub(1)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        (0..self.len).map(|at| &self.slots[self.place(at)])
    }

    #[inline]
    pub(crate) fn front(&self) -> Option<&T> {
        if self.is_empty() { None } else { self.slots.get(self.head) }
    }

    pub(crate) fn get_mut(&mut self, at: usize) -> Option<&mut T> {
        let place = self.place(at);
        if at < self.len { self.slots.get_mut(place) } else { None }
    }
}

impl<T: Slot> Queue<T> {
    /// Puts in what `make` makes, behind all others.
    #[inline(always)]
    pub(crate) fn push_with(&mut self, make: impl FnOnce() -> T) {
        let make = ManuallyDrop::new(make);
        if self.len == self.slots.len() {
            self.grow();
        }
        let place = self.place(self.len);
        if let Some(slot) = self.slots.get_mut(place) {
            forget(replace(slot, ManuallyDrop::into_inner(make)()));
            self.len += 1;
        }
    }

    /// Puts one before all others.
    pub(crate) fn push_front(&mut self, value: T) {
        self.push_with(|| value);
        for at in (1..self.len).rev() {
            let (here, before) = (self.place(at), self.place(at - 1));
            self.slots.swap(here, before);
        }
    }

    pub(crate) fn pop_back(&mut self) -> Option<T> {
        let place = self.place(self.len.checked_sub(1)?);
        self.len -= 1;
        self.slots.get_mut(place).map(T::take)
    }

    pub(crate) fn clear(&mut self) {
        while self.pop_front().is_some() {}
    }

    #[cold]
    fn grow(&mut self) {
        self.slots.rotate_left(self.head);
        self.head = 0;
        let places = (2 * self.len).max(FIRST);
        self.slots.reserve_exact(places - self.len);
        self.slots.resize_with(places, || T::EMPTY);
    }

    #[inline]
    pub(crate) fn pop_front(&mut self) -> Option<T> {
        let front = if self.is_empty() { None } else { self.slots.get_mut(self.head) };
        let front = front?.take();
        self.drop_front_plain();
        Some(front)
    }

    /// Takes off the first of them, which there is, and which holds nothing that would have to be dropped.
    #[inline(always)]
    pub(crate) fn drop_front_plain(&mut self) {
        self.head = self.place(1);
        self.len -= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::collections::VecDeque;
    use alloc::rc::Rc;

    /// As a queue of the standard library, over all ways in which it can lie in its places; and each value is dropped once.
    #[test]
    fn it_is_a_queue() {
        let held = Rc::new(());
        let mut queue: Queue<Option<(u32, Rc<()>)>> = Queue::new();
        let mut model = VecDeque::new();
        let mut seed = 1u64;
        for n in 0..10_000u32 {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            // Longer and longer, then shorter and shorter, again and again.
            let grows = (n / 40).is_multiple_of(2);
            if (seed >> 33) % 10 < if grows { 7 } else { 3 } {
                queue.push_with(|| Some((n, held.clone())));
                model.push_back(n);
            } else {
                assert_eq!(queue.pop_front().map(|got| got.expect("one that was put in").0), model.pop_front());
            }
            let numbers = queue.iter().map(|got| got.as_ref().expect("one that was put in").0);
            assert!(numbers.eq(model.iter().copied()));
            assert_eq!((queue.len(), queue.is_empty()), (model.len(), model.is_empty()));
            assert_eq!(queue.front().map(|got| got.as_ref().map(|got| got.0)), model.front().map(|n| Some(*n)));
            assert_eq!(queue.get_mut(1).is_some(), model.len() > 1);
            assert_eq!(Rc::strong_count(&held), 1 + model.len());
        }
        queue.clear();
        assert_eq!((queue.len(), Rc::strong_count(&held)), (0, 1));
        for n in 0..7 {
            queue.push_front(Some((n, held.clone())));
        }
        let mut last = || queue.pop_back().flatten().map(|got| got.0);
        assert_eq!([last(), last(), last()], [Some(0), Some(1), Some(2)]);
        assert_eq!(queue.front().and_then(|got| got.as_ref()).map(|got| got.0), Some(6));
        drop(queue);
        assert_eq!(Rc::strong_count(&held), 1);
    }
}
