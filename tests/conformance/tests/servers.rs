//! Servers: the programs `t20_*`, on real sockets.

use netfold::EventKind::*;
use netfold::{Address, Listen, Net, NetError, NodeError, Server, ServerOptions, SharedError, Socket, SocketOptions};
use netfold_conformance::{Actor, Log, error_text, mask_port, port_of, run_logging};
use std::cell::{Cell, RefCell};
use std::path::Path;
use std::rc::Rc;

const LOCALHOST: &str = "127.0.0.1";

type Loop = Net<()>;

fn new() -> (Log, Loop) {
    (Log::new(), Net::new(()).expect("a loop"))
}

/// `net.createServer(listener)`, for a listener that needs the server.
fn server(net: &mut Loop, listener: impl Fn(&mut Loop, Server, Socket) + 'static) -> Server {
    server_with(net, ServerOptions::default(), listener)
}

fn server_with(
    net: &mut Loop,
    options: ServerOptions,
    listener: impl Fn(&mut Loop, Server, Socket) + 'static,
) -> Server {
    let server = net.server(options);
    server.on_connection(net, move |net, peer| listener(net, server, peer));
    server
}

/// `net.createServer()`
fn plain(net: &mut Loop) -> Server {
    net.server(ServerOptions::default())
}

/// `c.cb(name)` for `server.close`.
fn cb(actor: &Actor, name: &'static str) -> impl Fn(&mut Loop, Server, Result<(), &NodeError>) + use<> + 'static {
    let actor = actor.clone();
    move |net, _, result| {
        let error = result.map_or_else(|error| error_text(Some(error)), |()| String::from("undefined"));
        actor.log(net, format!("cb {name} {error}"));
    }
}

fn log_throws(net: &Loop, actor: &Actor, label: &str, result: Result<(), SharedError>) {
    match result {
        Ok(()) => actor.log(net, format!("{label} ok")),
        Err(error) => actor.log(net, format!("{label} threw {}", error_text(Some(&error)))),
    }
}

/// What an 'uncaughtException' handler logs.
fn log_uncaught(net: &Loop, actor: &Actor, error: &NetError) {
    let text = match error {
        NetError::Panicked(panicked) => format!("Error \"{}\"", panicked.message().expect("a message")),
        NetError::Unhandled(unhandled) => error_text(Some(&unhandled.error)),
        other => panic!("{other}"),
    };
    actor.log(net, format!("uncaught {text}"));
}

/// `throw new Error(message)`: a panic that prints nothing.
fn throw(message: &'static str) -> ! {
    std::panic::resume_unwind(Box::new(message))
}

/// `Object.keys(error)` of listen errors: the order is JavaScript's and given here; which the error has is looked up.
fn keys(error: &NodeError) -> String {
    let has = [
        ("code", !error.code().is_empty()),
        ("errno", error.errno().is_some()),
        ("syscall", error.syscall().is_some()),
        ("address", error.address().is_some()),
        ("port", error.port().is_some()),
    ];
    let names: Vec<&str> = has.iter().filter(|(_, has)| *has).map(|(name, _)| *name).collect();
    names.join(",")
}

/// `server.address()` in a string: null, or the path.
fn address_text(net: &mut Loop, server: Server) -> String {
    match server.address(net) {
        Address::None => String::from("null"),
        Address::Tcp(_) => String::from("[object Object]"),
        Address::Path(path) => path,
    }
}

/// The address and family of a server that listens on TCP.
fn tcp_text(net: &mut Loop, server: Server) -> String {
    match server.address(net) {
        Address::Tcp(address) => format!("{} {}", address.ip(), if address.is_ipv4() { "IPv4" } else { "IPv6" }),
        other => panic!("a TCP address, not {other:?}"),
    }
}

/// Connects, and ends at 'connect'.
fn connect_and_end(net: &mut Loop, port: u16) {
    let sock = net.connect((LOCALHOST, port)).unwrap();
    sock.on_connect(net, |net, sock| sock.end(net));
}

#[test]
fn t20_address_in_use() {
    let (log, mut net) = new();
    let server = log.actor("server");
    let other = plain(&mut net);
    other.listen_then(&mut net, 0, move |net, other| {
        let srv = plain(net);
        server.watch_server(net, srv, &[Listening, ServerClose, Error]);
        let port = port_of(net, other);
        srv.listen(net, port).unwrap();
        server.log(net, format!("listening {}", srv.listening(net)));
        let server = server.clone();
        srv.on_error(net, move |net, srv, _| {
            let address = address_text(net, srv);
            server.log(net, format!("listening {} address {address}", srv.listening(net)));
            other.close(net);
        });
    });
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/t20_address_in_use.log"));
}

#[test]
fn t20_address_not_available() {
    let (log, mut net) = new();
    let net = &mut net;
    let server = log.actor("server");
    let srv = plain(net);
    server.watch_server(net, srv, &[Listening, ServerClose, Error]);
    srv.on_error(net, move |net, _, err| server.log(net, format!("keys {}", keys(&err))));
    srv.listen(net, ("192.0.2.1", 0)).unwrap();
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/t20_address_not_available.log"));
}

#[test]
fn t20_close_in_listening() {
    let (log, mut net) = new();
    let net = &mut net;
    let server = log.actor("server");
    let srv = plain(net);
    let actor = server.clone();
    srv.on_listening(net, move |net, srv| {
        actor.log(net, "first");
        srv.close_then(net, cb(&actor, "close"));
    });
    let actor = server.clone();
    srv.on_listening(net, move |net, srv| actor.log(net, format!("second listening {}", srv.listening(net))));
    server.watch_server(net, srv, &[ServerClose]);
    srv.listen_then(net, 0, move |net, _| server.log(net, "listen callback"));
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/t20_close_in_listening.log"));
}

fn log_connections(net: &mut Loop, srv: Server, actor: &Actor) {
    let actor = actor.clone();
    srv.get_connections(net, move |net, n| actor.log(net, format!("connections {n}")));
}

#[test]
fn t20_close_with_connections() {
    let (log, mut net) = new();
    let server = log.actor("server");
    let actor = server.clone();
    let peers = RefCell::new(Vec::new());
    let srv = self::server(&mut net, move |net, srv, peer| {
        peers.borrow_mut().push(peer);
        peer.on_error(net, |_, _, _| {});
        peer.resume(net);
        let [first, second] = peers.borrow()[..] else { return };
        srv.close_then(net, cb(&actor, "close"));
        log_connections(net, srv, &actor);
        let server = actor.clone();
        net.set_immediate(move |net| {
            server.log(net, "destroy 1");
            first.destroy(net);
            log_connections(net, srv, &server);
            net.set_immediate(move |net| {
                server.log(net, "destroy 2");
                second.destroy(net);
                log_connections(net, srv, &server);
            });
        });
    });
    server.watch_server(&mut net, srv, &[Connection, ServerClose]);
    srv.listen_then(&mut net, (LOCALHOST, 0), |net, srv| {
        let port = port_of(net, srv);
        for _ in 0..2 {
            let sock = net.connect((LOCALHOST, port)).unwrap();
            sock.resume(net);
        }
    });
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/t20_close_with_connections.log"));
}

#[test]
fn t20_connection_listeners_part() {
    let (log, mut net) = new();
    let server = log.actor("server");
    let actor = server.clone();
    let srv = self::server(&mut net, move |net, srv, peer| {
        let flowing = peer.view(net).unwrap().readable_flowing();
        let flowing = flowing.map_or(String::from("null"), |flowing| flowing.to_string());
        actor.log(net, format!("listener readyState {} flowing {flowing}", peer.ready_state(net).as_str()));
        let server = actor.clone();
        net.next_tick(move |net| server.log(net, "tick"));
        srv.close(net);
    });
    srv.on_connection(&mut net, move |net, peer| {
        server.log(net, "connection");
        peer.resume(net);
    });
    srv.listen_then(&mut net, (LOCALHOST, 0), |net, srv| {
        let port = port_of(net, srv);
        connect_and_end(net, port);
    });
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/t20_connection_listeners_part.log"));
}

#[test]
fn t20_destroy_in_connection() {
    let (log, mut net) = new();
    let both = log.actor("server and s");
    let actor = both.clone();
    let srv = server(&mut net, move |net, srv, peer| {
        actor.log(net, "connection");
        let both = actor.clone();
        peer.on_close(net, move |net, _, had_error| both.log(net, format!("s.close {}", had_error.unwrap())));
        srv.close_then(net, cb(&actor, "close"));
        peer.destroy(net);
    });
    srv.on_close(&mut net, move |net, _| both.log(net, "server.close"));
    srv.listen_then(&mut net, (LOCALHOST, 0), |net, srv| {
        let port = port_of(net, srv);
        let sock = net.connect((LOCALHOST, port)).unwrap();
        sock.resume(net);
    });
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/t20_destroy_in_connection.log"));
}

#[test]
fn t20_drop_pipe() {
    let (log, mut net) = new();
    let net = &mut net;
    let (server, c2) = (log.actor("server"), log.actor("c2"));
    let path = log.temp_path();
    let first: Rc<Cell<Option<Socket>>> = Rc::default();
    let (to, connected) = (path.clone(), first.clone());
    let srv = self::server(net, move |net, srv, peer| {
        peer.resume(net);
        let second = net.connect(Path::new(&to)).unwrap();
        c2.watch(net, second, &[Connect, Ready, End, Finish, Error, Close]);
        second.resume(net);
        let first = connected.clone();
        second.on_close(net, move |net, _, _| {
            first.get().expect("the first client").end(net);
            srv.close(net);
        });
    });
    srv.set_max_connections(net, 1);
    server.watch_server(net, srv, &[Connection, Drop, ServerClose]);
    srv.listen_then(net, Path::new(&path.clone()), move |net, _| {
        let sock = net.connect(Path::new(&path)).unwrap();
        first.set(Some(sock));
        sock.resume(net);
    });
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/t20_drop_pipe.log"));
}

#[test]
fn t20_drop_zero() {
    let (log, mut net) = new();
    let net = &mut net;
    let server = log.actor("server");
    let srv = self::server(net, |net, srv, peer| {
        peer.resume(net);
        srv.close(net);
    });
    srv.set_max_connections(net, 0);
    server.watch_server(net, srv, &[Connection, Drop, ServerClose]);
    srv.listen_then(net, (LOCALHOST, 0), |net, srv| {
        let port = port_of(net, srv);
        connect_and_end(net, port);
    });
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/t20_drop_zero.log"));
}

#[test]
fn t20_get_connections_part() {
    let (log, mut net) = new();
    let net = &mut net;
    let server = log.actor("server");
    let actor = server.clone();
    let srv = self::server(net, move |net, srv, peer| {
        peer.on_error(net, |_, _, _| {});
        peer.resume(net);
        let server = actor.clone();
        srv.get_connections(net, move |net, n| server.log(net, format!("connected {n}")));
        actor.log(net, "called");
        peer.destroy(net);
        srv.close(net);
    });
    let actor = server.clone();
    srv.on_close(net, move |net, srv| {
        let server = actor.clone();
        srv.get_connections(net, move |net, n| server.log(net, format!("closed {n}")));
    });
    srv.get_connections(net, move |net, n| server.log(net, format!("fresh {n}")));
    srv.listen_then(net, (LOCALHOST, 0), |net, srv| {
        let port = port_of(net, srv);
        let sock = net.connect((LOCALHOST, port)).unwrap();
        sock.resume(net);
    });
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/t20_get_connections_part.log"));
}

#[test]
fn t20_high_water_mark() {
    let (log, mut net) = new();
    let s = log.actor("s");
    let socket = SocketOptions { high_water_mark: Some(100), ..SocketOptions::default() };
    let options = ServerOptions { socket, ..ServerOptions::default() };
    let server = server_with(&mut net, options, move |net, server, peer| {
        server.close(net);
        let view = peer.view(net).unwrap();
        s.log(net, format!("marks {} {}", view.readable_high_water_mark(), view.writable_high_water_mark()));
        peer.resume(net);
    });
    server.listen_then(&mut net, (LOCALHOST, 0), |net, server| {
        let port = port_of(net, server);
        connect_and_end(net, port);
    });
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/t20_high_water_mark.log"));
}

#[test]
fn t20_listen_close_listen() {
    let (log, mut net) = new();
    let net = &mut net;
    let server = log.actor("server");
    let srv = plain(net);
    server.watch_server(net, srv, &[Listening, Error, ServerClose]);
    let actor = server.clone();
    srv.listen_then(net, 0, move |net, _| actor.log(net, "listen callback 1"));
    srv.close_then(net, cb(&server, "close 1"));
    let actor = server.clone();
    srv.listen_then(net, 0, move |net, _| actor.log(net, "listen callback 2"));
    net.set_immediate(move |net| srv.close_then(net, cb(&server, "close 2")));
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/t20_listen_close_listen.log"));
}

#[test]
fn t20_listen_close_same_turn() {
    let (log, mut net) = new();
    let net = &mut net;
    let server = log.actor("server");
    let srv = plain(net);
    server.watch_server(net, srv, &[Listening, Error, ServerClose]);
    let actor = server.clone();
    srv.listen_then(net, 0, move |net, _| actor.log(net, "listen callback"));
    srv.close_then(net, cb(&server, "close"));
    server.log(net, format!("listening {}", srv.listening(net)));
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/t20_listen_close_same_turn.log"));
}

#[test]
fn t20_listen_forms_part() {
    let (log, mut net) = new();
    let net = &mut net;
    let server = log.actor("server");
    let attempt = |net: &mut Loop, label: &'static str, on: Listen, callback: bool| {
        let srv = plain(net);
        let actor = server.clone();
        srv.on_listening(net, move |net, srv| {
            let address = tcp_text(net, srv);
            actor.log(net, format!("{label} {address}"));
            srv.close(net);
        });
        let actor = server.clone();
        if callback {
            srv.listen_then(net, on, move |net, _| actor.log(net, "callback"));
        } else {
            srv.listen(net, on).unwrap();
        }
    };
    attempt(net, "listen(0)", Listen::from(0), false);
    attempt(net, "listen(0, cb)", Listen::from(0), true);
    attempt(net, "listen(0, 5, cb)", Listen::port(0).backlog(5), true);
    attempt(net, "listen({port: 0, backlog: 3})", Listen::port(0).backlog(3), false);
    attempt(net, "listen({port: 0, host: \"127.0.0.1\"})", Listen::port(0).host(LOCALHOST), false);
    attempt(net, "listen({port: 0, host: \"\"})", Listen::port(0).host(""), false);
    attempt(net, "listen(0, \"::1\")", Listen::from(("::1", 0)), false);
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/t20_listen_forms_part.log"));
}

#[test]
fn t20_listen_host() {
    let (log, mut net) = new();
    let net = &mut net;
    let server = log.actor("server");
    let srv = plain(net);
    server.watch_server(net, srv, &[Listening, Error, ServerClose]);
    let actor = server.clone();
    srv.listen_then(net, (LOCALHOST, 0), move |net, _| actor.log(net, "listen callback"));
    let address = address_text(net, srv);
    server.log(net, format!("listening {} address {address}", srv.listening(net)));
    net.next_tick(move |net| server.log(net, format!("tick listening {}", srv.listening(net))));
    srv.on_listening(net, |net, srv| srv.close(net));
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/t20_listen_host.log"));
}

#[test]
fn t20_listen_host_close() {
    let (log, mut net) = new();
    let net = &mut net;
    let server = log.actor("server");
    let srv = plain(net);
    server.watch_server(net, srv, &[Listening, Error, ServerClose]);
    let actor = server.clone();
    srv.listen_then(net, (LOCALHOST, 0), move |net, _| actor.log(net, "listen callback"));
    srv.close_then(net, cb(&server, "close"));
    net.set_immediate(move |net| server.log(net, format!("listening {}", srv.listening(net))));
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/t20_listen_host_close.log"));
}

#[test]
fn t20_listen_host_twice() {
    let (log, mut net) = new();
    let net = &mut net;
    let server = log.actor("server");
    let srv = plain(net);
    server.watch_server(net, srv, &[Listening, Error, ServerClose]);
    for (host, text) in [(LOCALHOST, "listen callback 1"), ("127.0.0.2", "listen callback 2")] {
        let server = server.clone();
        srv.listen_then(net, (host, 0), move |net, _| server.log(net, text));
    }
    srv.on_listening(net, move |net, srv| match srv.address(net) {
        Address::Tcp(address) => server.log(net, format!("address {}", address.ip())),
        other => panic!("a TCP address, not {other:?}"),
    });
    net.set_immediate(move |net| srv.close(net));
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/t20_listen_host_twice.log"));
}

#[test]
fn t20_listen_no_host_part() {
    let (log, mut net) = new();
    let net = &mut net;
    let server = log.actor("server");
    let srv = plain(net);
    server.watch_server(net, srv, &[Listening, Error, ServerClose]);
    let address = address_text(net, srv);
    server.log(net, format!("address {address} listening {}", srv.listening(net)));
    srv.listen(net, 0).unwrap();
    server.log(net, format!("listening {}", srv.listening(net)));
    let (address, port) = (tcp_text(net, srv), mask_port(port_of(net, srv)));
    server.log(net, format!("address {address} {port}"));
    srv.on_listening(net, |net, srv| srv.close(net));
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/t20_listen_no_host_part.log"));
}

#[test]
fn t20_listen_throws_part() {
    let (log, mut net) = new();
    let net = &mut net;
    let server = log.actor("server");
    let attempt = |net: &mut Loop, label: &str, on: Listen| {
        let srv = plain(net);
        server.watch_server(net, srv, &[Listening, Error, ServerClose]);
        let listened = srv.listen(net, on);
        log_throws(net, &server, label, listened);
        server.log(net, format!("listening {}", srv.listening(net)));
        srv.listen_then(net, 0, |net, srv| srv.close(net));
    };
    attempt(net, "listen(70000)", Listen::port(70000));
    attempt(net, "listen(-1)", Listen::port(-1));
    attempt(net, "listen({port: 65536, host: \"127.0.0.1\"})", Listen::port(65536).host(LOCALHOST));
    attempt(net, "listen({path: \"\"})", Listen::path(""));
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/t20_listen_throws_part.log"));
}

#[test]
fn t20_listen_twice() {
    let (log, mut net) = new();
    let net = &mut net;
    let server = log.actor("server");
    let srv = plain(net);
    server.watch_server(net, srv, &[Listening, Error, ServerClose]);
    srv.listen(net, 0).unwrap();
    let actor = server.clone();
    let listened = srv.try_listen_then(net, 0, move |net, _| actor.log(net, "callback"));
    log_throws(net, &server, "listen()", listened);
    srv.on_listening(net, move |net, srv| {
        let listened = srv.listen(net, 0);
        log_throws(net, &server, "listen()", listened);
        srv.close(net);
    });
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/t20_listen_twice.log"));
}

#[test]
fn t20_no_error_listener() {
    let (log, mut net) = new();
    let server = log.actor("server");
    let other = plain(&mut net);
    other.listen_then(&mut net, (LOCALHOST, 0), |net, other| {
        let srv = plain(net);
        let port = port_of(net, other);
        srv.listen(net, (LOCALHOST, port)).unwrap();
        net.set_immediate(move |net| other.close(net));
    });
    run_logging(&mut net, |net, error| log_uncaught(net, &server, error));
    log.matches(include_str!("../../../spec/node/t20_no_error_listener.log"));
}

#[test]
fn t20_path_echo() {
    let (log, mut net) = new();
    let net = &mut net;
    let (c, s) = (log.actor("c"), log.actor("s"));
    let path = log.temp_path();
    let server = server(net, move |net, server, peer| {
        server.close(net);
        let keys = if peer.address(net).is_some() { 3 } else { 0 };
        let remote = peer.remote_address(net).map_or(String::from("undefined"), |ip| ip.to_string());
        s.log(net, format!("address keys {keys} remoteAddress {remote}"));
        s.watch(net, peer, &[Data, End, Finish, Error, Close]);
        peer.on_data(net, |net, peer, chunk| {
            peer.write(net, chunk);
        });
    });
    server.listen_then(net, Path::new(&path.clone()), move |net, _| {
        let sock = net.connect(Path::new(&path)).unwrap();
        c.watch(net, sock, &[Connect, Ready, Data, End, Finish, Error, Close]);
        let c = c.clone();
        sock.on_connect(net, move |net, sock| {
            let r = sock.write_then(net, "hello", c.cb("w"));
            c.log(net, format!("write(5) -> {r}"));
        });
        sock.on_data(net, |net, sock, _| sock.end(net));
    });
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/t20_path_echo.log"));
}

#[test]
fn t20_path_in_use() {
    let (log, mut net) = new();
    let net = &mut net;
    let server = log.actor("server");
    let path = log.temp_path();
    let other = plain(net);
    other.listen_then(net, Path::new(&path.clone()), move |net, other| {
        let srv = plain(net);
        server.watch_server(net, srv, &[Listening, ServerClose, Error]);
        let actor = server.clone();
        srv.on_error(net, move |net, srv, err| {
            actor.log(net, format!("keys {} port {}", keys(&err), err.port().unwrap()));
            actor.log(net, format!("listening {}", srv.listening(net)));
            other.close(net);
        });
        srv.listen(net, Path::new(&path)).unwrap();
        server.log(net, format!("listening {}", srv.listening(net)));
    });
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/t20_path_in_use.log"));
}

#[test]
fn t20_pause_on_connect() {
    /// As in the program: the time in which something could be read that must not be.
    const ARRIVES_MS: f64 = 20.0;
    let (log, mut net) = new();
    let s = log.actor("s");
    let options = ServerOptions { pause_on_connect: true, ..ServerOptions::default() };
    let server = server_with(&mut net, options, move |net, server, peer| {
        server.close(net);
        let flowing = peer.view(net).unwrap().readable_flowing();
        let flowing = flowing.map_or(String::from("null"), |flowing| flowing.to_string());
        s.log(net, format!("isPaused {} flowing {flowing}", peer.is_paused(net)));
        s.watch(net, peer, &[Pause, Resume, Data, End, Finish, Close]);
        let s = s.clone();
        net.set_timeout(ARRIVES_MS, move |net| {
            let length = peer.view(net).unwrap().readable_length();
            s.log(net, format!("bytesRead {} readableLength {length}", peer.bytes_read(net)));
            peer.resume(net);
        });
    });
    server.listen_then(&mut net, (LOCALHOST, 0), |net, server| {
        let port = port_of(net, server);
        let sock = net.connect((LOCALHOST, port)).unwrap();
        sock.on_connect(net, |net, sock| sock.end_with(net, "hello"));
    });
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/t20_pause_on_connect.log"));
}

#[test]
fn t20_relisten() {
    let (log, mut net) = new();
    let net = &mut net;
    let server = log.actor("server");
    let srv = plain(net);
    server.watch_server(net, srv, &[Listening, Connection, Error, ServerClose]);
    let actor = server.clone();
    srv.listen_then(net, 0, move |net, srv| {
        actor.log(net, "listen callback 1");
        srv.close(net);
    });
    srv.once(net, ServerClose, move |net, srv, _| {
        let server = server.clone();
        srv.listen_then(net, 0, move |net, srv| {
            server.log(net, "listen callback 2");
            srv.close_then(net, cb(&server, "close"));
        });
    });
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/t20_relisten.log"));
}

#[test]
fn t20_throw_in_connection() {
    let (log, mut net) = new();
    let server = log.actor("server");
    let accepted = Cell::new(0);
    let actor = server.clone();
    let srv = self::server(&mut net, move |net, srv, peer| {
        accepted.set(accepted.get() + 1);
        actor.log(net, format!("connection {}", accepted.get()));
        peer.resume(net);
        if accepted.get() == 1 {
            let port = port_of(net, srv);
            connect_and_end(net, port);
            throw("boom");
        }
        srv.close_then(net, cb(&actor, "close"));
    });
    srv.listen_then(&mut net, (LOCALHOST, 0), |net, srv| {
        let port = port_of(net, srv);
        connect_and_end(net, port);
    });
    run_logging(&mut net, |net, error| log_uncaught(net, &server, error));
    log.matches(include_str!("../../../spec/node/t20_throw_in_connection.log"));
}
