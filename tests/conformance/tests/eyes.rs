//! Names with several addresses (the programs `t12_multi_*`, and `g23`, `g24`, `g25`, `g33`), and signals (`r38_*`), on
//! real sockets.

use netfold::EventKind::{self, *};
use netfold::{
    AbortController, AbortSignal, Connect, Listen, LookupCode, LookupRequest, Net, NodeError, Server, ServerOptions,
    Socket, SocketOptions,
};
use netfold_conformance::{Actor, Log, deaf_port, error_text, mask_port, port_of, refused_port};
use std::net::IpAddr;

type Loop = Net<()>;

/// What most programs watch.
const ALL: &[EventKind] =
    &[Lookup, ConnectionAttempt, ConnectionAttemptFailed, ConnectionAttemptTimeout, Connect, Ready, Error, Close];
/// What the programs about signals watch.
const SIGNAL: &[EventKind] =
    &[Lookup, ConnectionAttempt, ConnectionAttemptFailed, Connect, Ready, End, Finish, Error, Close];

fn new() -> (Log, Loop) {
    (Log::new(), Net::new(()).expect("a loop"))
}

fn socket(net: &mut Loop) -> Socket {
    net.socket(SocketOptions::default()).expect("there is room for a socket")
}

fn name(port: u16) -> Connect {
    Connect::port(port).host("some.name")
}

/// `answering(...addresses)`
fn answering(addresses: &[&str]) -> impl Fn(&mut Loop, LookupRequest) + use<> + 'static {
    let list: Vec<IpAddr> = addresses.iter().map(|ip| ip.parse().expect("an address")).collect();
    move |net, request| {
        let list = list.clone();
        net.set_immediate(move |net| request.answer(net, Ok(list)));
    }
}

/// A lookup that answers with texts and families.
fn answering_text(addresses: &'static [(&str, u32)]) -> impl Fn(&mut Loop, LookupRequest) + 'static {
    move |net, request| net.set_immediate(move |net| request.answer_text(net, addresses))
}

fn connect(net: &mut Loop, to: Connect, addresses: &[&str]) -> Socket {
    let sock = socket(net);
    sock.connect_looking_up(net, to, answering(addresses)).unwrap();
    sock
}

/// `net.createServer(listener)`, for a listener that needs the server.
fn server(net: &mut Loop, listener: impl Fn(&mut Loop, Server, Socket) + 'static) -> Server {
    let server = net.server(ServerOptions::default());
    server.on_connection(net, move |net, peer| listener(net, server, peer));
    server
}

/// The addresses that were tried, without their ports.
fn attempted(net: &Loop, sock: Socket) -> String {
    match sock.auto_select_family_attempted_addresses(net) {
        None => String::from("undefined"),
        Some(list) => {
            let ip = |a: &String| a.rsplit_once(':').expect("address:port").0.to_string();
            list.iter().map(ip).collect::<Vec<_>>().join(",")
        }
    }
}

fn joined(error: &NodeError, text: impl Fn(&NodeError) -> String) -> String {
    error.errors().iter().map(|e| text(e)).collect::<Vec<_>>().join(", ")
}

/// C17, C20, C22
#[test]
fn g23() {
    let (log, mut net) = new();
    let c = log.actor("c");
    refused_port(&mut net, move |net, port| {
        let to = name(port).auto_select_family(true);
        let sock = connect(net, to, &["127.0.0.1", "127.0.0.2", "::1"]);
        let watched = [Lookup, ConnectionAttempt, ConnectionAttemptFailed, Connect, Ready, Error, Close];
        c.watch(net, sock, &watched);
        let actor = c.clone();
        sock.on_error(net, move |net, _, err| {
            assert_eq!(err.class(), netfold::core::ErrorClass::AggregateError);
            let one = |e: &NodeError| {
                format!("{} {} {}", e.code(), e.address().unwrap(), mask_port(e.port().unwrap() as u16))
            };
            actor.log(net, format!("name AggregateError errors {}", joined(&err, one)));
        });
        sock.write_then(net, "a", c.cb("a"));
        sock.write_then(net, "b", c.cb("b"));
    });
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/g23.log"));
}

/// C21, C23
#[test]
fn g24() {
    let (log, mut net) = new();
    let c = log.actor("c");
    let (port, _filled, _listener) = deaf_port();
    let server = server(&mut net, |net, _, peer| peer.resume(net));
    server.listen_then(&mut net, ("127.0.0.3", port), move |net, server| {
        let to = name(port).auto_select_family_attempt_timeout(50);
        let sock = connect(net, to, &["127.0.0.1", "127.0.0.2", "127.0.0.3"]);
        c.watch(net, sock, ALL);
        let c = c.clone();
        sock.on_ready(net, move |net, sock| {
            c.log(net, format!("attempted {}", attempted(net, sock)));
            sock.destroy(net);
        });
        sock.on_close(net, move |net, _, _| server.close(net));
    });
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/g24.log"));
}

/// C24
#[test]
fn g25() {
    let (log, mut net) = new();
    let c = log.actor("c");
    refused_port(&mut net, move |net, port| {
        let sock = connect(net, name(port), &["127.0.0.1", "127.0.0.2"]);
        c.watch(net, sock, &[Lookup, ConnectionAttempt, ConnectionAttemptFailed, Connect, Error, Close]);
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
    log.matches(include_str!("../../../spec/node/g25.log"));
}

/// D17: Node forgets the `end` at the second attempt; here FIN follows the data.
#[test]
fn g33() {
    let (log, mut net) = new();
    let (c, s) = (log.actor("c"), log.actor("s"));
    let server = server(&mut net, move |net, server, peer| {
        server.close(net);
        s.watch(net, peer, &[Data, End, Close]);
    });
    server.listen_then(&mut net, ("127.0.0.2", 0), move |net, server| {
        let to = name(port_of(net, server));
        let sock = connect(net, to, &["127.0.0.1", "127.0.0.2"]);
        c.watch(net, sock, &[ConnectionAttempt, ConnectionAttemptFailed, Connect, Ready, Finish, Error, Close]);
        sock.write_then(net, "abc", c.cb("w"));
        sock.end_then(net, c.cb("end"));
        let ended = |net: &Loop| format!("writableEnded {}", sock.view(net).unwrap().writable_ended());
        c.log(net, ended(net));
        let c = c.clone();
        sock.on_ready(net, move |net, sock| {
            c.log(net, format!("writableEnded {}", sock.view(net).unwrap().writable_ended()));
        });
    });
    net.run().unwrap();
    // In Node's log: "writableEnded false", no 'finish', and the end callback fails when the program destroys.
    log.matches(
        "== c\n\
         tick: writableEnded true\n\
         turn: connectionAttempt 127.0.0.1 PORT 4\n\
         turn: connectionAttemptFailed 127.0.0.1 PORT 4 ECONNREFUSED | connectionAttempt 127.0.0.2 PORT 4\n\
         turn: connect | cb w null | ready | writableEnded true\n\
         tick: cb end null | finish\n\
         turn: close false\n\
         == s\n\
         turn: data 3\n\
         tick: end\n\
         turn: close false\n",
    );
}

/// C19, C23
#[test]
fn t12_multi_order() {
    let (log, mut net) = new();
    let c = log.actor("c");
    refused_port(&mut net, move |net, port| {
        let sock = socket(net);
        let actor = c.clone();
        let lookup = move |net: &mut Loop, request: LookupRequest| {
            actor.log(net, format!("lookup all {} family undefined", request.all));
            answering_text(&[
                ("foo", 4),
                ("::1", 6),
                ("127.0.0.9", 7),
                ("::1", 6),
                ("127.0.0.1", 4),
                ("127.0.0.2", 4),
                ("127.0.0.1", 4),
                ("127.0.0.3", 4),
            ])(net, request);
        };
        sock.connect_looking_up(net, name(port), lookup).unwrap();
        c.log(net, format!("attempted {}", attempted(net, sock)));
        c.watch(net, sock, ALL);
        let c = c.clone();
        sock.on_error(net, move |net, sock, _| c.log(net, format!("attempted {}", attempted(net, sock))));
    });
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/t12_multi_order.log"));
}

/// C19
#[test]
fn t12_multi_one() {
    let (log, mut net) = new();
    let c = log.actor("c");
    refused_port(&mut net, move |net, port| {
        let sock = connect(net, name(port), &["127.0.0.1", "127.0.0.1"]);
        c.watch(net, sock, ALL);
        let c = c.clone();
        sock.on_error(net, move |net, sock, _| c.log(net, format!("attempted {}", attempted(net, sock))));
    });
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/t12_multi_one.log"));
}

/// C17, C18. The family that was asked for is printed as JavaScript has it; 0 is what is meant by none.
#[test]
fn t12_multi_not_used() {
    let (log, mut net) = new();
    let net = &mut net;
    let c = log.actor("c");
    let seen = |net: &mut Loop, label: &'static str, family: &'static str, to: Connect| {
        let (sock, c) = (socket(net), c.clone());
        let lookup = move |net: &mut Loop, request: LookupRequest| {
            let all = if request.all { "true" } else { "undefined" };
            assert_eq!(request.family, family.parse().unwrap_or(0));
            c.log(net, format!("{label} all {all} family {family} hints {}", request.hints));
        };
        sock.connect_looking_up(net, to, lookup).unwrap();
        sock.destroy(net);
    };
    let defaults = |net: &Loop| {
        let (on, timeout) = (net.default_auto_select_family(), net.default_auto_select_family_attempt_timeout());
        format!("default {on} timeout {timeout}")
    };
    seen(net, "default", "undefined", name(80));
    seen(net, "family 4", "4", name(80).family(4));
    seen(net, "family 6", "6", name(80).family(6));
    seen(net, "family 0", "0", name(80).family(0));
    seen(net, "local address", "undefined", name(80).local_address("127.0.0.1"));
    seen(net, "local port", "undefined", name(80).local_port(1024));
    seen(net, "off", "undefined", name(80).auto_select_family(false));
    c.log(net, defaults(net));
    net.set_default_auto_select_family(false);
    net.set_default_auto_select_family_attempt_timeout(1).unwrap();
    c.log(net, defaults(net));
    seen(net, "default off", "undefined", name(80));
    seen(net, "on", "undefined", name(80).auto_select_family(true));
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/t12_multi_not_used.log"));
}

/// C18
#[test]
fn t12_multi_args() {
    let (log, mut net) = new();
    let net = &mut net;
    let c = log.actor("c");
    for value in [0, -1, 1 << 31] {
        let threw = net.set_default_auto_select_family_attempt_timeout(value).unwrap_err();
        c.log(net, format!("default {value} threw {}", error_text(Some(&threw))));
        let sock = socket(net);
        let threw = sock.connect(net, name(80).auto_select_family_attempt_timeout(value)).unwrap_err();
        c.log(net, format!("option {value} threw {}", error_text(Some(&threw))));
        c.log(net, format!("connecting {}", sock.connecting(net)));
    }
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/t12_multi_args.log"));
}

/// C19
#[test]
fn t12_multi_destroy_in_lookup() {
    let (log, mut net) = new();
    let net = &mut net;
    let c = log.actor("c");
    let sock = connect(net, name(80), &["127.0.0.1", "127.0.0.2"]);
    c.watch(net, sock, ALL);
    sock.on_lookup(net, |net, sock, _| sock.destroy(net));
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/t12_multi_destroy_in_lookup.log"));
}

/// C5
#[test]
fn t12_multi_lookup_after_destroy() {
    let (log, mut net) = new();
    let net = &mut net;
    let c = log.actor("c");
    let sock = connect(net, name(80), &["127.0.0.1", "127.0.0.2"]);
    c.watch(net, sock, ALL);
    sock.destroy(net);
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/t12_multi_lookup_after_destroy.log"));
}

/// C6
#[test]
fn t12_multi_lookup_error() {
    let (log, mut net) = new();
    let net = &mut net;
    let c = log.actor("c");
    let sock = socket(net);
    let actor = c.clone();
    let lookup = move |net: &mut Loop, request: LookupRequest| {
        let c = actor.clone();
        net.set_immediate(move |net| {
            request.answer(net, Err(LookupCode::NotFound));
            c.log(net, format!("destroyed {}", sock.destroyed(net)));
        });
    };
    sock.connect_looking_up(net, name(80), lookup).unwrap();
    c.watch(net, sock, ALL);
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/t12_multi_lookup_error.log"));
}

/// C25
#[test]
fn t12_multi_invalid() {
    let (log, mut net) = new();
    let net = &mut net;
    let lists: [(_, &[(&str, u32)]); 2] =
        [("c", &[("foo", 4), ("127.0.0.1", 5)]), ("d", &[("127.0.0.1", 5), ("foo", 4)])];
    for (actor, list) in lists {
        let (c, sock) = (log.actor(actor), socket(net));
        sock.connect_looking_up(net, name(80), answering_text(list)).unwrap();
        c.watch(net, sock, ALL);
    }
    net.run().unwrap();
    // In the program the lookups answer within the call's turn; an immediate is a turn too, so the logs are the same.
    log.matches(include_str!("../../../spec/node/t12_multi_invalid.log"));
}

/// D19: in Node (`t12_multi_empty`) the lookup's callback throws a TypeError and the socket stays connecting.
#[test]
fn t12_multi_empty() {
    let (log, mut net) = new();
    let net = &mut net;
    let c = log.actor("c");
    let sock = connect(net, name(80), &[]);
    c.watch(net, sock, ALL);
    net.run().unwrap();
    log.matches(
        "== c\n\
         turn: lookup ENOTFOUND \"getaddrinfo ENOTFOUND some.name\" undefined undefined some.name\n\
         tick: error ENOTFOUND \"getaddrinfo ENOTFOUND some.name\"\n\
         turn: close true\n",
    );
}

/// D20: Node (`t12_lookup_wrong_family`) gives the address to the wrong call and gets EINVAL.
#[test]
fn t12_lookup_wrong_family() {
    let (log, mut net) = new();
    let c = log.actor("c");
    refused_port(&mut net, move |net, port| {
        let sock = socket(net);
        let to = name(port).auto_select_family(false);
        sock.connect_looking_up(net, to, answering_text(&[("127.0.0.1", 6)])).unwrap();
        c.watch(net, sock, &[Lookup, ConnectionAttempt, ConnectionAttemptFailed, Connect, Error, Close]);
    });
    net.run().unwrap();
    log.matches(
        "== c\n\
         turn: lookup null 127.0.0.1 6 some.name | connectionAttempt 127.0.0.1 PORT 4\n\
         turn: connectionAttemptFailed 127.0.0.1 PORT 4 ECONNREFUSED\n\
         tick: error ECONNREFUSED \"connect ECONNREFUSED 127.0.0.1:PORT\"\n\
         turn: close true\n",
    );
}

/// C22
#[test]
fn t12_multi_destroy_in_failed() {
    let (log, mut net) = new();
    let c = log.actor("c");
    refused_port(&mut net, move |net, port| {
        let sock = connect(net, name(port), &["127.0.0.1", "127.0.0.2"]);
        c.watch(net, sock, ALL);
        sock.on(net, ConnectionAttemptFailed, |net, sock, _| sock.destroy(net));
    });
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/t12_multi_destroy_in_failed.log"));
}

/// C21
#[test]
fn t12_multi_destroy_in_timeout() {
    let (log, mut net) = new();
    let net = &mut net;
    let c = log.actor("c");
    let (port, _filled, _listener) = deaf_port();
    let sock = connect(net, name(port).auto_select_family_attempt_timeout(20), &["127.0.0.1", "127.0.0.2"]);
    c.watch(net, sock, ALL);
    sock.on(net, ConnectionAttemptTimeout, |net, sock, _| sock.destroy(net));
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/t12_multi_destroy_in_timeout.log"));
}

/// C21, C22
#[test]
fn t12_multi_timeout_last() {
    let (log, mut net) = new();
    let net = &mut net;
    let c = log.actor("c");
    let (port, _filled, _listener) = deaf_port();
    let sock = connect(net, name(port).auto_select_family_attempt_timeout(20), &["127.0.0.1", "127.0.0.2"]);
    c.watch(net, sock, ALL);
    sock.on_error(net, move |net, _, err| {
        let before_port = |e: &NodeError| e.to_string().rsplit_once(':').expect("a port").0.to_string();
        c.log(net, format!("errors {}", joined(&err, before_port)));
    });
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/t12_multi_timeout_last.log"));
}

/// C22
#[test]
fn t12_multi_bind() {
    let (log, mut net) = new();
    let c = log.actor("c");
    let server = net.server(ServerOptions::default());
    server.listen_then(&mut net, ("0.0.0.0", 0), move |net, server| {
        let port = port_of(net, server);
        let sock = connect(net, name(port).local_port(port), &["127.0.0.1", "127.0.0.2"]);
        c.watch(net, sock, ALL);
        let c = c.clone();
        sock.on_error(net, move |net, sock, err| {
            for e in err.errors() {
                let (syscall, address) = (e.syscall().unwrap(), e.address().unwrap());
                c.log(net, format!("syscall {syscall} code {} address {address}", e.code()));
            }
            let tried = sock.auto_select_family_attempted_addresses(net).unwrap();
            c.log(net, format!("attempted {}", tried.len()));
        });
        sock.on_close(net, move |net, _, _| server.close(net));
    });
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/t12_multi_bind.log"));
}

/// C22
#[test]
fn t12_multi_at_once() {
    let (log, mut net) = new();
    let c = log.actor("c");
    refused_port(&mut net, move |net, port| {
        let sock = connect(net, name(port), &["224.0.0.1", "127.0.0.1"]);
        c.watch(net, sock, ALL);
        let c = c.clone();
        sock.on_error(net, move |net, _, err| {
            c.log(net, format!("errors {}", joined(&err, |e| e.code().to_string())));
        });
    });
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/t12_multi_at_once.log"));
}

/// C24
#[test]
fn t12_multi_reconnect() {
    let (log, mut net) = new();
    let c = log.actor("c");
    refused_port(&mut net, move |net, port| {
        let sock = connect(net, name(port), &["127.0.0.1", "127.0.0.2"]);
        c.watch(net, sock, ALL);
        let actor = c.clone();
        sock.once(net, ConnectionAttempt, move |net, sock, _| {
            let c = actor.clone();
            net.next_tick(move |net| {
                sock.destroy(net);
                c.log(net, "connect again");
                let to = Connect::port(80).host("other.name").auto_select_family(false);
                sock.connect_looking_up(net, to, |_, _| {}).unwrap();
            });
        });
        let c = c.clone();
        sock.on_error(net, move |net, _, err| {
            c.log(net, format!("errors {}", joined(&err, |e| e.code().to_string())));
        });
    });
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/t12_multi_reconnect.log"));
}

/// C20
#[test]
fn t12_multi_second() {
    let (log, mut net) = new();
    let c = log.actor("c");
    let server = server(&mut net, |net, server, peer| {
        server.close(net);
        peer.resume(net);
        peer.end_with(net, "hello");
    });
    server.listen_then(&mut net, ("127.0.0.2", 0), move |net, server| {
        let sock = net.socket(SocketOptions { no_delay: true, ..SocketOptions::default() }).unwrap();
        let lookup = answering(&["127.0.0.1", "127.0.0.2"]);
        let to = name(port_of(net, server));
        sock.connect_looking_up(net, to, lookup).unwrap();
        let watched = [ConnectionAttempt, ConnectionAttemptFailed, Connect, Ready, Data, End, Finish, Error, Close];
        c.watch(net, sock, &watched);
        sock.write_then(net, "abc", c.cb("w"));
        let state = |c: &Actor, net: &Loop, sock: Socket| {
            let (connecting, buffered) = (sock.connecting(net), sock.buffer_size(net).unwrap());
            c.log(net, format!("connecting {connecting} bufferSize {buffered}"));
        };
        state(&c, net, sock);
        let actor = c.clone();
        sock.on(net, ConnectionAttemptFailed, move |net, sock, _| state(&actor, net, sock));
        let c = c.clone();
        sock.on_ready(net, move |net, sock| c.log(net, format!("bytesWritten {}", sock.bytes_written(net))));
    });
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/t12_multi_second.log"));
}

/// C26
#[test]
fn r38_signal_connected() {
    let (log, mut net) = new();
    let c = log.actor("c");
    let server = server(&mut net, |net, server, peer| {
        server.close(net);
        peer.resume(net);
    });
    server.listen_then(&mut net, ("127.0.0.1", 0), move |net, server| {
        let controller = AbortController::new();
        let to = Connect::port(port_of(net, server)).host("127.0.0.1").signal(controller.signal());
        let sock = net.connect(to).unwrap();
        c.watch(net, sock, SIGNAL);
        let actor = c.clone();
        sock.on_error(net, move |net, _, err| {
            assert_eq!(*err, NodeError::Aborted);
            actor.log(net, "name AbortError");
        });
        let c = c.clone();
        sock.on_ready(net, move |net, sock| {
            controller.abort(net);
            c.log(net, format!("destroyed {} aborted {}", sock.destroyed(net), controller.signal().aborted()));
            controller.abort(net);
        });
    });
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/r38_signal_connected.log"));
}

/// C24, C26
#[test]
fn r38_signal_connecting() {
    let (log, mut net) = new();
    let (c, d) = (log.actor("c"), log.actor("d"));
    let with_signal = |net: &mut Loop, controller: &AbortController, port: u16| {
        let sock = net.socket_with_signal(SocketOptions::default(), controller.signal()).unwrap();
        sock.connect_looking_up(net, name(port), answering(&["127.0.0.1", "127.0.0.2"])).unwrap();
        sock
    };
    refused_port(&mut net, move |net, port| {
        let first = AbortController::new();
        let a = with_signal(net, &first, port);
        c.watch(net, a, SIGNAL);
        first.abort(net);
        c.log(net, format!("destroyed {}", a.destroyed(net)));
        let second = std::rc::Rc::new(AbortController::new());
        let b = with_signal(net, &second, port);
        d.watch(net, b, SIGNAL);
        b.once(net, ConnectionAttempt, move |net, _, _| {
            let second = second.clone();
            net.next_tick(move |net| second.abort(net));
        });
    });
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/r38_signal_connecting.log"));
}

/// D18: in Node (`r38_signal_aborted`) `destroyed` is false, and `net.connect` connects after the 'error' and 'close'.
#[test]
fn r38_signal_aborted() {
    let (log, mut net) = new();
    let net = &mut net;
    let (c, d) = (log.actor("c"), log.actor("d"));
    let signal = AbortSignal::abort();
    let alone = net.socket_with_signal(SocketOptions::default(), &signal).unwrap();
    c.watch(net, alone, SIGNAL);
    c.log(net, format!("destroyed {}", alone.destroyed(net)));
    let a = net.connect(Connect::port(80).host("127.0.0.1").signal(&signal)).unwrap();
    d.watch(net, a, SIGNAL);
    d.log(net, format!("destroyed {} connecting {}", a.destroyed(net), a.connecting(net)));
    net.run().unwrap();
    let rest = "tick: error ABORT_ERR \"The operation was aborted\"\ntick: close undefined\n";
    log.matches(&format!("== c\nmain: destroyed true\n{rest}== d\nmain: destroyed true connecting false\n{rest}"));
}

/// C26
#[test]
fn r38_signal_no_error_listener() {
    let (log, mut net) = new();
    let c = log.actor("c");
    refused_port(&mut net, move |net, port| {
        let controller = AbortController::new();
        let sock = net.connect(Connect::port(port).host("127.0.0.1").signal(controller.signal())).unwrap();
        c.watch(net, sock, &[Connect, Close]);
        c.log(net, format!("error listeners {}", sock.listener_count(net, Error)));
        c.log(net, format!("close listeners {}", sock.listener_count(net, Close)));
        c.log(net, format!("connect listeners {}", sock.listener_count(net, Connect)));
    });
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/r38_signal_no_error_listener.log"));
}

/// S16
#[test]
fn r38_signal_server() {
    let (log, mut net) = new();
    let (c, d) = (log.actor("c"), log.actor("d"));
    let controller = AbortController::new();
    let server = net.server(ServerOptions::default());
    c.watch_server(&mut net, server, &[Listening, Error, ServerClose]);
    let on = Listen::port(0).host("127.0.0.1").signal(controller.signal());
    server.listen_then(&mut net, on, move |net, server| {
        controller.abort(net);
        c.log(net, format!("listening {}", server.listening(net)));
        let other = net.server(ServerOptions::default());
        d.watch_server(net, other, &[Listening, Error, ServerClose]);
        other.listen(net, Listen::port(0).signal(controller.signal())).unwrap();
        d.log(net, format!("listening {}", other.listening(net)));
    });
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/r38_signal_server.log"));
}
