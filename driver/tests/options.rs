//! What the options of a socket do to its descriptor, read back with getsockopt (rules O1, O2, O11, O12).
#![cfg(target_os = "linux")]

mod common;

use common::new;
use netfold::{Connect, EventKind, Net, ServerOptions, Socket, SocketOptions};
use rustix::fd::BorrowedFd;
use rustix::net::sockopt;

fn fd<S>(net: &Net<S>, socket: Socket) -> Option<BorrowedFd<'_>> {
    net.kernel().fd(net.core().handle_of(socket.id())?)
}

/// noDelay, keepAlive, and the first probe's delay in seconds.
fn set<S>(net: &Net<S>, socket: Socket) -> (bool, bool, u64) {
    let fd = fd(net, socket).expect("a descriptor");
    (
        sockopt::tcp_nodelay(fd).unwrap(),
        sockopt::socket_keepalive(fd).unwrap(),
        sockopt::tcp_keepidle(fd).unwrap().as_secs(),
    )
}

/// The system's own delay, of a socket that nothing was asked of.
fn untouched() -> u64 {
    let plain = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    sockopt::tcp_keepidle(&plain).unwrap().as_secs()
}

/// Connects to a server made with `options`, and calls `then` at 'connect'; `accepted` when the server has it. Both ends
/// are destroyed afterwards.
fn connected(
    net: &mut Net<u32>,
    options: ServerOptions,
    host: &'static str,
    before: impl Fn(&mut Net<u32>, Socket) + 'static,
    accepted: impl Fn(&mut Net<u32>, Socket) + 'static,
    then: impl Fn(&mut Net<u32>, Socket) + 'static,
) {
    let server = net.server(options);
    server.on_connection(net, move |net, peer| {
        accepted(net, peer);
        net.state += 1;
        peer.destroy(net);
        server.close(net);
    });
    let port = std::cell::Cell::new(0);
    let then = std::rc::Rc::new(then);
    server.listen(net, (host, 0)).unwrap();
    let before = std::rc::Rc::new(before);
    server.once(net, EventKind::Listening, move |net, server, _| {
        port.set(server.port(net).unwrap());
        let sock = net.socket(SocketOptions::default()).unwrap();
        before(net, sock);
        sock.connect(net, (host, port.get())).unwrap();
        let then = then.clone();
        sock.on_connect(net, move |net, sock| {
            then(net, sock);
            net.state += 1;
            sock.destroy(net);
        });
    });
    net.run().unwrap();
    assert_eq!(net.state, 2, "both ends were looked at");
}

fn nothing(_: &mut Net<u32>, _: Socket) {}

#[test]
fn options_set_before_the_connection_reach_it() {
    connected(
        &mut new(0),
        ServerOptions::default(),
        "127.0.0.1",
        |net, sock| {
            sock.set_no_delay(net, true);
            sock.set_keep_alive(net, true, 2999);
            assert!(fd(net, sock).is_none(), "there is nothing to set it on");
        },
        |net, peer| assert_eq!(set(net, peer), (false, false, untouched())),
        |net, sock| assert_eq!(set(net, sock), (true, true, 2)),
    );
}

#[test]
fn options_set_on_a_connection_take_effect_within_the_call() {
    connected(&mut new(0), ServerOptions::default(), "127.0.0.1", nothing, nothing, |net, sock| {
        let own = untouched();
        assert_eq!(set(net, sock), (false, false, own));
        sock.set_no_delay(net, true);
        assert_eq!(set(net, sock), (true, false, own));
        sock.set_no_delay(net, false);
        assert_eq!(set(net, sock), (false, false, own));
        // Less than a second is 0, which leaves the system's.
        sock.set_keep_alive(net, true, 999);
        assert_eq!(set(net, sock), (false, true, own));
        sock.set_keep_alive(net, true, 5000);
        assert_eq!(set(net, sock), (false, true, 5));
        sock.set_keep_alive(net, true, 0);
        assert_eq!(set(net, sock), (false, true, 5));
        sock.set_keep_alive(net, false, 7000);
        assert_eq!(set(net, sock), (false, false, 5));
        let fd = fd(net, sock).unwrap();
        assert_eq!(sockopt::tcp_keepintvl(fd).unwrap().as_secs(), 1);
        assert_eq!(sockopt::tcp_keepcnt(fd).unwrap(), 10);
    });
}

#[test]
fn options_of_a_server_reach_what_it_accepts() {
    let socket = SocketOptions { no_delay: true, keep_alive: true, keep_alive_delay: 3999, ..SocketOptions::default() };
    connected(
        &mut new(0),
        ServerOptions { socket, ..ServerOptions::default() },
        "127.0.0.1",
        nothing,
        |net, peer| assert_eq!(set(net, peer), (true, true, 3)),
        |net, sock| assert_eq!(set(net, sock), (false, false, untouched())),
    );
}

#[test]
fn type_of_service_of_ipv4() {
    connected(
        &mut new(0),
        ServerOptions::default(),
        "127.0.0.1",
        |net, sock| {
            assert_eq!(sock.get_type_of_service(net).unwrap(), 0);
            sock.set_type_of_service(net, 0x10).unwrap();
            assert_eq!(sock.get_type_of_service(net).unwrap(), 0x10);
        },
        |net, peer| assert_eq!(peer.get_type_of_service(net).unwrap(), 0),
        |net, sock| {
            assert_eq!(sockopt::ip_tos(fd(net, sock).unwrap()).unwrap(), 0x10);
            sock.set_type_of_service(net, 0xB8).unwrap();
            assert_eq!(sockopt::ip_tos(fd(net, sock).unwrap()).unwrap(), 0xB8);
            // Linux keeps the lowest two bits, which are ECN's, to itself.
            sock.set_type_of_service(net, 0xFF).unwrap();
            assert_eq!(sock.get_type_of_service(net).unwrap(), 0xFC);
            sock.destroy(net);
            assert_eq!(sock.get_type_of_service(net).unwrap(), 0xFF, "what was set last");
        },
    );
}

#[test]
fn type_of_service_of_ipv6_is_its_traffic_class() {
    connected(
        &mut new(0),
        ServerOptions::default(),
        "::1",
        |net, sock| sock.set_type_of_service(net, 0x20).unwrap(),
        nothing,
        |net, sock| {
            assert_eq!(sockopt::ipv6_tclass(fd(net, sock).unwrap()).unwrap(), 0x20);
            assert_eq!(sock.get_type_of_service(net).unwrap(), 0x20);
        },
    );
}

#[test]
fn type_of_service_is_set_by_connect_and_only_kept_by_a_pipe() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let mut net = new(0);
    let sock = net.connect(Connect::from(listener.local_addr().unwrap()).type_of_service(8)).unwrap();
    sock.on_connect(&mut net, |net, sock| {
        assert_eq!(sockopt::ip_tos(fd(net, sock).unwrap()).unwrap(), 8);
        net.state += 1;
        sock.destroy(net);
    });
    let (_other, one) = std::os::unix::net::UnixStream::pair().unwrap();
    let pipe = net.socket_from_fd(one, SocketOptions::default()).unwrap();
    assert_eq!(pipe.get_type_of_service(&mut net).unwrap(), 0);
    pipe.set_type_of_service(&mut net, 8).unwrap();
    assert_eq!(pipe.get_type_of_service(&mut net).unwrap(), 8);
    pipe.destroy(&mut net);
    net.run().unwrap();
    assert_eq!(net.state, 1);
}

#[test]
fn options_of_a_socket_from_a_descriptor_are_not_applied() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let other = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let mut net = new(0);
    let options =
        SocketOptions { no_delay: true, keep_alive: true, keep_alive_delay: 4000, ..SocketOptions::default() };
    let sock = net.socket_from_fd(listener.accept().unwrap().0, options).unwrap();
    assert_eq!(set(&net, sock), (false, false, untouched()));
    // As in Node they count as set already: only a change is a call.
    sock.set_no_delay(&mut net, true);
    sock.set_keep_alive(&mut net, true, 4000);
    assert_eq!(set(&net, sock), (false, false, untouched()));
    sock.set_no_delay(&mut net, false);
    sock.set_no_delay(&mut net, true);
    sock.set_keep_alive(&mut net, true, 5000);
    assert_eq!(set(&net, sock), (true, true, 5));
    sock.resume(&mut net);
    drop(other);
    net.run().unwrap();
}
