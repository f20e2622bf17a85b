//! What the tests over the face share.
#![allow(dead_code, reason = "no test binary uses all of it")]

use netfold::core::Census;
use netfold::{Event, EventKind, Limits, Net, NetError, Server, ServerOptions, Socket, SocketOptions, System};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::io::Read;
use std::net::TcpStream;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// No loop of a test runs as long as this, in milliseconds: a test that would hang fails instead.
pub const TOO_LONG: f64 = 60_000.0;

/// A listener of the kind that takes the whole event, for each event of a socket.
pub const SOCKET_EVENTS: [EventKind; 13] = [
    EventKind::Lookup,
    EventKind::Connect,
    EventKind::Ready,
    EventKind::Data,
    EventKind::Readable,
    EventKind::End,
    EventKind::Drain,
    EventKind::Finish,
    EventKind::Timeout,
    EventKind::Error,
    EventKind::Close,
    EventKind::Pause,
    EventKind::Resume,
];

/// What happened, in order.
pub type Log = Vec<String>;

/// Whether the figures of the issue are asked for in full, however long they take.
pub fn long() -> bool {
    std::env::var_os("NETFOLD_LONG").is_some_and(|v| v == "1")
}

/// A loop that does not hang.
pub fn new<S>(state: S) -> Net<S> {
    bounded(state, Limits::DEFAULT)
}

pub fn bounded<S>(state: S, limits: Limits) -> Net<S> {
    guarded(Net::with_host(state, System::new().unwrap(), limits))
}

pub fn guarded<S>(mut net: Net<S>) -> Net<S> {
    let guard = net.set_timeout(if long() { 10.0 * TOO_LONG } else { TOO_LONG }, |_| panic!("the test takes too long"));
    net.unref_timer(guard);
    net
}

/// What a loop holds when nothing is open: the timer of [`guarded`].
pub fn empty(servers: usize) -> Census {
    Census { servers, timers: 1, ..Census::default() }
}

/// Holds that nothing is left in the loop but so many servers, which a program releases itself.
pub fn assert_clean<S>(net: &mut Net<S>, servers: usize) {
    net.run().unwrap();
    // What has closed is swept at the beginning of the machine's next turn.
    net.set_timeout(1.0, |_| {});
    net.run().unwrap();
    assert_eq!(net.core().census(), empty(servers));
}

/// A server on a free port of the loopback, and the port.
pub fn serve<S>(net: &mut Net<S>, options: ServerOptions, listener: impl Fn(&mut Net<S>, Socket) + 'static) -> Bound {
    let server = net.create_server_with(options, listener);
    server.listen(net, ("127.0.0.1", 0)).unwrap();
    // With a host the rest happens a tick later (rule S6).
    net.dispatch().unwrap();
    let port = server.port(net).expect("it listens");
    Bound { server, port }
}

#[derive(Clone, Copy)]
pub struct Bound {
    pub server: Server,
    pub port: u16,
}

impl Bound {
    pub fn addr(&self) -> (&'static str, u16) {
        ("127.0.0.1", self.port)
    }

    /// A connection from outside, that blocks for no longer than ten seconds.
    pub fn outside(&self) -> TcpStream {
        let stream = TcpStream::connect(self.addr()).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        stream.set_write_timeout(Some(Duration::from_secs(10))).unwrap();
        stream
    }
}

/// Sends back what comes.
pub fn echo<S>(net: &mut Net<S>, socket: Socket) {
    socket.on_data(net, |net, socket, chunk| {
        socket.write(net, chunk);
    });
}

/// Writes down what happens to a socket; it listens for every event named, so 'data' makes it flow.
pub fn hear(net: &mut Net<Log>, socket: Socket, name: &'static str, events: &[EventKind]) {
    for &event in events {
        socket.on(net, event, move |net, _, event| {
            let line = match event {
                Event::Error(error) => format!("{name} error {}", error.code()),
                Event::Close(had_error) => format!("{name} close {had_error:?}"),
                Event::Lookup(lookup) => {
                    let result = lookup.result.map_or_else(|e| e.code().to_string(), |ip| ip.to_string());
                    format!("{name} lookup {result}")
                }
                event => format!("{name} {}", event.kind().name()),
            };
            net.state.push(line);
        });
    }
}

/// Goes around until `done`.
pub fn until<S>(net: &mut Net<S>, mut done: impl FnMut(&mut Net<S>) -> bool) {
    while !done(net) {
        step(net).unwrap();
    }
}

/// Goes around once; waits for something to happen, for a while.
pub fn step<S>(net: &mut Net<S>) -> Result<bool, NetError> {
    wait(net, Duration::from_secs(1));
    net.dispatch()
}

/// Waits for the loop's descriptor or its deadline, as a loop that embeds this one would.
pub fn wait<S>(net: &mut Net<S>, most: Duration) -> bool {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let due = net.deadline().map_or(most, |ms| most.min(Duration::from_millis(ms)));
    let timeout = Timespec { tv_sec: due.as_secs() as i64, tv_nsec: due.subsec_nanos().into() };
    let mut fds = [PollFd::new(net.kernel(), PollFlags::IN)];
    matches!(poll(&mut fds, Some(&timeout)), Ok(1..))
}

/// Takes over a socket that is not connected, to be connected by the test.
pub fn socket<S>(net: &mut Net<S>) -> Socket {
    net.socket(SocketOptions::default()).unwrap()
}

/// Reads to the end of the stream, however it ends; what came, and the error if it was one.
pub fn drain(stream: &mut TcpStream) -> (Vec<u8>, Option<std::io::ErrorKind>) {
    let mut all = Vec::new();
    let error = stream.read_to_end(&mut all).err().map(|e| e.kind());
    (all, error)
}

/// Makes the next close of a socket send RST.
pub fn reset(stream: TcpStream) {
    rustix::net::sockopt::set_socket_linger(&stream, Some(Duration::ZERO)).unwrap();
    drop(stream);
}

/// The descriptors that this process has open.
pub fn descriptors() -> usize {
    let at = if cfg!(target_os = "linux") { "/proc/self/fd" } else { "/dev/fd" };
    std::fs::read_dir(at).unwrap().count()
}

/// Waits until so many descriptors are open: the resolver's threads, which are not waited for, keep one a while longer
/// than their loop.
pub fn settle(count: usize) -> bool {
    let begun = std::time::Instant::now();
    while descriptors() != count && begun.elapsed() < Duration::from_secs(5) {
        std::thread::yield_now();
    }
    descriptors() == count
}

/// Tests that count descriptors run one at a time.
pub fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Raises the soft bound of descriptors to the hard one; how many this process can have.
pub fn most_descriptors() -> usize {
    let limit = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit }).unwrap();
    limit.maximum.map_or(1 << 20, |n| n.min(1 << 20) as usize)
}

/// A path of this test's own that is removed when it is over.
pub struct Scratch(pub PathBuf);

impl Scratch {
    pub fn new(name: &str) -> Self {
        Self(std::env::temp_dir().join(format!("netfold-{}-{name}", std::process::id())))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A generator of numbers (SplitMix64) whose seed is printed: the same seed, the same test.
pub struct Random(u64);

impl Random {
    /// From `NETFOLD_SEED`, or a fixed one.
    pub fn new() -> Self {
        let seed = std::env::var("NETFOLD_SEED").ok().and_then(|s| s.parse().ok()).unwrap_or(0x5eed);
        println!("NETFOLD_SEED={seed}");
        Self(seed)
    }

    pub fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % n as u64) as usize
    }
}
