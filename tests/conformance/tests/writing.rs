//! Connecting with arguments, writing, ending and destroying: the programs r22 to r37 of `spec/node`, line by line.
//!
//! `r22_connect_args` and `r32_high_water_marks` hold things that the types here rule out; their `_part` programs hold
//! the rest.

use netfold::EventKind::*;
use netfold::core::NodeError;
use netfold::{
    Connect, Encoding, Limits, Net, NetError, Server, ServerOptions, SharedError, Socket, SocketOptions, System,
};
use netfold_conformance::{Actor, Log, error_text, port_of, refused_port, run_logging, when};
use std::cell::Cell;

const LARGE: usize = 20_000_000;

fn new_net() -> Net<()> {
    Net::with_host((), System::new().unwrap(), Limits::default())
}

/// An actor that any number of closures can name.
fn actor(log: &Log, name: &str) -> &'static Actor {
    Box::leak(Box::new(log.actor(name)))
}

/// A variable that any number of closures can name.
fn cell<T>(value: T) -> &'static Cell<T> {
    Box::leak(Box::new(Cell::new(value)))
}

fn writable_length(net: &Net<()>, sock: Socket) -> u64 {
    sock.view(net).unwrap().writable_length()
}

/// `Object.keys(err)`, in the order in which Node sets them.
fn keys(error: &NodeError) -> String {
    let keys = [
        ("errno", error.errno().is_some()),
        ("code", !error.code().is_empty()),
        ("syscall", error.syscall().is_some()),
        ("address", error.address().is_some()),
        ("port", error.port().is_some()),
        ("localAddress,localPort", error.local().is_some()),
        ("hostname", error.hostname().is_some()),
    ];
    keys.iter().filter(|(_, set)| *set).map(|(key, _)| *key).collect::<Vec<_>>().join(",")
}

/// Logs what a call threw.
fn throws(net: &Net<()>, c: &Actor, label: &str, result: Result<(), SharedError>) {
    match result {
        Ok(()) => c.log(net, format!("{label} ok")),
        Err(error) => c.log(net, format!("{label} threw {}", error_text(Some(&error)))),
    }
}

/// What an 'uncaughtException' handler logs.
fn log_uncaught(c: &Actor, net: &Net<()>, error: &NetError) {
    let text = match error {
        NetError::Panicked(panicked) => format!("Error \"{}\"", panicked.message().unwrap()),
        NetError::Unhandled(unhandled) => error_text(Some(&unhandled.error)),
        other => panic!("{other}"),
    };
    c.log(net, format!("uncaught {text}"));
}

/// A server that closes with its last connection and reads all that comes in.
fn reading_server(net: &mut Net<()>, connections: u32) -> Server {
    let accepted = cell(0);
    let server = net.server(ServerOptions::default());
    server.on_connection(net, move |net, peer| {
        accepted.set(accepted.get() + 1);
        if accepted.get() == connections {
            server.close(net);
        }
        peer.resume(net);
    });
    server
}

#[test]
fn r22_connect_args_part() {
    let mut net = new_net();
    let log = Log::new();
    let c = actor(&log, "c");
    let mut attempt = |label: &str, options: Connect| {
        let sock = net.socket(SocketOptions::default()).unwrap();
        c.watch(&mut net, sock, &[Error, Close]);
        let result = sock.connect(&mut net, options);
        throws(&net, c, label, result);
        c.log(&net, format!("connecting {}", sock.connecting(&net)));
    };
    attempt("connect({port: 70000})", Connect::port(70000));
    attempt("connect({port: -1})", Connect::port(-1));
    attempt("connect({port: 80, localAddress: foo})", Connect::port(80).local_address("foo"));
    attempt("connect({port: 70000, localAddress: foo})", Connect::port(70000).local_address("foo"));
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/r22_connect_args_part.log"));
}

#[test]
fn r23_local_address() {
    let mut net = new_net();
    let log = Log::new();
    let c = actor(&log, "c");
    let s = actor(&log, "s");
    let server = net.server(ServerOptions::default());
    server.on_connection(&mut net, move |net, peer| {
        server.close(net);
        let remote = peer.remote_address(net).unwrap();
        s.log(net, format!("remoteAddress {remote}"));
        peer.resume(net);
    });
    server.listen_then(&mut net, ("127.0.0.1", 0), move |net, server| {
        let port = port_of(net, server);
        let sock = net.connect(Connect::port(port).host("127.0.0.1").local_address("127.0.0.2")).unwrap();
        c.watch(net, sock, &[ConnectionAttempt, Connect, Ready, Error, Close]);
        sock.on_connect(net, move |net, sock| {
            let local = sock.local_address(net).unwrap();
            c.log(net, format!("localAddress {local}"));
            sock.end(net);
        });
    });
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/r23_local_address.log"));
}

#[test]
fn r23_local_port_in_use() {
    let mut net = new_net();
    let log = Log::new();
    let c = actor(&log, "c");
    let server = net.server(ServerOptions::default());
    server.listen_then(&mut net, ("127.0.0.1", 0), move |net, server| {
        let port = port_of(net, server);
        let to = Connect::port(port).host("127.0.0.1").local_address("127.0.0.1").local_port(port);
        let sock = net.connect(to).unwrap();
        c.watch(net, sock, &[ConnectionAttempt, ConnectionAttemptFailed, Connect, Error, Close]);
        sock.on_error(net, move |net, _, error| {
            c.log(net, format!("syscall {} keys {}", error.syscall().unwrap(), keys(&error)));
        });
        sock.on_close(net, move |net, _, _| server.close(net));
    });
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/r23_local_port_in_use.log"));
}

#[test]
fn r26_return_values() {
    let mut net = new_net();
    let log = Log::new();
    let c = actor(&log, "c");
    let server = reading_server(&mut net, 1);
    server.listen_then(&mut net, ("127.0.0.1", 0), move |net, server| {
        let port = port_of(net, server);
        // Nothing is read here, so that the high water mark of reading does not matter.
        let sock = net.connect(Connect::port(port).host("127.0.0.1").high_water_mark(10)).unwrap();
        c.watch(net, sock, &[Connect, Ready, Drain, Finish, Close]);
        let write = move |net: &mut Net<()>, n: usize| {
            let r = sock.write(net, vec![0; n]);
            let (length, need) = (writable_length(net, sock), sock.view(net).unwrap().writable_need_drain());
            c.log(net, format!("write({n}) -> {r} length {length} needDrain {need}"));
        };
        write(net, 9);
        write(net, 1);
        sock.on_ready(net, move |net, sock| {
            write(net, 9);
            write(net, 10);
            write(net, 11);
            sock.cork(net);
            write(net, 9);
            write(net, 1);
            sock.uncork(net);
            c.log(net, format!("uncork length {}", writable_length(net, sock)));
            net.set_immediate(move |net| sock.end(net));
        });
    });
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/r26_return_values.log"));
}

#[test]
fn r27_end_data() {
    let mut net = new_net();
    let log = Log::new();
    let c = actor(&log, "c");
    let server = reading_server(&mut net, 1);
    server.listen_then(&mut net, ("127.0.0.1", 0), move |net, server| {
        let port = port_of(net, server);
        let sock = net.connect(("127.0.0.1", port)).unwrap();
        c.watch(net, sock, &[Drain, Prefinish, Finish, Close]);
        sock.on_connect(net, move |net, sock| {
            sock.write_then(net, "a", c.cb("a"));
            sock.end_with_then(net, ("b", Encoding::Latin1), c.cb("end"));
            net.next_tick(move |net| c.log(net, "u"));
        });
    });
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/r27_end_data.log"));
}

#[test]
fn r27_no_callback() {
    let mut net = new_net();
    let log = Log::new();
    let c = actor(&log, "c");
    let server = reading_server(&mut net, 1);
    server.listen_then(&mut net, ("127.0.0.1", 0), move |net, server| {
        let port = port_of(net, server);
        // Nothing is read here, so that the high water mark of reading does not matter.
        let sock = net.connect(Connect::port(port).host("127.0.0.1").high_water_mark(3)).unwrap();
        c.watch(net, sock, &[Drain, Finish, Close]);
        let f = net.callback(move |net, _, result| c.log(net, format!("cb f {}", error_text(result.err()))));
        sock.on_connect(net, move |net, sock| {
            c.log(net, "connect");
            net.next_tick(move |net| c.log(net, "u1"));
            sock.cork(net);
            sock.write(net, "abc");
            sock.uncork(net);
            net.next_tick(move |net| c.log(net, "u2"));
            sock.write_cb(net, "x", f);
            sock.write(net, "y");
            sock.write_cb(net, "z", f);
            net.set_immediate(move |net| sock.end(net));
        });
    });
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/r27_no_callback.log"));
}

#[test]
fn r28_end_suppresses_drain() {
    let mut net = new_net();
    let log = Log::new();
    let c = actor(&log, "c");
    let server = reading_server(&mut net, 1);
    server.listen_then(&mut net, ("127.0.0.1", 0), move |net, server| {
        let port = port_of(net, server);
        let sock = net.connect(("127.0.0.1", port)).unwrap();
        c.watch(net, sock, &[Drain, Prefinish, Finish, Error, Close]);
        sock.on_connect(net, move |net, sock| {
            let r = sock.write_then(net, vec![0; LARGE], c.cb("w1"));
            c.log(net, format!("write(20000000) -> {r}"));
            sock.write_then(net, "b", c.cb("w2"));
            sock.end_with_then(net, "c", c.cb("end"));
        });
    });
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/r28_end_suppresses_drain.log"));
}

#[test]
fn r28_write_in_drain() {
    let mut net = new_net();
    let log = Log::new();
    let c = actor(&log, "c");
    let server = reading_server(&mut net, 1);
    server.listen_then(&mut net, ("127.0.0.1", 0), move |net, server| {
        let port = port_of(net, server);
        let sock = net.connect(("127.0.0.1", port)).unwrap();
        sock.on_connect(net, move |net, sock| {
            let r = sock.write_then(net, vec![0; LARGE], c.cb("w1"));
            c.log(net, format!("write(20000000) -> {r}"));
        });
        sock.on_drain(net, move |net, sock| {
            c.log(net, "drain");
            let r = sock.write_then(net, "b", c.cb("w2"));
            c.log(net, format!("write(1) -> {r}"));
            net.next_tick(move |net| c.log(net, "u"));
            sock.end_then(net, c.cb("end"));
        });
        c.watch(net, sock, &[Finish, Error, Close]);
    });
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/r28_write_in_drain.log"));
}

/// `sock.destroy(err)`, with an error or `undefined`.
fn destroy(net: &mut Net<()>, sock: Socket, error: Option<&'static str>) {
    match error {
        None => sock.destroy(net),
        Some(message) => sock.destroy_with(net, message),
    }
}

#[test]
fn r29_destroy_corked() {
    let mut net = new_net();
    let log = Log::new();
    let plain = actor(&log, "plain");
    let error = actor(&log, "error");
    let server = reading_server(&mut net, 2);
    let run = move |net: &mut Net<()>, a: &'static Actor, err| {
        let port = port_of(net, server);
        let sock = net.connect(("127.0.0.1", port)).unwrap();
        a.watch(net, sock, &[Drain, Finish, Error, Close]);
        sock.on_connect(net, move |net, sock| {
            sock.cork(net);
            sock.write_then(net, "a", a.cb("a"));
            sock.write_then(net, "b", a.cb("b"));
            destroy(net, sock, err);
            net.next_tick(move |net| a.log(net, "u"));
            a.log(net, format!("writableLength {}", writable_length(net, sock)));
        });
        sock
    };
    server.listen_then(&mut net, ("127.0.0.1", 0), move |net, _| {
        let first = run(net, plain, None);
        first.on_close(net, move |net, _, _| {
            run(net, error, Some("boom"));
        });
    });
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/r29_destroy_corked.log"));
}

#[test]
fn r29_destroy_ending() {
    let mut net = new_net();
    let log = Log::new();
    let plain = actor(&log, "plain");
    let error = actor(&log, "error");
    let server = reading_server(&mut net, 2);
    let run = move |net: &mut Net<()>, a: &'static Actor, err| {
        let port = port_of(net, server);
        let sock = net.connect(("127.0.0.1", port)).unwrap();
        a.watch(net, sock, &[Prefinish, Finish, Error, Close]);
        sock.on_connect(net, move |net, sock| {
            sock.end_then(net, a.cb("end"));
            destroy(net, sock, err);
            a.log(net, format!("readyState {}", sock.ready_state(net).as_str()));
        });
        sock
    };
    server.listen_then(&mut net, ("127.0.0.1", 0), move |net, _| {
        let first = run(net, plain, None);
        first.on_close(net, move |net, _, _| {
            run(net, error, Some("boom"));
        });
    });
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/r29_destroy_ending.log"));
}

#[test]
fn r29_destroy_err_after_write() {
    let mut net = new_net();
    let log = Log::new();
    let c = actor(&log, "c");
    let server = reading_server(&mut net, 1);
    server.listen_then(&mut net, ("127.0.0.1", 0), move |net, server| {
        let port = port_of(net, server);
        let sock = net.connect(("127.0.0.1", port)).unwrap();
        c.watch(net, sock, &[Drain, Finish, Error, Close]);
        sock.on_connect(net, move |net, sock| {
            sock.write_then(net, "a", c.cb("a"));
            sock.write_then(net, "b", c.cb("b"));
            sock.destroy_with(net, "boom");
            c.log(net, format!("destroyed {}", sock.destroyed(net)));
        });
    });
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/r29_destroy_err_after_write.log"));
}

#[test]
fn r29_destroy_err_connecting() {
    let mut net = new_net();
    let log = Log::new();
    let c = actor(&log, "c");
    let server = net.server(ServerOptions::default());
    server.listen_then(&mut net, ("127.0.0.1", 0), move |net, server| {
        let port = port_of(net, server);
        let sock = net.connect(("127.0.0.1", port)).unwrap();
        sock.write_then(net, "a", c.cb("a"));
        sock.write_then(net, "b", c.cb("b"));
        sock.end_then(net, c.cb("end"));
        c.watch(net, sock, &[ConnectionAttempt, Connect, Finish, Error, Close]);
        sock.destroy_with(net, "boom");
        c.log(net, format!("writableLength {}", writable_length(net, sock)));
        server.close(net);
    });
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/r29_destroy_err_connecting.log"));
}

#[test]
fn r30_bytes_written() {
    let mut net = new_net();
    let log = Log::new();
    let c = actor(&log, "c");
    let server = reading_server(&mut net, 1);
    server.listen_then(&mut net, ("127.0.0.1", 0), move |net, server| {
        let port = port_of(net, server);
        let sock = net.connect(("127.0.0.1", port)).unwrap();
        let show = move |net: &mut Net<()>, label: &str| {
            let (written, length) = (sock.bytes_written(net), writable_length(net, sock));
            c.log(net, format!("{label} bytesWritten {written} writableLength {length}"));
        };
        show(net, "start");
        sock.write(net, "\u{e9}\u{20ac}");
        show(net, "two characters");
        sock.write(net, vec![0; 10]);
        show(net, "ten bytes");
        sock.write(net, ("6162", Encoding::Hex));
        show(net, "hex");
        sock.on_connect(net, move |net, _| show(net, "connect"));
        sock.on_ready(net, move |net, sock| {
            show(net, "ready");
            sock.cork(net);
            sock.write(net, "\u{20ac}");
            show(net, "corked");
            sock.destroy(net);
            show(net, "destroyed");
            net.next_tick(move |net| show(net, "tick"));
        });
        sock.on_close(net, move |net, _, _| show(net, "close"));
    });
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/r30_bytes_written.log"));
}

#[test]
fn r31_buffer_size() {
    let mut net = new_net();
    let log = Log::new();
    let c = actor(&log, "c");
    let server = reading_server(&mut net, 1);
    server.listen_then(&mut net, ("127.0.0.1", 0), move |net, server| {
        let size = |net: &Net<()>, sock: Socket| {
            sock.buffer_size(net).map_or(String::from("undefined"), |size| size.to_string())
        };
        let sock = net.socket(SocketOptions::default()).unwrap();
        c.log(net, format!("idle {}", size(net, sock)));
        let port = port_of(net, server);
        sock.connect(net, ("127.0.0.1", port)).unwrap();
        c.log(net, format!("connecting {}", size(net, sock)));
        sock.write(net, "abc");
        c.log(net, format!("write(3) {}", size(net, sock)));
        sock.on_ready(net, move |net, sock| {
            c.log(net, format!("ready {}", size(net, sock)));
            sock.destroy(net);
            c.log(net, format!("destroyed {}", size(net, sock)));
        });
    });
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/r31_buffer_size.log"));
}

#[test]
fn r32_high_water_marks_part() {
    let mut net = new_net();
    let log = Log::new();
    let c = actor(&log, "c");
    let mut show = |label: &str, options: SocketOptions| {
        let sock = net.socket(options).unwrap();
        let view = sock.view(&net).unwrap();
        let (read, write) = (view.readable_high_water_mark(), view.writable_high_water_mark());
        c.log(&net, format!("{label} {read} {write}"));
    };
    show("default", SocketOptions::default());
    show("both", SocketOptions { high_water_mark: Some(100), ..SocketOptions::default() });
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/r32_high_water_marks_part.log"));
}

#[test]
fn r32_separate_marks() {
    const LATER_MS: f64 = 30.0;
    let mut net = new_net();
    let log = Log::new();
    let c = actor(&log, "c");
    let show = |net: &Net<()>, label: &str, sock: Socket| {
        let (read, write) = (sock.readable_high_water_mark(net), sock.writable_high_water_mark(net));
        c.log(net, format!("{label} {read} {write}"));
    };
    let marks = |both: Option<u32>, read: Option<u32>, write: Option<u32>| SocketOptions {
        high_water_mark: both,
        readable_high_water_mark: read,
        writable_high_water_mark: write,
        ..SocketOptions::default()
    };
    for (label, options) in [
        ("readable 5", marks(None, Some(5), None)),
        ("writable 7", marks(None, None, Some(7))),
        ("both", marks(None, Some(0), Some(7))),
        ("highWaterMark 100 and both", marks(Some(100), Some(5), Some(7))),
        ("highWaterMark 16384 and both", marks(Some(16384), Some(5), Some(7))),
        ("highWaterMark 0 and both", marks(Some(0), Some(5), Some(7))),
    ] {
        let sock = net.socket(options).unwrap();
        show(&net, label, sock);
    }
    let server = net.server(ServerOptions { socket: marks(None, Some(5), Some(7)), ..ServerOptions::default() });
    server.on_connection(&mut net, move |net, peer| {
        server.close(net);
        show(net, "accepted", peer);
        peer.end_with(net, "0123456789");
    });
    server.listen_then(&mut net, ("127.0.0.1", 0), move |net, server| {
        let to = Connect::port(port_of(net, server)).host("127.0.0.1");
        let sock = net.connect(to.readable_high_water_mark(4).writable_high_water_mark(3)).unwrap();
        show(net, "connect", sock);
        let write = move |net: &mut Net<()>, text: &str| {
            let more = sock.write(net, text);
            c.log(net, format!("write({}) -> {more}", text.len()));
        };
        write(net, "ab");
        write(net, "cd");
        sock.on_connect(net, move |net, _| write(net, "efg"));
        sock.on_readable(net, move |net, sock| c.log(net, format!("readable {}", sock.readable_length(net))));
        sock.on_end(net, move |net, _| c.log(net, "end"));
        sock.on_drain(net, move |net, _| c.log(net, "drain"));
        net.set_timeout(LATER_MS, move |net| {
            sock.resume(net);
            sock.read(net);
        });
    });
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/r32_separate_marks.log"));
}

/// Options of a server whose connections stay half open.
fn half_open() -> ServerOptions {
    let socket = SocketOptions { allow_half_open: true, ..SocketOptions::default() };
    ServerOptions { socket, ..ServerOptions::default() }
}

#[test]
fn r33_close_after_both() {
    let mut net = new_net();
    let log = Log::new();
    let c = actor(&log, "c");
    let s = actor(&log, "s");
    let server = net.server(half_open());
    server.on_connection(&mut net, move |net, peer| {
        server.close(net);
        s.watch(net, peer, &[End, Prefinish, Finish, Close]);
        peer.resume(net);
        peer.on_end(net, move |net, peer| {
            net.set_immediate(move |net| {
                s.log(net, "end called");
                peer.end(net);
            });
        });
    });
    server.listen_then(&mut net, ("127.0.0.1", 0), move |net, server| {
        let port = port_of(net, server);
        let sock = net.connect(("127.0.0.1", port)).unwrap();
        c.watch(net, sock, &[Connect, End, Prefinish, Finish, Close]);
        sock.resume(net);
        sock.on_connect(net, |net, sock| sock.end(net));
        sock.on_finish(net, move |net, sock| c.log(net, format!("destroyed {}", sock.destroyed(net))));
        sock.on_end(net, move |net, sock| c.log(net, format!("destroyed {}", sock.destroyed(net))));
    });
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/r33_close_after_both.log"));
}

#[test]
fn r34_write_in_tick_of_end() {
    let mut net = new_net();
    let log = Log::new();
    let c = actor(&log, "c");
    let s = actor(&log, "s");
    let server = net.server(ServerOptions::default());
    server.on_connection(&mut net, move |net, peer| {
        server.close(net);
        s.watch(net, peer, &[Data, End, Close]);
        peer.end(net);
    });
    server.listen_then(&mut net, ("127.0.0.1", 0), move |net, server| {
        let port = port_of(net, server);
        let sock = net.connect(("127.0.0.1", port)).unwrap();
        c.watch(net, sock, &[End, Finish, Error, Close]);
        sock.resume(net);
        sock.on_end(net, move |net, sock| {
            let ended = move |net: &Net<()>| sock.view(net).unwrap().writable_ended();
            net.next_tick(move |net| {
                let r = sock.write_then(net, "tick", c.cb("tick"));
                c.log(net, format!("write(4) -> {r} writableEnded {}", ended(net)));
            });
            net.set_immediate(move |net| {
                let r = sock.write_then(net, "late", c.cb("late"));
                c.log(net, format!("write(4) -> {r} writableEnded {}", ended(net)));
            });
        });
    });
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/r34_write_in_tick_of_end.log"));
}

#[test]
fn r35_half_open_writes() {
    let mut net = new_net();
    let log = Log::new();
    let c = actor(&log, "c");
    let s = actor(&log, "s");
    let server = net.server(ServerOptions::default());
    server.on_connection(&mut net, move |net, peer| {
        server.close(net);
        s.watch(net, peer, &[Data, End, Finish, Close]);
        peer.end(net);
    });
    server.listen_then(&mut net, ("127.0.0.1", 0), move |net, server| {
        let port = port_of(net, server);
        let sock = net.connect(Connect::port(port).host("127.0.0.1").allow_half_open(true)).unwrap();
        c.watch(net, sock, &[End, Finish, Error, Close]);
        sock.resume(net);
        sock.on_end(net, move |net, sock| {
            net.set_immediate(move |net| {
                c.log(net, format!("readyState {}", sock.ready_state(net).as_str()));
                let r = sock.write_then(net, "late", c.cb("late"));
                c.log(net, format!("write(4) -> {r}"));
                net.set_immediate(move |net| sock.end(net));
            });
        });
    });
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/r35_half_open_writes.log"));
}

#[test]
fn r36_destroy_in_data() {
    let mut net = new_net();
    let log = Log::new();
    let c = actor(&log, "c");
    let peer: &Cell<Option<Socket>> = cell(None);
    let server = net.server(ServerOptions::default());
    server.on_connection(&mut net, move |net, accepted| {
        server.close(net);
        peer.set(Some(accepted));
        accepted.on_error(net, |_, _, _| {});
        accepted.resume(net);
        accepted.write(net, "aaaa");
    });
    server.listen_then(&mut net, ("127.0.0.1", 0), move |net, server| {
        let port = port_of(net, server);
        let sock = net.connect(("127.0.0.1", port)).unwrap();
        let listen = move |net: &mut Net<()>| {
            c.watch(net, sock, &[Resume, Data, End, Finish, Error, Close]);
            sock.on_data(net, move |net, sock, _| {
                c.log(net, "destroy");
                sock.destroy(net);
            });
        };
        when(
            net,
            move |net| sock.bytes_read(net) == 4,
            move |net| {
                peer.get().unwrap().write(net, "bbb");
                when(net, move |net| sock.bytes_read(net) == 7, listen);
            },
        );
    });
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/r36_destroy_in_data.log"));
}

#[test]
fn r36_destroy_in_end() {
    let mut net = new_net();
    let log = Log::new();
    let c = actor(&log, "c");
    let server = net.server(ServerOptions::default());
    server.on_connection(&mut net, move |net, peer| {
        server.close(net);
        peer.resume(net);
        peer.end(net);
    });
    server.listen_then(&mut net, ("127.0.0.1", 0), move |net, server| {
        let port = port_of(net, server);
        let sock = net.connect(("127.0.0.1", port)).unwrap();
        c.watch(net, sock, &[End, Prefinish, Finish, Error, Close]);
        sock.resume(net);
        sock.on_end(net, move |net, sock| {
            sock.destroy(net);
            c.log(net, format!("destroyed {}", sock.destroyed(net)));
        });
    });
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/r36_destroy_in_end.log"));
}

#[test]
fn r36_destroy_in_prefinish() {
    let mut net = new_net();
    let log = Log::new();
    let c = actor(&log, "c");
    let server = reading_server(&mut net, 1);
    server.listen_then(&mut net, ("127.0.0.1", 0), move |net, server| {
        let port = port_of(net, server);
        let sock = net.connect(("127.0.0.1", port)).unwrap();
        c.watch(net, sock, &[Prefinish, Finish, Error, Close]);
        sock.on_connect(net, move |net, sock| sock.end_with_then(net, "x", c.cb("end")));
        sock.on(net, Prefinish, |net, sock, _| sock.destroy(net));
    });
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/r36_destroy_in_prefinish.log"));
}

#[test]
fn r37_destroy_twice() {
    let mut net = new_net();
    let log = Log::new();
    let plain_first = actor(&log, "plain first");
    let error_first = actor(&log, "error first");
    let server = reading_server(&mut net, 2);
    server.listen_then(&mut net, ("127.0.0.1", 0), move |net, server| {
        let errored = |net: &Net<()>, sock: Socket| {
            sock.view(net).unwrap().errored().map_or(String::from("null"), |error| format!("Error: {error}"))
        };
        let port = port_of(net, server);
        let a = net.connect(("127.0.0.1", port)).unwrap();
        plain_first.watch(net, a, &[Error, Close]);
        a.on_connect(net, move |net, a| {
            a.destroy(net);
            a.destroy_with(net, "late");
            plain_first.log(net, format!("errored {}", errored(net, a)));
        });
        let b = net.connect(("127.0.0.1", port)).unwrap();
        error_first.watch(net, b, &[Error, Close]);
        b.on_connect(net, move |net, b| {
            b.destroy_with(net, "boom");
            b.destroy_with(net, "late");
            b.destroy(net);
            error_first.log(net, format!("errored {}", errored(net, b)));
        });
    });
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/r37_destroy_twice.log"));
}

#[test]
fn r37_no_error_listener() {
    let mut net = new_net();
    let log = Log::new();
    let c = actor(&log, "c");
    refused_port(&mut net, move |net, port| {
        let sock = net.connect(("127.0.0.1", port)).unwrap();
        c.watch(net, sock, &[ConnectionAttemptFailed, Close]);
    });
    run_logging(&mut net, |net, error| log_uncaught(c, net, error));
    log.matches(include_str!("../../../spec/node/r37_no_error_listener.log"));
}

#[test]
fn r37_throw_in_error() {
    let mut net = new_net();
    let log = Log::new();
    let c = actor(&log, "c");
    let server = reading_server(&mut net, 1);
    server.listen_then(&mut net, ("127.0.0.1", 0), move |net, server| {
        let port = port_of(net, server);
        let sock = net.connect(("127.0.0.1", port)).unwrap();
        sock.on_error(net, move |net, _, error| {
            c.log(net, format!("error {}", error_text(Some(&error))));
            panic!("from the listener");
        });
        c.watch(net, sock, &[Close]);
        sock.on_connect(net, |net, sock| sock.destroy_with(net, "boom"));
    });
    run_logging(&mut net, |net, error| log_uncaught(c, net, error));
    log.matches(include_str!("../../../spec/node/r37_throw_in_error.log"));
}
