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
    /// `pause` came last; `None` when that is not known.
    paused: Option<bool>,
    /// Something asked for the flow, and 'resume' has not come.
    resumes: bool,
    /// `read(n)` left it at a border.
    exact: bool,
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
            paused: Some(false),
            resumes: false,
            exact: false,
        }
    }

    pub(super) fn kept(&self) -> usize {
        self.kept.iter().map(Bytes::len).sum()
    }

    pub(super) fn command(&mut self, command: &Command) {
        match command {
            Command::Pause(_) => self.paused = Some(true),
            Command::Resume(_) => {
                (self.paused, self.resumes) = (Some(false), true);
                // What nobody listens for is lost unseen.
                self.known &= self.hears_data;
            }
            Command::On { event: EventKind::Data, .. } => {
                self.known &= self.hears_data || self.bytes == 0;
                (self.hears_data, self.resumes) = (true, true);
            }
            Command::On { event: EventKind::Readable, .. } => self.paused = None,
            Command::Off { event: EventKind::Readable, .. } => (self.paused, self.resumes) = (None, true),
            Command::Off { event: EventKind::Data, .. } => self.known = false,
            Command::RemoveAll(_, None | Some(EventKind::Data | EventKind::Readable)) => {
                (self.paused, self.resumes, self.known) = (None, true, false);
            }
            Command::SetEncoding(..) => self.known = false,
            Command::Read(_, Some(n)) => {
                self.mark = self.mark.max(u64::from(*n).next_power_of_two());
                self.exact |= *n > 0;
            }
            _ => {}
        }
    }

    pub(super) fn came(&mut self, bytes: &Bytes, text: bool) {
        self.bytes += bytes.len() as u64;
        self.known &= !text;
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

    pub(super) fn resumes(&mut self, within: bool) -> Wrong {
        let due = std::mem::take(&mut self.resumes);
        if within {
            return Some(("R9 resume", "'resume' comes within the call".into()));
        }
        (!due && self.paused.is_some()).then(|| ("R9 resume", "'resume', and nobody resumes".into()))
    }

    /// All is still: the driver must not read on over the high water mark (rule R3).
    pub(super) fn at_rest(&self, reading: bool) -> Wrong {
        let kept = self.kept() as u64;
        (self.known && reading && kept >= self.mark && kept > 0)
            .then(|| ("R3 mark", format!("{kept} bytes are kept, {} are the mark, and it reads on", self.mark)))
    }
}
