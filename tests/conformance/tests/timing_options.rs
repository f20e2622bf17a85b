//! Timeouts, options, addresses and Unix paths: the programs r39 to r56 of `spec/node`, line by line.
//!
//! `r39_set_timeout_args` and `r43_options_return_this` hold things that the types here rule out; their `_part`
//! programs hold the rest. Of `r47_socket_options` nothing is left. Left out, because netfold has no such thing:
//! `r46b_pipe` and `r46b_pipe_dest_destroyed` (pipe), `r56_is_ip` (isIP).

use netfold::EventKind::*;
use netfold::core::Target;
use netfold::{Connect, Limits, Listen, Net, Server, ServerOptions, SharedError, Socket, SocketOptions, System};
use netfold_conformance::{Actor, Log, error_text, mask_port, port_of, when};
use std::cell::Cell;

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

/// Something that may be undefined, printed.
fn or_undefined(value: Option<impl ToString>) -> String {
    value.map_or(String::from("undefined"), |value| value.to_string())
}

/// Logs what a call threw.
fn throws(net: &Net<()>, c: &Actor, label: &str, result: Result<(), SharedError>) {
    match result {
        Ok(()) => c.log(net, format!("{label} ok")),
        Err(error) => c.log(net, format!("{label} threw {}", error_text(Some(&error)))),
    }
}

/// A server that takes one connection and reads all that comes in.
fn reading_server(net: &mut Net<()>) -> Server {
    let server = net.server(ServerOptions::default());
    server.on_connection(net, move |net, peer| {
        server.close(net);
        peer.resume(net);
    });
    server
}

#[test]
fn r39_set_timeout_args_part() {
    let mut net = new_net();
    let log = Log::new();
    let c = actor(&log, "c");
    let sock = net.socket(SocketOptions::default()).unwrap();
    let set = |net: &mut Net<()>, label: &str, ms: f64| {
        let result = sock.set_timeout(net, ms);
        throws(net, c, &format!("setTimeout({label})"), result);
    };
    let show = |net: &Net<()>| c.log(net, format!("timeout {}", or_undefined(sock.timeout(net))));
    show(&net);
    set(&mut net, "NaN", f64::NAN);
    show(&net);
    set(&mut net, "-1", -1.0);
    show(&net);
    set(&mut net, "-0.5", -0.5);
    set(&mut net, "Infinity", f64::INFINITY);
    set(&mut net, "-Infinity", f64::NEG_INFINITY);
    set(&mut net, "0", 0.0);
    show(&net);
    sock.destroy(&mut net);
    sock.set_timeout(&mut net, 50.0).unwrap();
    c.log(&net, format!("timeout after destroy {}", or_undefined(sock.timeout(&net))));
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/r39_set_timeout_args_part.log"));
}

#[test]
fn r39_timeout_callbacks() {
    const TIMEOUT_MS: f64 = 20.0;
    const KEEP_ALIVE_MS: f64 = 100.0;
    let mut net = new_net();
    let log = Log::new();
    let c = actor(&log, "c");
    let sock = net.socket(SocketOptions::default()).unwrap();
    sock.set_timeout_then(&mut net, TIMEOUT_MS, move |net, _| c.log(net, "first")).unwrap();
    let removed = sock.set_timeout_then(&mut net, TIMEOUT_MS, move |net, _| c.log(net, "removed")).unwrap();
    let removed = removed.expect("a listener of a socket that is not destroyed");
    sock.set_timeout_then(&mut net, TIMEOUT_MS, move |net, _| c.log(net, "second")).unwrap();
    // `setTimeout(0, removed)`
    sock.set_timeout(&mut net, 0.0).unwrap();
    sock.off(&mut net, removed);
    c.log(&net, format!("listeners {}", sock.listener_count(&net, Timeout)));
    sock.set_timeout(&mut net, TIMEOUT_MS).unwrap();
    c.watch(&mut net, sock, &[Timeout, Close]);
    sock.on_timeout(&mut net, move |net, sock| {
        c.log(net, format!("listeners {}", sock.listener_count(net, Timeout)));
    });
    // The idle timer alone does not keep the loop alive.
    net.set_timeout(KEEP_ALIVE_MS, move |net| {
        c.log(net, "destroy");
        sock.destroy(net);
    });
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/r39_timeout_callbacks.log"));
}

#[test]
fn r39_timeout_connecting() {
    const TIMEOUT_MS: f64 = 20.0;
    const KEEP_ALIVE_MS: f64 = 80.0;
    let mut net = new_net();
    let log = Log::new();
    let c = actor(&log, "c");
    let sock = net.socket(SocketOptions::default()).unwrap();
    sock.set_timeout(&mut net, TIMEOUT_MS).unwrap();
    sock.connect_looking_up(&mut net, Connect::port(80).host("some.name").auto_select_family(false), |_, _| {})
        .unwrap();
    c.watch(&mut net, sock, &[Timeout, Error, Close]);
    sock.on_timeout(&mut net, move |net, sock| {
        c.log(net, format!("connecting {}", sock.connecting(net)));
        sock.destroy(net);
    });
    net.set_timeout(KEEP_ALIVE_MS, move |net| c.log(net, "done"));
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/r39_timeout_connecting.log"));
}

#[test]
fn r40_timeout_after_end() {
    const TIMEOUT_MS: f64 = 30.0;
    let mut net = new_net();
    let log = Log::new();
    let c = actor(&log, "c");
    let half_open = SocketOptions { allow_half_open: true, ..SocketOptions::default() };
    let server = net.server(ServerOptions { socket: half_open, ..ServerOptions::default() });
    server.on_connection(&mut net, move |net, peer| {
        server.close(net);
        peer.on_error(net, |_, _, _| {});
        peer.resume(net);
        peer.on_close(net, move |net, _, _| c.log(net, "peer closed"));
        peer.on_end(net, |net, peer| {
            peer.set_timeout_then(net, 4.0 * TIMEOUT_MS, |net, peer| peer.end(net)).unwrap();
        });
    });
    server.listen_then(&mut net, ("127.0.0.1", 0), move |net, server| {
        let port = port_of(net, server);
        let sock = net.connect(("127.0.0.1", port)).unwrap();
        sock.set_timeout(net, TIMEOUT_MS).unwrap();
        c.watch(net, sock, &[Timeout, Finish, End, Close]);
        sock.on_connect(net, |net, sock| sock.end(net));
    });
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/r40_timeout_after_end.log"));
}

#[test]
fn r41_refresh_by_data() {
    const STEP_MS: f64 = 80.0;
    const TIMEOUT_MS: f64 = 200.0;
    let mut net = new_net();
    let log = Log::new();
    let c = actor(&log, "c");
    let server = net.server(ServerOptions::default());
    server.on_connection(&mut net, move |net, peer| {
        server.close(net);
        peer.resume(net);
        peer.write(net, "a");
        for (step, text) in [(1.0, "b"), (2.0, "c"), (3.0, "d")] {
            net.set_timeout(step * STEP_MS, move |net| {
                peer.write(net, text);
            });
        }
    });
    server.listen_then(&mut net, ("127.0.0.1", 0), move |net, server| {
        let port = port_of(net, server);
        let sock = net.connect(("127.0.0.1", port)).unwrap();
        sock.set_timeout(net, TIMEOUT_MS).unwrap();
        c.watch(net, sock, &[Data, Timeout, Finish, Close]);
        sock.on_timeout(net, |net, sock| sock.end(net));
    });
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/r41_refresh_by_data.log"));
}

#[test]
fn r42_stuck_write_times_out() {
    const LARGE: usize = 20_000_000;
    const TIMEOUT_MS: f64 = 50.0;
    let mut net = new_net();
    let log = Log::new();
    let c = actor(&log, "c");
    let peer: &Cell<Option<Socket>> = cell(None);
    let server = net.server(ServerOptions { pause_on_connect: true, ..ServerOptions::default() });
    server.on_connection(&mut net, move |net, accepted| {
        server.close(net);
        peer.set(Some(accepted));
    });
    server.listen_then(&mut net, ("127.0.0.1", 0), move |net, server| {
        let port = port_of(net, server);
        let sock = net.connect(("127.0.0.1", port)).unwrap();
        c.watch(net, sock, &[Drain, Timeout, Error, Close]);
        when(
            net,
            move |net| peer.get().is_some() && !sock.connecting(net),
            move |net| {
                sock.set_timeout(net, TIMEOUT_MS).unwrap();
                sock.write_then(net, vec![0; LARGE], c.cb("w"));
                net.set_timeout(TIMEOUT_MS + TIMEOUT_MS / 2.0, move |net| c.log(net, "one and a half periods"));
            },
        );
        sock.on_timeout(net, move |net, sock| {
            sock.destroy(net);
            peer.get().unwrap().destroy(net);
        });
    });
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/r42_stuck_write_times_out.log"));
}

#[test]
fn r43_options_part() {
    let mut net = new_net();
    let log = Log::new();
    let c = actor(&log, "c");
    let server = reading_server(&mut net);
    server.listen_then(&mut net, ("127.0.0.1", 0), move |net, server| {
        let sock = net.socket(SocketOptions::default()).unwrap();
        let check = move |net: &mut Net<()>, label: &str| {
            sock.set_no_delay(net, true);
            sock.set_no_delay(net, false);
            sock.set_keep_alive(net, true, 2999);
            sock.ref_(net);
            sock.unref(net);
            sock.ref_(net);
            sock.pause(net);
            sock.resume(net);
            // The machine's own steps among them.
            let listeners = net.core().listener_count(Target::Socket(sock.id()), Connect);
            c.log(net, format!("{label} connect listeners {listeners}"));
        };
        check(net, "idle");
        let port = port_of(net, server);
        sock.connect(net, ("127.0.0.1", port)).unwrap();
        check(net, "connecting");
        sock.on_ready(net, move |net, sock| {
            check(net, "ready");
            sock.destroy(net);
            check(net, "destroyed");
        });
    });
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/r43_options_part.log"));
}

#[test]
fn r45_address() {
    let mut net = new_net();
    let log = Log::new();
    let c = actor(&log, "c");
    let show = move |net: &mut Net<()>, sock: Socket, label: &str| {
        let a = sock.address(net);
        let (ip, family) = (or_undefined(a.map(|a| a.ip())), or_undefined(sock.local_family(net)));
        let port = if a.is_some() { "a port" } else { "undefined" };
        let local = or_undefined(sock.local_address(net));
        let (remote, remote_family) = (or_undefined(sock.remote_address(net)), or_undefined(sock.remote_family(net)));
        let remote_port = or_undefined(sock.remote_port(net).map(mask_port));
        let ends = format!("local {local} remote {remote} {remote_family} {remote_port}");
        c.log(net, format!("{label} address {ip} {family} {port} {ends}"));
    };
    let server = reading_server(&mut net);
    server.listen_then(&mut net, ("127.0.0.1", 0), move |net, server| {
        let sock = net.socket(SocketOptions::default()).unwrap();
        show(net, sock, "idle");
        let port = port_of(net, server);
        sock.connect(net, ("127.0.0.1", port)).unwrap();
        show(net, sock, "connecting");
        sock.on(net, ConnectionAttempt, move |net, sock, _| show(net, sock, "connectionAttempt"));
        sock.on_connect(net, move |net, sock| show(net, sock, "connect"));
        sock.on_ready(net, move |net, sock| {
            sock.destroy(net);
            show(net, sock, "destroyed");
        });
        sock.on_close(net, move |net, sock, _| show(net, sock, "close"));
    });
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/r45_address.log"));
}

#[test]
fn r45_dual_stack() {
    let mut net = new_net();
    let log = Log::new();
    let s = actor(&log, "s");
    let server = net.server(ServerOptions::default());
    server.on_connection(&mut net, move |net, peer| {
        server.close(net);
        let (remote, remote_family) = (peer.remote_address(net).unwrap(), peer.remote_family(net).unwrap());
        let (local, local_family) = (peer.local_address(net).unwrap(), peer.local_family(net).unwrap());
        s.log(net, format!("remote {remote} {remote_family} local {local} {local_family}"));
        peer.resume(net);
    });
    server.listen_then(&mut net, 0, |net, server| {
        let port = port_of(net, server);
        let sock = net.connect(("127.0.0.1", port)).unwrap();
        sock.on_connect(net, |net, sock| sock.end(net));
    });
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/r45_dual_stack.log"));
}

#[test]
fn r45_remote_not_asked() {
    let mut net = new_net();
    let log = Log::new();
    let c = actor(&log, "c");
    let server = reading_server(&mut net);
    server.listen_then(&mut net, ("127.0.0.1", 0), move |net, server| {
        let port = port_of(net, server);
        let sock = net.connect(("127.0.0.1", port)).unwrap();
        sock.on_connect(net, move |net, sock| {
            sock.destroy(net);
            let remote = or_undefined(sock.remote_address(net));
            c.log(net, format!("remoteAddress {remote}"));
        });
    });
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/r45_remote_not_asked.log"));
}

#[test]
fn r50_no_directory() {
    let mut net = new_net();
    let log = Log::new();
    let server = actor(&log, "server");
    let srv = net.server(ServerOptions::default());
    server.watch_server(&mut net, srv, &[Listening, ServerClose, Error]);
    srv.listen(&mut net, Listen::path(format!("{}/none", log.temp_path()))).unwrap();
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/r50_no_directory.log"));
}

#[test]
fn r50_stale_path() {
    let mut net = new_net();
    let log = Log::new();
    let c = actor(&log, "c");
    let server = actor(&log, "server");
    let path: &str = log.temp_path().leak();
    // The standard library's listener leaves its file behind, as the killed process of the program does.
    drop(std::os::unix::net::UnixListener::bind(path).unwrap());
    c.log(&net, format!("exists {}", std::fs::exists(path).unwrap()));
    let sock = net.socket(SocketOptions::default()).unwrap();
    c.watch(&mut net, sock, &[ConnectionAttempt, ConnectionAttemptFailed, Connect, Error, Close]);
    sock.connect(&mut net, Connect::path(path)).unwrap();
    sock.on_close(&mut net, move |net, _, _| {
        let srv = net.server(ServerOptions::default());
        server.watch_server(net, srv, &[Listening, ServerClose, Error]);
        srv.listen(net, Listen::path(path)).unwrap();
        srv.on_error(net, move |_, _, _| std::fs::remove_file(path).unwrap());
    });
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/r50_stale_path.log"));
}
