//! Sockets made from descriptors, and sides that are not used: the programs r46_fd_* and r46_sides_without_fd of
//! `spec/node`, line by line. `r46_fd_args` holds what the types here rule out.

use netfold::EventKind::*;
use netfold::{Connect, Limits, Net, NodeError, ReadyState, ServerOptions, Socket, SocketOptions, System};
use netfold_conformance::{Actor, Log, error_text, port_of, when};
use std::cell::Cell;
use std::io::{Read, Write};
use std::net::{TcpListener, UdpSocket};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixListener;
use std::rc::Rc;

fn new_net() -> Net<()> {
    Net::new(()).unwrap()
}

/// An actor that any number of closures can name.
fn actor(log: &Log, name: &str) -> &'static Actor {
    Box::leak(Box::new(log.actor(name)))
}

fn or_undefined(value: Option<impl ToString>) -> String {
    value.map_or(String::from("undefined"), |value| value.to_string())
}

/// The program's `strayFd`: a descriptor of a connection that this loop has not made, and the socket of its other end.
fn stray_fd(
    net: &mut Net<()>,
    path: Option<String>,
    half_open: bool,
    then: impl FnOnce(&mut Net<()>, OwnedFd, Socket) + 'static,
) {
    enum Listener {
        Tcp(TcpListener),
        Unix(UnixListener),
    }
    let (to, listener) = match path {
        Some(path) => (Connect::path(&path), Listener::Unix(UnixListener::bind(&path).unwrap())),
        None => {
            let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
            (Connect::from(listener.local_addr().unwrap()), Listener::Tcp(listener))
        }
    };
    let peer = net.connect(to.allow_half_open(half_open)).unwrap();
    let connected = move |net: &mut Net<()>| !peer.connecting(net);
    when(net, connected, move |net| {
        let fd = match listener {
            Listener::Tcp(listener) => listener.accept().unwrap().0.into(),
            Listener::Unix(listener) => listener.accept().unwrap().0.into(),
        };
        then(net, fd, peer);
    });
}

/// A FIFO's two ends, the one to read from first.
fn fifo() -> (OwnedFd, OwnedFd) {
    let (from, to) = std::io::pipe().unwrap();
    (from.into(), to.into())
}

fn not_readable() -> SocketOptions {
    SocketOptions { readable: false, ..SocketOptions::default() }
}

fn not_writable() -> SocketOptions {
    SocketOptions { writable: false, ..SocketOptions::default() }
}

#[test]
fn r46_fd_types() {
    let mut net = new_net();
    let log = Log::new();
    let c = actor(&log, "c");
    let refused = move |net: &mut Net<()>, label: &str, fd: OwnedFd| {
        let error = net.socket_from_fd(fd, SocketOptions::default()).unwrap_err();
        c.log(net, format!("{label} threw {}", error_text(Some(&error))));
        assert!(matches!(*error, NodeError::InvalidFdType(_)));
    };
    let open = |path: &str| OwnedFd::from(std::fs::File::open(path).unwrap());
    refused(&mut net, "a file", open(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")));
    refused(&mut net, "/dev/null", open("/dev/null"));
    refused(&mut net, "a directory", open(env!("CARGO_MANIFEST_DIR")));
    refused(&mut net, "a terminal", open("/dev/ptmx"));
    net.next_tick(move |net| refused(net, "a datagram socket", UdpSocket::bind("127.0.0.1:0").unwrap().into()));
    net.run().unwrap();
    assert_eq!(net.core().census().sockets, 0);
    log.matches(include_str!("../../../spec/node/r46_fd_types.log"));
}

#[test]
fn r46_fd_tcp() {
    let mut net = new_net();
    let log = Log::new();
    let (c, p) = (actor(&log, "c"), actor(&log, "peer"));
    stray_fd(&mut net, None, false, move |net, fd, peer| {
        p.watch(net, peer, &[Data, End, Close]);
        let sock = net.socket_from_fd(fd, SocketOptions::default()).unwrap();
        let show = move |net: &Net<()>, label: &str| {
            let (state, connecting) = (sock.ready_state(net).as_str(), sock.connecting(net));
            let (pending, size) = (sock.pending(net), or_undefined(sock.buffer_size(net)));
            c.log(net, format!("{label} {state} connecting {connecting} pending {pending} bufferSize {size}"));
        };
        show(net, "adopted");
        let (remote, family) = (sock.remote_address(net).unwrap(), sock.remote_family(net).unwrap());
        let local = sock.local_address(net).unwrap();
        c.log(net, format!("remote {remote} {family} local {local}"));
        let flowing = sock.readable_flowing(net).map_or("null".into(), |flowing| flowing.to_string());
        let listeners = net.core().listener_count(sock.id().into(), Connect);
        c.log(net, format!("paused {} flowing {flowing} listeners {listeners}", sock.is_paused(net)));
        c.watch(net, sock, &[Connect, Ready, End, Prefinish, Finish, Close]);
        peer.write(net, "hello");
        let read = move |net: &mut Net<()>| sock.readable_length(net) == 5;
        when(net, read, move |net| {
            c.log(net, "read at once");
            c.watch(net, sock, &[Data]);
            let more = sock.write_then(net, "abc", c.cb("w"));
            c.log(net, format!("write(3) -> {more}"));
            sock.end_then(net, c.cb("end"));
            show(net, "ended");
            sock.on_close(net, move |net, _, _| show(net, "closed"));
        });
    });
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/r46_fd_tcp.log"));
}

type Show = Rc<dyn Fn(&mut Net<()>, &str)>;

/// What the three programs of sides that are not used have in common; `then` is their last part.
fn not_used(
    options: SocketOptions,
    then: impl FnOnce(&mut Net<()>, Socket, Socket, &'static Actor, Show) + 'static,
) -> Log {
    const LATER_MS: f64 = 30.0;
    let mut net = new_net();
    let log = Log::new();
    let (c, p) = (actor(&log, "c"), actor(&log, "peer"));
    stray_fd(&mut net, None, true, move |net, fd, peer| {
        p.watch(net, peer, &[Data, End, Close, Error]);
        let sock = net.socket_from_fd(fd, options).unwrap();
        let show: Show = Rc::new(move |net: &mut Net<()>, label: &str| {
            let readable = [sock.readable(net), sock.readable_ended(net), sock.readable_aborted(net)];
            let writable = [sock.writable(net), sock.writable_ended(net), sock.writable_finished(net)];
            let sides = readable.iter().chain(&writable).map(ToString::to_string).collect::<Vec<_>>().join(" ");
            let errored = sock.errored(net).map_or(String::new(), |error| error.code().to_string());
            let (state, closed) = (sock.ready_state(net).as_str(), sock.closed(net));
            c.log(net, format!("{label} {state} {sides} {errored} {closed}"));
        });
        show(net, "adopted");
        c.watch(net, sock, &[Data, End, Prefinish, Finish, Error, Close, Pause, Resume]);
        c.log(net, format!("flowing {}", sock.readable_flowing(net).unwrap()));
        let read = sock.read(net);
        c.log(net, format!("read {}", read.map_or("null".into(), |chunk| chunk.len().to_string())));
        peer.write(net, "hello");
        net.set_timeout(LATER_MS, move |net| {
            show(net, "later");
            let (length, bytes) = (sock.readable_length(net), sock.bytes_read(net));
            c.log(net, format!("length {length} bytesRead {bytes}"));
            then(net, sock, peer, c, show);
        });
    });
    net.run().unwrap();
    log
}

#[test]
fn r46_fd_not_readable() {
    let log = not_used(not_readable(), |net, sock, peer, c, show| {
        let more = sock.write_then(net, "abc", c.cb("w"));
        c.log(net, format!("write(3) -> {more}"));
        sock.end_then(net, c.cb("end"));
        show(net, "ended");
        sock.on_close(net, move |net, _, _| {
            show(net, "closed");
            peer.destroy(net);
        });
    });
    log.matches(include_str!("../../../spec/node/r46_fd_not_readable.log"));
}

#[test]
fn r46_fd_not_writable() {
    let log = not_used(not_writable(), |net, sock, peer, _, show| {
        peer.end(net);
        let at_end = show.clone();
        sock.on_end(net, move |net, _| at_end(net, "at end"));
        sock.on_close(net, move |net, _, _| {
            show(net, "closed");
            peer.destroy(net);
        });
    });
    log.matches(include_str!("../../../spec/node/r46_fd_not_writable.log"));
}

#[test]
fn r46_fd_not_both() {
    let neither = SocketOptions { readable: false, ..not_writable() };
    let log = not_used(neither, |net, sock, peer, c, show| {
        let more = sock.write_then(net, "abc", c.cb("w"));
        c.log(net, format!("write(3) -> {more}"));
        sock.on_close(net, move |net, _, _| {
            show(net, "closed");
            peer.destroy(net);
        });
    });
    log.matches(include_str!("../../../spec/node/r46_fd_not_both.log"));
}

#[test]
fn r46_fd_path() {
    let mut net = new_net();
    let log = Log::new();
    let c = actor(&log, "c");
    let path = log.temp_path();
    stray_fd(&mut net, Some(path.clone()), false, move |net, fd, peer| {
        let options = SocketOptions { no_delay: true, keep_alive: true, ..SocketOptions::default() };
        let sock = net.socket_from_fd(fd, options).unwrap();
        c.watch(net, sock, &[Data, End, Finish, Close]);
        let (remote, local) = (or_undefined(sock.remote_address(net)), or_undefined(sock.local_address(net)));
        let address = sock.address(net).map_or("{}".into(), |address| address.to_string());
        c.log(net, format!("remote {remote} local {local} {address} {}", sock.ready_state(net).as_str()));
        sock.set_no_delay(net, false);
        sock.set_keep_alive(net, false, 0);
        let error = sock.reset_and_destroy(net).unwrap_err();
        c.log(net, format!("resetAndDestroy threw {}", error_text(Some(&error))));
        peer.resume(net);
        peer.end_with(net, "hello");
    });
    net.run().unwrap();
    std::fs::remove_file(path).unwrap();
    log.matches(include_str!("../../../spec/node/r46_fd_path.log"));
}

#[test]
fn r46_fd_fifo_read() {
    let mut net = new_net();
    let log = Log::new();
    let (a, b, c) = (actor(&log, "writable"), actor(&log, "written to"), actor(&log, "not writable"));
    let open = |net: &mut Net<()>, log: &'static Actor, options: SocketOptions| {
        let (fd, other) = fifo();
        let sock = net.socket_from_fd(fd, options).unwrap();
        let (state, remote) = (sock.ready_state(net).as_str(), or_undefined(sock.remote_address(net)));
        log.log(net, format!("{state} remote {remote}"));
        log.watch(net, sock, &[Data, End, Prefinish, Finish, Error, Close]);
        std::fs::File::from(other).write_all(b"hello").unwrap();
        sock
    };
    open(&mut net, a, SocketOptions::default());
    let sock = open(&mut net, b, SocketOptions::default());
    let more = sock.write_then(&mut net, "abc", b.cb("w"));
    b.log(&net, format!("write(3) -> {more}"));
    open(&mut net, c, not_writable());
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/r46_fd_fifo_read.log"));
}

#[test]
fn r46_fd_fifo_write() {
    let mut net = new_net();
    let log = Log::new();
    let (a, b, d) = (actor(&log, "readable"), actor(&log, "not readable"), actor(&log, "nobody reads"));
    let open = |net: &mut Net<()>, log: &'static Actor, options: SocketOptions| {
        let (other, fd) = fifo();
        let sock = net.socket_from_fd(fd, options).unwrap();
        log.log(net, format!("{} destroyed {}", sock.ready_state(net).as_str(), sock.destroyed(net)));
        log.watch(net, sock, &[Data, End, Drain, Prefinish, Finish, Error, Close]);
        (sock, other)
    };
    let (_, kept) = open(&mut net, a, SocketOptions::default());
    let (sock, other) = open(&mut net, b, not_readable());
    let more = sock.write_then(&mut net, "abc", b.cb("w"));
    b.log(&net, format!("write(3) -> {more}"));
    sock.cork(&mut net);
    sock.write_then(&mut net, b"de", b.cb("w1"));
    sock.write_then(&mut net, b"f", b.cb("w2"));
    sock.uncork(&mut net);
    sock.end_then(&mut net, b.cb("end"));
    let other = Cell::new(Some(other));
    sock.on_close(&mut net, move |net, _, _| {
        let mut text = String::new();
        std::fs::File::from(other.take().unwrap()).read_to_string(&mut text).unwrap();
        b.log(net, format!("read {text}"));
    });
    let (gone, end) = open(&mut net, d, not_readable());
    drop(end);
    let more = gone.write_then(&mut net, "abc", d.cb("w"));
    d.log(&net, format!("write(3) -> {more}"));
    net.run().unwrap();
    drop(kept);
    log.matches(include_str!("../../../spec/node/r46_fd_fifo_write.log"));
}

#[test]
fn r46_fd_fifo_full() {
    const LARGE: usize = 1_000_000;
    let mut net = new_net();
    let log = Log::new();
    let (c, d) = (actor(&log, "c"), actor(&log, "d"));
    let (from, to) = fifo();
    let out = net.socket_from_fd(to, not_readable()).unwrap();
    let into = net.socket_from_fd(from, not_writable()).unwrap();
    c.watch(&mut net, out, &[Drain, Finish, Error, Close]);
    let more = out.write_then(&mut net, vec![0; LARGE], c.cb("w"));
    c.log(&net, format!("write(1000000) -> {more}"));
    out.end_then(&mut net, c.cb("end"));
    into.resume(&mut net);
    into.on_close(&mut net, move |net, into, _| d.log(net, format!("bytesRead {}", into.bytes_read(net))));
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/r46_fd_fifo_full.log"));
}

#[test]
fn r46_sides_without_fd() {
    let mut net = new_net();
    let log = Log::new();
    let (a, b) = (actor(&log, "not readable"), actor(&log, "not writable"));
    let half_open = SocketOptions { allow_half_open: true, ..SocketOptions::default() };
    let server = net.server(ServerOptions { socket: half_open, ..ServerOptions::default() });
    server.on_connection(&mut net, |net, peer| {
        peer.end_with(net, "hello");
        peer.resume(net);
        peer.on_error(net, |_, _, _| {});
    });
    fn open(
        net: &mut Net<()>,
        port: u16,
        log: &'static Actor,
        options: SocketOptions,
        then: impl Fn(&mut Net<()>, Socket) + 'static,
    ) {
        let sock = net.socket(options).unwrap();
        log.log(net, sock.ready_state(net).as_str());
        sock.connect(net, ("127.0.0.1", port)).unwrap();
        log.watch(net, sock, &[Connect, Data, End, Finish, Error, Close]);
        sock.on_connect(net, move |net, sock| {
            log.log(net, sock.ready_state(net).as_str());
            then(net, sock);
        });
    }
    server.listen_then(&mut net, ("127.0.0.1", 0), move |net, server| {
        let port = port_of(net, server);
        open(net, port, a, not_readable(), move |net, sock| {
            sock.end_with_then(net, "abc", a.cb("end"));
            sock.on_close(net, move |net, _, _| {
                open(net, port, b, not_writable(), move |net, sock| {
                    sock.on_close(net, move |net, _, _| server.close(net));
                });
            });
        });
    });
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/r46_sides_without_fd.log"));
}

#[test]
fn a_descriptor_is_read_into_the_users_function() {
    let (ours, theirs) = std::os::unix::net::UnixStream::pair().unwrap();
    let mut net = Net::new(Vec::new()).unwrap();
    let sock = net
        .socket_from_fd_on_read(theirs, SocketOptions::default(), 3, |net: &mut Net<Vec<String>>, _, chunk| {
            net.state.push(String::from_utf8_lossy(&chunk).into_owned());
            true
        })
        .unwrap();
    sock.on_close(&mut net, |net, _, _| net.state.push(String::from("close")));
    let mut ours = ours;
    ours.write_all(b"abcdefg").unwrap();
    drop(ours);
    net.run().unwrap();
    assert_eq!(net.state, ["abc", "def", "g", "close"]);
    assert_eq!(sock.ready_state(&net), ReadyState::Closed);
}

#[test]
fn at_the_bound_of_sockets_a_descriptor_is_refused_and_closed() {
    let limits = Limits { sockets: 1, ..Limits::default() };
    let mut net: Net<()> = Net::with_host((), System::new().unwrap(), limits);
    let (_first, one) = std::os::unix::net::UnixStream::pair().unwrap();
    let (mut second, two) = std::os::unix::net::UnixStream::pair().unwrap();
    net.socket_from_fd(one, SocketOptions::default()).unwrap();
    let error = net.socket_from_fd(two, SocketOptions::default()).unwrap_err();
    assert_eq!(error.code(), "ERR_NETFOLD_LIMIT");
    assert_eq!(second.read(&mut [0]).unwrap(), 0, "the other end is told");
    assert_eq!(net.core().census().handles, 1);
}

#[test]
fn the_kind_of_a_socket() {
    use netfold::core::HandleKind;
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let mut net = new_net();
    let sock = net.socket(SocketOptions::default()).unwrap();
    assert_eq!(sock.kind(&net), None);
    sock.connect(&mut net, listener.local_addr().unwrap()).unwrap();
    assert_eq!(sock.kind(&net), Some(HandleKind::Tcp));
    sock.destroy(&mut net);
    assert_eq!(sock.kind(&net), None);
    let (from, _to) = fifo();
    let pipe = net.socket_from_fd(from, not_writable()).unwrap();
    assert_eq!(pipe.kind(&net), Some(HandleKind::Pipe));
    let client = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let tcp = net.socket_from_fd(client, SocketOptions::default()).unwrap();
    assert_eq!(tcp.kind(&net), Some(HandleKind::Tcp));
}
