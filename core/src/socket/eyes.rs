//! A name with several addresses: tried one after the other, each on a handle of its own (rules C17 to C25).
//!
//! What is known of the attempts belongs to the one under way: it lies with that attempt's handle, so that an attempt
//! that is canceled after the socket has gone on still finds it. Between two attempts a frame carries it.

use super::{Link, Target};
use crate::call::{HandleKind, Reply};
use crate::command::{ConnectTo, HostOptions, Resolved};
use crate::engine::frame::{Asked, Fed, Flow, Frame, Job};
use crate::engine::{Core, Owner, TimerFor};
use crate::errno::Errno;
use crate::error::{NodeError, Place, SharedError};
use crate::id::{HandleId, SocketId};
use crate::ip::ip_text;
use crate::numeral::integer;
use crate::state_key::Key;
use crate::step::{Attempt, Event, LookupEvent};
use crate::timers::TimerKey;
use alloc::boxed::Box;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// How long an attempt may take unless the user says, in milliseconds.
const DEFAULT_TIMEOUT: u32 = 250;
/// The least time that an attempt is given, in milliseconds.
const LEAST_TIMEOUT: u32 = 10;

/// What a lookup found, being told to the listeners of 'lookup' one by one.
#[derive(Clone, Debug, Hash)]
pub(crate) struct Found {
    target: Box<Target>,
    host: String,
    list: Vec<Resolved>,
    next: usize,
    timeout: u32,
}

/// The attempts of one connect.
#[derive(Clone, Debug)]
pub(crate) struct Attempts {
    addresses: Vec<SocketAddr>,
    /// How many of them were begun.
    begun: usize,
    local_port: u16,
    timeout: u32,
    timer: Option<TimerKey>,
    errors: Vec<SharedError>,
}

impl Attempts {
    pub(crate) fn key(&self, k: &mut Key) {
        k.of(&(&self.addresses, self.begun, self.local_port, self.timeout, &self.errors));
        k.flags([self.timer.is_some()]);
    }
}

impl Attempts {
    fn to(&self) -> SocketAddr {
        self.addresses[self.begun - 1]
    }

    pub(crate) fn any_left(&self) -> bool {
        self.begun < self.addresses.len()
    }

    /// The address that `local_port` is bound on.
    fn local(&self) -> Option<SocketAddr> {
        let any =
            if self.to().is_ipv4() { IpAddr::V4(Ipv4Addr::UNSPECIFIED) } else { IpAddr::V6(Ipv6Addr::UNSPECIFIED) };
        (self.local_port != 0).then(|| SocketAddr::new(any, self.local_port))
    }

    /// The attempt under way failed.
    fn failed(&mut self, errno: Errno) -> SharedError {
        let local = self.local().map(|a| (ip_text(a.ip()), a.port()));
        self.record(NodeError::System { errno, syscall: "connect", place: place(self.to()), local, local_fields: true })
    }

    fn record(&mut self, error: NodeError) -> SharedError {
        let error = Arc::new(error);
        self.errors.push(error.clone());
        error
    }
}

fn place(addr: SocketAddr) -> Place {
    Place::Addr { address: ip_text(addr.ip()), port: addr.port() }
}

/// Node's check of the attempt timeout, in milliseconds; the name goes into the message (rule C18).
pub(crate) fn attempt_timeout(given: Option<i64>, name: &'static str) -> Result<u32, NodeError> {
    let Some(given) = given else { return Ok(DEFAULT_TIMEOUT) };
    match i32::try_from(given) {
        Ok(ms) if ms >= 1 => Ok((ms as u32).max(LEAST_TIMEOUT)),
        _ => Err(NodeError::OutOfRange { name, range: ">= 1 && <= 2147483647", received: integer(given) }),
    }
}

/// Node's check of `net.setDefaultAutoSelectFamilyAttemptTimeout(value)`, in milliseconds: what is used, at least 10.
pub fn default_attempt_timeout(value: i64) -> Result<u32, SharedError> {
    attempt_timeout(Some(value), "value").map_err(Arc::new)
}

/// The addresses that can be used, none twice, in the order in which they are tried: the family of the first in turn
/// with the other (rule C19).
fn in_turn(list: &[Resolved], port: u16) -> Vec<SocketAddr> {
    let valid = || list.iter().filter_map(Resolved::ip);
    let Some(first) = valid().next() else { return Vec::new() };
    let (mut same, mut other): (Vec<IpAddr>, Vec<IpAddr>) = (Vec::new(), Vec::new());
    for ip in valid() {
        let group = if ip.is_ipv4() == first.is_ipv4() { &mut same } else { &mut other };
        if !group.contains(&ip) {
            group.push(ip);
        }
    }
    let rounds = same.len().max(other.len());
    let turns = (0..rounds).flat_map(|at| [same.get(at), other.get(at)]).flatten();
    turns.map(|ip| SocketAddr::new(*ip, port)).collect()
}

/// What is wrong with an address that cannot be used (rule C25).
pub(crate) fn unusable(given: &Resolved, host: String, port: u16) -> NodeError {
    match given {
        Resolved::Text { address, .. } if address.parse::<IpAddr>().is_err() => NodeError::InvalidIp(address.clone()),
        _ => NodeError::InvalidFamily { family: given.family(), host, port },
    }
}

impl Core {
    /// A lookup for several addresses found some. After `destroy` nobody hears of it (rule C5).
    pub(crate) fn found_each(
        &mut self,
        socket: SocketId,
        target: Box<Target>,
        host: String,
        list: Vec<Resolved>,
        timeout: u32,
    ) -> Flow {
        self.found_on(socket, Box::new(Found { target, host, list, next: 0, timeout }))
    }

    /// 'lookup' for the next address, or the attempts when there is none left.
    pub(crate) fn found_on(&mut self, socket: SocketId, mut found: Box<Found>) -> Flow {
        if !self.sockets[socket].connecting() {
            return None;
        }
        let Some(resolved) = found.list.get(found.next).cloned() else { return self.found_all(socket, *found) };
        found.next += 1;
        let host = found.host.clone();
        self.push(Frame::LookupFound(socket, found));
        self.emit(socket, Event::Lookup(Box::new(LookupEvent { result: Ok(resolved), host })))
    }

    fn found_all(&mut self, socket: SocketId, found: Found) -> Flow {
        let Found { mut target, host, list, timeout, .. } = found;
        let ConnectTo::Host(HostOptions { port: Some(port), .. }) = target.to else { return None };
        let port = port as u16;
        let addresses = in_turn(&list, port);
        match addresses[..] {
            [] => {
                let error = unusable(list.first()?, host, port);
                self.schedule(Job::ConnectError(socket, Arc::new(error)));
                None
            }
            [only] => {
                self.refresh_timeout(socket);
                target.addr = Some(only);
                self.attempt(socket, target)
            }
            _ => {
                self.refresh_timeout(socket);
                self.sockets[socket].rare.attempted = Some(Vec::new());
                let local_port = target.local.map_or(0, |a| a.port());
                let errors = Vec::new();
                let attempts = Attempts { addresses, begun: 0, local_port, timeout, timer: None, errors };
                self.attempt_next(socket, Box::new(attempts))
            }
        }
    }

    /// The next attempt, unless the socket was destroyed; with none left, or when one was canceled after the socket was
    /// destroyed and connected again, the socket is destroyed with all errors (rules C22, C24).
    pub(crate) fn attempt_on(&mut self, socket: SocketId, attempts: Box<Attempts>, canceled: bool) -> Flow {
        if !self.sockets[socket].connecting() {
            return None;
        }
        if canceled || attempts.begun == attempts.addresses.len() {
            return self.destroy(socket, Some(Arc::new(NodeError::Aggregate(attempts.errors))));
        }
        self.attempt_next(socket, attempts)
    }

    /// The first attempt has the socket's handle, each later one a new one (rule C20).
    fn attempt_next(&mut self, socket: SocketId, mut attempts: Box<Attempts>) -> Flow {
        attempts.begun += 1;
        if attempts.begun == 1 {
            return self.attempt_bind(socket, attempts);
        }
        self.push(Frame::AttemptReopen(socket, attempts));
        match self.sockets[socket].link.handle() {
            Some(handle) => self.close_handle(handle, None, false),
            None => None,
        }
    }

    pub(crate) fn attempt_reopen(&mut self, socket: SocketId, attempts: Box<Attempts>) -> Flow {
        let handle = self.add_handle(Owner::Socket(socket), HandleKind::Tcp);
        let s = &mut self.sockets[socket];
        s.open(handle);
        // What was ended stays ended (rule D17): only the readable half begins anew.
        s.r.revive(s.options.readable);
        if let Some(names) = &mut s.names {
            names.local = None;
        }
        self.push(Frame::AttemptOpened(socket, attempts));
        self.ask(Asked::Open(handle, HandleKind::Tcp))
    }

    pub(crate) fn attempt_opened(&mut self, socket: SocketId, attempts: Box<Attempts>) -> Flow {
        let _done = self.take_reply();
        self.attempt_bind(socket, attempts)
    }

    fn attempt_bind(&mut self, socket: SocketId, attempts: Box<Attempts>) -> Flow {
        let handle = self.sockets[socket].link.handle()?;
        let Some(local) = attempts.local() else { return self.attempt_begin(socket, attempts) };
        self.push(Frame::AttemptBound(socket, attempts));
        self.ask(Asked::Bind(handle, local, false))
    }

    /// A bind that failed counts as the attempt's failure, without an event (rule C22).
    pub(crate) fn attempt_bound(&mut self, socket: SocketId, mut attempts: Box<Attempts>) -> Flow {
        let Reply::Failed(errno) = self.take_reply() else { return self.attempt_begin(socket, attempts) };
        let place = attempts.local().map_or(Place::None, place);
        attempts.record(NodeError::System { errno, syscall: "bind", place, local: None, local_fields: false });
        self.attempt_on(socket, attempts, false)
    }

    /// A blocked address fails before 'connectionAttempt' (rule S28).
    fn attempt_begin(&mut self, socket: SocketId, mut attempts: Box<Attempts>) -> Flow {
        let to = attempts.to();
        if self.sockets[socket].blocks(to) {
            let error = attempts.record(NodeError::IpBlocked(to.ip().to_string()));
            return self.attempt_failed_emit(socket, attempts, error, false);
        }
        self.push(Frame::AttemptAsk(socket, attempts));
        self.emit(socket, Event::ConnectionAttempt(Box::new(Attempt::Tcp(to))))
    }

    pub(crate) fn attempt_ask(&mut self, socket: SocketId, attempts: Box<Attempts>) -> Flow {
        let to = attempts.to();
        if let Some(attempted) = self.sockets[socket].rare.if_there().and_then(|rare| rare.attempted.as_mut()) {
            attempted.push(to);
        }
        let Link::Opening(handle) = self.sockets[socket].link else { return None };
        if self.handles[handle].connecting {
            return self.attempt_refused(socket, handle, attempts, Errno::EALREADY);
        }
        self.push(Frame::AttemptAnswered(socket, handle, attempts));
        self.ask(Asked::Connect(handle, to))
    }

    pub(crate) fn attempt_answered(&mut self, socket: SocketId, handle: HandleId, mut attempts: Box<Attempts>) -> Flow {
        match self.take_reply() {
            Reply::Failed(errno) if errno != Errno::ECONNREFUSED => {
                return self.attempt_refused(socket, handle, attempts, errno);
            }
            Reply::Failed(errno) => self.feed(Fed::Connected(handle, Err(errno))),
            Reply::Done => self.feed(Fed::Connected(handle, Ok(()))),
            _ => {}
        }
        self.handle_mut(handle, |h| h.connecting = true);
        if attempts.begun < attempts.addresses.len() {
            attempts.timer = Some(self.timers.start(TimerFor::Attempt(handle), attempts.timeout, self.now));
        }
        self.attempts.insert(handle, attempts);
        None
    }

    fn attempt_refused(&mut self, socket: SocketId, handle: HandleId, attempts: Box<Attempts>, errno: Errno) -> Flow {
        self.push(Frame::AttemptNamed(socket, attempts, errno));
        self.ask(Asked::SockName(handle))
    }

    pub(crate) fn attempt_named(&mut self, socket: SocketId, mut attempts: Box<Attempts>, errno: Errno) -> Flow {
        let Reply::Addr(local) = self.take_reply() else { return None };
        let local = local.map(|a| (ip_text(a.ip()), a.port()));
        let (syscall, place) = ("connect", place(attempts.to()));
        let error = attempts.record(NodeError::System { errno, syscall, place, local, local_fields: false });
        self.attempt_failed_emit(socket, attempts, error, false)
    }

    fn attempt_failed_emit(
        &mut self,
        socket: SocketId,
        attempts: Box<Attempts>,
        error: SharedError,
        canceled: bool,
    ) -> Flow {
        let to = attempts.to();
        self.push(Frame::AttemptFailed(socket, attempts, canceled));
        self.emit(socket, Event::ConnectionAttemptFailed(Box::new((Attempt::Tcp(to), error))))
    }

    /// The attempts that the one on this handle belongs to; its timer is stopped.
    pub(crate) fn take_attempts(&mut self, handle: HandleId) -> Option<Box<Attempts>> {
        let mut attempts = self.attempts.remove(&handle)?;
        if let Some(key) = attempts.timer.take() {
            self.timers.cancel(key);
        }
        Some(attempts)
    }

    /// An attempt ended badly, or was canceled because its handle was closed (rules C21, C24).
    pub(crate) fn attempt_failed(&mut self, socket: SocketId, mut attempts: Box<Attempts>, errno: Errno) -> Flow {
        let error = attempts.failed(errno);
        self.attempt_failed_emit(socket, attempts, error, errno == Errno::ECANCELED)
    }

    /// An attempt takes too long. Until its listeners have run it is still under way (rule C21).
    pub(crate) fn attempt_timed_out(&mut self, handle: HandleId) -> Flow {
        let attempts = self.attempts.get_mut(&handle)?;
        attempts.timer = None;
        let to = attempts.to();
        let Owner::Socket(socket) = self.handles[handle].owner else { return None };
        self.push(Frame::AttemptTimedOut(socket, handle));
        self.emit(socket, Event::ConnectionAttemptTimeout(to))
    }

    pub(crate) fn attempt_give_up(&mut self, socket: SocketId, handle: HandleId) -> Flow {
        let mut attempts = self.take_attempts(handle)?;
        attempts.failed(Errno::ETIMEDOUT);
        // The next attempt closes the handle, as it does that of an attempt that failed.
        self.attempt_on(socket, attempts, false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> Resolved {
        Resolved::Ip(text.parse().unwrap())
    }

    #[test]
    fn c19_families_take_turns_and_no_address_comes_twice() {
        let odd = Resolved::Text { address: String::from("foo"), family: 4 };
        let list = [odd.clone(), ip("::1"), ip("::1"), ip("1.1.1.1"), ip("::2"), ip("::3"), ip("1.1.1.1")];
        let order: Vec<String> = in_turn(&list, 80).iter().map(|a| a.ip().to_string()).collect();
        assert_eq!(order, ["::1", "1.1.1.1", "::2", "::3"]);
        assert!(in_turn(&[odd], 80).is_empty());
    }

    #[test]
    fn c18_the_attempt_timeout_is_checked_and_at_least_ten() {
        assert_eq!(attempt_timeout(None, "value"), Ok(250));
        assert_eq!(attempt_timeout(Some(1), "value"), Ok(10));
        assert_eq!(attempt_timeout(Some(2_147_483_647), "value"), Ok(2_147_483_647));
        for bad in [0, -1, 2_147_483_648, i64::MIN] {
            assert_eq!(attempt_timeout(Some(bad), "value").unwrap_err().code(), "ERR_OUT_OF_RANGE");
        }
    }
}
