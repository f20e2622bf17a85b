//! Names for the things a host and the core talk about: a slot and the generation it was given.
//!
//! A slot is used again after its owner is gone; the generation is not. So an answer that comes late, for something that
//! was closed meanwhile, is told apart from one for the thing that now lives in that slot, and an id that was never
//! given out is told apart from both.

use core::fmt;
use slab::Slab;

/// What one generational arena says about an id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Known {
    /// The id names something that is there.
    Live,
    /// The id was given out once; what it named has been released.
    Released,
    /// The core never gave this id out.
    Never,
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $letter:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
        pub struct $name {
            slot: u32,
            generation: u32,
        }

        impl $name {
            /// The slot: small, dense, used again after release. Good for indexing a table beside the core.
            pub const fn slot(self) -> u32 {
                self.slot
            }

            /// The generation: rises with every id of this kind that the core gives out.
            pub const fn generation(self) -> u32 {
                self.generation
            }

            /// Puts an id together again, as a trace reader does. An id that the core did not give out is refused
            /// by every verb with [`ApiMisuse::UnknownId`](crate::ApiMisuse::UnknownId).
            pub const fn from_parts(slot: u32, generation: u32) -> Self {
                Self { slot, generation }
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($letter, "{}.{}"), self.slot, self.generation)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(self, f)
            }
        }

        impl Id for $name {
            fn parts(self) -> (u32, u32) {
                (self.slot, self.generation)
            }
            fn make(slot: u32, generation: u32) -> Self {
                Self { slot, generation }
            }
        }
    };
}

/// What an [`Arena`] needs of its ids.
pub(crate) trait Id: Copy {
    fn parts(self) -> (u32, u32);
    fn make(slot: u32, generation: u32) -> Self;
}

id!(
    /// A socket.
    SocketId, "c"
);
id!(
    /// A server.
    ServerId, "s"
);
id!(
    /// What the driver keeps a descriptor under. A socket that reconnects gets a new one.
    HandleId, "h"
);
id!(
    /// A name lookup under way.
    LookupId, "l"
);
id!(
    /// A timer of the user's.
    TimerId, "t"
);

/// An entry of the nextTick queue that belongs to the core. Ids are given out in the order in which they must run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct TickId(pub u64);

/// A listener of the user's, under a number that the host chooses. The host keeps what it stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ListenerId(pub u32);

/// A callback given to `write` or `end`, under a number that the host chooses. Equal numbers mean the same function:
/// Node merges the ticks of such callbacks (rule W12), so the core must know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct CallbackId(pub u32);

/// A connection that the driver has accepted and the core has not yet taken, under a number of the driver's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ConnKey(pub u64);

/// A descriptor that the user has handed to the driver, under a number of the driver's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct FdKey(pub u64);

#[derive(Clone, Debug)]
struct Entry<T> {
    generation: u32,
    value: T,
}

/// A slab whose ids carry a generation that never comes back.
#[derive(Clone, Debug)]
pub(crate) struct Arena<T> {
    slots: Slab<Entry<T>>,
    given: u32,
}

impl<T> Arena<T> {
    pub(crate) const fn new() -> Self {
        Self { slots: Slab::new(), given: 0 }
    }

    pub(crate) fn len(&self) -> usize {
        self.slots.len()
    }

    pub(crate) fn insert<I: Id>(&mut self, value: T) -> I {
        self.given = self.given.checked_add(1).expect("2^32 ids of one kind were given out");
        let generation = self.given;
        // An eighth more at a time, where a slab left to itself takes as much again: next to nothing is unused.
        if self.slots.len() == self.slots.capacity() {
            self.slots.reserve_exact(self.slots.len() / 8 + 16);
        }
        let slot = self.slots.insert(Entry { generation, value });
        I::make(u32::try_from(slot).expect("a slot fits in 32 bits"), generation)
    }

    pub(crate) fn known<I: Id>(&self, id: I) -> Known {
        let (slot, generation) = id.parts();
        match self.slots.get(slot as usize) {
            Some(entry) if entry.generation == generation => Known::Live,
            Some(entry) if generation > entry.generation => Known::Never,
            _ if generation == 0 || generation > self.given => Known::Never,
            _ => Known::Released,
        }
    }

    #[inline(always)]
    pub(crate) fn get<I: Id>(&self, id: I) -> Option<&T> {
        let (slot, generation) = id.parts();
        self.slots.get(slot as usize).filter(|e| e.generation == generation).map(|e| &e.value)
    }

    #[inline(always)]
    pub(crate) fn get_mut<I: Id>(&mut self, id: I) -> Option<&mut T> {
        let (slot, generation) = id.parts();
        self.slots.get_mut(slot as usize).filter(|e| e.generation == generation).map(|e| &mut e.value)
    }

    pub(crate) fn remove<I: Id>(&mut self, id: I) -> Option<T> {
        self.get(id)?;
        Some(self.slots.remove(id.parts().0 as usize).value)
    }

    pub(crate) fn iter<I: Id>(&self) -> impl Iterator<Item = (I, &T)> {
        self.slots.iter().map(|(slot, e)| (I::make(slot as u32, e.generation), &e.value))
    }
}

impl<T, I: Id> core::ops::Index<I> for Arena<T> {
    type Output = T;
    #[inline(always)]
    fn index(&self, id: I) -> &T {
        self.get(id).expect("the core keeps what its own frames name")
    }
}

impl<T, I: Id> core::ops::IndexMut<I> for Arena<T> {
    #[inline(always)]
    fn index_mut(&mut self, id: I) -> &mut T {
        self.get_mut(id).expect("the core keeps what its own frames name")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_released_id_is_not_the_next_one_in_its_slot() {
        let mut arena = Arena::new();
        let first: SocketId = arena.insert('a');
        arena.remove(first);
        let second: SocketId = arena.insert('b');
        assert_eq!(first.slot(), second.slot());
        assert_eq!(arena.known(first), Known::Released);
        assert_eq!(arena.known(second), Known::Live);
        assert_eq!(arena.get(first), None);
    }

    #[test]
    fn an_id_never_given_out_is_told_apart() {
        let mut arena = Arena::new();
        let id: SocketId = arena.insert(());
        assert_eq!(arena.known(SocketId::from_parts(id.slot(), id.generation() + 1)), Known::Never);
        assert_eq!(arena.known(SocketId::from_parts(9, 1)), Known::Released, "slot 9 may have been in use once");
        assert_eq!(arena.known(SocketId::from_parts(0, 0)), Known::Never);
    }
}
