//! A server and its clients on one machine, over a small kernel in which everything that is under way completes in any order:
//! lookups, connects, accepts, writes, reads.
//!
//! A completion engine promises no more than that, so the machine must not expect more.

mod ends;
mod turn;

use super::drive::Around;
use super::engine::{Engine, Watched};
use super::{Choose, Model};
use crate::chooser::Chooser;
use ends::{End, Stage};
use netfold::core::trace::{Input, Options, Payload};
use netfold::core::{
    Command, Completion, ConnKey, ConnectTo, Core, Errno, EventKind, HandleId, HostOptions, Idle, ListenOn, ListenerId,
    LookupCode, Machine, Outcome, Phase, ServerId, ServerOptions, SocketOptions, Target,
};
use std::net::{IpAddr, Ipv4Addr};
use std::rc::Rc;
use turn::Run;

/// How many clients there are; each has an accepted socket as its other end.
pub(super) const CLIENTS: usize = 2;

/// What the scenario has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Meeting {
    /// Clients connect by name, and a name may be found or not.
    pub names: bool,
    /// Each client may be destroyed at any time.
    pub destroys: bool,
    /// The server may be closed at any time; who connects then may be refused.
    pub closes: bool,
}

impl Meeting {
    /// All of it.
    pub const FULL: Meeting = Meeting { names: true, destroys: true, closes: true };
}

/// Scenarios, each with a name.
pub const SCENARIOS: [(&str, Meeting); 2] =
    [("meeting", Meeting::FULL), ("addresses", Meeting { names: false, ..Meeting::FULL })];

/// All but the machine.
#[derive(Clone, Copy, Debug)]
struct Scene {
    server: ServerId,
    listener: HandleId,
    listening: bool,
    server_closed: bool,
    /// The clients, then the sockets that were accepted of each.
    ends: [End; CLIENTS * 2],
    /// Which client is told to connect, and which connection is taken over.
    current: usize,
    idle: Idle,
    handles: usize,
    wrong: Option<&'static str>,
    key: u128,
}

/// Where it stands.
#[derive(Clone, Debug)]
pub struct MeetingState<E = Core> {
    engine: Rc<E>,
    scene: Scene,
}

/// A meeting whose machine is looked at by [`rules`](crate::rules), too: as a [`Ruled`](super::pair::Ruled) pair is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RuledMeeting(pub Meeting);

/// Where a [`RuledMeeting`] stands.
#[derive(Clone, Debug)]
pub struct RuledMeetingState(MeetingState<Watched>);

/// What can happen next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    Phase(Phase),
    Found(usize, bool),
    Connected(usize),
    Accepted(usize),
    Written(usize),
    Reads(usize),
    Eof(usize),
    Destroy(usize),
    Close,
}

/// No more than this can happen next.
const MOST: usize = 32;

const KINDS: [EventKind; 8] = [
    EventKind::Connect,
    EventKind::Ready,
    EventKind::Data,
    EventKind::End,
    EventKind::Finish,
    EventKind::Error,
    EventKind::Close,
    EventKind::Drain,
];

/// Always the first.
struct First;

impl Choose for First {
    fn choose(&mut self, _: &'static str, _: u32) -> u32 {
        0
    }
}

impl Model for Meeting {
    type State = MeetingState;

    const CELLS: (&'static [&'static str], &'static [&'static str]) =
        (Stage::NAMES, &["found", "not found", "connected", "accepted", "written", "read", "EOF", "destroy"]);

    fn begin(&self) -> MeetingState {
        self.begin_with()
    }

    fn step(&self, state: &mut MeetingState, choose: &mut impl Choose) -> bool {
        self.step_with(state, choose)
    }

    fn key(&self, state: &MeetingState) -> u128 {
        state.scene.key()
    }

    fn broken(&self, state: &MeetingState, over: bool) -> Option<String> {
        state.scene.broken(over)
    }

    fn cells(&self, state: &MeetingState, saw: &mut impl FnMut(usize, usize)) {
        self.cells_of(&state.scene, saw);
    }
}

impl Model for RuledMeeting {
    type State = RuledMeetingState;

    const CELLS: (&'static [&'static str], &'static [&'static str]) = Meeting::CELLS;

    fn begin(&self) -> RuledMeetingState {
        RuledMeetingState(self.0.begin_with())
    }

    fn step(&self, state: &mut RuledMeetingState, choose: &mut impl Choose) -> bool {
        self.0.step_with(&mut state.0, choose)
    }

    fn key(&self, state: &RuledMeetingState) -> u128 {
        state.0.scene.key()
    }

    fn broken(&self, RuledMeetingState(state): &RuledMeetingState, over: bool) -> Option<String> {
        state.scene.broken(over).or_else(|| state.engine.broken(over))
    }

    fn cells(&self, state: &RuledMeetingState, saw: &mut impl FnMut(usize, usize)) {
        self.0.cells_of(&state.0.scene, saw);
    }
}

impl Meeting {
    fn begin_with<E: Engine + Clone + Default>(&self) -> MeetingState<E> {
        let mut engine = E::default();
        let scene = self.set_up(&mut engine);
        MeetingState { engine: Rc::new(engine), scene }
    }

    /// A server that listens, and two clients that are under way.
    fn set_up<E: Engine>(&self, engine: &mut E) -> Scene {
        let mut scene = Scene::new();
        let mut tell = |scene: &mut Scene, command: Command| {
            Run { scene, connects: self.closes }.tell(engine, Input::Command(command), &mut First)
        };
        let made = tell(&mut scene, Command::NewServer(ServerOptions::default()));
        let Some(Outcome::Server(server)) = made else { unreachable!("a server") };
        scene.server = server;
        for (at, event) in [EventKind::Connection, EventKind::ServerClose].into_iter().enumerate() {
            tell(&mut scene, on(server.into(), event, at));
        }
        let host = Some("127.0.0.1".to_string());
        let port = ListenOn::Port { port: 80, host, backlog: 0, ipv6_only: false };
        tell(&mut scene, Command::Listen(server, port));
        for client in 0..CLIENTS {
            let made = tell(&mut scene, Command::NewSocket(SocketOptions::default()));
            let Some(Outcome::Socket(socket)) = made else { unreachable!("a socket") };
            (scene.current, scene.ends[client].socket) = (client, socket);
            for (at, event) in KINDS.into_iter().enumerate() {
                tell(&mut scene, on(socket.into(), event, at));
            }
            let name = if self.names { "name.test" } else { "127.0.0.1" };
            let to = HostOptions {
                host: Some(name.into()),
                port: Some(80),
                auto_select_family: Some(false),
                ..HostOptions::default()
            };
            tell(&mut scene, Command::Connect(socket, ConnectTo::Host(to)));
            let end = &mut scene.ends[client];
            let write = end.writes();
            tell(&mut scene, write);
            tell(&mut scene, Command::End(socket, None, None));
        }
        scene
    }

    #[inline]
    fn step_with<E: Engine + Clone>(&self, state: &mut MeetingState<E>, choose: &mut impl Choose) -> bool {
        let Some(next) = self.choose(&state.scene, choose) else { return false };
        let input = state.scene.happens(next);
        let engine = Rc::make_mut(&mut state.engine);
        Run { scene: &mut state.scene, connects: self.closes }.tell(engine, input, choose);
        true
    }

    fn choose(&self, scene: &Scene, choose: &mut impl Choose) -> Option<Next> {
        let mut next = [Next::Close; MOST];
        match self.next(scene, &mut next) {
            0 => None,
            1 => Some(next[0]),
            n => Some(next[choose.choose("next", n as u32) as usize]),
        }
    }

    /// All that can happen.
    fn next(&self, scene: &Scene, into: &mut [Next; MOST]) -> usize {
        let mut n = 0;
        let mut add = |next: Next| {
            into[n] = next;
            n += 1;
        };
        if scene.idle.pending > 0 {
            add(Next::Phase(Phase::Pending));
        }
        if scene.idle.closing > 0 {
            add(Next::Phase(Phase::Closing));
        }
        for (at, end) in scene.ends.iter().enumerate() {
            if end.lookup.is_some() {
                add(Next::Found(at, true));
                add(Next::Found(at, false));
            }
            if end.stage == Stage::Connects {
                add(Next::Connected(at));
            }
            if end.knocks && scene.listening {
                add(Next::Accepted(at));
            }
            let other = &scene.ends[other(at)];
            if end.flight {
                add(Next::Written(at));
            }
            if end.reading && end.stage == Stage::Open {
                if other.waiting > 0 {
                    add(Next::Reads(at));
                } else if other.fin {
                    add(Next::Eof(at));
                }
            }
            if self.destroys && at < CLIENTS && !end.destroyed && end.stage != Stage::Closed {
                add(Next::Destroy(at));
            }
        }
        // A server that nobody closes is none that comes to its end.
        let over = scene.ends[..CLIENTS].iter().all(|end| end.close);
        if scene.listening && (self.closes || over) {
            add(Next::Close);
        }
        n
    }

    fn cells_of(&self, scene: &Scene, saw: &mut impl FnMut(usize, usize)) {
        let mut next = [Next::Close; MOST];
        let n = self.next(scene, &mut next);
        for next in &next[..n] {
            let (at, event) = match *next {
                Next::Found(at, found) => (at, usize::from(!found)),
                Next::Connected(at) => (at, 2),
                Next::Accepted(at) => (at, 3),
                Next::Written(at) => (at, 4),
                Next::Reads(at) => (at, 5),
                Next::Eof(at) => (at, 6),
                Next::Destroy(at) => (at, 7),
                Next::Phase(_) | Next::Close => continue,
            };
            saw(scene.ends[at].stage as usize, event);
        }
    }

    /// Walks with a chooser, at most so many steps, with the machine recorded: what does not hold, if anything, and the trace.
    pub fn record(&self, chooser: &Chooser, most: u32) -> (Option<String>, Vec<u8>) {
        let options = Options { read: Payload::Full, written: Payload::Full, ..Options::default() };
        let mut machine = Machine::recorded(Core::default(), options);
        let mut scene = self.set_up(&mut machine);
        let mut choose = chooser;
        let mut broken = None;
        for _ in 0..most {
            let next = self.choose(&scene, &mut choose);
            if let Some(next) = next {
                let input = scene.happens(next);
                Run { scene: &mut scene, connects: self.closes }.tell(&mut machine, input, &mut choose);
            }
            broken = scene.broken(next.is_none());
            if broken.is_some() || next.is_none() {
                break;
            }
        }
        (broken, machine.finish().unwrap_or_default())
    }
}

fn on(target: Target, event: EventKind, at: usize) -> Command {
    Command::On { target, event, listener: ListenerId(at as u32 + 1), once: false, prepend: false }
}

/// The other end of a connection.
const fn other(end: usize) -> usize {
    (end + CLIENTS) % (CLIENTS * 2)
}

impl Scene {
    /// What happens in the kernel, and what the machine hears of it.
    fn happens(&mut self, next: Next) -> Input {
        let completion = match next {
            Next::Phase(phase) => return Input::Phase(phase),
            Next::Close => {
                self.listening = false;
                return Input::Command(Command::CloseServer(self.server, None));
            }
            Next::Destroy(at) => {
                self.ends[at].destroyed = true;
                return Input::Command(Command::Destroy(self.ends[at].socket, None));
            }
            Next::Found(at, found) => {
                self.current = at;
                let end = &mut self.ends[at];
                end.failed |= !found && !end.destroyed;
                let lookup = end.lookup.take().expect("one is under way");
                let answer = found.then(|| vec![IpAddr::V4(Ipv4Addr::LOCALHOST)]).ok_or(LookupCode::NotFound);
                Completion::LookedUp(lookup, answer)
            }
            Next::Connected(at) => {
                let end = &mut self.ends[at];
                let refused = std::mem::take(&mut end.refused);
                (end.stage, end.failed) = (Stage::Open, end.failed | refused);
                Completion::Connected(end.handle, if refused { Err(Errno::ECONNREFUSED) } else { Ok(()) })
            }
            Next::Accepted(at) => {
                self.ends[at].knocks = false;
                Completion::Accepted(self.listener, ConnKey(at as u64))
            }
            Next::Written(at) => {
                let gone = self.ends[other(at)].stage == Stage::Closed;
                let end = &mut self.ends[at];
                end.flight = false;
                if gone {
                    end.failed = true;
                    Completion::Written(end.handle, Err(Errno::EPIPE))
                } else {
                    end.waiting += 1;
                    end.sent += 1;
                    Completion::Written(end.handle, Ok(()))
                }
            }
            Next::Reads(at) => {
                let from = &mut self.ends[other(at)];
                let bytes = vec![7; usize::from(std::mem::take(&mut from.waiting))];
                let end = &mut self.ends[at];
                end.read += bytes.len() as u8;
                Completion::Read(end.handle, bytes.into())
            }
            Next::Eof(at) => {
                self.ends[at].reading = false;
                Completion::Eof(self.ends[at].handle)
            }
        };
        Input::Completion(completion)
    }
}
