//! The first slice of `spec/node/` (the programs whose names have no prefix), ported line by line to real sockets.
//!
//! Actors and variables of a program are leaked ([`forever`]), so that every closure can name them as in JavaScript.

use netfold::{
    Connect, Event, EventKind as E, Host, Limits, Net, NetError, Server, ServerOptions, Socket, SocketOptions, System,
};
use netfold_conformance::{Actor, Log, event_text, port_of, when};
use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

/// A variable of the program: there for as long as the process.
fn forever<T>(value: T) -> &'static T {
    Box::leak(Box::new(value))
}

/// `actor(name)`
fn actor(log: &Log, name: &str) -> &'static Actor {
    forever(log.actor(name))
}

fn new_net() -> Net<()> {
    Net::with_host((), System::new().expect("descriptors are to be had"), Limits::default())
}

/// `net.createServer(options, listener)`, with the server itself at hand in the listener.
fn create_server<S, H: Host>(
    net: &mut Net<S, H>,
    options: ServerOptions,
    listener: impl Fn(&mut Net<S, H>, Server, Socket) + 'static,
) -> Server {
    let server = net.server(options);
    server.on_connection(net, move |net, peer| listener(net, server, peer));
    server
}

/// `server.listen(0, '127.0.0.1', listener)`
fn listen<S, H: Host>(net: &mut Net<S, H>, server: Server, listener: impl Fn(&mut Net<S, H>, Server) + 'static) {
    server.listen_then(net, ("127.0.0.1", 0), listener);
}

/// `{ port: portOf(server), host: '127.0.0.1' }`
fn to<S, H: Host>(net: &mut Net<S, H>, server: Server) -> Connect {
    Connect::from(("127.0.0.1", port_of(net, server)))
}

/// `net.connect({ port: portOf(server), host: '127.0.0.1' })`
fn connect<S, H: Host>(net: &mut Net<S, H>, server: Server) -> Socket {
    let to = to(net, server);
    net.connect(to).expect("the arguments are right")
}

/// `throw new Error(message)`
fn throw(message: &'static str) -> ! {
    // Past the panic hook, which would print it.
    resume_unwind(Box::new(message))
}

/// `actor.throws(label, run)`
fn throws<S, H: Host>(actor: &Actor, net: &mut Net<S, H>, label: &str, run: impl FnOnce(&mut Net<S, H>)) {
    match catch_unwind(AssertUnwindSafe(|| run(net))) {
        Ok(()) => actor.log(net, format!("{label} ok")),
        Err(payload) => match payload.downcast::<&'static str>() {
            Ok(message) => actor.log(net, format!("{label} threw Error \"{message}\"")),
            Err(payload) => resume_unwind(payload),
        },
    }
}

/// Runs to the end, with `process.on('uncaughtException', uncaught)`. It gets the error's text.
fn run_catching<S, H: Host>(net: &mut Net<S, H>, uncaught: impl Fn(&mut Net<S, H>, &str)) {
    while let Err(error) = net.run() {
        match error {
            NetError::Panicked(panicked) => match panicked.message() {
                Some("boom") => uncaught(net, "Error \"boom\""),
                _ => resume_unwind(panicked.into_payload()),
            },
            error => panic!("{error}"),
        }
    }
}

/// `socket.listenerCount(event)`, with the machine's own steps, as Node counts.
fn listener_count<S, H: Host>(net: &Net<S, H>, socket: Socket, event: E) -> usize {
    net.core().listener_count(socket.id().into(), event)
}

fn writable_length<S, H: Host>(net: &Net<S, H>, socket: Socket) -> u64 {
    socket.view(net).expect("the socket is known").writable_length()
}

fn readable_length<S, H: Host>(net: &Net<S, H>, socket: Socket) -> u64 {
    socket.view(net).expect("the socket is known").readable_length()
}

fn closed<S, H: Host>(net: &Net<S, H>, socket: Socket) -> bool {
    socket.view(net).expect("the socket is known").closed()
}

fn need_drain<S, H: Host>(net: &Net<S, H>, socket: Socket) -> bool {
    socket.view(net).expect("the socket is known").writable_need_drain()
}

fn flowing<S, H: Host>(net: &Net<S, H>, socket: Socket) -> String {
    let flowing = socket.view(net).expect("the socket is known").readable_flowing();
    flowing.map_or_else(|| String::from("null"), |flowing| flowing.to_string())
}

#[test]
fn closing_lifo() {
    let log = Log::new();
    let c = actor(&log, "c");
    let mut net = new_net();
    let server = net.create_server(|net, peer| peer.resume(net));
    listen(&mut net, server, move |net, server| {
        let a = connect(net, server);
        let b = connect(net, server);
        a.on_close(net, move |net, _, had| c.log(net, format!("a {}", event_text(&Event::Close(had)))));
        b.on_close(net, move |net, _, had| c.log(net, format!("b {}", event_text(&Event::Close(had)))));
        let connected = forever(Cell::new(0));
        let on_connect = move |net: &mut Net<()>, _: Socket| {
            connected.set(connected.get() + 1);
            if connected.get() < 2 {
                return;
            }
            c.log(net, "destroy a");
            a.destroy(net);
            c.log(net, "destroy b");
            b.destroy(net);
            server.close(net);
        };
        a.on_connect(net, on_connect);
        b.on_connect(net, on_connect);
    });
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/closing_lifo.log"));
}

#[test]
fn connect_listeners_parked() {
    let log = Log::new();
    let c = actor(&log, "c");
    let mut net = new_net();
    let server = create_server(&mut net, ServerOptions::default(), |net, server, peer| {
        server.close(net);
        peer.resume(net);
    });
    listen(&mut net, server, move |net, server| {
        let to = to(net, server);
        let sock = net.connect_then(to, |net, _| c.log(net, "connectListener")).unwrap();
        let removed = sock.on_connect(net, |net, _| c.log(net, "removed"));
        sock.on_connect(net, |net, _| c.log(net, "before"));
        sock.once(net, E::Connect, |net, _, _| c.log(net, "once before"));
        let r = sock.write_then(net, vec![0; 20000], c.cb("w1"));
        c.log(net, format!("write(20000) -> {r}"));
        let r = sock.write_then(net, "b", c.cb("w2"));
        c.log(net, format!("write(1) -> {r}"));
        sock.on_connect(net, |net, _| c.log(net, "after"));
        sock.once(net, E::Connect, |net, _, _| c.log(net, "once after"));
        sock.prepend(net, E::Connect, |net, _, _| c.log(net, "prepended"));
        sock.off(net, removed);
        c.log(net, format!("connect listeners {}", listener_count(net, sock, E::Connect)));
        c.watch(net, sock, &[E::Drain, E::Ready]);
        sock.on_ready(net, |net, sock| {
            c.log(net, format!("connect listeners {}", listener_count(net, sock, E::Connect)));
            sock.end(net);
        });
    });
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/connect_listeners_parked.log"));
}

#[test]
fn connect_remove_all() {
    let log = Log::new();
    let c = actor(&log, "c");
    let s = actor(&log, "s");
    let mut net = new_net();
    let server = create_server(&mut net, ServerOptions::default(), |net, server, peer| {
        server.close(net);
        s.watch(net, peer, &[E::Data, E::End, E::Close]);
        peer.on_data(net, |_, _, _| {});
    });
    listen(&mut net, server, move |net, server| {
        let to = to(net, server);
        let sock = net.connect_then(to, |net, _| c.log(net, "connectListener")).unwrap();
        c.watch(net, sock, &[E::Connect, E::Ready, E::Drain, E::Error, E::Close]);
        let r = sock.write_then(net, "abc", c.cb("w1"));
        c.log(net, format!("write(3) -> {r}"));
        sock.remove_all_listeners(net, Some(E::Connect));
        sock.on_ready(net, move |net, sock| {
            let r = sock.write_then(net, "de", c.cb("w2"));
            let (written, length) = (sock.bytes_written(net), writable_length(net, sock));
            c.log(net, format!("write(2) -> {r} bytesWritten {written} writableLength {length}"));
            net.set_immediate(move |net| {
                c.log(net, "destroy");
                sock.destroy(net);
            });
        });
    });
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/connect_remove_all.log"));
}

#[test]
fn data_read_nested() {
    let log = Log::new();
    let c = actor(&log, "c");
    let mut net = new_net();
    let peer = forever(Cell::new(None::<Socket>));
    let server = create_server(&mut net, ServerOptions::default(), |net, server, accepted| {
        server.close(net);
        peer.set(Some(accepted));
        accepted.write(net, "aaaa");
    });
    listen(&mut net, server, move |net, server| {
        let sock = connect(net, server);
        let calls = forever(Cell::new(0));
        sock.on_data(net, move |net, sock, chunk| {
            let call = calls.get() + 1;
            calls.set(call);
            let (len, left) = (chunk.len(), readable_length(net, sock));
            c.log(net, format!("data {len} enter {call} readableLength {left}"));
            let got = sock.read(net);
            let got = got.map_or_else(|| String::from("null"), |got| got.len().to_string());
            c.log(net, format!("read() -> {got} leave {call}"));
        });
        sock.pause(net);
        c.watch(net, sock, &[E::Pause, E::Resume, E::End, E::Close]);
        when(
            net,
            move |net| sock.bytes_read(net) == 4,
            move |net| {
                let peer = peer.get().unwrap();
                peer.write(net, "bbb");
                when(
                    net,
                    move |net| sock.bytes_read(net) == 7,
                    move |net| {
                        peer.write(net, "cc");
                        when(
                            net,
                            move |net| sock.bytes_read(net) == 9,
                            move |net| {
                                c.log(net, format!("readableLength {}", readable_length(net, sock)));
                                sock.resume(net);
                                net.next_tick(move |net| peer.end(net));
                            },
                        );
                    },
                );
            },
        );
    });
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/data_read_nested.log"));
}

/// Node's `family` is undefined where ours is 0; there is no `all` to ask for: one address is used (D5).
#[test]
fn lookup_inside_data() {
    let log = Log::new();
    let c = actor(&log, "c");
    let mut net = new_net();
    let answer = forever(RefCell::new(None::<netfold::LookupRequest>));
    let accepted = forever(Cell::new(0));
    let server = create_server(&mut net, ServerOptions::default(), |net, server, peer| {
        accepted.set(accepted.get() + 1);
        if accepted.get() == 1 {
            peer.end_with(net, "go");
        } else {
            server.close(net);
        }
        peer.resume(net);
    });
    listen(&mut net, server, move |net, server| {
        let target = net.socket(SocketOptions::default()).unwrap();
        let named = Connect::from(("some.name", port_of(net, server))).auto_select_family(false);
        let lookup = |net: &mut Net<()>, request: netfold::LookupRequest| {
            let family = if request.family == 0 { String::from("undefined") } else { request.family.to_string() };
            c.log(net, format!("lookup called {} family {family} all undefined", request.host));
            *answer.borrow_mut() = Some(request);
        };
        target.connect_looking_up(net, named, lookup).unwrap();
        c.watch(net, target, &[E::Lookup, E::ConnectionAttempt, E::Connect, E::Ready, E::Close]);
        target.on_connect(net, |net, target| target.end(net));
        let other = connect(net, server);
        other.on_data(net, |net, _, chunk| {
            c.log(net, format!("other data {}", chunk.len()));
            let request = answer.borrow_mut().take().unwrap();
            request.answer(net, Ok(vec!["127.0.0.1".parse().unwrap()]));
            c.log(net, "answered");
        });
    });
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/lookup_inside_data.log"));
}

#[test]
fn pause_in_data_nested_write() {
    const FIRST: usize = 10;
    const SECOND: usize = 20;
    let log = Log::new();
    let c = actor(&log, "c");
    let s = actor(&log, "s");
    let mut net = new_net();
    let server = create_server(&mut net, ServerOptions::default(), |net, server, peer| {
        server.close(net);
        s.watch(net, peer, &[E::Data, E::End, E::Close]);
        peer.write(net, vec![0; FIRST]);
        peer.on_data(net, |net, peer, _| peer.end_with(net, vec![0; SECOND]));
    });
    listen(&mut net, server, move |net, server| {
        let sock = connect(net, server);
        c.watch(net, sock, &[E::Data, E::Pause, E::Resume, E::End, E::Finish, E::Close]);
        let first = forever(Cell::new(true));
        sock.on_data(net, move |net, sock, _| {
            if !first.replace(false) {
                return;
            }
            sock.pause(net);
            c.log(net, format!("isPaused {}", sock.is_paused(net)));
            let r = sock.write_then(net, "x", c.cb("nested"));
            c.log(net, format!("write(1) -> {r}"));
        });
        when(
            net,
            move |net| sock.bytes_read(net) == (FIRST + SECOND) as u64,
            move |net| {
                c.log(net, format!("readableLength {}", readable_length(net, sock)));
                sock.resume(net);
                c.log(net, format!("isPaused {}", sock.is_paused(net)));
            },
        );
    });
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/pause_in_data_nested_write.log"));
}

#[test]
fn throw_in_connect() {
    let log = Log::new();
    let c = actor(&log, "c");
    let mut net = new_net();
    let server = create_server(&mut net, ServerOptions::default(), |net, server, peer| {
        server.close(net);
        peer.on_error(net, |_, _, _| {});
        peer.resume(net);
        peer.write(net, "hello");
    });
    let socket = forever(Cell::new(None::<Socket>));
    listen(&mut net, server, move |net, server| {
        let sock = connect(net, server);
        socket.set(Some(sock));
        sock.on_connect(net, |net, _| {
            net.next_tick(|net| c.log(net, "tick"));
            c.log(net, "connect 1");
            throw("boom");
        });
        sock.on_connect(net, |net, _| c.log(net, "connect 2"));
        sock.write_then(net, "abc", c.cb("w1"));
        sock.on_connect(net, |net, _| c.log(net, "connect 3"));
        c.watch(net, sock, &[E::Ready, E::Error, E::Close]);
    });
    run_catching(&mut net, |net, error| {
        let sock = socket.get().unwrap();
        c.log(net, format!("uncaught {error}"));
        let (state, count) = (sock.ready_state(net), listener_count(net, sock, E::Connect));
        c.log(net, format!("readyState {} connect listeners {count}", state.as_str()));
        net.set_timeout(20.0, move |net| {
            let (read, length) = (sock.bytes_read(net), writable_length(net, sock));
            c.log(net, format!("bytesRead {read} writableLength {length}"));
            sock.destroy(net);
        });
    });
    log.matches(include_str!("../../../spec/node/throw_in_connect.log"));
}

#[test]
fn throw_in_data() {
    let log = Log::new();
    let c = actor(&log, "c");
    let mut net = new_net();
    let peer = forever(Cell::new(None::<Socket>));
    let server = create_server(&mut net, ServerOptions::default(), |net, server, accepted| {
        server.close(net);
        peer.set(Some(accepted));
        accepted.write(net, "aaaa");
    });
    listen(&mut net, server, move |net, server| {
        let sock = connect(net, server);
        let throwing = forever(Cell::new(true));
        sock.on_data(net, move |net, _, chunk| {
            c.log(net, format!("first {}", chunk.len()));
            if throwing.replace(false) {
                net.next_tick(|net| c.log(net, "tick"));
                throw("boom");
            }
        });
        sock.on_data(net, |net, _, chunk| c.log(net, format!("second {}", chunk.len())));
        c.watch(net, sock, &[E::End, E::Error, E::Close]);
    });
    run_catching(&mut net, |net, error| {
        c.log(net, format!("uncaught {error}"));
        when(net, |_| true, |net| peer.get().unwrap().end_with(net, "bb"));
    });
    log.matches(include_str!("../../../spec/node/throw_in_data.log"));
}

#[test]
fn throw_in_pause() {
    let log = Log::new();
    let c = actor(&log, "c");
    let mut net = new_net();
    let server = create_server(&mut net, ServerOptions::default(), |net, server, peer| {
        server.close(net);
        peer.end_with(net, "hello");
    });
    listen(&mut net, server, move |net, server| {
        let sock = connect(net, server);
        let throwing = forever(Cell::new(true));
        sock.on_pause(net, move |net, _| {
            c.log(net, "pause");
            if throwing.get() {
                throw("boom");
            }
        });
        sock.on_data(net, move |net, sock, chunk| {
            c.log(net, format!("data {}", chunk.len()));
            throws(c, net, "pause()", |net| sock.pause(net));
            c.log(net, format!("isPaused {} flowing {}", sock.is_paused(net), flowing(net, sock)));
            throws(c, net, "pause() again", |net| sock.pause(net));
            throwing.set(false);
            sock.resume(net);
            c.log(net, format!("isPaused {} flowing {}", sock.is_paused(net), flowing(net, sock)));
        });
        c.watch(net, sock, &[E::Resume, E::End, E::Close]);
    });
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/throw_in_pause.log"));
}

#[test]
fn throw_in_tick() {
    let log = Log::new();
    let c = actor(&log, "c");
    let mut net = new_net();
    net.set_immediate(|net| {
        c.log(net, "immediate 1");
        net.next_tick(|net| {
            c.log(net, "t1");
            throw("boom");
        });
        net.next_tick(|net| c.log(net, "t2"));
        net.next_tick(|net| c.log(net, "t3"));
        net.set_immediate(|net| {
            c.log(net, "immediate 2");
            net.next_tick(|net| c.log(net, "t4"));
        });
    });
    run_catching(&mut net, |net, error| c.log(net, format!("uncaught {error}")));
    log.matches(include_str!("../../../spec/node/throw_in_tick.log"));
}

/// What the two `throw_..._deferred` programs share: two sockets whose data is found in one poll.
fn two_readable_at_once(net: &mut Net<()>, on_data: impl Fn(&mut Net<()>) + Copy + 'static) {
    let peers = forever(RefCell::new(Vec::<Socket>::new()));
    let server = create_server(net, ServerOptions::default(), |net, server, peer| {
        peers.borrow_mut().push(peer);
        if peers.borrow().len() == 2 {
            server.close(net);
        }
    });
    listen(net, server, move |net, server| {
        let a = connect(net, server);
        let b = connect(net, server);
        a.on_data(net, move |net, _, _| on_data(net));
        b.on_data(net, move |net, _, _| on_data(net));
        when(
            net,
            move |net| peers.borrow().len() == 2 && !a.connecting(net) && !b.connecting(net),
            |net| {
                let (first, second) = (peers.borrow()[0], peers.borrow()[1]);
                first.end_with(net, "x");
                second.end_with(net, "y");
            },
        );
    });
}

#[test]
fn throw_in_tick_deferred() {
    let log = Log::new();
    let c = actor(&log, "c");
    let mut net = new_net();
    let calls = forever(Cell::new(0));
    two_readable_at_once(&mut net, |net| {
        calls.set(calls.get() + 1);
        if calls.get() == 1 {
            c.log(net, "first data");
            net.next_tick(|net| {
                c.log(net, "first tick");
                throw("boom");
            });
            net.next_tick(|net| c.log(net, "first tick 2"));
            return;
        }
        c.log(net, "second data");
        net.next_tick(|net| c.log(net, "second tick"));
    });
    run_catching(&mut net, |net, error| c.log(net, format!("uncaught {error}")));
    log.matches(include_str!("../../../spec/node/throw_in_tick_deferred.log"));
}

#[test]
fn throw_in_write_callback() {
    let log = Log::new();
    let c = actor(&log, "c");
    let mut net = new_net();
    let server = create_server(&mut net, ServerOptions::default(), |net, server, peer| {
        server.close(net);
        peer.resume(net);
    });
    listen(&mut net, server, move |net, server| {
        let sock = connect(net, server);
        c.watch(net, sock, &[E::Error, E::Finish, E::Close]);
        sock.on_connect(net, move |net, sock| {
            c.log(net, "connect");
            sock.write_then(net, "a", |net, _, _| {
                c.log(net, "cb a");
                throw("boom");
            });
            sock.write_then(net, "b", c.cb("b"));
            net.next_tick(|net| c.log(net, "u"));
            net.set_immediate(move |net| {
                c.log(net, "immediate");
                sock.end_then(net, c.cb("end"));
            });
        });
    });
    run_catching(&mut net, |net, error| c.log(net, format!("uncaught {error}")));
    log.matches(include_str!("../../../spec/node/throw_in_write_callback.log"));
}

#[test]
fn throw_ticks_deferred() {
    let log = Log::new();
    let c = actor(&log, "c");
    let mut net = new_net();
    let calls = forever(Cell::new(0));
    two_readable_at_once(&mut net, |net| {
        calls.set(calls.get() + 1);
        if calls.get() == 1 {
            c.log(net, "first data");
            net.next_tick(|net| c.log(net, "first tick"));
            throw("boom");
        }
        c.log(net, "second data");
        net.next_tick(|net| c.log(net, "second tick"));
    });
    run_catching(&mut net, |net, error| c.log(net, format!("uncaught {error}")));
    log.matches(include_str!("../../../spec/node/throw_ticks_deferred.log"));
}

#[test]
fn ticks_interleaved() {
    let log = Log::new();
    let c = actor(&log, "c");
    let mut net = new_net();
    let server = create_server(&mut net, ServerOptions::default(), |net, server, peer| {
        server.close(net);
        peer.resume(net);
    });
    listen(&mut net, server, move |net, server| {
        let sock = connect(net, server);
        c.watch(net, sock, &[E::Drain, E::Close]);
        sock.on_connect(net, |net, sock| {
            net.next_tick(|net| c.log(net, "u1"));
            let r = sock.write_then(net, "a", c.cb("a"));
            c.log(net, format!("write(1) -> {r}"));
            net.next_tick(|net| c.log(net, "u2"));
            let r = sock.write_then(net, "b", c.cb("b"));
            c.log(net, format!("write(1) -> {r}"));
            net.next_tick(|net| c.log(net, "u3"));
            net.next_tick(move |net| sock.end(net));
        });
    });
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/ticks_interleaved.log"));
}

#[test]
fn ticks_merged() {
    let log = Log::new();
    let c = actor(&log, "c");
    let mut net = new_net();
    let server = create_server(&mut net, ServerOptions::default(), |net, server, peer| {
        server.close(net);
        peer.resume(net);
    });
    listen(&mut net, server, move |net, server| {
        let sock = connect(net, server);
        let f = net.callback(|net, sock, result| c.cb("f")(net, sock, result));
        let g = net.callback(|net, sock, result| c.cb("g")(net, sock, result));
        sock.on_connect(net, move |net, sock| {
            c.log(net, "first");
            sock.write_cb(net, "x", f);
            sock.write_cb(net, "y", f);
            net.next_tick(|net| c.log(net, "u"));
            sock.write_cb(net, "z", g);
        });
        sock.on_ready(net, move |net, sock| {
            net.next_tick(move |net| {
                c.log(net, "second");
                sock.write_cb(net, "x", f);
                net.next_tick(|net| c.log(net, "u"));
                sock.write_cb(net, "y", f);
                sock.write_cb(net, "z", g);
                sock.write_cb(net, "x", f);
                net.next_tick(move |net| {
                    c.log(net, "third");
                    sock.end(net);
                });
            });
        });
    });
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/ticks_merged.log"));
}

#[test]
fn write_1mb_taken_whole() {
    const SIZE: usize = 1048576;
    let log = Log::new();
    let c = actor(&log, "c");
    let s = actor(&log, "s");
    let mut net = new_net();
    let server = create_server(&mut net, ServerOptions::default(), move |net, server, peer| {
        server.close(net);
        let total = Cell::new(0);
        peer.on_data(net, move |net, _, chunk| {
            total.set(total.get() + chunk.len());
            if total.get() == SIZE {
                s.log(net, "received 1048576");
            }
        });
        s.watch(net, peer, &[E::End, E::Close]);
    });
    listen(&mut net, server, move |net, server| {
        let sock = connect(net, server);
        c.watch(net, sock, &[E::Drain, E::Finish, E::Error, E::Close]);
        sock.on_connect(net, |net, sock| {
            let r = sock.write_then(net, vec![0; SIZE], c.cb("w1"));
            c.log(net, format!("write(1048576) -> {r}"));
            let (length, need) = (writable_length(net, sock), need_drain(net, sock));
            c.log(net, format!("writableLength {length} needDrain {need}"));
            net.next_tick(move |net| sock.end(net));
        });
    });
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/write_1mb_taken_whole.log"));
}

#[test]
fn write_destroy_connected() {
    let log = Log::new();
    let c = actor(&log, "c");
    let mut net = new_net();
    let server = create_server(&mut net, ServerOptions::default(), |net, server, sock| {
        sock.resume(net);
        server.close(net);
    });
    listen(&mut net, server, move |net, server| {
        let sock = connect(net, server);
        sock.on_connect(net, |net, sock| {
            let r = sock.write_then(net, "abc", c.cb("w1"));
            c.log(net, format!("write(3) -> {r}"));
            sock.destroy(net);
            let (destroyed, closed, written) = (sock.destroyed(net), closed(net, sock), sock.bytes_written(net));
            c.log(net, format!("destroyed {destroyed} closed {closed} bytesWritten {written}"));
        });
        c.watch(net, sock, &[E::Ready, E::Drain, E::Finish, E::Error, E::Close]);
    });
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/write_destroy_connected.log"));
}

#[test]
fn write_destroy_connecting() {
    let log = Log::new();
    let c = actor(&log, "c");
    let mut net = new_net();
    let server = net.server(ServerOptions::default());
    listen(&mut net, server, move |net, server| {
        let sock = connect(net, server);
        c.watch(net, sock, &[E::ConnectionAttempt, E::Connect, E::Ready, E::Error, E::Close]);
        let r = sock.write_then(net, "abc", c.cb("w1"));
        c.log(net, format!("write(3) -> {r}"));
        let r = sock.write_then(net, "de", c.cb("w2"));
        c.log(net, format!("write(2) -> {r}"));
        sock.on_close(net, |net, _, _| c.log(net, "close listener added after the writes"));
        sock.destroy(net);
        let (destroyed, connecting, pending) = (sock.destroyed(net), sock.connecting(net), sock.pending(net));
        c.log(net, format!("destroyed {destroyed} connecting {connecting} pending {pending}"));
        server.close(net);
    });
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/write_destroy_connecting.log"));
}

#[test]
fn write_destroy_queue_ahead() {
    const LARGE: usize = 20000000;
    let log = Log::new();
    let c = actor(&log, "c");
    let mut net = new_net();
    let options = ServerOptions { pause_on_connect: true, ..ServerOptions::default() };
    let server = create_server(&mut net, options, |net, server, peer| {
        server.close(net);
        peer.on_error(net, |_, _, _| {});
        peer.resume(net);
    });
    listen(&mut net, server, move |net, server| {
        let sock = connect(net, server);
        c.watch(net, sock, &[E::Connect, E::Drain, E::Finish, E::Error, E::Close]);
        sock.on_connect(net, |net, sock| {
            let r = sock.write_then(net, vec![0; LARGE], c.cb("w1"));
            c.log(net, format!("write(20000000) -> {r}"));
            let r = sock.write_then(net, "b", c.cb("w2"));
            c.log(net, format!("write(1) -> {r}"));
            let r = sock.write_then(net, "cc", c.cb("w3"));
            c.log(net, format!("write(2) -> {r}"));
            sock.write(net, "ddd");
            c.log(net, format!("writableLength {}", writable_length(net, sock)));
            sock.destroy(net);
            c.log(net, format!("writableLength {}", writable_length(net, sock)));
        });
    });
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/write_destroy_queue_ahead.log"));
}

#[test]
fn write_would_block() {
    const LARGE: usize = 20000000;
    let log = Log::new();
    let c = actor(&log, "c");
    let s = actor(&log, "s");
    let mut net = new_net();
    let server = create_server(&mut net, ServerOptions::default(), move |net, server, peer| {
        server.close(net);
        let total = Cell::new(0);
        peer.on_data(net, move |net, _, chunk| {
            total.set(total.get() + chunk.len());
            if total.get() == 2 * LARGE + 3 {
                s.log(net, "received 40000003");
            }
        });
    });
    listen(&mut net, server, move |net, server| {
        let sock = connect(net, server);
        c.watch(net, sock, &[E::Drain, E::Finish, E::Error, E::Close]);
        sock.on_connect(net, |net, sock| {
            let r = sock.write_then(net, vec![0; LARGE], c.cb("w1"));
            c.log(net, format!("write(20000000) -> {r}"));
            let (length, need) = (writable_length(net, sock), need_drain(net, sock));
            c.log(net, format!("writableLength {length} needDrain {need}"));
        });
        sock.once(net, E::Drain, |net, sock, _| {
            let r = sock.write_then(net, vec![0; LARGE], c.cb("w2"));
            c.log(net, format!("write(20000000) -> {r}"));
            let r = sock.write_then(net, "b", c.cb("w3"));
            c.log(net, format!("write(1) -> {r}"));
            let r = sock.write_then(net, "cc", c.cb("w4"));
            c.log(net, format!("write(2) -> {r}"));
            sock.once(net, E::Drain, |net, sock, _| sock.end_then(net, c.cb("end")));
        });
    });
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/write_would_block.log"));
}

/// No program of `spec/node/`, but what Node v20.20.2 printed for the same calls: the handler of the exception writes, and
/// the write's tick joins those that wait for the end of the next turn.
#[test]
fn throw_and_write_in_the_handler() {
    let log = Log::new();
    let c = actor(&log, "c");
    let mut net = new_net();
    let server = create_server(&mut net, ServerOptions::default(), |net, server, peer| {
        server.close(net);
        peer.write(net, "x");
        peer.resume(net);
    });
    let socket = forever(Cell::new(None::<Socket>));
    listen(&mut net, server, move |net, server| {
        let sock = connect(net, server);
        socket.set(Some(sock));
        sock.on_data(net, |net, _, _| {
            c.log(net, "data");
            net.next_tick(|net| c.log(net, "t"));
            throw("boom");
        });
    });
    run_catching(&mut net, |net, error| {
        let sock = socket.get().unwrap();
        c.log(net, format!("uncaught {error}"));
        sock.write_then(net, "y", c.cb("y"));
        sock.end(net);
    });
    log.matches("== c\nturn: data | uncaught Error \"boom\"\ntick: t\ntick: cb y null\n");
}
