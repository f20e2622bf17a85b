//! From a run that fails to a small one that fails.

use crate::chooser::Chooser;
use crate::tape::Tape;

/// How many questions may hang on one answer.
const FOLLOW: usize = 40;

/// Makes a tape small for as long as `fails` says of a run with the chooser that it fails in the same way: answers are left
/// out, many at a time and then one by one, and made lower. At most `most` runs are made.
///
/// Where a question has another label than before, or fewer answers, what is next on the tape counts all the same. What is 0
/// at the end is left out: behind its end a tape is calm.
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
    let runs = std::cell::Cell::new(0);
    let mut best: Vec<u8> = tape.choices().iter().map(|choice| choice.choice.min(255) as u8).collect();
    let mut small = tape.clone();
    let mut tries = |bytes: &[u8], small: &mut Tape| {
        runs.set(runs.get() + 1);
        let chooser = Chooser::bytes(bytes).recording();
        let failed = runs.get() <= most && fails(&chooser);
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
        // Many at a time become calm: a part that is not needed may stand before one that is.
        let mut size = best.len().div_ceil(2);
        while size > 1 {
            for from in (0..best.len()).step_by(size) {
                let mut calm = best.clone();
                calm[from..(from + size).min(best.len())].fill(0);
                if calm != best && tries(&calm, &mut small) {
                    best = calm;
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
        // An answer that is lower may have no use for the questions that followed it.
        let mut at = 0;
        while at < best.len() {
            let fewer = (1..=FOLLOW.min(best.len() - at - 1)).rev().find_map(|follow| {
                let without = [&best[..at], &[0], &best[at + 1 + follow..]].concat();
                (best[at] > 0 && tries(&without, &mut small)).then_some(without)
            });
            best = fewer.unwrap_or(best);
            at += 1;
        }
        if best == before || runs.get() >= most {
            return small.trimmed();
        }
    }
}
