//! Machines that are driven without any system call: what a cycle of one costs is the cost of the machine.

use bytes::Bytes;
use netfold_core::trace::{Options, Payload, Trace};
use netfold_core::{
    CallbackId, Command, Completion, ConnKey, Core, Emit, Encoding, Event, EventKind, HandleId, ListenOn, ListenerId,
    Machine, Op, Outcome, Phase, Reply, ServerOptions, SocketId, Step, Target, TickId, TimerId,
};
use std::collections::VecDeque;

const LISTENER: ListenerId = ListenerId(1);

fn on(target: impl Into<Target>, event: EventKind) -> Command {
    Command::On { target: target.into(), event, listener: LISTENER, once: false, prepend: false }
}

/// A machine with a server, and the handle of the server.
fn listening(mut machine: Machine) -> (Machine, HandleId) {
    machine.begin(Command::NewServer(ServerOptions::default())).expect("nothing runs");
    let Step::Return(Outcome::Server(server)) = machine.step() else { panic!("no server") };
    let place = ListenOn::Port { port: 0, host: None, backlog: 0, ipv6_only: false };
    let mut handle = None;
    for command in [on(server, EventKind::Connection), Command::Listen(server, place)] {
        machine.begin(command).expect("nothing runs");
        loop {
            match machine.step() {
                Step::Call(call) => {
                    if let Op::Listen(id, _) = call.op() {
                        handle = Some(id);
                    }
                    call.answer(Reply::Done).expect("it can be done");
                }
                Step::Return(_) => break,
                _ => {}
            }
        }
    }
    let Step::Idle(_) = machine.step() else { panic!("the turn is over") };
    let handle = handle.expect("a server listens on a handle");
    // 'listening', which nobody listens for.
    machine.tick(TickId(0)).expect("the first tick");
    let Step::Idle(_) = machine.step() else { panic!("the tick is over") };
    (machine, handle)
}

/// A connection that echoes.
#[derive(Debug)]
pub struct EchoCore {
    machine: Machine,
    ticks: VecDeque<TickId>,
    socket: SocketId,
    handle: HandleId,
    callback: Option<CallbackId>,
    chunk: Bytes,
}

impl EchoCore {
    /// Its 'data' listener writes back the chunks of `size` bytes that it gets, with a callback or without; it may have
    /// an idle timeout.
    pub fn new(machine: Machine, size: usize, callback: bool, timeout: bool) -> Self {
        let (machine, server) = listening(machine);
        let mut this = Self {
            machine,
            ticks: VecDeque::new(),
            socket: SocketId::from_parts(0, 0),
            handle: server,
            callback: callback.then_some(CallbackId(7)),
            chunk: Bytes::from(vec![7; size]),
        };
        this.machine.complete(Completion::Accepted(server, ConnKey(1))).expect("it listens");
        this.accept(timeout);
        this
    }

    /// Runs what comes of the connection.
    fn accept(&mut self, timeout: bool) {
        let mut commands = Vec::new();
        loop {
            match self.machine.step() {
                Step::Call(call) => {
                    if let Op::Adopt(id, _) = call.op() {
                        self.handle = id;
                    }
                    call.answer(Reply::Done).expect("it can be done");
                }
                Step::Tick(id) => self.ticks.push_back(id),
                Step::Emit(Emit::Listener { event: Event::Connection(id), .. }) => {
                    self.socket = id;
                    commands.push(on(id, EventKind::Data));
                    commands.extend(timeout.then_some(Command::SetTimeout(id, 60_000.0)));
                    self.machine.begin(commands.remove(0)).expect("within a listener");
                }
                Step::Return(_) => {
                    if let Some(command) = commands.pop() {
                        self.machine.begin(command).expect("within a listener");
                    }
                }
                Step::Idle(_) => match self.ticks.pop_front() {
                    Some(id) => self.machine.tick(id).expect("the next tick"),
                    None => return,
                },
                _ => {}
            }
        }
    }

    /// Bytes come in, are emitted, written back and taken by the system; then the ticks. Returns the steps taken.
    pub fn cycle(&mut self) -> u32 {
        let mut steps = 0;
        self.machine.complete(Completion::Read(self.handle, self.chunk.clone())).expect("it reads");
        loop {
            steps += 1;
            match self.machine.step() {
                Step::Call(call) => call.answer(Reply::Done).expect("it can be done"),
                Step::Tick(id) => self.ticks.push_back(id),
                Step::Emit(emit) => self.listen(emit),
                Step::Idle(_) => match self.ticks.pop_front() {
                    Some(id) => self.machine.tick(id).expect("the next tick"),
                    None => return steps,
                },
                Step::Return(_) | Step::Released(_) => {}
            }
        }
    }

    /// The user's code.
    fn listen(&mut self, emit: Emit) {
        if let Emit::Listener { event: Event::Data(chunk), .. } = emit {
            let write = Command::Write(self.socket, chunk.into(), self.callback);
            self.machine.begin(write).expect("within a listener");
        }
    }

    /// What comes in is text from now on.
    pub fn decode(&mut self) {
        self.command(Command::SetEncoding(self.socket, Encoding::Utf8, None));
    }

    /// Writes so many chunks at once: they wait for the last of them and go out as one vectored write. Then the ticks.
    pub fn vectored(&mut self, chunks: usize) {
        self.command(Command::Cork(self.socket));
        for _ in 0..chunks {
            self.command(Command::Write(self.socket, self.chunk.clone().into(), None));
        }
        self.command(Command::Uncork(self.socket));
        loop {
            match self.machine.step() {
                Step::Tick(id) => self.ticks.push_back(id),
                Step::Idle(_) => match self.ticks.pop_front() {
                    Some(id) => self.machine.tick(id).expect("the next tick"),
                    None => return,
                },
                _ => {}
            }
        }
    }

    /// A command of the user's, outside of any listener.
    fn command(&mut self, command: Command) {
        self.machine.begin(command).expect("nothing runs");
        loop {
            match self.machine.step() {
                Step::Call(call) => call.answer(Reply::Done).expect("it can be done"),
                Step::Tick(id) => self.ticks.push_back(id),
                Step::Return(_) => return,
                _ => {}
            }
        }
    }

    /// The trace of so many cycles, of a machine that is recorded.
    pub fn traced(mut self, cycles: u32) -> Trace {
        let mut file = Vec::new();
        for _ in 0..cycles {
            self.cycle();
            if let Some(recorder) = self.machine.recorder() {
                file.extend(recorder.take());
            }
        }
        file.extend(self.machine.finish().expect("it is recorded"));
        Trace::parse(file).expect("a whole trace")
    }

    /// Throws away what was recorded, as a host takes it from time to time.
    pub fn take_trace(&mut self) {
        if let Some(recorder) = self.machine.recorder() {
            recorder.taken(recorder.finished().len());
        }
    }
}

/// A server whose connections are accepted, echo one chunk, and are closed by the other party.
#[derive(Debug)]
pub struct ChurnCore {
    machine: Machine,
    ticks: VecDeque<TickId>,
    server: HandleId,
    chunk: Bytes,
    connections: u64,
}

impl ChurnCore {
    /// No connection yet.
    pub fn new(machine: Machine, size: usize) -> Self {
        let (machine, server) = listening(machine);
        Self { machine, ticks: VecDeque::new(), server, chunk: Bytes::from(vec![7; size]), connections: 0 }
    }

    /// One connection from 'connection' to 'close'. Returns the steps taken.
    pub fn cycle(&mut self) -> u32 {
        self.connections += 1;
        let (mut handle, mut steps) = (None, 0);
        self.turn(Completion::Accepted(self.server, ConnKey(self.connections)), &mut handle, &mut steps);
        let id = handle.expect("the connection was adopted");
        self.turn(Completion::Read(id, self.chunk.clone()), &mut handle, &mut steps);
        self.turn(Completion::Eof(id), &mut handle, &mut steps);
        debug_assert_eq!(self.machine.core().census().handles, 1, "only the server's is left");
        steps
    }

    fn turn(&mut self, completion: Completion, handle: &mut Option<HandleId>, steps: &mut u32) {
        self.machine.complete(completion).expect("it is awaited");
        loop {
            *steps += 1;
            match self.machine.step() {
                Step::Call(call) => {
                    if let Op::Adopt(id, _) = call.op() {
                        *handle = Some(id);
                    }
                    call.answer(Reply::Done).expect("it can be done");
                }
                Step::Tick(id) => self.ticks.push_back(id),
                Step::Emit(Emit::Listener { event: Event::Connection(id), .. }) => {
                    self.machine.begin(on(id, EventKind::Data)).expect("within a listener");
                }
                Step::Emit(Emit::Listener { target: Target::Socket(id), event: Event::Data(chunk), .. }) => {
                    self.machine.begin(Command::Write(id, chunk.into(), None)).expect("within a listener");
                }
                Step::Idle(idle) => {
                    let next = if let Some(id) = self.ticks.pop_front() {
                        self.machine.tick(id)
                    } else if idle.pending > 0 {
                        self.machine.phase(Phase::Pending)
                    } else if idle.closing > 0 {
                        self.machine.phase(Phase::Closing)
                    } else {
                        return;
                    };
                    next.expect("it is due");
                }
                _ => {}
            }
        }
    }
}

/// Timers of one duration, as the idle timeouts of connections are.
#[derive(Debug)]
pub struct TimerCore {
    machine: Machine,
    timers: Vec<TimerId>,
    next: usize,
}

impl TimerCore {
    /// So many timers.
    pub fn new(mut machine: Machine, count: usize) -> Self {
        let mut timers = Vec::with_capacity(count);
        for _ in 0..count {
            machine.begin(Command::StartTimer { ms: 60_000.0, repeat: false }).expect("nothing runs");
            let Step::Return(Outcome::Timer(id)) = machine.step() else { panic!("no timer") };
            timers.push(id);
        }
        Self { machine, timers, next: 0 }
    }

    /// Gives a command about the next timer, in an order that jumps about.
    fn command(&mut self, make: impl FnOnce(TimerId) -> Command) {
        self.next = (self.next + 7919) % self.timers.len();
        self.machine.begin(make(self.timers[self.next])).expect("nothing runs");
        let Step::Return(_) = self.machine.step() else { panic!("it returns") };
    }

    /// Refreshes one timer.
    pub fn refresh(&mut self) {
        self.command(Command::RefreshTimer);
    }

    /// A command that changes nothing: what a refresh costs beside the refreshing.
    pub fn nothing(&mut self) {
        self.command(|id| Command::RefTimer(id, true));
    }
}

/// A machine that is not recorded.
pub fn plain() -> Machine {
    Machine::new(Core::default())
}

/// One that is recorded, with as much as `payload` says of the bytes.
pub fn recorded(payload: Payload) -> Machine {
    Machine::recorded(Core::default(), Options { read: payload, written: payload, ..Options::default() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_cycle_takes_as_many_steps_as_the_one_before() {
        let mut echo = EchoCore::new(plain(), 64, true, true);
        let mut churn = ChurnCore::new(plain(), 64);
        let mut steps = || (echo.cycle(), churn.cycle());
        // The first 'data' of a connection and the first release differ.
        let _first = steps();
        let second = steps();
        assert_eq!([steps(), steps()], [second; 2]);
    }
}
