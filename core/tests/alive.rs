//! Rule M6: what keeps a loop alive, one thing at a time.

use netfold_core::{
    Chunk, Command, Completion, ConnectTo, Core, HandleId, HostOptions, ListenOn, LookupId, Op, Outcome, Phase, Reply,
    ServerOptions, SocketId, SocketOptions, Step, TickId,
};
use std::net::{IpAddr, Ipv4Addr};

/// A machine whose system does everything, but connects, lookups and writes later.
#[derive(Default)]
struct Machine {
    core: Core,
    ticks: Vec<TickId>,
    handle: Option<HandleId>,
    lookup: Option<LookupId>,
}

impl Machine {
    fn go(&mut self) -> Option<Outcome> {
        loop {
            match self.core.step() {
                Step::Call(call) => {
                    let reply = match call.op() {
                        Op::Open(handle, _) => {
                            self.handle = Some(handle);
                            Reply::Done
                        }
                        Op::Lookup { lookup, .. } => {
                            self.lookup = Some(lookup);
                            Reply::Pending
                        }
                        Op::Connect(..) | Op::Write(..) => Reply::Pending,
                        _ => Reply::Done,
                    };
                    call.answer(reply).unwrap();
                }
                Step::Tick(id) => self.ticks.push(id),
                Step::Emit(_) | Step::Released(_) => {}
                Step::Return(outcome) => return Some(outcome),
                Step::Idle(_) => return None,
            }
        }
    }

    /// A call, and the end of its turn.
    fn give(&mut self, command: Command) -> Outcome {
        self.core.begin(command).unwrap();
        let outcome = self.go().unwrap();
        self.go();
        outcome
    }

    fn tick(&mut self) {
        for id in std::mem::take(&mut self.ticks) {
            self.core.tick(id).unwrap();
            self.go();
        }
    }

    fn complete(&mut self, completion: Completion) {
        self.core.complete(completion).unwrap();
        self.go();
        while !self.ticks.is_empty() {
            self.tick();
        }
    }

    fn phase(&mut self, phase: Phase) {
        self.core.phase(phase).unwrap();
        self.go();
        while !self.ticks.is_empty() {
            self.tick();
        }
    }

    #[track_caller]
    fn assert(&self, alive: bool) {
        assert_eq!(self.core.alive(), alive);
    }

    fn socket(&mut self) -> SocketId {
        let Outcome::Socket(socket) = self.give(Command::NewSocket(SocketOptions::default())) else { panic!() };
        self.assert(false);
        socket
    }
}

fn host(host: &str, custom_lookup: bool) -> ConnectTo {
    ConnectTo::Host(HostOptions { host: Some(host.into()), port: Some(80), custom_lookup, ..HostOptions::default() })
}

#[test]
fn each_thing_that_keeps_a_machine_alive() {
    let mut m = Machine::default();
    let socket = m.socket();
    m.give(Command::SetTimeout(socket, 1000.0));
    m.assert(false);
    m.give(Command::Connect(socket, host("127.0.0.1", false)));
    m.assert(true);
    let handle = m.handle.unwrap();
    m.tick();
    m.give(Command::Ref(socket, false));
    m.assert(true);
    m.complete(Completion::Connected(handle, Ok(())));
    m.assert(false);
    m.give(Command::Ref(socket, true));
    m.assert(true);
    m.give(Command::Ref(socket, false));
    m.assert(false);
    m.give(Command::Write(socket, Chunk::from(netfold_core::Bytes::from_static(b"x")), None));
    m.assert(true);
    m.complete(Completion::Written(handle, Ok(())));
    m.assert(false);
    m.give(Command::End(socket, None, None));
    m.assert(true);
    m.tick();
    m.phase(Phase::Pending);
    m.assert(false);
    m.give(Command::Destroy(socket, None));
    m.tick();
    m.assert(true);
    m.phase(Phase::Closing);
    m.assert(false);
}

#[test]
fn lookups_keep_a_machine_alive_unless_user_code_does_them() {
    let mut m = Machine::default();
    let socket = m.socket();
    m.give(Command::Connect(socket, host("name", true)));
    m.assert(false);
    let socket = m.socket();
    m.give(Command::Connect(socket, host("name", false)));
    m.assert(true);
    m.give(Command::Destroy(socket, None));
    m.tick();
    m.phase(Phase::Closing);
    m.assert(true);
    m.complete(Completion::LookedUp(m.lookup.unwrap(), Ok(vec![IpAddr::V4(Ipv4Addr::LOCALHOST)])));
    m.assert(false);
}

#[test]
fn servers_and_timers_keep_a_machine_alive_while_referenced() {
    let mut m = Machine::default();
    let Outcome::Server(server) = m.give(Command::NewServer(ServerOptions::default())) else { panic!() };
    m.assert(false);
    m.give(Command::Listen(server, ListenOn::Port { port: 0, host: None, backlog: 0, ipv6_only: false }));
    m.tick();
    m.assert(true);
    m.give(Command::RefServer(server, false));
    m.assert(false);
    let Outcome::Timer(timer) = m.give(Command::StartTimer { ms: 5.0, repeat: true }) else { panic!() };
    m.assert(true);
    m.give(Command::RefTimer(timer, false));
    m.assert(false);
    m.give(Command::RefTimer(timer, true));
    m.assert(true);
    m.give(Command::CancelTimer(timer));
    m.assert(false);
}
