//! System calls of a program's own, for what is not written for the driver's face.

use super::public::Process;
use super::sock::{At, Ref};
use super::{Readiness, World};
use bytes::Bytes;
use netfold::Errno;
use netfold::core::HandleKind;
use std::fmt;
use std::net::SocketAddr;

/// Where a [`Descriptor`] is bound or connected to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    /// An address, of a TCP socket.
    Tcp(SocketAddr),
    /// A path of a Unix socket; with NUL at its beginning an abstract name.
    Unix(String),
}

impl Place {
    fn at(&self) -> At {
        match self {
            Place::Tcp(addr) => At::Addr(*addr),
            Place::Unix(path) => At::Path(path.as_str().into()),
        }
    }
}

/// A socket's descriptor, of a program that does system calls of its own. None of them blocks. Each answers what Linux
/// does, as far as the world has it; `EAGAIN` where there is nothing yet. It is closed by [`close`](Descriptor::close)
/// alone, as a number is.
///
/// ```
/// use netfold::core::HandleKind;
/// use netfold_sim::{Chooser, Errno, Place, World};
///
/// let world = World::new(Chooser::calm());
/// let process = world.process();
/// let server = process.socket(HandleKind::Tcp, false)?;
/// let place = Place::Tcp(([127, 0, 0, 1], 80).into());
/// server.bind(&place)?;
/// server.listen(1)?;
/// let client = process.socket(HandleKind::Tcp, false)?;
/// assert_eq!(client.connect(&place), Err(Errno::EINPROGRESS));
/// let accepted = server.accept()?;
/// client.send(b"hello")?;
/// assert_eq!(accepted.recv(100)?, "hello");
/// for descriptor in [server, client, accepted] {
///     descriptor.close(false);
/// }
/// assert_eq!(world.left(), [""; 0]);
/// # Ok::<(), Errno>(())
/// ```
#[derive(Clone)]
pub struct Descriptor {
    world: World,
    pid: u32,
    which: Ref,
}

impl Process {
    /// socket: a TCP socket, for IPv6 if that is said, or a Unix stream socket. `EMFILE`, `ENFILE`. It has SO_REUSEADDR.
    pub fn socket(&self, kind: HandleKind, ipv6: bool) -> Result<Descriptor, Errno> {
        let mut inner = self.world.0.borrow_mut();
        let which = inner.open_socket(self.pid, kind, ipv6)?;
        if let Some(sock) = inner.sock(which) {
            sock.reuse = true;
        }
        Ok(Descriptor { world: self.world.clone(), pid: self.pid, which })
    }
}

impl Descriptor {
    /// bind
    pub fn bind(&self, place: &Place) -> Result<(), Errno> {
        self.world.0.borrow_mut().bind(self.which, &place.at())
    }

    /// SO_REUSEADDR, which is on from the beginning.
    pub fn reuse_address(&self, on: bool) {
        if let Some(sock) = self.world.0.borrow_mut().sock(self.which) {
            sock.reuse = on;
        }
    }

    /// listen
    pub fn listen(&self, backlog: u32) -> Result<(), Errno> {
        self.world.0.borrow_mut().listen(self.which, backlog)
    }

    /// connect: for TCP `EINPROGRESS` when it is under way.
    pub fn connect(&self, place: &Place) -> Result<(), Errno> {
        self.world.0.borrow_mut().connect(self.which, &place.at())
    }

    /// accept
    pub fn accept(&self) -> Result<Descriptor, Errno> {
        let which = self.world.0.borrow_mut().accept(self.pid, self.which)?;
        Ok(Descriptor { which, ..self.clone() })
    }

    /// send: how many bytes were taken.
    pub fn send(&self, bytes: &[u8]) -> Result<usize, Errno> {
        self.world.0.borrow_mut().send(self.which, &[Bytes::copy_from_slice(bytes)], false)
    }

    /// recv: up to `n` bytes; none at the end.
    pub fn recv(&self, n: usize) -> Result<Bytes, Errno> {
        self.world.0.borrow_mut().recv(self.which, n)
    }

    /// shutdown, of reading, of writing, or of both.
    pub fn shutdown(&self, read: bool, write: bool) -> Result<(), Errno> {
        self.world.0.borrow_mut().shutdown(self.which, read, write)
    }

    /// poll
    pub fn readiness(&self) -> Readiness {
        self.world.0.borrow().readiness(self.which)
    }

    /// SO_ERROR
    pub fn take_error(&self) -> Option<Errno> {
        self.world.0.borrow_mut().take_error(self.which)
    }

    /// SO_KEEPALIVE with the seconds to the first probe (TCP_KEEPIDLE); the others follow a second apart, and after ten
    /// without an answer it is `ETIMEDOUT`.
    pub fn keep_alive(&self, idle: Option<u32>) {
        self.world.0.borrow_mut().keep_alive(self.which, idle);
    }

    /// The local address of a TCP socket.
    pub fn local(&self) -> Option<SocketAddr> {
        self.world.0.borrow().peek(self.which)?.local
    }

    /// close; `reset` is linger 0.
    pub fn close(&self, reset: bool) {
        self.world.0.borrow_mut().close(self.which, reset);
    }
}

impl World {
    /// Whether something is on its way, or due at some time.
    pub fn is_under_way(&self) -> bool {
        self.next_arrival().is_some()
    }

    /// Lets the next thing happen that is on its way, and the time pass until then; whether there was one. For programs of
    /// system calls: loops do this when they wait.
    pub fn pass(&self) -> bool {
        let mut inner = self.0.borrow_mut();
        let Some(at) = inner.arrivals.peek().map(|first| first.at) else { return false };
        inner.now = inner.now.max(at);
        inner.arrive();
        true
    }
}

impl fmt::Debug for Descriptor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Descriptor").field(&self.which.1).finish()
    }
}
