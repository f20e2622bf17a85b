//! Servers: their connections, counted; 'listening', 'close' (rules S3, S11, S12, S14, L7).

use super::socket::Wrong;
use netfold::core::{CallbackId, Event, HandleId, SocketId};

#[derive(Clone, Debug)]
pub(super) struct Served {
    pub(super) handle: Option<HandleId>,
    pub(super) refd: bool,
    pub(super) most: i64,
    connections: Vec<SocketId>,
    /// A connection came in, in this turn.
    knocks: u32,
    /// How often `close` was called since it listened, and how often 'close' came.
    closing: u32,
    asked: Vec<(CallbackId, u32)>,
    rounds: u8,
    listening_due: bool,
}

impl Default for Served {
    fn default() -> Self {
        Self {
            handle: None,
            refd: true,
            most: 0,
            connections: Vec::new(),
            knocks: 0,
            closing: 0,
            asked: Vec::new(),
            rounds: 0,
            listening_due: false,
        }
    }
}

impl Served {
    pub(super) fn listens(&mut self, handle: HandleId) {
        self.handle = Some(handle);
        self.listening_due = true;
    }

    pub(super) fn handle_closed(&mut self, handle: HandleId) {
        if self.handle == Some(handle) {
            self.handle = None;
        }
    }

    pub(super) fn closes(&mut self) {
        self.closing += 1;
    }

    pub(super) fn knocks(&mut self) {
        self.knocks += 1;
    }

    pub(super) fn comes(&mut self, socket: SocketId, destroyed: bool) -> Wrong {
        if self.connections.contains(&socket) {
            return Some(("S10 connection", "'connection' comes twice for a socket".into()));
        }
        let knocked = self.knocks > 0;
        self.knocks = self.knocks.saturating_sub(1);
        let over = self.most != 0 && self.connections.len() as i64 >= self.most;
        if !destroyed {
            self.connections.push(socket);
        }
        if !knocked {
            return Some(("S10 connection", "'connection', and nobody came".into()));
        }
        over.then(|| ("S11 bound", format!("a connection over the bound of {}", self.most)))
    }

    pub(super) fn goes(&mut self, socket: SocketId) {
        self.connections.retain(|known| *known != socket);
    }

    pub(super) fn asks(&mut self, callback: CallbackId) {
        self.asked.push((callback, self.connections.len() as u32));
    }

    pub(super) fn counted(&mut self, callback: CallbackId, count: u32) -> Wrong {
        let at = self.asked.iter().position(|(asked, _)| *asked == callback)?;
        let (_, expected) = self.asked.remove(at);
        (count != expected).then(|| ("S12 count", format!("{count} connections, and there were {expected}")))
    }

    pub(super) fn event(&mut self, event: &Event) -> Wrong {
        match event {
            Event::ServerClose(_) if self.handle.is_some() && self.closing == 0 => {
                Some(("S14 close", "'close' of a server that listens".into()))
            }
            Event::ServerClose(_) if self.handle.is_some() => None,
            Event::ServerClose(_) => {
                let left = self.connections.len();
                self.closing = 0;
                (left > 0).then(|| ("S14 close", format!("'close' of a server with {left} connections")))
            }
            Event::Listening => {
                let due = std::mem::take(&mut self.listening_due);
                (!due || self.handle.is_none()).then(|| ("S3 listening", "'listening', and it does not".into()))
            }
            Event::Drop(_) => {
                self.knocks = self.knocks.saturating_sub(1);
                let full = self.most != 0 && self.connections.len() as i64 >= self.most;
                (!full).then(|| ("S11 bound", format!("'drop' with {} of {}", self.connections.len(), self.most)))
            }
            _ => None,
        }
    }

    /// What is due and missing for too long.
    pub(super) fn around(&mut self) -> Wrong {
        let due = self.closing > 0 && self.handle.is_none() && self.connections.is_empty();
        self.rounds = if due || !self.asked.is_empty() { self.rounds + 1 } else { 0 };
        (self.rounds == 3).then(|| ("S14 close", "a server's 'close', or a count, is missing".into()))
    }
}
