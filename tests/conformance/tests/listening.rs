//! The forms and options of `listen`, on real sockets.
#![cfg(unix)]

use netfold::EventKind::*;
use netfold::{Address, Net, Server, ServerOptions, SharedError};
use netfold_conformance::{Actor, Log, error_text, port_of};
use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::fd::OwnedFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;

const LOCALHOST: &str = "127.0.0.1";

type Loop = Net<()>;

fn new() -> (Log, Loop) {
    (Log::new(), Net::new(()).expect("a loop"))
}

/// `net.createServer()`
fn plain(net: &mut Loop) -> Server {
    net.server(ServerOptions::default())
}

/// `server.close(server.cb(name))`
fn close_logged(net: &mut Loop, server: Server, actor: &Actor, name: &'static str) {
    let actor = actor.clone();
    server.close_then(net, move |net, _, result| {
        let error = result.map_or_else(|error| error_text(Some(error)), |()| String::from("undefined"));
        actor.log(net, format!("cb {name} {error}"));
    });
}

fn log_throws(net: &Loop, actor: &Actor, label: &str, result: Result<(), SharedError>) {
    match result {
        Ok(()) => actor.log(net, format!("{label} ok")),
        Err(error) => actor.log(net, format!("{label} threw {}", error_text(Some(&error)))),
    }
}

fn bound() -> TcpListener {
    TcpListener::bind((LOCALHOST, 0)).expect("a free port")
}

/// What Node does with one that is bound it does with one that listens too.
#[test]
fn t20_listen_fd() {
    let (log, mut net) = new();
    let net = &mut net;
    let server = log.actor("server");
    let srv = plain(net);
    let actor = server.clone();
    srv.on_connection(net, move |net, peer| {
        let remote = peer.remote_address(net).expect("connected");
        actor.log(net, format!("remote {remote}"));
        peer.end(net);
        peer.resume(net);
        close_logged(net, srv, &actor, "close");
    });
    server.watch_server(net, srv, &[Listening, Connection, Error, ServerClose]);
    let actor = server.clone();
    srv.once(net, Listening, move |net, srv, _| {
        actor.log(net, "listen callback");
        let again = srv.listen_fd(net, bound().into(), 0);
        log_throws(net, &actor, "listen()", again);
        let port = port_of(net, srv);
        net.connect((LOCALHOST, port)).unwrap().resume(net);
    });
    let fd = bound();
    let at = fd.local_addr().unwrap();
    srv.listen_fd(net, fd.into(), 3).unwrap();
    assert_eq!(srv.address(net), Address::Tcp(at));
    let text = format!("address {} IPv4 {}", at.ip(), at.port() > 0);
    server.log(net, format!("listening {} {text}", srv.listening(net)));
    let actor = server.clone();
    srv.on_close(net, move |net, srv| {
        let open = TcpStream::connect(at).is_ok();
        assert_eq!(srv.address(net), Address::None);
        actor.log(net, format!("open {open} address null"));
    });
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/t20_listen_fd.log"));
}

#[test]
fn t20_listen_fd_unix() {
    let (log, mut net) = new();
    let net = &mut net;
    let server = log.actor("server");
    let path = log.temp_path();
    let bound = UnixListener::bind(&path).unwrap();
    let srv = plain(net);
    let (actor, file) = (server.clone(), path.clone());
    srv.on_connection(net, move |net, peer| {
        assert_eq!((peer.address(net), peer.remote_address(net)), (None, None));
        actor.log(net, "address keys 0 remoteAddress undefined");
        peer.end(net);
        peer.resume(net);
        close_logged(net, srv, &actor, "close");
        actor.log(net, format!("exists {}", Path::new(&file).exists()));
    });
    server.watch_server(net, srv, &[Listening, Connection, Error, ServerClose]);
    let (actor, to) = (server.clone(), path.clone());
    srv.once(net, Listening, move |net, _, _| {
        actor.log(net, "listen callback");
        net.connect(Path::new(&to)).unwrap().resume(net);
    });
    srv.listen_fd(net, bound.into(), 0).unwrap();
    assert_eq!(srv.address(net), Address::None);
    server.log(net, format!("listening {} address null", srv.listening(net)));
    net.run().unwrap();
    std::fs::remove_file(path).unwrap();
    log.matches(include_str!("../../../spec/node/t20_listen_fd_unix.log"));
}

/// Listens on what cannot be listened on.
fn listen_in_vain(net: &mut Loop, server: &Actor, label: &'static str, fd: OwnedFd) {
    let srv = plain(net);
    server.watch_server(net, srv, &[Listening, Error, ServerClose]);
    let actor = server.clone();
    srv.on_error(net, move |net, _, error| {
        assert_eq!((error.address(), error.port()), (None, None));
        actor.log(net, format!("{label} address null port undefined syscall {}", error.syscall().unwrap()));
    });
    srv.listen_fd(net, fd, 0).unwrap();
    assert_eq!(srv.address(net), Address::None);
    server.log(net, format!("{label} listening {} address null", srv.listening(net)));
}

/// S17, and D26: the descriptor is gone whatever it was.
#[test]
fn t20_listen_fd_errors() {
    let (log, mut net) = new();
    let net = &mut net;
    let server = log.actor("server");
    let path = log.temp_path();
    let file = File::create(&path).unwrap();
    listen_in_vain(net, &server, "a file", file.into());
    std::fs::remove_file(path).unwrap();
    listen_in_vain(net, &server, "a device", File::open("/dev/null").unwrap().into());
    let (read, mut write) = std::io::pipe().unwrap();
    listen_in_vain(net, &server, "a pipe", read.into());
    let actor = server.clone();
    net.next_tick(move |net| {
        let udp = UdpSocket::bind((LOCALHOST, 0)).unwrap();
        listen_in_vain(net, &actor, "a datagram socket", udp.into());
    });
    net.set_immediate(move |net| {
        let other = bound();
        let connected = TcpStream::connect(other.local_addr().unwrap()).unwrap();
        listen_in_vain(net, &server, "a connection", connected.into());
    });
    net.run().unwrap();
    assert_eq!(write.write(b"x").unwrap_err().kind(), ErrorKind::BrokenPipe);
    log.matches(include_str!("../../../spec/node/t20_listen_fd_errors.log"));
}

/// D26
#[test]
fn a_descriptor_that_cannot_listen_is_closed() {
    let mut net = Net::new(Vec::new()).unwrap();
    let (ours, mut theirs) = UnixStream::pair().unwrap();
    let srv = net.server(ServerOptions::default());
    srv.on_error(&mut net, |net, _, error| net.state.push(error.to_string()));
    srv.listen_fd(&mut net, ours.into(), 0).unwrap();
    net.run().unwrap();
    assert_eq!(net.state, ["listen EINVAL: invalid argument"]);
    assert_eq!(theirs.read(&mut [0]).unwrap(), 0, "the other end is gone");

    // Nor does one stay that was given while the server listens.
    let (ours, mut theirs) = UnixStream::pair().unwrap();
    srv.listen(&mut net, 0).unwrap();
    assert_eq!(srv.listen_fd(&mut net, ours.into(), 0).unwrap_err().code(), "ERR_SERVER_ALREADY_LISTEN");
    assert_eq!(theirs.read(&mut [0]).unwrap(), 0);
    srv.close(&mut net);
    net.run().unwrap();
}

/// D27
#[test]
fn a_copy_of_a_descriptor_listens_beside_it() {
    let mut net = Net::new(Vec::new()).unwrap();
    let first = net.server(ServerOptions::default());
    let second = net.server(ServerOptions::default());
    for (name, srv) in [("first", first), ("second", second)] {
        srv.on_connection(&mut net, move |net, peer| {
            net.state.push(name);
            peer.end(net);
            peer.resume(net);
        });
    }
    assert!(first.fd(&net).is_none());
    first.listen(&mut net, (LOCALHOST, 0)).unwrap();
    let address = first.address(&mut net);
    assert_eq!(address, Address::None, "a host is listened on a tick later");
    first.on_listening(&mut net, move |net, first| {
        let copy = first.fd(net).unwrap().try_clone_to_owned().unwrap();
        second.listen_fd(net, copy, 0).unwrap();
        assert_eq!(first.address(net), second.address(net));
        first.close(net);
        let port = second.port(net).unwrap();
        let client = net.connect((LOCALHOST, port)).unwrap();
        client.resume(net);
        client.on_close(net, move |net, _, _| second.close(net));
    });
    net.run().unwrap();
    assert_eq!(net.state, ["second"]);
}
