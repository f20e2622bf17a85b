//! Listening and closing.

use super::Server;
use crate::bugs::bug;
use crate::call::{HandleKind, Reply};
use crate::command::{ListenOn, ListenOptions, Outcome};
use crate::engine::frame::{Asked, Flow, Frame, Job};
use crate::engine::{Core, Lookup, LookupFor, Owner, Refusal};
use crate::errno::{Errno, LookupCode};
use crate::error::{NodeError, Place, SharedError};
use crate::id::{FdKey, HandleId, ListenerId, LookupId, ServerId};
use crate::ip::{ip_and_zone, ip_text};
use crate::listeners::{Entry, Life, Who};
use crate::numeral::numeral;
use crate::socket::{LONGEST_NAME, port, scoped};
use crate::socket_address::inspected;
use crate::state_key::Key;
use crate::step::{Event, EventKind};
use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// Node's backlog where none is given.
const DEFAULT_BACKLOG: u32 = 511;

/// A `listen` on its way.
#[derive(Clone, Debug)]
pub(crate) struct Listening {
    handle: Option<HandleId>,
    on: On,
    backlog: u32,
    more: ListenOptions,
    /// The host as it was given, if it is an address: errors show it.
    address: Option<String>,
    /// `bind` said EADDRINUSE, which `listen` reports (rule S4).
    in_use: bool,
}

impl Listening {
    pub(crate) fn key(&self, k: &mut Key) {
        k.flags([self.handle.is_some(), self.in_use]);
        if let Some(handle) = self.handle {
            k.handle(handle);
        }
        k.of(&(&self.on, self.backlog, self.more, &self.address));
    }
}

impl Listening {
    const fn new(on: On, backlog: u32, more: ListenOptions) -> Self {
        Self { handle: None, on, backlog, more, address: None, in_use: false }
    }
}

impl ListenOptions {
    const fn changes_mode(self) -> bool {
        self.readable_all || self.writable_all
    }
}

/// An abstract name has no file whose mode could be changed.
fn no_mode(path: &str, more: ListenOptions) -> NodeError {
    let reason = "can not set readableAll or writableAllt to true when path is abstract unix socket";
    let mut received = alloc::format!("{{ path: {}", inspected(path));
    for (name, on) in [("readableAll", more.readable_all), ("writableAll", more.writable_all)] {
        if on {
            received.push_str(&alloc::format!(", {name}: true"));
        }
    }
    received.push_str(" }");
    NodeError::InvalidValue { name: "options", reason, received }
}

#[derive(Clone, Debug, Hash)]
enum On {
    Addr {
        addr: SocketAddr,
        ipv6_only: bool,
        fallback: bool,
    },
    Path(String),
    /// Bound already, or not to be bound.
    Fd(FdKey, HandleKind),
}

impl On {
    const fn kind(&self) -> HandleKind {
        match self {
            On::Addr { .. } => HandleKind::Tcp,
            On::Path(_) => HandleKind::Pipe,
            On::Fd(_, kind) => *kind,
        }
    }
}

impl Core {
    /// `server.listen(on)`
    pub(crate) fn listen(&mut self, server: ServerId, on: ListenOn, more: ListenOptions) -> Flow {
        let s = &mut self.servers[server];
        if s.handle.is_some() {
            self.throw(NodeError::AlreadyListening);
            return None;
        }
        s.attempt += 1;
        match on {
            ListenOn::Port { port: given, host, backlog, ipv6_only } => {
                let port = match port(given, "options.port") {
                    Ok(port) => port,
                    Err(error) => {
                        self.throw(error);
                        return None;
                    }
                };
                let addr = SocketAddr::new(IpAddr::V6(Ipv6Addr::UNSPECIFIED), port);
                match host.filter(|h| !h.is_empty()) {
                    Some(host) => {
                        let on = On::Addr { addr, ipv6_only, fallback: false };
                        self.listen_host(server, host, Listening::new(on, backlog, more))
                    }
                    None => {
                        let on = On::Addr { addr, ipv6_only: false, fallback: true };
                        self.set_up(server, Listening::new(on, backlog, more))
                    }
                }
            }
            // A path that reads as a number is none (rule E7).
            ListenOn::Path { path, backlog } if numeral(&path).is_some_and(|n| n >= 0.0) => {
                let backlog = if backlog == 0 { String::new() } else { format!(", backlog: {backlog}") };
                let received = format!("{{ path: {}{backlog} }}", inspected(&path));
                self.throw(NodeError::InvalidValue { name: "options", reason: "is invalid", received });
                None
            }
            ListenOn::Path { path, .. } if path.starts_with('\0') && more.changes_mode() => {
                self.throw(no_mode(&path, more));
                None
            }
            ListenOn::Path { path, backlog } => {
                s.path = Some(path.clone());
                self.set_up(server, Listening::new(On::Path(path), backlog, more))
            }
            ListenOn::Fd { key, kind: Some(kind), backlog } => {
                self.set_up(server, Listening::new(On::Fd(key, kind), backlog, more))
            }
            ListenOn::Fd { kind: None, .. } => {
                let error = NodeError::system(Errno::EINVAL, "listen");
                self.schedule(Job::ServerError(server, Arc::new(error)));
                None
            }
        }
    }

    /// The address follows, a tick or a lookup later (rule S6).
    fn listen_host(&mut self, server: ServerId, host: String, mut listening: Listening) -> Flow {
        let s = &mut self.servers[server];
        let attempt = s.attempt;
        let ip = ip_and_zone(&host).map(|(ip, _zone)| ip);
        listening.address = ip.map(|_| host.clone());
        s.setup = Some(listening);
        if let Some(ip) = ip {
            self.schedule(Job::ListenAddress { server, attempt, ip });
            return None;
        }
        if host.len() > LONGEST_NAME {
            let error = NodeError::Lookup { code: LookupCode::TooLong, hostname: host };
            self.schedule(Job::ServerError(server, Arc::new(error)));
            return None;
        }
        let purpose = LookupFor::Server { server, attempt, host: host.clone() };
        let lookup: LookupId = self.lookups.insert(Lookup { purpose, custom: false });
        self.scratch = host;
        self.push(Frame::ListenLookupAsked(lookup));
        self.ask(Asked::Lookup(lookup, 0, 0))
    }

    pub(crate) fn listen_lookup_asked(&mut self, lookup: LookupId) -> Flow {
        if let Reply::Failed(_) = self.take_reply()
            && let Some(Lookup { purpose: LookupFor::Server { server, attempt, host: hostname }, .. }) =
                self.lookups.remove(lookup)
        {
            let error = Arc::new(NodeError::Lookup { code: LookupCode::TooMany, hostname });
            if self.servers.get(server).is_some_and(|s| s.attempt == attempt) {
                self.schedule(Job::ServerError(server, error));
            }
        }
        None
    }

    /// Only the newest `listen` counts (rule S8). A failure is emitted in this very turn (rule S7).
    pub(crate) fn listen_looked_up(
        &mut self,
        server: ServerId,
        attempt: u32,
        host: String,
        answer: Result<IpAddr, Refusal>,
    ) -> Flow {
        if self.servers.get(server).is_none_or(|s| s.attempt != attempt) {
            return None;
        }
        match answer {
            Ok(ip) => self.listen_address(server, attempt, ip),
            Err(refusal) => self.emit(server, Event::Error(refusal.into_error(&host))),
        }
    }

    pub(crate) fn listen_address(&mut self, server: ServerId, attempt: u32, ip: IpAddr) -> Flow {
        let s = self.servers.get_mut(server)?;
        if s.attempt != attempt {
            return None;
        }
        let mut listening = s.setup.take()?;
        let On::Addr { addr, .. } = &mut listening.on else { return None };
        *addr = scoped(ip, addr.port(), listening.more.scope);
        self.set_up(server, listening)
    }

    /// A handle, bound, listening: all within the call.
    fn set_up(&mut self, server: ServerId, mut listening: Listening) -> Flow {
        if let Some(handle) = self.servers[server].handle {
            // A second listen whose lookup ends after another one succeeded uses that one's handle.
            listening.handle = Some(handle);
            self.servers[server].setup = Some(listening);
            return self.listen_now(server);
        }
        let kind = listening.on.kind();
        let handle = self.add_handle(Owner::Server(server), kind);
        listening.handle = Some(handle);
        let handed_in = if let On::Fd(key, _) = listening.on { Some(key) } else { None };
        self.servers[server].setup = Some(listening);
        if let Some(key) = handed_in {
            self.push(Frame::ListenBound(server));
            return self.ask(Asked::OpenFd(handle, key));
        }
        self.push(Frame::ListenOpened(server));
        self.ask(Asked::Open(handle, kind))
    }

    pub(crate) fn listen_opened(&mut self, server: ServerId) -> Flow {
        let _done = self.take_reply();
        let setup = self.servers[server].setup.as_ref()?;
        let handle = setup.handle?;
        if setup.more.reuse_port && setup.on.kind() == HandleKind::Tcp {
            self.push(Frame::ListenShared(server));
            return self.ask(Asked::ReusePort(handle));
        }
        self.listen_bind(server)
    }

    /// A system without it refuses the bind.
    pub(crate) fn listen_shared(&mut self, server: ServerId) -> Flow {
        match self.take_reply() {
            Reply::Failed(errno) => self.listen_bind_failed(server, errno),
            _ => self.listen_bind(server),
        }
    }

    fn listen_bind(&mut self, server: ServerId) -> Flow {
        let setup = self.servers[server].setup.as_ref()?;
        let handle = setup.handle?;
        let asked = match &setup.on {
            On::Addr { addr, ipv6_only, .. } => Asked::Bind(handle, *addr, *ipv6_only),
            On::Path(path) => {
                let path = path.clone();
                self.scratch = path;
                Asked::BindPath(handle)
            }
            On::Fd(..) => return self.listen_now(server),
        };
        self.push(Frame::ListenBound(server));
        self.ask(asked)
    }

    pub(crate) fn listen_bound(&mut self, server: ServerId) -> Flow {
        match self.take_reply() {
            Reply::Failed(errno) => self.listen_bind_failed(server, errno),
            _ => self.listen_now(server),
        }
    }

    fn listen_bind_failed(&mut self, server: ServerId, errno: Errno) -> Flow {
        let setup = self.servers[server].setup.as_mut()?;
        match &mut setup.on {
            On::Addr { .. } if errno == Errno::EADDRINUSE => {
                setup.in_use = true;
                self.listen_now(server)
            }
            On::Addr { addr, fallback: fallback @ true, .. } => {
                *fallback = false;
                *addr = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), addr.port());
                let handle = setup.handle?;
                self.push(Frame::ListenFallback(server));
                self.close_handle(handle, None, false)
            }
            On::Path(_) if errno == Errno::ENOENT => self.listen_failed(server, Errno::EACCES),
            _ => self.listen_failed(server, errno),
        }
    }

    pub(crate) fn listen_fallback(&mut self, server: ServerId) -> Flow {
        let listening = self.servers[server].setup.take()?;
        self.set_up(server, listening)
    }

    fn listen_now(&mut self, server: ServerId) -> Flow {
        let setup = self.servers[server].setup.as_ref()?;
        if setup.in_use {
            return self.listen_failed(server, Errno::EADDRINUSE);
        }
        let backlog = if setup.backlog == 0 { DEFAULT_BACKLOG } else { setup.backlog };
        let handle = setup.handle?;
        self.push(Frame::ListenAnswered(server));
        self.ask(Asked::Listen(handle, backlog))
    }

    pub(crate) fn listen_answered(&mut self, server: ServerId) -> Flow {
        if let Reply::Failed(errno) = self.take_reply() {
            return self.listen_failed(server, errno);
        }
        let s = &mut self.servers[server];
        let Listening { handle, on, more, .. } = s.setup.take()?;
        let handle = handle?;
        s.handle = Some(handle);
        let refd = s.refd;
        self.handle_mut(handle, |h| (h.listening, h.refd) = (true, refd));
        if bug!(ListeningAtOnce) {
            return self.emit(server, Event::Listening);
        }
        self.schedule(Job::Listening(server));
        if matches!(on, On::Path(_)) && more.changes_mode() {
            self.push(Frame::ListenChmod(server));
            return self.ask(Asked::Chmod(handle, more.readable_all, more.writable_all));
        }
        None
    }

    /// A mode that cannot be set is thrown, and the server does not listen (rule S19).
    pub(crate) fn listen_chmod(&mut self, server: ServerId) -> Flow {
        let Reply::Failed(errno) = self.take_reply() else { return None };
        self.throw(NodeError::system(errno, "uv_pipe_chmod"));
        let handle = self.servers[server].handle.take()?;
        self.close_handle(handle, None, false)
    }

    fn listen_failed(&mut self, server: ServerId, errno: Errno) -> Flow {
        let Listening { handle, on, address, .. } = self.servers[server].setup.take()?;
        let place = match on {
            On::Addr { addr, .. } => {
                Place::Addr { address: address.unwrap_or_else(|| ip_text(addr.ip())), port: addr.port() }
            }
            On::Path(path) => Place::Path(path),
            On::Fd(..) => Place::None,
        };
        let error = NodeError::System { errno, syscall: "listen", place, local: None, local_fields: false };
        self.push(Frame::ListenGaveUp(server, Arc::new(error)));
        self.servers[server].handle = None;
        self.close_handle(handle?, None, false)
    }

    pub(crate) fn listen_gave_up(&mut self, server: ServerId, error: SharedError) -> Flow {
        self.schedule(Job::ServerError(server, error));
        None
    }

    pub(crate) fn listening_tick(&mut self, server: ServerId) -> Flow {
        if self.servers.get(server)?.handle.is_some() { self.emit(server, Event::Listening) } else { None }
    }

    /// `server.close(callback)`
    pub(crate) fn close_server(&mut self, server: ServerId, callback: Option<ListenerId>) -> Flow {
        let s = &mut self.servers[server];
        s.attempt += 1;
        s.setup = None;
        if let Some(listener) = callback {
            let life = if s.handle.is_some() { Life::Once } else { Life::OnceNotRunning };
            s.listeners.add(Entry::new(EventKind::ServerClose, life, Who::User(listener)), false);
        }
        let handle = s.handle.take();
        self.push(Frame::ServerClosed(server));
        match handle {
            Some(handle) => self.close_handle(handle, None, false),
            None => None,
        }
    }

    /// 'close' once the handle and the last connection are gone (rule S14).
    pub(crate) fn close_if_drained(&mut self, server: ServerId) -> Flow {
        let s = self.servers.get(server)?;
        let alone = s.connections == 0 || bug!(ServerClosesEarly);
        if (s.handle.is_none() || bug!(ServerClosesListening)) && alone {
            self.schedule(Job::ServerClose(server));
        }
        None
    }

    pub(crate) fn connection_gone(&mut self, server: ServerId) {
        if let Some(s) = self.servers.get_mut(server) {
            if bug!(ConnectionsStay) {
                return;
            }
            s.connections -= 1;
            let _none = self.close_if_drained(server);
        }
    }

    /// `server.address()`
    pub(crate) fn server_address(&mut self, server: ServerId) -> Flow {
        let s = &self.servers[server];
        match s.handle {
            Some(handle) if self.handles[handle].kind == HandleKind::Tcp => {
                self.push(Frame::ServerAddressAnswered);
                return self.ask(Asked::SockName(handle));
            }
            _ => {}
        }
        let outcome = match &s.path {
            Some(path) => Outcome::Path(path.clone()),
            None => Outcome::Address(None),
        };
        self.outcome(outcome);
        None
    }

    pub(crate) fn server_address_answered(&mut self) -> Flow {
        if let Reply::Addr(addr) = self.take_reply() {
            self.outcome(Outcome::Address(addr));
        }
        None
    }

    pub(crate) fn ref_server(&mut self, server: ServerId, on: bool) {
        let s = &mut self.servers[server];
        s.refd = on;
        if let Some(handle) = s.handle {
            self.handle_mut(handle, |h| h.refd = on);
        }
    }

    pub(crate) fn release_server(&mut self, server: ServerId) {
        let Server { handle, connections, .. } = &self.servers[server];
        if handle.is_some() || *connections > 0 {
            let reason = "is listening or has connections; close it first";
            self.throw(NodeError::InvalidArgValue { name: "server", reason });
            return;
        }
        self.servers.remove(server);
    }
}
