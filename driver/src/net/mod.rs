//! The loop with its sockets, servers and timers: what a program holds.

mod app;
mod failure;
mod run;
mod tasks;

pub use failure::Failure;

use crate::options::Connect;
use crate::post::{Inbox, Mailbox};
use crate::record::Recording;
use crate::registry::{self, Registry, Task};
use crate::socket::Socket;
use crate::{LookupRequest, Server, System};
use bytes::Bytes;
use netfold_core::host::{self, Kernel, Lane, Place};
use netfold_core::{
    Command, Core, EventKind, Limits, Machine, NodeError, Outcome, ServerOptions, SharedError, SocketOptions, Target,
    ip_and_zone,
};
use std::io::{self, Write};
use std::rc::Rc;
use std::sync::Arc;

/// What a [`Net`] runs on: a kernel that other threads can wake.
pub trait Host: Kernel<Error = io::Error> + 'static {
    /// A function that ends a wait, from any thread.
    fn wake_handle(&self) -> Arc<dyn Fn() + Send + Sync>;

    /// The number of a network interface, by its name; 0 if there is none. The zone of `fe80::1%eth0` names one.
    fn interface(&self, _name: &str) -> u32 {
        0
    }

    /// When it wants to be waited on again even if nothing happens, in milliseconds of [`Kernel::now`].
    fn deadline(&self) -> Option<u64> {
        None
    }

    /// The next waits take so many milliseconds at most, though nothing happens; `None` ends that. The trace of a loop is
    /// written meanwhile; a host without effects outside of it needs none.
    fn nap(&mut self, _most: Option<u64>) {}

    /// Gets ready to be waited for by other means than [`Kernel::wait`].
    fn settle(&mut self) {}
}

/// An event loop with its sockets and servers, and the program's own state.
///
/// `S` is the program's state, at hand in every listener as `net.state`. `H` is what the loop runs on: system calls
/// ([`System`](crate::System)) or a simulated world; a program that is generic over `H` runs unchanged on both.
///
/// ```
/// use netfold::{Net, NetError};
///
/// fn main() -> Result<(), NetError> {
///     let mut net = Net::new(0)?;
///     let server = net.create_server(|_net, socket| {
///         socket.on_data(_net, |net, socket, chunk| {
///             socket.write(net, chunk);
///         });
///     });
///     server.listen_then(&mut net, ("127.0.0.1", 0), |net, server| {
///         let port = server.port(net).unwrap();
///         let client = net.connect(("127.0.0.1", port)).unwrap();
///         client.write(net, "hello");
///         client.on_data(net, move |net, client, chunk| {
///             net.state += chunk.len();
///             client.end(net);
///             server.close(net);
///         });
///     });
///     net.run()?;
///     assert_eq!(net.state, 5);
///     Ok(())
/// }
/// ```
pub struct Net<S: 'static, H: 'static = crate::System> {
    /// The program's own state.
    pub state: S,
    pub(crate) machine: Machine,
    pub(crate) kernel: H,
    lane: Lane<Task<S, H>>,
    pub(crate) registry: Registry<S, H>,
    pub(crate) auto_select_family: bool,
    /// In milliseconds.
    pub(crate) attempt_timeout: i64,
    mailbox: Arc<Mailbox<S, H>>,
    inbox: Inbox<S, H>,
    /// Where the trace goes, if one is recorded.
    pub(crate) sink: Option<Box<dyn Write>>,
    /// When all of the trace was there, in milliseconds of the machine's clock.
    pub(crate) saved: u64,
    /// Why the trace could not be written, when there was something else to tell first.
    pub(crate) unwritten: Option<io::Error>,
    /// The loop was left, perhaps for long: the next call from outside looks at the clock.
    outside: bool,
    #[cfg(feature = "tracing")]
    log: crate::log::Log,
}

impl<S> Net<S> {
    /// A loop over the system, with the [default bounds](Limits::DEFAULT) (rules B1 to B5).
    ///
    /// # Errors
    /// What the system says when it has no descriptor left for the loop itself.
    pub fn new(state: S) -> io::Result<Self> {
        Ok(Self::with_host(state, System::new()?, Limits::DEFAULT))
    }

    /// A loop over the system that is recorded.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn recorded(state: S, recording: Recording) -> io::Result<Self> {
        Ok(Self::with_host_recorded(state, System::new()?, Limits::DEFAULT, recording))
    }
}

#[cfg(unix)]
impl<S> Net<S> {
    /// `new net.Socket({ ...options, fd })`: a connected socket from a descriptor, which is read from at once unless
    /// [`readable`](SocketOptions::readable) is false (rule O10). It may be a TCP or Unix stream socket or an end of a
    /// FIFO, and becomes non-blocking for all who share it. A whole end that a program inherits is
    /// `unsafe { OwnedFd::from_raw_fd(3) }`; a `TcpStream` converts.
    ///
    /// ```
    /// use netfold::{Net, SocketOptions};
    /// use std::io::Write;
    /// use std::os::unix::net::UnixStream;
    ///
    /// fn main() -> Result<(), Box<dyn std::error::Error>> {
    ///     let (mut ours, theirs) = UnixStream::pair()?;
    ///     let mut net = Net::new(Vec::new())?;
    ///     let socket = net.socket_from_fd(theirs, SocketOptions::default())?;
    ///     socket.on_data(&mut net, |net, _, chunk| net.state.extend_from_slice(&chunk));
    ///     ours.write_all(b"hello")?;
    ///     drop(ours);
    ///     net.run()?;
    ///     assert_eq!(net.state, b"hello");
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Errors
    /// `ERR_INVALID_FD_TYPE` for a file, a terminal, a datagram socket and the like; `ERR_NETFOLD_LIMIT` when there are
    /// [`Limits::sockets`] already. The descriptor is closed then; keep a `try_clone` to have it back.
    pub fn socket_from_fd(
        &mut self,
        fd: impl Into<std::os::fd::OwnedFd>,
        options: SocketOptions,
    ) -> Result<Socket, SharedError> {
        let given = self.kernel.hand_in(fd.into())?;
        self.handed_in(options, given)
    }

    /// `new net.Socket({ ...options, fd, onread })`: [`socket_from_fd`](Self::socket_from_fd) with
    /// [`socket_on_read`](Self::socket_on_read) (rules O10 and R22).
    ///
    /// # Errors
    /// As [`socket_from_fd`](Self::socket_from_fd).
    pub fn socket_from_fd_on_read(
        &mut self,
        fd: impl Into<std::os::fd::OwnedFd>,
        options: SocketOptions,
        size: u32,
        callback: impl Fn(&mut Self, Socket, Bytes) -> bool + 'static,
    ) -> Result<Socket, SharedError> {
        let given = self.kernel.hand_in(fd.into())?;
        let socket = self.handed_in(options, netfold_core::HandedIn { on_read: Some(size), ..given })?;
        self.registry.set_on_read(socket.0, Rc::new(callback));
        Ok(socket)
    }

    fn handed_in(&mut self, options: SocketOptions, given: netfold_core::HandedIn) -> Result<Socket, SharedError> {
        match self.command(Command::HandedIn(options, given)) {
            Outcome::Socket(id) => Ok(Socket(id)),
            Outcome::Threw(error) => Err(error),
            other => unreachable!("a new socket is a socket, not {other:?}"),
        }
    }
}

impl<S, H: Host> Net<S, H> {
    /// A loop over a host of your own.
    pub fn with_host(state: S, kernel: H, limits: Limits) -> Self {
        Self::with_machine(state, kernel, Machine::new(Core::new(limits)), None)
    }

    /// As [`with_host`](Self::with_host), recorded.
    pub fn with_host_recorded(state: S, kernel: H, limits: Limits, recording: Recording) -> Self {
        let (options, sink) = recording.open();
        let mut machine = Machine::recorded(Core::new(limits), options);
        if let Some(recorder) = machine.recorder() {
            recorder.check_by(crc32c::crc32c);
        }
        Self::with_machine(state, kernel, machine, Some(sink))
    }

    /// The number of the interface that the zone of an address names; 0 if there is none, and for a name.
    pub(crate) fn scope(&self, host: Option<&str>) -> u32 {
        let zone = host.and_then(ip_and_zone).and_then(|(_, zone)| zone);
        zone.map_or(0, |zone| self.kernel.interface(zone))
    }

    fn with_machine(state: S, kernel: H, machine: Machine, sink: Option<Box<dyn Write>>) -> Self {
        let mailbox = Arc::new(Mailbox::new(kernel.wake_handle()));
        let (lane, registry, inbox) = (Lane::default(), Registry::new(), Inbox::new());
        let (auto_select_family, attempt_timeout) = (true, 250);
        Self {
            state,
            machine,
            kernel,
            lane,
            registry,
            auto_select_family,
            attempt_timeout,
            mailbox,
            inbox,
            sink,
            saved: 0,
            unwritten: None,
            outside: true,
            #[cfg(feature = "tracing")]
            log: crate::log::Log::default(),
        }
    }

    /// `net.createServer(listener)` (rule F6)
    pub fn create_server(&mut self, listener: impl Fn(&mut Self, Socket) + 'static) -> Server {
        self.create_server_with(ServerOptions::default(), listener)
    }

    /// `net.createServer(options, listener)` (rule F6)
    pub fn create_server_with(
        &mut self,
        options: ServerOptions,
        listener: impl Fn(&mut Self, Socket) + 'static,
    ) -> Server {
        let server = self.server(options);
        server.on_connection(self, listener);
        server
    }

    /// `new net.Server(options)` (rule S26)
    pub fn server(&mut self, options: ServerOptions) -> Server {
        match self.certain(Command::NewServer(options)) {
            Outcome::Server(id) => Server(id),
            other => unreachable!("a new server is a server, not {other:?}"),
        }
    }

    /// `new net.Socket(options)`. Throws `ERR_NETFOLD_LIMIT` when there are [`Limits::sockets`] already (rule B3).
    ///
    /// # Errors
    /// `ERR_NETFOLD_LIMIT`.
    pub fn socket(&mut self, options: SocketOptions) -> Result<Socket, SharedError> {
        match self.command(Command::NewSocket(options)) {
            Outcome::Socket(id) => Ok(Socket(id)),
            Outcome::Threw(error) => Err(error),
            other => unreachable!("a new socket is a socket, not {other:?}"),
        }
    }

    /// `new net.Socket({ onread })`: each read brings at most `size` bytes (from 1 to 64 KiB) and goes to this function, and
    /// there is no 'data'. With false it stops the reading, until `resume` or `read`; the stream is not paused (rule R22).
    ///
    /// # Errors
    /// As [`socket`](Self::socket).
    pub fn socket_on_read(
        &mut self,
        options: SocketOptions,
        size: u32,
        callback: impl Fn(&mut Self, Socket, Bytes) -> bool + 'static,
    ) -> Result<Socket, SharedError> {
        let socket = self.socket(options)?;
        self.registry.set_on_read(socket.0, Rc::new(callback));
        self.command(Command::OnRead(socket.0, size));
        Ok(socket)
    }

    /// `net.connect({ onread })`, as [`socket_on_read`](Self::socket_on_read) (rule R22).
    ///
    /// # Errors
    /// As [`connect`](Self::connect).
    pub fn connect_on_read(
        &mut self,
        to: impl Into<Connect>,
        size: u32,
        callback: impl Fn(&mut Self, Socket, Bytes) -> bool + 'static,
    ) -> Result<Socket, SharedError> {
        let to = to.into();
        let socket = self.socket_on_read(to.socket_options(), size, callback)?;
        self.connect_socket(socket, to)
    }

    /// `new net.Socket({ ...options, signal })` (rule C26).
    ///
    /// # Errors
    /// As [`socket`](Self::socket).
    pub fn socket_with_signal(
        &mut self,
        options: SocketOptions,
        signal: &crate::AbortSignal,
    ) -> Result<Socket, SharedError> {
        let socket = self.socket(options)?;
        signal.guard_socket(self, socket);
        Ok(socket)
    }

    /// `net.getDefaultAutoSelectFamily()` (rule C17)
    pub const fn default_auto_select_family(&self) -> bool {
        self.auto_select_family
    }

    /// `net.setDefaultAutoSelectFamily(value)`, for this loop: whether a name's addresses are tried one after the other
    /// unless a connection says otherwise (rule C17).
    pub const fn set_default_auto_select_family(&mut self, value: bool) {
        self.auto_select_family = value;
    }

    /// `net.getDefaultAutoSelectFamilyAttemptTimeout()`, in milliseconds (rule C18).
    pub const fn default_auto_select_family_attempt_timeout(&self) -> i64 {
        self.attempt_timeout
    }

    /// `net.setDefaultAutoSelectFamilyAttemptTimeout(value)`, for this loop, in milliseconds. Less than 1 throws
    /// `ERR_OUT_OF_RANGE`, less than 10 is 10 (rule C18).
    pub fn set_default_auto_select_family_attempt_timeout(&mut self, value: i64) -> Result<(), SharedError> {
        self.attempt_timeout = netfold_core::default_attempt_timeout(value).map(i64::from)?;
        Ok(())
    }

    /// `net.connect(options)`. Wrong arguments throw Node's errors (rule C1); everything else is an event.
    ///
    /// # Errors
    /// As [`Socket::connect`] and [`Socket::set_timeout`]; `ERR_NETFOLD_LIMIT` when there are [`Limits::sockets`]
    /// already (rule B3). The socket that it made is released then (rule F12).
    pub fn connect(&mut self, to: impl Into<Connect>) -> Result<Socket, SharedError> {
        let to = to.into();
        let socket = self.socket(to.socket_options())?;
        self.connect_socket(socket, to)
    }

    /// `net.createConnection(options)`: [`connect`](Self::connect) by its first name (rule F1).
    ///
    /// # Errors
    /// As [`connect`](Self::connect).
    pub fn create_connection(&mut self, to: impl Into<Connect>) -> Result<Socket, SharedError> {
        self.connect(to)
    }

    /// `net.createConnection(options, listener)`: [`connect_then`](Self::connect_then) by its first name (rule F3).
    ///
    /// # Errors
    /// As [`connect`](Self::connect).
    pub fn create_connection_then(
        &mut self,
        to: impl Into<Connect>,
        listener: impl Fn(&mut Self, Socket) + 'static,
    ) -> Result<Socket, SharedError> {
        self.connect_then(to, listener)
    }

    /// Connects a socket that only the caller of `net.connect` will know; nobody will if this throws (rule F12).
    fn connect_socket(&mut self, socket: Socket, to: Connect) -> Result<Socket, SharedError> {
        self.set_up(socket, to).inspect_err(|_| {
            socket.remove_all_listeners(self, None);
            socket.destroy(self);
        })?;
        Ok(socket)
    }

    fn set_up(&mut self, socket: Socket, to: Connect) -> Result<(), SharedError> {
        // As in Node what is falsy is none.
        if let Some(ms) = to.timeout.filter(|ms| *ms != 0.0 && !ms.is_nan()) {
            socket.set_timeout(self, ms)?;
        }
        if let Some(tos) = to.type_of_service {
            socket.set_type_of_service(self, tos)?;
        }
        if let Some(signal) = to.signal.clone() {
            signal.guard_socket(self, socket);
            if signal.aborted() {
                return Ok(());
            }
        }
        socket.connect(self, to)
    }

    /// `net.connect({ lookup })`: a name is resolved by this function of the user's, which answers the request at once or
    /// later (rule C7).
    ///
    /// # Errors
    /// As [`connect`](Self::connect).
    pub fn connect_looking_up(
        &mut self,
        to: impl Into<Connect>,
        lookup: impl Fn(&mut Self, LookupRequest) + 'static,
    ) -> Result<Socket, SharedError> {
        let to = to.into().looked_up_by_the_user();
        let socket = self.socket(to.socket_options())?;
        self.registry.set_lookup(socket.0, Rc::new(lookup));
        self.connect_socket(socket, to)
    }

    /// `net.connect(options, listener)`: the listener is called once at 'connect' (rule F3).
    ///
    /// # Errors
    /// As [`connect`](Self::connect).
    pub fn connect_then(
        &mut self,
        to: impl Into<Connect>,
        listener: impl Fn(&mut Self, Socket) + 'static,
    ) -> Result<Socket, SharedError> {
        let to = to.into();
        let socket = self.socket(to.socket_options())?;
        socket.once(self, EventKind::Connect, move |net, socket, _| listener(net, socket));
        self.connect_socket(socket, to)
    }

    /// Which turn and tick is running (rules T1 and T2).
    pub const fn place(&self) -> Place {
        self.lane.place()
    }

    /// The loop's time, in milliseconds: that of the last poll (rule M1), or of the first call from outside after it (rule M7).
    pub const fn now(&self) -> u64 {
        self.machine.core().now()
    }

    /// The machine's state, to read.
    pub const fn core(&self) -> &Core {
        self.machine.core()
    }

    /// What the loop runs on.
    pub const fn kernel(&self) -> &H {
        &self.kernel
    }

    /// As [`command`](Self::command), for a call that has no error to return: at the bound of depth (rule B1) it fails as the
    /// listener it was made in would. To be silent there would lose what was asked.
    #[inline(always)]
    pub(crate) fn certain(&mut self, command: Command) -> Outcome {
        let outcome = self.command(command);
        if let Outcome::Threw(error) = &outcome {
            fails_at_the_bound(error);
        }
        outcome
    }

    /// Gives a command to the machine. A listener that fails inside it unwinds to the caller, as in Node it throws to it.
    #[inline(always)]
    pub(crate) fn command(&mut self, command: Command) -> Outcome {
        let mut outcome = Outcome::Unit;
        self.command_into(command, &mut outcome);
        outcome
    }

    fn command_into(&mut self, command: Command, outcome: &mut Outcome) {
        if self.outside {
            self.come_back();
        }
        #[cfg(feature = "tracing")]
        crate::log::command(&command);
        match host::command_into(self, command, outcome) {
            Ok(Ok(())) => {
                #[cfg(feature = "tracing")]
                crate::log::returned(outcome);
            }
            Ok(Err(thrown)) => thrown.unwind(),
            Err(misuse) => panic!("this id belongs to another loop: {misuse}"),
        }
    }
}

#[cold]
fn fails_at_the_bound(error: &NodeError) {
    if matches!(error, NodeError::Limit { name: "depth", .. }) {
        panic!("{error}");
    }
}

impl<S: std::fmt::Debug, H> std::fmt::Debug for Net<S, H> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Net").field("state", &self.state).field("place", &self.lane.place()).finish_non_exhaustive()
    }
}

impl<S, H: Host> Net<S, H> {
    pub(crate) fn listen_to(
        &mut self,
        target: Target,
        event: EventKind,
        once: bool,
        prepend: bool,
        listener: registry::Listener<S, H>,
    ) -> netfold_core::ListenerId {
        let id = self.registry.add(target, event, listener);
        self.certain(Command::On { target, event, listener: id, once, prepend });
        id
    }

    pub(crate) fn listen_to_each(
        &mut self,
        target: Target,
        events: &[EventKind],
        listener: registry::Listener<S, H>,
    ) -> netfold_core::ListenerId {
        let id = self.registry.add_to_each(target, events, &listener);
        for &event in events {
            self.certain(Command::On { target, event, listener: id, once: false, prepend: false });
        }
        id
    }

    pub(crate) fn stop_listening(&mut self, target: Target, listener: netfold_core::ListenerId) {
        while let Some(event) = self.registry.remove(target, listener) {
            self.certain(Command::Off { target, event, listener });
        }
    }

    pub(crate) fn stop_listening_all(&mut self, target: Target, event: Option<EventKind>) {
        self.registry.remove_all(target, event);
        self.certain(Command::RemoveAll(target, event));
    }
}
