//! Everything outside the machine: computers and their network, processes, clock, names, paths.

mod calls;
mod computer;
mod loss;
mod names;
mod pieces;
mod poll;
mod process;
mod public;
mod raw;
mod sock;
mod tcp;
mod time_wait;
mod trouble;
mod turn;
mod unix;
mod unsent;
mod wire;

pub use calls::Readiness;
pub use computer::Computer;
pub use public::Process;
pub use raw::{Descriptor, Place};

use crate::chooser::Chooser;
use crate::faults::Script;
use bytes::Bytes;
use computer::{ComputerState, ProcState};
use netfold::LookupCode;
use netfold::core::LookupAnswer;
use slab::Slab;
use sock::{Backlog, Ref, Serial, Sock};
use std::cell::RefCell;
use std::collections::{BTreeMap, BinaryHeap};
use std::net::{IpAddr, Ipv4Addr};
use std::rc::Rc;
use wire::{Arrival, Way};

/// What a world is like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WorldOptions {
    /// How many bytes a TCP connection takes of a writer whose other party has no room for them, beside
    /// [`receive_buffer`](WorldOptions::receive_buffer). 2,500,000 by default: that of Linux grows so far on loopback.
    pub send_buffer: usize,
    /// How many bytes wait at the other party. 1,000,000 by default. One byte at least is taken of the two together.
    pub receive_buffer: usize,
    /// What a Unix socket's writer has, in bytes as Linux counts them: a message costs more than its length. 212,992 by
    /// default (`wmem_default`).
    pub unix_buffer: usize,
    /// How often a loop goes around without anything to do, because it has immediates, until a millisecond has passed.
    /// 20 by default. At least 1.
    pub spins_a_millisecond: u32,
}

impl Default for WorldOptions {
    fn default() -> Self {
        Self { send_buffer: 2_500_000, receive_buffer: 1_000_000, unix_buffer: 212_992, spins_a_millisecond: 20 }
    }
}

/// What becomes of packets where the way is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Cut {
    /// They are lost, and nobody is told.
    Silent,
    /// A router answers that the host is unreachable: who connects fails with `EHOSTUNREACH`, a connection that is there
    /// already goes on trying.
    Unreachable,
}

/// A simulated network of computers, a host of one [`Net`](netfold::Net). A clone is another hold on the same world, by
/// which a test looks at it and changes it.
///
/// In the beginning there is one computer, named `local`, with one process, which is what the world itself is a host for. It
/// has the loopback addresses 127.0.0.0/8, `::1`, and the mapped ones; everything else is unreachable (`ENETUNREACH`)
/// until there are [further computers](World::computer). The clock is at 0 ms in the beginning, stands still while
/// anything can happen, and then jumps to the next deadline. Running a loop in which nothing can ever happen again fails
/// with an I/O error of kind [`Deadlock`](std::io::ErrorKind::Deadlock).
#[derive(Clone)]
pub struct World(Rc<RefCell<Inner>>);

/// What the resolver knows of a name.
#[derive(Clone, Debug)]
struct Name {
    answer: LookupAnswer,
    delay: u64,
}

#[derive(Clone)]
struct Inner {
    options: WorldOptions,
    chooser: Chooser,
    now: u64,
    /// What was given out last: of sockets, of arrivals.
    serials: u64,
    numbers: u64,
    socks: Slab<Sock>,
    computers: Vec<ComputerState>,
    procs: Vec<ProcState>,
    /// Which computer has it.
    addresses: BTreeMap<IpAddr, u32>,
    arrivals: BinaryHeap<Arrival>,
    /// Where nothing passes; `trouble` says that there is such a place, or a computer that is down.
    cuts: BTreeMap<Way, Cut>,
    trouble: bool,
    names: BTreeMap<String, Name>,
    /// Whether there is a file of another kind, in the test's own opinion.
    other_files: Rc<dyn Fn(&str) -> bool>,
    resolver_delay: u64,
    resolver_failure: Option<LookupCode>,
    script: Script,
    /// How much of the script has happened.
    happened: usize,
    /// Whose programs the script wants to begin anew; all that do not run, when all is well.
    wanted: Vec<String>,
    well: bool,
    /// For `Programs`: the processes that something has happened to, and whether one may have died or is to begin.
    stirred: Vec<u32>,
    mortality: bool,
    /// Room for a write that is passed on.
    passing: Vec<Bytes>,
}

/// The earlier of two times, of which there need not be any.
pub(crate) fn earliest(a: Option<u64>, b: Option<u64>) -> Option<u64> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

impl Inner {
    fn new(chooser: Chooser, options: WorldOptions) -> Self {
        let localhost = Name { answer: Ok(vec![IpAddr::V4(Ipv4Addr::LOCALHOST)]), delay: 0 };
        let mut inner = Self {
            options,
            chooser,
            now: 0,
            serials: 0,
            numbers: 0,
            socks: Slab::new(),
            computers: Vec::new(),
            procs: Vec::new(),
            addresses: BTreeMap::new(),
            arrivals: BinaryHeap::new(),
            cuts: BTreeMap::new(),
            trouble: false,
            names: BTreeMap::from([("localhost".into(), localhost)]),
            other_files: Rc::new(|_| false),
            resolver_delay: 0,
            resolver_failure: None,
            script: Script::default(),
            happened: 0,
            wanted: Vec::new(),
            well: false,
            stirred: Vec::new(),
            mortality: false,
            passing: Vec::new(),
        };
        let local = inner.add_computer("local", Vec::new());
        inner.add_process(local, "local");
        inner
    }

    fn serial(&mut self) -> Serial {
        self.serials += 1;
        Serial::new(self.serials).unwrap_or(Serial::MIN)
    }

    fn sock(&mut self, (at, serial): Ref) -> Option<&mut Sock> {
        self.socks.get_mut(at).filter(|sock| sock.serial == serial)
    }

    fn peek(&self, (at, serial): Ref) -> Option<&Sock> {
        self.socks.get(at).filter(|sock| sock.serial == serial)
    }

    fn backlog(&mut self, which: Ref) -> Option<&mut Backlog> {
        self.sock(which)?.backlog.as_deref_mut()
    }

    /// A socket is gone, with its port or its abstract name.
    fn remove(&mut self, which: Ref) {
        let Some(sock) = self.peek(which) else { return };
        let computer = sock.computer as usize;
        if sock.auto_port || sock.bound {
            self.free_port(which);
        }
        if let Some(path) = self.peek(which).and_then(|sock| sock.path.as_ref()).filter(|path| path.starts_with('\0')) {
            let path = path.clone();
            self.computers[computer].abstracts.remove(&*path);
        }
        self.socks.remove(which.0);
    }

    /// Whether the loop of a process has something to do, and when it next has without anything arriving.
    fn wait(&mut self, pid: u32, until: Option<u64>) -> std::io::Result<()> {
        loop {
            let woken = self.tables(pid).woken.swap(false, std::sync::atomic::Ordering::AcqRel);
            if self.tables(pid).is_amid() || self.poll(pid) || woken {
                return Ok(());
            }
            let rests = self.tables(pid).deadline();
            let due = earliest(until, rests);
            let arrival = self.arrivals.peek().map(|first| first.at);
            match (arrival, due) {
                (Some(at), due) if due.is_none_or(|due| at <= due) => self.now = at,
                (_, Some(due)) => {
                    let most = self.options.spins_a_millisecond.max(1);
                    let now = self.now;
                    let tables = self.tables(pid);
                    tables.spins += 1;
                    let spun = tables.spins >= most;
                    if spun || due > now {
                        tables.spins = 0;
                    }
                    self.now = due.max(now + u64::from(spun));
                    if until.is_some_and(|until| until <= self.now) {
                        return Ok(());
                    }
                }
                (_, None) => {
                    let nothing = "nothing can happen in this world any more";
                    return Err(std::io::Error::new(std::io::ErrorKind::Deadlock, nothing));
                }
            }
        }
    }
}
