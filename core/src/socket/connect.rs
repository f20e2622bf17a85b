//! Connecting: from the call to 'ready' (rules C1 to C16).

use super::{Link, Target, eyes};
use crate::bugs::bug;
use crate::call::{HandleKind, Reply};
use crate::command::{ConnectTo, HostOptions, Resolved};
use crate::engine::frame::{Asked, Fed, Flow, Frame, Job, ReadFor};
use crate::engine::{Core, Lookup, LookupFor, Owner, Refusal};
use crate::errno::{Errno, LookupCode};
use crate::error::{NodeError, Place, SharedError};
use crate::id::{HandleId, LookupId, SocketId};
use crate::ip::{ip_and_zone, ip_text, is_ip};
use crate::step::{Attempt, Emit, Event, LookupEvent};
use alloc::boxed::Box;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};

/// `dns.ADDRCONFIG` of Node, on every system: the driver translates.
const ADDRCONFIG: u32 = 32;
/// The longest name that libuv asks a resolver for, in bytes (rule E8).
pub(crate) const LONGEST_NAME: usize = 255;
/// Every hint there is: `ADDRCONFIG`, `ALL` and `V4MAPPED`.
const HINTS: u32 = ADDRCONFIG | 16 | 8;

/// Node's check of a port; the name goes into the message.
pub(crate) fn port(given: i64, name: &'static str) -> Result<u16, NodeError> {
    u16::try_from(given).map_err(|_| NodeError::BadPort { name, received: given.to_string() })
}

impl Target {
    fn new(to: ConnectTo) -> Self {
        Self { to, addr: None, each: None, local: None }
    }

    fn attempt(&self) -> Option<Attempt> {
        match &self.to {
            ConnectTo::Path(path) => Some(Attempt::Path(path.clone())),
            ConnectTo::Host(_) => self.addr.map(Attempt::Tcp),
        }
    }

    /// Whether the address of this end was given, and not its port alone.
    fn says_local(&self) -> bool {
        matches!(&self.to, ConnectTo::Host(o) if o.local_address.as_deref().is_some_and(|text| !text.is_empty()))
    }

    fn place(&self) -> Place {
        match &self.to {
            ConnectTo::Path(path) => Place::Path(path.clone()),
            // An address is shown as it was given.
            ConnectTo::Host(HostOptions { host: Some(host), .. }) if is_ip(host) != 0 => {
                let address = host.clone();
                self.addr.map_or(Place::None, |a| Place::Addr { address, port: a.port() })
            }
            ConnectTo::Host(_) => {
                self.addr.map_or(Place::None, |a| Place::Addr { address: ip_text(a.ip()), port: a.port() })
            }
        }
    }

    /// The end that was bound, the address as it was given.
    fn local_place(&self) -> Option<(String, u16)> {
        let local = self.local?;
        let address = match &self.to {
            ConnectTo::Host(HostOptions { local_address: Some(given), .. }) if !given.is_empty() => given.clone(),
            _ => ip_text(local.ip()),
        };
        Some((address, local.port()))
    }

    fn host(&self) -> String {
        match &self.to {
            ConnectTo::Host(HostOptions { host: Some(host), .. }) if !host.is_empty() => host.clone(),
            ConnectTo::Host(_) => String::from("localhost"),
            ConnectTo::Path(path) => path.clone(),
        }
    }
}

impl Core {
    /// `socket.connect(to)`
    pub(crate) fn connect(&mut self, socket: SocketId, to: ConnectTo) -> Flow {
        if matches!(&to, ConnectTo::Host(HostOptions { port: None, .. })) {
            self.throw(NodeError::MissingArgs);
            return None;
        }
        let kind = match to {
            ConnectTo::Host(_) => HandleKind::Tcp,
            ConnectTo::Path(_) => HandleKind::Pipe,
        };
        let s = &mut self.sockets[socket];
        s.write_after_fin = false;
        if s.destroyed {
            s.names = None;
        }
        let target = Box::new(Target::new(to));
        if let Some(handle) = s.link.handle() {
            s.link = Link::Opening(handle);
            return self.connect_opened(socket, target);
        }
        s.revive();
        let handle = self.add_handle(Owner::Socket(socket), kind);
        self.sockets[socket].open(handle);
        self.push(Frame::ConnectOpened(socket, target));
        self.ask(Asked::Open(handle, kind))
    }

    /// The socket is `connecting` from here on, whatever may still be wrong with the arguments (rule C2).
    pub(crate) fn connect_opened(&mut self, socket: SocketId, mut target: Box<Target>) -> Flow {
        self.refresh_timeout(socket);
        let ConnectTo::Host(options) = &target.to else {
            return self.attempt(socket, target);
        };
        let (given_port, family, hints) = (options.port.unwrap_or(0), options.family, options.hints);
        let (custom, scope) = (options.custom_lookup, options.scope);
        match local_end(options) {
            Ok(local) => target.local = local,
            Err(error) => {
                self.throw(error);
                return None;
            }
        }
        let port = match port(given_port, "Port") {
            Ok(port) => port,
            Err(error) => {
                self.throw(error);
                return None;
            }
        };
        let timeout = match eyes::attempt_timeout(options.attempt_timeout, "options.autoSelectFamilyAttemptTimeout") {
            Ok(timeout) => timeout,
            Err(error) => {
                self.throw(error);
                return None;
            }
        };
        let anywhere = !matches!(family, 4 | 6) && options.local_address.as_deref().is_none_or(str::is_empty);
        let each = anywhere && options.auto_select_family.unwrap_or(true);
        target.each = each.then_some(timeout);
        let host = target.host();
        if let Some((ip, _zone)) = ip_and_zone(&host) {
            target.addr = Some(scoped(ip, port, scope));
            self.schedule(Job::ConnectNow(socket, target));
            return None;
        }
        if !custom && let Err(error) = resolvable(family, hints) {
            self.throw(error);
            return None;
        }
        // Unless asked for a family, only addresses that this machine could use (rule C8).
        let hints = if matches!(family, 4 | 6) || hints != 0 { hints } else { ADDRCONFIG };
        self.look_up(socket, target, host, family, hints, custom)
    }

    fn look_up(
        &mut self,
        socket: SocketId,
        target: Box<Target>,
        host: String,
        family: u8,
        hints: u32,
        custom: bool,
    ) -> Flow {
        self.sockets[socket].lookups += 1;
        if !custom && (self.lookups.len() >= self.limits.lookups as usize || host.len() > LONGEST_NAME) {
            self.schedule(Job::LookupRefused(socket, target));
            return None;
        }
        let all = target.each.is_some();
        let lookup: LookupId = self.lookups.insert(Lookup { purpose: LookupFor::Socket(socket, target), custom });
        if custom {
            self.custom_lookups += 1;
            return self.say(Emit::Resolve { socket, lookup, host, family, hints, all });
        }
        self.scratch = host;
        self.push(Frame::LookupAsked(lookup));
        self.ask(Asked::Lookup(lookup, family, hints))
    }

    /// A driver that refuses the lookup at once has no thread or memory for it.
    pub(crate) fn lookup_asked(&mut self, lookup: LookupId) -> Flow {
        if let Reply::Failed(_) = self.take_reply()
            && let Some(Lookup { purpose: LookupFor::Socket(socket, target), .. }) = self.lookups.remove(lookup)
        {
            self.schedule(Job::LookupRefused(socket, target));
        }
        None
    }

    pub(crate) fn lookup_refused(&mut self, socket: SocketId, target: Box<Target>) -> Flow {
        let code = if target.host().len() > LONGEST_NAME { LookupCode::TooLong } else { LookupCode::TooMany };
        self.looked_up(socket, target, Err(Refusal::Code(code)))
    }

    /// When one address was asked for, 'lookup' is emitted even if the socket was destroyed meanwhile (rule C5). No
    /// address at all is an error (rule D19).
    pub(crate) fn looked_up(
        &mut self,
        socket: SocketId,
        target: Box<Target>,
        answer: Result<Vec<Resolved>, Refusal>,
    ) -> Flow {
        let s = &mut self.sockets[socket];
        s.lookups -= 1;
        let connecting = s.connecting();
        if s.destroyed {
            self.release_later(socket);
        }
        let host = target.host();
        let none = || Refusal::Code(LookupCode::NotFound);
        let mut list = answer.and_then(|list| if list.is_empty() { Err(none()) } else { Ok(list) });
        if let Some(timeout) = target.each {
            match list {
                _ if !connecting => return None,
                Ok(list) => return self.found_each(socket, target, host, list, timeout),
                Err(_) => {}
            }
        }
        if let Ok(list) = &mut list {
            list.truncate(1);
        }
        let first = list.and_then(|mut list| list.pop().ok_or_else(none));
        let result = first.map_err(|refusal| refusal.into_error(&host));
        self.push(Frame::LookupEmitted(socket, target, Box::new(result.clone())));
        self.emit(socket, Event::Lookup(Box::new(LookupEvent { result, host })))
    }

    pub(crate) fn lookup_emitted(
        &mut self,
        socket: SocketId,
        mut target: Box<Target>,
        result: Result<Resolved, SharedError>,
    ) -> Flow {
        if !self.sockets[socket].connecting() {
            return None;
        }
        match result {
            Err(error) => {
                self.schedule(Job::ConnectError(socket, error));
                None
            }
            Ok(resolved) => {
                let ConnectTo::Host(HostOptions { port: Some(port), .. }) = target.to else { return None };
                let Some(ip) = resolved.ip() else {
                    let error = eyes::unusable(&resolved, target.host(), port as u16);
                    self.schedule(Job::ConnectError(socket, Arc::new(error)));
                    return None;
                };
                self.refresh_timeout(socket);
                target.addr = Some(SocketAddr::new(ip, port as u16));
                self.attempt(socket, target)
            }
        }
    }

    pub(crate) fn connect_now(&mut self, socket: SocketId, target: Box<Target>) -> Flow {
        if self.sockets[socket].connecting() { self.attempt(socket, target) } else { None }
    }

    /// One attempt: bind if asked to, 'connectionAttempt', connect.
    pub(crate) fn attempt(&mut self, socket: SocketId, mut target: Box<Target>) -> Flow {
        let handle = self.sockets[socket].link.handle()?;
        let bind = match (target.local, target.addr) {
            (Some(local), Some(_)) if target.says_local() => Some(local),
            (Some(local), Some(to)) => Some(same_family(local, to)),
            _ => None,
        };
        target.local = bind;
        let odd = bind.zip(target.addr).is_some_and(|(local, to)| local.is_ipv4() != to.is_ipv4());
        self.sockets[socket].target = Some(target);
        let Some(addr) = bind else {
            return self.attempt_emit(socket);
        };
        if odd {
            // An address of the other family is none to bind to (rule E10).
            return self.bind_failed(socket, Errno::EINVAL);
        }
        self.push(Frame::ConnectBound(socket));
        self.ask(Asked::Bind(handle, addr, false))
    }

    pub(crate) fn connect_bound(&mut self, socket: SocketId) -> Flow {
        let Reply::Failed(errno) = self.take_reply() else {
            return self.attempt_emit(socket);
        };
        self.bind_failed(socket, errno)
    }

    fn bind_failed(&mut self, socket: SocketId, errno: Errno) -> Flow {
        let local = self.sockets[socket].target.as_ref().and_then(|t| t.local_place());
        let place = local.map_or(Place::None, |(address, port)| Place::Addr { address, port });
        let error = NodeError::System { errno, syscall: "bind", place, local: None, local_fields: false };
        self.destroy(socket, Some(Arc::new(error)))
    }

    fn attempt_emit(&mut self, socket: SocketId) -> Flow {
        let attempt = self.sockets[socket].target.as_ref().and_then(|t| t.attempt())?;
        self.push(Frame::ConnectAsk(socket));
        self.emit(socket, Event::ConnectionAttempt(Box::new(attempt)))
    }

    pub(crate) fn connect_ask(&mut self, socket: SocketId) -> Flow {
        let Link::Opening(handle) = self.sockets[socket].link else { return None };
        let s = &self.sockets[socket];
        if let Some(addr) = s.target.as_ref().and_then(|target| target.addr).filter(|addr| s.blocks(*addr)) {
            let error = NodeError::IpBlocked(addr.ip().to_string());
            return self.destroy(socket, Some(Arc::new(error)));
        }
        // A path is asked for again, and the system says what it thinks of that (rule C15).
        if self.handles[handle].connecting && self.handles[handle].kind != HandleKind::Pipe {
            return self.refused_at_once(socket, handle, Errno::EALREADY);
        }
        let target = self.sockets[socket].target.as_ref()?;
        match (&target.to, target.addr) {
            (ConnectTo::Path(path), _) => {
                let path = path.clone();
                self.scratch = path;
                self.push(Frame::ConnectAnswered(socket, handle));
                self.ask(Asked::ConnectPath(handle))
            }
            (ConnectTo::Host(_), Some(addr)) => {
                self.push(Frame::ConnectAnswered(socket, handle));
                self.ask(Asked::Connect(handle, addr))
            }
            (ConnectTo::Host(_), None) => None,
        }
    }

    /// A path's failure and a TCP refusal come in a turn of their own; other failures destroy within the call (rule C9).
    pub(crate) fn connect_answered(&mut self, socket: SocketId, handle: HandleId) -> Flow {
        self.starve(handle);
        match self.take_reply() {
            Reply::Failed(errno) => {
                let fed = errno == Errno::ECONNREFUSED || self.handles[handle].kind == HandleKind::Pipe;
                if !fed {
                    return self.refused_at_once(socket, handle, errno);
                }
                // A Unix socket that did not connect cannot be written to; one that is connected still can.
                let useless = self.handles[handle].kind == HandleKind::Pipe && errno != Errno::EISCONN;
                self.handle_mut(handle, |h| {
                    h.connecting = true;
                    h.writable &= !useless;
                });
                self.feed(Fed::Connected(handle, Err(errno)));
            }
            Reply::Done => {
                self.handle_mut(handle, |h| h.connecting = true);
                self.feed(Fed::Connected(handle, Ok(())));
            }
            _ => self.handle_mut(handle, |h| h.connecting = true),
        }
        None
    }

    fn refused_at_once(&mut self, socket: SocketId, handle: HandleId, errno: Errno) -> Flow {
        self.push(Frame::ConnectNamed(socket, errno));
        if let Some(Some(known)) = self.sockets[socket].names.as_ref().and_then(|names| names.local) {
            self.reply_with(Reply::Addr(Some(known)));
            return None;
        }
        self.ask(Asked::SockName(handle))
    }

    pub(crate) fn connect_named(&mut self, socket: SocketId, errno: Errno) -> Flow {
        let Reply::Addr(local) = self.take_reply() else { return None };
        let place = self.sockets[socket].target.as_ref().map_or(Place::None, |t| t.place());
        let local = local.map(|a| (ip_text(a.ip()), a.port()));
        let error = NodeError::System { errno, syscall: "connect", place, local, local_fields: false };
        self.destroy(socket, Some(Arc::new(error)))
    }

    /// A connect ended (rules C10 to C13).
    pub(crate) fn connected(&mut self, handle: HandleId, result: Result<(), Errno>) -> Flow {
        self.handle_mut(handle, |h| h.connecting = false);
        let Owner::Socket(socket) = self.handles[handle].owner else { return None };
        if let Some(attempts) = self.take_attempts(handle)
            && let Err(errno) = result
        {
            return self.attempt_failed(socket, attempts, errno);
        }
        let s = &mut self.sockets[socket];
        if s.destroyed || s.link.handle() != Some(handle) {
            return None;
        }
        s.link = Link::Open(handle);
        if let Some(names) = &mut s.names {
            names.local = None;
        }
        match result {
            Ok(()) => {
                self.refresh_timeout(socket);
                self.apply_no_delay(socket, handle)
            }
            Err(errno) => self.connect_failed(socket, errno),
        }
    }

    fn connect_failed(&mut self, socket: SocketId, errno: Errno) -> Flow {
        let target = self.sockets[socket].target.take()?;
        // Of an address alone nothing is said, of a port alone everything, as in Node.
        let local = target.local_place().filter(|(_, port)| *port != 0);
        let place = if bug!(ConnectErrorBare) { Place::None } else { target.place() };
        let error = Arc::new(NodeError::System { errno, syscall: "connect", place, local, local_fields: true });
        let attempt = target.attempt()?;
        self.push(Frame::ErrorOrDestroy(socket, error.clone()));
        self.emit(socket, Event::ConnectionAttemptFailed(Box::new((attempt, error))))
    }

    /// noDelay, keepAlive, 'connect', 'ready', and the first read, in this order.
    fn apply_no_delay(&mut self, socket: SocketId, handle: HandleId) -> Flow {
        let s = &mut self.sockets[socket];
        s.target = None;
        let tcp = self.handles[handle].kind == HandleKind::Tcp;
        self.push(Frame::ConnectEmit(socket));
        if tcp && self.sockets[socket].type_of_service.is_some() {
            self.push(Frame::ConnectTypeOfService(socket, handle));
        }
        if tcp && self.sockets[socket].keep_alive {
            self.push(Frame::ConnectKeepAlive(socket, handle));
        }
        if tcp && self.sockets[socket].no_delay && !bug!(NoDelayForgotten) {
            self.push(Frame::Ignore);
            return self.ask(Asked::NoDelay(handle, true));
        }
        None
    }

    pub(crate) fn connect_keep_alive(&mut self, socket: SocketId, handle: HandleId) -> Flow {
        let delay = self.sockets[socket].keep_alive_delay;
        self.push(Frame::Ignore);
        self.ask(Asked::KeepAlive(handle, true, delay))
    }

    pub(crate) fn connect_emit(&mut self, socket: SocketId) -> Flow {
        self.push(Frame::ConnectRead(socket));
        if bug!(ReadyFirst) {
            self.push(Frame::Emit(socket.into(), Box::new(Event::Connect)));
            return self.emit(socket, Event::Ready);
        }
        if !bug!(ReadyLost) {
            self.push(Frame::Emit(socket.into(), Box::new(Event::Ready)));
        }
        self.emit(socket, Event::Connect)
    }

    pub(crate) fn connect_read(&mut self, socket: SocketId) -> Flow {
        if self.sockets[socket].r.is_paused() || bug!(NoFirstRead) {
            None
        } else {
            self.read(socket, Some(0), ReadFor::Demand)
        }
    }
}

/// The local end that a connect asks for.
fn local_end(options: &HostOptions) -> Result<Option<SocketAddr>, NodeError> {
    let ip = match options.local_address.as_deref() {
        None | Some("") => None,
        Some(text) => Some(ip_and_zone(text).ok_or_else(|| NodeError::InvalidIp(text.to_string()))?.0),
    };
    let port = match options.local_port {
        None => 0,
        Some(given) => port(given, "Local port")?,
    };
    if ip.is_none() && port == 0 {
        return Ok(None);
    }
    Ok(Some(scoped(ip.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED)), port, options.local_scope)))
}

/// The scope is an IPv6 address's alone.
pub(crate) fn scoped(ip: IpAddr, port: u16, scope: u32) -> SocketAddr {
    match ip {
        IpAddr::V4(ip) => SocketAddr::from((ip, port)),
        IpAddr::V6(ip) => SocketAddr::V6(SocketAddrV6::new(ip, port, 0, scope)),
    }
}

/// What the system's resolver can be asked: a `lookup` of the user's gets whatever was given (rule E8).
fn resolvable(family: u8, hints: u32) -> Result<(), NodeError> {
    if hints & !HINTS != 0 {
        let received = hints.to_string();
        return Err(NodeError::InvalidValue { name: "hints", reason: "is invalid", received });
    }
    if !matches!(family, 0 | 4 | 6) {
        let reason = "must be one of: 0, 4, 6";
        return Err(NodeError::InvalidValue { name: "options.family", reason, received: family.to_string() });
    }
    Ok(())
}

/// "Any address" in the family of the other end.
fn same_family(local: SocketAddr, to: SocketAddr) -> SocketAddr {
    if to.is_ipv6() && local.ip() == IpAddr::V4(Ipv4Addr::UNSPECIFIED) {
        return SocketAddr::new(IpAddr::V6(Ipv6Addr::UNSPECIFIED), local.port());
    }
    local
}
