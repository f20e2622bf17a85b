//! The idle timeout (rules M2 to M5).

use super::socket::Wrong;

#[derive(Clone, Debug, Default)]
pub(super) struct IdleTimer {
    /// In milliseconds; `None` when there is none.
    duration: Option<u64>,
    /// When it started anew; `None` after it fired.
    since: Option<u64>,
    left: u64,
    /// How often the loop came around with 'close' or the end of this side missing.
    pub(super) rounds_closed: u8,
    pub(super) rounds_open: u8,
}

impl IdleTimer {
    pub(super) fn set(&mut self, ms: f64, now: u64) {
        if !(ms >= 0.0 && ms.is_finite()) {
            return;
        }
        let duration = (ms as u64).clamp(1, i32::MAX as u64);
        self.duration = (ms != 0.0).then_some(duration);
        self.since = self.duration.map(|_| now);
    }

    pub(super) fn stop(&mut self) {
        (self.duration, self.since) = (None, None);
    }

    pub(super) fn refresh(&mut self, now: u64) {
        self.since = self.duration.map(|_| now);
    }

    /// How much a write has left.
    pub(super) fn left(&mut self, left: Option<u64>) {
        self.left = left.unwrap_or(0);
    }

    /// The system says how much a write has left: progress puts the timeout off.
    pub(super) fn sized(&mut self, left: u64, now: u64) {
        if left != self.left {
            self.left = left;
            self.refresh(now);
        }
    }

    pub(super) fn fires(&mut self, now: u64, destroyed: bool) -> Wrong {
        let wrong = match (self.duration, self.since) {
            _ if destroyed => Some("'timeout' of what is destroyed".into()),
            (None, _) => Some("'timeout', and none was set".into()),
            (_, None) => Some("'timeout' comes twice".into()),
            (Some(duration), Some(since)) if now < since + duration => {
                Some(format!("'timeout' comes at {now} ms, and is due at {} ms", since + duration))
            }
            _ => None,
        };
        self.since = None;
        wrong.map(|what| ("M3 timeout", what))
    }

    /// The time has passed. `now` is new: what is due comes in this round.
    pub(super) fn late(&mut self, now: u64) -> Wrong {
        let due = self.since? + self.duration?;
        if now > due + LATEST {
            self.since = None;
            return Some(("M3 timeout", format!("no 'timeout' by {now} ms, and it was due at {due} ms")));
        }
        None
    }
}

/// How late a round may come, in milliseconds: a loop that was busy finds its timers late.
const LATEST: u64 = 1;
