//! The system as the machine sees it.

use super::accept::{Connections, Spare};
use super::bell::Waker;
use super::errno::{errno, io_errno};
use super::hand_in_listener::Handed;
use super::poll::{BELL, Poll};
use super::pool::Pool;
use super::read::{BLOCK, Block, Memory};
use super::ready::{Interest, Ready};
use super::table::{Access, Entry, Role, Table};
use super::turn::Turn;
use super::write::{Sent, send_first};
use crate::sys::{Resolve, SystemOptions, Waiting};
use netfold_core::host::Kernel;
use netfold_core::{Call, Completion, Errno, HandleId, LookupId, Op, Reply};
use rustix::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::time::Instant;

/// System calls over non-blocking sockets: the [`Kernel`] that programs run on.
///
/// Sockets never block, are closed on exec and raise no signal. A system that is dropped closes its descriptors and
/// removes the files of its Unix servers.
///
/// To run it within another event loop, wait for its descriptor ([`AsFd`], [`AsRawFd`]) to be readable: it is whenever
/// `wait(Some(0))` would bring something. Waiting is then needed at the machine's deadline and at
/// [`deadline`](System::deadline) too.
pub struct System {
    /// Before everything that holds a descriptor: it must not outlive what it knows.
    pub(super) poll: Poll,
    pub(super) table: Table,
    pub(super) bell: Waker,
    pub(super) connections: Connections,
    pub(super) spare: Spare,
    pub(super) block: Block,
    pub(super) pool: Pool,
    /// The descriptor whose readiness is being worked off.
    pub(super) turn: Option<Turn>,
    /// Handles that may want less than is registered; looked at before the next wait.
    pub(super) slack: Vec<HandleId>,
    /// Handles that want more than is registered, until the poller is told: see `settle`.
    unsettled: Vec<HandleId>,
    /// What the poller did not take.
    refused: VecDeque<(HandleId, Errno)>,
    /// What is left of what the poller told once.
    pub(super) left: Vec<(HandleId, Ready)>,
    /// What finished a write later than at once: see `try_again`.
    pub(super) again: VecDeque<HandleId>,
    /// How many of them are left of this round, and which round it is.
    pub(super) again_round: usize,
    pub(super) again_rounds: u8,
    /// Servers that wait for descriptors to be had again.
    pub(super) exhausted: Vec<HandleId>,
    pub(super) handed: Handed,
    detached: Vec<(HandleId, OwnedFd)>,
    start: Instant,
    /// No wait takes longer, in milliseconds.
    nap: Option<u64>,
    /// How many waits there were.
    pub(super) waits: u64,
}

impl System {
    /// A system with the system's own resolver. Takes five descriptors; fails if there are not that many.
    pub fn new() -> io::Result<Self> {
        Self::with_options(SystemOptions::default())
    }

    /// A system with a resolver of your own.
    pub fn with_resolver(resolver: Arc<dyn Resolve>) -> io::Result<Self> {
        Self::with_options(SystemOptions { resolver, waiting: Waiting::default() })
    }

    /// A system to measure.
    pub fn with_options(options: SystemOptions) -> io::Result<Self> {
        let bell = Waker::new()?;
        let mut poll = Poll::new(options.waiting)?;
        poll.add(bell.to_read(), BELL, Interest::READ)?;
        Ok(Self {
            poll,
            table: Table::default(),
            connections: Connections::default(),
            spare: Spare::default(),
            block: Block::default(),
            pool: Pool::new(options.resolver, bell.clone()),
            bell,
            turn: None,
            slack: Vec::new(),
            unsettled: Vec::new(),
            refused: VecDeque::new(),
            left: Vec::new(),
            again: VecDeque::new(),
            again_round: 0,
            again_rounds: 0,
            exhausted: Vec::new(),
            handed: Handed::default(),
            detached: Vec::new(),
            start: Instant::now(),
            nap: None,
            waits: 0,
        })
    }

    /// Has tests choose in which order the descriptors that one wait finds ready are worked off: they bring the slots of their
    /// handles into it. A system may give them in any.
    #[doc(hidden)]
    pub fn choose_order(&mut self, choose: impl FnMut(&mut [usize]) + 'static) {
        self.poll.set_order(Box::new(choose));
    }

    /// Where large reads go, in place of memory of the system's own. A room of less than 64 KiB is not used.
    pub fn set_memory(&mut self, memory: impl Memory + 'static) {
        self.block.set_memory(Box::new(memory));
    }

    /// What ends a wait from another thread.
    pub fn waker(&self) -> Waker {
        self.bell.clone()
    }

    /// The descriptor of a handle that was [detached](Op::Detach), once; `None` if the handle had none. It is
    /// non-blocking. Kept until it is taken.
    pub fn take_detached(&mut self, handle: HandleId) -> Option<OwnedFd> {
        let at = self.detached.iter().position(|(id, _)| *id == handle)?;
        Some(self.detached.swap_remove(at).1)
    }

    /// The descriptor of a handle, for options that have no call here; `None` before it is bound or connected.
    pub fn fd(&self, handle: HandleId) -> Option<BorrowedFd<'_>> {
        self.table.get(handle)?.fd()
    }

    /// Whether the descriptor of this number is a handle's: it is not to be given to another, which would close it too.
    pub fn has_fd(&self, fd: RawFd) -> bool {
        self.table.has(fd)
    }

    /// Closes the descriptor of a handle behind the machine's back, as programs inside Node can: what the machine asks of
    /// it afterwards fails with `EBADF`.
    pub fn close_behind(&mut self, handle: HandleId) {
        self.close(handle);
    }

    /// Sets TCP_NODELAY, or remembers it until there is a descriptor: as [`Op::NoDelay`], for a host that lets a program
    /// stand between.
    pub fn set_no_delay(&mut self, handle: HandleId, on: bool) {
        self.no_delay(handle, on);
    }

    /// Sets SO_KEEPALIVE and the first probe's delay in seconds, in the same way as [`Op::KeepAlive`].
    pub fn set_keep_alive(&mut self, handle: HandleId, on: bool, delay: u32) {
        self.keep_alive(handle, on.then_some(delay));
    }

    /// When `wait` must be called even if the descriptor is not readable, in milliseconds of [`Kernel::now`]: a server
    /// has run out of descriptors and wants to try again.
    pub fn deadline(&self) -> Option<u64> {
        let until = |id: &HandleId| match self.table.get(*id)?.role {
            Role::Exhausted(until) => Some(until),
            _ => None,
        };
        self.exhausted.iter().filter_map(until).min()
    }

    /// How many times it has waited: a program that counts them sees a loop that spins.
    pub const fn waits(&self) -> u64 {
        self.waits
    }

    pub(super) fn clock(&self) -> u64 {
        // Not `as_millis`, which divides 128 bits: this is read twice in each round of the loop.
        let since = self.start.elapsed();
        since.as_secs() * 1000 + u64::from(since.subsec_millis())
    }

    /// Sees to it that the poller knows of all that a handle wants, from the next wait on. What it wants no more may stay
    /// registered until it is found to be in the way: most of it is wanted again before that.
    pub(super) fn arm(&mut self, id: HandleId) {
        let Some(entry) = self.table.get_mut(id) else { return };
        if !entry.unsettled && !entry.is_covered() {
            entry.unsettled = true;
            self.unsettled.push(id);
        }
    }

    /// Tells the poller what handles want since the last wait, in the order in which they began to. [`wait`](Kernel::wait)
    /// does so first; who waits for the descriptor by other means calls it before. libuv tells epoll at the same time,
    /// and what is ready when it is told comes behind what was ready before.
    pub fn settle(&mut self) {
        self.tell();
        // Who waits for the descriptor finds it ready for what is left, too.
        for at in 0..self.left.len() {
            self.ask_again(self.left[at].0);
        }
        self.poll.look();
    }

    /// Has the poller tell once more of what it told of once, if that is ready now.
    fn ask_again(&mut self, id: HandleId) {
        if let Some(entry) = self.table.get(id)
            && let (Some(fd), Some(interest)) = (&entry.fd, entry.registered)
        {
            let _known = self.poll.modify(fd.as_fd(), id.slot() as usize, interest, interest);
        }
    }

    fn tell(&mut self) {
        for id in std::mem::take(&mut self.unsettled) {
            let Some(entry) = self.table.get_mut(id) else { continue };
            entry.unsettled = false;
            if !entry.is_covered()
                && let Err(error) = self.register(id)
            {
                self.refused.push_back((id, error));
            }
        }
        self.poll.balance(|key| {
            let (_, entry) = self.table.at(key)?;
            Some((entry.fd()?, entry.registered?))
        });
    }

    pub(super) fn has_refused(&self) -> bool {
        !self.refused.is_empty()
    }

    /// What the poller did not take fails as if the system had said so when it was tried.
    pub(super) fn refusal(&mut self) -> Option<Completion> {
        while let Some((id, error)) = self.refused.pop_front() {
            let Some(entry) = self.table.get_mut(id) else { continue };
            match &mut entry.role {
                Role::Connecting { .. } => return Some(Completion::Connected(id, Err(error))),
                Role::Stream { queue, .. } if !queue.is_empty() => {
                    *queue = Default::default();
                    return Some(Completion::Written(id, Err(error)));
                }
                Role::Stream { reading, .. } if *reading => {
                    *reading = false;
                    return Some(Completion::ReadFailed(id, error));
                }
                Role::Listening => {
                    entry.role = Role::Deaf;
                    return Some(Completion::AcceptFailed(id, error));
                }
                _ => {}
            }
        }
        None
    }

    /// Tells the poller exactly what a handle wants.
    pub(super) fn register(&mut self, id: HandleId) -> Result<(), Errno> {
        let Some(entry) = self.table.get_mut(id) else { return Ok(()) };
        let (wants, key) = (entry.wants(), id.slot() as usize);
        let Some(fd) = &entry.fd else { return Ok(()) };
        match entry.registered {
            Some(now) if now == wants => {}
            // A poller tells of a hang-up even if nothing is asked for, again and again.
            Some(now) if wants == Interest::NONE => {
                self.poll.delete(fd.as_fd(), key, now);
                entry.registered = None;
            }
            Some(now) => {
                self.poll.modify(fd.as_fd(), key, now, wants).map_err(|error| io_errno(&error))?;
                entry.registered = Some(wants);
            }
            None if wants == Interest::NONE => {}
            None => {
                self.poll.add(fd.as_fd(), key, wants).map_err(|error| io_errno(&error))?;
                (entry.registered, entry.since) = (Some(wants), self.waits);
            }
        }
        Ok(())
    }

    /// Takes a handle off the table, and its descriptor off the poller.
    fn forget(&mut self, id: HandleId) -> Option<Entry> {
        let mut entry = self.table.remove(id)?;
        if let Some(fd) = &entry.fd
            && let Some(now) = entry.registered.take()
        {
            self.poll.delete(fd.as_fd(), id.slot() as usize, now);
        }
        Some(entry)
    }

    fn close(&mut self, id: HandleId) {
        drop(self.forget(id));
    }

    fn reset(&mut self, id: HandleId) -> Reply {
        let Some(entry) = self.forget(id) else { return Reply::Done };
        match entry.fd().map(super::set_up::reset_on_close) {
            Some(Err(error)) => Reply::Failed(error),
            _ => Reply::Done,
        }
    }

    fn detach(&mut self, id: HandleId) {
        if let Some(Entry { fd: Some(fd), .. }) = self.forget(id) {
            self.detached.push((id, fd));
        }
    }

    fn write(&mut self, call: &mut Call<'_>, id: HandleId) -> Reply {
        let Op::Write(_, pieces) = call.op() else { unreachable!("a write was asked") };
        let (fd, access, queue) = match self.table.get_mut(id) {
            Some(Entry { fd: Some(fd), role: Role::Stream { queue, .. }, access, .. }) => (fd, access, queue),
            // What could not connect has a descriptor, but nowhere to write to.
            Some(Entry { fd: Some(_), .. }) => return Reply::Failed(Errno::EPIPE),
            _ => return Reply::Failed(Errno::EBADF),
        };
        if !access.write {
            return Reply::Failed(Errno::EPIPE);
        }
        if !queue.is_empty() {
            // A write that an earlier connection was to have: it goes on first.
            queue.refill(|into| call.take(into), 0);
            return Reply::Pending;
        }
        match send_first(fd.as_fd(), access.fifo, pieces) {
            Sent::All => return Reply::Done,
            Sent::Failed(error) => return Reply::Failed(errno(error)),
            Sent::Part { taken, full } => {
                queue.refill(|into| call.take(into), taken);
                // libuv calls once more at once, and tells of the end in its pending phase. What fails is met again.
                if !full && queue.send(fd.as_fd(), access.fifo) == Ok(true) {
                    self.again.push_back(id);
                    return Reply::Pending;
                }
            }
        }
        self.arm(id);
        Reply::Pending
    }

    fn read_start(&mut self, id: HandleId) -> Reply {
        let Some(Entry { role: Role::Stream { reading, .. }, access: Access { read: true, .. }, .. }) =
            self.table.get_mut(id)
        else {
            return Reply::Failed(Errno::ENOTCONN);
        };
        *reading = true;
        self.arm(id);
        Reply::Done
    }

    fn read_stop(&mut self, id: HandleId) {
        if let Some(Entry { role: Role::Stream { reading, .. }, .. }) = self.table.get_mut(id) {
            *reading = false;
        }
    }

    fn queue_size(&self, id: HandleId) -> u64 {
        match self.table.get(id) {
            Some(Entry { role: Role::Stream { queue, .. }, .. }) => queue.size(),
            _ => 0,
        }
    }

    fn look_up(&mut self, lookup: LookupId, host: &str, family: u8, hints: u32) -> Reply {
        match self.pool.ask(lookup, host, family, hints) {
            Ok(()) => Reply::Pending,
            Err(_no_thread) => Reply::Failed(Errno::EAGAIN),
        }
    }
}

fn done_or_failed(result: Result<(), Errno>) -> Reply {
    result.map_or_else(Reply::Failed, |()| Reply::Done)
}

fn pending_or_failed(result: Result<(), Errno>) -> Reply {
    result.map_or_else(Reply::Failed, |()| Reply::Pending)
}

impl Kernel for System {
    type Error = io::Error;

    #[inline]
    fn call(&mut self, call: &mut Call<'_>) -> Reply {
        match call.op() {
            Op::Write(id, _) => self.write(call, id),
            _ => self.call_else(call),
        }
    }

    fn now(&mut self) -> u64 {
        self.clock()
    }

    fn wait(&mut self, timeout: Option<u64>) -> io::Result<()> {
        self.wait_for(timeout)
    }

    fn next(&mut self) -> Option<Completion> {
        self.next_completion()
    }

    fn ahead(&self, handles: &mut [Option<HandleId>]) {
        for (handle, ready) in handles.iter_mut().zip(self.poll.ahead()) {
            *handle = self.table.at(ready.key).map(|(id, _)| id);
        }
    }
}

impl System {
    fn call_else(&mut self, call: &mut Call<'_>) -> Reply {
        match call.op() {
            Op::Open(id, kind) => {
                self.table.insert(id, Entry::new(kind, Role::New, None));
                Reply::Done
            }
            Op::Adopt(id, key) => {
                self.adopt(id, key);
                Reply::Done
            }
            Op::Refuse(key) => {
                drop(self.connections.take(key));
                Reply::Done
            }
            Op::ConnNames(key) => {
                let (local, remote) = self.connections.names(key);
                Reply::Names(local, remote)
            }
            Op::Bind { handle, addr, ipv6_only } => done_or_failed(self.bind(handle, addr, ipv6_only)),
            Op::BindPath(id, path) => done_or_failed(self.bind_path(id, path)),
            Op::Listen(id, backlog) => done_or_failed(self.listen(id, backlog)),
            Op::Connect(id, addr) => pending_or_failed(self.connect(id, addr)),
            Op::ConnectPath(id, path) => pending_or_failed(self.connect_path(id, path)),
            Op::Write(id, _) => self.write(call, id),
            Op::ReadStart(id) => self.read_start(id),
            Op::ReadLimit(id, bytes) => {
                if let Some(entry) = self.table.get_mut(id) {
                    entry.read_limit = bytes.clamp(1, BLOCK as u32);
                }
                Reply::Done
            }
            Op::ReadStop(id) => {
                self.read_stop(id);
                Reply::Done
            }
            Op::Shutdown(id) => done_or_failed(self.shutdown(id)),
            Op::Close(id) => {
                self.close(id);
                Reply::Done
            }
            Op::Reset(id) => self.reset(id),
            Op::NoDelay(id, on) => {
                self.no_delay(id, on);
                Reply::Done
            }
            Op::KeepAlive(id, on, delay) => {
                self.keep_alive(id, on.then_some(delay));
                Reply::Done
            }
            Op::SetTypeOfService(id, tos) => done_or_failed(self.set_type_of_service(id, tos)),
            Op::TypeOfService(id) => match self.type_of_service(id) {
                Ok(tos) => Reply::Size(u64::from(tos)),
                Err(error) => Reply::Failed(error),
            },
            Op::SockName(id) => Reply::Addr(self.sock_name(id)),
            Op::PeerName(id) => Reply::Addr(self.peer_name(id)),
            Op::QueueSize(id) => Reply::Size(self.queue_size(id)),
            Op::Lookup { lookup, host, family, hints } => self.look_up(lookup, host, family, hints),
            Op::Detach(id) => {
                self.detach(id);
                Reply::Done
            }
            Op::Chmod(id, readable, writable) => done_or_failed(self.chmod(id, readable, writable)),
            Op::ReusePort(id) => done_or_failed(self.reuse_port(id)),
            Op::OpenFd(id, key) => done_or_failed(self.open_fd(id, key)),
        }
    }

    fn wait_for(&mut self, timeout: Option<u64>) -> io::Result<()> {
        // A loop that was stopped in the middle of a batch goes on with it; what came meanwhile is found afterwards.
        if self.turn.is_some() || self.poll.has_more() || self.again_round > 0 {
            return Ok(());
        }
        self.retry_exhausted();
        self.tell();
        while let Some(id) = self.slack.pop() {
            // What nothing is wanted of stays registered, as in libuv, until an event of it is in the way: it may be wanted
            // again before that event's turn.
            if self.table.get(id).is_some_and(|entry| entry.wants() != Interest::NONE) {
                // What cannot be taken back is found to be in the way later.
                let _later = self.register(id);
            }
        }
        let timeout = [timeout, self.nap].into_iter().flatten().min();
        let timeout = match self.deadline().map(|at| at.saturating_sub(self.clock())) {
            Some(due) => Some(timeout.map_or(due, |given| given.min(due))),
            None => timeout,
        };
        let mut left = std::mem::take(&mut self.left);
        left.retain(|(id, ready)| {
            let is_left = self.is_told_once(*id);
            // After as many reads as a turn has, all may have been read: what is not ready now loses its place.
            if is_left && !ready.more {
                self.ask_again(*id);
            }
            is_left && ready.more
        });
        let at_once = !(self.again.is_empty() && self.refused.is_empty() && left.is_empty());
        let timeout = if at_once { Some(0) } else { timeout };
        // What is left of the pending phase comes before what the poll brings, as in libuv.
        (self.again_round, self.again_rounds) = (self.again.len(), 0);
        self.waits += 1;
        let waited = self.poll.wait(timeout, left.drain(..).map(|(_, ready)| ready));
        self.left = left;
        if waited? {
            // Now, not in its turn: the host takes what was posted between this and the first turn.
            self.bell.clear();
            if self.poll.is_oneshot() {
                self.poll.modify(self.bell.to_read(), BELL, Interest::READ, Interest::READ)?;
            }
        }
        Ok(())
    }
}

impl AsFd for System {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.poll.as_fd()
    }
}

impl AsRawFd for System {
    fn as_raw_fd(&self) -> RawFd {
        self.as_fd().as_raw_fd()
    }
}

impl crate::Host for System {
    fn wake_handle(&self) -> Arc<dyn Fn() + Send + Sync> {
        let waker = self.waker();
        Arc::new(move || waker.wake())
    }

    fn interface(&self, name: &str) -> u32 {
        super::getaddrinfo::interface(name)
    }

    fn deadline(&self) -> Option<u64> {
        self.deadline()
    }

    fn nap(&mut self, most: Option<u64>) {
        self.nap = most;
    }

    fn settle(&mut self) {
        self.settle();
    }
}

impl std::fmt::Debug for System {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("System").field("table", &self.table).field("waits", &self.waits).finish_non_exhaustive()
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::super::write::Unsent;
    use super::*;
    use netfold_core::HandleKind;

    /// Linux's epoll takes no regular file.
    #[test]
    fn what_the_poller_does_not_take_fails() {
        let mut system = System::new().unwrap();
        let file = || OwnedFd::from(std::fs::File::open("/proc/self/exe").unwrap());
        let id = |slot| HandleId::from_parts(slot, 1);
        let mut queue = Unsent::default();
        queue.refill(|into| into.push(bytes::Bytes::from_static(b"x")), 0);
        let roles = [
            Role::Stream { reading: true, queue: Unsent::default() },
            Role::Connecting { reading: false, queue: Unsent::default() },
            Role::Listening,
            Role::Stream { reading: false, queue },
        ];
        for (slot, role) in (0..).zip(roles) {
            system.table.insert(id(slot), Entry::new(HandleKind::Tcp, role, Some(file())));
            system.arm(id(slot));
        }
        system.wait(None).unwrap();
        assert_eq!(system.next(), Some(Completion::ReadFailed(id(0), Errno::EPERM)));
        assert_eq!(system.next(), Some(Completion::Connected(id(1), Err(Errno::EPERM))));
        assert_eq!(system.next(), Some(Completion::AcceptFailed(id(2), Errno::EPERM)));
        assert_eq!(system.next(), Some(Completion::Written(id(3), Err(Errno::EPERM))));
        assert_eq!(system.next(), None);
    }
}
