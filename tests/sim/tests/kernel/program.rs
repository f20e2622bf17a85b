//! Programs of system calls: what they are, and how they are made.

use netfold_sim::{Chooser, Errno, Readiness};
use std::fmt;

/// How many sockets a program has at most.
pub const SLOTS: usize = 6;

/// What is asked of a socket, which is meant by its slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Op {
    /// Makes one, if the slot is empty.
    Socket(usize),
    /// To a free port, or to the program's path.
    Bind(usize),
    /// To where the last bind was.
    BindAgain(usize),
    Listen(usize, u32),
    /// To where the last bind was; where there was none, to where nobody is.
    Connect(usize),
    /// Into the first empty slot.
    Accept(usize),
    Send(usize, usize),
    Recv(usize, usize),
    /// Of reading, of writing.
    Shutdown(usize, bool, bool),
    /// With linger 0, or without.
    Close(usize, bool),
    /// SO_ERROR
    Error(usize),
    Poll(usize),
}

/// What a call came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// There was nothing to do it with.
    Nothing,
    Done,
    Count(usize),
    Bytes(Vec<u8>),
    Failed(Errno),
    /// SO_ERROR
    Was(Option<Errno>),
    Ready(Readiness),
}

impl Outcome {
    pub fn of<T>(result: Result<T, Errno>, ok: impl FnOnce(T) -> Outcome) -> Self {
        result.map_or_else(Outcome::Failed, ok)
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Outcome::Nothing => write!(f, "-"),
            Outcome::Done => write!(f, "done"),
            Outcome::Count(n) => write!(f, "{n}"),
            Outcome::Bytes(bytes) => write!(f, "{} bytes, from {:?}", bytes.len(), bytes.first()),
            Outcome::Failed(errno) => write!(f, "{errno}"),
            Outcome::Was(errno) => write!(f, "was {errno:?}"),
            Outcome::Ready(is) => {
                let flags = [
                    (is.read, "IN"),
                    (is.write, "OUT"),
                    (is.read_closed, "RDHUP"),
                    (is.hang_up, "HUP"),
                    (is.error, "ERR"),
                ];
                let set: Vec<&str> = flags.iter().filter(|(on, _)| *on).map(|(_, name)| *name).collect();
                write!(f, "ready {}", set.join("|"))
            }
        }
    }
}

/// What runs programs: a kernel, or the world.
pub trait System {
    fn call(&mut self, op: Op) -> Outcome;
}

/// The bytes of a write: none is like the ones beside it.
pub fn bytes(sent: &mut u8, len: usize) -> Vec<u8> {
    (0..len)
        .map(|_| {
            *sent = sent.wrapping_add(1) % 251;
            *sent
        })
        .collect()
}

/// A program of this seed. Most begin with a connection; what follows is anything.
pub fn program(seed: u64, unix: bool) -> Vec<Op> {
    let chooser = Chooser::seed(seed);
    // Labels of their own, so that a seed does not have half of the operations off.
    let pick = |n: u32| {
        let labels = ["a", "b", "c", "d", "e", "f", "g", "h"];
        labels.iter().fold(0, |sum, label| (sum + chooser.choose(label, n)) % n)
    };
    let mut ops = Vec::new();
    if pick(8) != 0 {
        ops.extend([Op::Socket(0), Op::Bind(0), Op::Listen(0, pick(3)), Op::Socket(1), Op::Connect(1)]);
        if pick(4) != 0 {
            ops.push(Op::Accept(0));
        }
    }
    let sizes: &[usize] = if unix { &[1, 10, 300, 5_000, 40_000, 150_000, 300_000] } else { &[1, 10, 300, 5_000] };
    let size = |pick: &dyn Fn(u32) -> u32| sizes[pick(sizes.len() as u32) as usize];
    for _ in 0..3 + pick(14) {
        let slot = match pick(8) {
            0..=2 => 1,
            3..=5 => 2,
            _ => pick(SLOTS as u32) as usize,
        };
        ops.push(match pick(24) {
            0 => Op::Socket(slot),
            1 => Op::Bind(slot),
            2 => Op::BindAgain(slot),
            3 => Op::Listen(slot, pick(3)),
            4 | 5 => Op::Connect(slot),
            6 | 7 => Op::Accept(if pick(4) == 0 { slot } else { 0 }),
            8..=11 => Op::Send(slot, size(&pick)),
            12..=15 => Op::Recv(slot, size(&pick)),
            16 => Op::Shutdown(slot, false, true),
            17 => Op::Shutdown(slot, pick(2) == 1, pick(2) == 1),
            18 | 19 => Op::Close(slot, pick(2) == 1),
            20 => Op::Error(slot),
            _ => Op::Poll(slot),
        });
    }
    // What is left is seen at the end.
    for slot in 0..SLOTS {
        ops.extend([Op::Poll(slot), Op::Recv(slot, 100_000), Op::Send(slot, 1), Op::Recv(slot, 1)]);
    }
    ops
}

/// The first step at which two runs are not the same.
pub fn differs(a: &[Outcome], b: &[Outcome]) -> Option<usize> {
    (0..a.len().max(b.len())).find(|at| a.get(*at) != b.get(*at))
}
