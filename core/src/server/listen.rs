//! Listening and closing.

use super::Server;
use crate::call::{HandleKind, Reply};
use crate::command::{ListenOn, Outcome};
use crate::engine::frame::{Asked, Flow, Frame, Job};
use crate::engine::{Core, Lookup, LookupFor, Owner, Refusal};
use crate::errno::{Errno, LookupCode};
use crate::error::{NodeError, Place, SharedError};
use crate::id::{HandleId, ListenerId, LookupId, ServerId};
use crate::listeners::{Entry, Life, Who};
use crate::socket::port;
use crate::step::{Event, EventKind};
use alloc::string::{String, ToString};
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
    /// `bind` said EADDRINUSE, which `listen` reports (rule S4).
    in_use: bool,
}

#[derive(Clone, Debug)]
enum On {
    Addr { addr: SocketAddr, ipv6_only: bool, fallback: bool },
    Path(String),
}

impl Core {
    /// `server.listen(on)`
    pub(crate) fn listen(&mut self, server: ServerId, on: ListenOn) -> Flow {
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
                self.listen_port(server, port, host.filter(|h| !h.is_empty()), backlog, ipv6_only)
            }
            ListenOn::Path { path, .. } if path.is_empty() => {
                // Node finds a path there, if one that it cannot use: "must have the property" is for none at all.
                let reason = "is invalid. Received { path: '' }";
                self.throw(NodeError::InvalidArgValue { name: "options", reason });
                None
            }
            ListenOn::Path { path, backlog } => {
                s.path = Some(path.clone());
                self.set_up(server, On::Path(path), backlog)
            }
        }
    }

    fn listen_port(
        &mut self,
        server: ServerId,
        port: u16,
        host: Option<String>,
        backlog: u32,
        ipv6_only: bool,
    ) -> Flow {
        let Some(host) = host else {
            let addr = SocketAddr::new(IpAddr::V6(Ipv6Addr::UNSPECIFIED), port);
            return self.set_up(server, On::Addr { addr, ipv6_only: false, fallback: true }, backlog);
        };
        let attempt = self.servers[server].attempt;
        let any = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), port);
        let on = On::Addr { addr: any, ipv6_only, fallback: false };
        self.servers[server].setup = Some(Listening { handle: None, on, backlog, in_use: false });
        if let Ok(ip) = host.parse::<IpAddr>() {
            self.schedule(Job::ListenAddress { server, attempt, ip });
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
        let Listening { on, backlog, .. } = s.setup.take()?;
        let On::Addr { addr, ipv6_only, .. } = on else { return None };
        let addr = SocketAddr::new(ip, addr.port());
        self.set_up(server, On::Addr { addr, ipv6_only, fallback: false }, backlog)
    }

    /// A handle, bound, listening: all within the call.
    fn set_up(&mut self, server: ServerId, on: On, backlog: u32) -> Flow {
        let kind = if matches!(on, On::Path(_)) { HandleKind::Pipe } else { HandleKind::Tcp };
        if let Some(handle) = self.servers[server].handle {
            // A second listen whose lookup ends after another one succeeded uses that one's handle.
            self.servers[server].setup = Some(Listening { handle: Some(handle), on, backlog, in_use: false });
            return self.listen_now(server);
        }
        let handle = self.add_handle(Owner::Server(server), kind);
        self.servers[server].setup = Some(Listening { handle: Some(handle), on, backlog, in_use: false });
        self.push(Frame::ListenOpened(server));
        self.ask(Asked::Open(handle, kind))
    }

    pub(crate) fn listen_opened(&mut self, server: ServerId) -> Flow {
        let _done = self.take_reply();
        let setup = self.servers[server].setup.as_ref()?;
        let handle = setup.handle?;
        let asked = match &setup.on {
            On::Addr { addr, ipv6_only, .. } => Asked::Bind(handle, *addr, *ipv6_only),
            On::Path(path) => {
                let path = path.clone();
                self.scratch = path;
                Asked::BindPath(handle)
            }
        };
        self.push(Frame::ListenBound(server));
        self.ask(asked)
    }

    pub(crate) fn listen_bound(&mut self, server: ServerId) -> Flow {
        let reply = self.take_reply();
        let setup = self.servers[server].setup.as_mut()?;
        let Reply::Failed(errno) = reply else {
            return self.listen_now(server);
        };
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
        let Listening { on, backlog, .. } = self.servers[server].setup.take()?;
        self.set_up(server, on, backlog)
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
        let handle = s.setup.take()?.handle?;
        s.handle = Some(handle);
        let refd = s.refd;
        self.handle_mut(handle, |h| (h.listening, h.refd) = (true, refd));
        self.schedule(Job::Listening(server));
        None
    }

    fn listen_failed(&mut self, server: ServerId, errno: Errno) -> Flow {
        let Listening { handle, on, .. } = self.servers[server].setup.take()?;
        let place = match on {
            On::Addr { addr, .. } => Place::Addr { address: addr.ip().to_string(), port: addr.port() },
            On::Path(path) => Place::Path(path),
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
            s.listeners.add(Entry { kind: EventKind::ServerClose, life, who: Who::User(listener) }, false);
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
        if s.handle.is_none() && s.connections == 0 {
            self.schedule(Job::ServerClose(server));
        }
        None
    }

    pub(crate) fn connection_gone(&mut self, server: ServerId) {
        if let Some(s) = self.servers.get_mut(server) {
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
