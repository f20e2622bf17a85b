//! TIME_WAIT, as far as a program can see it: what this machine's Linux does, and the world with it.

use netfold::core::HandleKind;
use netfold_sim::{Chooser, Descriptor, Errno, Place, Process, World};
use std::net::Ipv4Addr;

/// The system calls of a case, over TCP on 127.0.0.1. Nothing blocks; what was sent has arrived when the next one is made.
trait System {
    type Socket;
    fn socket(&self, reuse: bool) -> Self::Socket;
    fn bind(&self, socket: &Self::Socket, port: u16) -> Result<(), Errno>;
    fn listen(&self, socket: &Self::Socket) -> Result<(), Errno>;
    /// Whether it was established at once.
    fn connect(&self, socket: &Self::Socket, port: u16) -> Result<(), Errno>;
    fn accept(&self, socket: &Self::Socket) -> Result<Self::Socket, Errno>;
    fn port(&self, socket: &Self::Socket) -> u16;
    fn close(&self, socket: Self::Socket, reset: bool);
}

impl System for World {
    type Socket = Descriptor;

    fn socket(&self, reuse: bool) -> Descriptor {
        let socket = self.process().socket(HandleKind::Tcp, false).expect("a socket");
        socket.reuse_address(reuse);
        socket
    }

    fn bind(&self, socket: &Descriptor, port: u16) -> Result<(), Errno> {
        socket.bind(&Place::Tcp((Ipv4Addr::LOCALHOST, port).into()))
    }

    fn listen(&self, socket: &Descriptor) -> Result<(), Errno> {
        socket.listen(10)
    }

    fn connect(&self, socket: &Descriptor, port: u16) -> Result<(), Errno> {
        match socket.connect(&Place::Tcp((Ipv4Addr::LOCALHOST, port).into())) {
            Err(Errno::EINPROGRESS) => socket.take_error().map_or(Ok(()), Err),
            other => other,
        }
    }

    fn accept(&self, socket: &Descriptor) -> Result<Descriptor, Errno> {
        socket.accept()
    }

    fn port(&self, socket: &Descriptor) -> u16 {
        socket.local().expect("it is bound").port()
    }

    fn close(&self, socket: Descriptor, reset: bool) {
        socket.close(reset);
    }
}

#[cfg(target_os = "linux")]
mod linux {
    use super::{Errno, Ipv4Addr, System};
    use rustix::fd::OwnedFd;
    use rustix::net::{
        AddressFamily, SocketFlags, SocketType, accept_with, bind, connect, listen, socket_with, sockopt,
    };
    use std::net::SocketAddr;
    use std::time::Duration;

    pub struct Linux;

    const FLAGS: SocketFlags = SocketFlags::NONBLOCK.union(SocketFlags::CLOEXEC);

    fn named<T>(result: rustix::io::Result<T>) -> Result<T, Errno> {
        result.map_err(|errno| Errno::from_linux(errno.raw_os_error()))
    }

    fn at(port: u16) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, port).into()
    }

    impl System for Linux {
        type Socket = OwnedFd;

        fn socket(&self, reuse: bool) -> OwnedFd {
            let fd = socket_with(AddressFamily::INET, SocketType::STREAM, FLAGS, None).expect("a socket");
            sockopt::set_socket_reuseaddr(&fd, reuse).expect("a TCP socket can");
            fd
        }

        fn bind(&self, socket: &OwnedFd, port: u16) -> Result<(), Errno> {
            named(bind(socket, &at(port)))
        }

        fn listen(&self, socket: &OwnedFd) -> Result<(), Errno> {
            named(listen(socket, 10))
        }

        fn connect(&self, socket: &OwnedFd, port: u16) -> Result<(), Errno> {
            match named(connect(socket, &at(port))) {
                Err(Errno::EINPROGRESS) => match sockopt::socket_error(socket).expect("it can be asked") {
                    Ok(()) => Ok(()),
                    Err(errno) => Err(Errno::from_linux(errno.raw_os_error())),
                },
                other => other,
            }
        }

        fn accept(&self, socket: &OwnedFd) -> Result<OwnedFd, Errno> {
            named(accept_with(socket, FLAGS))
        }

        fn port(&self, socket: &OwnedFd) -> u16 {
            SocketAddr::try_from(rustix::net::getsockname(socket).expect("a name")).expect("an address").port()
        }

        fn close(&self, socket: OwnedFd, reset: bool) {
            if reset {
                sockopt::set_socket_linger(&socket, Some(Duration::ZERO)).expect("it can linger");
            }
        }
    }
}

/// How the two ends of a connection are closed.
#[derive(Clone, Copy, Debug)]
enum Closed {
    ClientFirst,
    ServerFirst,
    /// The client, and the server not at all.
    ClientAlone,
    Reset,
}

/// What binds say to the port of an end, without SO_REUSEADDR and with it.
#[derive(Debug, PartialEq, Eq)]
struct Ports {
    client: [Result<(), Errno>; 2],
    server: [Result<(), Errno>; 2],
    /// And a further server there, with it.
    listens: Result<(), Errno>,
}

fn can_bind<S: System>(system: &S, port: u16) -> [Result<(), Errno>; 2] {
    [false, true].map(|reuse| {
        let socket = system.socket(reuse);
        let bound = system.bind(&socket, port);
        system.close(socket, false);
        bound
    })
}

/// A connection is closed, and its server too. `reuse` is the client's.
fn ports<S: System>(system: &S, reuse: bool, closed: Closed) -> Ports {
    let server = system.socket(true);
    system.bind(&server, 0).expect("a port");
    system.listen(&server).expect("it listens");
    let port = system.port(&server);
    let client = system.socket(reuse);
    system.connect(&client, port).expect("it connects");
    let own = system.port(&client);
    let accepted = system.accept(&server).expect("a connection");
    system.close(server, false);
    let mut open = None;
    match closed {
        Closed::ClientFirst => {
            system.close(client, false);
            system.close(accepted, false);
        }
        Closed::ServerFirst => {
            system.close(accepted, false);
            system.close(client, false);
        }
        Closed::ClientAlone => {
            system.close(client, false);
            open = Some(accepted);
        }
        Closed::Reset => {
            system.close(client, true);
            system.close(accepted, false);
        }
    }
    let (client, at_server) = (can_bind(system, own), can_bind(system, port));
    let another = system.socket(true);
    let listens = system.bind(&another, port).and_then(|()| system.listen(&another));
    system.close(another, false);
    if let Some(open) = open {
        system.close(open, true);
    }
    Ports { client, server: at_server, listens }
}

/// A connection between two ports of the program's own choice that is there again as soon as it is closed, by the client or
/// by the server.
fn once_more<S: System>(system: &S, client_first: bool) -> [Result<(), Errno>; 3] {
    let server = system.socket(true);
    system.bind(&server, 0).expect("a port");
    system.listen(&server).expect("it listens");
    let port = system.port(&server);
    let mut own = 0;
    let mut twice = [Ok(()), Ok(())];
    let mut accepts = Ok(());
    for connected in &mut twice {
        let client = system.socket(true);
        system.bind(&client, own).expect("a port, or the same again");
        own = system.port(&client);
        *connected = system.connect(&client, port);
        match system.accept(&server) {
            Ok(accepted) if client_first => {
                system.close(client, false);
                system.close(accepted, false);
            }
            Ok(accepted) => {
                system.close(accepted, false);
                system.close(client, false);
            }
            Err(errno) => accepts = Err(errno),
        }
    }
    system.close(server, false);
    [twice[0], twice[1], accepts]
}

fn calm() -> World {
    World::new(Chooser::calm())
}

/// On this machine's Linux. The port that it chooses may be one that connections to other places had, and another process may
/// take one between two calls: it is tried again then.
#[cfg(target_os = "linux")]
fn on_linux<T: PartialEq + std::fmt::Debug>(expected: &T, case: &str, run: impl Fn(&linux::Linux) -> T) {
    assert!((0..100).any(|_| run(&linux::Linux) == *expected), "Linux, {case}: {:?}", run(&linux::Linux));
}

#[cfg(not(target_os = "linux"))]
fn on_linux<T>(_expected: &T, _case: &str, _run: impl Fn(&World) -> T) {}

#[test]
fn the_port_of_who_closes_first_stays_bound() {
    let (no, yes) = (Err(Errno::EADDRINUSE), Ok(()));
    let free = [yes, yes];
    let cases = [
        // Both sockets must have SO_REUSEADDR, of which an accepted one has its server's.
        (false, Closed::ClientFirst, Ports { client: [no, no], server: free, listens: yes }),
        (true, Closed::ClientFirst, Ports { client: [no, yes], server: free, listens: yes }),
        (false, Closed::ServerFirst, Ports { client: free, server: [no, yes], listens: yes }),
        (true, Closed::ServerFirst, Ports { client: free, server: [no, yes], listens: yes }),
        // The client's end waits for FIN; the server's is a connection yet.
        (false, Closed::ClientAlone, Ports { client: [no, no], server: [no, yes], listens: yes }),
        (true, Closed::ClientAlone, Ports { client: [no, yes], server: [no, yes], listens: yes }),
        (false, Closed::Reset, Ports { client: free, server: free, listens: yes }),
    ];
    for (reuse, closed, expected) in cases {
        let case = format!("{closed:?}, the client with SO_REUSEADDR: {reuse}");
        assert_eq!(ports(&calm(), reuse, closed), expected, "the world, {case}");
        on_linux(&expected, &case, |linux| ports(linux, reuse, closed));
    }
}

#[test]
fn a_new_connection_takes_the_place_of_one_that_is_over() {
    for client_first in [true, false] {
        let case = format!("client first: {client_first}");
        assert_eq!(once_more(&calm(), client_first), [Ok(()); 3], "the world, {case}");
        on_linux(&[Ok(()); 3], &case, |linux| once_more(linux, client_first));
    }
}

/// A connection from there to port 80 that the client closes first; the client's port, or why there is none.
fn closed_by_client(client: &Process, server: &Descriptor, to: &Place) -> Result<u16, Errno> {
    let socket = client.socket(HandleKind::Tcp, false)?;
    let connected = match socket.connect(to) {
        Ok(()) | Err(Errno::EINPROGRESS) => Ok(socket.local().expect("it has a port").port()),
        Err(errno) => Err(errno),
    };
    socket.close(false);
    if connected.is_ok() {
        server.accept().expect("a connection").close(false);
    }
    connected
}

/// Lets time pass up to then.
fn until(process: &Process, at: u64) {
    use netfold::core::host::Kernel;
    let mut process = process.clone();
    let now = process.now();
    process.wait(Some(at - now)).expect("time passes");
}

fn listening(process: &Process, at: &Place) -> Descriptor {
    let server = process.socket(HandleKind::Tcp, false).expect("a socket");
    server.bind(at).expect("an address");
    server.listen(10).expect("it listens");
    server
}

#[test]
fn the_ports_for_one_place_are_used_up_for_a_minute() {
    let world = calm();
    let (a, b) = (world.computer("a", &["10.0.0.1"]), world.computer("b", &["10.0.0.2"]));
    let (client, far) = (a.process("client"), b.process("server"));
    a.limit_ports(50_000..50_003);
    let [to, elsewhere] = [80, 81].map(|port| Place::Tcp(([10, 0, 0, 2], port).into()));
    let (server, other) = (listening(&far, &to), listening(&far, &elsewhere));
    for port in 50_000..50_003 {
        assert_eq!(closed_by_client(&client, &server, &to), Ok(port));
    }
    assert_eq!(closed_by_client(&client, &server, &to), Err(Errno::EADDRNOTAVAIL));
    // The same ports to another place are other connections.
    assert_eq!(closed_by_client(&client, &other, &elsewhere), Ok(50_000));
    let socket = client.socket(HandleKind::Tcp, false).expect("a socket");
    let any = Place::Tcp(([0, 0, 0, 0], 0).into());
    assert_eq!(socket.bind(&any), Err(Errno::EADDRINUSE));
    until(&client, 59_999);
    assert_eq!(closed_by_client(&client, &server, &to), Err(Errno::EADDRNOTAVAIL));
    until(&client, 60_000);
    assert_eq!(closed_by_client(&client, &server, &to), Ok(50_001));
    assert_eq!(socket.bind(&any), Ok(()));
}

/// `tcp_tw_reuse` is 2: over loopback alone, and from a second on.
#[test]
fn over_loopback_a_port_is_taken_again_after_a_second() {
    let world = calm();
    let local = world.find("local").expect("it is there");
    let process = world.process();
    local.limit_ports(50_000..50_001);
    let to = Place::Tcp(([127, 0, 0, 1], 80).into());
    let server = listening(&process, &to);
    assert_eq!(closed_by_client(&process, &server, &to), Ok(50_000));
    assert_eq!(closed_by_client(&process, &server, &to), Err(Errno::EADDRNOTAVAIL));
    until(&process, 999);
    assert_eq!(closed_by_client(&process, &server, &to), Err(Errno::EADDRNOTAVAIL));
    until(&process, 1_000);
    assert_eq!(closed_by_client(&process, &server, &to), Ok(50_000));
}

#[test]
fn a_crash_ends_it() {
    let world = calm();
    let (a, b) = (world.computer("a", &["10.0.0.1"]), world.computer("b", &["10.0.0.2"]));
    let far = b.process("server");
    a.limit_ports(50_000..50_001);
    let to = Place::Tcp(([10, 0, 0, 2], 80).into());
    let server = listening(&far, &to);
    assert_eq!(closed_by_client(&a.process("client"), &server, &to), Ok(50_000));
    assert_eq!(closed_by_client(&a.process("client"), &server, &to), Err(Errno::EADDRNOTAVAIL));
    a.crash();
    a.boot();
    assert_eq!(closed_by_client(&a.process("client"), &server, &to), Ok(50_000));
}
