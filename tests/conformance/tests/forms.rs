//! The forms of calls and the names of things: rules F1 to F11, with the programs `f_...` of `spec/node`, line by line,
//! and the rows of `spec/deviations.md` on what a face in Rust has otherwise.

use netfold::EventKind::*;
use netfold::core::{Attempt, LookupAnswer, LookupCode};
use netfold::{
    Address, Bytes, Connect, Encoding, Event, EventKind, Limits, Listen, Net, Server, ServerOptions, SharedError,
    Socket, SocketOptions, Stream, System, hints,
};
use netfold_conformance::{Actor, Log, error_text, port_of};
use std::cell::{Cell, RefCell};
use std::path::Path;
use std::rc::Rc;

type Loop = Net<()>;

fn new_net() -> Loop {
    Net::with_host((), System::new().unwrap(), Limits::default())
}

/// An actor that any number of closures can name.
fn actor(log: &Log, name: &str) -> &'static Actor {
    Box::leak(Box::new(log.actor(name)))
}

/// Logs what a call threw.
fn throws(net: &Loop, c: &Actor, label: &str, result: Result<(), SharedError>) {
    match result {
        Ok(()) => c.log(net, format!("{label} ok")),
        Err(error) => c.log(net, format!("{label} threw {}", error_text(Some(&error)))),
    }
}

fn or_undefined(value: Option<impl ToString>) -> String {
    value.map_or(String::from("undefined"), |value| value.to_string())
}

/// A socket that was connected in one of the forms, its listener told of.
type Form = fn(&mut Loop, u16, &str, Rc<dyn Fn(&Loop)>) -> Socket;

fn own(net: &mut Loop, to: Connect, told: Rc<dyn Fn(&Loop)>) -> Socket {
    let sock = net.socket(SocketOptions::default()).unwrap();
    sock.connect_then(net, to, move |net, _| told(net)).unwrap();
    sock
}

fn made(net: &mut Loop, to: impl Into<Connect>, told: Rc<dyn Fn(&Loop)>) -> Socket {
    net.connect_then(to, move |net, _| told(net)).unwrap()
}

/// Text for a port has no host beside it in `From`; with one it is `Connect::from(text).host(..)`.
const FORMS: [(&str, Form); 10] = [
    ("connect(port, host, cb)", |net, port, _, told| made(net, ("127.0.0.1", port), told)),
    ("connect({port, host}, cb)", |net, port, _, told| made(net, Connect::port(port).host("127.0.0.1"), told)),
    ("connect({port: \"port\", host}, cb)", |net, port, _, told| {
        made(net, Connect::from(port.to_string()).host("127.0.0.1"), told)
    }),
    ("connect(\"port\", host, cb)", |net, port, _, told| {
        made(net, Connect::from(port.to_string().as_str()).host("127.0.0.1"), told)
    }),
    ("connect(path, cb)", |net, _, path, told| made(net, path, told)),
    ("connect({path}, cb)", |net, _, path, told| made(net, Connect::path(path), told)),
    ("createConnection(port, host, cb)", |net, port, _, told| {
        net.create_connection_then(("127.0.0.1", port), move |net, _| told(net)).unwrap()
    }),
    ("socket.connect(port, host, cb)", |net, port, _, told| own(net, ("127.0.0.1", port).into(), told)),
    ("socket.connect(path, cb)", |net, _, path, told| own(net, path.into(), told)),
    ("socket.connect({path, port}, cb)", |net, _, path, told| own(net, Path::new(path).into(), told)),
];

fn connect_in_each_form(net: &mut Loop, c: &'static Actor, servers: [Server; 2], path: Rc<str>, at: usize) {
    let Some((label, connect)) = FORMS.get(at) else {
        servers[0].close(net);
        servers[1].close(net);
        return;
    };
    let port = port_of(net, servers[0]);
    let sock = connect(net, port, &path, Rc::new(move |net| c.log(net, format!("{label} listener"))));
    c.log(net, format!("{label} listeners {}", sock.listener_count(net, Connect)));
    c.watch(net, sock, &[Connect, Close]);
    sock.on_connect(net, |net, sock| {
        let (left, path) = (sock.listener_count(net, Connect), sock.remote_address(net).is_none());
        c.log(net, format!("left {left} path {path}"));
        sock.destroy(net);
    });
    sock.on_close(net, move |net, _, _| connect_in_each_form(net, c, servers, path.clone(), at + 1));
}

#[test]
fn f_connect_forms() {
    let mut net = new_net();
    let log = Log::new();
    let c = actor(&log, "c");
    c.log(&net, "connect is createConnection true");
    let stream: Stream = net.socket(SocketOptions::default()).unwrap();
    c.log(&net, format!("Stream is Socket {}", Socket::pending(stream, &net)));
    let path: Rc<str> = log.temp_path().into();
    let tcp = net.create_server(|net, peer| peer.resume(net));
    let unix = net.server(ServerOptions::default());
    unix.on_connection(&mut net, |net, peer| peer.resume(net));
    tcp.listen_then(&mut net, ("127.0.0.1", 0), move |net, tcp| {
        let path = path.clone();
        unix.listen_then(net, String::from(&*path), move |net, unix| {
            connect_in_each_form(net, c, [tcp, unix], path.clone(), 0);
        });
    });
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/f_connect_forms.log"));
}

#[test]
fn f_text_forms() {
    let mut net = new_net();
    let log = Log::new();
    let c = actor(&log, "c");
    let texts = [
        "80", "0", " 80 ", "0x50", "0b11", "0o17", "1e2", "+8", "65535", "65536", "80.5", "", " ", "Infinity", "-1",
        "-0", "abc", "/no/such", "./8", "8 0", "0x", "1_0", "NaN", "infinity", ".5", "5.", "0X1F", "-0x1", "1e400",
        "8e-1",
    ];
    for text in texts {
        let sock = net.socket(SocketOptions::default()).unwrap();
        let kind = Rc::new(RefCell::new(String::from("port")));
        let attempted = kind.clone();
        sock.on_error(&mut net, |_, _, _| {});
        sock.on_connection_attempt(&mut net, move |_, _, attempt| {
            if let Attempt::Path(path) = attempt {
                *attempted.borrow_mut() = format!("path {path:?}");
            }
        });
        if let Err(error) = sock.connect(&mut net, Connect::from(text).host("127.0.0.1")) {
            *kind.borrow_mut() = format!("threw {}", error.code());
        }
        c.log(&net, format!("{text:?} {}", kind.borrow()));
        sock.destroy(&mut net);
    }
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/f_text_forms.log"));
    for (text, port) in [("80", 80), (" 80 ", 80), ("0x50", 80), ("0b11", 3), ("0o17", 15), ("1e2", 100), ("0X1F", 31)]
    {
        assert_eq!(Connect::from(text), Connect::port(port), "{text:?}");
        assert_eq!(Listen::from(String::from(text)), Listen::port(port), "{text:?}");
    }
    assert_eq!(Listen::from("./8"), Listen::from(Path::new("./8").to_path_buf()));
}

#[test]
fn f_connect_listener() {
    let mut net = new_net();
    let log = Log::new();
    let c = actor(&log, "c");
    let server = net.server(ServerOptions::default());
    server.on_connection(&mut net, move |net, peer| {
        server.close(net);
        peer.resume(net);
    });
    server.listen_then(&mut net, ("127.0.0.1", 0), move |net, server| {
        let sock = net.socket(SocketOptions::default()).unwrap();
        let count = |net: &Loop, sock: Socket| c.log(net, format!("listeners {}", sock.listener_count(net, Connect)));
        sock.on_connect(net, |net, _| c.log(net, "on"));
        let wrong = Connect::port(70_000).host("127.0.0.1");
        let wrong = sock.connect_then(net, wrong, |net, _| c.log(net, "second"));
        throws(net, c, "connect({port: 70000}, cb)", wrong);
        count(net, sock);
        let port = port_of(net, server);
        sock.connect_then(net, ("127.0.0.1", port), |net, _| c.log(net, "third")).unwrap();
        count(net, sock);
        sock.on_ready(net, move |net, sock| {
            count(net, sock);
            sock.destroy(net);
        });
    });
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/f_connect_listener.log"));
}

#[test]
fn f_connect_timeout() {
    const TIMEOUT_MS: f64 = 20.0;
    let mut net = new_net();
    let log = Log::new();
    let c = actor(&log, "c");
    let never = || Connect::port(80).host("some.name");
    let connect = |net: &mut Loop, to: Connect| net.connect_looking_up(to, |_, _| {});
    for (label, to) in [
        ("undefined", never()),
        ("0", never().timeout(0.0)),
        ("NaN", never().timeout(f64::NAN)),
        ("1.5", never().timeout(1.5)),
    ] {
        let sock = connect(&mut net, to).unwrap();
        c.log(&net, format!("connect {label}: {}", or_undefined(sock.timeout(&net))));
        sock.destroy(&mut net);
    }
    for (label, ms) in [("-1", -1.0), ("Infinity", f64::INFINITY)] {
        let threw = connect(&mut net, never().timeout(ms)).map(|_| ());
        throws(&net, c, &format!("connect {label}"), threw);
    }
    let options = || never().timeout(TIMEOUT_MS).high_water_mark(5).allow_half_open(true);
    let show = |net: &Loop, label: &str, sock: Socket| {
        let view = sock.view(net).unwrap();
        let (mark, half_open) = (view.writable_high_water_mark(), view.allow_half_open());
        c.log(net, format!("{label}: {} {mark} {half_open}", or_undefined(view.timeout())));
    };
    let own = net.socket(SocketOptions::default()).unwrap();
    own.connect_looking_up(&mut net, options(), |_, _| {}).unwrap();
    show(&net, "socket.connect", own);
    own.destroy(&mut net);

    let made = connect(&mut net, options()).unwrap();
    show(&net, "net.connect", made);
    c.watch(&mut net, made, &[Timeout, Close]);
    let alive = net.set_timeout(10_000.0, |_| {});
    made.on_timeout(&mut net, move |net, sock| {
        c.log(net, format!("connecting {}", sock.connecting(net)));
        net.clear_timer(alive);
        sock.destroy(net);
    });
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/f_connect_timeout.log"));
}

#[test]
fn f_hints() {
    let net = new_net();
    let log = Log::new();
    let c = actor(&log, "c");
    for (name, bit) in [("ADDRCONFIG", hints::ADDRCONFIG), ("V4MAPPED", hints::V4MAPPED), ("ALL", hints::ALL)] {
        c.log(&net, format!("{name} {bit}"));
    }
    log.matches(include_str!("../../../spec/node/f_hints.log"));

    let mut net = Net::new(Vec::new()).unwrap();
    let all = hints::ADDRCONFIG | hints::V4MAPPED | hints::ALL;
    for hints in [0, hints::V4MAPPED, all] {
        let to = Connect::port(9).host("some.name").hints(hints);
        let sock = net.connect_looking_up(to, |net, asked| net.state.push(asked.hints)).unwrap();
        sock.destroy(&mut net);
    }
    assert_eq!(net.state, [hints::ADDRCONFIG, hints::V4MAPPED, all]);
}

type Made = fn(&mut Loop, Rc<dyn Fn(&mut Loop, Socket)>) -> Server;

const SERVERS: [(&str, Made); 5] = [
    ("createServer(cb)", |net, told| net.create_server(move |net, peer| told(net, peer))),
    ("createServer({}, cb)", |net, told| {
        net.create_server_with(ServerOptions::default(), move |net, peer| told(net, peer))
    }),
    ("new Server(cb)", |net, told| net.create_server(move |net, peer| told(net, peer))),
    ("new Server({allowHalfOpen}, cb)", |net, told| {
        let socket = SocketOptions { allow_half_open: true, ..SocketOptions::default() };
        net.create_server_with(ServerOptions { socket, ..ServerOptions::default() }, move |net, peer| told(net, peer))
    }),
    ("new Server()", |net, told| {
        let server = net.server(ServerOptions::default());
        server.on_connection(net, move |net, peer| told(net, peer));
        server
    }),
];

fn serve_in_each_form(net: &mut Loop, c: &'static Actor, at: usize) {
    let Some((label, make)) = SERVERS.get(at) else { return };
    let this: Rc<Cell<Option<Server>>> = Rc::default();
    let server = this.clone();
    let told = move |net: &mut Loop, peer: Socket| {
        let half_open = peer.view(net).unwrap().allow_half_open();
        c.log(net, format!("{label} connection, half open {half_open}"));
        this.get().unwrap().close_then(net, move |net, _, _| serve_in_each_form(net, c, at + 1));
        peer.destroy(net);
    };
    server.set(Some(make(net, Rc::new(told))));
    let server = server.get().unwrap();
    let (listeners, listening) = (server.listener_count(net, Connection), server.listening(net));
    c.log(net, format!("{label} listeners {listeners} listening {listening}"));
    server.listen_then(net, ("127.0.0.1", 0), |net, server| {
        let port = port_of(net, server);
        let sock = net.connect(("127.0.0.1", port)).unwrap();
        sock.on_error(net, |_, _, _| {});
        sock.resume(net);
    });
}

#[test]
fn f_server_forms() {
    let mut net = new_net();
    let log = Log::new();
    let c = actor(&log, "c");
    serve_in_each_form(&mut net, c, 0);
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/f_server_forms.log"));
}

/// As a loop over the events that has each call one function.
#[test]
fn one_function_for_several_events() {
    let mut net = new_net();
    let said: Rc<RefCell<Vec<&'static str>>> = Rc::default();
    let say = |text: &'static str| {
        let said = said.clone();
        move |_: &mut Loop, _, event: Event| {
            said.borrow_mut().push(if text.is_empty() { event.kind().name() } else { text })
        }
    };
    let sock = net.socket(SocketOptions::default()).unwrap();
    let net = &mut net;
    let before = sock.on(net, Pause, say("before"));
    let each = sock.on_each(net, &[Pause, Resume, Timeout], say(""));
    let after = sock.on(net, Pause, say("after"));
    assert_eq!(sock.event_names(net), [Pause, Resume, Timeout]);
    assert_eq!(sock.listeners(net, Pause), [before, each, after]);
    assert_eq!(sock.listeners(net, Resume), [each]);
    sock.pause(net);
    assert_eq!(said.take(), ["before", "pause", "after"]);

    sock.off(net, each);
    assert_eq!(sock.event_names(net), [Pause]);
    assert_eq!([Pause, Resume, Timeout].map(|event| sock.listener_count(net, event)), [2, 0, 0]);
    sock.resume(net);
    sock.pause(net);
    assert_eq!(said.take(), ["before", "after"]);

    let each = sock.on_each(net, &[Pause, Close], say(""));
    sock.remove_all_listeners(net, Some(Pause));
    assert_eq!(sock.listeners(net, Close), [each]);
    sock.resume(net);
    sock.pause(net);
    assert_eq!(said.take(), [""; 0]);
    sock.destroy(net);
    net.run().unwrap();
    assert_eq!(said.take(), ["close"]);
}

fn names(events: &[EventKind]) -> String {
    events.iter().map(|event| event.name()).collect::<Vec<_>>().join(",")
}

#[test]
fn f_listeners() {
    let mut net = new_net();
    let log = Log::new();
    let (c, s) = (actor(&log, "c"), actor(&log, "s"));
    let sock = net.socket(SocketOptions::default()).unwrap();
    let say = |text: &'static str| move |net: &mut Loop, _, _| c.log(net, text);
    let net = &mut net;
    let on = sock.on(net, Pause, say("on"));
    let once = sock.once(net, Pause, say("once"));
    let prepended = sock.prepend(net, Pause, say("prepended"));
    let prepended_once = sock.prepend_once(net, Pause, say("prepended once"));
    let gone = [sock.on(net, Pause, say("gone")), sock.on(net, Timeout, say("gone"))];
    sock.on(net, Resume, say("resume"));
    let (pause, close) = (sock.listener_count(net, Pause), sock.listener_count(net, Close));
    c.log(net, format!("names {} pause {pause} close {close}", names(&sock.event_names(net))));
    for listener in gone {
        sock.off(net, listener);
    }
    c.log(net, format!("names {} pause {}", names(&sock.event_names(net)), sock.listener_count(net, Pause)));
    assert_eq!(sock.listeners(net, Pause), [prepended_once, prepended, on, once]);
    sock.pause(net);
    let (pause, listeners) = (sock.listener_count(net, Pause), sock.listeners(net, Pause));
    c.log(net, format!("pause {pause} listeners {}", listeners.len()));
    assert_eq!(listeners, [prepended, on]);
    sock.resume(net);
    sock.pause(net);
    sock.remove_all_listeners(net, Some(Pause));
    c.log(net, format!("names {}", names(&sock.event_names(net))));
    sock.resume(net);
    sock.pause(net);
    c.log(net, "over");
    sock.remove_all_listeners(net, Some(Resume));
    sock.destroy(net);

    let server = net.server(ServerOptions::default());
    let say = |text: &'static str| move |net: &mut Loop, _, _| s.log(net, text);
    let on = server.on(net, ServerClose, say("on"));
    let once = server.once(net, ServerClose, say("once"));
    let prepended = server.prepend(net, ServerClose, say("prepended"));
    let prepended_once = server.prepend_once(net, ServerClose, say("prepended once"));
    server.on(net, Error, say("gone"));
    let close = server.listener_count(net, ServerClose);
    s.log(net, format!("names {} close {close}", names(&server.event_names(net))));
    assert_eq!(server.listeners(net, ServerClose), [prepended_once, prepended, on, once]);
    server.listen(net, ("127.0.0.1", 0)).unwrap();
    server.on_listening(net, |net, server| {
        server.close(net);
        server.on_close(net, |net, server| s.log(net, format!("close {}", server.listener_count(net, ServerClose))));
    });
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/f_listeners.log"));
}

#[test]
fn f_lookup_arguments() {
    let mut net = new_net();
    let log = Log::new();
    let c = actor(&log, "c");
    let attempt = |net: &mut Loop, label: &'static str, answer: Result<(&'static str, u32), LookupCode>| {
        let sock = net.socket(SocketOptions::default()).unwrap();
        sock.on_error(net, |_, _, _| {});
        sock.on_lookup(net, move |net, sock, lookup| {
            let family = match lookup.family() {
                Some(family) => format!("number {family}"),
                None => String::from("undefined "),
            };
            let (err, address) = (error_text(lookup.err()), lookup.address().unwrap_or_default());
            c.log(net, format!("{label} 4 {err} {address} {family} {}", lookup.host));
            sock.destroy(net);
        });
        let to = Connect::port(9).host("some.name").auto_select_family(false);
        let answered = move |net: &mut Loop, request: netfold::LookupRequest| {
            net.next_tick(move |net| match answer {
                Ok(address) => request.answer_text(net, &[address]),
                Err(code) => request.answer(net, LookupAnswer::Err(code)),
            });
        };
        sock.connect_looking_up(net, to, answered).unwrap();
    };
    attempt(&mut net, "address", Ok(("127.0.0.1", 4)));
    attempt(&mut net, "address", Ok(("::1", 6)));
    attempt(&mut net, "no family", Ok(("127.0.0.1", 9)));
    attempt(&mut net, "none", Err(LookupCode::NotFound));
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/f_lookup_arguments.log"));
}

fn shown(address: Option<std::net::SocketAddr>) -> String {
    match address {
        Some(a) => format!("{{address {}, family {}, port number}}", a.ip(), if a.is_ipv4() { "IPv4" } else { "IPv6" }),
        None => String::from("{}"),
    }
}

fn shown_server(net: &mut Loop, server: Server) -> String {
    match server.address(net) {
        Address::None => String::from("null"),
        Address::Tcp(address) => shown(Some(address)),
        Address::Path(_) => String::from("string"),
    }
}

#[test]
fn f_address_fields() {
    let mut net = new_net();
    let log = Log::new();
    let c = actor(&log, "c");
    let say = |net: &mut Loop, server: Server| {
        let text = shown_server(net, server);
        c.log(net, format!("server {text}"));
    };
    let server = net.create_server(|net, peer| peer.resume(net));
    say(&mut net, server);
    server.listen_then(&mut net, ("127.0.0.1", 0), move |net, server| {
        say(net, server);
        let sock = net.socket(SocketOptions::default()).unwrap();
        let tell = move |net: &mut Loop| {
            let address = sock.address(net);
            assert_eq!(address.map(|a| (a.ip(), a.port())), sock.local_address(net).zip(sock.local_port(net)));
            c.log(net, format!("socket {}", shown(address)));
        };
        tell(net);
        let port = port_of(net, server);
        sock.connect(net, ("127.0.0.1", port)).unwrap();
        sock.on_ready(net, move |net, sock| {
            tell(net);
            let families = (sock.local_family(net).unwrap(), sock.remote_family(net).unwrap());
            c.log(net, format!("families {} {}", families.0, families.1));
            sock.destroy(net);
            tell(net);
            server.close_then(net, move |net, server, _| say(net, server));
        });
    });
    let path = log.temp_path();
    let unix = net.create_server(|_, _| {});
    unix.listen_then(&mut net, path, move |net, unix| {
        say(net, unix);
        unix.close(net);
    });
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/f_address_fields.log"));
}

type End = fn(&mut Loop, Socket, &'static Actor);

const ENDS: [(&str, End); 9] = [
    ("end()", |net, sock, _| sock.end(net)),
    ("end(cb)", |net, sock, c| sock.end_then(net, c.cb("end(cb)"))),
    ("end(data)", |net, sock, _| sock.end_with(net, "abc")),
    ("end(data, cb)", |net, sock, c| sock.end_with_then(net, "abc", c.cb("end(data, cb)"))),
    ("end(data, encoding)", |net, sock, _| sock.end_with(net, ("616263", Encoding::Hex))),
    ("end(data, encoding, cb)", |net, sock, c| {
        sock.end_with_then(net, ("616263", Encoding::Hex), c.cb("end(data, encoding, cb)"));
    }),
    ("end(Uint8Array)", |net, sock, _| sock.end_with(net, vec![1, 2])),
    ("end(Buffer, cb)", |net, sock, c| sock.end_with_then(net, Bytes::from_static(&[1]), c.cb("end(Buffer, cb)"))),
    ("write", |net, sock, c| {
        sock.write(net, "\u{e9}");
        sock.write(net, ("\u{e9}", Encoding::Latin1));
        sock.write_then(net, Bytes::from_static(&[1, 2, 3]), c.cb("write(Buffer, cb)"));
        sock.write(net, vec![4]);
        sock.write_then(net, ("6162", Encoding::Hex), c.cb("write(data, encoding, cb)"));
        sock.write(net, ("YWI=", Encoding::Base64));
        sock.end(net);
    }),
];

fn end_in_each_form(net: &mut Loop, c: &'static Actor, server: Server, at: usize) {
    let Some((label, end)) = ENDS.get(at) else {
        server.close(net);
        return;
    };
    let port = port_of(net, server);
    let sock = net.connect(("127.0.0.1", port)).unwrap();
    sock.resume(net);
    sock.on_close(net, move |net, _, _| end_in_each_form(net, c, server, at + 1));
    sock.on_ready(net, move |net, sock| {
        end(net, sock, c);
        c.log(net, format!("{label} ended {}", sock.view(net).unwrap().writable_ended()));
    });
    sock.on_finish(net, |net, _| c.log(net, "finish"));
}

#[test]
fn f_end_forms() {
    let mut net = new_net();
    let log = Log::new();
    let (c, peer_log) = (actor(&log, "c"), actor(&log, "peer"));
    let server = net.create_server(move |net, peer| {
        let all: Rc<RefCell<String>> = Rc::default();
        let read = all.clone();
        peer.on_data(net, move |_, _, chunk| {
            read.borrow_mut().extend(chunk.iter().map(|byte| format!("{byte:02x}")));
        });
        peer.on_end(net, move |net, _| peer_log.log(net, all.borrow().clone()));
    });
    server.listen_then(&mut net, ("127.0.0.1", 0), move |net, server| end_in_each_form(net, c, server, 0));
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/f_end_forms.log"));
}

#[test]
fn f_set_encoding_null() {
    let mut net = new_net();
    let log = Log::new();
    let c = actor(&log, "c");
    let server = net.server(ServerOptions::default());
    server.on_connection(&mut net, move |net, peer| {
        server.close(net);
        peer.end_with(net, "h\u{e9}");
    });
    server.listen_then(&mut net, ("127.0.0.1", 0), move |net, server| {
        let port = port_of(net, server);
        let sock = net.connect(("127.0.0.1", port)).unwrap();
        let say = |net: &Loop| {
            let name = match sock.view(net).unwrap().readable_encoding() {
                Some(Encoding::Utf8) => "utf8",
                Some(_) => "another",
                None => "null",
            };
            c.log(net, format!("encoding {name}"));
        };
        say(net);
        sock.set_encoding(net, None);
        say(net);
        sock.on_text(net, |net, _, text| c.log(net, format!("data {} {}", text.units(), &*text)));
        sock.on_close(net, |net, sock, _| c.log(net, format!("bytes {}", sock.bytes_read(net))));
    });
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/f_set_encoding_null.log"));
}
