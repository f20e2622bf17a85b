//! The key of a state: what a machine's future depends on, as a sequence of words of fixed width, folded to 128 bits.
//!
//! Each struct names its own fields, beside its definition. Ids become the place in the order of creation, so that it
//! makes no difference what lived and died before; payload becomes its length; time becomes what is left of it.

use crate::engine::Core;
use crate::id::{Arena, HandleId, Id, LookupId, ServerId, SocketId, TickId, TimerId};
use crate::step::Target;
use alloc::vec::Vec;
use core::hash::{Hash, Hasher};

/// What goes into a [`Core::state_key_of`] beside what always does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct KeyDetail {
    /// How long each timer has still to run, in milliseconds. Without it only the order in which timers are due counts:
    /// two states with equal keys then go on equally for as long as no further timer is started or refreshed.
    pub times: bool,
    /// `bytesRead` and `bytesWritten`. Nothing but these properties depends on them.
    pub counters: bool,
}

impl KeyDetail {
    /// With times, without counters: what [`Core::state_key`] takes.
    pub const DEFAULT: KeyDetail = KeyDetail { times: true, counters: false };
}

impl Default for KeyDetail {
    fn default() -> Self {
        Self::DEFAULT
    }
}

impl Core {
    /// 128 bits that stand for this state: cores with equal keys have equal futures.
    ///
    /// Equal means: given the same inputs they put out the same, where ids are matched by the order of creation, bytes by
    /// their length, times by their distance from [`Core::now`]. The key is the same on every system and in every build of
    /// one release; it may change between releases. It takes time in proportion to what the core holds. It is no
    /// cryptographic hash: one who wants to can make two states with one key.
    ///
    /// Not in it: `bytesRead` and `bytesWritten` ([`Core::state_key_of`] can have them), and how the memory of unread chunks
    /// is laid out, so that rule B2's bound, which counts memory, can be met by one of two such cores a chunk earlier.
    ///
    /// ```
    /// use netfold_core::{Command, Core, SocketOptions, Step};
    ///
    /// let mut core = Core::default();
    /// let empty = core.state_key();
    /// let mut later = core.clone();
    /// later.advance(1_000)?;
    /// assert_eq!(later.state_key(), empty, "what time it is makes no difference");
    ///
    /// core.begin(Command::NewSocket(SocketOptions::default()))?;
    /// while !matches!(core.step(), Step::Idle(_)) {}
    /// assert_ne!(core.state_key(), empty);
    /// # Ok::<(), netfold_core::ApiMisuse>(())
    /// ```
    pub fn state_key(&self) -> u128 {
        self.state_key_of(KeyDetail::DEFAULT)
    }

    /// [`Core::state_key`] with more or less in it.
    pub fn state_key_of(&self, detail: KeyDetail) -> u128 {
        let mut key = Key::new(self, detail, None);
        self.key(&mut key);
        key.fold.bits()
    }

    /// Whether both cores are in the same state: word by word what [`Core::state_key`] has folded, so that nothing is left
    /// to luck.
    pub fn same_state(&self, other: &Core) -> bool {
        self.words() == other.words()
    }

    fn words(&self) -> Vec<u64> {
        let mut key = Key::new(self, KeyDetail::DEFAULT, Some(Vec::new()));
        self.key(&mut key);
        key.words.unwrap_or_default()
    }
}

/// Two lanes; each step of either can be undone, so that a difference stays until the end.
#[derive(Clone, Copy, Debug)]
struct Fold(u64, u64);

impl Fold {
    const NEW: Fold = Fold(0x6E65_7466_6F6C_6473, 0x7461_7465_206B_6579);

    #[inline]
    fn word(&mut self, word: u64) {
        self.0 = (self.0 ^ word).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        self.0 ^= self.0 >> 32;
        self.1 = (self.1.rotate_left(23) ^ word).wrapping_mul(0xD6E8_FEB8_6659_FD93);
        self.1 ^= self.1 >> 29;
    }

    fn bits(mut self) -> u128 {
        // What came last has to reach every bit, too.
        (0..2).for_each(|_| self.word(0));
        u128::from(self.0) << 64 | u128::from(self.1)
    }
}

/// Stands for an id whose owner is gone.
const GONE: u64 = u64::MAX;

/// Where the words go, with what is needed to name things independently of their history.
pub(crate) struct Key {
    fold: Fold,
    words: Option<Vec<u64>>,
    detail: KeyDetail,
    now: u64,
    first_tick: u64,
    sockets: Vec<u32>,
    servers: Vec<u32>,
    handles: Vec<u32>,
    lookups: Vec<u32>,
    timers: Vec<u32>,
    /// The numbers of the machine's own listeners, in the order in which they appear.
    internals: Vec<u32>,
}

impl Key {
    fn new(core: &Core, detail: KeyDetail, words: Option<Vec<u64>>) -> Self {
        Self {
            fold: Fold::NEW,
            words,
            detail,
            now: core.now(),
            first_tick: core.first_tick(),
            sockets: core.sockets.generations(),
            servers: core.servers.generations(),
            handles: core.handles.generations(),
            lookups: core.lookups.generations(),
            timers: core.user_timers.generations(),
            internals: Vec::new(),
        }
    }

    #[inline]
    pub(crate) fn word(&mut self, word: u64) {
        self.fold.word(word);
        if let Some(words) = &mut self.words {
            words.push(word);
        }
    }

    /// Any number of booleans, up to 64, as one word.
    #[inline]
    pub(crate) fn flags<const N: usize>(&mut self, flags: [bool; N]) {
        self.word(flags.into_iter().fold(1, |word, flag| word << 1 | u64::from(flag)));
    }

    pub(crate) fn len(&mut self, len: usize) {
        self.word(len as u64);
    }

    /// A value in which there are no ids, times or payload.
    pub(crate) fn of(&mut self, value: &(impl Hash + ?Sized)) {
        value.hash(self);
    }

    /// Which variant it is, and nothing of what is in it.
    pub(crate) fn variant<T>(&mut self, of: &T) {
        core::mem::discriminant(of).hash(self);
    }

    pub(crate) fn counter(&mut self, n: u64) {
        if self.detail.counters {
            self.word(n);
        }
    }

    /// A moment, as its distance from now.
    pub(crate) fn time(&mut self, at: u64) {
        if self.detail.times {
            self.word(at.wrapping_sub(self.now));
        }
    }

    pub(crate) fn socket(&mut self, id: SocketId) {
        self.word(place(&self.sockets, id));
    }

    pub(crate) fn server(&mut self, id: ServerId) {
        self.word(place(&self.servers, id));
    }

    pub(crate) fn handle(&mut self, id: HandleId) {
        self.word(place(&self.handles, id));
    }

    pub(crate) fn lookup(&mut self, id: LookupId) {
        self.word(place(&self.lookups, id));
    }

    pub(crate) fn timer(&mut self, id: TimerId) {
        self.word(place(&self.timers, id));
    }

    pub(crate) fn target(&mut self, target: Target) {
        self.variant(&target);
        match target {
            Target::Socket(id) => self.socket(id),
            Target::Server(id) => self.server(id),
        }
    }

    /// A tick that is still to run, as its distance from the next.
    pub(crate) fn tick(&mut self, id: Option<TickId>) {
        let ahead = id.and_then(|id| id.0.checked_sub(self.first_tick));
        self.word(ahead.unwrap_or(GONE));
    }

    /// The number of one of the machine's own listeners: it matters only which others are equal to it.
    pub(crate) fn internal(&mut self, number: u32) {
        let at = self.internals.iter().position(|known| *known == number);
        let at = at.unwrap_or_else(|| {
            self.internals.push(number);
            self.internals.len() - 1
        });
        self.len(at);
    }
}

fn place(generations: &[u32], id: impl Id) -> u64 {
    generations.binary_search(&id.parts().1).map_or(GONE, |at| at as u64)
}

/// Every number as a word, so that the key is the same wherever the derived implementations run.
impl Hasher for Key {
    fn write(&mut self, bytes: &[u8]) {
        self.len(bytes.len());
        for part in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..part.len()].copy_from_slice(part);
            self.word(u64::from_le_bytes(word));
        }
    }

    fn write_u8(&mut self, n: u8) {
        self.word(n.into());
    }

    fn write_u16(&mut self, n: u16) {
        self.word(n.into());
    }

    fn write_u32(&mut self, n: u32) {
        self.word(n.into());
    }

    fn write_u64(&mut self, n: u64) {
        self.word(n);
    }

    fn write_u128(&mut self, n: u128) {
        self.word(n as u64);
        self.word((n >> 64) as u64);
    }

    fn write_usize(&mut self, n: usize) {
        self.word(n as u64);
    }

    fn write_i32(&mut self, n: i32) {
        self.word(n as u64);
    }

    fn write_i64(&mut self, n: i64) {
        self.word(n as u64);
    }

    fn write_isize(&mut self, n: isize) {
        self.word(n as u64);
    }

    fn finish(&self) -> u64 {
        self.fold.0
    }
}

impl<T> Arena<T> {
    /// The generations of what is there, in the order of creation.
    fn generations(&self) -> Vec<u32> {
        let mut all: Vec<u32> = self.iter().map(|(id, _): (SocketId, _)| id.generation()).collect();
        all.sort_unstable();
        all
    }

    /// What is there, in the order of creation.
    pub(crate) fn in_order<I: Id>(&self) -> Vec<(I, &T)> {
        let mut all: Vec<(I, &T)> = self.iter().collect();
        all.sort_unstable_by_key(|(id, _)| id.parts().1);
        all
    }
}
