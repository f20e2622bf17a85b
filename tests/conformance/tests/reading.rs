//! Reading: the programs r12 to r21 of `spec/node`, line by line; those of r21b are in `onread.rs`, those of r21c in
//! `encodings.rs`.

use netfold::EventKind::*;
use netfold::core::host::Kernel;
use netfold::core::{Call, Completion, Reply};
use netfold::{Encoding, Host, Limits, Net, NodeError, Server, ServerOptions, Socket, SocketOptions, System};
use netfold_conformance::{Actor, Log, event_text, port_of, refused_port, when};
use std::cell::Cell;
use std::sync::Arc;

/// The system, and how many ends of streams it told the machine of: nothing of a socket says so before 'end', and the
/// programs have to await it (`_readableState.ended`).
struct Noting {
    system: System,
    ends: u32,
}

impl Kernel for Noting {
    type Error = std::io::Error;

    fn call(&mut self, call: &mut Call<'_>) -> Reply {
        self.system.call(call)
    }

    fn now(&mut self) -> u64 {
        self.system.now()
    }

    fn wait(&mut self, timeout: Option<u64>) -> Result<(), Self::Error> {
        self.system.wait(timeout)
    }

    fn next(&mut self) -> Option<Completion> {
        let next = self.system.next();
        self.ends += u32::from(matches!(next, Some(Completion::Eof(_))));
        next
    }
}

impl Host for Noting {
    fn wake_handle(&self) -> Arc<dyn Fn() + Send + Sync> {
        self.system.wake_handle()
    }
}

fn new_net() -> Net<(), Noting> {
    Net::with_host((), Noting { system: System::new().unwrap(), ends: 0 }, Limits::default())
}

/// An actor that any number of closures can name.
fn actor(log: &Log, name: &str) -> &'static Actor {
    Box::leak(Box::new(log.actor(name)))
}

/// A variable that any number of closures can name.
fn cell<T>(value: T) -> &'static Cell<T> {
    Box::leak(Box::new(Cell::new(value)))
}

/// `readableFlowing`, printed.
fn flowing(net: &Net<(), Noting>, sock: Socket) -> String {
    sock.view(net).unwrap().readable_flowing().map_or(String::from("null"), |flowing| flowing.to_string())
}

fn readable_length(net: &Net<(), Noting>, sock: Socket) -> u64 {
    sock.view(net).unwrap().readable_length()
}

/// `sock.read(n)`, logged with the bytes it gave.
fn read_logged(net: &mut Net<(), Noting>, c: &Actor, sock: Socket, n: u32) {
    let got = sock.read_n(net, n).unwrap();
    let got = got.map_or(String::from("null"), |got| String::from_utf8(got.to_vec()).unwrap());
    c.log(net, format!("read({n}) -> {got}"));
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

/// A server that takes one connection, remembers it, reads all it sends and greets it.
fn one_peer(net: &mut Net<(), Noting>, greeting: &'static str) -> (Server, &'static Cell<Option<Socket>>) {
    let peer = cell(None);
    let server = net.server(ServerOptions::default());
    server.on_connection(net, move |net, accepted| {
        server.close(net);
        peer.set(Some(accepted));
        accepted.resume(net);
        accepted.write(net, greeting);
    });
    (server, peer)
}

/// A server that takes one connection, reads all it sends and ends it after a greeting.
fn one_ended_peer(net: &mut Net<(), Noting>, greeting: &'static str) -> Server {
    let server = net.server(ServerOptions::default());
    server.on_connection(net, move |net, peer| {
        server.close(net);
        peer.resume(net);
        peer.end_with(net, greeting);
    });
    server
}

#[test]
fn r12_ready_state() {
    let mut net = new_net();
    let log = Log::new();
    let c = actor(&log, "c");
    let half_open = SocketOptions { allow_half_open: true, ..SocketOptions::default() };
    let server = net.server(ServerOptions { socket: half_open, ..ServerOptions::default() });
    server.on_connection(&mut net, move |net, peer| {
        server.close(net);
        peer.resume(net);
        peer.end(net);
    });
    let state = |net: &Net<(), Noting>, sock: Socket| sock.ready_state(net).as_str();
    let idle = net.socket(SocketOptions::default()).unwrap();
    let (pending, connecting) = (idle.pending(&net), idle.connecting(&net));
    c.log(&net, format!("idle {} pending {pending} connecting {connecting}", state(&net, idle)));
    idle.end(&mut net);
    c.log(&net, format!("idle ended {}", state(&net, idle)));
    server.listen_then(&mut net, ("127.0.0.1", 0), move |net, server| {
        let sock = net.socket(half_open).unwrap();
        let port = port_of(net, server);
        sock.connect(net, ("127.0.0.1", port)).unwrap();
        c.log(net, format!("connecting {} pending {}", state(net, sock), sock.pending(net)));
        sock.resume(net);
        sock.on_connect(net, move |net, sock| {
            c.log(net, format!("connect {} pending {}", state(net, sock), sock.pending(net)));
        });
        sock.on_end(net, move |net, sock| {
            c.log(net, format!("end {}", state(net, sock)));
            net.set_immediate(move |net| {
                sock.end(net);
                c.log(net, format!("end called {}", state(net, sock)));
            });
        });
        sock.on_finish(net, move |net, sock| c.log(net, format!("finish {}", state(net, sock))));
        sock.on_close(net, move |net, sock, _| {
            c.log(net, format!("close {} pending {}", state(net, sock), sock.pending(net)));
        });
    });
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/r12_ready_state.log"));
}

#[test]
fn r13_listener_kept() {
    let mut net = new_net();
    let log = Log::new();
    let c = actor(&log, "c");
    let server = net.server(ServerOptions::default());
    server.on_connection(&mut net, move |net, peer| {
        server.close(net);
        peer.resume(net);
    });
    refused_port(&mut net, move |net, port| {
        server.listen_then(net, ("127.0.0.1", 0), move |net, server| {
            let sock = net.connect_then(("127.0.0.1", port), move |net, _| c.log(net, "connectListener 1")).unwrap();
            c.watch(net, sock, &[ConnectionAttempt, Connect, Ready, Error, Close]);
            sock.once(net, Close, move |net, sock, _| {
                sock.once(net, Connect, move |net, sock, _| {
                    c.log(net, "connectListener 2");
                    sock.end(net);
                });
                let port = port_of(net, server);
                sock.connect(net, ("127.0.0.1", port)).unwrap();
            });
        });
    });
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/r13_listener_kept.log"));
}

#[test]
fn r18_listener_then_pause() {
    let mut net = new_net();
    let log = Log::new();
    let c = actor(&log, "c");
    let server = one_ended_peer(&mut net, "hello");
    server.listen_then(&mut net, ("127.0.0.1", 0), move |net, server| {
        let port = port_of(net, server);
        let sock = net.connect(("127.0.0.1", port)).unwrap();
        c.watch(net, sock, &[Pause, Resume, Data, End, Finish, Close]);
        sock.pause(net);
        c.log(net, format!("isPaused {} flowing {}", sock.is_paused(net), flowing(net, sock)));
        when(
            net,
            move |net| sock.bytes_read(net) == 5,
            move |net| {
                c.log(net, format!("readableLength {}", readable_length(net, sock)));
                sock.resume(net);
            },
        );
    });
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/r18_listener_then_pause.log"));
}

#[test]
fn r18_pause_before_connect() {
    const ARRIVES_MS: f64 = 20.0;
    let mut net = new_net();
    let log = Log::new();
    let c = actor(&log, "c");
    let server = one_ended_peer(&mut net, "hello");
    server.listen_then(&mut net, ("127.0.0.1", 0), move |net, server| {
        let port = port_of(net, server);
        let sock = net.connect(("127.0.0.1", port)).unwrap();
        sock.pause(net);
        c.watch(net, sock, &[Connect, Pause, Resume, End, Finish, Close]);
        sock.on_connect(net, move |net, sock| {
            net.set_timeout(ARRIVES_MS, move |net| {
                let (read, length) = (sock.bytes_read(net), readable_length(net, sock));
                c.log(net, format!("bytesRead {read} readableLength {length}"));
                sock.on_data(net, move |net, _, chunk| c.log(net, format!("data {}", chunk.len())));
                c.log(net, format!("isPaused {}", sock.is_paused(net)));
                sock.resume(net);
            });
        });
    });
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/r18_pause_before_connect.log"));
}

#[test]
fn r19_data_after_pause() {
    let mut net = new_net();
    let log = Log::new();
    let c = actor(&log, "c");
    let (server, peer) = one_peer(&mut net, "aaaa");
    server.listen_then(&mut net, ("127.0.0.1", 0), move |net, server| {
        let port = port_of(net, server);
        let sock = net.connect(("127.0.0.1", port)).unwrap();
        c.watch(net, sock, &[Pause, Resume]);
        when(
            net,
            move |net| sock.bytes_read(net) == 4,
            move |net| {
                sock.pause(net);
                c.watch(net, sock, &[Data, End, Close]);
                c.log(net, format!("flowing {}", flowing(net, sock)));
                net.set_immediate(move |net| {
                    c.log(net, format!("still paused {}", sock.is_paused(net)));
                    sock.resume(net);
                    sock.pause(net);
                    sock.resume(net);
                    c.log(net, format!("flowing {}", flowing(net, sock)));
                    net.set_immediate(move |net| peer.get().unwrap().end(net));
                });
            },
        );
    });
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/r19_data_after_pause.log"));
}

#[test]
fn r19_pause_between_chunks() {
    let mut net = new_net();
    let log = Log::new();
    let c = actor(&log, "c");
    let (server, peer) = one_peer(&mut net, "aaaa");
    server.listen_then(&mut net, ("127.0.0.1", 0), move |net, server| {
        let port = port_of(net, server);
        let sock = net.connect(("127.0.0.1", port)).unwrap();
        let listen = move |net: &mut Net<(), Noting>| {
            c.watch(net, sock, &[Pause, Resume, Data, End, Finish, Close]);
            sock.once(net, Data, move |net, sock, _| {
                sock.pause(net);
                c.log(net, format!("readableLength {}", readable_length(net, sock)));
                net.set_immediate(move |net| {
                    c.log(net, "resume");
                    sock.resume(net);
                    peer.get().unwrap().end(net);
                });
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
    log.matches(include_str!("../../../spec/node/r19_pause_between_chunks.log"));
}

#[test]
fn r19_remove_data_listener() {
    let mut net = new_net();
    let log = Log::new();
    let c = actor(&log, "c");
    let (server, peer) = one_peer(&mut net, "aaaa");
    server.listen_then(&mut net, ("127.0.0.1", 0), move |net, server| {
        let port = port_of(net, server);
        let sock = net.connect(("127.0.0.1", port)).unwrap();
        c.watch(net, sock, &[End, Close]);
        sock.once(net, Data, move |net, sock, event| {
            c.log(net, event_text(&event));
            net.set_immediate(move |net| {
                let listeners = sock.listener_count(net, Data);
                c.log(net, format!("flowing {} listeners {listeners}", flowing(net, sock)));
                peer.get().unwrap().write(net, "bbb");
                when(
                    net,
                    move |net| sock.bytes_read(net) == 7,
                    move |net| {
                        c.log(net, format!("readableLength {}", readable_length(net, sock)));
                        sock.on_data(net, move |net, _, late| c.log(net, format!("data {}", late.len())));
                        peer.get().unwrap().end_with(net, "cc");
                    },
                );
            });
        });
    });
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/r19_remove_data_listener.log"));
}

#[test]
fn r19_resume_chunks() {
    let mut net = new_net();
    let log = Log::new();
    let c = actor(&log, "c");
    let (server, peer) = one_peer(&mut net, "aaaa");
    server.listen_then(&mut net, ("127.0.0.1", 0), move |net, server| {
        let port = port_of(net, server);
        let sock = net.connect(("127.0.0.1", port)).unwrap();
        let listen = move |net: &mut Net<(), Noting>| {
            c.log(net, format!("readableLength {} flowing {}", readable_length(net, sock), flowing(net, sock)));
            c.watch(net, sock, &[Pause, Resume, Data, End, Finish, Close]);
            c.log(net, format!("flowing {}", flowing(net, sock)));
            net.next_tick(move |net| c.log(net, "tick"));
            net.set_immediate(move |net| peer.get().unwrap().end_with(net, "cc"));
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
    log.matches(include_str!("../../../spec/node/r19_resume_chunks.log"));
}

#[test]
fn r19_resume_pause_same_turn() {
    let mut net = new_net();
    let log = Log::new();
    let c = actor(&log, "c");
    let peer = cell(None);
    let server = net.server(ServerOptions::default());
    server.on_connection(&mut net, move |net, accepted| {
        server.close(net);
        peer.set(Some(accepted));
        accepted.resume(net);
        accepted.end_with(net, "aaaa");
    });
    server.listen_then(&mut net, ("127.0.0.1", 0), move |net, server| {
        let port = port_of(net, server);
        let sock = net.connect(("127.0.0.1", port)).unwrap();
        sock.pause(net);
        c.watch(net, sock, &[Pause, Resume, Data, End, Close]);
        when(
            net,
            move |net| peer.get().is_some() && !sock.connecting(net),
            move |net| {
                sock.resume(net);
                sock.pause(net);
                c.log(net, format!("isPaused {}", sock.is_paused(net)));
                when(
                    net,
                    move |net| sock.bytes_read(net) == 4,
                    move |net| {
                        c.log(net, format!("readableLength {}", readable_length(net, sock)));
                        sock.resume(net);
                    },
                );
            },
        );
    });
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/r19_resume_pause_same_turn.log"));
}

#[test]
fn r20_no_listener() {
    let mut net = new_net();
    let log = Log::new();
    let c = actor(&log, "c");
    let server = one_ended_peer(&mut net, "hello");
    server.listen_then(&mut net, ("127.0.0.1", 0), move |net, server| {
        let port = port_of(net, server);
        let sock = net.connect(("127.0.0.1", port)).unwrap();
        when(
            net,
            |net| net.kernel().ends == 1,
            move |net| {
                let (length, state) = (readable_length(net, sock), sock.ready_state(net).as_str());
                c.log(net, format!("flowing {} readableLength {length} readyState {state}", flowing(net, sock)));
                c.watch(net, sock, &[Resume, Data, End, Finish, Close]);
            },
        );
    });
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/r20_no_listener.log"));
}

#[test]
fn r21_fin_no_listener() {
    let mut net = new_net();
    let log = Log::new();
    let c = actor(&log, "c");
    let s = actor(&log, "s");
    let server = net.server(ServerOptions::default());
    server.on_connection(&mut net, move |net, peer| {
        server.close(net);
        s.watch(net, peer, &[End, Finish, Close]);
        peer.end(net);
    });
    server.listen_then(&mut net, ("127.0.0.1", 0), move |net, server| {
        let port = port_of(net, server);
        let sock = net.connect(("127.0.0.1", port)).unwrap();
        c.watch(net, sock, &[Connect, Ready, End, Finish, Close]);
    });
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/r21_fin_no_listener.log"));
}

#[test]
fn r21_fin_while_paused() {
    let mut net = new_net();
    let log = Log::new();
    let c = actor(&log, "c");
    let peer = cell(None);
    let server = net.server(ServerOptions::default());
    server.on_connection(&mut net, move |net, accepted| {
        server.close(net);
        peer.set(Some(accepted));
        accepted.resume(net);
    });
    server.listen_then(&mut net, ("127.0.0.1", 0), move |net, server| {
        let port = port_of(net, server);
        let sock = net.connect(("127.0.0.1", port)).unwrap();
        c.watch(net, sock, &[Connect, Ready, Pause, Resume, End, Finish, Close]);
        sock.on_ready(net, move |net, sock| {
            net.set_immediate(move |net| {
                sock.pause(net);
                peer.get().unwrap().end(net);
            });
        });
    });
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/r21_fin_while_paused.log"));
}

#[test]
fn r21_read_error() {
    let mut net = new_net();
    let log = Log::new();
    let c = actor(&log, "c");
    let peer: &Cell<Option<Socket>> = cell(None);
    let server = net.server(ServerOptions::default());
    server.on_connection(&mut net, move |net, accepted| {
        server.close(net);
        peer.set(Some(accepted));
        accepted.write(net, "hello");
    });
    server.listen_then(&mut net, ("127.0.0.1", 0), move |net, server| {
        let port = port_of(net, server);
        let sock = net.connect(("127.0.0.1", port)).unwrap();
        c.watch(net, sock, &[Pause, End, Error, Close]);
        sock.on_error(net, move |net, sock, error| {
            c.log(net, format!("keys {} syscall {}", keys(&error), error.syscall().unwrap()));
            sock.on_data(net, move |net, _, chunk| c.log(net, format!("data {}", chunk.len())));
            sock.resume(net);
        });
        sock.pause(net);
        sock.on_connect(net, |net, sock| {
            sock.read_n(net, 0).unwrap();
        });
        when(net, move |net| sock.bytes_read(net) == 5, move |net| peer.get().unwrap().reset_and_destroy(net).unwrap());
    });
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/r21_read_error.log"));
}

/// R25
#[test]
fn what_is_put_back_is_read_first() {
    let mut net = Net::new(Vec::new()).unwrap();
    let net = &mut net;
    let socket = net.socket(SocketOptions { high_water_mark: Some(5), ..SocketOptions::default() }).unwrap();
    assert!(socket.unshift(net, "lo"));
    assert!(socket.unshift(net, b""), "there is room");
    assert!(!socket.unshift(net, "hel"), "the mark is reached");
    assert_eq!((socket.readable_length(net), socket.bytes_read(net)), (5, 0));
    assert_eq!(socket.read_n(net, 4).unwrap().unwrap(), "hell");
    socket.set_encoding(net, Encoding::Hex);
    assert_eq!(socket.readable_length(net), 2, "what is kept becomes text");
    assert!(socket.unshift(net, ("YQ", Encoding::Base64)), "so does what is put back");
    assert_eq!(&*socket.read_text(net).unwrap(), "616f");
    socket.on_data(net, |net, _, text| net.state.push(text));
    socket.resume(net);
    net.next_tick(move |net| {
        assert!(socket.unshift(net, "now"));
        assert_eq!(net.state, ["6e6f77"], "within the call");
        socket.destroy(net);
        assert!(!socket.unshift(net, "never"));
    });
    net.run().unwrap();
    assert_eq!(net.state, ["6e6f77"]);
}

#[test]
fn r21_read_n() {
    let mut net = new_net();
    let log = Log::new();
    let c = actor(&log, "c");
    let (server, peer) = one_peer(&mut net, "aaaa");
    server.listen_then(&mut net, ("127.0.0.1", 0), move |net, server| {
        let port = port_of(net, server);
        let sock = net.connect(("127.0.0.1", port)).unwrap();
        c.watch(net, sock, &[End, Close]);
        let read = move |net: &mut Net<(), Noting>, n| read_logged(net, c, sock, n);
        let third = move |net: &mut Net<(), Noting>| {
            read(net, 6);
            read(net, 6);
        };
        let second = move |net: &mut Net<(), Noting>| {
            read(net, 6);
            read(net, 6);
            peer.get().unwrap().end_with(net, "c");
            when(net, |net| net.kernel().ends == 1, third);
        };
        let first = move |net: &mut Net<(), Noting>| {
            read(net, 6);
            peer.get().unwrap().write(net, "bbbb");
            when(net, move |net| sock.bytes_read(net) == 8, second);
        };
        when(net, move |net| sock.bytes_read(net) == 4, first);
    });
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/r21_read_n.log"));
}

#[test]
fn r21_readable_and_data() {
    let mut net = new_net();
    let log = Log::new();
    let c = actor(&log, "c");
    let server = one_ended_peer(&mut net, "aaaa");
    server.listen_then(&mut net, ("127.0.0.1", 0), move |net, server| {
        let port = port_of(net, server);
        let sock = net.connect(("127.0.0.1", port)).unwrap();
        c.watch(net, sock, &[Data, Resume, End, Close]);
        sock.on_readable(net, move |net, sock| {
            c.log(net, format!("readable length {} flowing {}", readable_length(net, sock), flowing(net, sock)));
            let got = sock.read(net);
            c.log(net, format!("read() -> {}", got.map_or(String::from("null"), |got| got.len().to_string())));
        });
    });
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/r21_readable_and_data.log"));
}

#[test]
fn r21_readable_mode() {
    let mut net = new_net();
    let log = Log::new();
    let c = actor(&log, "c");
    let (server, peer) = one_peer(&mut net, "aaaa");
    server.listen_then(&mut net, ("127.0.0.1", 0), move |net, server| {
        let port = port_of(net, server);
        let sock = net.connect(("127.0.0.1", port)).unwrap();
        let calls = cell(0);
        sock.on_readable(net, move |net, sock| {
            calls.set(calls.get() + 1);
            c.log(net, format!("readable length {}", readable_length(net, sock)));
            let got = sock.read(net);
            c.log(net, format!("read() -> {}", got.map_or(String::from("null"), |got| got.len().to_string())));
            match calls.get() {
                1 => net.set_immediate(move |net| {
                    peer.get().unwrap().write(net, "bbb");
                }),
                2 => net.set_immediate(move |net| peer.get().unwrap().end(net)),
                _ => {}
            }
        });
        c.log(net, format!("flowing {}", flowing(net, sock)));
        c.watch(net, sock, &[End, Finish, Close]);
    });
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/r21_readable_mode.log"));
}

#[test]
fn r21_unread_blocks_end() {
    let mut net = new_net();
    let log = Log::new();
    let c = actor(&log, "c");
    let server = net.server(ServerOptions::default());
    server.on_connection(&mut net, move |net, peer| {
        server.close(net);
        peer.on_error(net, |_, _, _| {});
        peer.resume(net);
        peer.end_with(net, "hello");
    });
    server.listen_then(&mut net, ("127.0.0.1", 0), move |net, server| {
        let port = port_of(net, server);
        let sock = net.connect(("127.0.0.1", port)).unwrap();
        // It is read from after its 'close'.
        sock.retain(net);
        c.watch(net, sock, &[End, Finish, Error, Close]);
        when(
            net,
            |net| net.kernel().ends == 1,
            move |net| {
                sock.end_then(net, c.cb("end"));
                sock.on_finish(net, move |net, sock| {
                    net.set_immediate(move |net| {
                        let (length, destroyed) = (readable_length(net, sock), sock.destroyed(net));
                        c.log(net, format!("readableLength {length} destroyed {destroyed}"));
                        sock.pause(net);
                        c.watch(net, sock, &[Data]);
                        sock.destroy(net);
                        read_logged(net, c, sock, 2);
                        net.set_immediate(move |net| read_logged(net, c, sock, 2));
                    });
                });
            },
        );
    });
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/r21_unread_blocks_end.log"));
}
