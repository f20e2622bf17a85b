//! A server: it listens, accepts, and is closed when its last connection is gone (rules S1 to S29).

mod accept;
mod listen;

use crate::block_list::BlockList;
use crate::call::HandleKind;
use crate::command::ServerOptions;
use crate::engine::Core;
use crate::id::{HandleId, ListenerId, ServerId};
use crate::listeners::Listeners;
use crate::state_key::Key;
use alloc::string::String;
use alloc::sync::Arc;
pub(crate) use listen::Listening;

#[derive(Clone, Debug)]
pub(crate) struct Server {
    pub(crate) handle: Option<HandleId>,
    pub(crate) options: ServerOptions,
    pub(crate) listeners: Listeners,
    /// Hears every event first, and is not counted.
    pub(crate) tap: Option<ListenerId>,
    pub(crate) connections: u32,
    /// 0 is no bound; below it nobody comes in.
    pub(crate) max_connections: i64,
    pub(crate) block_list: Option<Arc<BlockList>>,
    /// Which call of `listen` or `close` is the newest: an older lookup's answer counts no more.
    pub(crate) attempt: u32,
    /// Kept after the close, as Node does.
    pub(crate) path: Option<String>,
    pub(crate) refd: bool,
    pub(crate) setup: Option<Listening>,
}

impl Server {
    pub(crate) const fn new(options: ServerOptions) -> Self {
        Self {
            handle: None,
            options,
            listeners: Listeners::new(),
            tap: None,
            connections: 0,
            max_connections: 0,
            block_list: None,
            attempt: 0,
            path: None,
            refd: true,
            setup: None,
        }
    }
}

impl Server {
    pub(crate) fn key(&self, k: &mut Key) {
        k.flags([self.handle.is_some(), self.refd, self.setup.is_some()]);
        if let Some(handle) = self.handle {
            k.handle(handle);
        }
        k.of(&(self.options, self.connections, self.max_connections));
        self.listeners.key(k);
        k.of(&self.tap);
        k.of(&self.block_list.as_deref().map(BlockList::listed));
        k.of(&self.path);
        if let Some(setup) = &self.setup {
            setup.key(k);
        }
    }
}

/// A server's properties, as of now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServerView {
    /// `server.listening`
    pub listening: bool,
    /// `server.connections`: how many accepted sockets are not destroyed.
    pub connections: u32,
    /// `server.maxConnections`; 0 is no bound, and less lets nobody in.
    pub max_connections: i64,
    /// What it listens on.
    pub kind: Option<HandleKind>,
}

impl Core {
    /// The handle that a server listens on.
    pub fn handle_of_server(&self, id: ServerId) -> Option<HandleId> {
        self.servers.get(id)?.handle
    }

    /// The handle a server listens on, if it does.
    pub fn server_handle(&self, id: ServerId) -> Option<HandleId> {
        self.servers.get(id)?.handle
    }

    /// The properties of a server; `None` once it is released.
    pub fn server(&self, id: ServerId) -> Option<ServerView> {
        let server = self.servers.get(id)?;
        Some(ServerView {
            listening: server.handle.is_some(),
            connections: server.connections,
            max_connections: server.max_connections,
            kind: server.handle.map(|h| self.handles[h].kind),
        })
    }
}
