//! Several programs in one world: who runs when, and what begins anew.

use crate::world::{Computer, Process, World, earliest};
use netfold::{Host, Net, NetError};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, VecDeque};
use std::fmt;

/// A program that [`Programs`] runs: a [`Net`], or something around one.
pub trait Program {
    /// Goes once around its loop, without waiting; whether anything keeps it alive.
    fn around(&mut self) -> Result<bool, NetError>;

    /// In how many milliseconds it must go around even if nothing arrives; `None` if it need not.
    fn due(&mut self) -> Option<u64>;
}

impl<S, H: Host> Program for Net<S, H> {
    fn around(&mut self) -> Result<bool, NetError> {
        self.dispatch()
    }

    fn due(&mut self) -> Option<u64> {
        self.deadline()
    }
}

/// Among how many that have something to do the next is chosen.
const ORDERS: usize = 4;

type Begin = Box<dyn FnMut(Process) -> Box<dyn Program>>;

struct Entry {
    name: String,
    computer: Computer,
    begin: Begin,
    running: Option<(Process, Box<dyn Program>)>,
    /// It began, and has not been around yet.
    fresh: bool,
    /// It was killed, and may begin anew.
    killed: bool,
    /// When it must go around even if nothing arrives.
    due: Option<u64>,
    /// It stands in the list of those that may have something to do.
    stirred: bool,
}

/// The programs of one world, each a process of its own on one of the computers.
///
/// One at a time goes around its loop; which of those that have something to do is the chooser's decision (`turn`). When
/// none has, time passes until something arrives or is due. A program is over when nothing keeps its loop alive. What was
/// killed, or was on a computer that crashed, is gone without notice, and begins anew when a [script](crate::Script) says so
/// or all is well again.
///
/// ```
/// use netfold::{Limits, Net};
/// use netfold_sim::{Chooser, Programs, World};
///
/// let world = World::new(Chooser::seed(1));
/// let (one, two) = (world.computer("one", &["10.0.0.1"]), world.computer("two", &["10.0.0.2"]));
/// let mut programs = Programs::new(&world);
/// programs.add("server", &one, |process| {
///     let mut net = Net::with_host((), process, Limits::DEFAULT);
///     let server = net.create_server(|net, socket| socket.end_with(net, "hello"));
///     server.listen(&mut net, ("10.0.0.1", 80)).unwrap();
///     net.set_timeout(60_000.0, move |net| server.close(net));
///     Box::new(net)
/// });
/// programs.add("client", &two, |process| {
///     let mut net = Net::with_host((), process, Limits::DEFAULT);
///     net.set_timeout(100.0, |net| {
///         let client = net.connect(("10.0.0.1", 80)).unwrap();
///         client.on_data(net, |_, _, chunk| assert_eq!(chunk, "hello"));
///     });
///     Box::new(net)
/// });
/// programs.run(100_000)?;
/// assert!(programs.are_over());
/// assert_eq!(world.left(), [""; 0]);
/// # Ok::<(), netfold::NetError>(())
/// ```
pub struct Programs {
    world: World,
    entries: Vec<Entry>,
    /// By process, which entry it is.
    of_process: BTreeMap<u32, usize>,
    /// Those that may have something to do, each once.
    stirred: VecDeque<usize>,
    /// When each must go around even if nothing arrives; the earliest first. Those that are not an entry's own are old.
    due: BinaryHeap<Reverse<(u64, usize)>>,
}

impl Programs {
    /// None yet.
    pub fn new(world: &World) -> Self {
        let (entries, of_process) = (Vec::new(), BTreeMap::new());
        Self { world: world.clone(), entries, of_process, stirred: VecDeque::new(), due: BinaryHeap::new() }
    }

    /// One more program, which begins at once: `begin` makes it, on the process that it is given, and again whenever it
    /// begins anew.
    pub fn add(&mut self, name: &str, computer: &Computer, begin: impl FnMut(Process) -> Box<dyn Program> + 'static) {
        let begin: Begin = Box::new(begin);
        let (name, computer) = (name.into(), computer.clone());
        let mut entry =
            Entry { name, computer, begin, running: None, fresh: true, killed: false, due: None, stirred: false };
        entry.start();
        self.entries.push(entry);
        self.begun(self.entries.len() - 1);
    }

    /// The process of a program, if it runs.
    pub fn process(&self, name: &str) -> Option<Process> {
        let entry = self.entries.iter().find(|entry| entry.name == name)?;
        entry.running.as_ref().map(|(process, _)| process.clone())
    }

    /// Begins a program that does not run; whether that could be done.
    pub fn start(&mut self, name: &str) -> bool {
        let Some(at) = self.entries.iter().position(|entry| entry.name == name) else { return false };
        let started = self.entries[at].start();
        self.begun(at);
        started
    }

    /// A program has begun: its process is known, and it goes around once.
    fn begun(&mut self, at: usize) {
        if let Some((process, _)) = &self.entries[at].running {
            self.of_process.insert(process.id(), at);
            self.stir(at);
        }
    }

    fn stir(&mut self, at: usize) {
        if !std::mem::replace(&mut self.entries[at].stirred, true) {
            self.stirred.push_back(at);
        }
    }

    /// Whether each program has come to its end.
    pub fn are_over(&self) -> bool {
        self.entries.iter().all(|entry| entry.running.is_none())
    }

    /// Runs them until all are over, or nothing can happen any more before `until`, in milliseconds of the world's time.
    ///
    /// # Errors
    /// The first that a program ends with; that program is over then.
    pub fn run(&mut self, until: u64) -> Result<(), NetError> {
        (0..self.entries.len()).for_each(|at| self.stir(at));
        loop {
            if self.world.take_mortality() {
                self.bury();
                self.begin_anew();
            }
            for pid in self.world.take_stirred() {
                if let Some(at) = self.of_process.get(&pid) {
                    self.stir(*at);
                }
            }
            let first = match self.stirred.len() {
                0 if self.are_done() => return Ok(()),
                0 if !self.pass(until) => return Ok(()),
                0 => continue,
                1 => 0,
                n => self.world.chooser().choose("turn", n.min(ORDERS) as u32) as usize,
            };
            let Some(at) = self.stirred.remove(first) else { continue };
            self.entries[at].stirred = false;
            if self.entries[at].is_ready() {
                self.entries[at].go()?;
                self.stir(at);
            }
            self.plan(at);
        }
    }

    /// Whether nothing runs, nor will.
    fn are_done(&self) -> bool {
        let waits = self.entries.iter().any(|entry| entry.killed) && self.world.expects_faults();
        self.are_over() && !waits
    }

    /// Notes when an entry must go around next.
    fn plan(&mut self, at: usize) {
        let now = self.world.now();
        let entry = &mut self.entries[at];
        let due = entry.running.as_mut().and_then(|(_, program)| program.due());
        let due = due.map(|due| now.saturating_add(due));
        if let Some(due) = due.filter(|due| Some(*due) != entry.due) {
            self.due.push(Reverse((due, at)));
        }
        entry.due = due;
    }

    /// What was killed is gone.
    fn bury(&mut self) {
        for entry in &mut self.entries {
            entry.killed |= entry.running.take_if(|(process, _)| !process.is_alive()).is_some();
        }
    }

    fn begin_anew(&mut self) {
        let (names, all) = self.world.take_wanted();
        for at in 0..self.entries.len() {
            let entry = &mut self.entries[at];
            // One that stood still has missed its time.
            entry.due = None;
            if entry.killed && (all || names.contains(&entry.name)) {
                entry.start();
                self.begun(at);
            }
            self.stir(at);
        }
    }

    /// Lets time pass until something happens; whether anything will, in time.
    fn pass(&mut self, until: u64) -> bool {
        while let Some(Reverse((at, which))) = self.due.peek().copied()
            && !self.entries[which].is_due(at)
        {
            self.due.pop();
        }
        let due = self.due.peek().map(|Reverse((at, _))| *at);
        let at = match earliest(due, self.world.next_arrival()) {
            Some(at) if at <= until => at,
            _ => return false,
        };
        self.world.pass_until(at);
        while let Some(Reverse((due, which))) = self.due.peek().copied()
            && due <= at
        {
            self.due.pop();
            if self.entries[which].is_due(due) {
                self.entries[which].due = None;
                self.stir(which);
            }
        }
        true
    }
}

impl Entry {
    fn start(&mut self) -> bool {
        if self.running.is_some() || !self.computer.is_up() {
            return false;
        }
        let process = self.computer.process(&self.name);
        let program = (self.begin)(process.clone());
        self.running = Some((process, program));
        (self.fresh, self.killed, self.due) = (true, false, None);
        true
    }

    /// Whether this is when it must go around.
    fn is_due(&self, at: u64) -> bool {
        let runs = self.running.as_ref().is_some_and(|(process, _)| !process.is_stopped());
        runs && self.due == Some(at)
    }

    fn is_ready(&mut self) -> bool {
        match &mut self.running {
            Some((process, program)) if !process.is_stopped() => {
                self.fresh || process.has_work() || program.due() == Some(0)
            }
            _ => false,
        }
    }

    fn go(&mut self) -> Result<(), NetError> {
        let Some((_, program)) = &mut self.running else { return Ok(()) };
        self.fresh = false;
        let around = program.around();
        if !matches!(around, Ok(true)) {
            self.running = None;
        }
        around.map(|_| ())
    }
}

impl fmt::Debug for Programs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.entries.iter().map(|entry| (&entry.name, entry.running.is_some()));
        f.debug_map().entries(names).finish()
    }
}
