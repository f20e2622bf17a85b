//! Node's `net.Server`, as methods on a small copyable name.

use crate::emitter::{emitter, events};
use crate::net::{Host, Net};
use crate::options::Listen;
use crate::socket::Socket;
use netfold_core::{
    BlockList, Command, DropInfo, Event, EventKind, ListenOn, ListenOptions, ListenerId, NodeError, Outcome, ServerId,
    ServerView, SharedError, Target,
};
use std::cell::Cell;
use std::net::SocketAddr;
use std::sync::Arc;

/// A server: Node's `net.Server`. A name, not the thing: copy it at will; the [`Net`] has the server, until it is
/// [released](Server::release).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Server(pub(crate) ServerId);

/// What `server.address()` gives.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Address {
    /// Not listening.
    None,
    /// A TCP address.
    Tcp(SocketAddr),
    /// A Unix path.
    Path(String),
}

events! {
    Server;

    /// 'listening' (rule S3)
    on_listening, Listening;
    /// 'error'; the server is not listening then, and can listen again (rule S5).
    on_error, Error(error: SharedError = Event::Error(error) => error);
    /// 'drop': a connection over [`set_max_connections`](Server::set_max_connections) was closed; its two addresses on
    /// TCP (rule S11).
    on_drop, Drop(info: Option<DropInfo> = Event::Drop(info) => info.map(|info| *info));
    /// 'close': closed, and its last connection gone (rule S14).
    on_close, ServerClose;
}

emitter! {
    Server;
    /// The events of a server are [`Listening`](EventKind::Listening), [`Connection`](EventKind::Connection),
    /// [`Drop`](EventKind::Drop), [`Error`](EventKind::Error) and [`ServerClose`](EventKind::ServerClose).
    on;
    remove_all_listeners;
}

impl Server {
    /// The core's id of it.
    pub const fn id(self) -> ServerId {
        self.0
    }

    const fn target(self) -> Target {
        Target::Server(self.0)
    }

    /// 'connection': a connection came in. Its socket is read from already, unless the server was made with
    /// `pause_on_connect` (rule S10).
    pub fn on_connection<S, H: Host>(
        self,
        net: &mut Net<S, H>,
        listener: impl Fn(&mut Net<S, H>, Socket) + 'static,
    ) -> ListenerId {
        self.on(net, EventKind::Connection, move |net, _, event| {
            if let Event::Connection(socket) = event {
                listener(net, Socket(socket));
            }
        })
    }

    /// `server.listen(options)`. Throws `ERR_SERVER_ALREADY_LISTEN` and for wrong arguments (rule S1); an address that
    /// cannot be had is an 'error' event.
    ///
    /// # Errors
    /// `ERR_SERVER_ALREADY_LISTEN`, `ERR_SOCKET_BAD_PORT`, `ERR_INVALID_ARG_VALUE` of the path (rule E7) or of an
    /// abstract name with modes, and a mode that the system refuses (rule S19).
    pub fn listen<S, H: Host>(self, net: &mut Net<S, H>, on: impl Into<Listen>) -> Result<(), SharedError> {
        let mut on = on.into();
        if let Some(signal) = &on.signal
            && !self.listening(net)
        {
            signal.guard_server(net, self);
        }
        if let ListenOn::Port { host, .. } = &on.on {
            on.more.scope = net.scope(host.as_deref());
        }
        let command = if on.more == ListenOptions::default() {
            Command::Listen(self.0, on.on)
        } else {
            Command::ListenWith(self.0, on.on, on.more)
        };
        match net.command(command) {
            Outcome::Threw(error) => Err(on.port.map_or(error.clone(), |port| port.told(error))),
            _ => Ok(()),
        }
    }

    /// `server.listen({ fd }, backlog)`: on a descriptor that is bound already, or listening (rule S17). It is closed with
    /// the server, and in every case of failure; the file of a Unix socket stays. It becomes non-blocking, for all who
    /// share it. A backlog that is 0 or less is 511.
    ///
    /// To listen on what another server listens on, hand in a copy of its [descriptor](Self::fd).
    ///
    /// ```
    /// use netfold::Net;
    /// use std::net::TcpListener;
    ///
    /// let bound = TcpListener::bind("127.0.0.1:0")?;
    /// let mut net = Net::new(())?;
    /// let server = net.create_server(|net, socket| socket.destroy(net));
    /// server.listen_fd(&mut net, bound.into(), 0).unwrap();
    /// assert!(server.listening(&net));
    /// server.close(&mut net);
    /// net.run().unwrap();
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Errors
    /// Throws `ERR_SERVER_ALREADY_LISTEN`. What cannot listen is an 'error' event: EINVAL for what is neither a TCP nor a
    /// Unix stream socket, is connected, or is a Unix socket without a name; ENOTSOCK for a pipe.
    #[cfg(unix)]
    pub fn listen_fd<S>(self, net: &mut Net<S>, fd: std::os::fd::OwnedFd, backlog: i32) -> Result<(), SharedError> {
        let key = net.kernel.hand_in_listener(fd);
        let kind = net.kernel.handed_kind(key);
        let on = ListenOn::Fd { key, kind, backlog: u32::try_from(backlog).unwrap_or(0) };
        let outcome = net.command(Command::Listen(self.0, on));
        drop(net.kernel.take_back(key));
        match outcome {
            Outcome::Threw(error) => Err(error),
            _ => Ok(()),
        }
    }

    /// The descriptor it listens on (rule S17).
    #[cfg(unix)]
    pub fn fd<S>(self, net: &Net<S>) -> Option<std::os::fd::BorrowedFd<'_>> {
        net.kernel.fd(net.core().server_handle(self.0)?)
    }

    /// `server.listen(options, listener)`: the listener is called once at 'listening' (rule S3).
    ///
    /// # Panics
    /// Where [`listen`](Self::listen) throws; [`try_listen_then`](Self::try_listen_then) returns the error.
    pub fn listen_then<S, H: Host>(
        self,
        net: &mut Net<S, H>,
        on: impl Into<Listen>,
        listener: impl Fn(&mut Net<S, H>, Server) + 'static,
    ) {
        if let Err(error) = self.try_listen_then(net, on, listener) {
            panic!("listen: {error}");
        }
    }

    /// As [`listen_then`](Self::listen_then), with what it throws as an error. As in Node the listener stays when the
    /// arguments are wrong, and is called at the next 'listening' (rules S1 and S5).
    ///
    /// # Errors
    /// As [`listen`](Self::listen).
    pub fn try_listen_then<S, H: Host>(
        self,
        net: &mut Net<S, H>,
        on: impl Into<Listen>,
        listener: impl Fn(&mut Net<S, H>, Server) + 'static,
    ) -> Result<(), SharedError> {
        if !self.listening(net) {
            self.once(net, EventKind::Listening, move |net, server, _| listener(net, server));
        }
        self.listen(net, on)
    }

    /// `server.close()`: no new connections; 'close' when the last one is gone (rule S14).
    pub fn close<S, H: Host>(self, net: &mut Net<S, H>) {
        net.certain(Command::CloseServer(self.0, None));
    }

    /// `server.close(callback)`: called once at 'close', with `ERR_SERVER_NOT_RUNNING` if it was not listening (rule
    /// S14).
    ///
    /// ```
    /// use netfold::{Net, ServerOptions};
    ///
    /// let mut net = Net::new(Vec::new()).unwrap();
    /// let server = net.server(ServerOptions::default());
    /// server.listen(&mut net, 0).unwrap();
    /// for _ in 0..2 {
    ///     server.close_then(&mut net, |net, _, result| net.state.push(result.map_err(|error| error.code().to_string())));
    /// }
    /// net.run().unwrap();
    /// assert_eq!(net.state, [Ok(()), Err("ERR_SERVER_NOT_RUNNING".to_string())]);
    /// ```
    pub fn close_then<S, H: Host>(
        self,
        net: &mut Net<S, H>,
        callback: impl Fn(&mut Net<S, H>, Server, Result<(), &NodeError>) + 'static,
    ) {
        let wrapped = Self::wrap(move |net, server, event| match event {
            Event::ServerClose(None) => callback(net, server, Ok(())),
            Event::ServerClose(Some(error)) => callback(net, server, Err(&error)),
            _ => {}
        });
        let id = net.registry.add(self.target(), EventKind::ServerClose, wrapped);
        net.certain(Command::CloseServer(self.0, Some(id)));
    }

    /// `server[Symbol.asyncDispose]()`: a server that listens is closed, and `done` is called at its 'close'; for any other
    /// it is called in a tick, without an event (rule S26). There are no promises here (deviation D31).
    pub fn dispose<S, H: Host>(self, net: &mut Net<S, H>, done: impl FnOnce(&mut Net<S, H>) + 'static) {
        if !self.listening(net) {
            net.next_tick(done);
            return;
        }
        let done = Cell::new(Some(done));
        self.close_then(net, move |net, _, _| {
            if let Some(done) = done.take() {
                done(net);
            }
        });
    }

    /// `server.address()` (rules S15 and S25)
    pub fn address<S, H: Host>(self, net: &mut Net<S, H>) -> Address {
        match net.certain(Command::ServerAddress(self.0)) {
            Outcome::Address(Some(address)) => Address::Tcp(address),
            Outcome::Path(path) => Address::Path(path),
            _ => Address::None,
        }
    }

    /// The port it listens on, if it listens on TCP (rule S25).
    pub fn port<S, H: Host>(self, net: &mut Net<S, H>) -> Option<u16> {
        match self.address(net) {
            Address::Tcp(address) => Some(address.port()),
            _ => None,
        }
    }

    /// `server.getConnections(callback)` (rule S12)
    pub fn get_connections<S, H: Host>(
        self,
        net: &mut Net<S, H>,
        callback: impl FnOnce(&mut Net<S, H>, u32) + 'static,
    ) {
        let callback = net.registry.counting(Box::new(callback));
        net.certain(Command::GetConnections(self.0, callback));
    }

    /// `server.maxConnections = n`; 0 is no bound, as in Node 20, and less lets nobody in (rule S23).
    pub fn set_max_connections<S, H: Host>(self, net: &mut Net<S, H>, n: impl Into<i64>) {
        net.certain(Command::SetMaxConnections(self.0, n.into()));
    }

    /// The option `blockList`, newer than Node 20 (rule S27): what this list names is closed without an event. It can be
    /// set anew at any time; a list that was given is not looked at again. No effect on a path.
    ///
    /// ```
    /// use netfold::{BlockList, Net, ServerOptions};
    ///
    /// let mut list = BlockList::new();
    /// list.add_subnet("10.0.0.0", 8)?;
    /// let mut net = Net::new(()).unwrap();
    /// let server = net.server(ServerOptions::default());
    /// server.set_block_list(&mut net, Some(list));
    /// # Ok::<(), netfold::NodeError>(())
    /// ```
    pub fn set_block_list<S, H: Host>(self, net: &mut Net<S, H>, list: Option<BlockList>) {
        net.certain(Command::SetBlockList(self.target(), list.map(Arc::new)));
    }

    /// `server.ref()` (rule S24)
    pub fn ref_<S, H: Host>(self, net: &mut Net<S, H>) {
        net.certain(Command::RefServer(self.0, true));
    }

    /// `server.unref()`: it does not keep the loop alive (rule S24).
    pub fn unref<S, H: Host>(self, net: &mut Net<S, H>) {
        net.certain(Command::RefServer(self.0, false));
    }

    /// Its properties; `None` once it is released (rule S25).
    pub fn view<S, H: Host>(self, net: &Net<S, H>) -> Option<ServerView> {
        net.core().server(self.0)
    }

    /// `server.listening` (rules S2 and S14)
    pub fn listening<S, H: Host>(self, net: &Net<S, H>) -> bool {
        self.view(net).is_some_and(|s| s.listening)
    }

    /// `server.connections`, which Node has deprecated in favour of `getConnections` (rules S12 and D30).
    pub fn connections<S, H: Host>(self, net: &Net<S, H>) -> u32 {
        self.view(net).map_or(0, |s| s.connections)
    }

    /// Forgets the server. Throws while it listens or has connections.
    ///
    /// # Errors
    /// `ERR_INVALID_ARG_VALUE`; it is known as before.
    pub fn release<S, H: Host>(self, net: &mut Net<S, H>) -> Result<(), SharedError> {
        match net.command(Command::ReleaseServer(self.0)) {
            Outcome::Threw(error) => Err(error),
            _ => {
                net.registry.release_server(self.0);
                Ok(())
            }
        }
    }
}
