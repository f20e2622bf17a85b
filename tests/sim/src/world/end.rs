//! One end of a connection.

use bytes::{Bytes, BytesMut};
use netfold::Errno;
use netfold::core::{HandleId, HandleKind};
use std::collections::VecDeque;
use std::net::SocketAddr;

/// An end, a listener: its place in a table, and a number that no other ever has.
pub(super) type Ref = (usize, u64);

/// Where a connection goes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum At {
    Addr(SocketAddr),
    Path(String),
}

#[derive(Debug)]
pub(super) struct End {
    pub(super) serial: u64,
    pub(super) handle: Option<HandleId>,
    pub(super) kind: HandleKind,
    /// Who was asked for, as long as nobody has answered.
    pub(super) to: Option<At>,
    /// The other end; `None` when it is not there yet, or gone.
    pub(super) peer: Option<Ref>,
    pub(super) local: Option<SocketAddr>,
    pub(super) remote: Option<SocketAddr>,
    /// A port of its own, that is free again when it closes.
    pub(super) port: Option<u16>,
    /// How the attempt went, until it is told.
    pub(super) connect: Option<Result<(), Errno>>,
    /// To connect once more is `EISCONN` now; a TCP socket accepts it once.
    pub(super) settled: bool,
    pub(super) reading: bool,
    /// The most that a read brings.
    pub(super) limit: Option<usize>,
    pub(super) received: VecDeque<Bytes>,
    pub(super) received_len: usize,
    /// What is on its way to here: how many things, how many bytes, and when the last of them arrives.
    pub(super) coming: usize,
    pub(super) coming_len: usize,
    pub(super) last_arrival: u64,
    pub(super) fin: bool,
    pub(super) eof_told: bool,
    /// What the next call reports.
    pub(super) error: Option<Errno>,
    pub(super) broken: bool,
    pub(super) shut: bool,
    /// What a write left over.
    pub(super) unsent: VecDeque<Bytes>,
    pub(super) unsent_len: usize,
    pub(super) writing: bool,
    /// It stands in the list of what may be ready.
    pub(super) queued: bool,
    pub(super) type_of_service: u8,
}

impl End {
    pub(super) fn new(serial: u64, kind: HandleKind) -> Self {
        Self {
            serial,
            handle: None,
            kind,
            to: None,
            peer: None,
            local: None,
            remote: None,
            port: None,
            connect: None,
            settled: kind == HandleKind::Pipe,
            reading: false,
            limit: None,
            received: VecDeque::new(),
            received_len: 0,
            coming: 0,
            coming_len: 0,
            last_arrival: 0,
            fin: false,
            eof_told: false,
            error: None,
            broken: false,
            shut: false,
            unsent: VecDeque::new(),
            unsent_len: 0,
            writing: false,
            queued: false,
            type_of_service: 0,
        }
    }

    pub(super) fn hung_up(&self) -> bool {
        self.broken || (self.fin && self.shut)
    }

    pub(super) fn readable(&self) -> bool {
        self.reading && !self.eof_told && (self.received_len > 0 || self.fin || self.error.is_some() || self.broken)
    }

    /// Takes up to `n` bytes, over the borders of what was written.
    pub(super) fn take(&mut self, n: usize) -> Bytes {
        let n = n.min(self.received_len);
        self.received_len -= n;
        if let Some(first) = self.received.front_mut()
            && first.len() >= n
        {
            let taken = first.split_to(n);
            if first.is_empty() {
                self.received.pop_front();
            }
            return taken;
        }
        let mut joined = BytesMut::with_capacity(n);
        while joined.len() < n {
            let Some(mut first) = self.received.pop_front() else { break };
            let part = first.split_to(first.len().min(n - joined.len()));
            joined.extend_from_slice(&part);
            if !first.is_empty() {
                self.received.push_front(first);
            }
        }
        joined.freeze()
    }
}

/// The first `n` bytes of a list.
pub(super) fn split(list: &mut VecDeque<Bytes>, mut n: usize) -> Vec<Bytes> {
    let mut parts = Vec::new();
    while n > 0 {
        let Some(first) = list.front_mut() else { break };
        let part = first.split_to(first.len().min(n));
        n -= part.len();
        if first.is_empty() {
            list.pop_front();
        }
        if !part.is_empty() {
            parts.push(part);
        }
    }
    while list.front().is_some_and(Bytes::is_empty) {
        list.pop_front();
    }
    parts
}
