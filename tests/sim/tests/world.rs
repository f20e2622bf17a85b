//! What the world does where a program can see it, as Linux does it.

use netfold::{Connect, EventKind, Limits, LookupCode, Net, ServerOptions};
use netfold_sim::{Chooser, World, WorldOptions};
use std::cell::RefCell;
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
