//! Connecting: the programs `t12_*`, on real sockets.

use netfold::EventKind::*;
use netfold::{Connect, LookupCode, LookupRequest, Net, NodeError, Server, Socket};
use netfold_conformance::{Actor, Log, mask_port, port_of, refused_port, when};
use std::cell::{Cell, RefCell};
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::rc::Rc;

const LOCALHOST: &str = "127.0.0.1";

type Loop = Net<()>;

fn new() -> (Log, Loop) {
    (Log::new(), Net::new(()).expect("a loop"))
}

/// `net.createServer(listener)`, for a listener that needs the server.
fn server(net: &mut Loop, listener: impl Fn(&mut Loop, Server, Socket) + 'static) -> Server {
    let server = net.server(netfold::ServerOptions::default());
    server.on_connection(net, move |net, peer| listener(net, server, peer));
    server
}

/// A server that closes at its first connection, discards what comes and listens on 127.0.0.1.
fn listening(net: &mut Loop, then: impl Fn(&mut Loop, u16) + 'static) {
    let server = server(net, |net, server, peer| {
        server.close(net);
        peer.on_error(net, |_, _, _| {});
        peer.resume(net);
    });
    server.listen_then(net, (LOCALHOST, 0), move |net, server| {
        let port = port_of(net, server);
        then(net, port);
    });
}

fn socket(net: &mut Loop) -> Socket {
    net.socket(netfold::SocketOptions::default()).expect("there is room for a socket")
}

/// `Object.keys(error)`: the order is JavaScript's and given here; which of them the error has is looked up.
fn keys(error: &NodeError) -> String {
    let has = [
        ("errno", error.errno().is_some()),
        ("code", !error.code().is_empty()),
        ("syscall", error.syscall().is_some()),
        ("address", error.address().is_some()),
        ("port", error.port().is_some()),
        ("localAddress", error.local().is_some()),
        ("localPort", error.local().is_some()),
    ];
    let names: Vec<&str> = has.iter().filter(|(_, has)| *has).map(|(name, _)| *name).collect();
    names.join(",")
}

fn port_text(port: Option<i32>) -> String {
    port.map_or(String::from("undefined"), |port| u16::try_from(port).map_or(port.to_string(), mask_port))
}

/// `{ port, host: 'some.name', autoSelectFamily: false }`
fn one_address(port: u16) -> Connect {
    Connect::port(port).host("some.name").auto_select_family(false)
}

fn answer(net: &mut Loop, request: &LookupRequest) {
    request.answer(net, Ok(vec![IpAddr::V4(Ipv4Addr::LOCALHOST)]));
}

#[test]
fn t12_connect_path() {
    let (log, mut net) = new();
    let c = log.actor("c");
    let path = log.temp_path();
    let server = server(&mut net, |net, server, peer| {
        server.close(net);
        peer.end_with(net, "hi");
        peer.resume(net);
    });
    server.listen_then(&mut net, Path::new(&path.clone()), move |net, _| {
        let sock = socket(net);
        c.watch(net, sock, &[Lookup, ConnectionAttempt, Connect, Ready, Data, End, Finish, Close]);
        let listener = c.clone();
        sock.once(net, Connect, move |net, _, _| listener.log(net, "connectListener"));
        sock.connect(net, Path::new(&path)).unwrap();
        c.log(net, format!("connect called, readyState {}", sock.ready_state(net).as_str()));
    });
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/t12_connect_path.log"));
}

#[test]
fn t12_connect_path_missing() {
    let (log, mut net) = new();
    let net = &mut net;
    let c = log.actor("c");
    let sock = socket(net);
    c.watch(net, sock, &[ConnectionAttempt, ConnectionAttemptFailed, Connect, Error, Close]);
    let actor = c.clone();
    sock.on_error(net, move |net, _, err| {
        actor.log(net, format!("errno {} keys {}", err.errno().unwrap(), keys(&err)));
    });
    sock.connect(net, Path::new(&log.temp_path())).unwrap();
    c.log(net, format!("connect called, connecting {}", sock.connecting(net)));
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/t12_connect_path_missing.log"));
}

#[test]
fn t12_connect_twice() {
    let (log, mut net) = new();
    let c = log.actor("c");
    listening(&mut net, move |net, port| {
        let sock = socket(net);
        c.watch(net, sock, &[ConnectionAttempt, ConnectionAttemptFailed, Connect, Ready, Error, Close]);
        for listener in ["connectListener 1", "connectListener 2"] {
            let c = c.clone();
            sock.once(net, Connect, move |net, _, _| c.log(net, listener));
            sock.connect(net, (LOCALHOST, port)).unwrap();
        }
    });
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/t12_connect_twice.log"));
}

#[test]
fn t12_destroy_before_attempt() {
    let (log, mut net) = new();
    let net = &mut net;
    let c = log.actor("c");
    let sock = net.connect((LOCALHOST, 80)).unwrap();
    c.watch(net, sock, &[ConnectionAttempt, Connect, Ready, Error, Close]);
    sock.destroy_with(net, "boom");
    c.log(net, format!("connecting {} destroyed {}", sock.connecting(net), sock.destroyed(net)));
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/t12_destroy_before_attempt.log"));
}

#[test]
fn t12_destroy_in_attempt() {
    let (log, mut net) = new();
    let c = log.actor("c");
    listening(&mut net, move |net, port| {
        let sock = net.connect((LOCALHOST, port)).unwrap();
        c.watch(net, sock, &[ConnectionAttempt, ConnectionAttemptFailed, Connect, Ready, Error, Close]);
        let c = c.clone();
        sock.on(net, ConnectionAttempt, move |net, sock, _| {
            let c = c.clone();
            net.next_tick(move |net| {
                c.log(net, "destroy");
                sock.destroy(net);
            });
        });
    });
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/t12_destroy_in_attempt.log"));
}

#[test]
fn t12_destroy_in_connect() {
    let (log, mut net) = new();
    let c = log.actor("c");
    let server = server(&mut net, |net, server, peer| {
        server.close(net);
        peer.resume(net);
    });
    server.listen_then(&mut net, (LOCALHOST, 0), move |net, server| {
        let port = port_of(net, server);
        let sock = net.connect((LOCALHOST, port)).unwrap();
        let actor = c.clone();
        sock.on_connect(net, move |net, sock| {
            actor.log(net, "destroy");
            sock.destroy(net);
        });
        c.watch(net, sock, &[Connect, Ready, Finish, Error, Close]);
    });
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/t12_destroy_in_connect.log"));
}

#[test]
fn t12_destroy_in_lookup() {
    let (log, mut net) = new();
    let net = &mut net;
    let c = log.actor("c");
    let sock = socket(net);
    let lookup = |net: &mut Loop, request: LookupRequest| net.set_immediate(move |net| answer(net, &request));
    sock.connect_looking_up(net, one_address(80), lookup).unwrap();
    c.watch(net, sock, &[Lookup, ConnectionAttempt, Connect, Error, Close]);
    sock.on_lookup(net, |net, sock, _| sock.destroy(net));
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/t12_destroy_in_lookup.log"));
}

#[test]
fn t12_lookup_after_destroy() {
    let (log, mut net) = new();
    let net = &mut net;
    let c = log.actor("c");
    let asked: Rc<RefCell<Option<LookupRequest>>> = Rc::default();
    let sock = socket(net);
    let request = asked.clone();
    sock.connect_looking_up(net, one_address(80), move |_, asked| {
        request.replace(Some(asked));
    })
    .unwrap();
    c.watch(net, sock, &[Lookup, ConnectionAttempt, Connect, Error, Close]);
    sock.destroy(net);
    sock.on_close(net, move |net, _, _| {
        let (c, asked) = (c.clone(), asked.clone());
        net.set_immediate(move |net| {
            answer(net, &asked.take().expect("the lookup was called"));
            c.log(net, "answered");
        });
    });
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/t12_lookup_after_destroy.log"));
}

#[test]
fn t12_lookup_error() {
    let (log, mut net) = new();
    let net = &mut net;
    let c = log.actor("c");
    let sock = socket(net);
    let actor = c.clone();
    sock.connect_looking_up(net, one_address(80), move |net, request| {
        let c = actor.clone();
        net.set_immediate(move |net| {
            request.answer(net, Err(LookupCode::NotFound));
            c.log(net, format!("destroyed {}", sock.destroyed(net)));
        });
    })
    .unwrap();
    c.watch(net, sock, &[Lookup, ConnectionAttempt, Connect, Error, Close]);
    sock.write_then(net, "a", c.cb("a"));
    sock.write_then(net, "b", c.cb("b"));
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/t12_lookup_error.log"));
}

#[test]
fn t12_lookup_sync() {
    let (log, mut net) = new();
    let c = log.actor("c");
    listening(&mut net, move |net, port| {
        let sock = socket(net);
        c.watch(net, sock, &[Lookup, ConnectionAttempt, Connect, Ready, Close]);
        sock.connect_looking_up(net, one_address(port), |net, request| answer(net, &request)).unwrap();
        c.log(net, "connect called");
        sock.on_ready(net, |net, sock| sock.end(net));
    });
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/t12_lookup_sync.log"));
}

#[test]
fn t12_lookup_tick() {
    let (log, mut net) = new();
    let c = log.actor("c");
    listening(&mut net, move |net, port| {
        let sock = socket(net);
        let actor = c.clone();
        let to = Connect::port(port).host("some.name").family(4);
        sock.connect_looking_up(net, to, move |net, request| {
            let LookupRequest { host, family, hints, .. } = &request;
            actor.log(net, format!("lookup called {host} family {family} hints {hints}"));
            net.next_tick(move |net| answer(net, &request));
        })
        .unwrap();
        c.watch(net, sock, &[Lookup, ConnectionAttempt, Connect, Ready, Close]);
        c.log(net, "connect called");
        sock.on_ready(net, |net, sock| sock.end(net));
    });
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/t12_lookup_tick.log"));
}

/// As in the program: long enough for a 'finish' that would be wrong.
const LONG_ENOUGH_MS: f64 = 30.0;

fn end_after_reconnect(net: &mut Loop, c: &Actor, sock: Socket) {
    sock.end_then(net, c.cb("end"));
    let c = c.clone();
    net.set_timeout(LONG_ENOUGH_MS, move |net| {
        c.log(net, format!("writableFinished {}", sock.view(net).unwrap().writable_finished()));
        sock.destroy(net);
    });
}

#[test]
fn t12_reconnect_before_close() {
    let (log, mut net) = new();
    let c = log.actor("c");
    let accepted = Cell::new(0);
    let server = server(&mut net, move |net, server, peer| {
        accepted.set(accepted.get() + 1);
        if accepted.get() == 2 {
            server.close(net);
        }
        peer.on_error(net, |_, _, _| {});
        peer.resume(net);
    });
    server.listen_then(&mut net, (LOCALHOST, 0), move |net, server| {
        let port = port_of(net, server);
        let sock = socket(net);
        c.watch(net, sock, &[ConnectionAttempt, Connect, Ready, End, Prefinish, Finish, Error, Close]);
        sock.connect(net, (LOCALHOST, port)).unwrap();
        let actor = c.clone();
        sock.once(net, Connect, move |net, sock, _| {
            sock.write_then(net, "abc", actor.cb("w"));
            sock.destroy(net);
            actor.log(net, format!("bytesWritten {}", sock.bytes_written(net)));
            sock.connect(net, (LOCALHOST, port)).unwrap();
            let (written, state) = (sock.bytes_written(net), sock.ready_state(net).as_str());
            let destroyed = sock.destroyed(net);
            actor.log(net, format!("bytesWritten {written} readyState {state} destroyed {destroyed}"));
        });
        let c = c.clone();
        sock.once(net, Close, move |net, sock, _| {
            c.log(net, format!("readyState {}", sock.ready_state(net).as_str()));
            let c = c.clone();
            when(net, move |net| !sock.connecting(net), move |net| end_after_reconnect(net, &c, sock));
        });
    });
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/t12_reconnect_before_close.log"));
}

#[test]
fn t12_refused() {
    let (log, mut net) = new();
    let c = log.actor("c");
    refused_port(&mut net, move |net, port| {
        let actor = c.clone();
        let sock = net.connect_then((LOCALHOST, port), move |net, _| actor.log(net, "connectListener")).unwrap();
        c.watch(net, sock, &[ConnectionAttempt, ConnectionAttemptFailed, Connect, Ready, Error, Close]);
        let actor = c.clone();
        sock.on(net, ConnectionAttemptFailed, move |net, sock, _| {
            actor.log(net, format!("connecting {} destroyed {}", sock.connecting(net), sock.destroyed(net)));
        });
        let actor = c.clone();
        sock.on_error(net, move |net, _, err| {
            let (errno, syscall) = (err.errno().unwrap(), err.syscall().unwrap());
            let (address, port) = (err.address().unwrap(), port_text(err.port()));
            actor.log(net, format!("errno {errno} syscall {syscall} address {address} port {port}"));
            actor.log(net, format!("keys {}", keys(&err)));
        });
    });
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/t12_refused.log"));
}

#[test]
fn t12_lookup_invalid_ip() {
    let (log, mut net) = new();
    let net = &mut net;
    for (name, address, family) in [("ip", "foo", 4), ("family", "127.0.0.1", 7)] {
        let c = log.actor(name);
        let sock = socket(net);
        let lookup = move |net: &mut Loop, request: LookupRequest| {
            net.set_immediate(move |net| request.answer_text(net, &[(address, family)]));
        };
        sock.connect_looking_up(net, one_address(80), lookup).unwrap();
        c.watch(net, sock, &[Lookup, ConnectionAttempt, Connect, Error, Close]);
    }
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/t12_lookup_invalid_ip.log"));
}

#[test]
fn r23_local_port_alone() {
    type Case = (&'static str, fn(Connect, u16) -> Connect);
    const CASES: [Case; 8] = [
        ("localPort", |to, port| to.host("127.0.0.1").local_port(port)),
        ("localPort, IPv6", |to, port| to.host("::1").local_port(port)),
        ("localAddress", |to, _| to.host("127.0.0.1").local_address("127.0.0.1")),
        ("localAddress, localPort 0", |to, _| to.host("127.0.0.1").local_address("127.0.0.1").local_port(0)),
        ("localPort 0", |to, _| to.host("127.0.0.1").local_port(0)),
        ("both", |to, port| to.host("127.0.0.1").local_address("127.0.0.1").local_port(port)),
        ("localAddress '', localPort", |to, port| to.host("127.0.0.1").local_address("").local_port(port)),
        ("a name, localPort", |to, port| to.host("some.name").family(4).local_port(port)),
    ];
    fn local(error: &NodeError) -> (String, String) {
        match error.local() {
            Some((address, port)) => (address.into(), mask_port(port)),
            None => ("undefined".into(), "undefined".into()),
        }
    }
    /// Its ports, which have four or five digits, are no part of the log.
    fn message(error: &NodeError) -> String {
        let text = error.to_string();
        let digits = |part: &str| part.len() > 3 && part.bytes().all(|b| b.is_ascii_digit());
        let parts = text.split_inclusive([':', ')', ' ']).map(|part| match part.strip_suffix([':', ')', ' ']) {
            Some(bare) if digits(bare) => part.replace(bare, "N"),
            None if digits(part) => "N".into(),
            _ => part.into(),
        });
        parts.collect()
    }
    fn next(net: &mut Net<()>, c: &'static Actor, at: usize) {
        let (label, options) = CASES[at];
        refused_port(net, move |net, port| {
            refused_port(net, move |net, local_port| {
                let sock = socket(net);
                let to = options(Connect::port(port), local_port);
                sock.connect_looking_up(net, to, |net, request| request.answer_text(net, &[("127.0.0.1", 4)])).unwrap();
                sock.on_error(net, move |net, _, error| {
                    let fields = if error.local().is_some() { ",localAddress,localPort" } else { "" };
                    let (address, port) = local(&error);
                    let keys = format!("keys errno,code,syscall,address,port{fields}");
                    let ends = format!("localAddress {address} localPort {port}");
                    c.log(net, format!("{label}: {} {keys} {ends}", message(&error)));
                });
                sock.on(net, ConnectionAttemptFailed, move |net, _, event| {
                    let netfold::Event::ConnectionAttemptFailed(failed) = event else { return };
                    let (address, port) = local(&failed.1);
                    c.log(net, format!("failed {address} {port}"));
                });
                sock.on_close(net, move |net, _, _| {
                    if at + 1 < CASES.len() {
                        next(net, c, at + 1);
                    }
                });
            });
        });
    }
    let (log, mut net) = new();
    let c = Box::leak(Box::new(log.actor("c")));
    next(&mut net, c, 0);
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/r23_local_port_alone.log"));
}

#[test]
fn t12_connect_zone() {
    const HOSTS: [&str; 5] = ["::1%lo", "::1%nope", "0:0:0:0:0:0:0:1", "fe80::1%nope", "0:0:0:0:0:0:0:1%lo"];
    fn next(net: &mut Loop, c: &'static Actor, server: Server, port: u16, at: usize) {
        let Some(&host) = HOSTS.get(at) else {
            return server.close_then(net, move |net, _, _| {
                let sock = socket(net);
                sock.connect(net, ("0:0:0:0:0:0:0:1", port)).unwrap();
                sock.on_error(net, move |net, _, error| {
                    c.log(net, format!("refused: {} {}", error.code(), error.address().unwrap()));
                });
            });
        };
        let sock = socket(net);
        sock.connect(net, (host, port)).unwrap();
        sock.on_lookup(net, move |net, _, _| c.log(net, format!("{host}: lookup")));
        sock.on_connect(net, move |net, sock| {
            let remote = sock.remote_address(net).unwrap();
            c.log(net, format!("{host}: connect {remote}"));
        });
        sock.on_error(net, move |net, _, error| {
            let named = error.to_string().contains(&format!(" {host}:"));
            c.log(net, format!("{host}: {} {} {named}", error.code(), error.address().unwrap()));
        });
        sock.on_close(net, move |net, _, _| next(net, c, server, port, at + 1));
        sock.resume(net);
    }
    let (log, mut net) = new();
    let c: &'static Actor = Box::leak(Box::new(log.actor("c")));
    let server = server(&mut net, |net, _, peer| peer.end(net));
    server.listen_then(&mut net, ("::1", 0), move |net, server| {
        let port = port_of(net, server);
        next(net, c, server, port, 0);
    });
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/t12_connect_zone.log"));
}
