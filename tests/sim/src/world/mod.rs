//! Everything outside the machine: network, clock, names, paths.

mod calls;
mod end;
mod net;
mod poll;

use crate::chooser::Chooser;
use end::{At, End, Ref};
use net::Arrival;
use netfold::core::host::Kernel;
use netfold::core::{Call, Completion, HandleId, LookupAnswer, LookupId, Op, Reply};
use netfold::{Host, LookupCode};
use poll::Stage;
use slab::Slab;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap, HashSet, VecDeque};
use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// What a world is like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WorldOptions {
    /// How many bytes a connection takes of a writer whose other party does not read, beside
    /// [`receive_buffer`](WorldOptions::receive_buffer). 2,500,000 by default: that of Linux grows so far on loopback.
    pub send_buffer: usize,
    /// How many bytes wait at the other party. 1,000,000 by default. One byte at least is taken of the two together.
    pub receive_buffer: usize,
    /// How often a loop goes around without anything to do, because it has immediates, until a millisecond has passed.
    /// 20 by default. At least 1.
    pub spins_a_millisecond: u32,
}

impl Default for WorldOptions {
    fn default() -> Self {
        Self { send_buffer: 2_500_000, receive_buffer: 1_000_000, spins_a_millisecond: 20 }
    }
}

/// A simulated machine with a loopback network, a host of one [`Net`](netfold::Net). A clone is another hold on the same
/// world, by which a test looks at it and changes it.
///
/// Addresses are 127.0.0.0/8, `::1`, and the mapped ones; everything else is unreachable (`ENETUNREACH`). The clock is at
/// 0 ms in the beginning, stands still while anything can happen, and then jumps to the next deadline. Running a loop in
/// which nothing can ever happen again fails with an I/O error of kind [`Deadlock`](io::ErrorKind::Deadlock).
#[derive(Clone)]
pub struct World(Rc<RefCell<Inner>>);

#[derive(Debug)]
struct Listener {
    serial: u64,
    handle: HandleId,
    at: At,
    ipv6_only: bool,
    reuse_port: bool,
    backlog: u32,
    waiting: VecDeque<Ref>,
    queued: bool,
}

impl Listener {
    /// Linux lets in one more than the backlog.
    fn is_full(&self) -> bool {
        self.waiting.len() > self.backlog as usize
    }
}

/// What a handle is.
#[derive(Debug)]
enum What {
    New { bound: Option<At>, ipv6_only: bool, reuse_port: bool },
    End(Ref),
    Listener(Ref),
}

/// What a poll can report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Watch {
    End(Ref),
    Listener(Ref),
}

struct Inner {
    options: WorldOptions,
    chooser: Chooser,
    woken: Arc<AtomicBool>,
    now: u64,
    /// Rounds with nothing to do since the clock went on.
    spins: u32,
    /// What was given out last: of ends and listeners, of arrivals.
    serials: u64,
    numbers: u64,
    ends: Slab<End>,
    listeners: Slab<Listener>,
    /// By slot, with the generation.
    handles: Vec<Option<(u32, What)>>,
    /// Accepted, and not yet taken.
    conns: HashMap<u64, Ref>,
    /// Of ends that connected; those of listeners are found there.
    ports: HashSet<u16>,
    next_port: u16,
    directories: BTreeSet<String>,
    paths: BTreeSet<String>,
    names: BTreeMap<String, LookupAnswer>,
    arrivals: BinaryHeap<Arrival>,
    answers: VecDeque<(LookupId, LookupAnswer)>,
    /// What may be ready, in the order in which it became so.
    ready: VecDeque<Watch>,
    /// Whose interest changed since the last poll.
    changed: Vec<Watch>,
    /// What this poll reported and the loop has not come to.
    reported: VecDeque<Watch>,
    /// Where the loop stands within the first of them.
    at: Option<(Watch, u32, Stage)>,
}

impl Inner {
    fn serial(&mut self) -> u64 {
        self.serials += 1;
        self.serials
    }

    fn set(&mut self, h: HandleId, what: What) {
        let slot = h.slot() as usize;
        if self.handles.len() <= slot {
            self.handles.resize_with(slot + 1, || None);
        }
        self.handles[slot] = Some((h.generation(), what));
    }

    fn what(&mut self, h: HandleId) -> Option<&mut What> {
        let known = self.handles.get_mut(h.slot() as usize)?.as_mut()?;
        (known.0 == h.generation()).then_some(&mut known.1)
    }
}

impl World {
    /// A world in which this chooser decides.
    pub fn new(chooser: Chooser) -> Self {
        Self::with(chooser, WorldOptions::default())
    }

    /// A world of this kind.
    pub fn with(chooser: Chooser, options: WorldOptions) -> Self {
        let (receive_buffer, spins) = (options.receive_buffer.max(1), options.spins_a_millisecond.max(1));
        Self(Rc::new(RefCell::new(Inner {
            options: WorldOptions { receive_buffer, spins_a_millisecond: spins, ..options },
            chooser,
            woken: Arc::new(AtomicBool::new(false)),
            now: 0,
            spins: 0,
            serials: 0,
            numbers: 0,
            ends: Slab::new(),
            listeners: Slab::new(),
            handles: Vec::new(),
            conns: HashMap::new(),
            ports: HashSet::new(),
            next_port: 32_768,
            directories: BTreeSet::from(["/tmp".into()]),
            paths: BTreeSet::new(),
            names: BTreeMap::from([("localhost".into(), Ok(vec![IpAddr::V4(Ipv4Addr::LOCALHOST)]))]),
            arrivals: BinaryHeap::new(),
            answers: VecDeque::new(),
            ready: VecDeque::new(),
            changed: Vec::new(),
            reported: VecDeque::new(),
            at: None,
        })))
    }

    /// The time, in milliseconds.
    pub fn now(&self) -> u64 {
        self.0.borrow().now
    }

    /// Who decides.
    pub fn chooser(&self) -> Chooser {
        self.0.borrow().chooser.clone()
    }

    /// What the resolver says of a name: addresses in this order, or an error. It knows `localhost` as 127.0.0.1; of all
    /// other names it says `ENOTFOUND`.
    pub fn resolve(&self, host: &str, answer: Result<Vec<IpAddr>, LookupCode>) {
        self.0.borrow_mut().names.insert(host.into(), answer);
    }

    /// A further directory in which Unix sockets can be made; `/tmp` is there from the beginning. Written without a slash
    /// at its end; an empty one is that of paths without a slash.
    pub fn directory(&self, path: &str) {
        self.0.borrow_mut().directories.insert(path.into());
    }

    /// A file that nobody listens on: what a server that was killed leaves behind.
    pub fn leave_path(&self, path: &str) {
        self.0.borrow_mut().paths.insert(path.into());
    }

    /// Removes a path; whether it was there.
    pub fn unlink(&self, path: &str) -> bool {
        self.0.borrow_mut().paths.remove(path)
    }

    /// What is there that a program has to close: connections, listeners, paths. Nothing at the end of one that cleans
    /// up.
    pub fn left(&self) -> Vec<String> {
        let inner = self.0.borrow();
        let ends = inner.ends.iter().map(|(_, end)| format!("a connection, {:?} to {:?}", end.local, end.remote));
        let listeners = inner.listeners.iter().map(|(_, listener)| format!("a listener at {:?}", listener.at));
        let handles = inner.handles.iter().flatten().map(|(_, what)| format!("a handle, {what:?}"));
        let paths = inner.paths.iter().map(|path| format!("the path {path}"));
        ends.chain(listeners).chain(handles).chain(paths).collect()
    }
}

impl fmt::Debug for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = self.0.borrow();
        f.debug_struct("World")
            .field("now", &inner.now)
            .field("ends", &inner.ends.len())
            .field("listeners", &inner.listeners.len())
            .finish_non_exhaustive()
    }
}

impl Kernel for World {
    type Error = io::Error;

    fn call(&mut self, call: &mut Call<'_>) -> Reply {
        let mut inner = self.0.borrow_mut();
        match call.op() {
            Op::Write(h, _) => inner.write(call, h),
            op => inner.answer(&op),
        }
    }

    fn now(&mut self) -> u64 {
        self.0.borrow().now
    }

    fn wait(&mut self, timeout: Option<u64>) -> io::Result<()> {
        let mut inner = self.0.borrow_mut();
        let until = timeout.map(|timeout| inner.now.saturating_add(timeout));
        loop {
            let woken = inner.woken.swap(false, Ordering::AcqRel);
            if inner.poll() || woken {
                return Ok(());
            }
            let arrival = inner.arrivals.peek().map(|first| first.at);
            match (arrival, until) {
                (Some(at), until) if until.is_none_or(|until| at <= until) => inner.now = at,
                (_, Some(until)) => {
                    inner.spins += 1;
                    let spun = inner.spins >= inner.options.spins_a_millisecond;
                    if spun || until > inner.now {
                        inner.spins = 0;
                    }
                    inner.now = until.max(inner.now + u64::from(spun));
                    return Ok(());
                }
                (_, None) => {
                    return Err(io::Error::new(io::ErrorKind::Deadlock, "nothing can happen in this world any more"));
                }
            }
        }
    }

    fn next(&mut self) -> Option<Completion> {
        self.0.borrow_mut().next()
    }
}

impl Host for World {
    fn wake_handle(&self) -> Arc<dyn Fn() + Send + Sync> {
        let woken = self.0.borrow().woken.clone();
        Arc::new(move || woken.store(true, Ordering::Release))
    }
}
