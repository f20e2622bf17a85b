//! A connection between two machines over a small kernel: a few bytes of buffer each way, partial reads and writes, a
//! reset, and user code that writes, ends and destroys whenever it likes, within events too.

use super::{Choose, Model};
use netfold::core::{
    Bytes, CallbackId, Command, Completion, ConnKey, Core, Emit, Errno, Event, EventKind, HandedIn, HandleId,
    HandleKind, Idle, ListenerId, Op, Outcome, Phase, Reply, SocketId, SocketOptions, Step, TickId,
};
use std::collections::VecDeque;
use std::rc::Rc;

/// What the scenario has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pair {
    /// Writes of each side.
    pub writes: [u8; 2],
    /// Bytes of a write: 1 or more.
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
}

impl Pair {
    /// Two writes a side, partial reads and writes, one reset, ends, and destroys anywhere.
    pub const FULL: Pair =
        Pair { writes: [2, 2], len: 2, room: 2, ends: true, destroys: true, resets: true, half_open: false };
}

/// What was seen of one side's events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
struct Ledger {
    end: bool,
    finish: bool,
    error: bool,
    close: bool,
    /// Callbacks given, and called: a bit each.
    given: u8,
    called: u8,
    wrong: Option<&'static str>,
}

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

#[derive(Clone, Debug)]
struct Side {
    core: Rc<Core>,
    socket: SocketId,
    handle: HandleId,
    reading: bool,
    /// Bytes that an unfinished write has left.
    flight: Option<u32>,
    closed: bool,
    wrote: u8,
    ended: bool,
    destroyed: bool,
    idle: Idle,
    ledger: Ledger,
    /// The key of the machine, reckoned when it last changed.
    key: u128,
}

/// Where it stands.
#[derive(Clone, Debug)]
pub struct PairState {
    sides: [Side; 2],
    ways: [Way; 2],
    reset: bool,
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
}

const KINDS: [EventKind; 6] =
    [EventKind::Data, EventKind::End, EventKind::Finish, EventKind::Error, EventKind::Close, EventKind::Drain];

impl Model for Pair {
    type State = PairState;

    fn begin(&self) -> PairState {
        let side = || {
            let mut core = Core::default();
            let options = SocketOptions { allow_half_open: self.half_open, ..SocketOptions::default() };
            let given = HandedIn { conn: ConnKey(1), kind: HandleKind::Tcp, writable: true, on_read: None };
            let mut side = Side::new(&core);
            core.begin(Command::HandedIn(options, given)).expect("a machine at rest");
            let mut run = Run { pair: self, side: &mut side, ways: &mut Default::default(), reset: false, me: 0 };
            let outcome = run.steps(&mut core, &mut First);
            let Some(Outcome::Socket(socket)) = outcome else { unreachable!("a socket") };
            side.socket = socket;
            for (at, kind) in KINDS.into_iter().enumerate() {
                let listener = ListenerId(at as u32 + 1);
                core.begin(Command::On { target: socket.into(), event: kind, listener, once: false, prepend: false })
                    .expect("a machine at rest");
                let mut run = Run { pair: self, side: &mut side, ways: &mut Default::default(), reset: false, me: 0 };
                run.steps(&mut core, &mut First);
            }
            let mut run = Run { pair: self, side: &mut side, ways: &mut Default::default(), reset: false, me: 0 };
            run.turn(&mut core, &mut First);
            side.key = core.state_key();
            side.core = Rc::new(core);
            side
        };
        PairState { sides: [side(), side()], ways: Default::default(), reset: false }
    }

    fn step(&self, state: &mut PairState, choose: &mut impl Choose) -> bool {
        let mut next = [Next::Reset; 24];
        let n = self.next(state, &mut next);
        if n == 0 {
            return false;
        }
        let at = if n == 1 { 0 } else { choose.choose("next", n as u32) };
        self.act(state, next[at as usize], choose);
        true
    }

    fn key(&self, state: &PairState) -> u128 {
        let mut key = Mix(state.ways.iter().fold(u128::from(state.reset), |key, way| {
            key << 40
                | u128::from(way.waiting) << 32
                | u128::from(way.sent) << 16
                | u128::from(way.read) << 1
                | u128::from(way.fin)
        }));
        for side in &state.sides {
            let Ledger { end, finish, error, close, given, called, wrong: _ } = side.ledger;
            let flags = [side.reading, side.closed, side.ended, side.destroyed, end, finish, error, close];
            let bits = flags.into_iter().fold(0_u128, |bits, flag| bits << 1 | u128::from(flag));
            key.add(side.key);
            key.add(
                bits << 64
                    | u128::from(given) << 56
                    | u128::from(called) << 48
                    | u128::from(side.wrote) << 40
                    | u128::from(side.flight.map_or(0, |left| left + 1)),
            );
        }
        key.0
    }

    fn broken(&self, state: &PairState, over: bool) -> Option<String> {
        let names = ["left", "right"];
        for (side, name) in state.sides.iter().zip(names) {
            if let Some(wrong) = side.ledger.wrong {
                return Some(format!("{name}: {wrong}"));
            }
            if over && side.destroyed && !side.ledger.close {
                return Some(format!("{name}: 'close' is missing"));
            }
            if over && side.ledger.close && side.ledger.given != side.ledger.called {
                return Some(format!("{name}: a callback is missing"));
            }
            if over && side.ledger.close && side.core.census().handles > 0 {
                return Some(format!("{name}: a handle is left"));
            }
            if over && side.ended && !side.closed && !side.ledger.finish && side.flight.is_none() {
                return Some(format!("{name}: 'finish' is missing"));
            }
        }
        None
    }

    fn cells(&self, state: &PairState, saw: &mut impl FnMut(&'static str, &'static str)) {
        let mut next = [Next::Reset; 24];
        let n = self.next(state, &mut next);
        for next in &next[..n] {
            let (me, name) = match *next {
                Next::Write(me) => (me, "write"),
                Next::End(me) => (me, "end"),
                Next::Destroy(me) => (me, "destroy"),
                Next::Goes(me, _) => (me, "written"),
                Next::WriteFails(me) => (me, "write failed"),
                Next::Reads(me, _) => (me, "read"),
                Next::Eof(me) => (me, "EOF"),
                Next::ReadFails(me) => (me, "read failed"),
                Next::Phase(me, Phase::Pending) => (me, "pending"),
                Next::Phase(me, _) => (me, "closing"),
                Next::Reset => continue,
            };
            let side = &state.sides[me];
            let l = side.ledger;
            let here = match (side.core.socket(side.socket).is_none_or(|view| view.destroyed()), l.end, side.ended) {
                (true, ..) => "destroyed",
                (_, true, true) => "both ended",
                (_, true, false) => "read to the end",
                (_, false, true) => "ended",
                _ => "open",
            };
            saw(here, name);
        }
    }
}

impl Pair {
    /// All that can happen.
    fn next(&self, state: &PairState, into: &mut [Next; 24]) -> usize {
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
            let writable = side.core.socket(side.socket).is_some_and(|view| view.writable());
            if !side.ended && !over && writable {
                if side.wrote < self.writes[me] {
                    add(Next::Write(me));
                }
                if self.ends {
                    add(Next::End(me));
                }
            }
            if self.destroys && !over {
                add(Next::Destroy(me));
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

    fn act(&self, state: &mut PairState, next: Next, choose: &mut impl Choose) {
        let (me, command) = match next {
            Next::Reset => {
                state.reset = true;
                state.ways = [Way { waiting: 0, ..state.ways[0] }, Way { waiting: 0, ..state.ways[1] }];
                return;
            }
            Next::Write(me) => {
                let side = &mut state.sides[me];
                side.wrote += 1;
                side.ledger.given |= 1 << side.wrote;
                let bytes = Bytes::from_static(&[0; 64]).slice(..self.len as usize);
                (me, Some(Command::Write(side.socket, bytes.into(), Some(CallbackId(side.wrote.into())))))
            }
            Next::End(me) => {
                let side = &mut state.sides[me];
                side.ended = true;
                side.ledger.given |= 1;
                (me, Some(Command::End(side.socket, None, Some(CallbackId(0)))))
            }
            Next::Destroy(me) => {
                state.sides[me].destroyed = true;
                (me, Some(Command::Destroy(state.sides[me].socket, None)))
            }
            Next::Goes(me, n) => {
                state.ways[me].waiting += n;
                state.ways[me].sent += n;
                let side = &mut state.sides[me];
                let left = side.flight.map_or(0, |left| left - n);
                side.flight = (left > 0).then_some(left);
                if left > 0 {
                    return;
                }
                (me, None)
            }
            Next::Reads(me, n) => {
                state.ways[1 - me].waiting -= n;
                state.ways[1 - me].read += n;
                (me, None)
            }
            Next::Eof(me) | Next::ReadFails(me) => {
                state.sides[me].reading = false;
                (me, None)
            }
            Next::WriteFails(me) => {
                state.sides[me].flight = None;
                (me, None)
            }
            Next::Phase(me, _) => (me, None),
        };
        let other = Rc::clone(&state.sides[1 - me].core);
        let side = &mut state.sides[me];
        let handle = side.handle;
        let mut shared = std::mem::replace(&mut side.core, other);
        let core = Rc::make_mut(&mut shared);
        let taken = match (command, next) {
            (Some(command), _) => core.begin(command),
            (_, Next::Goes(..)) => core.complete(Completion::Written(handle, Ok(()))),
            (_, Next::WriteFails(_)) => core.complete(Completion::Written(handle, Err(Errno::EPIPE))),
            (_, Next::Reads(_, n)) => {
                core.complete(Completion::Read(handle, Bytes::from_static(&[0; 64]).slice(..n as usize)))
            }
            (_, Next::Eof(_)) => core.complete(Completion::Eof(handle)),
            (_, Next::ReadFails(_)) => core.complete(Completion::ReadFailed(handle, Errno::ECONNRESET)),
            (_, Next::Phase(_, phase)) => core.phase(phase),
            _ => Ok(()),
        };
        taken.expect("the protocol is kept");
        let gone = state.reset;
        let mut run = Run { pair: self, side, ways: &mut state.ways, reset: gone, me };
        run.turn(core, choose);
        side.key = core.state_key();
        side.core = shared;
    }
}

/// Always the first.
struct First;

impl Choose for First {
    fn choose(&mut self, _: &'static str, _: u32) -> u32 {
        0
    }
}

/// A turn of one side.
struct Run<'a> {
    pair: &'a Pair,
    side: &'a mut Side,
    ways: &'a mut [Way; 2],
    reset: bool,
    me: usize,
}

impl Run<'_> {
    /// The turn, and its ticks.
    fn turn(&mut self, core: &mut Core, choose: &mut impl Choose) {
        let mut ticks = VecDeque::new();
        self.go(core, choose, &mut ticks, false);
        while let Some(tick) = ticks.pop_front() {
            core.tick(tick).expect("it is due");
            self.go(core, choose, &mut ticks, false);
        }
    }

    /// A command at the beginning, when nobody listens.
    fn steps(&mut self, core: &mut Core, choose: &mut impl Choose) -> Option<Outcome> {
        let mut ticks = VecDeque::new();
        let outcome = self.go(core, choose, &mut ticks, true);
        self.turn(core, choose);
        while let Some(tick) = ticks.pop_front() {
            core.tick(tick).expect("it is due");
            self.go(core, choose, &mut ticks, false);
        }
        outcome
    }

    fn go(
        &mut self,
        core: &mut Core,
        choose: &mut impl Choose,
        ticks: &mut VecDeque<TickId>,
        command: bool,
    ) -> Option<Outcome> {
        loop {
            match core.step() {
                Step::Call(call) => {
                    let reply = self.reply(&call.op(), choose);
                    call.answer(reply).expect("the reply fits");
                }
                Step::Tick(tick) => ticks.push_back(tick),
                Step::Emit(emit) => {
                    self.hears(&emit);
                    let may = self.pair.destroys && !self.side.destroyed && !self.side.closed;
                    if may && choose.choose("destroy within", 2) == 1 {
                        self.side.destroyed = true;
                        core.begin(Command::Destroy(self.side.socket, None)).expect("user code may call");
                        self.go(core, choose, ticks, true);
                    }
                    if matches!(emit, Emit::Unhandled { .. }) {
                        core.threw().expect("a listener runs");
                    }
                }
                Step::Return(outcome) if command => return Some(outcome),
                Step::Return(_) | Step::Released(_) => {}
                Step::Idle(idle) => {
                    self.side.idle = idle;
                    return None;
                }
            }
        }
    }

    fn reply(&mut self, op: &Op<'_>, choose: &mut impl Choose) -> Reply {
        let way = &mut self.ways[self.me];
        match op {
            Op::Adopt(h, _) => self.side.handle = *h,
            Op::Write(_, bytes) => {
                if self.reset {
                    return Reply::Failed(Errno::EPIPE);
                }
                let len: u32 = bytes.iter().map(|bytes| bytes.len() as u32).sum();
                let most = len.min(self.pair.room - way.waiting);
                // The kernel takes as much as it likes, beginning with all there is room for.
                let takes = if most == 0 { 0 } else { most - choose.choose("takes less", most + 1) };
                way.waiting += takes;
                way.sent += takes;
                if takes < len {
                    self.side.flight = Some(len - takes);
                    return Reply::Pending;
                }
            }
            Op::ReadStart(_) => self.side.reading = true,
            Op::ReadStop(_) => self.side.reading = false,
            Op::Shutdown(_) => way.fin = true,
            Op::Close(_) | Op::Reset(_) => {
                (self.side.closed, self.side.reading, self.side.flight) = (true, false, None);
                way.fin = true;
            }
            Op::SockName(_) | Op::PeerName(_) => return Reply::Addr(None),
            Op::QueueSize(_) => return Reply::Size(0),
            _ => {}
        }
        Reply::Done
    }

    /// The grammar of the events, and what is owed.
    fn hears(&mut self, emit: &Emit) {
        let side = &mut *self.side;
        let l = &mut side.ledger;
        let way = self.ways[1 - self.me];
        let wrong = match emit {
            Emit::Callback { callback, error, .. } => {
                let bit = 1 << callback.0;
                let again = l.called & bit != 0;
                // What waits fails at once, and what was taken may still wait for its tick.
                let passed =
                    callback.0 > 0 && error.is_none() && (1..callback.0).any(|before| l.called & (1 << before) == 0);
                l.called |= bit;
                match () {
                    () if again => Some("a callback runs twice"),
                    () if passed => Some("callbacks come out of order"),
                    () if l.finish && error.is_none() => Some("a callback comes after 'finish'"),
                    () => None,
                }
            }
            Emit::Listener { event, .. } if l.close => match event {
                Event::Close(_) => Some("'close' comes twice"),
                _ => Some("something comes after 'close'"),
            },
            Emit::Listener { event: Event::End, .. } => {
                let twice = std::mem::replace(&mut l.end, true);
                if twice {
                    Some("'end' comes twice")
                } else {
                    (way.read != way.sent).then_some("'end' comes before everything was read")
                }
            }
            Emit::Listener { event: Event::Finish, .. } => {
                let twice = std::mem::replace(&mut l.finish, true);
                let owed = l.given & !l.called;
                match () {
                    () if twice => Some("'finish' comes twice"),
                    () if owed != 0 => Some("'finish' comes before a callback"),
                    () if side.flight.is_some() => Some("'finish' comes before all was written"),
                    () => None,
                }
            }
            Emit::Listener { event: Event::Error(_), .. } => {
                std::mem::replace(&mut l.error, true).then_some("'error' comes twice")
            }
            Emit::Listener { event: Event::Close(had_error), .. } => {
                l.close = true;
                had_error.is_some_and(|had| had != l.error).then_some("'close' is wrong about 'error'")
            }
            Emit::Listener { event: Event::Data(_), .. } if l.end => Some("'data' comes after 'end'"),
            _ => None,
        };
        l.wrong = l.wrong.or(wrong);
    }
}

impl Side {
    fn new(core: &Core) -> Self {
        Self {
            core: Rc::new(core.clone()),
            socket: SocketId::from_parts(0, 0),
            handle: HandleId::from_parts(0, 0),
            reading: false,
            flight: None,
            closed: false,
            wrote: 0,
            ended: false,
            destroyed: false,
            idle: Idle { deadline: None, pending: 0, closing: 0, batch: 0 },
            ledger: Ledger::default(),
            key: 0,
        }
    }
}

/// Two numbers into one; neither is lost.
struct Mix(u128);

impl Mix {
    fn add(&mut self, n: u128) {
        let mixed = (self.0 ^ n).wrapping_mul(0x2360_ED05_1FC6_5DA4_4385_DF64_9FCC_F645);
        self.0 = mixed ^ (mixed >> 64);
    }
}
