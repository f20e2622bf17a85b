//! What must hold in every run, seen from the protocol: every input and every output of a machine, live or from a trace.
//!
//! [`Rules`] knows the project's rules, not the machine: what was written must be offered to the system once and in order,
//! each callback must come once, in order and with the right error, 'drain' when it was promised, 'finish' behind the
//! callbacks, and so on. It believes the machine in nothing that it can reckon itself.

mod alive;
mod commands;
mod ends;
mod idle;
mod listeners;
mod order;
mod reads;
mod servers;
mod socket;
mod writes;

use alive::Alive;
use listeners::Emitters;
use netfold::core::trace::{Input, ReplayError, Replayer, Trace};
use netfold::core::{
    CallbackId, Command, Completion, Core, Emit, Errno, Event, EventKind, HandleId, Op, Phase, Reply, ServerId,
    SocketId, Step, Target,
};
use servers::Served;
use socket::Sock;
use std::collections::HashMap;
use std::fmt;

/// A rule that does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// Its number in the project's `spec/rules.md`, and a word for what is about it.
    pub rule: &'static str,
    /// Behind how many inputs it showed.
    pub input: u64,
    /// What was seen.
    pub what: String,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, after input {}: {}", self.rule, self.input, self.what)
    }
}

/// What of a trace does not hold, if anything. A torn trace is looked at as far as it goes.
///
/// The rules know every command of sockets and servers, but not all of the lives that a socket can have: one that connects
/// again after its end, is taken out, or loses its handle, or that connects while some name is not found, is not looked at any
/// more.
///
/// ```
/// use netfold::core::trace::Trace;
/// use netfold::{Limits, Net, Recording};
/// use netfold_sim::{Chooser, World, rules};
/// # use std::{cell::RefCell, io, rc::Rc};
/// # #[derive(Clone, Default)]
/// # struct Memory(Rc<RefCell<Vec<u8>>>);
/// # impl io::Write for Memory {
/// #     fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
/// #         self.0.borrow_mut().extend_from_slice(bytes);
/// #         Ok(bytes.len())
/// #     }
/// #     fn flush(&mut self) -> io::Result<()> {
/// #         Ok(())
/// #     }
/// # }
///
/// let memory = Memory::default();
/// let world = World::new(Chooser::seed(1));
/// let mut net = Net::with_host_recorded((), world, Limits::DEFAULT, Recording::to(memory.clone()));
/// let server = net.create_server(|net, socket| socket.end_with(net, "hello"));
/// server.listen_then(&mut net, ("127.0.0.1", 7000), |net, server| {
///     let client = net.connect(("127.0.0.1", 7000)).unwrap();
///     client.resume(net);
///     client.on_close(net, move |net, _, _| server.close(net));
/// });
/// net.run().unwrap();
/// drop(net);
/// let trace = Trace::parse(memory.0.take()).unwrap();
/// assert_eq!(rules::check(&trace), Ok(vec![]));
/// ```
pub fn check(trace: &Trace) -> Result<Vec<Broken>, ReplayError> {
    let mut rules = Rules::new();
    let mut replayer = Replayer::new(trace);
    while let Some(record) = replayer.next(|step| rules.step(step))? {
        rules.input(&record.input, replayer.core());
    }
    Ok(rules.broken)
}

/// What a turn or tick is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unit {
    /// User code outside of the machine's turns: the main program, a tick or a task of the user's.
    User,
    Completion,
    Tick,
    Phase(Phase),
}

/// A command that has begun and not returned.
#[derive(Clone, Debug)]
struct Open {
    command: Command,
    /// The first chunk that was emitted within it, as 'data' of the socket that is read.
    data: Option<usize>,
    /// Ticks that were scheduled within it.
    ticks: u32,
}

/// What was asked of the system, as far as the answer is of interest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    Open(HandleId),
    Adopt(HandleId),
    Connect(HandleId),
    Write(HandleId),
    ReadStart(HandleId),
    ReadStop(HandleId),
    Shutdown(HandleId),
    Close(HandleId),
    Listen(HandleId),
    QueueSize(HandleId),
    Lookup,
    Detach(HandleId),
    Other,
}

/// A handle, as the answers of the system make it.
#[derive(Clone, Copy, Debug)]
struct Handle {
    owner: Target,
    connecting: bool,
    connected: bool,
    reading: bool,
    writing: bool,
    listening: bool,
    refd: bool,
    closed: bool,
}

/// Looks at a machine's inputs and outputs. See [`check`] for a trace; a host of one's own tells of each
/// [`step`](Rules::step) before it handles it, and of each [`input`](Rules::input) after the machine took it.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    broken: Vec<Broken>,
    inputs: u64,
    now: u64,
    unit: Option<Unit>,
    /// User code has run in this unit.
    user_ran: bool,
    opens: Vec<Open>,
    asked: Option<Asked>,
    emitters: Emitters,
    sockets: HashMap<SocketId, Sock>,
    servers: HashMap<ServerId, Served>,
    handles: HashMap<HandleId, Handle>,
    /// What was closed and has yet to be heard of, and what of it the closing phase is at.
    closing: Vec<HandleId>,
    batch: Vec<HandleId>,
    alive: Alive,
    /// A listener threw: what was left out because of it is nobody's fault.
    threw: bool,
}

impl Rules {
    /// To be told everything from a machine's beginning on.
    pub fn new() -> Self {
        Self::default()
    }

    /// What does not hold so far, in the order in which it showed.
    pub fn broken(&self) -> &[Broken] {
        &self.broken
    }

    /// The loop has ended by itself, since nothing keeps it alive.
    pub fn over(&mut self, core: &Core) {
        let wrong = self.alive_wrong(core).filter(|_| !self.threw);
        self.breaks_if(wrong);
        if self.is_busy() && !self.threw {
            self.breaks("M6 alive", "the loop has ended, and something is under way");
        }
    }

    fn breaks(&mut self, rule: &'static str, what: impl Into<String>) {
        // After the first few everything may be out of joint.
        if self.broken.len() < 32 {
            self.broken.push(Broken { rule, input: self.inputs, what: what.into() });
        }
    }

    fn breaks_if(&mut self, wrong: Option<(&'static str, String)>) {
        if let Some((rule, what)) = wrong {
            self.breaks(rule, what);
        }
    }

    /// The socket of a handle that is looked at.
    fn sock(&mut self, handle: HandleId) -> Option<(SocketId, &mut Sock)> {
        let Target::Socket(id) = self.handles.get(&handle)?.owner else { return None };
        let sock = self.sockets.get_mut(&id)?;
        (sock.handle == Some(handle) && !sock.odd).then_some((id, sock))
    }

    /// Takes in what the machine puts out.
    pub fn step(&mut self, step: &Step<'_>) {
        match step {
            Step::Call(call) => self.call(&call.op()),
            Step::Tick(_) => {
                (self.alive.ticks, self.alive.scheduled) = (self.alive.ticks + 1, self.alive.scheduled + 1);
                if let Some(open) = self.opens.last_mut() {
                    open.ticks += 1;
                }
            }
            Step::Emit(emit) => self.emit(emit),
            Step::Return(outcome) => self.returned(outcome),
            Step::Idle(idle) => {
                if self.unit == Some(Unit::Phase(Phase::Closing)) && idle.batch == 0 {
                    self.batch.clear();
                }
                self.rests();
            }
            Step::Released(socket) => {
                if let Some(sock) = self.sockets.remove(socket) {
                    let hears = self.emitters.any((*socket).into(), EventKind::Close);
                    let wrong = sock.is_gone(hears).filter(|_| !self.threw);
                    self.breaks_if(wrong.map(|(rule, what)| (rule, format!("socket {socket}: {what}"))));
                }
                self.emitters.forget((*socket).into());
            }
        }
    }

    /// Takes in what the machine was given, just after it took it.
    pub fn input(&mut self, input: &Input, core: &Core) {
        self.inputs += 1;
        match input {
            Input::Command(command) => {
                if self.opens.is_empty() && self.unit.is_none() {
                    self.begin(Unit::User);
                }
                self.command(command, core);
                self.opens.push(Open { command: command.clone(), data: None, ticks: 0 });
            }
            Input::Reply(reply) => {
                if let Some(asked) = self.asked.take() {
                    self.reply(asked, *reply, core);
                }
            }
            Input::Completion(completion) => {
                self.begin(Unit::Completion);
                self.completion(completion);
            }
            Input::Advance(now) => {
                self.now = *now;
                self.look_around(core);
            }
            Input::Tick(id) => {
                self.alive.ticks -= 1;
                self.begin(Unit::Tick);
                self.sockets.values_mut().for_each(|sock| sock.tick_began(id.0));
            }
            Input::Phase(phase) => {
                self.begin(Unit::Phase(*phase));
                if *phase == Phase::Closing && self.batch.is_empty() {
                    self.batch = std::mem::take(&mut self.closing);
                }
            }
            Input::Threw => {
                self.threw = true;
                self.emitters.threw(self.opens.len());
            }
        }
    }

    fn begin(&mut self, unit: Unit) {
        self.unit = Some(unit);
        self.user_ran = false;
        if unit != Unit::Tick {
            self.sockets.values_mut().for_each(Sock::turn_began);
        }
    }

    fn call(&mut self, op: &Op<'_>) {
        self.breaks_if(self.wrong_handle(op));
        self.asked = Some(match *op {
            Op::Open(h, _) | Op::OpenFd(h, _) => Asked::Open(h),
            Op::Adopt(h, _) => Asked::Adopt(h),
            Op::Connect(h, _) | Op::ConnectPath(h, _) => Asked::Connect(h),
            Op::Write(h, bytes) => {
                let handle = self.handles.get(&h).copied();
                if let (Some(handle), Some((_, sock))) = (handle, self.sock(h)) {
                    let wrong = sock.offered(handle, bytes);
                    self.breaks_if(wrong);
                    self.touched(h);
                }
                Asked::Write(h)
            }
            Op::ReadStart(h) => Asked::ReadStart(h),
            Op::ReadStop(h) => Asked::ReadStop(h),
            Op::Shutdown(h) => {
                if let Some((_, sock)) = self.sock(h) {
                    let wrong = sock.shuts();
                    self.breaks_if(wrong);
                }
                Asked::Shutdown(h)
            }
            Op::Close(h) | Op::Reset(h) => {
                self.closes(h);
                Asked::Close(h)
            }
            Op::Detach(h) => Asked::Detach(h),
            Op::Listen(h, _) => Asked::Listen(h),
            Op::QueueSize(h) => Asked::QueueSize(h),
            Op::Lookup { .. } => Asked::Lookup,
            _ => Asked::Other,
        });
    }

    fn reply(&mut self, asked: Asked, reply: Reply, core: &Core) {
        match asked {
            Asked::Open(h) | Asked::Adopt(h) => {
                let Some(owner) = core.owner_of(h) else { return };
                let connected = matches!(asked, Asked::Adopt(_));
                self.handles.insert(h, Handle::new(owner, connected));
                self.got_handle(owner, h, connected, core);
            }
            Asked::Connect(h) if matches!(reply, Reply::Failed(_)) => {
                if let Some((_, sock)) = self.sock(h) {
                    sock.odd = true;
                }
            }
            Asked::Connect(h) => {
                self.change(h, |handle| handle.connecting = matches!(reply, Reply::Pending | Reply::Done))
            }
            Asked::Write(h) => {
                self.change(h, |handle| handle.writing = reply == Reply::Pending);
                let user_ran = self.user_ran;
                if let Some((_, sock)) = self.sock(h) {
                    match reply {
                        Reply::Pending => sock.idle.left(Some(sock.writes.flight_bytes())),
                        Reply::Failed(errno) => sock.request_over(Err(errno), user_ran),
                        _ => sock.request_over(Ok(()), user_ran),
                    }
                }
            }
            Asked::ReadStart(h) => self.change(h, |handle| handle.reading = !matches!(reply, Reply::Failed(_))),
            Asked::ReadStop(h) => self.change(h, |handle| handle.reading = false),
            Asked::Close(h) => {
                if let Some((id, sock)) = self.sock(h) {
                    sock.handle_closed(core.socket(id).is_none_or(|view| view.destroyed()));
                }
            }
            Asked::Listen(h) if reply == Reply::Done => {
                self.change(h, |handle| handle.listening = true);
                if let Some(Target::Server(id)) = self.handles.get(&h).map(|handle| handle.owner) {
                    self.served(id).listens(h);
                }
            }
            Asked::QueueSize(h) => {
                let now = self.now;
                if let (Reply::Size(left), Some((_, sock))) = (reply, self.sock(h)) {
                    sock.idle.sized(left, now);
                }
            }
            Asked::Lookup if reply == Reply::Pending => self.alive.lookups += 1,
            Asked::Detach(h) => {
                if let Some((_, sock)) = self.sock(h) {
                    sock.odd = true;
                }
                self.change(h, |handle| handle.closed = true);
            }
            Asked::Shutdown(h) => {
                if let Some((_, sock)) = self.sock(h) {
                    sock.shut();
                }
            }
            Asked::Listen(_) | Asked::Lookup | Asked::Other => {}
        }
    }

    fn change(&mut self, h: HandleId, change: impl FnOnce(&mut Handle)) {
        if let Some(handle) = self.handles.get_mut(&h) {
            change(handle);
        }
    }

    fn got_handle(&mut self, owner: Target, h: HandleId, connected: bool, core: &Core) {
        match owner {
            Target::Socket(id) => {
                if connected && !self.sockets.contains_key(&id) {
                    let (writable, readable) = core
                        .socket(id)
                        .map_or((0, 0), |view| (view.writable_high_water_mark(), view.readable_high_water_mark()));
                    let half_open = core.socket(id).is_some_and(|view| view.allow_half_open());
                    self.sockets.insert(id, Sock::new(half_open, writable, readable));
                }
                if let Some(sock) = self.sockets.get_mut(&id) {
                    sock.handle_given(h, connected);
                }
            }
            Target::Server(id) => {
                let refd = self.served(id).refd;
                self.change(h, |handle| handle.refd = refd);
            }
        }
    }

    fn served(&mut self, id: ServerId) -> &mut Served {
        self.servers.entry(id).or_default()
    }

    fn completion(&mut self, completion: &Completion) {
        let now = self.now;
        match completion {
            Completion::Connected(h, result) => {
                self.change(*h, |handle| (handle.connecting, handle.connected) = (false, result.is_ok()));
                if let Some((_, sock)) = self.sock(*h) {
                    sock.connect_over(*result, now);
                }
            }
            Completion::Written(h, result) => self.written(*h, *result),
            Completion::Read(h, bytes) | Completion::ReadAs(h, bytes, _) => {
                let text = matches!(completion, Completion::ReadAs(..));
                if let Some((_, sock)) = self.sock(*h) {
                    sock.idle.refresh(now);
                    sock.reads.came(bytes, text);
                }
            }
            Completion::Eof(h) | Completion::EofAs(h, _) => {
                self.change(*h, |handle| handle.reading = false);
                if let Some((_, sock)) = self.sock(*h) {
                    sock.idle.refresh(now);
                    sock.reads.ended();
                }
            }
            Completion::ReadFailed(h, errno) => {
                self.change(*h, |handle| handle.reading = false);
                if let Some((_, sock)) = self.sock(*h) {
                    sock.fails(*errno);
                }
            }
            Completion::Accepted(h, _) => {
                if let Some(Target::Server(id)) = self.handles.get(h).map(|handle| handle.owner) {
                    self.served(id).knocks();
                }
            }
            Completion::LookedUp(_, answer) => {
                self.alive.lookups = self.alive.lookups.saturating_sub(1);
                if answer.is_err() {
                    self.sockets.values_mut().for_each(Sock::name_failed);
                }
            }
            Completion::Drained(_) | Completion::AcceptFailed(..) => {}
        }
    }

    fn written(&mut self, h: HandleId, result: Result<(), Errno>) {
        self.change(h, |handle| handle.writing = false);
        let (now, user_ran) = (self.now, self.user_ran);
        if let Some((_, sock)) = self.sock(h) {
            if result.is_ok() {
                sock.idle.refresh(now);
                sock.idle.left(None);
            }
            sock.request_over(result, user_ran);
        }
    }

    /// Any sign of life at a handle.
    fn touched(&mut self, h: HandleId) {
        let now = self.now;
        if let Some((_, sock)) = self.sock(h) {
            sock.idle.refresh(now);
        }
    }

    fn emit(&mut self, emit: &Emit) {
        match emit {
            Emit::Listener { target, listener, last, event } => {
                let kind = event.kind();
                let heard = self.emitters.heard(*target, *listener, *last, kind, self.opens.len());
                match heard {
                    Ok(true) => self.event(*target, event),
                    Ok(false) => {}
                    Err(what) => {
                        let threw = self.threw;
                        if !threw {
                            self.breaks("T6 listeners", what);
                        }
                        self.event(*target, event);
                    }
                }
                if let Target::Socket(id) = target
                    && *last
                {
                    let any = self.emitters.any(*target, kind);
                    self.sockets.entry(*id).and_modify(|sock| sock.reads.listener_gone(kind, any));
                }
            }
            Emit::Callback { socket, callback, error } => {
                let within = self.opens.iter().any(|open| gives(&open.command, *socket, *callback));
                if within {
                    self.breaks("W11 callbacks", format!("{callback:?} of socket {socket} ran within the call"));
                }
                let code = error.as_ref().map(|error| error.code().to_string());
                if let Some(sock) = self.sockets.get_mut(socket).filter(|sock| !sock.odd) {
                    let wrong = sock.called_back(*callback, code.as_deref());
                    self.breaks_if(wrong);
                }
            }
            Emit::Connections { server, callback, count } => {
                let wrong = self.served(*server).counted(*callback, *count);
                self.breaks_if(wrong);
            }
            Emit::Timer { timer, last } => self.alive.fired(*timer, *last),
            Emit::Unhandled { target, error } => self.event(*target, &Event::Error(error.clone())),
            Emit::Read { socket, .. } => {
                if let Some(sock) = self.sockets.get_mut(socket) {
                    sock.reads.known = false;
                }
            }
            Emit::Resolve { .. } => {}
        }
        self.user_ran = true;
    }

    /// An emission begins.
    fn event(&mut self, target: Target, event: &Event) {
        match target {
            Target::Server(id) => {
                let wrong = self.served(id).event(event);
                self.breaks_if(wrong);
                if let Event::Connection(socket) = event {
                    let destroyed = self.sockets.get(socket).is_none_or(|sock| sock.destroyed);
                    let wrong = self.served(id).comes(*socket, destroyed);
                    self.breaks_if(wrong);
                }
            }
            Target::Socket(id) => {
                let Some(mut sock) = self.sockets.remove(&id) else { return };
                if !sock.odd {
                    self.socket_event(id, &mut sock, event);
                }
                self.sockets.insert(id, sock);
            }
        }
    }

    fn socket_event(&mut self, id: SocketId, sock: &mut Sock, event: &Event) {
        let within = |is: fn(&Command, SocketId) -> bool| self.opens.iter().any(|open| is(&open.command, id));
        let reading = within(|command, id| matches!(command, Command::Read(of, _) if *of == id));
        let pausing = within(|command, id| matches!(command, Command::Pause(of) if *of == id));
        let resuming = within(|command, id| matches!(command, Command::Resume(of) if *of == id));
        let (now, unit) = (self.now, self.unit);
        let hears = self.emitters.any(id.into(), EventKind::Connect);
        let mut wrong = vec![sock.order.event(event.kind(), hears)];
        match event {
            Event::Data(bytes) => {
                wrong.push(sock.reads.data(bytes, reading));
                if let Some(open) = self.opens.last_mut()
                    && matches!(open.command, Command::Read(of, _) if of == id)
                {
                    open.data.get_or_insert(bytes.len());
                }
            }
            Event::End => wrong.push(sock.ends(self.alive.scheduled)),
            Event::Drain => wrong.push(sock.writes.drained(sock.destroyed)),
            Event::Finish => wrong.push(sock.finishes()),
            Event::Connect => wrong.push(sock.connects()),
            Event::Pause if !pausing => wrong.push(Some(("R8 pause", "'pause' without a pause()".into()))),
            Event::Pause => wrong.push(sock.reads.pauses()),
            Event::Readable => sock.reads.readable_due = false,
            Event::Resume => wrong.push(sock.reads.resumes(resuming)),
            Event::Timeout => wrong.push(sock.idle.fires(now, sock.destroyed)),
            Event::Error(error) => wrong.push(sock.errs(error.code())),
            Event::Close(had_error) => {
                wrong.push(sock.closed(*had_error, unit));
                if had_error.is_some() {
                    wrong.push(self.close_in_order(sock));
                }
            }
            _ => {}
        }
        for (rule, what) in wrong.into_iter().flatten() {
            if !self.threw {
                self.breaks(rule, format!("socket {id}: {what}"));
            }
        }
    }

    fn rests(&mut self) {
        let depth = self.opens.len();
        if let Some(what) = self.emitters.unfinished(depth)
            && !self.threw
        {
            self.breaks("T6 listeners", what);
        }
        let mut wrong = Vec::new();
        for (id, sock) in self.sockets.iter().filter(|(_, sock)| !sock.odd) {
            let handle = sock.handle.and_then(|h| self.handles.get(&h));
            let listens = |kind| self.emitters.any((*id).into(), kind);
            wrong.extend(sock.at_rest(handle, listens).map(|(rule, what)| (rule, format!("socket {id}: {what}"))));
        }
        for (rule, what) in wrong {
            if !self.threw {
                self.breaks(rule, what);
            }
        }
        self.unit = None;
    }

    /// The loop comes around: ticks, and what they owe, have been done.
    fn look_around(&mut self, core: &Core) {
        if self.threw {
            return;
        }
        let mut wrong = Vec::new();
        for (id, sock) in self.sockets.iter_mut().filter(|(_, sock)| !sock.odd) {
            let handle = sock.handle.and_then(|h| self.handles.get(&h));
            let listens = |kind: EventKind| self.emitters.any((*id).into(), kind);
            let found = sock.around(handle, listens, self.now, core.socket(*id).as_ref());
            wrong.extend(found.into_iter().map(|(rule, what)| (rule, format!("socket {id}: {what}"))));
        }
        for (id, served) in &mut self.servers {
            wrong.extend(served.around().map(|(rule, what)| (rule, format!("server {id}: {what}"))));
        }
        wrong.extend(self.alive_wrong(core));
        wrong.into_iter().for_each(|(rule, what)| self.breaks(rule, what));
    }
}

impl Handle {
    fn new(owner: Target, connected: bool) -> Self {
        Self {
            owner,
            connecting: false,
            connected,
            reading: false,
            writing: false,
            listening: false,
            refd: true,
            closed: false,
        }
    }
}

/// Whether this command gives that callback.
fn gives(command: &Command, socket: SocketId, callback: CallbackId) -> bool {
    match command {
        Command::Write(s, _, Some(c)) | Command::End(s, _, Some(c)) => *s == socket && *c == callback,
        _ => false,
    }
}
