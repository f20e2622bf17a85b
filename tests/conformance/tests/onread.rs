//! The option `onread`: the programs `r21b` of `spec/node`, line by line.

use netfold::EventKind::*;
use netfold::{Net, Server, ServerOptions, Socket};
use netfold_conformance::{Actor, Log, port_of};
use std::cell::Cell;

fn actor(log: &Log, name: &str) -> &'static Actor {
    Box::leak(Box::new(log.actor(name)))
}

fn counter() -> &'static Cell<u32> {
    Box::leak(Box::new(Cell::new(0)))
}

/// A server that gives ten bytes and ends, to so many connections.
fn giving(net: &mut Net<()>, connections: u32) -> Server {
    let accepted = counter();
    let server = net.server(ServerOptions::default());
    server.on_connection(net, move |net, peer| {
        accepted.set(accepted.get() + 1);
        if accepted.get() == connections {
            server.close(net);
        }
        peer.resume(net);
        peer.end_with(net, "abcdefghij");
    });
    server
}

/// A function of `onread`.
fn taking(
    callback: impl Fn(&mut Net<()>, Socket, &[u8]) -> bool,
) -> impl Fn(&mut Net<()>, Socket, netfold::Bytes) -> bool {
    move |net, sock, bytes| callback(net, sock, &bytes)
}

fn paused(net: &Net<()>, sock: Socket) -> String {
    format!("resume, isPaused {}", sock.is_paused(net))
}

#[test]
fn r22_onread() {
    const BUFFER_SIZE: u32 = 4;
    let mut net = Net::new(()).unwrap();
    let log = Log::new();
    let c = actor(&log, "c");
    let server = giving(&mut net, 1);
    server.listen_then(&mut net, ("127.0.0.1", 0), move |net, server| {
        let calls = counter();
        let port = port_of(net, server);
        let callback = taking(move |net, sock, bytes| {
            calls.set(calls.get() + 1);
            c.log(net, format!("onread {} {}", bytes.len(), String::from_utf8_lossy(bytes)));
            if calls.get() != 2 {
                return true;
            }
            net.set_immediate(move |net| {
                c.log(net, paused(net, sock));
                sock.resume(net);
            });
            false
        });
        let sock = net.connect_on_read(("127.0.0.1", port), BUFFER_SIZE, callback).unwrap();
        c.watch(net, sock, &[Connect, Data, Pause, Resume, End, Finish, Close]);
    });
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/r21b_onread.log"));
}

#[test]
fn r22_onread_pause() {
    let mut net = Net::new(()).unwrap();
    let log = Log::new();
    let c = actor(&log, "c");
    let server = giving(&mut net, 2);
    server.listen_then(&mut net, ("127.0.0.1", 0), move |net, server| {
        let calls = counter();
        let port = port_of(net, server);
        let callback = taking(move |net, sock, bytes| {
            calls.set(calls.get() + 1);
            let (read, length) = (sock.bytes_read(net), sock.view(net).unwrap().readable_length());
            let text = String::from_utf8_lossy(bytes);
            c.log(net, format!("onread {} {text} bytesRead {read} readableLength {length}", bytes.len()));
            match calls.get() {
                1 => {
                    sock.pause(net);
                    net.set_immediate(move |net| {
                        net.set_immediate(move |net| {
                            c.log(net, paused(net, sock));
                            sock.resume(net);
                        });
                    });
                }
                2 => {
                    net.set_immediate(move |net| {
                        net.set_immediate(move |net| {
                            let got = sock.read(net).map_or(String::from("null"), |got| format!("{got:?}"));
                            c.log(net, format!("read {got}"));
                        });
                    });
                    return false;
                }
                3 => {
                    sock.pause(net);
                    sock.resume(net);
                }
                _ => {}
            }
            true
        });
        let sock = net.connect_on_read(("127.0.0.1", port), 3, callback).unwrap();
        c.watch(net, sock, &[Connect, Data, Readable, Pause, Resume, End, Finish, Close]);
        sock.remove_all_listeners(net, Some(Readable));
        sock.resume(net);
        sock.once(net, Close, move |net, sock, _| sock.connect(net, ("127.0.0.1", port)).unwrap());
    });
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/r21b_onread_pause.log"));
}
