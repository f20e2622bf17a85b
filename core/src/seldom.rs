//! A collection that most sockets never need: one pointer where it would be three or four words.

use crate::queue::Queue;
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::ops::{Deref, DerefMut};

/// What stands for a collection that was never written to.
pub(crate) trait Empty: Default + 'static {
    const EMPTY: &'static Self;
}

impl<T: 'static> Empty for Vec<T> {
    const EMPTY: &'static Self = &Vec::new();
}

impl<T: 'static> Empty for Queue<T> {
    const EMPTY: &'static Self = &Queue::new();
}

/// A collection behind a pointer, made when it is first written to. It is kept when it is empty again: what was needed once
/// is needed again.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seldom<C>(Option<Box<C>>);

impl<C> Seldom<C> {
    pub(crate) const fn new() -> Self {
        Self(None)
    }
}

impl<C> Seldom<C> {
    /// To change what was written to before, if it was.
    #[inline]
    pub(crate) fn if_there(&mut self) -> Option<&mut C> {
        self.0.as_deref_mut()
    }

    /// Whether it was never written to, or is so.
    #[inline]
    pub(crate) fn is_none_or(&self, is: impl FnOnce(&C) -> bool) -> bool {
        self.0.as_deref().is_none_or(is)
    }
}

impl<C: Empty> Deref for Seldom<C> {
    type Target = C;

    #[inline]
    fn deref(&self) -> &C {
        self.0.as_deref().unwrap_or(C::EMPTY)
    }
}

impl<C: Empty> DerefMut for Seldom<C> {
    #[inline]
    fn deref_mut(&mut self) -> &mut C {
        self.0.get_or_insert_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_empty_until_it_is_written_to_and_takes_one_word() {
        let mut list: Seldom<Vec<u8>> = Seldom::new();
        assert!(list.if_there().is_none() && list.is_empty() && list.0.is_none());
        list.push(7);
        assert_eq!(*list, [7]);
        assert_eq!(list.if_there().and_then(Vec::pop), Some(7));
        assert_eq!(size_of::<Seldom<Queue<u64>>>(), size_of::<usize>());
    }
}
