//! In which order a wait reports what is ready: that of a level-triggered epoll, which is libuv's (rule T11).
//!
//! Such an epoll keeps what it reported in its list. The next wait looks at that first, in the same order, and forgets what is
//! not ready any more; what became ready meanwhile comes behind. An edge-triggered one keeps nothing, so it is known here
//! what the last wait reported. With few connections nothing is edge-triggered, and the order is epoll's own.

use super::ready::{BATCH, Ready};
use crate::grow;

/// Who knows what the last wait reported.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Keeper {
    /// The poller: it tells of everything again.
    #[default]
    Poller,
    /// The poller from now on, but what it reported last was brought into another order here.
    Both,
    /// It is kept here: the poller tells of some once.
    Here,
}

#[derive(Default)]
pub(super) struct Places {
    keeper: Keeper,
    /// By key: when it was reported last. Each report of one descriptor has a number, from 1.
    reported: Vec<u32>,
    /// The first and the next number of the last wait.
    first: u32,
    next: u32,
    /// The last wait could report no more than it did: what it left out comes before what it reported.
    was_full: bool,
    of_last: Vec<Option<Ready>>,
    others: Vec<Ready>,
}

impl Places {
    pub(super) fn new() -> Self {
        Self { first: 1, next: 1, ..Self::default() }
    }

    /// Whether what the last wait reported matters for the next one's order, and the poller does not know it.
    pub(super) fn any(&self) -> bool {
        self.keeper != Keeper::Poller && self.next > self.first
    }

    /// Whether the poller tells of some `once` from now on.
    pub(super) fn keep(&mut self, once: bool) {
        self.keeper = if once { Keeper::Here } else { Keeper::Both };
    }

    /// A wait has found that nothing is ready.
    pub(super) fn forget(&mut self) {
        (self.first, self.was_full) = (self.next, false);
        self.hand_over();
    }

    /// The poller's order is the right one.
    fn hand_over(&mut self) {
        if self.keeper == Keeper::Both {
            self.keeper = Keeper::Poller;
        }
    }

    /// This key is another descriptor's from now on.
    pub(super) fn remove(&mut self, key: usize) {
        if let Some(reported) = self.reported.get_mut(key) {
            *reported = 0;
        }
    }

    /// Where it stood in the last report.
    fn place(&self, ready: &Ready) -> Option<usize> {
        let number = *self.reported.get(ready.key)?;
        number.checked_sub(self.first).map(|place| place as usize)
    }

    /// Puts what a wait found into order, and among it what is `left`, of which the poller does not tell again.
    pub(super) fn arrange(&mut self, ready: &mut Vec<Ready>, left: impl ExactSizeIterator<Item = Ready>) {
        let full = ready.len() == BATCH;
        if left.len() > 0 || self.any() && !self.is_in_order(ready) {
            self.sort(ready, left);
        } else if !full {
            self.hand_over();
        }
        self.first = self.next;
        if u32::MAX - self.next < ready.len() as u32 {
            // What was reported before has no place now.
            self.reported.fill(0);
            (self.first, self.next) = (1, 1);
        }
        for Ready { key, .. } in ready.iter() {
            if let Some(reported) = self.reported.get_mut(*key) {
                *reported = self.next;
            }
            self.next += 1;
        }
        self.was_full = full;
    }

    /// Makes room for this key.
    pub(super) fn insert(&mut self, key: usize) {
        while self.reported.len() <= key {
            grow::for_one_more(&mut self.reported);
            self.reported.push(0);
        }
    }

    fn is_in_order(&self, ready: &[Ready]) -> bool {
        // What has no place comes last.
        ready.iter().map(|ready| self.place(ready).unwrap_or(usize::MAX)).is_sorted()
    }

    fn sort(&mut self, ready: &mut Vec<Ready>, left: impl Iterator<Item = Ready>) {
        let (mut of_last, mut others) = (std::mem::take(&mut self.of_last), std::mem::take(&mut self.others));
        of_last.resize((self.next - self.first) as usize, None);
        let mut left_out = None;
        for found in left.chain(ready.drain(..)) {
            match self.place(&found).map(|place| &mut of_last[place]) {
                Some(Some(known)) => known.join(found),
                Some(empty) => {
                    left_out.get_or_insert(others.len());
                    *empty = Some(found);
                }
                None => others.push(found),
            }
        }
        let left_out = left_out.filter(|_| self.was_full).unwrap_or(0);
        ready.extend(others.drain(..left_out));
        ready.extend(of_last.drain(..).flatten());
        ready.append(&mut others);
        (self.of_last, self.others) = (of_last, others);
    }
}

impl Ready {
    /// It was told of twice.
    pub(super) fn join(&mut self, new: Ready) {
        self.read |= new.read;
        self.write |= new.write;
        self.hang_up |= new.hang_up;
        self.more |= new.more;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ready(key: usize) -> Ready {
        Ready { key, read: true, write: false, hang_up: false, more: false, left: true }
    }

    fn arranged(places: &mut Places, found: &[usize], left: &[usize]) -> Vec<usize> {
        let mut found: Vec<_> = found.iter().copied().map(ready).collect();
        places.arrange(&mut found, left.iter().copied().map(ready));
        found.iter().map(|ready| ready.key).collect()
    }

    fn of(keys: usize) -> Places {
        let mut places = Places::new();
        places.keep(true);
        (0..keys).for_each(|key| places.insert(key));
        places
    }

    #[test]
    fn what_was_reported_comes_first_in_its_order() {
        let mut places = of(6);
        assert_eq!(arranged(&mut places, &[4, 2, 0], &[]), [4, 2, 0]);
        assert_eq!(arranged(&mut places, &[1, 0, 2, 3, 4], &[]), [4, 2, 0, 1, 3]);
        // Only the last report counts.
        assert_eq!(arranged(&mut places, &[5], &[]), [5]);
        assert_eq!(arranged(&mut places, &[0, 4, 5], &[]), [5, 0, 4]);
        places.forget();
        assert_eq!(arranged(&mut places, &[4, 5, 0], &[]), [4, 5, 0]);
    }

    #[test]
    fn the_poller_is_left_to_itself_once_its_order_is_the_right_one() {
        let mut places = of(4);
        assert_eq!(arranged(&mut places, &[2, 0], &[]), [2, 0]);
        places.keep(false);
        assert_eq!(arranged(&mut places, &[1, 0, 2], &[]), [2, 0, 1], "the poller does not know the places yet");
        assert_eq!(arranged(&mut places, &[1, 0, 2], &[]), [2, 0, 1], "it has kept its own order");
        assert_eq!(arranged(&mut places, &[2, 1, 3], &[]), [2, 1, 3]);
        assert!(!places.any());
        assert_eq!(arranged(&mut places, &[3, 2], &[]), [3, 2]);
        places.keep(true);
        assert_eq!(arranged(&mut places, &[0, 2, 3], &[]), [3, 2, 0]);
        places.keep(false);
        places.forget();
        assert_eq!(arranged(&mut places, &[0, 2, 3], &[]), [0, 2, 3], "nothing was ready");
    }

    #[test]
    fn numbers_begin_anew_when_they_run_out() {
        let mut places = of(4);
        (places.first, places.next) = (u32::MAX - 4, u32::MAX - 4);
        for _ in 0..5 {
            assert_eq!(arranged(&mut places, &[2, 0], &[]), [2, 0]);
            assert_eq!(arranged(&mut places, &[1, 0, 2], &[]), [2, 0, 1]);
            assert_eq!(arranged(&mut places, &[3], &[]), [3]);
            assert_eq!(arranged(&mut places, &[2, 0, 3], &[]), [3, 2, 0]);
            places.forget();
        }
        assert!(places.next < 100);
    }

    #[test]
    fn what_is_left_is_reported_once_in_its_place() {
        let mut places = of(4);
        assert_eq!(arranged(&mut places, &[0, 1, 2], &[]), [0, 1, 2]);
        assert_eq!(arranged(&mut places, &[3, 1, 0], &[1, 2]), [0, 1, 2, 3]);
    }

    #[test]
    fn another_descriptor_of_a_key_has_no_place() {
        let mut places = of(3);
        assert_eq!(arranged(&mut places, &[0, 1], &[]), [0, 1]);
        places.remove(0);
        assert_eq!(arranged(&mut places, &[2, 0, 1], &[]), [1, 2, 0]);
    }

    #[test]
    fn what_a_full_report_left_out_comes_before_it() {
        let mut places = of(BATCH + 2);
        let full: Vec<_> = (0..BATCH).collect();
        assert_eq!(arranged(&mut places, &full, &[]), full);
        assert_eq!(arranged(&mut places, &[BATCH, 7, BATCH + 1, 3], &[]), [BATCH, 3, 7, BATCH + 1]);
    }
}
