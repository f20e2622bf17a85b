//! Whether a connection that is read from is told of once, or for as long as it is ready.
//!
//! Level-triggered the kernel looks a second time, in the next wait, at each descriptor that it told of; of a thousand the
//! first ones are out of its caches by then. Edge-triggered it does not, but then the order is to be kept here (see
//! [`places`](super::places)), and a wait that finds nothing ready at once is two system calls. So few connections are told
//! of again, and many once.

/// How many are told of again at most. With one it is 1 to 2 % of what a request costs the server, with four as much, with six
/// it costs more than it saves.
pub(super) const FEW: usize = 4;

#[derive(Debug)]
pub(super) struct Telling {
    /// How many are told of again at most. When fewer than two are left of more, they are few again.
    few: usize,
    way: Told,
}

#[derive(Debug, PartialEq, Eq)]
enum Told {
    /// For as long as they are ready: these keys.
    Again(Vec<usize>),
    /// Once: so many, and their keys added up.
    Once { count: usize, sum: usize },
}

impl Telling {
    pub(super) fn new(few: usize) -> Self {
        let way = if few > 0 { Told::Again(Vec::with_capacity(few + 1)) } else { Told::Once { count: 0, sum: 0 } };
        Self { few, way }
    }

    pub(super) const fn is_once(&self) -> bool {
        matches!(self.way, Told::Once { .. })
    }

    pub(super) fn insert(&mut self, key: usize) {
        match &mut self.way {
            Told::Again(keys) => keys.push(key),
            Told::Once { count, sum } => (*count, *sum) = (*count + 1, sum.wrapping_add(key)),
        }
    }

    pub(super) fn remove(&mut self, key: usize) {
        match &mut self.way {
            // From the end: what goes came last, mostly.
            Told::Again(keys) => {
                if let Some(at) = keys.iter().rposition(|own| *own == key) {
                    keys.swap_remove(at);
                }
            }
            Told::Once { count, sum } => (*count, *sum) = (*count - 1, sum.wrapping_sub(key)),
        }
    }

    /// Whether few have become many, or many few: the keys that are to be told of in the other way.
    pub(super) fn turning(&self) -> Option<Vec<usize>> {
        match &self.way {
            Told::Again(keys) if keys.len() > self.few => Some(keys.clone()),
            Told::Once { count: 0, .. } if self.few > 0 => Some(Vec::new()),
            // All keys of one are that one's.
            Told::Once { count: 1, sum } if self.few > 0 => Some(vec![*sum]),
            _ => None,
        }
    }

    /// These, which are all that there are, are told of in the other way from now on.
    pub(super) fn turn(&mut self, keys: Vec<usize>) {
        self.way = match self.way {
            Told::Again(_) => {
                Told::Once { count: keys.len(), sum: keys.iter().fold(0, |sum, key| sum.wrapping_add(*key)) }
            }
            Told::Once { .. } => Told::Again(keys),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn turned(telling: &mut Telling) -> Option<Vec<usize>> {
        let keys = telling.turning()?;
        telling.turn(keys.clone());
        Some(keys)
    }

    #[test]
    fn few_turn_into_many_and_the_last_of_them_are_few() {
        let mut telling = Telling::new(2);
        for key in [7, 5] {
            telling.insert(key);
            assert_eq!((turned(&mut telling), telling.is_once()), (None, false));
        }
        telling.remove(7);
        telling.insert(9);
        telling.insert(usize::MAX - 3);
        assert_eq!(turned(&mut telling), Some(vec![5, 9, usize::MAX - 3]));
        assert!(telling.is_once());
        telling.insert(1);
        for key in [9, 5] {
            telling.remove(key);
            assert_eq!((turned(&mut telling), telling.is_once()), (None, true));
        }
        telling.remove(1);
        assert_eq!(turned(&mut telling), Some(vec![usize::MAX - 3]));
        assert!(!telling.is_once());
        telling.remove(usize::MAX - 3);
        assert_eq!(turned(&mut telling), None);
    }

    #[test]
    fn many_that_go_at_one_time_are_few() {
        let mut telling = Telling::new(1);
        (0..9).for_each(|key| telling.insert(key));
        assert_eq!(turned(&mut telling).map(|keys| keys.len()), Some(9));
        (0..9).for_each(|key| telling.remove(key));
        assert_eq!((turned(&mut telling), telling.is_once()), (Some(vec![]), false));
    }

    #[test]
    fn all_are_many_where_none_are_few() {
        let mut telling = Telling::new(0);
        assert!(telling.is_once());
        telling.insert(3);
        telling.remove(3);
        assert_eq!((turned(&mut telling), telling.is_once()), (None, true));
    }
}
