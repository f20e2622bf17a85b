//! pipe and unpipe: the programs `r46b` of `spec/node`, line by line.

use netfold::EventKind::{self, *};
use netfold::{Connect, Net, NetError, Server, ServerOptions, Socket};
use netfold_conformance::{Actor, Log, port_of, run_logging, when};
use std::cell::{Cell, RefCell};

fn forever<T>(value: T) -> &'static T {
    Box::leak(Box::new(value))
}

type Peers = &'static RefCell<Vec<Socket>>;

/// A server for two connections; `first` gets the first one.
fn two(net: &mut Net<()>, first: impl Fn(&mut Net<()>, Socket) + 'static) -> (Server, Peers) {
    let peers: Peers = forever(RefCell::new(Vec::new()));
    let server = net.server(ServerOptions::default());
    server.on_connection(net, move |net, peer| {
        peers.borrow_mut().push(peer);
        let accepted = peers.borrow().len();
        if accepted == 2 {
            server.close(net);
        }
        if accepted == 1 {
            first(net, peer);
        }
        peer.resume(net);
    });
    (server, peers)
}

fn actors(log: &Log) -> (&'static Actor, &'static Actor) {
    (forever(log.actor("src")), forever(log.actor("dest")))
}

fn dial(net: &mut Net<()>, server: Server) -> Connect {
    Connect::from(("127.0.0.1", port_of(net, server)))
}

#[test]
fn p1_p2_p3_p4_pipe() {
    let mut net = Net::new(()).unwrap();
    let log = Log::new();
    let (src, dest) = actors(&log);
    let (server, _) = two(&mut net, |net, peer| peer.end_with(net, &[0; 10]));
    server.listen_then(&mut net, ("127.0.0.1", 0), move |net, server| {
        let to = dial(net, server);
        let a = net.connect(to.clone()).unwrap();
        a.on_connect(net, move |net, a| {
            let b = net.connect(to.clone().high_water_mark(3)).unwrap();
            src.watch(net, a, &[Pause, Resume, Data, End, Finish, Close]);
            dest.watch(net, b, &[Pipe, Unpipe, Drain, Finish, End, Close]);
            b.cork(net);
            net.set_immediate(move |net| net.set_immediate(move |net| b.uncork(net)));
            a.pipe(net, b);
        });
    });
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/r46b_pipe.log"));
}

#[test]
fn p4_p5_pipe_dest_destroyed() {
    let mut net = Net::new(()).unwrap();
    let log = Log::new();
    let (src, dest) = actors(&log);
    let (server, peers) = two(&mut net, |_, _| {});
    server.on_connection(&mut net, move |net, _| {
        let peer = *peers.borrow().last().unwrap();
        peer.on_error(net, |_, _, _| {});
    });
    server.listen_then(&mut net, ("127.0.0.1", 0), move |net, server| {
        let to = dial(net, server);
        let a = net.connect(to.clone()).unwrap();
        a.on_connect(net, move |net, a| {
            let b = net.connect(to.clone()).unwrap();
            src.watch(net, a, &[Pause, Resume, End, Finish, Close]);
            dest.watch(net, b, &[Pipe, Unpipe, Error, Finish, Close]);
            b.on_ready(net, move |net, b| {
                a.pipe(net, b);
                b.destroy(net);
            });
            b.on_close(net, move |net, _, _| {
                src.log(net, format!("isPaused {}", a.is_paused(net)));
                a.destroy(net);
            });
        });
    });
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/r46b_pipe_dest_destroyed.log"));
}

fn counts(net: &Net<()>, socket: Socket, events: &[EventKind]) -> String {
    let counts: Vec<String> =
        events.iter().map(|&event| net.core().listener_count(socket.id().into(), event).to_string()).collect();
    counts.join(" ")
}

#[test]
fn p1_p5_p6_pipe_order() {
    const EVENTS: &[EventKind] = &[Data, End, Close];
    const DEST_EVENTS: &[EventKind] = &[Pipe, Unpipe, Drain, Error, Finish, Close];
    let mut net = Net::new(()).unwrap();
    let log = Log::new();
    let (src, dest) = actors(&log);
    let (server, peers) = two(&mut net, |_, _| {});
    server.listen_then(&mut net, ("127.0.0.1", 0), move |net, server| {
        let to = dial(net, server);
        let again = to.clone();
        let connected = move |net: &mut Net<()>, a: Socket| {
            let connected = move |net: &mut Net<()>, b: Socket| {
                let log_counts = move |net: &mut Net<()>| {
                    let (a, b) = (counts(net, a, EVENTS), counts(net, b, DEST_EVENTS));
                    src.log(net, format!("counts {a} dest {b}"));
                };
                dest.watch(net, b, &[Error]);
                a.pipe_with(net, b, false);
                src.watch(net, a, &[Data, Pause, Resume, End, Finish, Close]);
                dest.watch(net, b, &[Pipe, Unpipe, Finish, Close]);
                log_counts(net);
                a.unpipe(net, b);
                log_counts(net);
                a.pipe_with(net, b, false);
                a.pipe_with(net, b, false);
                a.unpipe_all(net);
                log_counts(net);
                a.unpipe(net, b);
                a.pipe(net, b);
                let written = move |net: &mut Net<()>| {
                    src.log(net, format!("bytesWritten {}", b.bytes_written(net)));
                    b.destroy_with(net, "boom");
                    b.on_close(net, move |net, _, _| {
                        net.set_immediate(move |net| {
                            let (paused, counts) = (a.is_paused(net), counts(net, a, EVENTS));
                            src.log(net, format!("isPaused {paused} counts {counts}"));
                            a.destroy(net);
                        });
                    });
                };
                when(
                    net,
                    move |_| peers.borrow().len() == 2,
                    move |net| {
                        let peer = peers.borrow()[0];
                        peer.write(net, "hello");
                        when(net, move |net| b.bytes_written(net) == 5, written);
                    },
                );
            };
            net.connect_then(again.clone(), connected).unwrap();
        };
        net.connect_then(to, connected).unwrap();
    });
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/r46b_pipe_order.log"));
}

#[test]
fn p6_pipe_error() {
    let mut net = Net::new(()).unwrap();
    let log = Log::new();
    let (src, dest) = actors(&log);
    let (server, _) = two(&mut net, |_, _| {});
    server.on_connection(&mut net, |net, peer| {
        peer.on_error(net, |_, _, _| {});
    });
    server.listen_then(&mut net, ("127.0.0.1", 0), move |net, server| {
        let to = dial(net, server);
        let again = to.clone();
        let connected = move |net: &mut Net<()>, a: Socket| {
            let connected = move |net: &mut Net<()>, b: Socket| {
                src.watch(net, a, &[Pause, Resume, End, Finish, Close]);
                dest.watch(net, b, &[Pipe, Unpipe, Close]);
                a.pipe(net, b);
                b.destroy_with(net, "boom");
                b.on_close(net, move |net, _, _| a.end(net));
            };
            net.connect_then(again.clone(), connected).unwrap();
        };
        net.connect_then(to, connected).unwrap();
    });
    run_logging(&mut net, move |net, error| {
        let NetError::Unhandled(unhandled) = error else { panic!("{error}") };
        dest.log(net, format!("uncaught {}", unhandled.error));
    });
    log.matches(include_str!("../../../spec/node/r46b_pipe_error.log"));
}

/// Much data to a reader that stops twice: the source is paused and resumed, and nothing is lost.
#[test]
fn p2_backpressure_loses_nothing() {
    // Half of it is more than what a system keeps between the two at the most.
    const BYTES: usize = 48_000_000;
    let mut net = Net::new(()).unwrap();
    let received = forever(Cell::new(0));
    let pauses = forever(Cell::new(0));
    let sink = net.server(ServerOptions::default());
    sink.on_connection(&mut net, move |net, peer| {
        sink.close(net);
        peer.pause(net);
        peer.on_data(net, move |net, _, bytes| {
            let before = received.replace(received.get() + bytes.len());
            if (before..received.get()).contains(&(BYTES / 2)) {
                peer.pause(net);
                net.set_timeout(50.0, move |net| peer.resume(net));
            }
        });
        net.set_timeout(50.0, move |net| peer.resume(net));
    });
    let source = net.server(ServerOptions::default());
    source.on_connection(&mut net, move |net, peer| {
        source.close(net);
        peer.resume(net);
        peer.end_with(net, vec![7; BYTES]);
    });
    sink.listen_then(&mut net, ("127.0.0.1", 0), move |net, sink| {
        let to = dial(net, sink);
        source.listen_then(net, ("127.0.0.1", 0), move |net, source| {
            let from = dial(net, source);
            let (from, to) = (net.connect(from).unwrap(), net.connect(to.clone()).unwrap());
            from.on_pause(net, move |_, _| pauses.set(pauses.get() + 1));
            from.pipe(net, to);
        });
    });
    net.run().unwrap();
    assert_eq!(received.get(), BYTES);
    assert!(pauses.get() > 1, "paused {} times", pauses.get());
}
