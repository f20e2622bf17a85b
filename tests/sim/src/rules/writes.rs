//! What is written: requests, callbacks, 'drain', the return value (rules W1 to W23).

use super::socket::Wrong;
use netfold::core::{Bytes, CallbackId, Chunk, Outcome};
use std::collections::VecDeque;

/// Whether this side has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    No,
    /// The other party's end ends it in some tick.
    Perhaps,
    Yes,
}

/// Where a write stands.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Fate {
    Waits,
    /// A request that waits for 'connect'.
    Parked,
    WithSystem,
    Taken,
    /// The error's code.
    Failed(String),
}

#[derive(Clone, Debug)]
struct Write {
    callback: Option<CallbackId>,
    bytes: Bytes,
    length: u64,
    fate: Fate,
}

#[derive(Clone, Debug)]
pub(super) struct Writes {
    mark: u64,
    pub(super) connected: bool,
    pub(super) ending: Ending,
    pub(super) corked: u32,
    /// Those whose callbacks have not run, and all that is not with the system yet.
    writes: VecDeque<Write>,
    /// Callbacks of `end`.
    ends: VecDeque<CallbackId>,
    /// Callbacks of what was refused: each comes once, with an error, whenever it likes.
    refused: Vec<CallbackId>,
    /// Callbacks that may come, in whatever way.
    any: Vec<CallbackId>,
    pub(super) refused_any: bool,
    /// What is not written yet, as `writableLength` counts it.
    pub(super) length: u64,
    pub(super) bytes: u64,
    pub(super) text: bool,
    /// `write` was told to wait, and when nothing was left: whether no user code had run by then.
    needs_drain: bool,
    dry: Option<bool>,
    /// The write that was given last was taken: its callback.
    last_taken: bool,
    /// The callback of the newest tick of a write.
    newest: Option<CallbackId>,
    /// Whether the write that runs is to join it.
    joins: bool,
    /// It is not known what was accepted.
    pub(super) loose: bool,
}

impl Writes {
    pub(super) fn new(mark: u32) -> Self {
        Self {
            mark: mark.into(),
            connected: false,
            ending: Ending::No,
            corked: 0,
            writes: VecDeque::new(),
            ends: VecDeque::new(),
            refused: Vec::new(),
            any: Vec::new(),
            refused_any: false,
            length: 0,
            bytes: 0,
            text: false,
            needs_drain: false,
            dry: None,
            last_taken: false,
            newest: None,
            joins: false,
            loose: false,
        }
    }

    pub(super) fn has_flight(&self) -> bool {
        self.writes.iter().any(|write| matches!(write.fate, Fate::WithSystem | Fate::Parked))
    }

    /// The request under way has a callback.
    pub(super) fn owes_flight(&self) -> bool {
        let owes = |write: &Write| write.fate == Fate::WithSystem && write.callback.is_some();
        !self.loose && self.writes.iter().any(owes)
    }

    pub(super) fn waits(&self) -> bool {
        self.writes.iter().any(|write| write.fate == Fate::Waits)
    }

    pub(super) fn flight_bytes(&self) -> u64 {
        self.writes.iter().filter(|w| w.fate == Fate::WithSystem).map(|w| w.bytes.len() as u64).sum()
    }

    /// All that was written was taken, and all callbacks came.
    pub(super) fn idle(&self) -> bool {
        self.writes.is_empty() && !self.loose
    }

    pub(super) fn dry(&self) -> bool {
        self.dry.is_some() && self.ending == Ending::No && !self.loose
    }

    /// What the machine says of this side, for where it cannot be known.
    pub(super) fn has_ended(&mut self, ended: bool) {
        if self.ending == Ending::Perhaps {
            self.ending = if ended { Ending::Yes } else { Ending::No };
        }
    }

    pub(super) fn write(&mut self, chunk: &Chunk, callback: Option<CallbackId>, destroyed: bool, ended: bool) {
        self.has_ended(ended);
        if destroyed || self.ending == Ending::Yes {
            self.last_taken = false;
            self.refused_any = true;
            self.refused.extend(callback);
            return;
        }
        self.last_taken = true;
        self.joins = self.newest.is_some() && self.newest == callback;
        self.take(chunk, callback);
    }

    fn take(&mut self, chunk: &Chunk, callback: Option<CallbackId>) {
        let length = chunk.text.map_or(chunk.bytes.len() as u64, |text| text.units.into());
        self.text |= chunk.text.is_some();
        self.length += length;
        self.bytes += chunk.bytes.len() as u64;
        self.dry = None;
        self.writes.push_back(Write { callback, bytes: chunk.bytes.clone(), length, fate: Fate::Waits });
        self.park();
    }

    /// Before 'connect' what would be a request waits as one.
    fn park(&mut self) {
        if !self.connected && self.corked == 0 && !self.has_flight() {
            let waiting = self.writes.iter_mut().filter(|write| write.fate == Fate::Waits);
            waiting.for_each(|write| write.fate = Fate::Parked);
        }
    }

    pub(super) fn uncork(&mut self) {
        if self.corked > 0 {
            self.corked -= 1;
            self.park();
        }
    }

    pub(super) fn end(
        &mut self,
        chunk: Option<&Chunk>,
        callback: Option<CallbackId>,
        destroyed: bool,
        failed: bool,
        finished: bool,
    ) {
        let sure = self.ending != Ending::Perhaps && !failed;
        let over = destroyed || self.ending == Ending::Yes;
        if let Some(chunk) = chunk {
            self.refused_any |= over || !sure;
            if over && sure {
                self.refused.extend(callback);
                self.corked = 0;
                return;
            }
            if !over {
                self.take(chunk, None);
                self.loose |= !sure;
            }
        }
        match callback {
            Some(callback) if over && !destroyed && !failed && !finished && sure && chunk.is_none() => {
                self.ends.push_back(callback);
            }
            Some(callback) if over || !sure || failed => self.any.push(callback),
            Some(callback) => self.ends.push_back(callback),
            None => {}
        }
        if self.corked > 0 {
            self.corked = 0;
            self.park();
        }
        if !failed && !destroyed {
            self.ending = Ending::Yes;
            self.dry = None;
        }
    }

    /// A `write` returned (rule W6).
    pub(super) fn answered(&mut self, outcome: &Outcome, callback: Option<CallbackId>, over: bool) -> Wrong {
        let given = match outcome {
            Outcome::Bool(given) => *given,
            Outcome::Threw(_) => {
                if self.last_taken {
                    let write = self.writes.pop_back()?;
                    self.length -= write.length;
                    self.bytes -= write.bytes.len() as u64;
                } else if callback.is_some() {
                    self.refused.pop();
                }
                return None;
            }
            _ => return None,
        };
        let more = self.length < self.mark || self.length == 0;
        let expected = more && self.last_taken && !over;
        if self.last_taken && !more {
            self.needs_drain = true;
        }
        (given != expected && !self.loose)
            .then(|| ("W6 return", format!("write() returned {given}, with {} of {} waiting", self.length, self.mark)))
    }

    /// A callback that is taken within the call joins the tick of an equal one (rule W12).
    pub(super) fn merges(&mut self, callback: Option<CallbackId>, ticks: u32) -> Wrong {
        let joins = std::mem::take(&mut self.joins) && self.last_taken;
        let last = self.writes.back().filter(|w| w.callback.is_some() && w.callback == callback);
        if !self.last_taken || last.is_none_or(|write| write.fate != Fate::Taken) {
            return None;
        }
        self.newest = callback;
        (joins && ticks > 0 && !self.loose).then(|| ("W12 merge", "equal callbacks have a tick each".into()))
    }

    /// A request begins.
    pub(super) fn offered(&mut self, bytes: &[Bytes]) -> Wrong {
        if self.loose {
            return None;
        }
        if self.writes.iter().any(|write| write.fate == Fate::WithSystem) {
            return Some(("W1 request", "a second request while one is under way".into()));
        }
        let flush = self.writes.iter().any(|write| write.fate == Fate::Parked);
        let next = if flush { Fate::Parked } else { Fate::Waits };
        if self.corked > 0 && !flush {
            return Some(("W23 cork", "a request while it is corked".into()));
        }
        let waiting = self.writes.iter().filter(|write| write.fate == next).count();
        if bytes.len() != waiting {
            return Some(("W10 batch", format!("{} chunks in a request, and {waiting} wait", bytes.len())));
        }
        let mut waiting = self.writes.iter_mut().filter(|write| write.fate == next);
        for given in bytes {
            match waiting.next() {
                Some(write) if write.bytes == *given => write.fate = Fate::WithSystem,
                Some(write) => {
                    let what = format!("{} bytes go out, and {} other ones are next", given.len(), write.bytes.len());
                    self.loose = true;
                    return Some(("W1 stream", what));
                }
                None => {
                    self.loose = true;
                    return Some(("W1 stream", format!("{} bytes go out that nobody wrote", given.len())));
                }
            }
        }
        None
    }

    /// The request under way is over.
    pub(super) fn over(&mut self, result: Result<(), String>, destroyed: bool, user_ran: bool) {
        let mut length = 0;
        for write in self.writes.iter_mut().filter(|write| write.fate == Fate::WithSystem) {
            length += write.length;
            write.fate = match &result {
                Ok(()) => Fate::Taken,
                Err(_) if destroyed => Fate::Taken,
                Err(code) => Fate::Failed(code.clone()),
            };
        }
        self.length -= length;
        if self.length == 0 && self.needs_drain && !destroyed && result.is_ok() {
            self.dry = Some(!user_ran);
        }
        self.forget();
    }

    /// Those without a callback are over when they are taken.
    fn forget(&mut self) {
        self.writes.retain(|write| {
            write.callback.is_some() || matches!(write.fate, Fate::Waits | Fate::Parked | Fate::WithSystem)
        });
    }

    /// A callback runs.
    pub(super) fn called(&mut self, callback: CallbackId, error: Option<&str>, destroyed: bool, failed: bool) -> Wrong {
        self.newest = self.newest.filter(|newest| *newest != callback);
        let front = self.front();
        for list in [&mut self.any, &mut self.refused] {
            // The same function may stand for a write that was taken.
            if let Some(at) = list.iter().position(|known| *known == callback)
                && (error.is_some() || front != Some(callback))
            {
                list.remove(at);
                return None;
            }
        }
        if self.loose {
            return None;
        }
        let over = destroyed || failed;
        // What will not be written fails at once, and what was taken may still wait for its tick.
        let unwritten = |write: &&Write| matches!(write.fate, Fate::Waits | Fate::Parked) && write.callback.is_some();
        let passes =
            error.is_some() && over && self.writes.iter().find(unwritten).is_some_and(|w| w.callback == Some(callback));
        if self.front() != Some(callback) && !passes {
            return self.not_in_front(callback, error, destroyed || failed);
        }
        let is = |write: &Write| write.callback == Some(callback) && !(passes && write.fate == Fate::Taken);
        let at = self.writes.iter().position(is)?;
        let write = self.writes.remove(at)?;
        if !matches!(write.fate, Fate::Taken) {
            // What fails before it counts among these.
            let before = |write: &Write| write.callback.is_none() && write.fate == Fate::Waits;
            let skipped: u64 = self.writes.iter().take(at).filter(|w| before(w)).map(|w| w.length).sum();
            self.length -= skipped.min(self.length);
        }
        match (&write.fate, error) {
            (Fate::Taken, None) if self.dry == Some(true) && self.ending == Ending::No && !over => {
                Some(("W13 drain", "a callback comes before the 'drain' that is due".into()))
            }
            (Fate::Taken, None) => None,
            (Fate::WithSystem, None) if destroyed => None,
            (Fate::Waits | Fate::Parked, Some(_)) if over => {
                self.length -= if write.fate == Fate::Waits { write.length.min(self.length) } else { 0 };
                None
            }
            (Fate::Failed(code), Some(error)) if code == error => None,
            (fate, error) => Some(("W16 callbacks", format!("a callback got {error:?}, and its write is {fate:?}"))),
        }
    }

    fn front(&self) -> Option<CallbackId> {
        self.writes.iter().find_map(|write| write.callback).or(self.ends.front().copied())
    }

    fn not_in_front(&mut self, callback: CallbackId, error: Option<&str>, over: bool) -> Wrong {
        // What waits for 'finish' fails with the socket, whatever else is still to be called.
        if let Some(at) = self.ends.iter().position(|known| *known == callback)
            && error.is_some()
            && over
        {
            self.ends.remove(at);
            return None;
        }
        let later = self.writes.iter().any(|write| write.callback == Some(callback));
        if later || self.ends.contains(&callback) {
            self.loose = true;
            return Some(("W10 callbacks", format!("callbacks come out of order, {callback:?} with {error:?}")));
        }
        Some(("W11 callbacks", format!("{callback:?} runs once too often, with {error:?}")))
    }

    /// A callback that stands in front is of `end`.
    pub(super) fn is_end(&self, callback: CallbackId) -> bool {
        self.writes.iter().all(|write| write.callback.is_none()) && self.ends.front() == Some(&callback)
    }

    /// A callback of `end` runs.
    pub(super) fn ended(&mut self, error: bool, destroyed: bool, failed: bool) -> Wrong {
        self.ends.pop_front();
        let waits = self.waits() || self.has_flight();
        match error {
            false if waits => Some(("W21 callbacks", "the callback of end() comes before all was written".into())),
            true if !destroyed && !failed => Some(("W17 callbacks", "the callback of end() got an error".into())),
            _ => None,
        }
    }

    pub(super) fn drained(&mut self, destroyed: bool) -> Wrong {
        let due = self.needs_drain && self.length == 0 && self.ending != Ending::Yes && !destroyed;
        (self.needs_drain, self.dry) = (false, None);
        (!due && !self.loose)
            .then(|| ("W13 drain", format!("'drain' with {} waiting, and nobody waits for it", self.length)))
    }

    /// Something is owed although all ticks have run.
    pub(super) fn owes(&self, closed: bool) -> bool {
        let due = |write: &Write| matches!(write.fate, Fate::Taken | Fate::Failed(_)) || closed;
        let writes = self.writes.iter().any(|write| write.callback.is_some() && due(write));
        !self.loose && (writes || !self.refused.is_empty() || (closed && !self.ends.is_empty()))
    }

    pub(super) fn left_of_ends(&self) -> usize {
        self.ends.len()
    }

    pub(super) fn left_of_writes(&self) -> usize {
        self.writes.iter().filter(|write| write.callback.is_some() || write.fate == Fate::Waits).count()
    }
}
