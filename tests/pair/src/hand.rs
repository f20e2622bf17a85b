//! One machine without a host: the test gives each input and asserts each step.

use netfold_core::{Command, Core, Idle, Outcome, Phase, Reply, ServerId, SocketId, SocketOptions, Step, TickId};

/// A core, driven by hand. Steps are compared as text.
#[derive(Debug, Default)]
pub struct Hand {
    /// The core.
    pub core: Core,
    ticks: std::collections::VecDeque<TickId>,
}

impl Hand {
    /// A hand on this core.
    pub fn new(core: Core) -> Self {
        Self { core, ticks: std::collections::VecDeque::new() }
    }

    /// Begins a command, which must be legal.
    pub fn begin(&mut self, command: Command) {
        self.core.begin(command).expect("a legal command");
    }

    /// The next step, as text: `Call(..)`, `Emit ..`, `Tick`, `Return(..)`, `Released(..)`, or `Idle` with what is owed.
    /// A call is left open.
    pub fn step(&mut self) -> String {
        match self.core.step() {
            Step::Call(call) => format!("{:?}", call.op()),
            Step::Emit(emit) => match emit {
                netfold_core::Emit::Listener { event, listener, .. } => format!("Emit {event:?} to {}", listener.0),
                netfold_core::Emit::Callback { callback, error, .. } => {
                    format!("Callback {} {}", callback.0, error.map_or("null".into(), |e| e.code().to_string()))
                }
                other => format!("{other:?}"),
            },
            Step::Tick(id) => {
                self.ticks.push_back(id);
                String::from("Tick")
            }
            Step::Return(outcome) => format!("Return({outcome:?})"),
            Step::Idle(Idle { pending, closing, .. }) => match (pending, closing) {
                (0, 0) => String::from("Idle"),
                _ => format!("Idle pending {pending} closing {closing}"),
            },
            Step::Released(id) => format!("Released({id})"),
        }
    }

    /// Asserts the next steps.
    #[track_caller]
    pub fn expect(&mut self, steps: &[&str]) {
        for (at, step) in steps.iter().enumerate() {
            assert_eq!(self.step(), *step, "step {at}");
        }
    }

    /// Answers the open call.
    #[track_caller]
    pub fn answer(&mut self, reply: Reply) {
        let Step::Call(call) = self.core.step() else { panic!("no call is open") };
        call.answer(reply).expect("a fitting reply");
    }

    /// Asserts that this call is next, and answers it.
    #[track_caller]
    pub fn call(&mut self, op: &str, reply: Reply) {
        assert_eq!(self.step(), op);
        self.answer(reply);
    }

    /// Begins the next tick, which must be owed.
    #[track_caller]
    pub fn tick(&mut self) {
        let id = self.ticks.pop_front().expect("a tick is owed");
        self.core.tick(id).expect("the tick is due");
    }

    /// Asserts silence: idle, and every phase comes to nothing.
    #[track_caller]
    pub fn assert_silent(&mut self) {
        assert!(self.ticks.is_empty(), "ticks are owed");
        assert_eq!(self.step(), "Idle");
        for phase in [Phase::Pending, Phase::Closing, Phase::Timers] {
            self.core.phase(phase).expect("nothing is owed");
            loop {
                let step = self.step();
                if step.starts_with("Released") {
                    continue;
                }
                assert_eq!(step, "Idle", "{phase:?}");
                break;
            }
        }
    }

    /// Runs to the return of the innermost command: calls are answered `Done`, ticks noted, nothing may be emitted.
    #[track_caller]
    pub fn run(&mut self) -> Outcome {
        loop {
            match self.core.step() {
                Step::Call(call) => call.answer(Reply::Done).expect("Done fits"),
                Step::Tick(id) => self.ticks.push_back(id),
                Step::Return(outcome) => return outcome,
                other => panic!("a return, not {other:?}"),
            }
        }
    }

    /// A new socket; the core stands where user code goes on.
    #[track_caller]
    pub fn socket(&mut self, options: SocketOptions) -> SocketId {
        self.begin(Command::NewSocket(options));
        match self.run() {
            Outcome::Socket(id) => id,
            other => panic!("a socket, not {other:?}"),
        }
    }

    /// A new server.
    #[track_caller]
    pub fn server(&mut self) -> ServerId {
        self.begin(Command::NewServer(netfold_core::ServerOptions::default()));
        match self.run() {
            Outcome::Server(id) => id,
            other => panic!("a server, not {other:?}"),
        }
    }

    /// How many ticks are owed.
    pub fn owed(&self) -> usize {
        self.ticks.len()
    }
}
