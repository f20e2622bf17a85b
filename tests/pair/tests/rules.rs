//! The programs of `spec/node` that show one rule each (`rNN_...`), as far as the core alone can express them.

use netfold_core::EventKind::*;
use netfold_core::SocketOptions;
use netfold_pair::*;

const LARGE: usize = 20_000_000;

type Peer = &'static std::cell::Cell<Option<Socket>>;

fn get(peer: Peer) -> Socket {
    peer.get().expect("accepted")
}

fn ends_with(text: &'static str) -> Server {
    create_server(move |server, peer| {
        server.close();
        peer.ignore_errors();
        peer.resume();
        peer.end_with(text);
    })
}

fn read(c: Actor, sock: Socket, n: u32) {
    let got = sock.read(Some(n)).map_or("null".into(), |got| String::from_utf8_lossy(&got).into_owned());
    c.log(format!("read({n}) -> {got}"));
}

#[test]
fn r12_ready_state() {
    program(node_log!("r12_ready_state"), || {
        let c = actor("c");
        let server = create_server_with(half_open(), |server, peer| {
            server.close();
            peer.resume();
            peer.end();
        });
        let idle = new_socket();
        c.log(format!("idle {} pending {} connecting {}", idle.ready_state(), idle.pending(), idle.connecting()));
        idle.end();
        c.log(format!("idle ended {}", idle.ready_state()));
        server.listen(move || {
            let options = Options::port(server.port()).half_open();
            let sock = new_socket_with(options.socket);
            sock.connect(options);
            c.log(format!("connecting {} pending {}", sock.ready_state(), sock.pending()));
            sock.resume();
            sock.on(Connect, move || c.log(format!("connect {} pending {}", sock.ready_state(), sock.pending())));
            sock.on(End, move || {
                c.log(format!("end {}", sock.ready_state()));
                set_immediate(move || {
                    sock.end();
                    c.log(format!("end called {}", sock.ready_state()));
                });
            });
            sock.on(Finish, move || c.log(format!("finish {}", sock.ready_state())));
            sock.on(Close, move || c.log(format!("close {} pending {}", sock.ready_state(), sock.pending())));
        });
    });
}

#[test]
fn r13_listener_kept() {
    program(node_log!("r13_listener_kept"), || {
        let c = actor("c");
        let server = reads_on();
        refused_port(move |port| {
            server.listen(move || {
                let sock = new_socket();
                sock.once(Connect, move || c.log("connectListener 1"));
                sock.connect(Options::port(port));
                c.watch(sock, "connectionAttempt connect ready error close");
                sock.once(Close, move || {
                    sock.once(Connect, move || {
                        c.log("connectListener 2");
                        sock.end();
                    });
                    sock.connect(Options::port(server.port()));
                });
            });
        });
    });
}

#[test]
fn r18_listener_then_pause() {
    program(node_log!("r18_listener_then_pause"), || {
        let c = actor("c");
        let server = ends_with("hello");
        server.listen(move || {
            let sock = connect(server.port());
            c.watch(sock, "pause resume data end finish close");
            sock.pause();
            c.log(format!("isPaused {} flowing {}", sock.is_paused(), sock.flowing()));
            when(
                move || sock.bytes_read() == 5,
                move || {
                    c.log(format!("readableLength {}", sock.readable_length()));
                    sock.resume();
                },
            );
        });
    });
}

#[test]
fn r18_pause_before_connect() {
    program(node_log!("r18_pause_before_connect"), || {
        let c = actor("c");
        let server = ends_with("hello");
        server.listen(move || {
            let sock = connect(server.port());
            sock.pause();
            c.watch(sock, "connect pause resume end finish close");
            sock.on(Connect, move || {
                set_timeout(20, move || {
                    c.log(format!("bytesRead {} readableLength {}", sock.bytes_read(), sock.readable_length()));
                    sock.on_data(move |chunk| c.log(format!("data {}", chunk.len())));
                    c.log(format!("isPaused {}", sock.is_paused()));
                    sock.resume();
                });
            });
        });
    });
}

#[test]
fn r19_data_after_pause() {
    program(node_log!("r19_data_after_pause"), || {
        let c = actor("c");
        let peer = cell(None);
        let server = keeps(peer, "aaaa");
        server.listen(move || {
            let sock = connect(server.port());
            c.watch(sock, "pause resume");
            when(
                move || sock.bytes_read() == 4,
                move || {
                    sock.pause();
                    c.watch(sock, "data end close");
                    c.log(format!("flowing {}", sock.flowing()));
                    set_immediate(move || {
                        c.log(format!("still paused {}", sock.is_paused()));
                        sock.resume();
                        sock.pause();
                        sock.resume();
                        c.log(format!("flowing {}", sock.flowing()));
                        set_immediate(move || get(peer).end());
                    });
                },
            );
        });
    });
}

#[test]
fn r19_pause_between_chunks() {
    program(node_log!("r19_pause_between_chunks"), || {
        let c = actor("c");
        let peer = cell(None);
        let server = keeps(peer, "aaaa");
        server.listen(move || {
            let sock = connect(server.port());
            let then = move || {
                c.watch(sock, "pause resume data end finish close");
                sock.once(Data, move || {
                    sock.pause();
                    c.log(format!("readableLength {}", sock.readable_length()));
                    set_immediate(move || {
                        c.log("resume");
                        sock.resume();
                        get(peer).end();
                    });
                });
            };
            when(
                move || sock.bytes_read() == 4,
                move || {
                    get(peer).write("bbb");
                    when(move || sock.bytes_read() == 7, then);
                },
            );
        });
    });
}

#[test]
fn r19_remove_data_listener() {
    program(node_log!("r19_remove_data_listener"), || {
        let c = actor("c");
        let peer = cell(None);
        let server = keeps(peer, "aaaa");
        server.listen(move || {
            let sock = connect(server.port());
            c.watch(sock, "end close");
            sock.once(Data, move || {
                c.log("data 4");
                set_immediate(move || {
                    c.log(format!("flowing {} listeners {}", sock.flowing(), sock.listener_count(Data)));
                    get(peer).write("bbb");
                    when(
                        move || sock.bytes_read() == 7,
                        move || {
                            c.log(format!("readableLength {}", sock.readable_length()));
                            sock.on_data(move |late| c.log(format!("data {}", late.len())));
                            get(peer).end_with("cc");
                        },
                    );
                });
            });
        });
    });
}

#[test]
fn r19_resume_chunks() {
    program(node_log!("r19_resume_chunks"), || {
        let c = actor("c");
        let peer = cell(None);
        let server = keeps(peer, "aaaa");
        server.listen(move || {
            let sock = connect(server.port());
            let then = move || {
                c.log(format!("readableLength {} flowing {}", sock.readable_length(), sock.flowing()));
                c.watch(sock, "pause resume data end finish close");
                c.log(format!("flowing {}", sock.flowing()));
                next_tick(move || c.log("tick"));
                set_immediate(move || get(peer).end_with("cc"));
            };
            when(
                move || sock.bytes_read() == 4,
                move || {
                    get(peer).write("bbb");
                    when(move || sock.bytes_read() == 7, then);
                },
            );
        });
    });
}

#[test]
fn r19_resume_pause_same_turn() {
    program(node_log!("r19_resume_pause_same_turn"), || {
        let c = actor("c");
        let peer: Peer = cell(None);
        let server = create_server(move |server, accepted| {
            server.close();
            peer.set(Some(accepted));
            accepted.resume();
            accepted.end_with("aaaa");
        });
        server.listen(move || {
            let sock = connect(server.port());
            sock.pause();
            c.watch(sock, "pause resume data end close");
            when(
                move || peer.get().is_some() && !sock.connecting(),
                move || {
                    sock.resume();
                    sock.pause();
                    c.log(format!("isPaused {}", sock.is_paused()));
                    when(
                        move || sock.bytes_read() == 4,
                        move || {
                            c.log(format!("readableLength {}", sock.readable_length()));
                            sock.resume();
                        },
                    );
                },
            );
        });
    });
}

#[test]
fn r20_no_listener() {
    program(node_log!("r20_no_listener"), || {
        let c = actor("c");
        let server = ends_with("hello");
        server.listen(move || {
            let sock = connect(server.port());
            when(
                move || sock.eof_received(),
                move || {
                    let (flowing, length, state) = (sock.flowing(), sock.readable_length(), sock.ready_state());
                    c.log(format!("flowing {flowing} readableLength {length} readyState {state}"));
                    c.watch(sock, "resume data end finish close");
                },
            );
        });
    });
}

#[test]
fn r21_fin_no_listener() {
    program(node_log!("r21_fin_no_listener"), || {
        let (c, s) = (actor("c"), actor("s"));
        let server = create_server(move |server, peer| {
            server.close();
            s.watch(peer, "end finish close");
            peer.end();
        });
        server.listen(move || {
            let sock = connect(server.port());
            c.watch(sock, "connect ready end finish close");
        });
    });
}

#[test]
fn r21_fin_while_paused() {
    program(node_log!("r21_fin_while_paused"), || {
        let c = actor("c");
        let peer: Peer = cell(None);
        let server = create_server(move |server, accepted| {
            server.close();
            peer.set(Some(accepted));
            accepted.resume();
        });
        server.listen(move || {
            let sock = connect(server.port());
            c.watch(sock, "connect ready pause resume end finish close");
            sock.on(Ready, move || {
                set_immediate(move || {
                    sock.pause();
                    get(peer).end();
                });
            });
        });
    });
}

#[test]
fn r21_read_error() {
    program(node_log!("r21_read_error"), || {
        let c = actor("c");
        let peer = cell(None);
        let server = keeps(peer, "hello");
        server.listen(move || {
            let sock = connect(server.port());
            c.watch(sock, "pause end error close");
            sock.on_error(move |error| {
                c.log(format!("keys {} syscall {}", keys(error), error.syscall().unwrap_or_default()));
                sock.on_data(move |chunk| c.log(format!("data {}", chunk.len())));
                sock.resume();
            });
            sock.pause();
            sock.on(Connect, move || {
                sock.read(Some(0));
            });
            when(move || sock.bytes_read() == 5, move || get(peer).reset_and_destroy().expect("a TCP socket"));
        });
    });
}

#[test]
fn r21_read_n() {
    program(node_log!("r21_read_n"), || {
        let c = actor("c");
        let peer = cell(None);
        let server = keeps(peer, "aaaa");
        server.listen(move || {
            let sock = connect(server.port());
            c.watch(sock, "end close");
            when(
                move || sock.bytes_read() == 4,
                move || {
                    read(c, sock, 6);
                    get(peer).write("bbbb");
                    when(
                        move || sock.bytes_read() == 8,
                        move || {
                            read(c, sock, 6);
                            read(c, sock, 6);
                            get(peer).end_with("c");
                            when(
                                move || sock.eof_received(),
                                move || {
                                    read(c, sock, 6);
                                    read(c, sock, 6);
                                },
                            );
                        },
                    );
                },
            );
        });
    });
}

#[test]
fn r21_readable_and_data() {
    program(node_log!("r21_readable_and_data"), || {
        let c = actor("c");
        let server = ends_with("aaaa");
        server.listen(move || {
            let sock = connect(server.port());
            c.watch(sock, "data resume end close");
            sock.on(Readable, move || {
                c.log(format!("readable length {} flowing {}", sock.readable_length(), sock.flowing()));
                let got = sock.read(None).map_or("null".to_string(), |got| got.len().to_string());
                c.log(format!("read() -> {got}"));
            });
        });
    });
}

#[test]
fn r21_readable_mode() {
    program(node_log!("r21_readable_mode"), || {
        let c = actor("c");
        let peer = cell(None);
        let server = keeps(peer, "aaaa");
        server.listen(move || {
            let sock = connect(server.port());
            let calls = cell(0);
            sock.on(Readable, move || {
                calls.set(calls.get() + 1);
                c.log(format!("readable length {}", sock.readable_length()));
                let got = sock.read(None).map_or("null".to_string(), |got| got.len().to_string());
                c.log(format!("read() -> {got}"));
                if calls.get() == 1 {
                    set_immediate(move || {
                        get(peer).write("bbb");
                    });
                }
                if calls.get() == 2 {
                    set_immediate(move || get(peer).end());
                }
            });
            c.log(format!("flowing {}", sock.flowing()));
            c.watch(sock, "end finish close");
        });
    });
}

#[test]
fn r21_unread_blocks_end() {
    program(node_log!("r21_unread_blocks_end"), || {
        let c = actor("c");
        let server = ends_with("hello");
        server.listen(move || {
            let sock = connect(server.port());
            c.watch(sock, "end finish error close");
            when(
                move || sock.eof_received(),
                move || {
                    sock.end_cb(c.cb("end"));
                    sock.on(Finish, move || {
                        set_immediate(move || {
                            let (length, destroyed) = (sock.readable_length(), sock.destroyed());
                            c.log(format!("readableLength {length} destroyed {destroyed}"));
                            sock.pause();
                            c.watch(sock, "data");
                            sock.destroy();
                            read(c, sock, 2);
                            set_immediate(move || read(c, sock, 2));
                        });
                    });
                },
            );
        });
    });
}

#[test]
fn r23_local_address() {
    program(node_log!("r23_local_address"), || {
        let (c, s) = (actor("c"), actor("s"));
        let server = create_server(move |server, peer| {
            server.close();
            s.log(format!("remoteAddress {}", peer.remote().expect("connected").ip()));
            peer.resume();
        });
        server.listen(move || {
            let mut options = Options::port(server.port());
            options.host.local_address = Some("127.0.0.2".into());
            let sock = connect_with(options);
            c.watch(sock, "connectionAttempt connect ready error close");
            sock.on(Connect, move || {
                c.log(format!("localAddress {}", sock.local().expect("connected").ip()));
                sock.end();
            });
        });
    });
}

#[test]
fn r23_local_port_in_use() {
    program(node_log!("r23_local_port_in_use"), || {
        let c = actor("c");
        let server = new_server();
        server.listen(move || {
            let mut options = Options::port(server.port());
            options.host.local_address = Some("127.0.0.1".into());
            options.host.local_port = Some(i64::from(server.port()));
            let sock = connect_with(options);
            c.watch(sock, "connectionAttempt connectionAttemptFailed connect error close");
            sock.on_error(move |error| {
                c.log(format!("syscall {} keys {}", error.syscall().unwrap_or_default(), keys(error)));
            });
            sock.on(Close, move || server.close());
        });
    });
}

#[test]
fn r26_return_values() {
    program(node_log!("r26_return_values"), || {
        let c = actor("c");
        let server = reads_on();
        server.listen(move || {
            let sock = connect_with(Options::port(server.port()).marks(10));
            c.watch(sock, "connect ready drain finish close");
            let write = move |n: usize| {
                let r = sock.write(alloc(n));
                let (length, needs) = (sock.writable_length(), sock.need_drain());
                c.log(format!("write({n}) -> {r} length {length} needDrain {needs}"));
            };
            write(9);
            write(1);
            sock.on(Ready, move || {
                write(9);
                write(10);
                write(11);
                sock.cork();
                write(9);
                write(1);
                sock.uncork();
                c.log(format!("uncork length {}", sock.writable_length()));
                set_immediate(move || sock.end());
            });
        });
    });
}

#[test]
fn r27_end_data() {
    program(node_log!("r27_end_data"), || {
        let c = actor("c");
        let server = reads_on();
        server.listen(move || {
            let sock = connect(server.port());
            c.watch(sock, "drain prefinish finish close");
            sock.on(Connect, move || {
                sock.write_cb("a", c.cb("a"));
                sock.end_with_cb("b", c.cb("end"));
                next_tick(move || c.log("u"));
            });
        });
    });
}

#[test]
fn r27_no_callback() {
    program(node_log!("r27_no_callback"), || {
        let c = actor("c");
        let server = reads_on();
        server.listen(move || {
            let sock = connect_with(Options::port(server.port()).marks(3));
            c.watch(sock, "drain finish close");
            let f = c.cb("f");
            sock.on(Connect, move || {
                c.log("connect");
                next_tick(move || c.log("u1"));
                sock.cork();
                sock.write("abc");
                sock.uncork();
                next_tick(move || c.log("u2"));
                sock.write_cb("x", f);
                sock.write("y");
                sock.write_cb("z", f);
                set_immediate(move || sock.end());
            });
        });
    });
}

#[test]
fn r28_end_suppresses_drain() {
    program(node_log!("r28_end_suppresses_drain"), || {
        let c = actor("c");
        let server = reads_on();
        server.listen(move || {
            let sock = connect(server.port());
            c.watch(sock, "drain prefinish finish error close");
            sock.on(Connect, move || {
                let r = sock.write_cb(alloc(LARGE), c.cb("w1"));
                c.log(format!("write(20000000) -> {r}"));
                sock.write_cb("b", c.cb("w2"));
                sock.end_with_cb("c", c.cb("end"));
            });
        });
    });
}

#[test]
fn r28_write_in_drain() {
    program(node_log!("r28_write_in_drain"), || {
        let c = actor("c");
        let server = reads_on();
        server.listen(move || {
            let sock = connect(server.port());
            sock.on(Connect, move || {
                let r = sock.write_cb(alloc(LARGE), c.cb("w1"));
                c.log(format!("write(20000000) -> {r}"));
            });
            sock.on(Drain, move || {
                c.log("drain");
                let r = sock.write_cb("b", c.cb("w2"));
                c.log(format!("write(1) -> {r}"));
                next_tick(move || c.log("u"));
                sock.end_cb(c.cb("end"));
            });
            c.watch(sock, "finish error close");
        });
    });
}

/// Two clients in a row, destroyed without and with an error.
fn plain_then_error(names: &'static str, f: fn(Actor, Socket, Option<Thrown>)) {
    let (plain, error) = (actor("plain"), actor("error"));
    let accepted = cell(0);
    let server = create_server(move |server, peer| {
        accepted.set(accepted.get() + 1);
        if accepted.get() == 2 {
            server.close();
        }
        peer.resume();
    });
    let run = move |a: Actor, err: Option<Thrown>| {
        let sock = connect(server.port());
        a.watch(sock, names);
        sock.on(Connect, move || f(a, sock, err.clone()));
        sock
    };
    server.listen(move || {
        let first = run(plain, None);
        first.on(Close, move || {
            run(error, Some(boom()));
        });
    });
}

fn destroy(sock: Socket, err: Option<Thrown>) {
    match err {
        Some(err) => sock.destroy_with(err),
        None => sock.destroy(),
    }
}

#[test]
fn r29_destroy_corked() {
    program(node_log!("r29_destroy_corked"), || {
        plain_then_error("drain finish error close", |a, sock, err| {
            sock.cork();
            sock.write_cb("a", a.cb("a"));
            sock.write_cb("b", a.cb("b"));
            destroy(sock, err);
            next_tick(move || a.log("u"));
            a.log(format!("writableLength {}", sock.writable_length()));
        });
    });
}

#[test]
fn r29_destroy_ending() {
    program(node_log!("r29_destroy_ending"), || {
        plain_then_error("prefinish finish error close", |a, sock, err| {
            sock.end_cb(a.cb("end"));
            destroy(sock, err);
            a.log(format!("readyState {}", sock.ready_state()));
        });
    });
}

#[test]
fn r29_destroy_err_after_write() {
    program(node_log!("r29_destroy_err_after_write"), || {
        let c = actor("c");
        let server = reads_on();
        server.listen(move || {
            let sock = connect(server.port());
            c.watch(sock, "drain finish error close");
            sock.on(Connect, move || {
                sock.write_cb("a", c.cb("a"));
                sock.write_cb("b", c.cb("b"));
                sock.destroy_with(boom());
                c.log(format!("destroyed {}", sock.destroyed()));
            });
        });
    });
}

#[test]
fn r29_destroy_err_connecting() {
    program(node_log!("r29_destroy_err_connecting"), || {
        let c = actor("c");
        let server = new_server();
        server.listen(move || {
            let sock = connect(server.port());
            sock.write_cb("a", c.cb("a"));
            sock.write_cb("b", c.cb("b"));
            sock.end_cb(c.cb("end"));
            c.watch(sock, "connectionAttempt connect finish error close");
            sock.destroy_with(boom());
            c.log(format!("writableLength {}", sock.writable_length()));
            server.close();
        });
    });
}

#[test]
fn r30_bytes_written() {
    program(node_log!("r30_bytes_written"), || {
        let c = actor("c");
        let server = reads_on();
        server.listen(move || {
            let sock = connect(server.port());
            let show = move |label: &str| {
                let (bytes, length) = (sock.bytes_written(), sock.writable_length());
                c.log(format!("{label} bytesWritten {bytes} writableLength {length}"));
            };
            show("start");
            sock.write("\u{e9}\u{20ac}");
            show("two characters");
            sock.write(alloc(10));
            show("ten bytes");
            sock.write(netfold_core::Chunk::text("6162", netfold_core::Encoding::Hex));
            show("hex");
            sock.on(Connect, move || show("connect"));
            sock.on(Ready, move || {
                show("ready");
                sock.cork();
                sock.write("\u{20ac}");
                show("corked");
                sock.destroy();
                show("destroyed");
                next_tick(move || show("tick"));
            });
            sock.on(Close, move || show("close"));
        });
    });
}

#[test]
fn r31_buffer_size() {
    program(node_log!("r31_buffer_size"), || {
        let c = actor("c");
        let server = reads_on();
        server.listen(move || {
            let sock = new_socket();
            c.log(format!("idle {}", sock.buffer_size()));
            sock.connect(Options::port(server.port()));
            c.log(format!("connecting {}", sock.buffer_size()));
            sock.write("abc");
            c.log(format!("write(3) {}", sock.buffer_size()));
            sock.on(Ready, move || {
                c.log(format!("ready {}", sock.buffer_size()));
                sock.destroy();
                c.log(format!("destroyed {}", sock.buffer_size()));
            });
        });
    });
}

#[test]
fn r32_high_water_marks_part() {
    program(node_log!("r32_high_water_marks_part"), || {
        let c = actor("c");
        let marks = |sock: Socket| format!("{} {}", sock.marks().0, sock.marks().1);
        c.log(format!("default {}", marks(new_socket())));
        let both = SocketOptions { high_water_mark: Some(100), ..SocketOptions::default() };
        c.log(format!("both {}", marks(new_socket_with(both))));
    });
}

#[test]
fn r22_connect_args_part() {
    program(node_log!("r22_connect_args_part"), || {
        let c = actor("c");
        let attempt = |label: &str, port: i64, local: Option<&str>| {
            let mut options = Options::default();
            (options.host.port, options.host.local_address) = (Some(port), local.map(str::to_string));
            let sock = new_socket();
            c.watch(sock, "error close");
            c.throws(label, sock.try_connect(options));
            c.log(format!("connecting {}", sock.connecting()));
        };
        attempt("connect({port: 70000})", 70_000, None);
        attempt("connect({port: -1})", -1, None);
        attempt("connect({port: 80, localAddress: foo})", 80, Some("foo"));
        attempt("connect({port: 70000, localAddress: foo})", 70_000, Some("foo"));
    });
}

/// R22: neither a port nor a path; the text is in node's log of the whole program.
#[test]
fn r22_missing_args() {
    let _pair = Pair::new(1);
    let sock = new_socket();
    let error = sock.try_connect(Options::default()).unwrap_err();
    let entry = format!("connect({{}}) threw {} | connecting {}", error_text(&error), sock.connecting());
    assert!(node_log!("r22_connect_args").contains(&entry), "{entry}");
}

#[test]
fn r33_close_after_both() {
    program(node_log!("r33_close_after_both"), || {
        let (c, s) = (actor("c"), actor("s"));
        let server = create_server_with(half_open(), move |server, peer| {
            server.close();
            s.watch(peer, "end prefinish finish close");
            peer.resume();
            peer.on(End, move || {
                set_immediate(move || {
                    s.log("end called");
                    peer.end();
                });
            });
        });
        server.listen(move || {
            let sock = connect(server.port());
            c.watch(sock, "connect end prefinish finish close");
            sock.resume();
            sock.on(Connect, move || sock.end());
            sock.on(Finish, move || c.log(format!("destroyed {}", sock.destroyed())));
            sock.on(End, move || c.log(format!("destroyed {}", sock.destroyed())));
        });
    });
}

#[test]
fn r34_write_in_tick_of_end() {
    program(node_log!("r34_write_in_tick_of_end"), || {
        let (c, s) = (actor("c"), actor("s"));
        let server = create_server(move |server, peer| {
            server.close();
            s.watch(peer, "data end close");
            peer.end();
        });
        server.listen(move || {
            let sock = connect(server.port());
            c.watch(sock, "end finish error close");
            sock.resume();
            sock.on(End, move || {
                next_tick(move || {
                    let r = sock.write_cb("tick", c.cb("tick"));
                    c.log(format!("write(4) -> {r} writableEnded {}", sock.writable_ended()));
                });
                set_immediate(move || {
                    let r = sock.write_cb("late", c.cb("late"));
                    c.log(format!("write(4) -> {r} writableEnded {}", sock.writable_ended()));
                });
            });
        });
    });
}

#[test]
fn r35_half_open_writes() {
    program(node_log!("r35_half_open_writes"), || {
        let (c, s) = (actor("c"), actor("s"));
        let server = create_server(move |server, peer| {
            server.close();
            s.watch(peer, "data end finish close");
            peer.end();
        });
        server.listen(move || {
            let sock = connect_with(Options::port(server.port()).half_open());
            c.watch(sock, "end finish error close");
            sock.resume();
            sock.on(End, move || {
                set_immediate(move || {
                    c.log(format!("readyState {}", sock.ready_state()));
                    let r = sock.write_cb("late", c.cb("late"));
                    c.log(format!("write(4) -> {r}"));
                    set_immediate(move || sock.end());
                });
            });
        });
    });
}

#[test]
fn r36_destroy_in_data() {
    program(node_log!("r36_destroy_in_data"), || {
        let c = actor("c");
        let peer = cell(None);
        let server = keeps(peer, "aaaa");
        server.listen(move || {
            let sock = connect(server.port());
            let then = move || {
                c.watch(sock, "resume data end finish error close");
                sock.on(Data, move || {
                    c.log("destroy");
                    sock.destroy();
                });
            };
            when(
                move || sock.bytes_read() == 4,
                move || {
                    get(peer).write("bbb");
                    when(move || sock.bytes_read() == 7, then);
                },
            );
        });
    });
}

#[test]
fn r36_destroy_in_end() {
    program(node_log!("r36_destroy_in_end"), || {
        let c = actor("c");
        let server = ends_at_once();
        server.listen(move || {
            let sock = connect(server.port());
            c.watch(sock, "end prefinish finish error close");
            sock.resume();
            sock.on(End, move || {
                sock.destroy();
                c.log(format!("destroyed {}", sock.destroyed()));
            });
        });
    });
}

#[test]
fn r36_destroy_in_prefinish() {
    program(node_log!("r36_destroy_in_prefinish"), || {
        let c = actor("c");
        let server = reads_on();
        server.listen(move || {
            let sock = connect(server.port());
            c.watch(sock, "prefinish finish error close");
            sock.on(Connect, move || sock.end_with_cb("x", c.cb("end")));
            sock.on(Prefinish, move || sock.destroy());
        });
    });
}

#[test]
fn r37_destroy_twice() {
    program(node_log!("r37_destroy_twice"), || {
        let (plain_first, error_first) = (actor("plain first"), actor("error first"));
        let accepted = cell(0);
        let server = create_server(move |server, peer| {
            accepted.set(accepted.get() + 1);
            if accepted.get() == 2 {
                server.close();
            }
            peer.resume();
        });
        let late = || std::sync::Arc::new(netfold_core::NodeError::user("late"));
        let errored = |sock: Socket| sock.errored().map_or("null".into(), |e| format!("Error: {e}"));
        server.listen(move || {
            let a = connect(server.port());
            plain_first.watch(a, "error close");
            a.on(Connect, move || {
                a.destroy();
                a.destroy_with(late());
                plain_first.log(format!("errored {}", errored(a)));
            });
            let b = connect(server.port());
            error_first.watch(b, "error close");
            b.on(Connect, move || {
                b.destroy_with(boom());
                b.destroy_with(late());
                b.destroy();
                error_first.log(format!("errored {}", errored(b)));
            });
        });
    });
}

#[test]
fn r37_no_error_listener() {
    program(node_log!("r37_no_error_listener"), || {
        let c = actor("c");
        on_uncaught(move |error| c.log(format!("uncaught {}", error_text(error))));
        refused_port(move |port| {
            let sock = connect(port);
            c.watch(sock, "connectionAttemptFailed close");
        });
    });
}

#[test]
fn r37_throw_in_error() {
    program(node_log!("r37_throw_in_error"), || {
        let c = actor("c");
        let server = reads_on();
        server.listen(move || {
            on_uncaught(move |error| c.log(format!("uncaught {}", error_text(error))));
            let sock = connect(server.port());
            sock.on_error(move |error| {
                c.log(format!("error {}", error_text(error)));
                throw("from the listener")
            });
            c.watch(sock, "close");
            sock.on(Connect, move || sock.destroy_with(boom()));
        });
    });
}

#[test]
fn r39_set_timeout_args_part() {
    program(node_log!("r39_set_timeout_args_part"), || {
        let c = actor("c");
        let sock = new_socket();
        c.log(format!("timeout {}", sock.timeout()));
        c.throws("setTimeout(NaN)", sock.try_set_timeout(f64::NAN));
        c.log(format!("timeout {}", sock.timeout()));
        c.throws("setTimeout(-1)", sock.try_set_timeout(-1.0));
        c.log(format!("timeout {}", sock.timeout()));
        c.throws("setTimeout(-0.5)", sock.try_set_timeout(-0.5));
        c.throws("setTimeout(Infinity)", sock.try_set_timeout(f64::INFINITY));
        c.throws("setTimeout(-Infinity)", sock.try_set_timeout(f64::NEG_INFINITY));
        c.throws("setTimeout(0)", sock.try_set_timeout(0.0));
        c.log(format!("timeout {}", sock.timeout()));
        sock.destroy();
        sock.set_timeout(50);
        c.log(format!("timeout after destroy {}", sock.timeout()));
    });
}

#[test]
fn r39_timeout_callbacks() {
    program(node_log!("r39_timeout_callbacks"), || {
        let c = actor("c");
        let sock = new_socket();
        sock.set_timeout_cb(20, move || c.log("first"));
        let removed = sock.set_timeout_cb(20, move || c.log("removed"));
        sock.set_timeout_cb(20, move || c.log("second"));
        sock.set_timeout(0);
        sock.off(Timeout, removed);
        c.log(format!("listeners {}", sock.listener_count(Timeout)));
        sock.set_timeout(20);
        c.watch(sock, "timeout close");
        sock.on(Timeout, move || c.log(format!("listeners {}", sock.listener_count(Timeout))));
        set_timeout(100, move || {
            c.log("destroy");
            sock.destroy();
        });
    });
}

#[test]
fn r39_timeout_connecting() {
    program(node_log!("r39_timeout_connecting"), || {
        let c = actor("c");
        let sock = new_socket();
        sock.set_timeout(20);
        sock.connect(Options::host("some.name", 80).one_address().lookup(|_| {}));
        c.watch(sock, "timeout error close");
        sock.on(Timeout, move || {
            c.log(format!("connecting {}", sock.connecting()));
            sock.destroy();
        });
        // The lookup never answers, and does not keep the program alive.
        set_timeout(80, move || c.log("done"));
    });
}

#[test]
fn r40_timeout_after_end() {
    program(node_log!("r40_timeout_after_end"), || {
        let c = actor("c");
        let server = create_server_with(half_open(), move |server, peer| {
            server.close();
            peer.ignore_errors();
            peer.resume();
            peer.on(Close, move || c.log("peer closed"));
            peer.on(End, move || {
                peer.set_timeout_cb(120, move || peer.end());
            });
        });
        server.listen(move || {
            let sock = connect(server.port());
            sock.set_timeout(30);
            c.watch(sock, "timeout finish end close");
            sock.on(Connect, move || sock.end());
        });
    });
}

#[test]
fn r41_refresh_by_data() {
    program(node_log!("r41_refresh_by_data"), || {
        let c = actor("c");
        let server = create_server(move |server, peer| {
            server.close();
            peer.resume();
            peer.write("a");
            for (ms, text) in [(80, "b"), (160, "c"), (240, "d")] {
                set_timeout(ms, move || {
                    peer.write(text);
                });
            }
        });
        server.listen(move || {
            let sock = connect(server.port());
            sock.set_timeout(200);
            c.watch(sock, "data timeout finish close");
            sock.on(Timeout, move || sock.end());
        });
    });
}

#[test]
fn r42_stuck_write_times_out() {
    program(node_log!("r42_stuck_write_times_out"), || {
        let c = actor("c");
        let peer = cell(None);
        let server = silent(peer);
        server.listen(move || {
            let sock = connect(server.port());
            c.watch(sock, "drain timeout error close");
            when(
                move || peer.get().is_some() && !sock.connecting(),
                move || {
                    sock.set_timeout(50);
                    sock.write_cb(alloc(LARGE), c.cb("w"));
                    set_timeout(75, move || c.log("one and a half periods"));
                },
            );
            sock.on(Timeout, move || {
                sock.destroy();
                get(peer).destroy();
            });
        });
    });
}

#[test]
fn r43_options_part() {
    program(node_log!("r43_options_part"), || {
        let c = actor("c");
        let server = reads_on();
        server.listen(move || {
            let sock = new_socket();
            let check = move |label: &str| {
                sock.set_no_delay(true);
                sock.set_no_delay(false);
                sock.set_keep_alive(true, 2999);
                sock.set_ref();
                sock.unref();
                sock.set_ref();
                sock.pause();
                sock.resume();
                c.log(format!("{label} connect listeners {}", sock.listener_count(Connect)));
            };
            check("idle");
            sock.connect(Options::port(server.port()));
            check("connecting");
            sock.on(Ready, move || {
                check("ready");
                sock.destroy();
                check("destroyed");
            });
        });
    });
}

fn ip_text(addr: Option<std::net::SocketAddr>) -> (String, String) {
    let family = |a: std::net::SocketAddr| if a.is_ipv4() { "IPv4" } else { "IPv6" };
    let none = || "undefined".to_string();
    addr.map_or((none(), none()), |a| (a.ip().to_string(), family(a).to_string()))
}

#[test]
fn r45_address() {
    program(node_log!("r45_address"), || {
        let c = actor("c");
        let sock: Peer = cell(None);
        let show = move |label: &str| {
            let sock = get(sock);
            let (local, remote) = (sock.local(), sock.remote());
            let ((address, family), (far, far_family)) = (ip_text(local), ip_text(remote));
            let port = if local.is_some() { "a port" } else { "undefined" };
            let far_port = remote.map_or("undefined".to_string(), |a| mask_port(a.port()));
            let far = format!("remote {far} {far_family} {far_port}");
            c.log(format!("{label} address {address} {family} {port} local {address} {far}"));
        };
        let server = reads_on();
        server.listen(move || {
            let client = new_socket();
            sock.set(Some(client));
            show("idle");
            client.connect(Options::port(server.port()));
            show("connecting");
            client.on(ConnectionAttempt, move || show("connectionAttempt"));
            client.on(Connect, move || show("connect"));
            client.on(Ready, move || {
                client.destroy();
                show("destroyed");
            });
            client.on(Close, move || show("close"));
        });
    });
}

#[test]
fn r45_dual_stack() {
    program(node_log!("r45_dual_stack"), || {
        let s = actor("s");
        let server = create_server(move |server, peer| {
            server.close();
            let ((local, local_family), (remote, remote_family)) = (ip_text(peer.local()), ip_text(peer.remote()));
            s.log(format!("remote {remote} {remote_family} local {local} {local_family}"));
            peer.resume();
        });
        server.listen_cb(Server::any(0), move || {
            let sock = connect(server.port());
            sock.on(Connect, move || sock.end());
        });
    });
}

#[test]
fn r45_remote_not_asked() {
    program(node_log!("r45_remote_not_asked"), || {
        let c = actor("c");
        let server = reads_on();
        server.listen(move || {
            let sock = connect(server.port());
            sock.on(Connect, move || {
                sock.destroy();
                c.log(format!("remoteAddress {}", ip_text(sock.remote()).0));
            });
        });
    });
}

#[test]
fn r50_no_directory() {
    program(node_log!("r50_no_directory"), || {
        let server = actor("server");
        let srv = new_server();
        server.watch_server(srv, "listening close error");
        srv.listen_on(Server::path(&format!("{}/none", temp_path()))).expect("listen does not throw");
    });
}

#[test]
fn r50_stale_path() {
    program(node_log!("r50_stale_path"), || {
        let (c, server) = (actor("c"), actor("server"));
        let path: &'static str = temp_path().leak();
        with_world(|w| w.leave_path(path));
        c.log(format!("exists {}", exists(path)));
        let sock = new_socket();
        c.watch(sock, "connectionAttempt connectionAttemptFailed connect error close");
        sock.connect_path(path);
        sock.on(Close, move || {
            let srv = new_server();
            server.watch_server(srv, "listening close error");
            srv.listen_on(Server::path(path)).expect("listen does not throw");
            srv.on(Error, move || unlink(path));
        });
    });
}

/// R23: a connect that fails at once names the local end in its message only.
#[test]
fn r23_local_in_message() {
    let pair = Pair::new(1);
    let text = pair.run_as(0, || {
        with_world(|w| w.force("Connect", netfold_core::Reply::Failed(netfold_core::Errno::ENETUNREACH)));
        let text: &'static std::cell::RefCell<String> = Box::leak(Box::default());
        let sock = new_socket_with(SocketOptions::default());
        sock.on_error(move |error| *text.borrow_mut() = format!("{error} {}", keys(error)));
        let mut options = Options::host("127.0.0.9", 9);
        options.host.local_address = Some("127.0.0.1".into());
        sock.connect(options);
        text
    });
    pair.run();
    assert!(text.borrow().starts_with("connect ENETUNREACH 127.0.0.9:9 - Local (127.0.0.1:"), "{}", text.borrow());
    assert!(text.borrow().ends_with(" errno,code,syscall,address,port"), "{}", text.borrow());
}
