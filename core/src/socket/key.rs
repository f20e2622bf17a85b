//! A socket's part of the state key.

use super::{Link, Piece, Rare, Socket};
use crate::block_list::BlockList;
use crate::state_key::Key;

impl Piece {
    /// Its kind and its length.
    pub(crate) fn amount(&self) -> (bool, u64) {
        match self {
            Piece::Bytes(bytes) => (false, bytes.len() as u64),
            Piece::Text(text) => (true, text.units().into()),
        }
    }
}

impl Socket {
    pub(crate) fn key(&self, k: &mut Key) {
        let Rare { tap, on_read, timeout_given, before, last_queue, parked, attempted, block_list } = &*self.rare;
        self.r.key(k);
        self.w.key(k);
        k.of(on_read);
        k.variant(&self.link);
        if let Link::Opening(handle) | Link::Open(handle) = self.link {
            k.handle(handle);
        }
        self.listeners.key(k);
        k.of(tap);
        k.of(&self.options);
        k.flags([self.counted, self.server.is_some()]);
        if let Some(server) = self.server {
            k.server(server);
        }
        k.of(&self.errored);
        k.flags([self.destroyed, self.close_emitted, self.error_emitted, self.write_after_fin, self.retained]);
        k.flags([self.no_delay, self.keep_alive, self.reset_later]);
        k.of(&(self.keep_alive_delay, self.type_of_service, self.closing, self.lookups));
        k.of(&self.timeout.map(|timeout| (timeout.duration, timeout.key.is_some())));
        k.of(&timeout_given.map(f64::to_bits));
        k.of(last_queue);
        k.counter(self.bytes_read);
        k.counter(self.bytes_written);
        k.counter(before.0);
        k.counter(before.1);
        k.of(&(&self.names, &self.target, attempted));
        k.len(parked.len());
        parked.iter().for_each(|parked| parked.key(k));
        k.of(&block_list.as_deref().map(BlockList::listed));
    }
}
