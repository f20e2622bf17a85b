//! A stack whose places stay: what is pushed is made in its place, and nothing of it is moved on the way there.
//!
//! `Vec::push` is handed a value that it may have to drop if there is no memory: a value with anything in it that can be
//! dropped is therefore made elsewhere first, and copied whole. Here what it is made of is forgotten if there is no memory.

use alloc::vec::Vec;
use core::mem::{ManuallyDrop, forget, replace};

/// What can stand on a [`Stack`].
pub(crate) trait Slot: Sized {
    /// What stands in a place that is not used. It holds nothing that would have to be dropped.
    const EMPTY: Self;

    /// What stands in a place, which is as good as empty from then on: all of it that would have to be dropped is out.
    fn take(&mut self) -> Self {
        replace(self, Self::EMPTY)
    }
}

#[cfg(test)]
impl<T> Slot for Option<T> {
    const EMPTY: Self = None;
}

#[derive(Clone, Debug)]
pub(crate) struct Stack<T> {
    /// From `len` on they are empty.
    slots: Vec<T>,
    len: usize,
}

impl<T> Stack<T> {
    pub(crate) const fn new() -> Self {
        Self { slots: Vec::new(), len: 0 }
    }

    #[inline]
    pub(crate) const fn len(&self) -> usize {
        self.len
    }

    #[inline]
    pub(crate) const fn is_empty(&self) -> bool {
        self.len == 0
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.slots[..self.len].iter()
    }

    #[inline]
    pub(crate) fn last(&self) -> Option<&T> {
        self.slots.get(self.len.checked_sub(1)?)
    }

    #[inline]
    pub(crate) fn last_mut(&mut self) -> Option<&mut T> {
        self.slots.get_mut(self.len.checked_sub(1)?)
    }
}

impl<T: Slot> Stack<T> {
    /// Pushes what `make` makes.
    #[inline(always)]
    pub(crate) fn push_with(&mut self, make: impl FnOnce() -> T) {
        let make = ManuallyDrop::new(make);
        if self.len == self.slots.len() {
            self.grow();
        }
        if let Some(slot) = self.slots.get_mut(self.len) {
            forget(replace(slot, ManuallyDrop::into_inner(make)()));
            self.len += 1;
        }
    }

    #[cold]
    fn grow(&mut self) {
        self.slots.push(T::EMPTY);
    }

    #[inline(always)]
    pub(crate) fn pop(&mut self) -> Option<T> {
        let at = self.len.checked_sub(1)?;
        let top = self.slots.get_mut(at)?;
        self.len = at;
        Some(top.take())
    }

    /// Takes off the topmost, which holds nothing that would have to be dropped.
    #[inline(always)]
    pub(crate) fn drop_plain(&mut self) {
        self.len = self.len.saturating_sub(1);
    }

    /// Drops all over this height.
    pub(crate) fn truncate(&mut self, height: usize) {
        while self.len > height {
            self.pop();
        }
    }

    /// Takes out the lowest, from this height on, that is so.
    pub(crate) fn take_first(&mut self, height: usize, is: impl Fn(&T) -> bool) -> Option<T> {
        let at = self.slots[height..self.len].iter().position(is)? + height;
        self.slots[at..self.len].rotate_left(1);
        self.pop()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::rc::Rc;

    type Held = Option<Rc<u8>>;

    #[test]
    fn it_is_a_stack_and_drops_what_is_cut_off_once() {
        let held = Rc::new(7);
        let mut stack: Stack<Held> = Stack::new();
        assert!(stack.pop().is_none() && stack.last().is_none() && stack.is_empty());
        for _ in 0..3 {
            stack.push_with(|| Some(held.clone()));
        }
        assert_eq!((stack.len(), stack.iter().count(), Rc::strong_count(&held)), (3, 3, 4));
        stack.truncate(1);
        assert_eq!((stack.len(), Rc::strong_count(&held)), (1, 2));
        stack.push_with(|| None);
        stack.drop_plain();
        stack.push_with(|| Some(held.clone()));
        assert_eq!(stack.pop(), Some(Some(held.clone())));
        drop(stack);
        assert_eq!(Rc::strong_count(&held), 1);
    }

    #[test]
    fn one_is_taken_out_and_the_others_stay_in_their_order() {
        let mut stack: Stack<Held> = Stack::new();
        for n in 0..4 {
            stack.push_with(|| Some(Rc::new(n)));
        }
        let is = |n: u8| move |held: &Held| held.as_deref() == Some(&n);
        assert_eq!(stack.take_first(2, is(1)), None);
        assert_eq!(stack.take_first(1, is(1)), Some(Some(Rc::new(1))));
        let left: Vec<u8> = stack.iter().flatten().map(|n| **n).collect();
        assert_eq!(left, [0, 2, 3]);
    }
}
