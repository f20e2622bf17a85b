//! What is read: nothing lost, doubled or moved; pauses; the high water mark (rules R1 to R18).

use super::socket::Wrong;
use netfold::core::{Bytes, Command, EventKind};
use std::collections::VecDeque;

#[derive(Clone, Debug)]
pub(super) struct Reads {
    mark: u64,
    kept: VecDeque<Bytes>,
    /// Bytes that came in.
    pub(super) bytes: u64,
    pub(super) eof: bool,
    /// All that is taken out is seen.
    pub(super) known: bool,
    hears_data: bool,
    /// 'pause' came since something made it flow.
    pause_told: bool,
    paused_once: bool,
    /// `pause` came last; `None` when that is not known.
    paused: Option<bool>,
    /// Something asked for the flow, and 'resume' has not come.
    resumes: bool,
    /// It may resume by itself, in some tick.
    resumes_itself: bool,
    /// Nothing was kept when the other party ended.
    bare: bool,
    /// A reader by hand has yet to hear of what came.
    pub(super) readable_due: bool,
    hears_readable: bool,
}

impl Reads {
    pub(super) fn new(mark: u32) -> Self {
        Self {
            mark: mark.into(),
            kept: VecDeque::new(),
            bytes: 0,
            eof: false,
            known: true,
            hears_data: false,
            pause_told: false,
            paused_once: false,
            paused: Some(false),
            resumes: false,
            resumes_itself: false,
            bare: false,
            readable_due: false,
            hears_readable: false,
        }
    }

    pub(super) fn kept(&self) -> usize {
        self.kept.iter().map(Bytes::len).sum()
    }

    pub(super) fn command(&mut self, command: &Command) {
        match command {
            Command::Pause(_) => (self.paused, self.paused_once) = (Some(true), true),
            Command::Resume(_) => {
                (self.paused, self.resumes, self.pause_told) = (Some(false), true, false);
                // What nobody listens for is lost unseen.
                self.known &= self.hears_data;
            }
            Command::On { event: EventKind::Data, .. } => {
                self.known &= self.hears_data || self.bytes == 0;
                (self.hears_data, self.resumes) = (true, true);
                if self.paused != Some(true) {
                    self.pause_told = false;
                }
            }
            Command::On { event: EventKind::Readable, .. } => (self.paused, self.hears_readable) = (None, true),
            Command::Off { event: EventKind::Readable, .. } => {
                (self.paused, self.resumes_itself, self.hears_readable) = (None, true, false);
                (self.readable_due, self.pause_told) = (false, false);
            }
            Command::Off { event: EventKind::Data, .. } => self.known = false,
            Command::RemoveAll(_, None | Some(EventKind::Data | EventKind::Readable)) => {
                (self.paused, self.resumes_itself, self.known, self.pause_told) = (None, true, false, false);
            }
            Command::SetEncoding(..) => self.known = false,
            Command::Read(_, Some(n)) => {
                self.mark = self.mark.max(u64::from(*n).next_power_of_two());
            }
            _ => {}
        }
    }

    /// A listener that was there once is gone; whether there are others.
    pub(super) fn listener_gone(&mut self, kind: EventKind, any: bool) {
        match kind {
            EventKind::Data => self.known &= any,
            EventKind::Readable => {
                (self.paused, self.resumes_itself, self.pause_told) = (None, true, false);
                self.hears_readable &= any;
            }
            _ => {}
        }
    }

    pub(super) fn came(&mut self, bytes: &Bytes, text: bool) {
        self.bytes += bytes.len() as u64;
        self.known &= !text;
        self.readable_due |= self.known && self.hears_readable && self.kept.is_empty();
        if self.known {
            self.kept.push_back(bytes.clone());
        }
    }

    /// A chunk reaches the user: as 'data', or from a `read` that is open.
    pub(super) fn data(&mut self, bytes: &Bytes, reading: bool) -> Wrong {
        if self.paused == Some(true) && !reading {
            return Some(("R8 pause", "'data' comes while it is paused".into()));
        }
        if !self.known {
            return None;
        }
        let mut rest = bytes.clone();
        while !rest.is_empty() {
            let Some(front) = self.kept.front_mut() else {
                self.known = false;
                return Some(("R2 stream", format!("'data' has {} bytes more than came", rest.len())));
            };
            let n = front.len().min(rest.len());
            if front.split_to(n) != rest.split_to(n) {
                self.known = false;
                return Some(("R2 stream", "'data' is not what came".into()));
            }
            if front.is_empty() {
                self.kept.pop_front();
            }
        }
        None
    }

    /// 'pause' is emitted.
    pub(super) fn pauses(&mut self) -> Wrong {
        let again = std::mem::replace(&mut self.pause_told, true);
        (again && self.paused == Some(true)).then(|| ("R8 pause", "'pause', and it was paused".into()))
    }

    pub(super) fn ended(&mut self) {
        (self.eof, self.bare) = (true, self.known && self.kept.is_empty());
    }

    /// Whether there is nothing that 'end' waits for.
    pub(super) fn end_is_due(&self, flows: bool) -> bool {
        self.known && self.eof && self.kept.is_empty() && (flows || self.bare)
    }

    pub(super) fn is_unpaused(&self) -> bool {
        self.paused == Some(false) && !self.eof && !self.paused_once
    }

    pub(super) fn resumes(&mut self, within: bool) -> Wrong {
        let due = std::mem::take(&mut self.resumes);
        if within {
            return Some(("R9 resume", "'resume' comes within the call".into()));
        }
        (!due && !self.resumes_itself).then(|| ("R9 resume", "'resume', and nobody resumes".into()))
    }

    /// All is still: the driver must not read on over the high water mark (rule R3).
    pub(super) fn at_rest(&self, reading: bool) -> Wrong {
        let kept = self.kept() as u64;
        (self.known && reading && kept >= self.mark && kept > 0)
            .then(|| ("R3 mark", format!("{kept} bytes are kept, {} are the mark, and it reads on", self.mark)))
    }
}
