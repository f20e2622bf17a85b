//! Programs of `spec/node` that show one rule each and belong to no group, line by line.

use netfold::EventKind::*;
use netfold::{Net, ServerOptions, Socket, SocketOptions};
use netfold_conformance::{Actor, Log, port_of, when};
use std::cell::Cell;
use std::rc::Rc;

const LOCALHOST: &str = "127.0.0.1";

/// An actor that any number of closures can name.
fn actor(log: &Log, name: &str) -> &'static Actor {
    Box::leak(Box::new(log.actor(name)))
}

#[test]
fn connect_listeners_end() {
    fn start(net: &mut Net<u32>, c: &'static Actor, port: u16, then: impl Fn(&mut Net<u32>, Socket)) -> Socket {
        let sock = net.connect((LOCALHOST, port)).unwrap();
        let state = move |net: &Net<u32>, label: &str| {
            let (ready, destroyed) = (sock.ready_state(net).as_str(), sock.destroyed(net));
            c.log(net, format!("{label} {ready} destroyed {destroyed}"));
        };
        sock.on_connect(net, move |net, _| {
            state(net, "before");
            net.next_tick(move |net| state(net, "tick of before"));
        });
        then(net, sock);
        sock.on_connect(net, move |net, _| {
            state(net, "after");
            net.set_immediate(move |net| state(net, "immediate of after"));
        });
        c.log(net, format!("connect listeners {}", net.core().listener_count(sock.id().into(), Connect)));
        c.watch(net, sock, &[Ready, Prefinish, Finish, End, Error, Close]);
        sock
    }
    let log = Log::new();
    let (e, r, removed) = (actor(&log, "end"), actor(&log, "reset"), actor(&log, "end, and all listeners removed"));
    let mut net = Net::new(3).unwrap();
    let server = net.create_server(|net, peer| {
        peer.on_error(net, |_, _, _| {});
        peer.resume(net);
    });
    server.listen_then(&mut net, (LOCALHOST, 0), move |net, server| {
        let port = port_of(net, server);
        let gone = move |net: &mut Net<u32>, _: Socket, _| {
            net.state -= 1;
            if net.state == 0 {
                server.close(net);
            }
        };
        start(net, e, port, |net, sock| sock.end_then(net, e.cb("end"))).on_close(net, gone);
        start(net, r, port, |net, sock| sock.reset_and_destroy(net).unwrap()).on_close(net, gone);
        let sock = start(net, removed, port, |net, sock| sock.end(net));
        sock.on_close(net, gone);
        sock.remove_all_listeners(net, Some(Connect));
        sock.on_ready(net, |net, sock| {
            net.set_timeout(40.0, move |net| sock.destroy(net));
        });
    });
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/connect_listeners_end.log"));
}

#[test]
fn read_zero() {
    fn or_null(flowing: Option<bool>) -> String {
        flowing.map_or(String::from("null"), |flowing| flowing.to_string())
    }
    let log = Log::new();
    let c = actor(&log, "c");
    let mut net = Net::new(()).unwrap();
    let server = net.server(ServerOptions::default());
    server.on_connection(&mut net, move |net, peer| {
        server.close(net);
        peer.end_with(net, "hello");
    });
    server.listen_then(&mut net, (LOCALHOST, 0), move |net, server| {
        let sock = net.socket(SocketOptions::default()).unwrap();
        let zero = move |net: &mut Net<()>, label: &str| {
            let given = sock.read_n(net, 0).unwrap().map_or(String::from("null"), |bytes| format!("{bytes:?}"));
            let view = sock.view(net).unwrap();
            let (length, flowing) = (view.readable_length(), or_null(view.readable_flowing()));
            c.log(net, format!("{label} {given} length {length} flowing {flowing}"));
        };
        c.watch(net, sock, &[Pause, Resume, End, Error, Close]);
        sock.pause(net);
        zero(net, "idle");
        c.log(net, format!("connect listeners {}", net.core().listener_count(sock.id().into(), Connect)));
        zero(net, "again");
        c.log(net, format!("connect listeners {}", net.core().listener_count(sock.id().into(), Connect)));
        let port = port_of(net, server);
        sock.connect(net, (LOCALHOST, port)).unwrap();
        zero(net, "connecting");
        let ended = move |net: &mut Net<()>| net.core().inner(sock.id()).is_some_and(|inner| inner.fin_came_in);
        when(net, ended, move |net| {
            zero(net, "kept");
            sock.on_data(net, |net, _, chunk| c.log(net, format!("data {}", chunk.len())));
            zero(net, "listened for");
            let all = sock.read(net).unwrap();
            c.log(net, format!("read() {}", String::from_utf8_lossy(&all)));
            zero(net, "read");
        });
    });
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/read_zero.log"));
}

#[test]
fn timeout_too_long() {
    let log = Log::new();
    let c = actor(&log, "c");
    let mut net = Net::new(()).unwrap();
    let sock = net.socket(SocketOptions::default()).unwrap();
    c.watch(&mut net, sock, &[Timeout, Close]);
    for ms in [2_147_483_647.0, 2_147_483_648.0, 1e12, 25.9] {
        sock.set_timeout(&mut net, ms).unwrap();
        c.log(&net, format!("timeout {}", sock.timeout(&net).unwrap()));
    }
    sock.set_timeout(&mut net, 4_294_967_297.0).unwrap();
    c.log(&net, format!("timeout {}", sock.timeout(&net).unwrap()));
    net.set_timeout(60.0, move |net| {
        c.log(net, "later");
        sock.destroy(net);
    });
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/timeout_too_long.log"));
}

#[test]
fn loop_alive() {
    let log = Log::new();
    let c = actor(&log, "c");
    let mut net = Net::new(()).unwrap();
    let server = net.create_server(move |net, peer| {
        peer.unref(net);
        peer.pause(net);
        let timer = net.set_timeout(60.0, move |net| {
            c.log(net, "resumed");
            peer.resume(net);
        });
        net.unref_timer(timer);
    });
    let there = Rc::new(Cell::new(None));
    let kept = Rc::clone(&there);
    server.listen_then(&mut net, (LOCALHOST, 0), move |net, server| {
        server.unref(net);
        let idle = net.socket(SocketOptions::default()).unwrap();
        idle.set_timeout(net, 60_000.0).unwrap();
        let late = net.set_timeout(60_000.0, |net| c.log(net, "late"));
        net.unref_timer(late);
        let port = port_of(net, server);
        let sock = net.connect((LOCALHOST, port)).unwrap();
        sock.unref(net);
        sock.set_timeout(net, 60_000.0).unwrap();
        c.watch(net, sock, &[Connect, Timeout, Finish, End, Close]);
        sock.write_then(net, vec![0; 20_000_000], c.cb("written"));
        kept.set(Some((idle, sock)));
    });
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/loop_alive.log"));
    let (idle, sock) = there.get().expect("they were made");
    assert!(
        server.listening(&net) && !idle.destroyed(&net) && !sock.destroyed(&net),
        "the loop ended with all of them"
    );
}
