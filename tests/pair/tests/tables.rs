//! The programs of `spec/node` that show rows of a table (`t12` connect, `t15` write, `t16` end and destroy).

use netfold_core::EventKind::*;
use netfold_core::{Chunk, Encoding, LookupCode};
use netfold_pair::*;

#[test]
fn t12_connect_path() {
    program(node_log!("t12_connect_path"), || {
        let c = actor("c");
        let path: &'static str = temp_path().leak();
        let server = create_server(|server, peer| {
            server.close();
            peer.end_with("hi");
            peer.resume();
        });
        server.listen_cb(Server::path(path), move || {
            let sock = new_socket();
            c.watch(sock, "lookup connectionAttempt connect ready data end finish close");
            sock.once(Connect, move || c.log("connectListener"));
            sock.connect_path(path);
            c.log(format!("connect called, readyState {}", sock.ready_state()));
        });
    });
}

#[test]
fn t12_connect_path_missing() {
    program(node_log!("t12_connect_path_missing"), || {
        let c = actor("c");
        let sock = new_socket();
        c.watch(sock, "connectionAttempt connectionAttemptFailed connect error close");
        sock.on_error(move |e| c.log(format!("errno {} keys {}", e.errno().unwrap_or_default(), keys(e))));
        sock.connect_path(&temp_path());
        c.log(format!("connect called, connecting {}", sock.connecting()));
    });
}

#[test]
fn t12_connect_twice() {
    program(node_log!("t12_connect_twice"), || {
        let c = actor("c");
        let server = reads_on();
        server.listen(move || {
            let sock = new_socket();
            c.watch(sock, "connectionAttempt connectionAttemptFailed connect ready error close");
            sock.once(Connect, move || c.log("connectListener 1"));
            sock.connect(Options::port(server.port()));
            sock.once(Connect, move || c.log("connectListener 2"));
            sock.connect(Options::port(server.port()));
        });
    });
}

#[test]
fn t12_destroy_before_attempt() {
    program(node_log!("t12_destroy_before_attempt"), || {
        let c = actor("c");
        let sock = connect(80);
        c.watch(sock, "connectionAttempt connect ready error close");
        sock.destroy_with(boom());
        c.log(format!("connecting {} destroyed {}", sock.connecting(), sock.destroyed()));
    });
}

#[test]
fn t12_destroy_in_attempt() {
    program(node_log!("t12_destroy_in_attempt"), || {
        let c = actor("c");
        let server = reads_on();
        server.listen(move || {
            let sock = connect(server.port());
            c.watch(sock, "connectionAttempt connectionAttemptFailed connect ready error close");
            sock.on(ConnectionAttempt, move || {
                next_tick(move || {
                    c.log("destroy");
                    sock.destroy();
                });
            });
        });
    });
}

#[test]
fn t12_destroy_in_connect() {
    program(node_log!("t12_destroy_in_connect"), || {
        let c = actor("c");
        let server = reads_on();
        server.listen(move || {
            let sock = connect(server.port());
            sock.on(Connect, move || {
                c.log("destroy");
                sock.destroy();
            });
            c.watch(sock, "connect ready finish error close");
        });
    });
}

#[test]
fn t12_destroy_in_lookup() {
    program(node_log!("t12_destroy_in_lookup"), || {
        let c = actor("c");
        let options = Options::host("some.name", 80);
        let sock = connect_with(options.one_address().lookup(|query| set_immediate(move || query.found("127.0.0.1"))));
        c.watch(sock, "lookup connectionAttempt connect error close");
        sock.on(Lookup, move || sock.destroy());
    });
}

#[test]
fn t12_lookup_after_destroy() {
    program(node_log!("t12_lookup_after_destroy"), || {
        let c = actor("c");
        let asked = cell(None);
        let options = Options::host("some.name", 80);
        let sock = connect_with(options.one_address().lookup(move |query| asked.set(Some(query.lookup))));
        c.watch(sock, "lookup connectionAttempt connect error close");
        sock.destroy();
        sock.on(Close, move || {
            set_immediate(move || {
                answer(asked.get().expect("asked"), Ok(vec!["127.0.0.1".parse().expect("an address")]));
                c.log("answered");
            });
        });
    });
}

#[test]
fn t12_lookup_error() {
    program(node_log!("t12_lookup_error"), || {
        let c = actor("c");
        let sock = new_socket();
        let options = Options::host("some.name", 80).one_address().lookup(move |query| {
            set_immediate(move || {
                answer(query.lookup, Err(LookupCode::NotFound));
                c.log(format!("destroyed {}", sock.destroyed()));
            });
        });
        sock.connect(options);
        c.watch(sock, "lookup connectionAttempt connect error close");
        sock.write_cb("a", c.cb("a"));
        sock.write_cb("b", c.cb("b"));
    });
}

#[test]
fn t12_lookup_sync() {
    program(node_log!("t12_lookup_sync"), || {
        let c = actor("c");
        let server = reads_on();
        server.listen(move || {
            let sock = new_socket();
            c.watch(sock, "lookup connectionAttempt connect ready close");
            sock.connect(
                Options::host("some.name", server.port()).one_address().lookup(|query| query.found("127.0.0.1")),
            );
            c.log("connect called");
            sock.on(Ready, move || sock.end());
        });
    });
}

#[test]
fn t12_lookup_tick() {
    program(node_log!("t12_lookup_tick"), || {
        let c = actor("c");
        let server = reads_on();
        server.listen(move || {
            let mut options = Options::host("some.name", server.port()).lookup(move |query| {
                c.log(format!("lookup called {} family {} hints {}", query.host, query.family, query.hints));
                next_tick(move || query.found("127.0.0.1"));
            });
            options.host.family = 4;
            let sock = connect_with(options);
            c.watch(sock, "lookup connectionAttempt connect ready close");
            c.log("connect called");
            sock.on(Ready, move || sock.end());
        });
    });
}

#[test]
fn t12_reconnect_before_close() {
    program(node_log!("t12_reconnect_before_close"), || {
        let c = actor("c");
        let accepted = cell(0);
        let server = create_server(move |server, peer| {
            accepted.set(accepted.get() + 1);
            if accepted.get() == 2 {
                server.close();
            }
            peer.ignore_errors();
            peer.resume();
        });
        server.listen(move || {
            let sock = new_socket();
            c.watch(sock, "connectionAttempt connect ready end prefinish finish error close");
            sock.connect(Options::port(server.port()));
            sock.once(Connect, move || {
                sock.write_cb("abc", c.cb("w"));
                sock.destroy();
                c.log(format!("bytesWritten {}", sock.bytes_written()));
                sock.connect(Options::port(server.port()));
                let (n, state, destroyed) = (sock.bytes_written(), sock.ready_state(), sock.destroyed());
                c.log(format!("bytesWritten {n} readyState {state} destroyed {destroyed}"));
            });
            sock.once(Close, move || {
                c.log(format!("readyState {}", sock.ready_state()));
                when(
                    move || !sock.connecting(),
                    move || {
                        sock.end_cb(c.cb("end"));
                        set_timeout(30, move || {
                            c.log(format!("writableFinished {}", sock.writable_finished()));
                            sock.destroy();
                        });
                    },
                );
            });
        });
    });
}

#[test]
fn t12_refused() {
    program(node_log!("t12_refused"), || {
        let c = actor("c");
        refused_port(move |port| {
            let sock = new_socket();
            sock.once(Connect, move || c.log("connectListener"));
            sock.connect(Options::port(port));
            c.watch(sock, "connectionAttempt connectionAttemptFailed connect ready error close");
            sock.on(ConnectionAttemptFailed, move || {
                c.log(format!("connecting {} destroyed {}", sock.connecting(), sock.destroyed()));
            });
            sock.on_error(move |error| {
                let port = mask_port(error.port().expect("a port"));
                let (errno, syscall) = (error.errno().expect("an errno"), error.syscall().expect("a syscall"));
                let address = error.address().expect("an address");
                c.log(format!("errno {errno} syscall {syscall} address {address} port {port}"));
                c.log(format!("keys {}", keys(error)));
            });
        });
    });
}

#[test]
fn t15_cork_connecting() {
    program(node_log!("t15_cork_connecting"), || {
        let c = actor("c");
        let server = reads_on();
        server.listen(move || {
            let sock = connect(server.port());
            c.watch(sock, "connect ready drain finish close");
            sock.cork();
            sock.write_cb("a", c.cb("a"));
            sock.write_cb("b", c.cb("b"));
            c.log(format!("connect listeners {}", sock.listener_count(Connect)));
            sock.on(Ready, move || {
                sock.uncork();
                c.log(format!("writableLength {}", sock.writable_length()));
                set_immediate(move || sock.end());
            });
        });
    });
}

#[test]
fn t15_cork_end() {
    program(node_log!("t15_cork_end"), || {
        let (c, s) = (actor("c"), actor("s"));
        let server = notes(s, "data end close");
        server.listen(move || {
            let sock = connect(server.port());
            c.watch(sock, "drain prefinish finish close");
            sock.on(Connect, move || {
                sock.cork();
                sock.cork();
                sock.write_cb("a", c.cb("a"));
                sock.write_cb("bb", c.cb("b"));
                sock.end_with_cb("ccc", c.cb("end"));
                c.log(format!("corked {} writableLength {}", sock.corked(), sock.writable_length()));
            });
        });
    });
}

#[test]
fn t15_cork_merge() {
    program(node_log!("t15_cork_merge"), || {
        let c = actor("c");
        let server = reads_on();
        server.listen(move || {
            let sock = connect(server.port());
            c.watch(sock, "drain finish close");
            let f = c.cb("f");
            sock.on(Connect, move || {
                sock.cork();
                sock.write_cb("a", f);
                sock.write_cb("b", f);
                sock.uncork();
                sock.write_cb("c", f);
                next_tick(move || c.log("u"));
                set_immediate(move || sock.end());
            });
        });
    });
}

#[test]
fn t15_cork_nested() {
    program(node_log!("t15_cork_nested"), || {
        let (c, s) = (actor("c"), actor("s"));
        let server = notes(s, "data end close");
        server.listen(move || {
            let sock = connect(server.port());
            c.watch(sock, "drain finish close");
            sock.on(Connect, move || {
                let show = || c.log(format!("corked {} writableLength {}", sock.corked(), sock.writable_length()));
                sock.cork();
                sock.write_cb("a", c.cb("a"));
                sock.cork();
                sock.write_cb("bb", c.cb("b"));
                sock.uncork();
                show();
                sock.uncork();
                show();
                sock.uncork();
                sock.write_cb("c", c.cb("c"));
                next_tick(move || c.log("u"));
                set_immediate(move || sock.end());
            });
        });
    });
}

#[test]
fn t15_cork_one_write() {
    program(node_log!("t15_cork_one_write"), || {
        let c = actor("c");
        let server = reads_on();
        server.listen(move || {
            let sock = connect(server.port());
            c.watch(sock, "drain finish close");
            let f = c.cb("f");
            sock.on(Connect, move || {
                sock.cork();
                sock.write_cb("a", f);
                sock.uncork();
                sock.write_cb("b", f);
                next_tick(move || c.log("u"));
                set_immediate(move || sock.end());
            });
        });
    });
}

#[test]
fn t15_empty_write() {
    program(node_log!("t15_empty_write"), || {
        let (c, s) = (actor("c"), actor("s"));
        let server = notes(s, "data end close");
        server.listen(move || {
            let sock = connect(server.port());
            c.watch(sock, "drain finish error close");
            sock.on(Connect, move || {
                let r = sock.write_cb("", c.cb("string"));
                c.log(format!("write(0) -> {r}"));
                let r = sock.write_cb(alloc(0), c.cb("buffer"));
                c.log(format!("write(0) -> {r} bytesWritten {}", sock.bytes_written()));
                sock.end_with_cb("", c.cb("end"));
            });
        });
    });
}

#[test]
fn t15_write_after_end_connecting() {
    program(node_log!("t15_write_after_end_connecting"), || {
        let c = actor("c");
        let server = new_server();
        server.listen(move || {
            let sock = connect(server.port());
            c.watch(sock, "connectionAttempt connect finish error close");
            sock.write_cb("a", c.cb("a"));
            sock.end_cb(c.cb("end"));
            let r = sock.write_cb("b", c.cb("b"));
            c.log(format!("write(1) -> {r} destroyed {}", sock.destroyed()));
            server.close();
        });
    });
}

#[test]
fn t15_write_destroyed() {
    program(node_log!("t15_write_destroyed"), || {
        let c = actor("c");
        let server = reads_on();
        server.listen(move || {
            let sock = connect(server.port());
            c.watch(sock, "error close");
            sock.on(Connect, move || sock.destroy());
            sock.on(Close, move || {
                let r = sock.write_cb("a", c.cb("a"));
                c.log(format!("write(1) -> {r}"));
                let r = sock.write("b");
                c.log(format!("write(1) -> {r}"));
                sock.end_cb(c.cb("end"));
            });
        });
    });
}

#[test]
fn t15_write_idle_more() {
    program(node_log!("t15_write_idle_more"), || {
        let c = actor("c");
        let sock = new_socket();
        c.watch(sock, "finish error close");
        let r = sock.write_cb("a", c.cb("a"));
        c.log(format!("write(1) -> {r} destroyed {}", sock.destroyed()));
        let r = sock.write_cb("b", c.cb("b"));
        c.log(format!("write(1) -> {r} destroyed {}", sock.destroyed()));
        sock.end_cb(c.cb("end"));
        c.log(format!("readyState {}", sock.ready_state()));
    });
}

#[test]
fn t15_write_validation_part() {
    program(node_log!("t15_write_validation_part"), || {
        let c = actor("c");
        let server = reads_on();
        server.listen(move || {
            let sock = connect(server.port());
            c.watch(sock, "drain finish error close");
            sock.on(Connect, move || {
                let write = |text: &str, encoding: &str, cb: Option<Cb>| {
                    let encoding = Encoding::from_name(encoding).map_err(std::sync::Arc::new)?;
                    sock.try_write(Chunk::text(text, encoding), cb).map(|_| ())
                };
                c.throws("write(x, foo)", write("x", "foo", None));
                c.throws("write(Uint8Array)", sock.try_write(alloc(3), Some(c.cb("Uint8Array"))).map(|_| ()));
                c.throws("write(hex)", write("6162", "hex", Some(c.cb("hex"))));
                c.log(format!("bytesWritten {}", sock.bytes_written()));
                sock.end();
            });
        });
    });
}

#[test]
fn t16_destroy_idle() {
    program(node_log!("t16_destroy_idle"), || {
        let (plain, error) = (actor("plain"), actor("error"));
        let a = new_socket();
        plain.watch(a, "error close");
        a.destroy();
        plain.log(format!("destroyed {} closed {}", a.destroyed(), a.closed()));
        let b = new_socket();
        error.watch(b, "error close");
        b.destroy_with(boom());
        error.log(format!("destroyed {} closed {}", b.destroyed(), b.closed()));
    });
}

#[test]
fn t16_destroy_soon() {
    program(node_log!("t16_destroy_soon"), || {
        let c = actor("c");
        let server = create_server_with(half_open(), |server, peer| {
            server.close();
            peer.resume();
            peer.on(End, move || peer.end());
        });
        server.listen(move || {
            let sock = connect(server.port());
            c.watch(sock, "prefinish finish end error close");
            sock.on(Connect, move || {
                sock.write_cb("abc", c.cb("w"));
                sock.destroy_soon();
                c.log(format!("destroyed {} writableEnded {}", sock.destroyed(), sock.writable_ended()));
            });
        });
    });
}

#[test]
fn t16_end_after_destroy() {
    program(node_log!("t16_end_after_destroy"), || {
        let (first, data) = (actor("first without data"), actor("first with data"));
        let a = new_socket();
        first.watch(a, "error finish close");
        a.destroy();
        a.end_cb(first.cb("end 1"));
        a.end_cb(first.cb("end 2"));
        first.log(format!("writableEnded {}", a.writable_ended()));
        let b = new_socket();
        data.watch(b, "error finish close");
        b.destroy();
        b.end_with_cb("x", data.cb("end 1"));
        b.end_cb(data.cb("end 2"));
        data.log(format!("writableEnded {}", b.writable_ended()));
    });
}

#[test]
fn t16_end_again() {
    program(node_log!("t16_end_again"), || {
        let c = actor("c");
        let server = create_server_with(half_open(), |server, peer| {
            server.close();
            peer.resume();
            peer.on(End, move || set_immediate(move || set_immediate(move || peer.end())));
        });
        server.listen(move || {
            let sock = connect(server.port());
            c.watch(sock, "prefinish finish end error close");
            sock.on(Connect, move || {
                sock.end_cb(c.cb("end 1"));
                sock.end_cb(c.cb("end 2"));
                c.log("end called twice");
            });
            sock.on(Prefinish, move || sock.end_cb(c.cb("end 3")));
            sock.on(Finish, move || sock.end_cb(c.cb("end 4")));
            sock.on(Close, move || sock.end_cb(c.cb("end 5")));
        });
    });
}

#[test]
fn t16_end_connecting() {
    program(node_log!("t16_end_connecting"), || {
        let (c, s) = (actor("c"), actor("s"));
        let server = notes(s, "data end finish close");
        server.listen(move || {
            let sock = connect(server.port());
            c.watch(sock, "connect ready prefinish finish end error close");
            sock.end_with_cb("hi", c.cb("end"));
            c.log(format!("readyState {} writableEnded {}", sock.ready_state(), sock.writable_ended()));
        });
    });
}

#[test]
fn t16_end_connecting_empty() {
    program(node_log!("t16_end_connecting_empty"), || {
        let c = actor("c");
        let server = reads_on();
        server.listen(move || {
            let sock = connect(server.port());
            sock.end_cb(c.cb("end"));
            c.watch(sock, "connect ready prefinish finish end error close");
            c.log(format!("connect listeners {}", sock.listener_count(Connect)));
        });
    });
}

#[test]
fn t16_end_data_after_end() {
    program(node_log!("t16_end_data_after_end"), || {
        let c = actor("c");
        let server = reads_on();
        server.listen(move || {
            let sock = connect(server.port());
            c.watch(sock, "prefinish finish end error close");
            sock.on(Connect, move || {
                sock.end_cb(c.cb("end 1"));
                sock.end_with_cb("x", c.cb("end 2"));
                c.log(format!("destroyed {}", sock.destroyed()));
            });
        });
    });
}

#[test]
fn t16_end_idle() {
    program(node_log!("t16_end_idle"), || {
        let c = actor("c");
        let sock = new_socket();
        c.watch(sock, "prefinish finish error close");
        sock.end_cb(c.cb("end"));
        c.log(format!("readyState {}", sock.ready_state()));
        set_immediate(move || {
            c.log("destroy");
            sock.destroy();
        });
    });
}

#[test]
fn t16_end_variants() {
    fn run(i: usize, actors: [Actor; 4], port: u16) {
        let Some(&a) = actors.get(i) else { return };
        let sock = connect(port);
        a.watch(sock, "prefinish finish end error close");
        sock.resume();
        sock.on(Connect, move || {
            match i {
                0 => sock.end(),
                1 => sock.end_cb(a.cb("end")),
                // '616263' as hex is the same three bytes.
                _ => sock.end_with_cb("abc", a.cb("end")),
            }
            a.log(format!("bytesWritten {} writableEnded {}", sock.bytes_written(), sock.writable_ended()));
        });
        sock.on(Close, move || run(i + 1, actors, port));
    }
    program(node_log!("t16_end_variants"), || {
        let actors = ["end()", "end(cb)", "end(data, cb)", "end(data, encoding, cb)"].map(actor);
        let accepted = cell(0);
        let server = create_server(move |server, peer| {
            accepted.set(accepted.get() + 1);
            if accepted.get() == 4 {
                server.close();
            }
            peer.resume();
        });
        server.listen(move || run(0, actors, server.port()));
    });
}

#[test]
fn t16_reset_connected() {
    program(node_log!("t16_reset_connected"), || {
        let (c, s) = (actor("c"), actor("s"));
        let accepted = cell(false);
        let server = create_server(move |server, peer| {
            server.close();
            accepted.set(true);
            s.watch(peer, "data end error close");
        });
        server.listen(move || {
            let sock = connect(server.port());
            c.watch(sock, "finish end error close");
            when(
                move || accepted.get() && !sock.connecting(),
                move || {
                    sock.reset_and_destroy().expect("a TCP socket");
                    c.log(format!("destroyed {}", sock.destroyed()));
                },
            );
        });
    });
}

#[test]
fn t16_reset_connecting() {
    program(node_log!("t16_reset_connecting"), || {
        let c = actor("c");
        let server = reads_on();
        server.listen(move || {
            let sock = connect(server.port());
            c.watch(sock, "connectionAttempt connect ready error close");
            sock.reset_and_destroy().expect("a TCP socket");
            c.log(format!("destroyed {} connecting {}", sock.destroyed(), sock.connecting()));
        });
    });
}

#[test]
fn t16_reset_other() {
    program(node_log!("t16_reset_other"), || {
        let (idle, gone, pipe) = (actor("idle"), actor("gone"), actor("pipe"));
        let a = new_socket();
        idle.watch(a, "error close");
        a.reset_and_destroy().expect("no handle");
        idle.log(format!("destroyed {}", a.destroyed()));

        let b = new_socket();
        gone.watch(b, "error close");
        b.destroy();
        b.reset_and_destroy().expect("no handle");

        let path: &'static str = temp_path().leak();
        let server = reads_on();
        server.listen_cb(Server::path(path), move || {
            let sock = connect_path(path);
            pipe.watch(sock, "connect error close");
            sock.on(Connect, move || {
                pipe.throws("resetAndDestroy()", sock.reset_and_destroy());
                pipe.log(format!("destroyed {}", sock.destroyed()));
                sock.end();
            });
        });
    });
}
