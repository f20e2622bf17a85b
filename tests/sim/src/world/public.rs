//! The world as a test holds it, and as a program runs on it.

use super::computer::{Computer, File};
use super::{Cut, Inner, Name, World, WorldOptions};
use crate::chooser::Chooser;
use crate::faults::Script;
use netfold::core::host::Kernel;
use netfold::core::{Call, Completion, HandleId, Op, Reply};
use netfold::{Errno, Host, LookupCode};
use std::cell::RefCell;
use std::fmt;
use std::io;
use std::net::IpAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;

impl World {
    /// A world in which this chooser decides.
    pub fn new(chooser: Chooser) -> Self {
        Self::with(chooser, WorldOptions::default())
    }

    /// A world of this kind.
    pub fn with(chooser: Chooser, options: WorldOptions) -> Self {
        let receive_buffer = options.receive_buffer.max(usize::from(options.send_buffer == 0));
        Self(Rc::new(RefCell::new(Inner::new(chooser, WorldOptions { receive_buffer, ..options }))))
    }

    /// A copy of the world as it is now, in which this chooser decides. What happens in one is not seen in the other.
    pub fn fork(&self, chooser: Chooser) -> Self {
        let mut inner = self.0.borrow().clone();
        inner.chooser = chooser;
        for proc in &mut inner.procs {
            let woken = proc.tables.woken.load(Ordering::Acquire);
            proc.tables.woken = Arc::new(woken.into());
        }
        Self(Rc::new(RefCell::new(inner)))
    }

    /// The time, in milliseconds.
    pub fn now(&self) -> u64 {
        self.0.borrow().now
    }

    /// Who decides.
    pub fn chooser(&self) -> Chooser {
        self.0.borrow().chooser.clone()
    }

    /// The computer of this name; `local` is there from the beginning.
    pub fn find(&self, name: &str) -> Option<Computer> {
        let at = self.0.borrow().computers.iter().position(|computer| computer.name == name)?;
        Some(Computer { world: self.clone(), id: at as u32 })
    }

    /// One more computer, with these addresses, each an IPv4 or IPv6 address as text. It has no process.
    ///
    /// # Panics
    /// When an address is none, or another computer has it already, or the name is taken.
    pub fn computer(&self, name: &str, addresses: &[&str]) -> Computer {
        assert!(self.find(name).is_none(), "two computers are named {name}");
        let addresses = addresses.iter().map(|text| text.parse().expect("an IP address")).collect();
        let id = self.0.borrow_mut().add_computer(name, addresses);
        Computer { world: self.clone(), id }
    }

    /// Where the world is a host itself: the first process of `local`.
    pub fn process(&self) -> Process {
        Process { world: self.clone(), pid: 0 }
    }

    /// What the resolver says of a name: addresses in this order, or an error. It knows `localhost` as 127.0.0.1; of all
    /// other names it says `ENOTFOUND`.
    pub fn resolve(&self, host: &str, answer: Result<Vec<IpAddr>, LookupCode>) {
        self.resolve_late(host, 0, answer);
    }

    /// As [`resolve`](World::resolve), after so many milliseconds.
    pub fn resolve_late(&self, host: &str, delay: u64, answer: Result<Vec<IpAddr>, LookupCode>) {
        self.0.borrow_mut().names.insert(host.into(), Name { answer, delay });
    }

    /// Nothing passes between two computers, in either direction; what is under way is lost too. Of a computer and itself:
    /// its loopback is down.
    pub fn cut(&self, a: &Computer, b: &Computer, how: Cut) {
        self.0.borrow_mut().cut(a.id, b.id, how);
    }

    /// Packets pass again. What was lost is sent again when its sender's timer rings.
    pub fn heal(&self, a: &Computer, b: &Computer) {
        self.0.borrow_mut().heal(a.id, b.id);
    }

    /// What shall go wrong, and when. In the place of what was to go wrong before.
    pub fn set_script(&self, script: Script) {
        self.0.borrow_mut().set_script(script);
    }

    /// A further directory in which Unix sockets can be made, on `local`; `/tmp` is there from the beginning. Written
    /// without a slash at its end; an empty one is that of paths without a slash.
    pub fn directory(&self, path: &str) {
        self.local().directory(path);
    }

    /// A file on `local` that nobody listens on: what a server that was killed leaves behind.
    pub fn leave_path(&self, path: &str) {
        self.local().leave_path(path);
    }

    /// Which paths, on every computer, are files that are no sockets: to connect there is `ECONNREFUSED`, to bind
    /// `EADDRINUSE`. None in the beginning.
    pub fn other_files(&self, is_file: impl Fn(&str) -> bool + 'static) {
        self.0.borrow_mut().other_files = Rc::new(is_file);
    }

    /// Removes a path of `local`; whether it was there.
    pub fn unlink(&self, path: &str) -> bool {
        self.local().unlink(path)
    }

    fn local(&self) -> Computer {
        Computer { world: self.clone(), id: 0 }
    }

    /// What is there that a program has to close: connections, listeners, handles, paths, descriptors. Nothing at the end
    /// of programs that clean up. What the kernel has yet to send for sockets that were closed does not count.
    pub fn left(&self) -> Vec<String> {
        let inner = self.0.borrow();
        let mut left = Vec::new();
        for (_, sock) in inner.socks.iter().filter(|(_, sock)| !sock.orphan) {
            left.push(match (sock.is_listening(), &sock.path) {
                (true, Some(path)) => format!("a listener at {path}"),
                (true, None) => format!("a listener at {:?}", sock.local),
                (false, _) => format!("a connection, {:?} to {:?}", sock.local, sock.remote),
            });
        }
        for proc in &inner.procs {
            left.extend(proc.tables.handles().map(|handle| format!("a handle of {}, {:?}", proc.name, handle.role)));
        }
        for computer in &inner.computers {
            left.extend(computer.files.keys().map(|path| format!("the path {path}")));
        }
        left
    }

    /// When the next thing arrives or happens.
    pub(crate) fn next_arrival(&self) -> Option<u64> {
        self.0.borrow().arrivals.peek().map(|first| first.at)
    }

    pub(crate) fn pass_until(&self, at: u64) {
        let mut inner = self.0.borrow_mut();
        inner.now = inner.now.max(at);
        inner.arrive();
    }

    /// Whether since the last time a process has died, or is to begin anew, or goes on.
    pub(crate) fn take_mortality(&self) -> bool {
        std::mem::take(&mut self.0.borrow_mut().mortality)
    }

    /// The processes that something has happened to since the last time.
    pub(crate) fn take_stirred(&self) -> Vec<u32> {
        let mut inner = self.0.borrow_mut();
        let stirred = std::mem::take(&mut inner.stirred);
        for pid in &stirred {
            inner.procs[*pid as usize].stirred = false;
        }
        stirred
    }

    /// Which programs are to begin anew, and whether all are.
    pub(crate) fn take_wanted(&self) -> (Vec<String>, bool) {
        let mut inner = self.0.borrow_mut();
        (std::mem::take(&mut inner.wanted), std::mem::take(&mut inner.well))
    }

    /// Whether there is more in the script.
    pub(crate) fn expects_faults(&self) -> bool {
        let inner = self.0.borrow();
        inner.happened < inner.script.faults().len() || inner.well || !inner.wanted.is_empty()
    }

    fn call(&self, pid: u32, call: &mut Call<'_>) -> Reply {
        let mut inner = self.0.borrow_mut();
        if !inner.procs[pid as usize].alive {
            return to_the_dead(&call.op());
        }
        match call.op() {
            Op::Write(h, _) => inner.write(pid, call, h),
            op => inner.answer(pid, &op),
        }
    }

    fn wait_for(&self, pid: u32, timeout: Option<u64>) -> io::Result<()> {
        let mut inner = self.0.borrow_mut();
        let until = timeout.map(|timeout| inner.now.saturating_add(timeout));
        inner.wait(pid, until)
    }

    fn wake_of(&self, pid: u32) -> Arc<dyn Fn() + Send + Sync> {
        let woken = self.0.borrow().procs[pid as usize].tables.woken.clone();
        Arc::new(move || woken.store(true, Ordering::Release))
    }
}

/// What a process is told that was killed while its program ran.
fn to_the_dead(op: &Op<'_>) -> Reply {
    match op {
        Op::ConnNames(_) => Reply::Names(None, None),
        Op::SockName(_) | Op::PeerName(_) => Reply::Addr(None),
        Op::QueueSize(_) => Reply::Size(0),
        Op::Bind { .. }
        | Op::BindPath(..)
        | Op::Listen(..)
        | Op::Connect(..)
        | Op::ConnectPath(..)
        | Op::Write(..)
        | Op::ReadStart(_)
        | Op::Shutdown(_)
        | Op::SetTypeOfService(..)
        | Op::TypeOfService(_)
        | Op::OpenFd(..)
        | Op::Chmod(..) => Reply::Failed(Errno::EBADF),
        Op::Lookup { .. } => Reply::Pending,
        _ => Reply::Done,
    }
}

impl Computer {
    /// Its name.
    pub fn name(&self) -> String {
        self.world.0.borrow().computers[self.id as usize].name.clone()
    }

    /// One more process on it.
    pub fn process(&self, name: &str) -> Process {
        let pid = self.world.0.borrow_mut().add_process(self.id, name);
        Process { world: self.world.clone(), pid }
    }

    /// Whether it runs.
    pub fn is_up(&self) -> bool {
        self.world.0.borrow().computers[self.id as usize].up
    }

    /// It stops at once, as when it is switched off: its processes are gone, and its peers hear nothing. Its files stay.
    pub fn crash(&self) {
        self.world.0.borrow_mut().crash(self.id);
    }

    /// It runs again, with no process: packets of connections that it knows nothing of are answered with RST.
    pub fn boot(&self) {
        self.world.0.borrow_mut().boot(self.id);
    }

    /// How much longer a packet from it or to it is under way, in milliseconds.
    pub fn set_latency(&self, latency: u64) {
        self.world.0.borrow_mut().computers[self.id as usize].latency = latency;
    }

    /// How many descriptors its processes may have together: beyond that is `ENFILE`.
    pub fn limit_descriptors(&self, most: usize) {
        self.world.0.borrow_mut().computers[self.id as usize].most_open = most;
    }

    /// Which ports are given out, the end not among them: where there is no other, `EADDRNOTAVAIL` (connect) or
    /// `EADDRINUSE` (bind).
    pub fn limit_ports(&self, ports: std::ops::Range<u16>) {
        self.world.0.borrow_mut().computers[self.id as usize].give_ports(ports);
    }

    /// As [`World::directory`], here.
    pub fn directory(&self, path: &str) {
        self.world.0.borrow_mut().computers[self.id as usize].directories.insert(path.into(), true);
    }

    /// A directory in which only user 0 can make sockets: others get `EACCES`.
    pub fn closed_directory(&self, path: &str) {
        self.world.0.borrow_mut().computers[self.id as usize].directories.insert(path.into(), false);
    }

    /// As [`World::leave_path`], here.
    pub fn leave_path(&self, path: &str) {
        let file = File { socket: None, owner: 1_000, mode: 0o755 };
        self.world.0.borrow_mut().computers[self.id as usize].files.insert(path.into(), file);
    }

    /// As [`World::unlink`], here.
    pub fn unlink(&self, path: &str) -> bool {
        self.world.0.borrow_mut().computers[self.id as usize].files.remove(path).is_some()
    }
}

/// A process of a [`Computer`], a host of one [`Net`](netfold::Net). Its clock is at 0 when it begins.
///
/// Several run in one world by [`Programs`](crate::Programs), which goes from one to the next. On its own each can be run
/// as any host: waiting, it lets the time of the whole world pass, but not the other programs run.
#[derive(Clone)]
pub struct Process {
    pub(super) world: World,
    pub(super) pid: u32,
}

impl Process {
    /// Its name.
    pub fn name(&self) -> String {
        self.world.0.borrow().procs[self.pid as usize].name.clone()
    }

    /// Its number, which no other of its world has.
    pub const fn id(&self) -> u32 {
        self.pid
    }

    /// The world that it is in.
    pub fn world(&self) -> World {
        self.world.clone()
    }

    /// Whether it lives: it was not killed, nor its computer.
    pub fn is_alive(&self) -> bool {
        self.world.0.borrow().procs[self.pid as usize].alive
    }

    /// Whether it stands still.
    pub fn is_stopped(&self) -> bool {
        self.world.0.borrow().procs[self.pid as usize].stopped
    }

    /// Has it stand still, or go on: [`Programs`](crate::Programs) does not run it. The kernel goes on answering for it.
    pub fn stop(&self, stopped: bool) {
        self.world.0.borrow_mut().stop_process(self.pid, stopped);
    }

    /// Has its loop read no more than so many bytes of a connection in a millisecond, as a program that has much else to do; 0 for
    /// as many as come. What comes meanwhile waits in the kernel, and its writer when there is no more room.
    pub fn read_slowly(&self, most: usize) {
        self.world.0.borrow_mut().procs[self.pid as usize].slow = most;
    }

    /// The process is no more, and the kernel closes what it had open: with FIN, or with RST where bytes were unread. The
    /// files of its Unix servers stay. What is left of the program does nothing any more.
    pub fn kill(&self) {
        self.world.0.borrow_mut().kill(self.pid);
    }

    /// How many descriptors it may have, 8 of which it has from the beginning: beyond that is `EMFILE`.
    pub fn limit_descriptors(&self, most: usize) {
        self.world.0.borrow_mut().procs[self.pid as usize].most_open = most;
    }

    /// How many descriptors it has.
    pub fn descriptors(&self) -> usize {
        self.world.0.borrow().procs[self.pid as usize].open
    }

    /// Whose it is; 1,000 in the beginning. User 0 may connect to every Unix socket, others to their own and those that
    /// [everybody may write to](netfold::core::ListenOptions).
    pub fn set_user(&self, user: u32) {
        self.world.0.borrow_mut().procs[self.pid as usize].user = user;
    }

    /// Whether its loop would find something to do now.
    pub(crate) fn has_work(&self) -> bool {
        self.world.0.borrow_mut().has_work(self.pid)
    }
}

impl Kernel for Process {
    type Error = io::Error;

    fn call(&mut self, call: &mut Call<'_>) -> Reply {
        self.world.call(self.pid, call)
    }

    fn now(&mut self) -> u64 {
        let inner = self.world.0.borrow();
        inner.now - inner.procs[self.pid as usize].born
    }

    fn wait(&mut self, timeout: Option<u64>) -> io::Result<()> {
        self.world.wait_for(self.pid, timeout)
    }

    fn next(&mut self) -> Option<Completion> {
        self.world.0.borrow_mut().next(self.pid)
    }

    fn ahead(&self, handles: &mut [Option<HandleId>]) {
        self.world.0.borrow().ahead(self.pid, handles);
    }
}

impl Host for Process {
    fn wake_handle(&self) -> Arc<dyn Fn() + Send + Sync> {
        self.world.wake_of(self.pid)
    }

    fn deadline(&self) -> Option<u64> {
        let inner = self.world.0.borrow();
        let proc = &inner.procs[self.pid as usize];
        proc.tables.deadline().map(|at| at.saturating_sub(proc.born))
    }

    fn settle(&mut self) {
        self.world.0.borrow_mut().settle(self.pid);
    }
}

impl Kernel for World {
    type Error = io::Error;

    fn call(&mut self, call: &mut Call<'_>) -> Reply {
        World::call(self, 0, call)
    }

    fn now(&mut self) -> u64 {
        self.0.borrow().now
    }

    fn wait(&mut self, timeout: Option<u64>) -> io::Result<()> {
        self.wait_for(0, timeout)
    }

    fn next(&mut self) -> Option<Completion> {
        self.0.borrow_mut().next(0)
    }

    fn ahead(&self, handles: &mut [Option<HandleId>]) {
        self.0.borrow().ahead(0, handles);
    }
}

impl Host for World {
    fn wake_handle(&self) -> Arc<dyn Fn() + Send + Sync> {
        self.wake_of(0)
    }

    fn deadline(&self) -> Option<u64> {
        self.0.borrow().procs[0].tables.deadline()
    }

    fn settle(&mut self) {
        self.0.borrow_mut().settle(0);
    }
}

impl fmt::Debug for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = self.0.borrow();
        f.debug_struct("World")
            .field("now", &inner.now)
            .field("sockets", &inner.socks.len())
            .field("computers", &inner.computers.len())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Computer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Computer").field(&self.name()).finish()
    }
}

impl fmt::Debug for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Process").field(&self.name()).finish()
    }
}
