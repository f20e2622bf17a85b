//! Several programs in one world: who runs when, and what begins anew.

use crate::world::{Computer, Process, World};
use netfold::{Host, Net, NetError};
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
}

impl Programs {
    /// None yet.
    pub fn new(world: &World) -> Self {
        Self { world: world.clone(), entries: Vec::new() }
    }

    /// One more program, which begins at once: `begin` makes it, on the process that it is given, and again whenever it
    /// begins anew.
    pub fn add(&mut self, name: &str, computer: &Computer, begin: impl FnMut(Process) -> Box<dyn Program> + 'static) {
        let begin: Begin = Box::new(begin);
        let (name, computer) = (name.into(), computer.clone());
        let mut entry = Entry { name, computer, begin, running: None, fresh: true, killed: false };
        entry.start();
        self.entries.push(entry);
    }

    /// The process of a program, if it runs.
    pub fn process(&self, name: &str) -> Option<Process> {
        let entry = self.entries.iter().find(|entry| entry.name == name)?;
        entry.running.as_ref().map(|(process, _)| process.clone())
    }

    /// Begins a program that does not run; whether that could be done.
    pub fn start(&mut self, name: &str) -> bool {
        self.entries.iter_mut().find(|entry| entry.name == name).is_some_and(Entry::start)
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
        loop {
            self.bury();
            self.begin_anew();
            let waits = self.entries.iter().any(|entry| entry.killed) && self.world.expects_faults();
            if self.are_over() && !waits {
                return Ok(());
            }
            let ready: Vec<usize> = (0..self.entries.len()).filter(|at| self.entries[*at].is_ready()).collect();
            if ready.is_empty() {
                if !self.pass(until) {
                    return Ok(());
                }
                continue;
            }
            let first = match ready.len() {
                1 => 0,
                n => self.world.chooser().choose("turn", n as u32) as usize,
            };
            self.entries[ready[first]].go()?;
        }
    }

    /// What was killed is gone.
    fn bury(&mut self) {
        for entry in &mut self.entries {
            entry.killed |= entry.running.take_if(|(process, _)| !process.is_alive()).is_some();
        }
    }

    fn begin_anew(&mut self) {
        let (names, all) = self.world.take_wanted();
        for entry in &mut self.entries {
            if entry.killed && (all || names.contains(&entry.name)) {
                entry.start();
            }
        }
    }

    /// Lets time pass until something happens; whether anything will, in time.
    fn pass(&mut self, until: u64) -> bool {
        let now = self.world.now();
        let running = self.entries.iter_mut().filter_map(|entry| entry.running.as_mut());
        let due = running.filter(|(process, _)| !process.is_stopped());
        let due = due.filter_map(|(_, program)| program.due()).min().map(|due| now.saturating_add(due));
        let arrival = self.world.next_arrival();
        match [due, arrival].into_iter().flatten().min() {
            Some(at) if at <= until => {
                self.world.pass_until(at);
                true
            }
            _ => false,
        }
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
        (self.fresh, self.killed) = (true, false);
        true
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
