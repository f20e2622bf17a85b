//! What the world does where a program can see it, as Linux does it.

use netfold::core::host::Kernel;
use netfold::{Connect, EventKind, Limits, LookupCode, Net, ServerOptions, Socket};
use netfold_sim::{Chooser, World, WorldOptions};
use std::cell::{Cell, RefCell};
use std::net::{IpAddr, Ipv6Addr};
use std::rc::Rc;

type Program = Net<Vec<String>, World>;

fn calm() -> (World, Program) {
    with(WorldOptions::default())
}

fn with(options: WorldOptions) -> (World, Program) {
    let world = World::with(Chooser::calm(), options);
    (world.clone(), Net::with_host(Vec::new(), world, Limits::DEFAULT))
}

fn log(net: &mut Program, text: impl Into<String>) {
    let text = format!("{} {}", net.now(), text.into());
    net.state.push(text);
}

fn watch(net: &mut Program, socket: netfold::Socket, name: &'static str) {
    socket.on_error(net, move |net, _, error| log(net, format!("{name} {}", error.code())));
    socket.on(net, EventKind::Connect, move |net, _, _| log(net, format!("{name} connect")));
    socket.on(net, EventKind::End, move |net, _, _| log(net, format!("{name} end")));
    socket.on(net, EventKind::Close, move |net, _, _| log(net, format!("{name} close")));
}

#[test]
fn a_day_of_timers_is_exact_and_takes_no_time() {
    let (world, mut net) = calm();
    net.set_timeout(86_400_000.0, |net| log(net, "a day"));
    net.set_timeout(5.0, |net| log(net, "five"));
    net.run().expect("it ends");
    assert_eq!(net.state, ["5 five", "86400000 a day"]);
    assert_eq!(world.now(), 86_400_000);
}

#[test]
fn closing_with_unread_bytes_resets() {
    let (world, mut net) = calm();
    let paused = ServerOptions { pause_on_connect: true, ..ServerOptions::default() };
    let server = net.create_server_with(paused, |net, socket| {
        net.set_timeout(10.0, move |net| socket.destroy(net));
    });
    server.listen_then(&mut net, ("127.0.0.1", 80), |net, server| {
        let client = net.connect(("127.0.0.1", 80)).expect("a socket");
        watch(net, client, "client");
        client.write(net, "unread");
        client.on(net, EventKind::Close, move |net, _, _| server.close(net));
    });
    net.run().expect("it ends");
    assert_eq!(net.state, ["0 client connect", "10 client ECONNRESET", "10 client close"]);
    assert_eq!(world.left(), [""; 0]);
}

#[test]
fn writing_to_who_has_closed_is_answered_by_a_reset() {
    let (world, mut net) = calm();
    let server = net.create_server(|net, socket| socket.destroy(net));
    server.listen_then(&mut net, ("127.0.0.1", 80), |net, server| {
        let options = netfold::SocketOptions { allow_half_open: true, ..Default::default() };
        let client = net.socket(options).expect("a socket");
        client.connect(net, ("127.0.0.1", 80)).expect("it connects");
        watch(net, client, "client");
        client.resume(net);
        net.set_timeout(5.0, move |net| {
            client.write_then(net, "a", |net, _, result| log(net, format!("first {:?}", result.is_ok())));
        });
        net.set_timeout(6.0, move |net| {
            client.write_then(net, "b", |net, _, result| log(net, format!("second {:?}", result.is_ok())));
            server.close(net);
        });
    });
    net.run().expect("it ends");
    assert_eq!(net.state[..3], ["0 client connect", "0 client end", "5 first true"]);
    assert!(net.state.contains(&"6 client EPIPE".into()), "{:?}", net.state);
    assert_eq!(world.left(), [""; 0]);
}

#[test]
fn what_nobody_reads_fills_the_buffers_and_flows_again_when_it_is_read() {
    let (world, mut net) = with(WorldOptions { send_buffer: 1_000, receive_buffer: 500, ..WorldOptions::default() });
    let paused = ServerOptions { pause_on_connect: true, ..ServerOptions::default() };
    let server = net.create_server_with(paused, |net, socket| {
        net.set_timeout(10.0, move |net| {
            socket.on_data(net, |net, _, chunk| log(net, format!("data {}", chunk.len())));
            socket.resume(net);
        });
    });
    server.listen_then(&mut net, ("127.0.0.1", 80), |net, server| {
        let client = net.connect(("127.0.0.1", 80)).expect("a socket");
        client.on(net, EventKind::Connect, move |net, client, _| {
            client.write_then(net, vec![7; 4_000], |net, _, _| log(net, "written"));
            let queued = client.buffer_size(net);
            log(net, format!("left over {queued:?}"));
        });
        net.set_timeout(20.0, move |net| {
            client.end(net);
            server.close(net);
        });
    });
    net.run().expect("it ends");
    assert_eq!(net.state[0], "0 left over Some(4000)", "Node counts what was taken, until the callback");
    let sum: usize = net.state.iter().filter_map(|line| line.split("data ").nth(1)?.parse::<usize>().ok()).sum();
    assert_eq!(sum, 4_000);
    assert!(net.state.contains(&"10 written".into()), "{:?}", net.state);
    assert_eq!(world.left(), [""; 0]);
}

#[test]
fn addresses_in_use_unknown_and_out_of_reach() {
    let (world, mut net) = calm();
    world.leave_path("/tmp/stale");
    let first = net.create_server(|_, _| {});
    first.listen_then(&mut net, ("127.0.0.1", 80), |net, first| {
        let second = net.create_server(|_, _| {});
        second.on_error(net, move |net, _, error| {
            log(net, error.code());
            first.close(net);
        });
        second.listen(net, ("127.0.0.1", 80)).expect("a server");
    });
    for to in [Connect::from(("127.0.0.1", 81)), ("192.0.2.1", 80).into(), "/tmp/nobody".into(), "/tmp/stale".into()] {
        let socket = net.connect(to).expect("a socket");
        socket.on_error(&mut net, |net, _, error| log(net, error.to_string()));
    }
    net.run().expect("it ends");
    net.state.sort();
    let expected = [
        "0 EADDRINUSE",
        "0 connect ECONNREFUSED /tmp/stale",
        "0 connect ECONNREFUSED 127.0.0.1:81",
        "0 connect ENETUNREACH 192.0.2.1:80 - Local (0.0.0.0:0)",
        "0 connect ENOENT /tmp/nobody",
    ];
    assert_eq!(net.state, expected);
}

#[test]
fn names_are_resolved_by_a_table() {
    let (world, mut net) = calm();
    world.resolve("two.test", Ok(vec![IpAddr::V6(Ipv6Addr::LOCALHOST), IpAddr::from([127, 0, 0, 1])]));
    world.resolve("late.test", Err(LookupCode::TryAgain));
    let server = net.create_server(|net, socket| socket.end(net));
    server.listen_then(&mut net, ("127.0.0.1", 80), |net, server| {
        let left = Rc::new(RefCell::new(3));
        for host in ["two.test", "late.test", "no.test"] {
            let socket = net.connect((host, 80)).expect("a socket");
            watch(net, socket, host);
            socket.resume(net);
            let left = left.clone();
            socket.on(net, EventKind::Close, move |net, _, _| {
                *left.borrow_mut() -= 1;
                if *left.borrow() == 0 {
                    server.close(net);
                }
            });
        }
    });
    net.run().expect("it ends");
    let of = |host: &str| net.state.iter().filter(|l| l.contains(host)).cloned().collect::<Vec<_>>();
    assert_eq!(of("two.test"), ["0 two.test connect", "0 two.test end", "0 two.test close"]);
    assert_eq!(of("late.test"), ["0 late.test EAI_AGAIN", "0 late.test close"]);
    assert_eq!(of("no.test"), ["0 no.test ENOTFOUND", "0 no.test close"]);
}

#[test]
fn a_loop_in_which_nothing_can_happen_ends_with_an_error() {
    let (_, mut net) = calm();
    net.create_server(|_, _| {}).listen(&mut net, ("127.0.0.1", 80)).expect("a server");
    let error = net.run().expect_err("nobody will ever connect");
    assert!(matches!(error, netfold::NetError::Io(error) if error.kind() == std::io::ErrorKind::Deadlock));
}

#[test]
fn what_is_asked_of_a_socket_that_is_gone_is_nothing_to_the_one_in_its_slot() {
    let (world, mut net) = calm();
    let gone = net.socket(netfold::SocketOptions::default()).expect("a socket");
    gone.destroy(&mut net);
    net.set_timeout(5.0, move |net| {
        let next = net.socket(netfold::SocketOptions::default()).expect("a socket");
        watch(net, next, "next");
        gone.on(net, EventKind::Close, |_, _, _| {});
        gone.write_then(net, "x", |net, _, result| log(net, format!("write {}", result.is_ok())));
        gone.remove_all_listeners(net, None);
        next.destroy(net);
    });
    net.run().expect("it ends");
    assert_eq!(net.state, ["5 write false", "5 next close"]);
    assert_eq!(world.left(), [""; 0]);
}

/// Writes so many chunks in one vectored write, and says how many rounds of the loop later their callbacks are called, and
/// whether in a tick; then `then`.
fn many_chunks(net: &mut Program, socket: Socket, count: usize, then: impl FnOnce(&mut Program) + 'static) {
    fn round(net: &mut Program, rounds: Rc<Cell<usize>>, done: Rc<Cell<bool>>) {
        rounds.set(rounds.get() + 1);
        if !done.get() {
            net.set_immediate(move |net| round(net, rounds, done));
        }
    }
    let (rounds, done) = (Rc::new(Cell::new(0)), Rc::new(Cell::new(false)));
    let (counted, over) = (rounds.clone(), done.clone());
    net.set_immediate(move |net| round(net, counted, over));
    socket.cork(net);
    for _ in 1..count {
        socket.write(net, "x");
    }
    socket.write_then(net, "x", move |net, _, _| {
        done.set(true);
        let place = if net.place().in_tick { "tick" } else { "turn" };
        net.state.push(format!("{place}: {count} chunks {} turns", rounds.get()));
        socket.end(net);
        then(net);
    });
    socket.uncork(net);
}

fn many_chunks_from(net: &mut Program, at: usize) {
    const COUNTS: [usize; 7] = [1023, 1024, 1025, 2048, 2049, 3072, 3073];
    if at == COUNTS.len() * 3 {
        return;
    }
    let socket = net.connect(("127.0.0.1", 80)).expect("a socket");
    socket.on_connect(net, move |net, socket| {
        let run = move |net: &mut Program| {
            many_chunks(net, socket, COUNTS[at % COUNTS.len()], move |net| many_chunks_from(net, at + 1));
        };
        match at / COUNTS.len() {
            0 => run(net),
            1 => net.set_immediate(run),
            _ => net.set_immediate(move |net| net.next_tick(run)),
        }
    });
}

/// One system call takes 1,024 pieces (rule W10).
#[test]
fn a_vectored_write_goes_out_as_on_the_system() {
    let (world, mut net) = calm();
    let left = Cell::new(21);
    let server = net.create_server(|_, _| {});
    server.on_connection(&mut net, move |net, peer| {
        left.set(left.get() - 1);
        if left.get() == 0 {
            server.close(net);
        }
        peer.resume(net);
    });
    server.listen_then(&mut net, ("127.0.0.1", 80), |net, _| many_chunks_from(net, 0));
    net.run().expect("it ends");
    let nodes = include_str!("../../../spec/node/w10_more_chunks_than_a_call_takes.log");
    let nodes: Vec<&str> = nodes.lines().filter(|line| line.ends_with("turns")).collect();
    assert_eq!(net.state, nodes);
    assert_eq!(world.left(), [""; 0]);
}

/// What one poll finds, at most 1,024 sockets, is worked off before the others are asked for.
#[test]
fn one_poll_reports_so_many_sockets() {
    let (world, mut net) = calm();
    let server = net.create_server(|_, _| {});
    let all = Rc::new(RefCell::new(Vec::new()));
    let accepted = all.clone();
    server.on_connection(&mut net, move |net, peer| {
        accepted.borrow_mut().push(peer);
        if accepted.borrow().len() < 1_500 {
            return;
        }
        // All are written to in one turn, and so are ready at once.
        for peer in accepted.take() {
            peer.end_with(net, "x");
        }
        server.close(net);
    });
    let system = world.clone();
    server.listen_then(&mut net, ("127.0.0.1", 80), move |net, _| {
        for _ in 0..1_500 {
            let client = net.connect(("127.0.0.1", 80)).expect("a socket");
            let system = system.clone();
            client.on_data(net, move |net, _, _| {
                if net.state.is_empty() {
                    let mut ahead = vec![None; 1_500];
                    system.ahead(&mut ahead);
                    assert_eq!([0, 1_022, 1_023].map(|at| ahead[at].is_some()), [true, true, false]);
                    net.set_immediate(|net| {
                        let before = net.state.len();
                        net.state.push(format!("{before} before the immediate"));
                    });
                }
                net.state.push("data".into());
            });
        }
    });
    net.run().expect("it ends");
    assert_eq!(net.state.len(), 1_501);
    assert_eq!(net.state[1_024], "1024 before the immediate");
    assert_eq!(world.left(), [""; 0]);
}
