//! What goes wrong in a world, and when: a script, written by hand or made of a chooser's answers.

use crate::chooser::Chooser;
use netfold::LookupCode;
use std::fmt;
use std::str::FromStr;

/// The first line of the text.
const MAGIC: &str = "netfold faults 1";

/// One thing that goes wrong, or is well again. Computers and processes are meant by their names.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Fault {
    /// `cut A B`: nothing passes between two computers, and nobody is told.
    Cut(String, String),
    /// `unreachable A B`: nothing passes, and a router says so.
    Unreachable(String, String),
    /// `heal A B`: packets pass again.
    Heal(String, String),
    /// `latency A MS`: packets from and to a computer are under way for so much longer, in milliseconds.
    Latency(String, u64),
    /// `crash A`: a computer is gone at once, and its peers hear nothing.
    Crash(String),
    /// `boot A`: it runs again, and the programs that were on it begin anew.
    Boot(String),
    /// `kill P`: a process is gone, and the kernel closes what it had open.
    Kill(String),
    /// `start P`: its program begins anew, if it does not run.
    Start(String),
    /// `stop P`: a process stands still.
    Stop(String),
    /// `go P`: it goes on.
    Go(String),
    /// `slow P N`: a process reads no more than so many bytes of a connection in a millisecond; 0 for as many as come.
    Slow(String, usize),
    /// `descriptors P N`: a process may have so many descriptors beside those that it has.
    Descriptors(String, usize),
    /// `files A N`: the processes of a computer may have so many descriptors beside those that they have.
    Files(String, usize),
    /// `ports A N`: a computer gives out so many ports.
    Ports(String, u16),
    /// `resolver-delay MS`: every answer of the resolver takes so much longer.
    ResolverDelay(u64),
    /// `resolver-fails CODE`: EAI_AGAIN, EAI_FAIL, EAI_MEMORY or ENOTFOUND, whatever is asked.
    ResolverFails(LookupCode),
    /// `well`: all is well again, but for what is dead: that begins anew.
    Well,
}

/// What goes wrong, each at its time in milliseconds, in order.
///
/// As text: the line `netfold faults 1`, then a line `TIME FAULT` each, a fault as [`Fault`] writes it. Empty lines and
/// what begins with `#` count for nothing.
///
/// ```
/// use netfold_sim::{Fault, Script};
///
/// let script: Script = "netfold faults 1\n500 cut client server\n9000 heal client server\n".parse()?;
/// assert_eq!(script.faults()[0], (500, Fault::Cut("client".into(), "server".into())));
/// assert_eq!(script.to_string().parse(), Ok(script));
/// # Ok::<(), netfold_sim::ScriptError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Script(Vec<(u64, Fault)>);

/// What is wrong with the text of a script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScriptError {
    /// The line, counted from 1.
    pub line: usize,
    /// What stands there.
    pub found: String,
}

/// What can go wrong at random, and until when.
#[derive(Clone, Debug)]
pub struct Troubles<'a> {
    /// The computers between which the way can be cut, that can crash and be slow.
    pub computers: &'a [&'a str],
    /// The processes that can be killed, stand still, and run out of descriptors.
    pub processes: &'a [&'a str],
    /// When all is [`Well`](Fault::Well) again, in milliseconds: what follows is the quiescence in which everything has to
    /// come to its end.
    pub horizon: u64,
}

impl Script {
    /// These faults, brought into the order of their times.
    pub fn new(mut faults: Vec<(u64, Fault)>) -> Self {
        faults.sort_by_key(|(at, _)| *at);
        Self(faults)
    }

    /// The faults.
    pub fn faults(&self) -> &[(u64, Fault)] {
        &self.0
    }

    /// A script of the chooser's. Each family of faults has a label of its own, so that a [seed](Chooser::seed) has whole
    /// families off. At the horizon all is well.
    pub fn choose(chooser: &Chooser, troubles: &Troubles<'_>) -> Self {
        let mut faults = Vec::new();
        let horizon = troubles.horizon;
        let times = |label: &'static str| {
            let from = u64::from(chooser.choose(label, 100)) * horizon / 100;
            let lasts = [300, 1, 20_000, horizon][chooser.choose(label, 4) as usize];
            (from, (from + lasts).min(horizon))
        };
        let one = |label: &'static str, of: &[&str]| of[chooser.choose(label, of.len() as u32) as usize].to_owned();
        let mut family = |label: &'static str, make: &mut dyn FnMut() -> (Fault, Option<Fault>)| {
            for _ in 0..chooser.choose(label, 3) {
                let (from, to) = times(label);
                let (begins, ends) = make();
                faults.push((from, begins));
                faults.extend(ends.map(|ends| (to, ends)));
            }
        };
        let (computers, processes) = (troubles.computers, troubles.processes);
        if !computers.is_empty() {
            family("fault cut", &mut || {
                let (a, b) = (one("fault cut", computers), one("fault cut", computers));
                let heal = Fault::Heal(a.clone(), b.clone());
                let silent = chooser.choose("fault cut", 2) == 0;
                (if silent { Fault::Cut(a, b) } else { Fault::Unreachable(a, b) }, Some(heal))
            });
            family("fault latency", &mut || {
                let a = one("fault latency", computers);
                let slow = [5, 250, 3_000][chooser.choose("fault latency", 3) as usize];
                (Fault::Latency(a.clone(), slow), Some(Fault::Latency(a, 0)))
            });
            family("fault crash", &mut || {
                let a = one("fault crash", computers);
                (Fault::Crash(a.clone()), Some(Fault::Boot(a)))
            });
            family("fault ports", &mut || {
                let a = one("fault ports", computers);
                (Fault::Ports(a, chooser.choose("fault ports", 4) as u16), None)
            });
            family("fault files", &mut || {
                let a = one("fault files", computers);
                (Fault::Files(a, chooser.choose("fault files", 4) as usize), None)
            });
        }
        if !processes.is_empty() {
            family("fault kill", &mut || {
                let p = one("fault kill", processes);
                (Fault::Kill(p.clone()), Some(Fault::Start(p)))
            });
            family("fault stop", &mut || {
                let p = one("fault stop", processes);
                (Fault::Stop(p.clone()), Some(Fault::Go(p)))
            });
            family("fault descriptors", &mut || {
                let p = one("fault descriptors", processes);
                (Fault::Descriptors(p, chooser.choose("fault descriptors", 4) as usize), None)
            });
        }
        family("fault resolver", &mut || match chooser.choose("fault resolver", 3) {
            0 => (Fault::ResolverDelay(700), Some(Fault::ResolverDelay(0))),
            1 => (Fault::ResolverFails(LookupCode::TryAgain), None),
            _ => (Fault::ResolverFails(LookupCode::NotFound), None),
        });
        if !processes.is_empty() {
            family("fault slow", &mut || {
                let p = one("fault slow", processes);
                let most = [20, 1, 1_000][chooser.choose("fault slow", 3) as usize];
                (Fault::Slow(p.clone(), most), Some(Fault::Slow(p, 0)))
            });
        }
        faults.push((horizon, Fault::Well));
        Self::new(faults)
    }
}

/// The failures that a resolver can have.
const FAILURES: [LookupCode; 4] = [LookupCode::NotFound, LookupCode::TryAgain, LookupCode::Fail, LookupCode::Memory];

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::Cut(a, b) => write!(f, "cut {a} {b}"),
            Fault::Unreachable(a, b) => write!(f, "unreachable {a} {b}"),
            Fault::Heal(a, b) => write!(f, "heal {a} {b}"),
            Fault::Latency(a, ms) => write!(f, "latency {a} {ms}"),
            Fault::Crash(a) => write!(f, "crash {a}"),
            Fault::Boot(a) => write!(f, "boot {a}"),
            Fault::Kill(p) => write!(f, "kill {p}"),
            Fault::Start(p) => write!(f, "start {p}"),
            Fault::Stop(p) => write!(f, "stop {p}"),
            Fault::Go(p) => write!(f, "go {p}"),
            Fault::Slow(p, n) => write!(f, "slow {p} {n}"),
            Fault::Descriptors(p, n) => write!(f, "descriptors {p} {n}"),
            Fault::Files(a, n) => write!(f, "files {a} {n}"),
            Fault::Ports(a, n) => write!(f, "ports {a} {n}"),
            Fault::ResolverDelay(ms) => write!(f, "resolver-delay {ms}"),
            Fault::ResolverFails(code) => write!(f, "resolver-fails {}", code.name()),
            Fault::Well => write!(f, "well"),
        }
    }
}

impl FromStr for Fault {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let words: Vec<&str> = text.split_whitespace().collect();
        fn number<N: FromStr>(word: &str) -> Result<N, ()> {
            word.parse().map_err(|_| ())
        }
        Ok(match words[..] {
            ["cut", a, b] => Fault::Cut(a.into(), b.into()),
            ["unreachable", a, b] => Fault::Unreachable(a.into(), b.into()),
            ["heal", a, b] => Fault::Heal(a.into(), b.into()),
            ["latency", a, ms] => Fault::Latency(a.into(), number(ms)?),
            ["crash", a] => Fault::Crash(a.into()),
            ["boot", a] => Fault::Boot(a.into()),
            ["kill", p] => Fault::Kill(p.into()),
            ["start", p] => Fault::Start(p.into()),
            ["stop", p] => Fault::Stop(p.into()),
            ["go", p] => Fault::Go(p.into()),
            ["slow", p, n] => Fault::Slow(p.into(), number(n)?),
            ["descriptors", p, n] => Fault::Descriptors(p.into(), number(n)?),
            ["files", a, n] => Fault::Files(a.into(), number(n)?),
            ["ports", a, n] => Fault::Ports(a.into(), number(n)?),
            ["resolver-delay", ms] => Fault::ResolverDelay(number(ms)?),
            ["resolver-fails", name] => {
                let code = FAILURES.into_iter().find(|code| code.name() == name);
                Fault::ResolverFails(code.ok_or(())?)
            }
            ["well"] => Fault::Well,
            _ => return Err(()),
        })
    }
}

impl fmt::Display for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{MAGIC}")?;
        self.0.iter().try_for_each(|(at, fault)| writeln!(f, "{at} {fault}"))
    }
}

impl FromStr for Script {
    type Err = ScriptError;

    fn from_str(text: &str) -> Result<Self, ScriptError> {
        let mut lines = text.lines().enumerate().map(|(at, line)| (at + 1, line.trim()));
        let wrong = |line: usize, found: &str| ScriptError { line, found: found.into() };
        match lines.next() {
            Some((_, MAGIC)) => {}
            other => return Err(wrong(1, other.map_or("", |(_, line)| line))),
        }
        let faults = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#')).map(|(at, line)| {
            let parsed = line.split_once(' ').and_then(|(time, fault)| Some((time.parse().ok()?, fault.parse().ok()?)));
            parsed.ok_or_else(|| wrong(at, line))
        });
        faults.collect::<Result<_, _>>().map(Self::new)
    }
}

impl fmt::Display for ScriptError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "faults, line {}: {:?}", self.line, self.found)
    }
}

impl std::error::Error for ScriptError {}
