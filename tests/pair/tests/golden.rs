//! The golden traces G1 to G34 (section 7 of the semantics notes), each the program `gNN` of `spec/node`.

use netfold_core::EventKind::*;
use netfold_core::{ServerOptions, SocketOptions};
use netfold_pair::*;

const LARGE: usize = 20_000_000;

/// G1, R6, R27, R28
#[test]
fn g01() {
    program(node_log!("g01"), || {
        let c = actor("c");
        let server = reads_on();
        server.listen(move || {
            let sock = new_socket();
            sock.once(Connect, move || c.log("connectListener"));
            sock.connect(Options::port(server.port()));
            c.watch(sock, "connectionAttempt connect ready drain error close");
            for (n, label) in [(3, "w1"), (20_000, "w2"), (2, "w3")] {
                let r = sock.write_cb(alloc(n), c.cb(label));
                c.log(format!("write({n}) -> {r}"));
            }
            sock.on(Connect, move || c.log("connect listener added after the writes"));
            c.log(format!("bytesWritten {} writableLength {}", sock.bytes_written(), sock.writable_length()));
            sock.on(Ready, move || set_immediate(move || sock.end()));
        });
    });
}

/// G2, table 1.2
#[test]
fn g02() {
    program(node_log!("g02"), || {
        let c = actor("c");
        let server = reads_on();
        server.listen(move || {
            let options = Options::host("localhost", server.port());
            let sock =
                connect_with(options.one_address().lookup(|query| set_immediate(move || query.found("127.0.0.1"))));
            c.watch(sock, "lookup connectionAttempt connect ready close");
            c.log(format!("connecting {}", sock.connecting()));
            sock.on(Ready, move || sock.end());
        });
    });
}

/// G2 with the kernel's own lookup.
#[test]
fn g02_by_the_resolver() {
    program(node_log!("g02"), || {
        let c = actor("c");
        let server = reads_on();
        server.listen(move || {
            let sock = connect_with(Options::host("localhost", server.port()));
            c.watch(sock, "lookup connectionAttempt connect ready close");
            c.log(format!("connecting {}", sock.connecting()));
            sock.on(Ready, move || sock.end());
        });
    });
}

/// G3, R21, R33
#[test]
fn g03() {
    program(node_log!("g03"), || {
        let (c, s) = (actor("c"), actor("s"));
        let server = notes(s, "data end prefinish finish error close");
        server.listen(move || {
            let sock = connect(server.port());
            c.watch(sock, "connect ready data end prefinish finish error close");
            sock.on(Connect, move || {
                sock.end_with_cb("hi", c.cb("end"));
                c.log(format!("end called, writableLength {}", sock.writable_length()));
            });
        });
    });
}

/// G4, R35
#[test]
fn g04() {
    program(node_log!("g04"), || {
        let (c, s) = (actor("c"), actor("s"));
        let socket = SocketOptions { allow_half_open: true, ..SocketOptions::default() };
        let options = ServerOptions { socket, ..ServerOptions::default() };
        let server = create_server_with(options, move |server, peer| {
            server.close();
            s.watch(peer, "data end finish error close");
            peer.on(End, move || {
                s.log(format!("readyState {}", peer.ready_state()));
                set_timeout(10, move || {
                    s.log("answer");
                    peer.end_with("answ");
                });
            });
        });
        server.listen(move || {
            let sock = connect(server.port());
            c.watch(sock, "connect ready data end finish error close");
            sock.on(Connect, move || sock.end_with_cb("hi", c.cb("end")));
        });
    });
}

/// G5, R21
#[test]
fn g05() {
    program(node_log!("g05"), || {
        let (c, s) = (actor("c"), actor("s"));
        let server = create_server(move |server, peer| {
            server.close();
            s.watch(peer, "end prefinish finish error close");
            when(
                move || peer.readable_length() == 2 && peer.eof_received(),
                move || {
                    s.log(format!("readableLength {} readyState {}", peer.readable_length(), peer.ready_state()));
                    peer.on_data(move |chunk| s.log(format!("data {}", chunk.len())));
                },
            );
        });
        server.listen(move || {
            let sock = connect(server.port());
            c.watch(sock, "connect data end finish error close");
            sock.on(Connect, move || sock.end_with("hi"));
        });
    });
}

/// G6, table 1.5
#[test]
fn g06() {
    program(node_log!("g06"), || {
        let (c, s) = (actor("c"), actor("s"));
        let server = notes(s, "data end finish error close");
        server.listen(move || {
            let sock = connect(server.port());
            c.watch(sock, "connect ready end finish error close");
            sock.on(Connect, move || {
                sock.end_with("a");
                let r = sock.write_cb("b", c.cb("b"));
                c.log(format!("write(1) -> {r} destroyed {}", sock.destroyed()));
            });
        });
    });
}

/// G7, tables 1.5 and 1.6
#[test]
fn g07() {
    program(node_log!("g07"), || {
        let c = actor("c");
        let server = reads_on();
        server.listen(move || {
            let sock = connect(server.port());
            c.watch(sock, "connect ready end finish error close");
            sock.on(Connect, move || {
                sock.destroy();
                let r = sock.write_cb("a", c.cb("a"));
                c.log(format!("write(1) -> {r}"));
                sock.end_with_cb("x", c.cb("end"));
                c.log("end called");
            });
        });
    });
}

/// G8, R34
#[test]
fn g08() {
    program(node_log!("g08"), || {
        let (c, s) = (actor("c"), actor("s"));
        let server = create_server(move |server, peer| {
            server.close();
            s.watch(peer, "data end finish error close");
            peer.end();
        });
        server.listen(move || {
            let sock = connect(server.port());
            c.watch(sock, "end prefinish finish error close");
            sock.resume();
            sock.on(End, move || {
                let r = sock.write_cb("w", c.cb("w"));
                c.log(format!("write(1) -> {r}"));
            });
        });
    });
}

fn end_then_write(c: Actor, sock: Socket) {
    c.watch(sock, "end finish error close");
    sock.resume();
    sock.on(End, move || {
        sock.end();
        let r = sock.write_cb("z", c.cb("z"));
        c.log(format!("write(1) -> {r} destroyed {}", sock.destroyed()));
    });
}

/// G9, R34
#[test]
fn g09() {
    program(node_log!("g09"), || {
        let c = actor("c");
        let server = ends_at_once();
        server.listen(move || end_then_write(c, connect(server.port())));
    });
}

/// G9, second part
#[test]
fn g09_half_open() {
    program(node_log!("g09_half_open"), || {
        let c = actor("c");
        let server = ends_at_once();
        server.listen(move || end_then_write(c, connect_with(Options::port(server.port()).half_open())));
    });
}

/// G9, third part
#[test]
fn g09_end_first() {
    program(node_log!("g09_end_first"), || {
        let c = actor("c");
        let server = reads_on();
        server.listen(move || {
            let sock = connect(server.port());
            c.watch(sock, "connect end finish error close");
            sock.resume();
            sock.on(Connect, move || sock.end_cb(c.cb("end")));
            sock.on(End, move || {
                let r = sock.write_cb("z", c.cb("z"));
                c.log(format!("write(1) -> {r} destroyed {}", sock.destroyed()));
            });
        });
    });
}

/// G10, R29
#[test]
fn g10() {
    program(node_log!("g10"), || {
        let c = actor("c");
        let server = new_server();
        server.listen(move || {
            let sock = connect(server.port());
            c.watch(sock, "connectionAttempt connect ready finish error close");
            sock.write_cb("a", c.cb("a"));
            sock.write_cb("b", c.cb("b"));
            sock.end_cb(c.cb("end"));
            sock.destroy();
            c.log(format!("readyState {} pending {}", sock.ready_state(), sock.pending()));
            server.close();
        });
    });
}

fn refused_with_writes() {
    let c = actor("c");
    refused_port(move |port| {
        let sock = connect(port);
        c.watch(sock, "connectionAttempt connectionAttemptFailed connect ready error close");
        sock.on(ConnectionAttemptFailed, move || c.log(format!("destroyed {}", sock.destroyed())));
        sock.on(Error, move || c.log(format!("destroyed {}", sock.destroyed())));
        sock.write_cb("a", c.cb("a"));
        sock.write_cb("b", c.cb("b"));
    });
}

/// G11, R29
#[test]
fn g11() {
    program(node_log!("g11"), refused_with_writes);
}

/// G11, R3: a refusal within the call gives the same order.
#[test]
fn g11_refused_within_the_call() {
    program(node_log!("g11"), || {
        with_world(|w| w.force("Connect", netfold_core::Reply::Failed(netfold_core::Errno::ECONNREFUSED)));
        refused_with_writes();
    });
}

/// G12, table 1.5
#[test]
fn g12() {
    program(node_log!("g12"), || {
        let c = actor("c");
        let sock = new_socket();
        c.watch(sock, "error close");
        let r = sock.write_cb("a", c.cb("a"));
        c.log(format!("write(1) -> {r} destroyed {}", sock.destroyed()));
    });
}

/// G13, R29
#[test]
fn g13() {
    program(node_log!("g13"), || {
        let c = actor("c");
        let server = reads_on();
        server.listen(move || {
            let sock = connect(server.port());
            c.watch(sock, "connect drain finish error close");
            sock.on(Connect, move || {
                let r = sock.write_cb(alloc(LARGE), c.cb("w1"));
                c.log(format!("write(20000000) -> {r}"));
                sock.write_cb("b", c.cb("b"));
                sock.destroy();
            });
        });
    });
}

/// G14, R29
#[test]
fn g14() {
    program(node_log!("g14"), || {
        let c = actor("c");
        let server = reads_on();
        server.listen(move || {
            let sock = connect(server.port());
            c.watch(sock, "connect drain finish error close");
            sock.on(Connect, move || {
                let r = sock.write_cb(alloc(LARGE), c.cb("w1"));
                c.log(format!("write(20000000) -> {r}"));
                sock.write_cb("b", c.cb("b"));
                sock.end_cb(c.cb("end"));
                sock.destroy_with(boom());
            });
        });
    });
}

fn reset_in_flight(paused: bool) {
    let c = actor("c");
    let peer = cell(None);
    let server = silent(peer);
    server.listen(move || {
        let sock = connect(server.port());
        if paused {
            sock.pause();
        }
        c.watch(sock, "connect drain end finish error close");
        sock.on(Connect, move || {
            let r = sock.write_cb(alloc(LARGE), c.cb("w1"));
            c.log(format!("write(20000000) -> {r}"));
            sock.write_cb("b", c.cb("b"));
            sock.end_cb(c.cb("end"));
            let reset = move || peer.get().expect("accepted").reset_and_destroy().expect("a TCP socket");
            when(move || peer.get().is_some(), reset);
        });
    });
}

/// G15, R29
#[test]
fn g15() {
    program(node_log!("g15"), || reset_in_flight(false));
}

/// G16, R29
#[test]
fn g16() {
    program(node_log!("g16"), || reset_in_flight(true));
}

/// G17, R29
#[test]
fn g17() {
    program(node_log!("g17"), || {
        let c = actor("c");
        let server = create_server(|server, peer| {
            server.close();
            peer.destroy();
        });
        server.listen(move || {
            let sock = connect_with(Options::port(server.port()).half_open());
            c.watch(sock, "end drain finish error close");
            sock.resume();
            sock.on(End, move || {
                let r = sock.write_cb("1", c.cb("w1"));
                c.log(format!("write(1) -> {r}"));
                set_timeout(20, move || {
                    let r = sock.write_cb("2", c.cb("w2"));
                    c.log(format!("write(1) -> {r} destroyed {}", sock.destroyed()));
                    let r = sock.write_cb("3", c.cb("w3"));
                    c.log(format!("write(1) -> {r} destroyed {}", sock.destroyed()));
                });
            });
        });
    });
}

/// G18, R27, R28
#[test]
fn g18() {
    program(node_log!("g18"), || {
        let c = actor("c");
        let server = reads_on();
        server.listen(move || {
            let sock = connect(server.port());
            c.watch(sock, "drain finish error close");
            sock.on(Connect, move || {
                let r = sock.write_cb(alloc(8_000_000), c.cb("w1"));
                c.log(format!("write(8000000) -> {r}"));
                let r = sock.write_cb("b", c.cb("w2"));
                c.log(format!("write(1) -> {r}"));
                let r = sock.write_cb("c", c.cb("w3"));
                c.log(format!("write(1) -> {r}"));
                let r = sock.write("d");
                c.log(format!("write(1) -> {r}"));
            });
            sock.on(Drain, move || set_immediate(move || sock.end()));
        });
    });
}

/// G19, R27
#[test]
fn g19() {
    program(node_log!("g19"), || {
        let c = actor("c");
        let server = reads_on();
        server.listen(move || {
            let sock = connect_with(Options::port(server.port()).marks(3));
            c.watch(sock, "drain finish error close");
            let f = c.cb("f");
            sock.on(Connect, move || {
                let r = sock.write_cb("abcd", c.cb("w1"));
                c.log(format!("write(4) -> {r}"));
                let r = sock.write_cb("b", c.cb("w2"));
                c.log(format!("write(1) -> {r}"));
                let r = sock.write_cb("x", f);
                c.log(format!("write(1) -> {r}"));
                let r = sock.write_cb("y", f);
                c.log(format!("write(1) -> {r}"));
                let r = sock.write("z");
                c.log(format!("write(1) -> {r}"));
                set_immediate(move || sock.end());
            });
        });
    });
}

/// G20, R27, R28
#[test]
fn g20() {
    program(node_log!("g20"), || {
        let c = actor("c");
        let server = reads_on();
        server.listen(move || {
            let sock = connect_with(Options::port(server.port()).marks(5));
            c.watch(sock, "drain finish error close");
            sock.on(Connect, move || {
                sock.cork();
                let r = sock.write_cb("abc", c.cb("a"));
                c.log(format!("write(3) -> {r}"));
                let r = sock.write_cb("def", c.cb("b"));
                c.log(format!("write(3) -> {r} writableLength {}", sock.writable_length()));
                next_tick(move || {
                    sock.uncork();
                    c.log(format!("uncork writableLength {}", sock.writable_length()));
                });
                set_immediate(move || sock.end());
            });
        });
    });
}

/// G21, R16, R17
#[test]
fn g21() {
    program(node_log!("g21"), || {
        let c = actor("c");
        let peer = cell(None);
        let server = create_server(move |server, accepted| {
            server.close();
            peer.set(Some(accepted));
            accepted.write(alloc(10));
        });
        let peer = move || peer.get().expect("accepted");
        server.listen(move || {
            let sock = connect(server.port());
            c.watch(sock, "data pause resume end close");
            sock.once(Data, move || {
                sock.pause();
                peer().write(alloc(10_000));
                when(
                    move || sock.readable_length() == 10_000,
                    move || {
                        c.log(format!("readableLength {}", sock.readable_length()));
                        peer().end_with(alloc(100_000));
                        when(
                            move || sock.readable_length() > 10_000,
                            move || {
                                let (length, read) = (sock.readable_length(), sock.bytes_read());
                                c.log(format!("readableLength {length} bytesRead {read}"));
                                sock.resume();
                            },
                        );
                    },
                );
            });
        });
    });
}

/// G22, R39, R40, R41
#[test]
fn g22() {
    program(node_log!("g22"), || {
        let c = actor("c");
        let server = reads_on();
        server.listen(move || {
            let sock = connect(server.port());
            let timeouts = cell(0);
            sock.set_timeout_cb(40, move || c.log("timeout callback"));
            c.watch(sock, "timeout end finish close");
            sock.on(Timeout, move || {
                timeouts.set(timeouts.get() + 1);
                if timeouts.get() == 1 {
                    let r = sock.write_cb("again", c.cb("w"));
                    c.log(format!("write(5) -> {r}"));
                } else {
                    set_timeout(100, move || {
                        c.log("no third timeout");
                        sock.end();
                    });
                }
            });
        });
    });
}

/// G26, R48
#[test]
fn g26() {
    program(node_log!("g26"), || {
        let server = actor("server");
        let srv = new_server();
        server.watch_server(srv, "listening connection error close");
        srv.listen_cb(Server::any(0), move || {
            server.log("listen callback");
            set_immediate(move || {
                srv.close_cb(server.cb("close"));
                let address = srv.address().map_or("null".to_string(), |a| a.to_string());
                server.log(format!("listening {} address {address}", srv.listening()));
            });
        });
        let address = srv.address().expect("listening").ip();
        server.log(format!("listening {} address {address} {}", srv.listening(), mask_port(srv.port())));
    });
}

/// G27, R48
#[test]
fn g27() {
    program(node_log!("g27"), || {
        let (fresh, twice) = (actor("fresh"), actor("twice"));
        let a = new_server();
        fresh.watch_server(a, "close error");
        a.close_cb(fresh.cb("close"));
        fresh.log("close called");
        let b = new_server();
        twice.watch_server(b, "listening close error");
        b.listen(move || {
            b.close_cb(twice.cb("close 1"));
            b.close_cb(twice.cb("close 2"));
            twice.log("close called twice");
        });
    });
}

/// G28, R48
#[test]
fn g28() {
    program(node_log!("g28"), || {
        let both = actor("server and s");
        let sock = cell(None::<Socket>);
        let srv = create_server(move |srv, peer| {
            peer.on(Finish, move || both.log("s.finish"));
            peer.on_close(move |had_error| both.log(format!("s.close {}", had_error.is_some_and(|e| e))));
            peer.resume();
            srv.close_cb(both.cb("close"));
            both.log("close called");
            sock.get().expect("connected").end();
        });
        srv.on(ServerClose, move || both.log("server.close"));
        srv.listen(move || {
            let client = connect(srv.port());
            sock.set(Some(client));
            client.resume();
        });
    });
}

/// G29, R48
#[test]
fn g29() {
    program(node_log!("g29"), || {
        let (server, c2) = (actor("server"), actor("c2"));
        let first = cell(None::<Socket>);
        let srv = create_server(move |srv, peer| {
            peer.resume();
            let second = connect(srv.port());
            c2.watch(second, "connect ready end finish error close");
            second.resume();
            second.on(Close, move || {
                first.get().expect("connected").end();
                srv.close();
            });
        });
        srv.set_max_connections(1);
        server.watch_server(srv, "connection drop close");
        srv.listen(move || {
            let client = connect(srv.port());
            first.set(Some(client));
            client.resume();
        });
    });
}

/// G30, R48, R53
#[test]
fn g30() {
    program(node_log!("g30"), || {
        let server = actor("server");
        let other = new_server();
        other.listen(move || {
            let srv = new_server();
            server.watch_server(srv, "listening close error");
            srv.on_error(move |error| {
                let port = mask_port(error.port().expect("a port"));
                let (errno, syscall) = (error.errno().expect("an errno"), error.syscall().expect("a syscall"));
                let (code, address) = (error.code(), error.address().expect("an address"));
                server.log(format!("code {code} errno {errno} syscall {syscall} address {address} port {port}"));
                server.log(format!("keys {}", keys(error)));
                other.close();
                srv.listen(move || {
                    server.log("second listen callback");
                    srv.close_cb(server.cb("close"));
                });
            });
            srv.listen_cb(Server::local(other.port()), move || server.log("first listen callback"));
            server.log(format!("listening {}", srv.listening()));
        });
    });
}

/// G31, R45, R48
#[test]
fn g31() {
    program(node_log!("g31"), || {
        let server = actor("server");
        let path: &'static str = temp_path().leak();
        let srv = new_server();
        server.watch_server(srv, "listening close error");
        let note = move || {
            let same = srv.address_path().as_deref() == Some(path);
            server.log(format!("exists {} address same {same}", exists(path)));
        };
        srv.listen_cb(Server::path(path), move || {
            srv.close_cb(server.cb("close"));
            note();
        });
        note();
    });
}

/// G34, table 1.2
#[test]
fn g34() {
    program(node_log!("g34"), || {
        let c = actor("c");
        let accepted = cell(0);
        let server = create_server(move |server, peer| {
            accepted.set(accepted.get() + 1);
            if accepted.get() == 2 {
                server.close();
            }
            peer.resume();
            peer.end_with("hi");
        });
        server.listen(move || {
            let port = server.port();
            let sock = connect(port);
            c.watch(sock, "connectionAttempt connect ready data end finish error close");
            sock.once(Close, move || {
                c.log(format!("bytesRead {} readyState {}", sock.bytes_read(), sock.ready_state()));
                sock.once(Connect, move || c.log("second connectListener"));
                sock.connect(Options::port(port));
                let (n, state, destroyed) = (sock.bytes_read(), sock.ready_state(), sock.destroyed());
                c.log(format!("bytesRead {n} readyState {state} destroyed {destroyed}"));
            });
        });
    });
}
