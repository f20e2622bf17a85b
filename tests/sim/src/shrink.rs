//! From a run that fails to a small one that fails.

use crate::chooser::Chooser;
use crate::tape::Tape;

/// Makes a tape small for as long as `fails` says of a run with the chooser that it fails in the same way: answers are left
/// out, many at a time and then one by one, and made lower. At most `most` runs are made.
///
/// Where a question has another label than before, or fewer answers, what is next on the tape counts all the same.
///
/// ```
/// use netfold_sim::{Chooser, shrink};
///
/// let run = |chooser: &Chooser| (0..20).map(|_| chooser.choose("n", 10)).filter(|n| *n > 6).count() >= 2;
/// let failing = (0..).map(|seed| Chooser::seed(seed).recording()).find(|chooser| run(chooser)).unwrap();
/// let small = shrink(&failing.recorded(), 10_000, run);
/// let answers: Vec<u32> = small.choices().iter().map(|choice| choice.choice).filter(|n| *n > 0).collect();
/// assert_eq!(answers, [7, 7]);
/// ```
pub fn shrink(tape: &Tape, most: u32, mut fails: impl FnMut(&Chooser) -> bool) -> Tape {
    let mut runs = 0;
    let mut best: Vec<u8> = tape.choices().iter().map(|choice| choice.choice.min(255) as u8).collect();
    let mut small = tape.clone();
    let mut tries = |bytes: &[u8], small: &mut Tape| {
        runs += 1;
        let chooser = Chooser::bytes(bytes).recording();
        let failed = runs <= most && fails(&chooser);
        if failed {
            *small = chooser.recorded();
        }
        failed
    };
    loop {
        let before = best.clone();
        let mut size = best.len().div_ceil(2);
        while size > 0 {
            let mut at = 0;
            while at < best.len() {
                let end = (at + size).min(best.len());
                let without = [&best[..at], &best[end..]].concat();
                if tries(&without, &mut small) {
                    best = without;
                } else {
                    at += size;
                }
            }
            size /= 2;
        }
        for at in 0..best.len() {
            for lower in [0, best[at] / 2, best[at].saturating_sub(1)] {
                let was = std::mem::replace(&mut best[at], lower);
                if lower < was && tries(&best, &mut small) {
                    break;
                }
                best[at] = was;
            }
        }
        if best == before {
            return small;
        }
    }
}
