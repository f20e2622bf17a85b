//! What keeps the loop alive: the programs r44_* of `spec/node`, line by line.

use netfold::EventKind::*;
use netfold::{Connect, Listen, Net, ServerOptions, Socket, SocketOptions};
use netfold_conformance::{Actor, Log, deaf_port, port_of, when};
use std::cell::Cell;
use std::path::Path;
use std::rc::Rc;

fn start() -> (Net<()>, Log, &'static Actor) {
    let log = Log::new();
    let c = Box::leak(Box::new(log.actor("c")));
    (Net::new(()).unwrap(), log, c)
}

/// Calls `then` with both ends of a connection, whose server is closed.
fn connected(net: &mut Net<()>, pause_on_connect: bool, then: impl FnOnce(&mut Net<()>, Socket, Socket) + 'static) {
    let socket = SocketOptions { allow_half_open: true, ..SocketOptions::default() };
    let server = net.server(ServerOptions { socket, pause_on_connect });
    let client: Rc<Cell<Option<Socket>>> = Rc::default();
    let (known, then) = (client.clone(), Cell::new(Some(then)));
    server.on_connection(net, move |net, peer| {
        server.close(net);
        let sock = known.get().unwrap();
        let then = then.take().unwrap();
        when(net, move |net| !sock.connecting(net), move |net| then(net, sock, peer));
    });
    server.listen_then(net, ("127.0.0.1", 0), move |net, server| {
        let to = Connect::port(port_of(net, server)).host("127.0.0.1").allow_half_open(true);
        client.set(Some(net.connect(to).unwrap()));
    });
}

/// What this runs must not come when the loop ends by itself before.
fn later(net: &mut Net<()>, ms: f64, task: impl FnOnce(&mut Net<()>) + 'static) {
    let timer = net.set_timeout(ms, task);
    net.unref_timer(timer);
}

#[test]
fn r44_unref_reader() {
    let (mut net, log, c) = start();
    connected(&mut net, false, move |net, sock, peer| {
        c.watch(net, sock, &[Data, End, Close]);
        sock.resume(net);
        sock.unref(net);
        peer.unref(net);
        c.log(net, "both unref");
        later(net, 100.0, move |net| c.log(net, "still alive"));
    });
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/r44_unref_reader.log"));
}

#[test]
fn r44_ref_again() {
    let (mut net, log, c) = start();
    connected(&mut net, false, move |net, sock, peer| {
        c.watch(net, sock, &[Close]);
        peer.unref(net);
        sock.unref(net);
        sock.unref(net);
        sock.ref_(net);
        c.log(net, "ref");
        later(net, 50.0, move |net| {
            c.log(net, "still alive");
            sock.destroy(net);
        });
    });
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/r44_ref_again.log"));
}

#[test]
fn r44_unref_write() {
    const LARGE: usize = 20_000_000;
    let (mut net, log, c) = start();
    connected(&mut net, true, move |net, sock, peer| {
        c.watch(net, sock, &[Drain, Finish, Close]);
        sock.unref(net);
        peer.unref(net);
        let more = sock.write_then(net, vec![0; LARGE], c.cb("w"));
        c.log(net, format!("write({LARGE}) -> {more}"));
        later(net, 50.0, move |net| {
            c.log(net, "still alive");
            peer.resume(net);
            later(net, 1000.0, move |net| c.log(net, "still alive after it"));
        });
    });
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/r44_unref_write.log"));
}

#[test]
fn r44_unref_shutdown() {
    let (mut net, log, c) = start();
    connected(&mut net, false, move |net, sock, peer| {
        c.watch(net, sock, &[Prefinish, Finish, Close]);
        sock.unref(net);
        peer.unref(net);
        sock.end_then(net, c.cb("end"));
        later(net, 100.0, move |net| c.log(net, "still alive"));
    });
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/r44_unref_shutdown.log"));
}

#[test]
fn r44_unref_before_connect() {
    let (mut net, log, c) = start();
    let server = net.server(ServerOptions::default());
    server.on_connection(&mut net, move |net, peer| {
        server.close(net);
        peer.unref(net);
    });
    server.listen_then(&mut net, ("127.0.0.1", 0), move |net, server| {
        let sock = net.socket(SocketOptions::default()).unwrap();
        // The machine's own steps among them.
        let listeners = move |net: &Net<()>| net.core().listener_count(sock.id().into(), Connect);
        let count = move |net: &Net<()>| c.log(net, format!("connect listeners {}", listeners(net)));
        sock.ref_(net);
        sock.unref(net);
        count(net);
        sock.ref_(net);
        sock.unref(net);
        count(net);
        let port = port_of(net, server);
        sock.connect(net, ("127.0.0.1", port)).unwrap();
        c.watch(net, sock, &[Connect, Ready, Close]);
        let over = move |net: &mut Net<()>| !sock.connecting(net) && listeners(net) == 1;
        when(net, over, move |net| c.log(net, "connected"));
        later(net, 200.0, move |net| c.log(net, "still alive"));
    });
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/r44_unref_before_connect.log"));
}

#[test]
fn r44_unref_connect() {
    let (mut net, log, c) = start();
    let (port, _fillers, _listener) = deaf_port();
    net.next_tick(move |net| {
        let sock = net.connect(("127.0.0.1", port)).unwrap();
        c.watch(net, sock, &[Connect, ConnectionAttempt, Error, Close]);
        sock.unref(net);
        later(net, 50.0, move |net| {
            c.log(net, "still alive");
            sock.destroy(net);
        });
    });
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/r44_unref_connect.log"));
}

#[test]
fn r44_not_reading() {
    const FULL: u64 = 16_384;
    let (mut net, log, c) = start();
    connected(&mut net, true, move |net, sock, peer| {
        c.watch(net, sock, &[Readable, End, Close]);
        sock.pause(net);
        peer.write_then(net, vec![0; 100_000], c.cb("w"));
        let full = move |net: &mut Net<()>| sock.readable_length(net) > FULL;
        when(net, full, move |net| {
            c.log(net, "full");
            later(net, 100.0, move |net| c.log(net, "still alive"));
        });
    });
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/r44_not_reading.log"));
}

/// D80: of two requests to connect to a path the first is not forgotten, so nothing is under way at the end.
#[test]
fn d80_two_connects_to_a_path_let_the_loop_end() {
    let (log, mut net) = (Log::new(), Net::new(Vec::new()).unwrap());
    let path = log.temp_path();
    let server = net.server(ServerOptions::default());
    server.unref(&mut net);
    server.listen_then(&mut net, Listen::path(&path), move |net, _| {
        let sock = net.connect(Path::new(&path)).unwrap();
        sock.on_error(net, |net, _, error| net.state.push(error.code().to_string()));
        sock.connect(net, Path::new(&path)).unwrap();
    });
    net.run().unwrap();
    assert_eq!(net.state, ["EISCONN"]);
}
