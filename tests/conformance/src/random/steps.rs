//! Steps of random programs.

use super::filters::{self, Filtered};
use super::strategy::{RawStep, one, percent, pick};
use crate::scenario::program::{
    Adding, Amount, Callback, ConnectOption, Encoding, ListenOption, Lookup, Name, Step, To, Verb,
};
use netfold::EventKind;

/// Who and what there is.
pub(super) struct Cast {
    pub(super) servers: Vec<Name>,
    pub(super) sockets: Vec<Name>,
    pub(super) peers: Vec<Name>,
    pub(super) callbacks: Vec<Name>,
    pub(super) tasks: Vec<Name>,
    /// The `listener` blocks: name, actor, event.
    pub(super) listeners: Vec<(Name, Name, EventKind)>,
    /// Whether there are timers: they cost time.
    pub(super) timed: bool,
    /// Whether it writes more than the system takes at once.
    pub(super) large: bool,
    /// Whether there is a signal.
    pub(super) signal: bool,
    /// Which server each socket connects to, at first.
    pub(super) goes: Vec<usize>,
    /// Whether each server listens on a path.
    pub(super) path: Vec<bool>,
}

impl Cast {
    /// A socket or a peer.
    pub(super) fn socket(&self, number: u16) -> &Name {
        let at = (number as usize * (self.sockets.len() + self.peers.len())) >> 16;
        self.sockets.get(at).unwrap_or_else(|| &self.peers[at - self.sockets.len()])
    }
}

/// Where a step stands.
pub(super) struct Context<'a> {
    pub(super) cast: &'a Cast,
    /// Whose event it answers.
    pub(super) itself: Option<Name>,
    /// Whether it may run more than once.
    pub(super) again: bool,
}

#[derive(Clone, Copy)]
enum Kind {
    Log,
    Get,
    Write,
    End,
    Destroy,
    DestroyError,
    DestroySoon,
    Reset,
    Pause,
    Resume,
    Read,
    Cork,
    Uncork,
    SetEncoding,
    SetTimeout,
    SetNoDelay,
    SetKeepAlive,
    Ref,
    Pipe,
    Unpipe,
    Add,
    Off,
    RemoveAll,
    Connect,
    Tick,
    Immediate,
    Timer,
    Throw,
    Close,
    GetConnections,
    MaxConnections,
    Abort,
    Listen,
    ServerRef,
    ServerGet,
}

/// In a program with timers: what is about time.
const TIMED: &[(u32, Kind)] =
    &[(4, Kind::Write), (4, Kind::Timer), (4, Kind::SetTimeout), (1, Kind::Resume), (1, Kind::Pause)];

const KINDS: &[(u32, Kind)] = &[
    (10, Kind::Log),
    (60, Kind::Get),
    (70, Kind::Tick),
    (50, Kind::Immediate),
    (230, Kind::Write),
    (110, Kind::End),
    (60, Kind::Pause),
    (80, Kind::Resume),
    (60, Kind::Read),
    (35, Kind::Cork),
    (40, Kind::Uncork),
    (22, Kind::Destroy),
    (12, Kind::DestroyError),
    (14, Kind::DestroySoon),
    (16, Kind::Reset),
    (18, Kind::SetEncoding),
    (10, Kind::SetTimeout),
    (8, Kind::SetNoDelay),
    (8, Kind::SetKeepAlive),
    (10, Kind::Ref),
    (26, Kind::Pipe),
    (16, Kind::Unpipe),
    (50, Kind::Add),
    (20, Kind::Off),
    (14, Kind::RemoveAll),
    (9, Kind::Connect),
    (16, Kind::Throw),
    (4, Kind::Timer),
    (4, Kind::Abort),
    (26, Kind::Close),
    (12, Kind::GetConnections),
    (10, Kind::MaxConnections),
    (16, Kind::Listen),
    (6, Kind::ServerRef),
    (8, Kind::ServerGet),
];

const SMALL: &[u32] = &[0, 1, 2, 3, 4, 5, 6, 9, 10, 11, 99, 100, 101, 999, 1000, 1001];
const LARGE: &[u32] = &[3000, 16383, 16384, 16385, 20000, 30000, 65535, 65536, 65537, 100_000];
const HUGE: &[u32] = &[200_000, 700_000, 3_000_000];

const SOCKET_PROPERTIES: &[&str] = &[
    "readyState",
    "connecting",
    "pending",
    "destroyed",
    "closed",
    "readable",
    "writable",
    "readableFlowing",
    "readableLength",
    "readableEnded",
    "writableLength",
    "writableNeedDrain",
    "writableEnded",
    "writableFinished",
    "writableCorked",
    "bytesRead",
    "bytesWritten",
    "bufferSize",
    "timeout",
    "isPaused",
    "errored",
    "address",
    "remoteAddress",
    "remotePort",
    "remoteFamily",
    "localAddress",
    "localPort",
    "localFamily",
];

const EVENTS: &[EventKind] = &[
    EventKind::Data,
    EventKind::Readable,
    EventKind::End,
    EventKind::Connect,
    EventKind::Drain,
    EventKind::Finish,
    EventKind::Close,
    EventKind::Error,
];

impl Context<'_> {
    /// How much is written.
    pub(super) fn amount(&self, number: u16, kind: u16) -> Amount {
        let encoding = percent(kind, 22).then(|| *one(kind.wrapping_mul(31), Encoding::ALL));
        let length = if self.cast.large && percent(number, 30) {
            *one(number.wrapping_mul(97), HUGE)
        } else if percent(number, if self.again { 15 } else { 30 }) {
            *one(number.wrapping_mul(97), LARGE)
        } else {
            *one(number.wrapping_mul(97), SMALL)
        };
        Amount { length, encoding }
    }

    /// Now and then a callback.
    pub(super) fn callback(&self, number: u16, of_hundred: u32) -> Callback {
        percent(number, of_hundred).then(|| one(number.wrapping_mul(193), &self.cast.callbacks).clone())
    }

    /// Whom a step is about: most often whose event it answers.
    fn socket(&self, number: u16) -> Name {
        match &self.itself {
            Some(name) if !self.cast.servers.contains(name) && number < 36_000 => name.clone(),
            _ => self.cast.socket(number.wrapping_mul(7919)).clone(),
        }
    }

    fn milliseconds(&self, number: u16) -> u32 {
        *one(number, &[0, 35, 35, 65])
    }

    /// How a socket connects.
    pub(super) fn connect_options(&self, number: u16, more: u16, to: &To) -> (Vec<ConnectOption>, Callback) {
        let callback = self.callback(more, 20);
        let mut options = Vec::new();
        let by_name = matches!(to, To::Server(name) if !self.is_path(name));
        match pick(number, &[(80, 0), (8, 1), (2, 2), (2, 3), (2, 4), (3, 5)]) {
            1 if by_name => {
                let how =
                    pick(more, &[(4, Lookup::Sync), (3, Lookup::Tick), (3, Lookup::Immediate), (1, Lookup::Error)]);
                options.push(ConnectOption::Host(String::from("some.name")));
                options.push(ConnectOption::Lookup(how));
                if percent(more.wrapping_mul(77), 30) {
                    options.push(ConnectOption::AutoSelectFamily(false));
                }
            }
            2 if by_name => options.push(ConnectOption::LocalAddress(String::from("127.0.0.1"))),
            3 if by_name => options.push(ConnectOption::Port(*one(more, &[-1, 65536, 70000]))),
            4 if by_name => options.push(ConnectOption::LocalAddress(String::from("foo"))),
            5 if by_name => options.push(ConnectOption::Family(*one(more, &[4, 0]))),
            _ => {}
        }
        (options, callback)
    }

    fn is_path(&self, server: &Name) -> bool {
        self.cast.servers.iter().position(|name| name == server).is_some_and(|at| self.cast.path[at])
    }

    /// Reads numbers as a step; nothing if there is nothing to do it with.
    pub(super) fn step(&self, (kind, who, a, b): RawStep, filtered: &mut Filtered) -> Option<Step> {
        let cast = self.cast;
        let timed = cast.timed && percent(a.wrapping_mul(24_593), 15);
        let kind = pick(kind, if timed { TIMED } else { KINDS });
        let server = || one(who.wrapping_mul(7919), &cast.servers).clone();
        let of_server = |verb| Some(Step::Do(server(), verb));
        match kind {
            Kind::Log => return Some(Step::Log(String::from("here"))),
            Kind::Tick => return Some(Step::Tick(one(a, &cast.tasks).clone())),
            Kind::Immediate => return Some(Step::Immediate(one(a, &cast.tasks).clone())),
            Kind::Timer => {
                let at = a as usize % cast.tasks.len();
                let task = cast.tasks[at].clone();
                // Each task its own time: what is due in one millisecond on one side may be due in two on the other.
                return Some(if cast.timed { Step::Timer(task, [20, 50, 80][at]) } else { Step::Tick(task) });
            }
            Kind::Abort if cast.signal => return Some(Step::Abort(String::from("g"))),
            Kind::Abort => return None,
            Kind::Throw => return Some(Step::Throw),
            Kind::Close => return of_server(Verb::Close(self.callback(a, 40))),
            Kind::GetConnections => return of_server(Verb::GetConnections(one(a, &cast.callbacks).clone())),
            Kind::MaxConnections => return of_server(Verb::MaxConnections(i64::from(a % 3))),
            Kind::Listen => return of_server(Verb::Listen(self.listen_options(a, &server()), self.callback(b, 20))),
            Kind::ServerRef => return of_server(Verb::Ref(percent(a, 50))),
            Kind::ServerGet => {
                let properties = ["listening", "connections", "maxConnections", "address"];
                return of_server(Verb::Get(vec![one(a, &properties).to_string()]));
            }
            Kind::Connect => return self.connect(who, a, b, filtered),
            Kind::Add | Kind::Off => {
                let (name, actor, event) = cast.listeners.get(a as usize % 3 % cast.listeners.len().max(1))?;
                let how =
                    pick(b, &[(4, Adding::On), (3, Adding::Once), (2, Adding::Prepend), (2, Adding::PrependOnce)]);
                let add = matches!(kind, Kind::Add);
                if !add && *event == EventKind::Readable {
                    *filtered.entry(filters::D59).or_default() += 1;
                    return None;
                }
                let verb = if add { Verb::Add(how, name.clone()) } else { Verb::Off(name.clone()) };
                return Some(Step::Do(actor.clone(), verb));
            }
            _ => {}
        }
        Some(Step::Do(self.socket(who), self.verb(kind, a, b)))
    }

    /// What a socket does.
    fn verb(&self, kind: Kind, a: u16, b: u16) -> Verb {
        let cast = self.cast;
        match kind {
            Kind::Write => Verb::Write(self.amount(a, b), self.callback(b.wrapping_mul(61), 50)),
            Kind::End => {
                let amount = percent(a.wrapping_mul(13), 30).then(|| self.amount(a, b));
                Verb::End(amount, self.callback(b.wrapping_mul(61), 35))
            }
            Kind::Destroy => Verb::Destroy(false),
            Kind::DestroyError => Verb::Destroy(true),
            Kind::DestroySoon => Verb::DestroySoon,
            Kind::Reset => Verb::Reset,
            Kind::Pause => Verb::Pause,
            Kind::Resume => Verb::Resume,
            Kind::Read => Verb::Read(percent(a, 60).then(|| *one(b, &[0, 1, 2, 3, 5, 10, 100, 1000, 16384, 20000]))),
            Kind::Cork => Verb::Cork,
            Kind::Uncork => Verb::Uncork,
            Kind::SetEncoding => Verb::SetEncoding((!percent(a, 8)).then(|| *one(b, Encoding::ALL))),
            Kind::SetTimeout if cast.timed => Verb::SetTimeout(self.milliseconds(a), self.callback(b, 40)),
            Kind::SetNoDelay => Verb::SetNoDelay(!percent(a, 40)),
            Kind::SetKeepAlive => Verb::SetKeepAlive(!percent(a, 40), percent(b, 40).then_some(2000)),
            Kind::Ref => Verb::Ref(percent(a, 50)),
            Kind::Pipe => Verb::Pipe(cast.socket(a).clone(), !percent(b, 25)),
            Kind::Unpipe => Verb::Unpipe(percent(b, 50).then(|| cast.socket(a).clone())),
            Kind::RemoveAll => Verb::RemoveAll((!percent(b, 15)).then(|| *one(a, EVENTS))),
            _ => Verb::Get(self.properties(a, b)),
        }
    }

    fn properties(&self, a: u16, b: u16) -> Vec<String> {
        let mut chosen = Vec::new();
        for number in [a, b, a.wrapping_mul(251), b.wrapping_mul(251)] {
            let property = one(number, SOCKET_PROPERTIES).to_string();
            if !chosen.contains(&property) {
                chosen.push(property);
            }
        }
        if percent(b, 20) {
            chosen.push(format!("listeners:{}", one(a, EVENTS).name()));
        }
        chosen
    }

    fn listen_options(&self, number: u16, server: &Name) -> Vec<ListenOption> {
        let other = one(number.wrapping_mul(37), &self.cast.servers).clone();
        let path = self.is_path(server);
        match pick(number, &[(60, 0), (15, 1), (10, 2), (8, 3), (5, 4), (2, 5)]) {
            1 if path && self.is_path(&other) => vec![ListenOption::PathOf(other)],
            1 if !path && !self.is_path(&other) => vec![ListenOption::PortOf(other)],
            2 if !path => vec![ListenOption::Any],
            3 if !path => vec![ListenOption::Port(*one(number.wrapping_mul(41), &[-1, 65536]))],
            5 if self.cast.signal => vec![ListenOption::Signal(String::from("g"))],
            4 => vec![ListenOption::Backlog(u32::from(number % 5))],
            _ if path => vec![ListenOption::Path],
            _ => Vec::new(),
        }
    }

    fn connect(&self, who: u16, a: u16, b: u16, filtered: &mut Filtered) -> Option<Step> {
        let mut socket = self.socket(who);
        if self.cast.peers.contains(&socket) {
            *filtered.entry(filters::D8).or_default() += 1;
            socket = one(who, &self.cast.sockets).clone();
        }
        let server = one(a, &self.cast.servers).clone();
        let to = pick(a.wrapping_mul(53), &[(85, 0), (10, 1), (3, 2), (2, 3)]);
        let to = [To::Server(server), To::Refused, To::Missing, To::File][to].clone();
        let (options, callback) = self.connect_options(b, a.wrapping_mul(59), &to);
        Some(Step::Do(socket, Verb::Connect(to, options, callback)))
    }
}
