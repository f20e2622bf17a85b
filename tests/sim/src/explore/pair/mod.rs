//! A connection between two machines over a small kernel: a few bytes of buffer each way, partial reads and writes, a
//! reset, and user code that writes, ends and destroys whenever it likes, within events too.

mod side;
mod turn;

use super::drive::Around;
use super::engine::{Engine, Watched};
use super::{Choose, Mix, Model};
use crate::chooser::Chooser;
use netfold::core::trace::{Input, Options, Payload};
use netfold::core::{Bytes, CallbackId, Command, Completion, Core, Errno, Machine, Phase};
use side::{Ledger, Side};
use std::rc::Rc;
use turn::Run;

/// What the scenario has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pair {
    /// Writes of each side.
    pub writes: [u8; 2],
    /// Bytes of a write: 1 or more, and at most 64 in all writes of a side.
    pub len: u32,
    /// Bytes that wait on each way.
    pub room: u32,
    /// Each side may end.
    pub ends: bool,
    /// Each side may destroy, at any time and within any event.
    pub destroys: bool,
    /// The connection may be reset once.
    pub resets: bool,
    /// Sockets are half-open.
    pub half_open: bool,
    /// Each side may cork, and uncork, once.
    pub corks: bool,
    /// Each side may pause, and resume, once.
    pub pauses: bool,
    /// Each side may `destroySoon` and `resetAndDestroy` wherever it may destroy.
    pub ways_out: bool,
    /// The high water mark; `None` is the usual one.
    pub mark: Option<u32>,
}

impl Pair {
    /// Two writes a side, partial reads and writes, one reset, ends, and destroys anywhere.
    pub const FULL: Pair = Pair {
        writes: [2, 2],
        len: 2,
        room: 2,
        ends: true,
        destroys: true,
        resets: true,
        half_open: false,
        corks: false,
        pauses: false,
        ways_out: false,
        mark: None,
    };
}

/// Scenarios, each with a name, that have between them all that a pair can have. All but the first are small.
pub const SCENARIOS: [(&str, Pair); 7] = [
    ("full", Pair::FULL),
    ("writes", Pair { writes: [2, 0], destroys: false, resets: false, mark: Some(2), ..Pair::FULL }),
    ("both", Pair { writes: [1, 1], destroys: false, ..Pair::FULL }),
    ("half-open", Pair { writes: [1, 0], resets: false, half_open: true, ..Pair::FULL }),
    ("corks", Pair { writes: [3, 0], len: 1, destroys: false, resets: false, corks: true, ..Pair::FULL }),
    ("pauses", Pair { writes: [2, 0], destroys: false, resets: false, pauses: true, mark: Some(2), ..Pair::FULL }),
    ("ways-out", Pair { writes: [2, 0], ways_out: true, ..Pair::FULL }),
];

/// The two sides.
pub const NAMES: [&str; 2] = ["left", "right"];

/// One way of the connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
struct Way {
    /// Bytes that wait to be read.
    waiting: u32,
    fin: bool,
    /// Bytes that the system took in all, and that were read.
    sent: u32,
    read: u32,
}

/// All but the machines.
#[derive(Clone, Copy, Debug)]
struct Scene {
    sides: [Side; 2],
    ways: [Way; 2],
    reset: bool,
}

/// Where it stands.
#[derive(Clone, Debug)]
pub struct PairState<E = Core> {
    engines: [Rc<E>; 2],
    scene: Scene,
}

/// A pair of which each machine is looked at by [`rules`](crate::rules), too.
///
/// What the rules remember is no part of a state's key: of several ways to one state the first counts. So a rule that breaks is
/// broken, but not each that could break need be found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ruled(pub Pair);

/// Where a [`Ruled`] pair stands.
#[derive(Clone, Debug)]
pub struct RuledState(PairState<Watched>);

/// A walk of which both machines were recorded.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// What does not hold, if anything.
    pub broken: Option<String>,
    /// The trace of each side.
    pub traces: [Vec<u8>; 2],
    /// Whose each turn was.
    pub turns: Vec<usize>,
}

/// What can happen next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    Write(usize),
    End(usize),
    Destroy(usize),
    /// So many bytes of an unfinished write go out.
    Goes(usize, u32),
    WriteFails(usize),
    Reads(usize, u32),
    Eof(usize),
    ReadFails(usize),
    Phase(usize, Phase),
    Reset,
    Cork(usize, bool),
    Pause(usize, bool),
    DestroySoon(usize),
    ResetAndDestroy(usize),
}

/// No more than this can happen next.
const MOST: usize = 32;

impl Model for Pair {
    type State = PairState;

    fn begin(&self) -> PairState {
        self.begin_with()
    }

    fn step(&self, state: &mut PairState, choose: &mut impl Choose) -> bool {
        self.step_with(state, choose)
    }

    fn key(&self, PairState { scene, .. }: &PairState) -> u128 {
        scene.key()
    }

    fn broken(&self, state: &PairState, over: bool) -> Option<String> {
        state.scene.broken(self, over)
    }

    const CELLS: (&'static [&'static str], &'static [&'static str]) = (
        &["open", "ended", "read to the end", "both ended", "destroyed"],
        &[
            "write",
            "end",
            "destroy",
            "written",
            "write failed",
            "read",
            "EOF",
            "read failed",
            "pending",
            "closing",
            "cork",
            "pause",
            "destroySoon",
            "reset",
        ],
    );

    fn cells(&self, state: &PairState, saw: &mut impl FnMut(usize, usize)) {
        self.cells_of(&state.scene, saw);
    }
}

impl Model for Ruled {
    type State = RuledState;

    const CELLS: (&'static [&'static str], &'static [&'static str]) = Pair::CELLS;

    fn cells(&self, state: &RuledState, saw: &mut impl FnMut(usize, usize)) {
        self.0.cells_of(&state.0.scene, saw);
    }

    fn begin(&self) -> RuledState {
        RuledState(self.0.begin_with())
    }

    fn step(&self, state: &mut RuledState, choose: &mut impl Choose) -> bool {
        self.0.step_with(&mut state.0, choose)
    }

    fn key(&self, state: &RuledState) -> u128 {
        state.0.scene.key()
    }

    fn broken(&self, RuledState(state): &RuledState, over: bool) -> Option<String> {
        state.scene.broken(&self.0, over).or_else(|| {
            let mut sides = state.engines.iter().zip(NAMES);
            sides.find_map(|(engine, name)| Some(format!("{name}: {}", engine.broken(over)?)))
        })
    }
}

impl Scene {
    /// 128 bits that stand for this state.
    fn key(&self) -> u128 {
        let mut key = Mix(self.ways.iter().fold(u128::from(self.reset), |key, way| {
            key << 40
                | u128::from(way.waiting) << 32
                | u128::from(way.sent) << 16
                | u128::from(way.read) << 1
                | u128::from(way.fin)
        }));
        for side in &self.sides {
            let Ledger { end, finish, error, close, given, called, got, wrong: _ } = side.ledger;
            let flags = [side.reading, side.closed, side.ended, side.destroyed, end, finish, error, close];
            let bits = flags.into_iter().fold(0_u128, |bits, flag| bits << 1 | u128::from(flag));
            key.add(side.key);
            key.add(
                bits << 64
                    | u128::from(got) << 80
                    | u128::from(side.corks) << 120
                    | u128::from(side.pauses) << 124
                    | u128::from(given) << 56
                    | u128::from(called) << 48
                    | u128::from(side.wrote) << 40
                    | u128::from(side.flight.map_or(0, |left| left + 1)),
            );
        }
        key.0
    }

    fn broken(&self, pair: &Pair, over: bool) -> Option<String> {
        for (side, name) in self.sides.iter().zip(NAMES) {
            if let Some(wrong) = side.ledger.wrong {
                return Some(format!("{name}: {wrong}"));
            }
            if over && side.destroyed && !side.ledger.close {
                return Some(format!("{name}: 'close' is missing"));
            }
            if over && side.ledger.close && side.ledger.given != side.ledger.called {
                return Some(format!("{name}: a callback is missing"));
            }
            if over && side.ledger.close && side.handles > 0 {
                return Some(format!("{name}: a handle is left"));
            }
            let answers = side.ledger.end && (side.ended || !pair.half_open);
            if over && answers && !side.closed && side.flight.is_none() {
                return Some(format!("{name}: it stays open, and both have ended"));
            }
            if over && side.ended && !side.closed && !side.ledger.finish && side.flight.is_none() {
                return Some(format!("{name}: 'finish' is missing"));
            }
        }
        None
    }
}

impl Pair {
    fn cells_of(&self, scene: &Scene, saw: &mut impl FnMut(usize, usize)) {
        let mut next = [Next::Reset; MOST];
        let n = self.next(scene, &mut next);
        for next in &next[..n] {
            let (me, event) = match *next {
                Next::Write(me) => (me, 0),
                Next::End(me) => (me, 1),
                Next::Destroy(me) => (me, 2),
                Next::Goes(me, _) => (me, 3),
                Next::WriteFails(me) => (me, 4),
                Next::Reads(me, _) => (me, 5),
                Next::Eof(me) => (me, 6),
                Next::ReadFails(me) => (me, 7),
                Next::Phase(me, Phase::Pending) => (me, 8),
                Next::Phase(me, _) => (me, 9),
                Next::Cork(me, _) => (me, 10),
                Next::Pause(me, _) => (me, 11),
                Next::DestroySoon(me) => (me, 12),
                Next::ResetAndDestroy(me) => (me, 13),
                Next::Reset => continue,
            };
            let side = &scene.sides[me];
            let here = match (side.gone, side.ledger.end, side.ended) {
                (true, ..) => 4,
                (_, read, ended) => usize::from(read) * 2 + usize::from(ended),
            };
            saw(here, event);
        }
    }

    fn begin_with<E: Engine + Clone + Default>(&self) -> PairState<E> {
        let mut engine = E::default();
        let mut side = Side::begin(self, &mut engine);
        side.key = engine.core().state_key();
        let engine = Rc::new(engine);
        let scene = Scene { sides: [side; 2], ways: Default::default(), reset: false };
        PairState { engines: [engine.clone(), engine], scene }
    }

    #[inline]
    fn step_with<E: Engine + Clone>(&self, state: &mut PairState<E>, choose: &mut impl Choose) -> bool {
        let Some(next) = self.choose(&state.scene, choose) else { return false };
        if let Some((me, input)) = self.happens(&mut state.scene, next) {
            let engine = Rc::make_mut(&mut state.engines[me]);
            Run { pair: self, scene: &mut state.scene, me }.tell(engine, input, choose);
            state.scene.sides[me].key = engine.core().state_key();
        }
        true
    }

    /// All that can happen.
    fn next(&self, state: &Scene, into: &mut [Next; MOST]) -> usize {
        let mut n = 0;
        let mut add = |next: Next| {
            into[n] = next;
            n += 1;
        };
        for me in 0..2 {
            let side = &state.sides[me];
            if side.idle.pending > 0 {
                add(Next::Phase(me, Phase::Pending));
            }
            if side.idle.closing > 0 {
                add(Next::Phase(me, Phase::Closing));
            }
            // What user code does with what is over is another scenario.
            let over = side.destroyed || side.closed;
            if !side.ended && !over && side.writable {
                if side.wrote < self.writes[me] {
                    add(Next::Write(me));
                }
                if self.ends {
                    add(Next::End(me));
                }
            }
            if self.corks && !over && side.corks < 2 {
                add(Next::Cork(me, side.corks == 0));
            }
            if self.pauses && !over && side.pauses < 2 {
                add(Next::Pause(me, side.pauses == 0));
            }
            if self.destroys && !over {
                add(Next::Destroy(me));
                if self.ways_out {
                    if !side.ended {
                        add(Next::DestroySoon(me));
                    }
                    add(Next::ResetAndDestroy(me));
                }
            }
            let gone = state.sides[1 - me].closed || state.reset;
            if let Some(left) = side.flight.filter(|_| !side.closed) {
                if gone {
                    add(Next::WriteFails(me));
                } else {
                    let room = self.room - state.ways[me].waiting;
                    (1..=room.min(left)).for_each(|n| add(Next::Goes(me, n)));
                }
            }
            if side.reading && !side.closed {
                let way = state.ways[1 - me];
                if state.reset {
                    add(Next::ReadFails(me));
                } else if way.waiting > 0 {
                    (1..=way.waiting).for_each(|n| add(Next::Reads(me, n)));
                } else if way.fin {
                    add(Next::Eof(me));
                }
            }
        }
        let both = !state.sides[0].closed && !state.sides[1].closed;
        if self.resets && !state.reset && both {
            add(Next::Reset);
        }
        n
    }

    /// Which of all that can happen does; `None` when nothing can.
    fn choose(&self, scene: &Scene, choose: &mut impl Choose) -> Option<Next> {
        let mut next = [Next::Reset; MOST];
        match self.next(scene, &mut next) {
            0 => None,
            1 => Some(next[0]),
            n => Some(next[choose.choose("next", n as u32) as usize]),
        }
    }

    /// What happens in the kernel, and who of the two hears what of it.
    fn happens(&self, scene: &mut Scene, next: Next) -> Option<(usize, Input)> {
        let Scene { sides, ways, reset } = scene;
        let told = match next {
            Next::Reset => {
                *reset = true;
                ways.iter_mut().for_each(|way| way.waiting = 0);
                return None;
            }
            Next::Write(me) => {
                let side = &mut sides[me];
                let from = u32::from(side.wrote) * self.len;
                side.wrote += 1;
                side.ledger.given |= 1 << side.wrote;
                let chunk = pattern(from, self.len).into();
                (me, Input::Command(Command::Write(side.socket, chunk, Some(CallbackId(side.wrote.into())))))
            }
            Next::End(me) => {
                let side = &mut sides[me];
                side.ended = true;
                side.ledger.given |= 1;
                (me, Input::Command(Command::End(side.socket, None, Some(CallbackId(0)))))
            }
            Next::DestroySoon(me) => {
                sides[me].ended = true;
                (me, Input::Command(Command::DestroySoon(sides[me].socket)))
            }
            Next::Destroy(me) => {
                sides[me].destroyed = true;
                (me, Input::Command(Command::Destroy(sides[me].socket, None)))
            }
            Next::ResetAndDestroy(me) => {
                sides[me].destroyed = true;
                (me, Input::Command(Command::ResetAndDestroy(sides[me].socket)))
            }
            Next::Cork(me, on) => {
                sides[me].corks += 1;
                let socket = sides[me].socket;
                (me, Input::Command(if on { Command::Cork(socket) } else { Command::Uncork(socket) }))
            }
            Next::Pause(me, on) => {
                sides[me].pauses += 1;
                let socket = sides[me].socket;
                (me, Input::Command(if on { Command::Pause(socket) } else { Command::Resume(socket) }))
            }
            Next::Goes(me, n) => {
                ways[me].waiting += n;
                ways[me].sent += n;
                let side = &mut sides[me];
                let left = side.flight.map_or(0, |left| left - n);
                side.flight = (left > 0).then_some(left);
                if left > 0 {
                    return None;
                }
                (me, Input::Completion(Completion::Written(side.handle, Ok(()))))
            }
            Next::WriteFails(me) => {
                sides[me].flight = None;
                (me, Input::Completion(Completion::Written(sides[me].handle, Err(Errno::EPIPE))))
            }
            Next::Reads(me, n) => {
                let way = &mut ways[1 - me];
                let bytes = pattern(way.read, n);
                way.waiting -= n;
                way.read += n;
                (me, Input::Completion(Completion::Read(sides[me].handle, bytes)))
            }
            Next::Eof(me) => {
                sides[me].reading = false;
                (me, Input::Completion(Completion::Eof(sides[me].handle)))
            }
            Next::ReadFails(me) => {
                sides[me].reading = false;
                (me, Input::Completion(Completion::ReadFailed(sides[me].handle, Errno::ECONNRESET)))
            }
            Next::Phase(me, phase) => (me, Input::Phase(phase)),
        };
        Some(told)
    }

    /// Walks with a chooser, at most so many steps, with both machines recorded.
    pub fn record(&self, chooser: &Chooser, most: u32) -> Recorded {
        let options = || Options { read: Payload::Full, written: Payload::Full, ..Options::default() };
        let mut machines = [(); 2].map(|()| Machine::recorded(Core::default(), options()));
        let sides = machines.each_mut().map(|machine| Side::begin(self, machine));
        let mut scene = Scene { sides, ways: Default::default(), reset: false };
        let mut choose = chooser;
        let mut broken = None;
        let mut turns: Vec<usize> = (0..2).flat_map(|me| [me; side::SETUP]).collect();
        for _ in 0..most {
            let next = self.choose(&scene, &mut choose);
            if let Some((me, input)) = next.and_then(|next| self.happens(&mut scene, next)) {
                turns.push(me);
                Run { pair: self, scene: &mut scene, me }.tell(&mut machines[me], input, &mut choose);
            }
            broken = scene.broken(self, next.is_none());
            if broken.is_some() || next.is_none() {
                break;
            }
        }
        let traces = machines.map(|mut machine| machine.finish().unwrap_or_default());
        Recorded { broken, traces, turns }
    }
}

/// What a side writes: no byte is like its neighbours.
static PATTERN: [u8; 64] = {
    let mut bytes = [0; 64];
    let mut at = 0;
    while at < 64 {
        bytes[at] = at as u8;
        at += 1;
    }
    bytes
};

fn pattern(from: u32, len: u32) -> Bytes {
    Bytes::from_static(&PATTERN).slice(from as usize..(from + len) as usize)
}
