//! The programs of the first slice: writes and destroy, pause, ticks, throwing listeners. Each is the program of the
//! same name in `spec/node`, line by line; after each the core must be silent.

use netfold_core::EventKind::*;
use netfold_core::ServerOptions;
use netfold_pair::*;

const LARGE: usize = 20_000_000;

/// R29, table 1.6
#[test]
fn write_destroy_connected() {
    program(node_log!("write_destroy_connected"), || {
        let c = actor("c");
        let server = create_server(|server, sock| {
            sock.resume();
            server.close();
        });
        server.listen(move || {
            let sock = connect(server.port());
            sock.on(Connect, move || {
                let r = sock.write_cb("abc", c.cb("w1"));
                c.log(format!("write(3) -> {r}"));
                sock.destroy();
                let (d, cl, b) = (sock.destroyed(), sock.closed(), sock.bytes_written());
                c.log(format!("destroyed {d} closed {cl} bytesWritten {b}"));
            });
            c.watch(sock, "ready drain finish error close");
        });
    });
}

/// R29, table 1.5
#[test]
fn write_destroy_connecting() {
    program(node_log!("write_destroy_connecting"), || {
        let c = actor("c");
        let server = new_server();
        server.listen(move || {
            let sock = connect(server.port());
            c.watch(sock, "connectionAttempt connect ready error close");
            let r = sock.write_cb("abc", c.cb("w1"));
            c.log(format!("write(3) -> {r}"));
            let r = sock.write_cb("de", c.cb("w2"));
            c.log(format!("write(2) -> {r}"));
            sock.on(Close, move || c.log("close listener added after the writes"));
            sock.destroy();
            let (d, co, p) = (sock.destroyed(), sock.connecting(), sock.pending());
            c.log(format!("destroyed {d} connecting {co} pending {p}"));
            server.close();
        });
    });
}

/// R5, R29
#[test]
fn write_destroy_queue_ahead() {
    program(node_log!("write_destroy_queue_ahead"), || {
        let c = actor("c");
        let options = ServerOptions { pause_on_connect: true, ..ServerOptions::default() };
        let server = create_server_with(options, |server, peer| {
            server.close();
            peer.ignore_errors();
            peer.resume();
        });
        server.listen(move || {
            let sock = connect(server.port());
            c.watch(sock, "connect drain finish error close");
            sock.on(Connect, move || {
                let r = sock.write_cb(alloc(LARGE), c.cb("w1"));
                c.log(format!("write(20000000) -> {r}"));
                let r = sock.write_cb("b", c.cb("w2"));
                c.log(format!("write(1) -> {r}"));
                let r = sock.write_cb("cc", c.cb("w3"));
                c.log(format!("write(2) -> {r}"));
                sock.write("ddd");
                c.log(format!("writableLength {}", sock.writable_length()));
                sock.destroy();
                c.log(format!("writableLength {}", sock.writable_length()));
            });
        });
    });
}

/// R26, R27
#[test]
fn write_1mb_taken_whole() {
    program(node_log!("write_1mb_taken_whole"), || {
        const SIZE: usize = 1_048_576;
        let c = actor("c");
        let s = actor("s");
        let server = create_server(move |server, peer| {
            server.close();
            let total = cell(0);
            peer.on_data(move |chunk| {
                total.set(total.get() + chunk.len());
                if total.get() == SIZE {
                    s.log("received 1048576");
                }
            });
            s.watch(peer, "end close");
        });
        server.listen(move || {
            let sock = connect(server.port());
            c.watch(sock, "drain finish error close");
            sock.on(Connect, move || {
                let r = sock.write_cb(alloc(SIZE), c.cb("w1"));
                c.log(format!("write(1048576) -> {r}"));
                c.log(format!("writableLength {} needDrain {}", sock.writable_length(), sock.need_drain()));
                next_tick(move || sock.end());
            });
        });
    });
}

/// R26, R27, R28
#[test]
fn write_would_block() {
    program(node_log!("write_would_block"), || {
        let c = actor("c");
        let s = actor("s");
        let server = create_server(move |server, peer| {
            server.close();
            let total = cell(0);
            peer.on_data(move |chunk| {
                total.set(total.get() + chunk.len());
                if total.get() == 2 * LARGE + 3 {
                    s.log("received 40000003");
                }
            });
        });
        server.listen(move || {
            let sock = connect(server.port());
            c.watch(sock, "drain finish error close");
            sock.on(Connect, move || {
                let r = sock.write_cb(alloc(LARGE), c.cb("w1"));
                c.log(format!("write(20000000) -> {r}"));
                c.log(format!("writableLength {} needDrain {}", sock.writable_length(), sock.need_drain()));
            });
            sock.once(Drain, move || {
                let r = sock.write_cb(alloc(LARGE), c.cb("w2"));
                c.log(format!("write(20000000) -> {r}"));
                let r = sock.write_cb("b", c.cb("w3"));
                c.log(format!("write(1) -> {r}"));
                let r = sock.write_cb("cc", c.cb("w4"));
                c.log(format!("write(2) -> {r}"));
                sock.once(Drain, move || sock.end_cb(c.cb("end")));
            });
        });
    });
}

/// R7, R17, R19
#[test]
fn pause_in_data_nested_write() {
    program(node_log!("pause_in_data_nested_write"), || {
        let c = actor("c");
        let s = actor("s");
        let server = create_server(move |server, peer| {
            server.close();
            s.watch(peer, "data end close");
            peer.write(alloc(10));
            peer.on(Data, move || peer.end_with(alloc(20)));
        });
        server.listen(move || {
            let sock = connect(server.port());
            c.watch(sock, "data pause resume end finish close");
            let first = cell(true);
            sock.on(Data, move || {
                if !first.replace(false) {
                    return;
                }
                sock.pause();
                c.log(format!("isPaused {}", sock.is_paused()));
                let r = sock.write_cb("x", c.cb("nested"));
                c.log(format!("write(1) -> {r}"));
            });
            when(
                move || sock.bytes_read() == 30,
                move || {
                    c.log(format!("readableLength {}", sock.readable_length()));
                    sock.resume();
                    c.log(format!("isPaused {}", sock.is_paused()));
                },
            );
        });
    });
}

/// R7, R19
#[test]
fn data_read_nested() {
    program(node_log!("data_read_nested"), || {
        let c = actor("c");
        let peer = cell(None);
        let server = create_server(move |server, accepted| {
            server.close();
            peer.set(Some(accepted));
            accepted.write("aaaa");
        });
        let peer = move || peer.get().expect("accepted");
        server.listen(move || {
            let sock = connect(server.port());
            let calls = cell(0);
            sock.on_data(move |chunk| {
                let call = calls.get() + 1;
                calls.set(call);
                c.log(format!("data {} enter {call} readableLength {}", chunk.len(), sock.readable_length()));
                let got = sock.read(None).map_or("null".to_string(), |got| got.len().to_string());
                c.log(format!("read() -> {got} leave {call}"));
            });
            sock.pause();
            c.watch(sock, "pause resume end close");
            when(
                move || sock.bytes_read() == 4,
                move || {
                    peer().write("bbb");
                    when(
                        move || sock.bytes_read() == 7,
                        move || {
                            peer().write("cc");
                            when(
                                move || sock.bytes_read() == 9,
                                move || {
                                    c.log(format!("readableLength {}", sock.readable_length()));
                                    sock.resume();
                                    next_tick(move || peer().end());
                                },
                            );
                        },
                    );
                },
            );
        });
    });
}

/// R27
#[test]
fn ticks_interleaved() {
    program(node_log!("ticks_interleaved"), || {
        let c = actor("c");
        let server = create_server(|server, peer| {
            server.close();
            peer.resume();
        });
        server.listen(move || {
            let sock = connect(server.port());
            c.watch(sock, "drain close");
            sock.on(Connect, move || {
                next_tick(move || c.log("u1"));
                let r = sock.write_cb("a", c.cb("a"));
                c.log(format!("write(1) -> {r}"));
                next_tick(move || c.log("u2"));
                let r = sock.write_cb("b", c.cb("b"));
                c.log(format!("write(1) -> {r}"));
                next_tick(move || c.log("u3"));
                next_tick(move || sock.end());
            });
        });
    });
}

/// R27
#[test]
fn ticks_merged() {
    program(node_log!("ticks_merged"), || {
        let c = actor("c");
        let server = create_server(|server, peer| {
            server.close();
            peer.resume();
        });
        server.listen(move || {
            let sock = connect(server.port());
            let (f, g) = (c.cb("f"), c.cb("g"));
            sock.on(Connect, move || {
                c.log("first");
                sock.write_cb("x", f);
                sock.write_cb("y", f);
                next_tick(move || c.log("u"));
                sock.write_cb("z", g);
            });
            sock.on(Ready, move || {
                next_tick(move || {
                    c.log("second");
                    sock.write_cb("x", f);
                    next_tick(move || c.log("u"));
                    sock.write_cb("y", f);
                    sock.write_cb("z", g);
                    sock.write_cb("x", f);
                    next_tick(move || {
                        c.log("third");
                        sock.end();
                    });
                });
            });
        });
    });
}

/// R6
#[test]
fn connect_listeners_parked() {
    program(node_log!("connect_listeners_parked"), || {
        let c = actor("c");
        let server = create_server(|server, peer| {
            server.close();
            peer.resume();
        });
        server.listen(move || {
            let sock = new_socket();
            sock.once(Connect, move || c.log("connectListener"));
            sock.connect(Options::port(server.port()));
            let removed = sock.on(Connect, move || c.log("removed"));
            sock.on(Connect, move || c.log("before"));
            sock.once(Connect, move || c.log("once before"));
            let r = sock.write_cb(alloc(20_000), c.cb("w1"));
            c.log(format!("write(20000) -> {r}"));
            let r = sock.write_cb("b", c.cb("w2"));
            c.log(format!("write(1) -> {r}"));
            sock.on(Connect, move || c.log("after"));
            sock.once(Connect, move || c.log("once after"));
            sock.prepend(Connect, move || c.log("prepended"));
            sock.off(Connect, removed);
            c.log(format!("connect listeners {}", sock.listener_count(Connect)));
            c.watch(sock, "drain ready");
            sock.on(Ready, move || {
                c.log(format!("connect listeners {}", sock.listener_count(Connect)));
                sock.end();
            });
        });
    });
}

/// R6, R29
#[test]
fn connect_remove_all() {
    program(node_log!("connect_remove_all"), || {
        let c = actor("c");
        let s = actor("s");
        let server = create_server(move |server, peer| {
            server.close();
            s.watch(peer, "data end close");
            peer.on(Data, || {});
        });
        server.listen(move || {
            let sock = new_socket();
            sock.once(Connect, move || c.log("connectListener"));
            sock.connect(Options::port(server.port()));
            c.watch(sock, "connect ready drain error close");
            let r = sock.write_cb("abc", c.cb("w1"));
            c.log(format!("write(3) -> {r}"));
            sock.off_all(Connect);
            sock.on(Ready, move || {
                let r = sock.write_cb("de", c.cb("w2"));
                let (b, l) = (sock.bytes_written(), sock.writable_length());
                c.log(format!("write(2) -> {r} bytesWritten {b} writableLength {l}"));
                set_immediate(move || {
                    c.log("destroy");
                    sock.destroy();
                });
            });
        });
    });
}

/// R6, R7
#[test]
fn throw_in_connect() {
    program(node_log!("throw_in_connect"), || {
        let c = actor("c");
        let server = create_server(|server, peer| {
            server.close();
            peer.ignore_errors();
            peer.resume();
            peer.write("hello");
        });
        server.listen(move || {
            let sock = connect(server.port());
            on_uncaught(move |error| {
                c.log(format!("uncaught {}", error_text(error)));
                let n = sock.listener_count(Connect);
                c.log(format!("readyState {} connect listeners {n}", sock.ready_state()));
                set_timeout(20, move || {
                    c.log(format!("bytesRead {} writableLength {}", sock.bytes_read(), sock.writable_length()));
                    sock.destroy();
                });
            });
            sock.on(Connect, move || {
                next_tick(move || c.log("tick"));
                c.log("connect 1");
                throw("boom")
            });
            sock.on(Connect, move || c.log("connect 2"));
            sock.write_cb("abc", c.cb("w1"));
            sock.on(Connect, move || c.log("connect 3"));
            c.watch(sock, "ready error close");
        });
    });
}

/// R7, R16
#[test]
fn throw_in_data() {
    program(node_log!("throw_in_data"), || {
        let c = actor("c");
        let peer = cell(None);
        let server = create_server(move |server, accepted| {
            server.close();
            peer.set(Some(accepted));
            accepted.write("aaaa");
        });
        server.listen(move || {
            let sock = connect(server.port());
            let throwing = cell(true);
            on_uncaught(move |error| {
                c.log(format!("uncaught {}", error_text(error)));
                when(|| true, move || peer.get().expect("accepted").end_with("bb"));
            });
            sock.on_data(move |chunk| {
                c.log(format!("first {}", chunk.len()));
                if throwing.replace(false) {
                    next_tick(move || c.log("tick"));
                    return throw("boom");
                }
                Ok(())
            });
            sock.on_data(move |chunk| c.log(format!("second {}", chunk.len())));
            c.watch(sock, "end error close");
        });
    });
}

/// R7
#[test]
fn throw_in_pause() {
    program(node_log!("throw_in_pause"), || {
        let c = actor("c");
        let server = create_server(|server, peer| {
            server.close();
            peer.end_with("hello");
        });
        server.listen(move || {
            let sock = connect(server.port());
            let throwing = cell(true);
            sock.on(Pause, move || {
                c.log("pause");
                if throwing.get() { throw("boom") } else { Ok(()) }
            });
            sock.on_data(move |chunk| {
                c.log(format!("data {}", chunk.len()));
                c.throws("pause()", sock.try_pause());
                c.log(format!("isPaused {} flowing {}", sock.is_paused(), sock.flowing()));
                c.throws("pause() again", sock.try_pause());
                throwing.set(false);
                sock.resume();
                c.log(format!("isPaused {} flowing {}", sock.is_paused(), sock.flowing()));
            });
            c.watch(sock, "resume end close");
        });
    });
}

/// R1
#[test]
fn throw_in_tick() {
    program(node_log!("throw_in_tick"), || {
        let c = actor("c");
        on_uncaught(move |error| c.log(format!("uncaught {}", error_text(error))));
        set_immediate(move || {
            c.log("immediate 1");
            next_tick(move || {
                c.log("t1");
                throw("boom")
            });
            next_tick(move || c.log("t2"));
            next_tick(move || c.log("t3"));
            set_immediate(move || {
                c.log("immediate 2");
                next_tick(move || c.log("t4"));
            });
        });
    });
}

/// R1, R27
#[test]
fn throw_in_write_callback() {
    program(node_log!("throw_in_write_callback"), || {
        let c = actor("c");
        let server = create_server(|server, peer| {
            server.close();
            peer.resume();
        });
        server.listen(move || {
            let sock = connect(server.port());
            on_uncaught(move |error| c.log(format!("uncaught {}", error_text(error))));
            c.watch(sock, "error finish close");
            sock.on(Connect, move || {
                c.log("connect");
                let a = callback(move |_| {
                    c.log("cb a");
                    throw("boom")
                });
                sock.write_cb("a", a);
                sock.write_cb("b", c.cb("b"));
                next_tick(move || c.log("u"));
                set_immediate(move || {
                    c.log("immediate");
                    sock.end_cb(c.cb("end"));
                });
            });
        });
    });
}

/// Two clients whose data comes in one poll; `first` runs in the first one's listener.
fn two_in_one_poll(first: impl Fn(Actor) -> Result<(), Thrown> + 'static) {
    let c = actor("c");
    let calls = cell(0);
    let first = std::rc::Rc::new(first);
    let on_data = move || {
        calls.set(calls.get() + 1);
        if calls.get() == 1 {
            c.log("first data");
            return first(c);
        }
        c.log("second data");
        next_tick(move || c.log("second tick"));
        Ok(())
    };
    let peers = cell([None; 2]);
    let count = move || peers.get().iter().flatten().count();
    let server = create_server(move |server, peer| {
        let mut list = peers.get();
        list[count()] = Some(peer);
        peers.set(list);
        if count() == 2 {
            server.close();
        }
    });
    server.listen(move || {
        on_uncaught(move |error| c.log(format!("uncaught {}", error_text(error))));
        let a = connect(server.port());
        let b = connect(server.port());
        a.on(Data, on_data.clone());
        b.on(Data, on_data.clone());
        when(
            move || count() == 2 && !a.connecting() && !b.connecting(),
            move || {
                let [Some(first), Some(second)] = peers.get() else { return };
                first.end_with("x");
                second.end_with("y");
            },
        );
    });
}

/// R1
#[test]
fn throw_ticks_deferred() {
    program(node_log!("throw_ticks_deferred"), || {
        two_in_one_poll(|c| {
            next_tick(move || c.log("first tick"));
            throw("boom")
        });
    });
}

/// R1
#[test]
fn throw_in_tick_deferred() {
    program(node_log!("throw_in_tick_deferred"), || {
        two_in_one_poll(|c| {
            next_tick(move || {
                c.log("first tick");
                throw("boom")
            });
            next_tick(move || c.log("first tick 2"));
            Ok(())
        });
    });
}

/// R4
#[test]
fn closing_lifo() {
    program(node_log!("closing_lifo"), || {
        let c = actor("c");
        let server = create_server(|_, peer| peer.resume());
        server.listen(move || {
            let a = connect(server.port());
            let b = connect(server.port());
            a.on_close(move |had_error| c.log(format!("a close {}", had_error.is_some_and(|e| e))));
            b.on_close(move |had_error| c.log(format!("b close {}", had_error.is_some_and(|e| e))));
            let connected = cell(0);
            let on_connect = move || {
                connected.set(connected.get() + 1);
                if connected.get() < 2 {
                    return;
                }
                c.log("destroy a");
                a.destroy();
                c.log("destroy b");
                b.destroy();
                server.close();
            };
            a.on(Connect, on_connect);
            b.on(Connect, on_connect);
        });
    });
}

/// Table 1.2
#[test]
fn lookup_inside_data() {
    program(node_log!("lookup_inside_data"), || {
        let c = actor("c");
        let lookup = cell(None);
        let accepted = cell(0);
        let server = create_server(move |server, peer| {
            accepted.set(accepted.get() + 1);
            if accepted.get() == 1 {
                peer.end_with("go");
            } else {
                server.close();
            }
            peer.resume();
        });
        server.listen(move || {
            let target = connect_with(Options::host("some.name", server.port()).one_address().lookup(move |query| {
                // Without `all`: addresses are tried one at a time; no family was asked for.
                assert_eq!(query.family, 0);
                c.log(format!("lookup called {} family undefined all undefined", query.host));
                lookup.set(Some(query.lookup));
            }));
            c.watch(target, "lookup connectionAttempt connect ready close");
            target.on(Connect, move || target.end());
            let other = connect(server.port());
            other.on_data(move |chunk| {
                c.log(format!("other data {}", chunk.len()));
                answer(lookup.get().expect("asked"), Ok(vec!["127.0.0.1".parse().expect("an address")]));
                c.log("answered");
            });
        });
    });
}
