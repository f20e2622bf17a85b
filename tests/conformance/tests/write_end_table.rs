//! Writing, ending and destroying: the programs `t15_*` and `t16_*`, on real sockets.

use netfold::EventKind::*;
use netfold::{CallbackId, Encoding, EventKind, Net, Server, ServerOptions, SharedError, Socket, SocketOptions};
use netfold_conformance::{Actor, Log, error_text, port_of, when};
use std::cell::Cell;
use std::path::Path;
use std::rc::Rc;

const LOCALHOST: &str = "127.0.0.1";

type Loop = Net<()>;

fn new() -> (Log, Loop) {
    (Log::new(), Net::new(()).expect("a loop"))
}

/// `net.createServer(options, listener)`, for a listener that needs the server.
fn server(net: &mut Loop, options: ServerOptions, listener: impl Fn(&mut Loop, Server, Socket) + 'static) -> Server {
    let server = net.server(options);
    server.on_connection(net, move |net, peer| listener(net, server, peer));
    server
}

/// A server that closes at its first connection.
fn closing(net: &mut Loop, accepted: impl Fn(&mut Loop, Socket) + 'static) -> Server {
    server(net, ServerOptions::default(), move |net, server, peer| {
        server.close(net);
        accepted(net, peer);
    })
}

/// As [`closing`], with `allowHalfOpen`.
fn closing_half_open(net: &mut Loop, accepted: impl Fn(&mut Loop, Socket) + 'static) -> Server {
    let socket = SocketOptions { allow_half_open: true, ..SocketOptions::default() };
    server(net, ServerOptions { socket, ..ServerOptions::default() }, move |net, server, peer| {
        server.close(net);
        accepted(net, peer);
    })
}

/// Listens on 127.0.0.1 and connects to it inside 'listening'.
fn connecting(net: &mut Loop, server: Server, then: impl Fn(&mut Loop, Socket) + 'static) {
    server.listen_then(net, (LOCALHOST, 0), move |net, server| {
        let port = port_of(net, server);
        let sock = net.connect((LOCALHOST, port)).unwrap();
        then(net, sock);
    });
}

fn socket(net: &mut Loop) -> Socket {
    net.socket(SocketOptions::default()).expect("there is room for a socket")
}

/// One callback function that several writes share: `const f = c.cb(name)`.
fn shared(net: &mut Loop, actor: &Actor, name: &'static str) -> CallbackId {
    let actor = actor.clone();
    net.callback(move |net, _, result| actor.log(net, format!("cb {name} {}", error_text(result.err()))))
}

fn log_throws<T>(net: &Loop, actor: &Actor, label: &str, result: Result<T, SharedError>) {
    match result {
        Ok(_) => actor.log(net, format!("{label} ok")),
        Err(error) => actor.log(net, format!("{label} threw {}", error_text(Some(&error)))),
    }
}

fn log_write(net: &Loop, actor: &Actor, length: usize, wrote: bool) {
    actor.log(net, format!("write({length}) -> {wrote}"));
}

fn log_corked(net: &Loop, actor: &Actor, sock: Socket) {
    let view = sock.view(net).unwrap();
    actor.log(net, format!("corked {} writableLength {}", view.writable_corked(), view.writable_length()));
}

/// `sock.listenerCount(event)`, the machine's own listeners included, as in Node.
fn listener_count(net: &Loop, sock: Socket, event: EventKind) -> usize {
    net.core().listener_count(sock.id().into(), event)
}

fn writable_ended(net: &Loop, sock: Socket) -> bool {
    sock.view(net).unwrap().writable_ended()
}

#[test]
fn t15_cork_connecting() {
    let (log, mut net) = new();
    let c = log.actor("c");
    let server = closing(&mut net, |net, peer| peer.resume(net));
    connecting(&mut net, server, move |net, sock| {
        c.watch(net, sock, &[Connect, Ready, Drain, Finish, Close]);
        sock.cork(net);
        sock.write_then(net, "a", c.cb("a"));
        sock.write_then(net, "b", c.cb("b"));
        c.log(net, format!("connect listeners {}", listener_count(net, sock, Connect)));
        let c = c.clone();
        sock.on_ready(net, move |net, sock| {
            sock.uncork(net);
            c.log(net, format!("writableLength {}", sock.view(net).unwrap().writable_length()));
            net.set_immediate(move |net| sock.end(net));
        });
    });
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/t15_cork_connecting.log"));
}

#[test]
fn t15_cork_end() {
    let (log, mut net) = new();
    let (c, s) = (log.actor("c"), log.actor("s"));
    let server = closing(&mut net, move |net, peer| s.watch(net, peer, &[Data, End, Close]));
    connecting(&mut net, server, move |net, sock| {
        c.watch(net, sock, &[Drain, Prefinish, Finish, Close]);
        let c = c.clone();
        sock.on_connect(net, move |net, sock| {
            sock.cork(net);
            sock.cork(net);
            sock.write_then(net, "a", c.cb("a"));
            sock.write_then(net, "bb", c.cb("b"));
            sock.end_with_then(net, "ccc", c.cb("end"));
            log_corked(net, &c, sock);
        });
    });
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/t15_cork_end.log"));
}

#[test]
fn t15_cork_merge() {
    let (log, mut net) = new();
    let c = log.actor("c");
    let server = closing(&mut net, |net, peer| peer.resume(net));
    connecting(&mut net, server, move |net, sock| {
        c.watch(net, sock, &[Drain, Finish, Close]);
        let f = shared(net, &c, "f");
        let c = c.clone();
        sock.on_connect(net, move |net, sock| {
            sock.cork(net);
            sock.write_cb(net, "a", f);
            sock.write_cb(net, "b", f);
            sock.uncork(net);
            sock.write_cb(net, "c", f);
            let c = c.clone();
            net.next_tick(move |net| c.log(net, "u"));
            net.set_immediate(move |net| sock.end(net));
        });
    });
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/t15_cork_merge.log"));
}

#[test]
fn t15_cork_nested() {
    let (log, mut net) = new();
    let (c, s) = (log.actor("c"), log.actor("s"));
    let server = closing(&mut net, move |net, peer| s.watch(net, peer, &[Data, End, Close]));
    connecting(&mut net, server, move |net, sock| {
        c.watch(net, sock, &[Drain, Finish, Close]);
        let c = c.clone();
        sock.on_connect(net, move |net, sock| {
            sock.cork(net);
            sock.write_then(net, "a", c.cb("a"));
            sock.cork(net);
            sock.write_then(net, "bb", c.cb("b"));
            sock.uncork(net);
            log_corked(net, &c, sock);
            sock.uncork(net);
            log_corked(net, &c, sock);
            sock.uncork(net);
            sock.write_then(net, "c", c.cb("c"));
            let c = c.clone();
            net.next_tick(move |net| c.log(net, "u"));
            net.set_immediate(move |net| sock.end(net));
        });
    });
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/t15_cork_nested.log"));
}

#[test]
fn t15_cork_one_write() {
    let (log, mut net) = new();
    let c = log.actor("c");
    let server = closing(&mut net, |net, peer| peer.resume(net));
    connecting(&mut net, server, move |net, sock| {
        c.watch(net, sock, &[Drain, Finish, Close]);
        let f = shared(net, &c, "f");
        let c = c.clone();
        sock.on_connect(net, move |net, sock| {
            sock.cork(net);
            sock.write_cb(net, "a", f);
            sock.uncork(net);
            sock.write_cb(net, "b", f);
            let c = c.clone();
            net.next_tick(move |net| c.log(net, "u"));
            net.set_immediate(move |net| sock.end(net));
        });
    });
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/t15_cork_one_write.log"));
}

#[test]
fn t15_empty_write() {
    let (log, mut net) = new();
    let (c, s) = (log.actor("c"), log.actor("s"));
    let server = closing(&mut net, move |net, peer| s.watch(net, peer, &[Data, End, Close]));
    connecting(&mut net, server, move |net, sock| {
        c.watch(net, sock, &[Drain, Finish, Error, Close]);
        let c = c.clone();
        sock.on_connect(net, move |net, sock| {
            let r = sock.write_then(net, "", c.cb("string"));
            log_write(net, &c, 0, r);
            let r = sock.write_then(net, Vec::new(), c.cb("buffer"));
            c.log(net, format!("write(0) -> {r} bytesWritten {}", sock.bytes_written(net)));
            sock.end_with_then(net, "", c.cb("end"));
        });
    });
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/t15_empty_write.log"));
}

#[test]
fn t15_write_after_end_connecting() {
    let (log, mut net) = new();
    let c = log.actor("c");
    let server = net.server(ServerOptions::default());
    connecting(&mut net, server, move |net, sock| {
        c.watch(net, sock, &[ConnectionAttempt, Connect, Finish, Error, Close]);
        sock.write_then(net, "a", c.cb("a"));
        sock.end_then(net, c.cb("end"));
        let r = sock.write_then(net, "b", c.cb("b"));
        c.log(net, format!("write(1) -> {r} destroyed {}", sock.destroyed(net)));
        server.close(net);
    });
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/t15_write_after_end_connecting.log"));
}

#[test]
fn t15_write_destroyed() {
    let (log, mut net) = new();
    let c = log.actor("c");
    let server = closing(&mut net, |net, peer| peer.resume(net));
    connecting(&mut net, server, move |net, sock| {
        c.watch(net, sock, &[Error, Close]);
        sock.on_connect(net, |net, sock| sock.destroy(net));
        let c = c.clone();
        sock.on_close(net, move |net, sock, _| {
            let r = sock.write_then(net, "a", c.cb("a"));
            log_write(net, &c, 1, r);
            let r = sock.write(net, "b");
            log_write(net, &c, 1, r);
            sock.end_then(net, c.cb("end"));
        });
    });
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/t15_write_destroyed.log"));
}

#[test]
fn t15_write_idle_more() {
    let (log, mut net) = new();
    let net = &mut net;
    let c = log.actor("c");
    let sock = socket(net);
    c.watch(net, sock, &[Finish, Error, Close]);
    for name in ["a", "b"] {
        let r = sock.write_then(net, name, c.cb(name));
        c.log(net, format!("write(1) -> {r} destroyed {}", sock.destroyed(net)));
    }
    sock.end_then(net, c.cb("end"));
    c.log(net, format!("readyState {}", sock.ready_state(net).as_str()));
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/t15_write_idle_more.log"));
}

#[test]
fn t15_write_validation_part() {
    let (log, mut net) = new();
    let c = log.actor("c");
    let server = closing(&mut net, |net, peer| peer.resume(net));
    connecting(&mut net, server, move |net, sock| {
        c.watch(net, sock, &[Drain, Finish, Error, Close]);
        let c = c.clone();
        sock.on_connect(net, move |net, sock| {
            let foo = Encoding::from_name("foo").map(|foo| sock.write(net, ("x", foo)));
            log_throws(net, &c, "write(x, foo)", foo.map_err(std::sync::Arc::new));
            let callback = shared(net, &c, "Uint8Array");
            let wrote = sock.try_write(net, &[0; 3], Some(callback));
            log_throws(net, &c, "write(Uint8Array)", wrote);
            let callback = shared(net, &c, "hex");
            let wrote = sock.try_write(net, ("6162", Encoding::Hex), Some(callback));
            log_throws(net, &c, "write(hex)", wrote);
            c.log(net, format!("bytesWritten {}", sock.bytes_written(net)));
            sock.end(net);
        });
    });
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/t15_write_validation_part.log"));
}

#[test]
fn t16_destroy_idle() {
    let (log, mut net) = new();
    let net = &mut net;
    let (plain, error) = (log.actor("plain"), log.actor("error"));
    let a = socket(net);
    plain.watch(net, a, &[Error, Close]);
    a.destroy(net);
    let closed = |net: &Loop, sock: Socket| sock.view(net).unwrap().closed();
    plain.log(net, format!("destroyed {} closed {}", a.destroyed(net), closed(net, a)));
    let b = socket(net);
    error.watch(net, b, &[Error, Close]);
    b.destroy_with(net, "boom");
    error.log(net, format!("destroyed {} closed {}", b.destroyed(net), closed(net, b)));
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/t16_destroy_idle.log"));
}

#[test]
fn t16_destroy_soon() {
    let (log, mut net) = new();
    let c = log.actor("c");
    let server = closing_half_open(&mut net, |net, peer| {
        peer.resume(net);
        peer.on_end(net, |net, peer| peer.end(net));
    });
    connecting(&mut net, server, move |net, sock| {
        c.watch(net, sock, &[Prefinish, Finish, End, Error, Close]);
        let c = c.clone();
        sock.on_connect(net, move |net, sock| {
            sock.write_then(net, "abc", c.cb("w"));
            sock.destroy_soon(net);
            c.log(net, format!("destroyed {} writableEnded {}", sock.destroyed(net), writable_ended(net, sock)));
        });
    });
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/t16_destroy_soon.log"));
}

#[test]
fn t16_end_after_destroy() {
    let (log, mut net) = new();
    let net = &mut net;
    let (first, data) = (log.actor("first without data"), log.actor("first with data"));
    let a = socket(net);
    first.watch(net, a, &[Error, Finish, Close]);
    a.destroy(net);
    a.end_then(net, first.cb("end 1"));
    a.end_then(net, first.cb("end 2"));
    first.log(net, format!("writableEnded {}", writable_ended(net, a)));
    let b = socket(net);
    data.watch(net, b, &[Error, Finish, Close]);
    b.destroy(net);
    b.end_with_then(net, "x", data.cb("end 1"));
    b.end_then(net, data.cb("end 2"));
    data.log(net, format!("writableEnded {}", writable_ended(net, b)));
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/t16_end_after_destroy.log"));
}

#[test]
fn t16_end_again() {
    let (log, mut net) = new();
    let c = log.actor("c");
    let server = closing_half_open(&mut net, |net, peer| {
        peer.resume(net);
        peer.on_end(net, |net, peer| {
            net.set_immediate(move |net| net.set_immediate(move |net| peer.end(net)));
        });
    });
    connecting(&mut net, server, move |net, sock| {
        c.watch(net, sock, &[Prefinish, Finish, End, Error, Close]);
        let actor = c.clone();
        sock.on_connect(net, move |net, sock| {
            sock.end_then(net, actor.cb("end 1"));
            sock.end_then(net, actor.cb("end 2"));
            actor.log(net, "end called twice");
        });
        for (event, name) in [(Prefinish, "end 3"), (Finish, "end 4"), (Close, "end 5")] {
            let c = c.clone();
            sock.on(net, event, move |net, sock, _| sock.end_then(net, c.cb(name)));
        }
    });
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/t16_end_again.log"));
}

#[test]
fn t16_end_connecting() {
    let (log, mut net) = new();
    let (c, s) = (log.actor("c"), log.actor("s"));
    let server = closing(&mut net, move |net, peer| s.watch(net, peer, &[Data, End, Finish, Close]));
    connecting(&mut net, server, move |net, sock| {
        c.watch(net, sock, &[Connect, Ready, Prefinish, Finish, End, Error, Close]);
        sock.end_with_then(net, "hi", c.cb("end"));
        let (state, ended) = (sock.ready_state(net).as_str(), writable_ended(net, sock));
        c.log(net, format!("readyState {state} writableEnded {ended}"));
    });
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/t16_end_connecting.log"));
}

#[test]
fn t16_end_connecting_empty() {
    let (log, mut net) = new();
    let c = log.actor("c");
    let server = closing(&mut net, |net, peer| peer.resume(net));
    connecting(&mut net, server, move |net, sock| {
        sock.end_then(net, c.cb("end"));
        c.watch(net, sock, &[Connect, Ready, Prefinish, Finish, End, Error, Close]);
        c.log(net, format!("connect listeners {}", listener_count(net, sock, Connect)));
    });
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/t16_end_connecting_empty.log"));
}

#[test]
fn t16_end_data_after_end() {
    let (log, mut net) = new();
    let c = log.actor("c");
    let server = closing(&mut net, |net, peer| {
        peer.on_error(net, |_, _, _| {});
        peer.resume(net);
    });
    connecting(&mut net, server, move |net, sock| {
        c.watch(net, sock, &[Prefinish, Finish, End, Error, Close]);
        let c = c.clone();
        sock.on_connect(net, move |net, sock| {
            sock.end_then(net, c.cb("end 1"));
            sock.end_with_then(net, "x", c.cb("end 2"));
            c.log(net, format!("destroyed {}", sock.destroyed(net)));
        });
    });
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/t16_end_data_after_end.log"));
}

#[test]
fn t16_end_idle() {
    let (log, mut net) = new();
    let net = &mut net;
    let c = log.actor("c");
    let sock = socket(net);
    c.watch(net, sock, &[Prefinish, Finish, Error, Close]);
    sock.end_then(net, c.cb("end"));
    c.log(net, format!("readyState {}", sock.ready_state(net).as_str()));
    net.set_immediate(move |net| {
        c.log(net, "destroy");
        sock.destroy(net);
    });
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/t16_end_idle.log"));
}

fn end_variant(net: &mut Loop, server: Server, actors: &Rc<[Actor]>, i: usize) {
    let Some(a) = actors.get(i).cloned() else { return };
    let port = port_of(net, server);
    let sock = net.connect((LOCALHOST, port)).unwrap();
    a.watch(net, sock, &[Prefinish, Finish, End, Error, Close]);
    sock.resume(net);
    sock.on_connect(net, move |net, sock| {
        match i {
            0 => sock.end(net),
            1 => sock.end_then(net, a.cb("end")),
            2 => sock.end_with_then(net, "abc", a.cb("end")),
            _ => sock.end_with_then(net, ("616263", Encoding::Hex), a.cb("end")),
        }
        let (written, ended) = (sock.bytes_written(net), writable_ended(net, sock));
        a.log(net, format!("bytesWritten {written} writableEnded {ended}"));
    });
    let actors = actors.clone();
    sock.on_close(net, move |net, _, _| end_variant(net, server, &actors, i + 1));
}

#[test]
fn t16_end_variants() {
    let (log, mut net) = new();
    let names = ["end()", "end(cb)", "end(data, cb)", "end(data, encoding, cb)"];
    let actors: Rc<[Actor]> = names.iter().map(|name| log.actor(name)).collect();
    let accepted = Cell::new(0);
    let server = server(&mut net, ServerOptions::default(), move |net, server, peer| {
        accepted.set(accepted.get() + 1);
        if accepted.get() == names.len() {
            server.close(net);
        }
        peer.resume(net);
    });
    server.listen_then(&mut net, (LOCALHOST, 0), move |net, server| end_variant(net, server, &actors, 0));
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/t16_end_variants.log"));
}

#[test]
fn t16_reset_connected() {
    let (log, mut net) = new();
    let (c, s) = (log.actor("c"), log.actor("s"));
    let accepted = Rc::new(Cell::new(false));
    let noted = accepted.clone();
    let server = closing(&mut net, move |net, peer| {
        noted.set(true);
        s.watch(net, peer, &[Data, End, Error, Close]);
    });
    connecting(&mut net, server, move |net, sock| {
        c.watch(net, sock, &[Finish, End, Error, Close]);
        let (c, accepted) = (c.clone(), accepted.clone());
        when(
            net,
            move |net| accepted.get() && !sock.connecting(net),
            move |net| {
                sock.reset_and_destroy(net).unwrap();
                c.log(net, format!("destroyed {}", sock.destroyed(net)));
            },
        );
    });
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/t16_reset_connected.log"));
}

#[test]
fn t16_reset_connecting() {
    let (log, mut net) = new();
    let c = log.actor("c");
    let server = closing(&mut net, |net, peer| {
        peer.on_error(net, |_, _, _| {});
        peer.resume(net);
    });
    connecting(&mut net, server, move |net, sock| {
        c.watch(net, sock, &[ConnectionAttempt, Connect, Ready, Error, Close]);
        sock.reset_and_destroy(net).unwrap();
        c.log(net, format!("destroyed {} connecting {}", sock.destroyed(net), sock.connecting(net)));
    });
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/t16_reset_connecting.log"));
}

#[test]
fn t16_reset_other() {
    let (log, mut net) = new();
    let net = &mut net;
    let (idle, gone, pipe) = (log.actor("idle"), log.actor("gone"), log.actor("pipe"));
    let a = socket(net);
    idle.watch(net, a, &[Error, Close]);
    a.reset_and_destroy(net).unwrap();
    idle.log(net, format!("destroyed {}", a.destroyed(net)));
    let b = socket(net);
    gone.watch(net, b, &[Error, Close]);
    b.destroy(net);
    b.reset_and_destroy(net).unwrap();
    let path = log.temp_path();
    let server = closing(net, |net, peer| peer.resume(net));
    server.listen_then(net, Path::new(&path.clone()), move |net, _| {
        let sock = net.connect(Path::new(&path)).unwrap();
        pipe.watch(net, sock, &[Connect, Error, Close]);
        let pipe = pipe.clone();
        sock.on_connect(net, move |net, sock| {
            let reset = sock.reset_and_destroy(net);
            log_throws(net, &pipe, "resetAndDestroy()", reset);
            pipe.log(net, format!("destroyed {}", sock.destroyed(net)));
            sock.end(net);
        });
    });
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/t16_reset_other.log"));
}

/// How many writes of one vectored write, and from where.
const W10_NUMBERS: [usize; 7] = [1023, 1024, 1025, 2048, 2049, 3072, 3073];
const W10_PLACES: usize = 3;

fn w10_many(net: &mut Loop, c: &Actor, sock: Socket, n: usize, then: impl FnOnce(&mut Loop) + 'static) {
    fn count(net: &mut Loop, turns: Rc<Cell<usize>>, done: Rc<Cell<bool>>) {
        turns.set(turns.get() + 1);
        if !done.get() {
            net.set_immediate(move |net| count(net, turns, done));
        }
    }
    let (turns, done) = (Rc::new(Cell::new(0)), Rc::new(Cell::new(false)));
    let (counted, over) = (turns.clone(), done.clone());
    net.set_immediate(move |net| count(net, counted, over));
    sock.cork(net);
    for _ in 1..n {
        sock.write(net, "x");
    }
    let ended = c.clone();
    sock.write_then(net, "x", move |net, _, _| {
        done.set(true);
        ended.log(net, format!("{n} chunks {} turns", turns.get()));
        sock.end(net);
        then(net);
    });
    sock.uncork(net);
    let c = c.clone();
    net.next_tick(move |net| c.log(net, format!("writableLength {}", sock.view(net).unwrap().writable_length())));
}

fn w10_next(net: &mut Loop, c: Actor, port: u16, at: usize) {
    if at == W10_NUMBERS.len() * W10_PLACES {
        return;
    }
    let (place, n) = (at / W10_NUMBERS.len(), W10_NUMBERS[at % W10_NUMBERS.len()]);
    let sock = net.connect((LOCALHOST, port)).unwrap();
    sock.on_connect(net, move |net, sock| {
        let (actor, after) = (c.clone(), c.clone());
        let run = move |net: &mut Loop| {
            w10_many(net, &actor, sock, n, move |net| w10_next(net, after, port, at + 1));
        };
        match place {
            0 => run(net),
            1 => net.set_immediate(run),
            _ => net.set_immediate(move |net| net.next_tick(run)),
        }
    });
}

#[test]
fn w10_more_chunks_than_a_call_takes() {
    let (log, mut net) = new();
    let c = log.actor("c");
    let left = Cell::new(W10_NUMBERS.len() * W10_PLACES);
    let server = net.server(ServerOptions::default());
    server.on_connection(&mut net, move |net, peer| {
        left.set(left.get() - 1);
        if left.get() == 0 {
            server.close(net);
        }
        peer.resume(net);
    });
    server.listen_then(&mut net, (LOCALHOST, 0), move |net, server| {
        let port = port_of(net, server);
        w10_next(net, c.clone(), port, 0);
    });
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/w10_more_chunks_than_a_call_takes.log"));
}
