//! Many connections: at one time, and one after the other; and what must not be left of them.
#![cfg(unix)]

mod common;

use common::{Bound, Scratch, alone, assert_clean, descriptors, long, most_descriptors, new, serve};
use netfold::{Connect, EventKind, Listen, Net, ServerOptions, Socket};
use std::cell::RefCell;
use std::io::{Read, Write};
use std::os::fd::AsRawFd;
use std::rc::Rc;
use std::time::Instant;

struct Many {
    bound: Option<Bound>,
    wanted: usize,
    open: usize,
    echoed: usize,
    clients: Vec<Socket>,
}

/// 9,000 connections at one time on one loop, both ends of each: every one echoes its own bytes, twice, while all are
/// open. That takes 18,000 descriptors: the soft bound is raised, and with a hard one too low it runs with as many as fit
/// and says so.
#[test]
fn thousands_at_one_time_echo_correctly() {
    let _alone = alone();
    let before = descriptors();
    let fit = (most_descriptors() - before - 40) / 2;
    let asked = 9000;
    let wanted = asked.min(fit);
    if wanted < asked {
        println!("SKIPPED: {} of {asked} connections; the hard limit of descriptors is too low", asked - wanted);
    }
    let begun = Instant::now();
    let mut net = new(Many { bound: None, wanted, open: 0, echoed: 0, clients: Vec::new() });
    net.state.bound = Some(serve(&mut net, ServerOptions::default(), common::echo));
    // No burst over the backlog: each that is connected begins another.
    for _ in 0..wanted.min(256) {
        one_of_many(&mut net);
    }
    net.run().unwrap();
    assert_eq!((net.state.open, net.state.echoed), (0, 2 * wanted));
    assert_clean(&mut net, 1);
    println!("{wanted} connections at one time, echoed twice: {:?}", begun.elapsed());
    drop(net);
    assert_eq!(descriptors(), before);
}

/// What the `n`th client says: its number, and a filling of its own length.
fn saying(n: usize, round: u8) -> Vec<u8> {
    let mut text = format!("client {n} round {round} ").into_bytes();
    text.resize(text.len() + n % 97, b'a' + (n % 26) as u8);
    text
}

fn one_of_many(net: &mut Net<Many>) {
    let (n, bound) = (net.state.clients.len(), net.state.bound.expect("a server listens"));
    let client = net.connect(bound.addr()).unwrap();
    net.state.clients.push(client);
    client.on_connect(net, |net, _| {
        net.state.open += 1;
        if net.state.clients.len() < net.state.wanted {
            one_of_many(net);
        } else if net.state.open == net.state.wanted {
            for (n, client) in net.state.clients.clone().into_iter().enumerate() {
                client.write(net, saying(n, 1));
            }
        }
    });
    let heard = RefCell::new(Vec::new());
    client.on_data(net, move |net, client, chunk| {
        let mut heard = heard.borrow_mut();
        heard.extend_from_slice(&chunk);
        let (one, two) = (saying(n, 1), saying(n, 2));
        if heard.len() == one.len() {
            assert_eq!(*heard, one);
            net.state.echoed += 1;
            client.write(net, two);
        } else if heard.len() == one.len() + two.len() {
            assert_eq!(heard[one.len()..], two);
            net.state.echoed += 1;
            if net.state.echoed == 2 * net.state.wanted {
                all_have_echoed(net);
            }
        }
    });
    client.on_close(net, |net, _, had_error| {
        assert_eq!(had_error, Some(false));
        net.state.open -= 1;
    });
}

fn all_have_echoed(net: &mut Net<Many>) {
    let wanted = net.state.wanted;
    assert_eq!(net.state.open, wanted, "all are still open");
    let census = net.core().census();
    assert_eq!((census.sockets, census.handles), (2 * wanted, 2 * wanted + 1));
    let server = net.state.bound.expect("a server listens").server;
    assert_eq!(server.connections(net) as usize, wanted);
    for client in std::mem::take(&mut net.state.clients) {
        client.end(net);
    }
    server.close(net);
}

/// How a client of the cycles leaves.
#[derive(Clone, Copy)]
enum Leaves {
    Ends,
    Destroys,
    Resets,
}

struct Cycles {
    tcp: Option<Bound>,
    path: std::path::PathBuf,
    left: usize,
    running: usize,
    echoed: usize,
    served: usize,
    greatest_slot: u32,
}

/// Connect, echo, close, again and again, 64 at a time, over TCP and a Unix path, the clients leaving in good order, by
/// `destroy` or by RST: no descriptor and no slot is left behind, and slots are used again. 100,000 cycles with
/// NETFOLD_LONG=1, else 6,000.
#[test]
fn cycles_leave_nothing_behind() {
    const AT_ONCE: usize = 64;
    let _alone = alone();
    let (before, cycles) = (descriptors(), if long() { 100_000 } else { 6000 });
    let path = Scratch::new("cycles");
    let begun = Instant::now();
    let mut net = new(Cycles {
        tcp: None,
        path: path.0.clone(),
        left: cycles,
        running: 0,
        echoed: 0,
        served: 0,
        greatest_slot: 0,
    });
    net.state.tcp = Some(serve(&mut net, ServerOptions::default(), counted));
    let pipe = net.create_server(counted);
    pipe.listen(&mut net, Listen::path(&path.0)).unwrap();
    net.dispatch().unwrap();
    let at_rest = (descriptors(), net.core().census());
    for _ in 0..AT_ONCE {
        cycle(&mut net);
    }
    // The servers stay: what is left of the connections would show.
    pipe.unref(&mut net);
    net.state.tcp.unwrap().server.unref(&mut net);
    net.run().unwrap();
    assert_eq!((net.state.left, net.state.running, net.state.echoed), (0, 0, cycles));
    let tcp = net.state.tcp.unwrap().server;
    common::until(&mut net, |net| tcp.connections(net) + pipe.connections(net) == 0);
    // What has closed is swept at the beginning of the machine's next turn.
    net.set_timeout(1.0, |_| {});
    net.run().unwrap();
    assert_eq!((descriptors(), net.core().census()), at_rest);
    assert_eq!(net.state.served, cycles);
    let greatest = net.state.greatest_slot as usize;
    assert!(greatest < 8 * AT_ONCE, "slots are used again, and yet one was number {greatest}");
    println!("{cycles} cycles: {:?}, greatest slot {greatest}", begun.elapsed());
    pipe.close(&mut net);
    tcp.close(&mut net);
    assert_clean(&mut net, 2);
    drop(net);
    assert_eq!(descriptors(), before);
    assert!(!path.0.exists(), "a path is unlinked at close");
}

fn counted(net: &mut Net<Cycles>, socket: Socket) {
    net.state.served += 1;
    net.state.greatest_slot = net.state.greatest_slot.max(socket.id().slot());
    // A client that resets makes errors here.
    socket.on_error(net, |_, _, error| assert_eq!(error.code(), "ECONNRESET"));
    common::echo(net, socket);
}

fn cycle(net: &mut Net<Cycles>) {
    if net.state.left == 0 {
        return;
    }
    net.state.left -= 1;
    net.state.running += 1;
    let n = net.state.left;
    let pipe = n % 10 == 9;
    let leaves = match n % 4 {
        1 if !pipe => Leaves::Resets,
        3 => Leaves::Destroys,
        _ => Leaves::Ends,
    };
    let to = if pipe { Connect::path(&net.state.path) } else { Connect::from(net.state.tcp.unwrap().addr()) };
    let client = net.connect(to).unwrap();
    net.state.greatest_slot = net.state.greatest_slot.max(client.id().slot());
    client.write(net, n.to_string());
    client.on_data(net, move |net, client, chunk| {
        assert_eq!(chunk, n.to_string());
        net.state.echoed += 1;
        match leaves {
            Leaves::Ends => client.end(net),
            Leaves::Destroys => client.destroy(net),
            Leaves::Resets => client.reset_and_destroy(net).unwrap(),
        }
    });
    client.on_close(net, |net, _, had_error| {
        assert_eq!(had_error, Some(false));
        net.state.running -= 1;
        cycle(net);
    });
}

/// The closures of a program go with what they belong to: listeners with their socket, callbacks when they were called or
/// their socket is gone, timers when they rang or were cleared, ticks, immediates and posts when they ran.
#[test]
fn no_closure_is_kept() {
    let _alone = alone();
    let probe = Rc::new(());
    let mut net = new(());
    let held = probe.clone();
    let bound = serve(&mut net, ServerOptions::default(), move |net, socket| {
        let held = held.clone();
        // Some clients leave without having read everything.
        socket.on_error(net, |_, _, _| {});
        socket.on_data(net, move |net, socket, chunk| {
            let held = held.clone();
            socket.write_then(net, chunk, move |_, _, _| drop(held));
        });
    });
    for n in 0..50 {
        let client = net.connect(bound.addr()).unwrap();
        for event in common::SOCKET_EVENTS {
            let held = probe.clone();
            if event != EventKind::Readable {
                client.on(&mut net, event, move |_, _, _| drop(held.clone()));
            }
        }
        let held = probe.clone();
        client.write_then(&mut net, "x", move |_, _, _| drop(held));
        let held = probe.clone();
        client.once(&mut net, EventKind::Data, move |net, client, _| {
            let held = held.clone();
            match n % 3 {
                0 => client.end_then(net, move |_, _, _| drop(held)),
                1 => client.destroy(net),
                _ => {
                    // More than the system takes: callbacks wait when the socket is destroyed.
                    client.write_then(net, vec![0; 8 << 20], move |_, _, _| drop(held));
                    client.destroy(net);
                }
            }
        });
    }
    for _ in 0..50 {
        let held = probe.clone();
        let cleared = net.set_timeout(5.0, move |_| drop(held));
        net.clear_timer(cleared);
        let held = probe.clone();
        net.set_timeout(1.0, move |_| drop(held));
        let held = probe.clone();
        let interval = net.set_interval(1.0, move |_| drop(held.clone()));
        net.set_timeout(4.0, move |net| net.clear_timer(interval));
        let held = probe.clone();
        net.next_tick(move |_| drop(held));
        let held = probe.clone();
        net.set_immediate(move |_| drop(held));
        let held = probe.clone();
        bound.server.get_connections(&mut net, move |_, _| drop(held));
    }
    net.set_timeout(50.0, move |net| bound.server.close(net));
    net.run().unwrap();
    assert_clean(&mut net, 1);
    assert_eq!(Rc::strong_count(&probe), 2, "the server's listener, and this one");
    bound.server.release(&mut net).unwrap();
    assert_eq!(Rc::strong_count(&probe), 1);
}

/// Rule O9: a connection received paused is taken out with nothing read; its bytes, sent before and after, are all there
/// for a plain `TcpStream`. The server's count falls (rule L7) and nothing of it is left in the loop.
#[test]
fn a_connection_taken_out_has_everything() {
    let _alone = alone();
    let before = descriptors();
    let mut net = new(Vec::new());
    let options = ServerOptions { pause_on_connect: true, ..ServerOptions::default() };
    let bound = serve(&mut net, options, |net: &mut Net<Vec<_>>, socket| {
        socket.on_close(net, |_, _, _| panic!("no event follows"));
        net.state.push(socket);
    });
    let mut outside = bound.outside();
    let sent: Vec<u8> = (0..50_000u32).map(|n| (n * 7 / 3) as u8).collect();
    outside.write_all(&sent[..20_000]).unwrap();
    common::until(&mut net, |net| !net.state.is_empty());
    // Time enough to read, if it were to.
    for _ in 0..10 {
        net.dispatch().unwrap();
    }
    let socket = net.state[0];
    assert_eq!((socket.bytes_read(&net), bound.server.connections(&net)), (0, 1));
    let fd = socket.into_fd(&mut net).unwrap();
    assert_eq!((bound.server.connections(&net), socket.destroyed(&net)), (0, true));
    let error = socket.into_fd(&mut net).expect_err("it is gone");
    assert_eq!(error.code(), "ERR_SOCKET_CLOSED");
    bound.server.close(&mut net);
    assert_clean(&mut net, 1);
    drop(net);
    let mut stream = std::net::TcpStream::from(fd);
    assert!(stream.as_raw_fd() >= 0);
    stream.set_nonblocking(false).unwrap();
    outside.write_all(&sent[20_000..]).unwrap();
    outside.shutdown(std::net::Shutdown::Write).unwrap();
    let mut got = Vec::new();
    stream.read_to_end(&mut got).unwrap();
    assert!(got == sent, "{} of {}", got.len(), sent.len());
    stream.write_all(b"answer").unwrap();
    drop(stream);
    assert_eq!(common::drain(&mut outside), (b"answer".to_vec(), None));
    drop(outside);
    assert_eq!(descriptors(), before);
}

/// Rule O9: what was read from, written to or ended is not given out, with an error that says why; nothing changes.
#[test]
fn a_connection_in_use_is_not_taken_out() {
    let _alone = alone();
    let mut net = new(Vec::new());
    let bound = serve(&mut net, ServerOptions::default(), |net: &mut Net<Vec<_>>, socket| {
        let refused = socket.into_fd(net).expect_err("it is read from already");
        net.state.push(refused.to_string());
        assert_eq!(refused.code(), "ERR_INVALID_ARG_VALUE");
        common::echo(net, socket);
    });
    let paused = ServerOptions { pause_on_connect: true, ..ServerOptions::default() };
    let second = serve(&mut net, paused, |net, socket| {
        socket.write_then(net, "", |_, _, _| {});
        assert_eq!(socket.into_fd(net).expect_err("a callback is owed").code(), "ERR_INVALID_ARG_VALUE");
        socket.write(net, "x");
        assert_eq!(socket.into_fd(net).expect_err("written to").code(), "ERR_INVALID_ARG_VALUE");
        socket.destroy(net);
        assert_eq!(socket.into_fd(net).expect_err("destroyed").code(), "ERR_SOCKET_CLOSED");
    });
    let third = serve(&mut net, paused, |net, socket| {
        socket.end(net);
        assert_eq!(socket.into_fd(net).expect_err("ended").code(), "ERR_INVALID_ARG_VALUE");
        socket.resume(net);
        assert_eq!(socket.into_fd(net).expect_err("resumed").code(), "ERR_INVALID_ARG_VALUE");
    });
    let client = net.connect(bound.addr()).unwrap();
    assert_eq!(client.into_fd(&mut net).expect_err("connecting").code(), "ERR_SOCKET_CLOSED");
    client.write(&mut net, "still works");
    client.on_data(&mut net, move |net, client, chunk| {
        assert_eq!(chunk, "still works");
        client.end(net);
    });
    for other in [second, third] {
        let client = net.connect(other.addr()).unwrap();
        client.on_end(&mut net, |_, _| {});
        client.resume(&mut net);
    }
    client.on_close(&mut net, move |net, _, _| {
        net.set_timeout(20.0, move |net| {
            for other in [bound, second, third] {
                other.server.close(net);
            }
        });
    });
    net.run().unwrap();
    let why = "The argument 'socket' was read from, written to or ended; accept it with pause_on_connect and take it out first";
    assert_eq!(net.state, [why]);
    assert_clean(&mut net, 3);
}
