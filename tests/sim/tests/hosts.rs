//! Several computers: crashes, cuts, keep-alive, and the times at which Linux gives up.

use netfold::{Connect, EventKind, Limits, Net, Server, ServerOptions, Socket};
use netfold_sim::{Chooser, Computer, Cut, Process, Programs, World, WorldOptions};
use std::cell::RefCell;
use std::rc::Rc;

type Log = Rc<RefCell<Vec<String>>>;
type Loop = Net<Log, Process>;

/// A server's computer and a client's, and what both have logged.
struct Two {
    world: World,
    server: Computer,
    client: Computer,
    programs: Programs,
    log: Log,
}

fn two() -> Two {
    two_in(World::new(Chooser::calm()))
}

fn two_in(world: World) -> Two {
    let (server, client) = (world.computer("s", &["10.0.0.1", "fd00::1"]), world.computer("c", &["10.0.0.2"]));
    let programs = Programs::new(&world);
    Two { world, server, client, programs, log: Log::default() }
}

fn say(net: &Loop, text: &str) {
    net.state.borrow_mut().push(format!("{} {text}", net.now()));
}

fn write(net: &mut Loop, socket: Socket, text: &'static str) {
    socket.write(net, text);
}

fn later(net: &mut Loop, ms: f64, socket: Socket, text: &'static str) {
    net.set_timeout(ms, move |net| write(net, socket, text));
}

fn watch(net: &mut Loop, socket: Socket, name: &'static str) {
    socket.on_error(net, move |net, _, error| say(net, &format!("{name} {}", error.code())));
    for kind in [EventKind::Connect, EventKind::End, EventKind::Close] {
        socket.on(net, kind, move |net, _, _| say(net, &format!("{name} {}", kind.name())));
    }
    socket.on_data(net, move |net, _, chunk| say(net, &format!("{name} data {}", chunk.len())));
}

impl Two {
    /// A server at port 80 that does this with each connection.
    fn serve(&mut self, each: impl Fn(&mut Loop, Socket, Server) + Clone + 'static) {
        let log = self.log.clone();
        self.programs.add("server", &self.server, move |process| {
            let (each, mut net) = (each.clone(), Net::with_host(log.clone(), process, Limits::DEFAULT));
            let server = net.server(ServerOptions::default());
            server.on_connection(&mut net, move |net, socket| {
                watch(net, socket, "served");
                each(net, socket, server);
            });
            server.listen(&mut net, ("10.0.0.1", 80)).expect("a server");
            Box::new(net)
        });
    }

    /// A client that begins after 10 ms.
    fn ask(&mut self, each: impl Fn(&mut Loop, Socket) + Clone + 'static) {
        self.ask_at(("10.0.0.1", 80).into(), each);
    }

    fn ask_at(&mut self, to: Connect, each: impl Fn(&mut Loop, Socket) + Clone + 'static) {
        let log = self.log.clone();
        self.programs.add("client", &self.client, move |process| {
            let (each, to) = (each.clone(), to.clone());
            let mut net = Net::with_host(log.clone(), process, Limits::DEFAULT);
            net.set_timeout(10.0, move |net| {
                let socket = net.connect(to).expect("a socket");
                watch(net, socket, "client");
                each(net, socket);
            });
            Box::new(net)
        });
    }

    /// Runs until this time.
    fn run(&mut self, until: u64) -> &mut Self {
        self.programs.run(until).expect("nothing fails");
        self
    }

    fn script(&self, text: &str) {
        self.world.set_script(format!("netfold faults 1\n{text}").parse().expect("a script"));
    }

    fn lines(&self) -> Vec<String> {
        self.log.borrow().clone()
    }
}

const DAY: u64 = 86_400_000;

#[test]
fn two_computers_talk_and_each_packet_takes_its_time() {
    let mut two = two();
    two.client.set_latency(20);
    two.serve(|net, socket, server| {
        assert_eq!(socket.remote_address(net).map(|ip| ip.to_string()).as_deref(), Some("10.0.0.2"));
        socket.end_with(net, "hello");
        server.close(net);
    });
    two.ask(|_, _| {});
    two.run(DAY);
    let expected = [
        "50 client connect",
        "90 client data 5",
        "90 client end",
        "90 client close",
        "110 served end",
        "110 served close",
    ];
    assert_eq!(two.lines(), expected);
    assert!(two.programs.are_over());
    assert_eq!(two.world.left(), [""; 0]);
}

#[test]
fn where_nobody_answers_a_connect_times_out_after_131_seconds() {
    let mut two = two();
    two.serve(|_, _, _| {});
    two.ask(|_, _| {});
    two.world.cut(&two.client, &two.server, Cut::Silent);
    assert_eq!(two.run(DAY).lines(), ["131010 client ETIMEDOUT", "131010 client close"]);
}

#[test]
fn a_router_says_that_a_host_is_unreachable_and_without_a_route_it_is_the_network() {
    let mut one = two();
    one.ask(|_, _| {});
    one.world.cut(&one.client, &one.server, Cut::Unreachable);
    assert_eq!(one.run(DAY).lines(), ["10 client EHOSTUNREACH", "10 client close"]);
    let mut other = two();
    other.ask_at(("203.0.113.1", 80).into(), |_, _| {});
    assert_eq!(other.run(DAY).lines(), ["10 client ENETUNREACH", "10 client close"]);
    let mut ipv6 = two();
    ipv6.ask_at(("fd00::1", 80).into(), |_, _| {});
    assert_eq!(ipv6.run(DAY).lines(), ["10 client ENETUNREACH", "10 client close"], "it has no IPv6 address");
}

#[test]
fn what_is_lost_is_sent_again_and_arrives_when_the_way_is_healed() {
    let mut two = two();
    two.serve(|_, _, _| {});
    two.ask(|net, client| {
        later(net, 1_000.0, client, "lost");
        later(net, 1_100.0, client, "behind");
    });
    two.script("1000 cut s c\n1900 heal c s");
    // Sent again after 200 ms, 400 more, 800 more.
    assert_eq!(two.run(100_000).lines(), ["10 client connect", "2410 served data 10"]);
}

#[test]
fn a_cut_that_does_not_heal_ends_a_connection_with_something_to_send_after_924_6_seconds() {
    let mut two = two();
    two.serve(|_, _, _| {});
    two.ask(|net, client| later(net, 1_000.0, client, "lost"));
    two.script("500 cut s c");
    assert_eq!(two.run(DAY).lines()[1..], ["925610 client ETIMEDOUT", "925610 client close"]);
    // Who has nothing to send never hears of it.
    assert!(!two.programs.are_over());
    assert_eq!(two.world.left().len(), 4, "the server, its connection, and their handles");
}

#[test]
fn keep_alive_finds_a_dead_peer_after_its_delay_and_ten_seconds() {
    let mut two = two();
    two.serve(|_, _, _| {});
    two.ask(|net, client| {
        client.on(net, EventKind::Connect, |net, client, _| client.set_keep_alive(net, true, 60_000));
    });
    two.script("100000 crash s");
    // The last probe that was answered is that of 60 s.
    assert_eq!(two.run(DAY).lines()[1..], ["130010 client ETIMEDOUT", "130010 client close"]);
}

#[test]
fn a_computer_that_boots_again_answers_with_a_reset() {
    let mut two = two();
    two.serve(|_, _, _| {});
    two.ask(|net, client| later(net, 5_000.0, client, "who?"));
    two.script("1000 crash s\n2000 boot s");
    assert_eq!(two.run(60_000).lines()[1..], ["5010 client ECONNRESET", "5010 client close"]);
    assert!(two.programs.process("server").is_some(), "the server's program began anew");
}

#[test]
fn a_process_that_is_killed_says_fin_and_where_bytes_were_unread_rst() {
    for (stops, expected) in [(999, "1000 client end"), (500, "1000 client ECONNRESET")] {
        let mut two = two();
        two.serve(|_, _, _| {});
        two.ask(|net, client| later(net, 900.0, client, "hello"));
        two.script(&format!("{stops} stop server\n1000 kill server"));
        let lines = two.run(60_000).lines();
        assert!(lines.contains(&expected.into()), "{lines:?}");
        assert_eq!(two.world.left(), [""; 0]);
    }
}

#[test]
fn what_was_killed_leaves_its_path_and_its_port_is_free_again() {
    let world = World::new(Chooser::calm());
    let local = world.find("local").expect("it is there");
    let log = Log::default();
    let mut programs = Programs::new(&world);
    let said = log.clone();
    programs.add("server", &local, move |process| {
        let mut net = Net::with_host(said.clone(), process, Limits::DEFAULT);
        for place in [netfold::Listen::from(("127.0.0.1", 80)), "/tmp/killed".into()] {
            let server = net.create_server(|_, _| {});
            server.on_error(&mut net, |net, _, error| say(net, &error.to_string()));
            server.on_listening(&mut net, |net, _| say(net, "listening"));
            server.listen(&mut net, place).expect("a server");
        }
        Box::new(net)
    });
    world.set_script("netfold faults 1\n100 kill server\n200 start server".parse().expect("a script"));
    programs.run(1_000).expect("nothing fails");
    let failed = "0 listen EADDRINUSE: address already in use /tmp/killed";
    assert_eq!(*log.borrow(), ["0 listening", "0 listening", failed, "0 listening"], "a process begins at its 0");
}

#[test]
fn a_process_that_stands_still_is_still_answered_for_by_its_kernel() {
    let mut two = two();
    two.serve(|_, _, _| {});
    two.ask(|net, client| write(net, client, "hello"));
    two.script("5 stop server\n70000 go server");
    assert_eq!(two.run(100_000).lines(), ["10 client connect", "70000 served data 5"]);
}

#[test]
fn a_slow_reader_has_its_writer_wait_until_it_is_slow_no_more() {
    let room = WorldOptions { send_buffer: 500, receive_buffer: 500, ..WorldOptions::default() };
    let mut two = two_in(World::with(Chooser::calm(), room));
    two.serve(|net, socket, server| {
        socket.end_with_then(net, vec![7; 2_000], |net, _, _| say(net, "written"));
        server.close(net);
    });
    two.ask(|_, _| {});
    two.script("5 slow client 100\n18 slow client 0");
    let mut lines = two.run(DAY).lines();
    // At once, and then each millisecond, what may be read: the writer is done when the rest fits into the buffers.
    let slow = lines.iter().position(|line| !line.ends_with("data 100") && line != "10 client connect").expect("more");
    let expected: Vec<String> =
        ["10 client connect".into()].into_iter().chain((10..18).map(|at| format!("{at} client data 100"))).collect();
    assert_eq!(lines[..slow], expected);
    lines.drain(..slow);
    let data = |line: &String| line.split_once(" client data ").and_then(|(_, len)| len.parse::<usize>().ok());
    assert_eq!(lines.iter().filter_map(data).sum::<usize>(), 2_000 - 800);
    assert_eq!((&*lines[0], &**lines.last().expect("a line")), ("18 client data 500", "18 served close"), "{lines:?}");
    assert_eq!(two.world.left(), [""; 0]);
}

#[test]
fn a_slow_reader_gets_all_and_then_the_end() {
    for (most, last) in [(7, 10 + 142), (1, 10 + 999), (1_000, 10), (5_000, 10)] {
        let mut two = two();
        two.serve(|net, socket, server| {
            socket.end_with(net, vec![7; 1_000]);
            server.close(net);
        });
        two.ask(|_, _| {});
        two.script(&format!("5 slow client {most}"));
        let lines = two.run(DAY).lines();
        let reads = lines.iter().filter(|line| line.contains("client data")).count();
        assert_eq!(reads, 1_000_usize.div_ceil(most));
        let end = format!("{last} client end");
        let late = format!("{} client end", last + 1);
        assert!(lines.contains(&end) || lines.contains(&late), "{most}: {lines:?}");
        assert!(two.programs.are_over());
        assert_eq!(two.world.left(), [""; 0]);
    }
}

#[test]
fn a_cut_in_a_handshake_is_got_over() {
    let mut two = two();
    two.client.set_latency(100);
    two.serve(|net, socket, _| write(net, socket, "hello"));
    two.ask(|_, _| {});
    // The first packet passes, the answer is lost; the next attempt, a second later, goes through.
    two.script("150 cut s c\n300 heal s c");
    assert_eq!(two.run(100_000).lines(), ["1210 client connect", "1410 client data 5"]);
    let mut third = self::two();
    third.client.set_latency(100);
    third.serve(|net, socket, _| write(net, socket, "hello"));
    third.ask(|_, _| {});
    // The third packet is lost: to the client it is connected; the server asks for it again.
    third.script("250 cut s c\n400 heal s c");
    assert_eq!(third.run(100_000).lines(), ["210 client connect", "1410 client data 5"]);
}
