//! Who takes part in a random program, and what makes something happen: servers that listen, sockets that connect.

use super::filters::{self, Filtered};
use super::steps::{Cast, Context};
use super::strategy::{Generated, Raw, RawBlock, RawStep, one, percent, pick};
use crate::scenario::program::{
    Actor, Adding, Amount, ListenOption, Name, Part, Program, Role, ServerOptions, SocketOptions, Step, To, Trigger,
    Verb,
};
use netfold::EventKind;
use std::collections::BTreeMap;

const SERVERS: &[&str] = &["s", "t"];
const SOCKETS: &[&str] = &["c", "d", "e"];
const PEERS: &[&str] = &["p", "q", "r"];
const CALLBACKS: &[&str] = &["k1", "k2", "k3"];
const TASKS: &[&str] = &["t1", "t2", "t3"];
const LISTENERS: &[&str] = &["l1", "l2", "l3"];

const MARKS: &[u32] = &[1, 3, 5, 10, 100, 1000, 16384, 65536, 0];

/// The numbers that describe who takes part, one after the other.
struct Tape<'a>(std::slice::Iter<'a, u16>);

impl Tape<'_> {
    fn next(&mut self) -> u16 {
        self.0.next().copied().unwrap_or(0)
    }

    fn percent(&mut self, of_hundred: u32) -> bool {
        percent(self.next(), of_hundred)
    }

    fn mark(&mut self, of_hundred: u32) -> Option<u32> {
        let (whether, which) = (self.next(), self.next());
        percent(whether, of_hundred).then(|| *one(which, MARKS))
    }
}

/// Reads numbers as a program.
pub(super) fn build(raw: &Raw) -> Generated {
    let mut tape = Tape(raw.shape.iter());
    let (cast, actors) = cast(&mut tape, &raw.blocks);
    let mut parts = Parts::default();
    for actor in &actors {
        parts.watch(&mut tape, actor);
    }
    let mut filtered = Filtered::new();
    wire(&mut tape, &cast, &mut parts);
    for (trigger, who, steps) in &raw.blocks {
        let trigger = self::trigger(*trigger, *who, &cast);
        let made = block(&cast, &trigger, steps, &mut filtered);
        parts.add(trigger, made);
    }
    let mut program =
        Program { actors, parts: parts.finish(if cast.timed { 1 } else { u32::MAX }), ..Program::default() };
    bound_pipes(&mut program, &cast);
    bound_bytes(&mut program, &cast);
    keep_off_deviations(&mut program, &mut filtered);
    Generated { program, filtered }
}

fn cast(tape: &mut Tape<'_>, blocks: &[RawBlock]) -> (Cast, Vec<Actor>) {
    let servers = pick(tape.next(), &[(80, 1), (20, 2)]);
    let sockets = pick(tape.next(), &[(60, 1), (30, 2), (10, 3)]);
    let peers = if tape.percent(10) { usize::saturating_sub(sockets, 1) } else { sockets };
    let mut actors = Vec::new();
    for name in &SERVERS[..servers] {
        let options = ServerOptions {
            allow_half_open: tape.percent(40),
            pause_on_connect: tape.percent(8),
            no_delay: tape.percent(5),
            keep_alive: tape.percent(5),
            high_water_mark: tape.mark(25),
            ..ServerOptions::default()
        };
        actors.push(Actor { name: name.to_string(), role: Role::Server(options) });
    }
    let goes: Vec<usize> = (0..sockets).map(|_| if servers > 1 { (tape.next() >> 15).into() } else { 0 }).collect();
    for (name, goes) in PEERS[..peers].iter().zip(&goes) {
        let of = SERVERS[*goes];
        actors.push(Actor { name: name.to_string(), role: Role::Peer(of.to_string()) });
    }
    let signal = tape.percent(4);
    for name in &SOCKETS[..sockets] {
        let options = SocketOptions {
            allow_half_open: tape.percent(35),
            high_water_mark: tape.mark(25),
            on_read: (!signal && tape.percent(4)).then(|| *one(tape.next(), &[1, 10, 1000, 65536])),
            signal: signal.then(|| String::from("g")),
            ..SocketOptions::default()
        };
        actors.push(Actor { name: name.to_string(), role: Role::Socket(options) });
    }
    let names = |of: &[&str], count: usize| of[..count].iter().map(|name| name.to_string()).collect::<Vec<Name>>();
    // How TCP cuts what does not fit its window is a matter of time; a Unix socket has no window.
    let large = tape.percent(3);
    let mut cast = Cast {
        servers: names(SERVERS, servers),
        sockets: names(SOCKETS, sockets),
        peers: names(PEERS, peers),
        callbacks: names(CALLBACKS, CALLBACKS.len()),
        tasks: names(TASKS, TASKS.len()),
        listeners: Vec::new(),
        timed: tape.percent(1),
        large,
        signal,
        goes,
        path: (0..servers).map(|_| tape.percent(25) || large).collect(),
    };
    for (number, who, _) in blocks {
        let named = pick(*number, TRIGGERS) == Wait::Listener;
        if named && let Some(name) = LISTENERS.get(cast.listeners.len()) {
            let (actor, event) = socket_event(*who, *number, &cast);
            if !cast.listeners.iter().any(|known| (&known.1, &known.2) == (&actor, &event)) {
                cast.listeners.push((name.to_string(), actor, event));
            }
        }
    }
    (cast, actors)
}

/// `watch` lines and blocks, those of one trigger joined.
#[derive(Default)]
struct Parts {
    watches: Vec<Part>,
    blocks: Vec<(Trigger, Vec<Step>)>,
}

impl Parts {
    fn add(&mut self, trigger: Trigger, steps: Vec<Step>) {
        let same = |known: &&mut (Trigger, Vec<Step>)| known.0 == trigger && trigger != Trigger::Quiet;
        match self.blocks.iter_mut().find(same) {
            Some((_, known)) => known.extend(steps),
            None => self.blocks.push((trigger, steps)),
        }
    }

    fn watch(&mut self, tape: &mut Tape<'_>, actor: &Actor) {
        use EventKind::*;
        let events: Vec<EventKind> = match &actor.role {
            Role::Server(_) => vec![Listening, Drop, Error, ServerClose],
            role => {
                let connects = matches!(role, Role::Socket(_));
                let mut events = Vec::new();
                if connects {
                    events.extend([Lookup, ConnectionAttempt, ConnectionAttemptFailed, Connect, Ready]);
                }
                let kind = tape.next();
                if percent(kind, 55) {
                    events.push(Data);
                } else if percent(kind, 70) {
                    events.push(Readable);
                }
                events.extend([End, Drain, Prefinish, Finish, Timeout, Pause, Resume, Pipe, Unpipe]);
                if !tape.percent(4) {
                    events.push(Error);
                }
                events.push(Close);
                events
            }
        };
        self.watches.push(Part::Watch(actor.name.clone(), events));
    }

    /// In the end; `quiet` blocks beyond so many are left away.
    fn finish(self, most_quiet: u32) -> Vec<Part> {
        let named = |trigger: &Trigger| matches!(trigger, Trigger::Start | Trigger::Listener(..));
        let mut quiet = 0;
        let few = |(trigger, _): &(Trigger, Vec<Step>)| {
            quiet += u32::from(*trigger == Trigger::Quiet);
            *trigger != Trigger::Quiet || quiet <= most_quiet
        };
        let blocks = self.blocks.into_iter().filter(few).filter(|(trigger, steps)| !steps.is_empty() || named(trigger));
        self.watches.into_iter().chain(blocks.map(|(trigger, steps)| Part::Block(trigger, steps))).collect()
    }
}

/// The servers listen, the sockets connect.
fn wire(tape: &mut Tape<'_>, cast: &Cast, parts: &mut Parts) {
    parts.add(Trigger::Start, Vec::new());
    for (at, server) in cast.servers.iter().enumerate() {
        let options = match (cast.path[at], tape.next()) {
            (true, _) => vec![ListenOption::Path],
            (false, number) if percent(number, 8) => vec![ListenOption::Any],
            (false, number) if percent(number, 12) => vec![ListenOption::Host(String::from("127.0.0.1"))],
            _ => Vec::new(),
        };
        let callback = tape.percent(10).then(|| one(tape.next(), &cast.callbacks).clone());
        parts.add(Trigger::Start, vec![Step::Do(server.clone(), Verb::Listen(options, callback))]);
    }
    for (socket, goes) in cast.sockets.iter().zip(&cast.goes) {
        let server = cast.servers[*goes].clone();
        let listening = Trigger::On(server.clone(), EventKind::Listening, None);
        let first = cast.sockets[0].clone();
        let trigger = match pick(tape.next(), &[(70, 0), (8, 1), (8, 2), (8, 3), (6, 4)]) {
            1 => Trigger::Start,
            2 => Trigger::Quiet,
            3 if first != *socket => Trigger::On(first, EventKind::Connect, None),
            4 if first != *socket => Trigger::On(first, EventKind::Close, None),
            _ => listening,
        };
        let to = pick(tape.next(), &[(92, 0), (5, 1), (2, 2), (1, 3)]);
        let to = [To::Server(server), To::Refused, To::Missing, To::File][to].clone();
        let context = Context { cast, itself: Some(socket.clone()), again: false };
        let (options, callback) = context.connect_options(tape.next(), tape.next(), &to);
        parts.add(trigger, vec![Step::Do(socket.clone(), Verb::Connect(to, options, callback))]);
    }
    for socket in &cast.sockets {
        if tape.percent(10) {
            let again = Verb::Connect(To::Server(one(tape.next(), &cast.servers).clone()), Vec::new(), None);
            let trigger = Trigger::On(socket.clone(), EventKind::Close, None);
            parts.add(trigger, vec![Step::Do(socket.clone(), again)]);
        }
        talk(tape, cast, parts, socket, EventKind::Connect);
    }
    listen(tape, cast, parts);
    if cast.timed {
        keep_time(tape, cast, parts);
    }
    for (peer, goes) in cast.peers.iter().zip(&cast.goes) {
        if tape.percent(25) {
            parts.add(
                Trigger::On(peer.clone(), EventKind::End, None),
                vec![Step::Do(peer.clone(), Verb::End(None, None))],
            );
        }
        if tape.percent(40) {
            let context = Context { cast, itself: Some(peer.clone()), again: true };
            let connection = Trigger::On(cast.servers[*goes].clone(), EventKind::Connection, None);
            let write = Verb::Write(context.amount(tape.next(), tape.next()), context.callback(tape.next(), 40));
            parts.add(connection, vec![Step::Do(peer.clone(), write)]);
        }
        talk(tape, cast, parts, peer, EventKind::Data);
    }
}

/// Listeners are added, half of them to run once; now and then what they listen for happens within itself.
fn listen(tape: &mut Tape<'_>, cast: &Cast, parts: &mut Parts) {
    for (name, actor, event) in &cast.listeners {
        let how = pick(tape.next(), &[(3, Adding::Once), (2, Adding::On), (1, Adding::PrependOnce)]);
        let nested = tape.percent(25);
        if tape.percent(50) {
            let goes = cast.peers.iter().zip(&cast.goes).find(|(peer, _)| *peer == actor).map(|(_, goes)| *goes);
            let trigger = match goes {
                Some(goes) => Trigger::On(cast.servers[goes].clone(), EventKind::Connection, None),
                None => Trigger::Start,
            };
            parts.add(trigger, vec![Step::Do(actor.clone(), Verb::Add(how, name.clone()))]);
        }
        let again = match event {
            EventKind::Data | EventKind::Readable => vec![Verb::Read(Some(1))],
            EventKind::Pause => vec![Verb::Resume, Verb::Pause],
            _ => Vec::new(),
        };
        if nested {
            let steps = again.into_iter().map(|verb| Step::Do(actor.clone(), verb)).collect();
            parts.add(Trigger::On(actor.clone(), *event, Some(1)), steps);
        }
    }
}

/// Timers, and an idle timeout that a write puts off.
fn keep_time(tape: &mut Tape<'_>, cast: &Cast, parts: &mut Parts) {
    let socket = one(tape.next(), &cast.sockets).clone();
    let (first, second) = (cast.tasks[0].clone(), cast.tasks[1].clone());
    let steps = vec![
        Step::Do(socket.clone(), Verb::SetTimeout(35, Some(cast.callbacks[0].clone()))),
        Step::Timer(first.clone(), 20),
        Step::Timer(second, 50),
    ];
    parts.add(Trigger::On(socket.clone(), EventKind::Connect, None), steps);
    let write = Verb::Write(Amount { length: 3, encoding: None }, None);
    parts.add(Trigger::Task(first), vec![Step::Do(socket, write)]);
}

/// Now and then a socket writes and ends at such an event, and at last when all is quiet.
fn talk(tape: &mut Tape<'_>, cast: &Cast, parts: &mut Parts, socket: &Name, at: EventKind) {
    let context = Context { cast, itself: Some(socket.clone()), again: true };
    let mut steps = Vec::new();
    if tape.percent(40) {
        let write = Verb::Write(context.amount(tape.next(), tape.next()), context.callback(tape.next(), 40));
        steps.push(Step::Do(socket.clone(), write));
    }
    if tape.percent(12) {
        steps.push(Step::Do(socket.clone(), Verb::End(None, context.callback(tape.next(), 30))));
    }
    parts.add(Trigger::On(socket.clone(), at, None), steps);
    if tape.percent(25) {
        parts.add(Trigger::Quiet, vec![Step::Do(socket.clone(), Verb::End(None, None))]);
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Wait {
    Start,
    Socket,
    Server,
    Quiet,
    Callback,
    Task,
    Listener,
}

const TRIGGERS: &[(u32, Wait)] = &[
    (5, Wait::Start),
    (48, Wait::Socket),
    (10, Wait::Server),
    (9, Wait::Quiet),
    (9, Wait::Callback),
    (9, Wait::Task),
    (5, Wait::Listener),
];

fn trigger(number: u16, who: u16, cast: &Cast) -> Trigger {
    match pick(number, TRIGGERS) {
        Wait::Start => Trigger::Start,
        Wait::Quiet => Trigger::Quiet,
        Wait::Socket => {
            let (actor, event) = socket_event(who, number, cast);
            let number = who % 8 == 7 && matches!(event, EventKind::Data | EventKind::Readable | EventKind::Drain);
            Trigger::On(actor, event, number.then_some(1 + u32::from(who / 8 % 3)))
        }
        Wait::Server => {
            use EventKind::{Connection, Drop, Error, Listening, ServerClose};
            let events = &[(12, Connection), (3, Listening), (4, ServerClose), (1, Error), (1, Drop)];
            Trigger::On(one(who, &cast.servers).clone(), pick(who.wrapping_mul(1021), events), None)
        }
        Wait::Callback => Trigger::Callback(one(who, &cast.callbacks).clone()),
        Wait::Task => Trigger::Task(one(who, &cast.tasks).clone()),
        Wait::Listener => match cast.listeners.iter().find(|(_, actor, event)| {
            let wanted = socket_event(who, number, cast);
            (actor, event) == (&wanted.0, &wanted.1)
        }) {
            Some((name, actor, event)) => Trigger::Listener(name.clone(), actor.clone(), *event),
            None => Trigger::Quiet,
        },
    }
}

/// A socket or peer, and one of its events.
fn socket_event(who: u16, number: u16, cast: &Cast) -> (Name, EventKind) {
    use EventKind::*;
    const BOTH: &[(u32, EventKind)] = &[
        (10, End),
        (11, Data),
        (5, Readable),
        (5, Drain),
        (4, Prefinish),
        (6, Finish),
        (5, Error),
        (7, Close),
        (2, Pause),
        (3, Resume),
        (1, Pipe),
        (1, Unpipe),
        (1, Timeout),
    ];
    const CONNECTING: &[(u32, EventKind)] =
        &[(12, Connect), (4, Ready), (2, ConnectionAttempt), (1, ConnectionAttemptFailed), (1, Lookup)];
    let (actor, number) = (cast.socket(who).clone(), number.wrapping_mul(25931) ^ who.wrapping_mul(40503));
    if cast.sockets.contains(&actor) && number % 4 == 0 {
        return (actor, pick(number, CONNECTING));
    }
    (actor, pick(number, BOTH))
}

fn block(cast: &Cast, trigger: &Trigger, steps: &[RawStep], filtered: &mut Filtered) -> Vec<Step> {
    let itself = match trigger {
        Trigger::On(actor, ..) | Trigger::Listener(_, actor, _) => Some(actor.clone()),
        _ => None,
    };
    let again = !matches!(trigger, Trigger::Start | Trigger::Quiet);
    let context = Context { cast, itself, again };
    steps.iter().filter_map(|raw| context.step(*raw, filtered)).collect()
}

/// How many bytes a socket may write in a program: what the system takes at once.
fn bound(cast: &Cast) -> u64 {
    match (cast.large, cast.path.contains(&true)) {
        (true, _) => 6_000_000,
        (false, true) => 48_000,
        (false, false) => 240_000,
    }
}

/// Whether pipes may send what came from one side back to it, so that it never ends.
fn goes_around(program: &Program, cast: &Cast) -> bool {
    let steps = program.parts.iter().flat_map(|part| match part {
        Part::Block(_, steps) => steps.as_slice(),
        Part::Watch(..) => &[],
    });
    let pipes: Vec<(bool, bool)> = steps
        .filter_map(|step| match step {
            Step::Do(from, Verb::Pipe(to, _)) => Some((cast.peers.contains(from), cast.peers.contains(to))),
            _ => None,
        })
        .collect();
    pipes.iter().any(|(from, to)| from != to) || pipes.contains(&(true, true)) && pipes.contains(&(false, false))
}

/// Of pipes that send what comes back round and round, and that a block may start more than once, one side's stay: a pipe
/// that is there twice doubles what goes round each time.
fn bound_pipes(program: &mut Program, cast: &Cast) {
    if !goes_around(program, cast) {
        return;
    }
    let mut seen = Vec::new();
    for part in &mut program.parts {
        let Part::Block(trigger, steps) = part else { continue };
        let once = matches!(trigger, Trigger::Start | Trigger::Quiet);
        for step in steps {
            let Step::Do(from, Verb::Pipe(to, _)) = step else { continue };
            let pair = (from.clone(), to.clone());
            let stays =
                if once { !seen.contains(&pair) } else { cast.sockets.contains(from) && cast.sockets.contains(to) };
            if stays {
                seen.push(pair);
            } else {
                *step = Step::Log(String::from("left-out"));
            }
        }
    }
}

/// Makes what would be too much small.
fn bound_bytes(program: &mut Program, cast: &Cast) {
    // What goes around without end must be little.
    let bound = if goes_around(program, cast) { 2_000 } else { bound(cast) };
    let mut written: BTreeMap<Name, u64> = BTreeMap::new();
    for part in &mut program.parts {
        let Part::Block(trigger, steps) = part else { continue };
        let times = if matches!(trigger, Trigger::Start | Trigger::Quiet) { 1 } else { 8 };
        for step in steps {
            let Step::Do(actor, Verb::Write(amount, _) | Verb::End(Some(amount), _)) = step else { continue };
            let sum = written.entry(actor.clone()).or_default();
            if *sum + u64::from(amount.length) * times > bound {
                amount.length %= 16;
            }
            *sum += u64::from(amount.length) * times;
        }
    }
}

/// Takes out what a named deviation covers.
fn keep_off_deviations(program: &mut Program, filtered: &mut Filtered) {
    let mut left_out = |name: &'static str| *filtered.entry(name).or_default() += 1;
    let encoded = |step: &Step, name: &Name| matches!(step, Step::Do(of, Verb::SetEncoding(_)) if of == name);
    let steps = |program: &Program| {
        let blocks = program.parts.iter().filter_map(|part| match part {
            Part::Block(_, steps) => Some(steps.clone()),
            Part::Watch(..) => None,
        });
        blocks.flatten().collect::<Vec<Step>>()
    };
    let all = steps(program);
    for part in &mut program.parts {
        let Part::Block(trigger, steps) = part else { continue };
        let attempt = matches!(
            trigger,
            Trigger::On(_, EventKind::ConnectionAttempt, _) | Trigger::Listener(_, _, EventKind::ConnectionAttempt)
        );
        let prefinish =
            matches!(trigger, Trigger::On(_, EventKind::Prefinish, _) | Trigger::Listener(_, _, EventKind::Prefinish));
        let drop = matches!(trigger, Trigger::On(_, EventKind::Drop, _));
        let called = matches!(trigger, Trigger::Callback(_));
        for step in steps {
            let why = match step {
                Step::Do(_, Verb::Write(amount, _) | Verb::End(Some(amount), _)) if odd_hex(amount) => {
                    amount.length &= !1;
                    left_out(filters::D3);
                    None
                }
                Step::Do(name, Verb::Read(Some(1..))) if all.iter().any(|step| encoded(step, name)) => {
                    Some(filters::D14)
                }
                Step::Throw if drop => Some(filters::D60),
                Step::Throw if prefinish => Some(filters::D58),
                Step::Throw if called => Some(filters::D9),
                Step::Do(_, verb) if attempt && !is_harmless(verb) => Some(filters::D2),
                Step::Abort(_) if attempt => Some(filters::D2),
                _ => None,
            };
            if let Some(why) = why {
                left_out(why);
                *step = Step::Log(String::from("left-out"));
            }
        }
    }
}

fn odd_hex(amount: &Amount) -> bool {
    amount.encoding == Some(netfold::Encoding::Hex) && amount.length % 2 == 1
}

/// Cannot destroy a socket.
fn is_harmless(verb: &Verb) -> bool {
    matches!(
        verb,
        Verb::Get(_)
            | Verb::Pause
            | Verb::Cork
            | Verb::Ref(_)
            | Verb::SetNoDelay(_)
            | Verb::SetKeepAlive(..)
            | Verb::GetConnections(_)
            | Verb::Off(_)
            | Verb::Add(..)
            | Verb::SetTimeout(..)
    )
}
