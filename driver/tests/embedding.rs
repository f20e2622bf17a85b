//! A loop within a loop: the descriptor, the deadline and `dispatch`, waited for by hand with poll(2).
#![cfg(unix)]

mod common;

use common::{Log, assert_clean, hear, new, serve, wait};
use netfold::{Connect, EventKind, Net, NetError, ServerOptions, System};
use rustix::event::{PollFd, PollFlags, poll};
use std::io::{Read, Write};
use std::os::fd::{AsFd, AsRawFd};
use std::thread;
use std::time::{Duration, Instant};

/// The loop of another program: it waits for two loops of ours and for a pipe of its own.
#[test]
fn a_loop_by_hand_runs_two_of_ours_and_its_own() {
    let mut server = new(0usize);
    let bound = serve(&mut server, ServerOptions::default(), |net, socket| {
        common::echo(net, socket);
        socket.on_close(net, |net, _, _| net.state += 1);
    });
    let mut clients = new(0usize);
    for n in 0..20u8 {
        let client = clients.connect(bound.addr()).unwrap();
        client.write(&mut clients, &[n; 1000]);
        client.on_data(&mut clients, move |net, client, chunk| {
            assert!(chunk.iter().all(|byte| *byte == n));
            net.state += chunk.len();
            if client.bytes_read(net) == 1000 {
                // A while later, to have a deadline too.
                net.set_timeout(f64::from(n % 3), move |net| client.end(net));
            }
        });
    }
    let (ours, mut theirs) = std::os::unix::net::UnixStream::pair().unwrap();
    let begun = Instant::now();
    let (mut server_lives, mut clients_live, mut poked) = (true, true, 0);
    // Calls from outside come before the first wait.
    server.dispatch().unwrap();
    clients.dispatch().unwrap();
    while server_lives || clients_live || poked == 0 {
        assert!(begun.elapsed() < Duration::from_secs(20));
        let due = [server.deadline(), clients.deadline()].into_iter().flatten().min();
        let due = due.map(|ms| Duration::from_millis(ms).try_into().unwrap());
        let ready = {
            let mut fds = [
                PollFd::new(server.kernel(), PollFlags::IN),
                PollFd::new(clients.kernel(), PollFlags::IN),
                PollFd::new(&ours, PollFlags::IN),
            ];
            poll(&mut fds, due.as_ref()).unwrap();
            fds.map(|fd| fd.revents().contains(PollFlags::IN))
        };
        if ready[0] || server.deadline() == Some(0) {
            server_lives = server.dispatch().unwrap();
        }
        if ready[1] || clients.deadline() == Some(0) {
            clients_live = clients.dispatch().unwrap();
        }
        if ready[2] {
            poked += (&ours).read(&mut [0; 8]).unwrap();
        }
        if !clients_live && poked == 0 {
            theirs.write_all(b"x").unwrap();
            bound.server.close(&mut server);
            server_lives = server.dispatch().unwrap();
        }
    }
    assert_eq!((server.state, clients.state, poked), (20, 20 * 1000, 1));
    assert_clean(&mut server, 1);
    assert_clean(&mut clients, 0);
}

/// `dispatch` with nothing to do returns at once and changes nothing, however often it is called.
#[test]
fn spurious_dispatches_are_harmless() {
    let mut net = new(Log::new());
    let bound = serve(&mut net, ServerOptions::default(), |net, socket| {
        hear(net, socket, "s", &[EventKind::Data, EventKind::End, EventKind::Close]);
    });
    let mut outside = bound.outside();
    common::until(&mut net, |net| bound.server.connections(net) == 1);
    let (census, begun) = (net.core().census(), Instant::now());
    for _ in 0..10_000 {
        assert!(net.dispatch().unwrap());
    }
    println!("10,000 dispatches with nothing to do: {:?}", begun.elapsed());
    assert!(begun.elapsed() < Duration::from_secs(10), "none of them waits");
    assert_eq!((net.core().census(), net.state.len()), (census, 0));
    outside.write_all(b"x").unwrap();
    // The descriptor tells when one is worth the while.
    assert!(wait(&mut net, Duration::from_secs(10)));
    net.dispatch().unwrap();
    assert_eq!(net.state, ["s data"]);
    drop(outside);
    bound.server.close(&mut net);
    while net.dispatch().unwrap() {
        wait(&mut net, Duration::from_secs(10));
    }
    assert_eq!(net.state, ["s data", "s end", "s close Some(false)"]);
    assert!(!net.dispatch().unwrap(), "nothing keeps it alive");
    assert_clean(&mut net, 1);
}

/// The deadline is none without timers, the time that is left with one, and 0 while something is owed.
#[test]
fn the_deadline_says_when_to_call() {
    let mut net: Net<u32> = Net::new(0).unwrap();
    assert_eq!(net.deadline(), None);
    net.set_timeout(40.0, |net| net.state += 1);
    net.dispatch().unwrap();
    let left = net.deadline().expect("a timer runs");
    assert!((1..=40).contains(&left), "{left}");
    net.next_tick(|net| net.state += 10);
    assert_eq!(net.deadline(), Some(0), "a tick is owed");
    net.dispatch().unwrap();
    assert_eq!(net.state, 10);
    net.set_immediate(|net| net.state += 100);
    assert_eq!(net.deadline(), Some(0), "an immediate is owed");
    net.dispatch().unwrap();
    assert_eq!(net.state, 110);
    let mut alive = true;
    while alive {
        wait(&mut net, Duration::from_secs(10));
        alive = net.dispatch().unwrap();
    }
    assert_eq!((net.state, net.deadline()), (111, None));
    // What is closing is owed (rule T4): nothing comes from the system for it.
    let client = net.connect(("127.0.0.1", 1)).unwrap();
    client.on_error(&mut net, |_, _, _| {});
    client.destroy(&mut net);
    while net.deadline() == Some(0) {
        net.dispatch().unwrap();
    }
    assert!(!net.dispatch().unwrap());
}

/// Also of what was set from outside since the last dispatch, and of what was taken back.
#[test]
fn the_deadline_knows_what_was_set_since_the_last_dispatch() {
    let mut net = Net::new(0u32).unwrap();
    net.dispatch().unwrap();
    let timer = net.set_timeout(40.0, |net| net.state += 1);
    let left = net.deadline().expect("a timer runs");
    assert!(left <= 40, "{left}");
    net.clear_timer(timer);
    assert_eq!(net.deadline(), None);
    let socket = common::socket(&mut net);
    socket.set_timeout(&mut net, 30.0).unwrap();
    socket.on_timeout(&mut net, |net, _| net.state += 10);
    // Slept for as long as it says, without a dispatch in between.
    assert!(!wait(&mut net, Duration::from_secs(10)));
    net.dispatch().unwrap();
    assert_eq!((net.state, net.deadline()), (10, None));
    // What closes needs a turn, and nothing comes from the system for it.
    let server = net.create_server(|_, _| {});
    server.listen(&mut net, ("127.0.0.1", 0)).unwrap();
    while net.deadline() == Some(0) {
        net.dispatch().unwrap();
    }
    server.close(&mut net);
    assert_eq!(net.deadline(), Some(0));
    assert!(!net.dispatch().unwrap());
}

/// A call from outside comes at its own time, not at that of the last dispatch: however long the other loop took.
#[test]
fn a_timer_from_outside_starts_when_it_is_set() {
    let mut net = Net::new(()).unwrap();
    net.dispatch().unwrap();
    let before = net.now();
    thread::sleep(Duration::from_millis(30));
    net.set_timeout(20.0, |_| {});
    assert!(net.now() >= before + 30, "{} after {before}", net.now());
    // Within the turn that it began time stands still, and so it does in one of the loop's.
    fn stands(net: &mut Net<()>) {
        let before = net.now();
        thread::sleep(Duration::from_millis(5));
        net.set_timeout(20.0, |_| {});
        assert_eq!(net.now(), before);
    }
    stands(&mut net);
    net.set_immediate(stands);
    // Who asks for the deadline is about to wait: the next call is of another turn, though nothing was dispatched.
    let before = net.now();
    assert!(net.deadline().is_some());
    thread::sleep(Duration::from_millis(30));
    net.set_timeout(20.0, |_| {});
    assert!(net.now() >= before + 30, "{} after {before}", net.now());
    net.run().unwrap();
}

/// Deviation D84: Node looks at the clock at each `setTimeout`, and so runs the longer one first here.
#[test]
fn timers_of_one_turn_count_from_its_beginning() {
    let mut net = Net::new(Vec::new()).unwrap();
    net.set_immediate(|net| {
        net.set_timeout(10.0, |net| net.state.push("10 ms"));
        thread::sleep(Duration::from_millis(30));
        net.set_timeout(1.0, |net| net.state.push("1 ms"));
    });
    net.run().unwrap();
    assert_eq!(net.state, ["1 ms", "10 ms"]);
}

/// The descriptor becomes readable for a connection, for data, for a post and for the answer of the resolver; and it is
/// not readable when nothing happened.
#[test]
fn the_descriptor_is_readable_when_there_is_something() {
    fn quiet(net: &mut Net<Log>) -> bool {
        net.dispatch().unwrap();
        let mut fds = [PollFd::new(net.kernel(), PollFlags::IN)];
        poll(&mut fds, Some(&Duration::ZERO.try_into().unwrap())).unwrap() == 0
    }
    let mut net = new(Log::new());
    assert!(net.kernel().as_fd().as_raw_fd() >= 0);
    let bound = serve(&mut net, ServerOptions::default(), |net, socket| hear(net, socket, "s", &[EventKind::Data]));
    assert!(quiet(&mut net));
    let mut outside = bound.outside();
    assert!(wait(&mut net, Duration::from_secs(10)), "a connection");
    assert!(quiet(&mut net));
    outside.write_all(b"x").unwrap();
    assert!(wait(&mut net, Duration::from_secs(10)), "data");
    assert!(quiet(&mut net));
    let poster = net.poster();
    thread::spawn(move || poster.post(|net| net.state.push("posted".into()))).join().unwrap();
    assert!(wait(&mut net, Duration::from_secs(10)), "a post");
    while !quiet(&mut net) {}
    let client = net.connect(Connect::port(bound.port).host("localhost").family(4)).unwrap();
    hear(&mut net, client, "c", &[EventKind::Lookup, EventKind::Error]);
    net.dispatch().unwrap();
    assert!(wait(&mut net, Duration::from_secs(10)), "a name");
    common::until(&mut net, |net| net.state.last().is_some_and(|line| line.starts_with("c lookup")));
    assert_eq!(net.state, ["s data", "posted", "c lookup 127.0.0.1"]);
    bound.server.unref(&mut net);
}

/// A failing listener comes out of `dispatch` too, and the next one goes on (rule T10). A stopped loop says that it has
/// nothing to do, and goes on when it is dispatched again.
#[test]
fn dispatch_passes_on_failures_and_stops() {
    let mut net: Net<Vec<u32>> = Net::new(Vec::new()).unwrap();
    net.set_immediate(|_| panic!("mine"));
    net.set_immediate(|net| net.state.push(1));
    assert!(matches!(net.dispatch(), Err(NetError::Panicked(_))));
    assert_eq!(net.deadline(), Some(0), "the second is owed");
    while net.dispatch().unwrap() {}
    assert_eq!(net.state, [1]);
    net.set_immediate(|net| {
        net.stop();
        net.next_tick(|net| net.state.push(2));
    });
    net.set_timeout(0.0, |net| net.state.push(3));
    assert!(!net.dispatch().unwrap());
    while net.dispatch().unwrap() {
        wait(&mut net, Duration::from_secs(1));
    }
    assert_eq!(net.state, [1, 2, 3]);
}

/// A loop can be moved to another thread's hands between two dispatches only as far as its state lets it; what is always
/// possible is another loop per thread.
#[test]
fn a_loop_per_thread() {
    let threads: Vec<_> = (0..4)
        .map(|_| {
            thread::spawn(|| {
                let mut net: Net<usize, System> = new(0);
                let bound = serve(&mut net, ServerOptions::default(), common::echo);
                let client = net.connect(bound.addr()).unwrap();
                client.end_with(&mut net, vec![7; 100_000]);
                client.on_data(&mut net, |net, _, chunk| net.state += chunk.len());
                client.on_close(&mut net, move |net, _, _| bound.server.close(net));
                net.run().unwrap();
                assert_clean(&mut net, 1);
                net.state
            })
        })
        .collect();
    for thread in threads {
        assert_eq!(thread.join().unwrap(), 100_000);
    }
}

/// What the page on embedding says of calls from outside, and of what a dispatch may leave.
#[test]
fn what_waits_is_due_at_once_and_what_is_left_stays_readable() {
    let mut net = new(0usize);
    assert_ne!(net.deadline(), Some(0));
    let server = net.create_server(|net, socket| {
        socket.on_data(net, |net, _, chunk| net.state += chunk.len());
    });
    server.listen(&mut net, ("127.0.0.1", 0)).unwrap();
    assert_eq!(net.deadline(), Some(0), "'listening' waits for the next dispatch");
    net.dispatch().unwrap();
    assert_ne!(net.deadline(), Some(0));
    net.set_timeout(50.0, |_| {});
    net.dispatch().unwrap();
    let due = net.deadline();
    assert!(matches!(due, Some(..=50)), "{due:?}");
    let mut client = std::net::TcpStream::connect(("127.0.0.1", server.port(&mut net).unwrap())).unwrap();
    client.set_nonblocking(true).unwrap();
    // More than a dispatch reads.
    let mut sent = 0;
    let mut readable = false;
    for _ in 0..10_000 {
        sent += client.write(&[1; 1 << 20]).unwrap_or(0);
        net.dispatch().unwrap();
        let mut fds = [PollFd::new(net.kernel(), PollFlags::IN)];
        readable |= net.state < sent && poll(&mut fds, Some(&rustix::event::Timespec::default())).unwrap() == 1;
        if readable {
            break;
        }
    }
    assert!(readable, "{} of {sent} were read at once", net.state);
    while net.state < sent {
        wait(&mut net, Duration::from_secs(60));
        net.dispatch().unwrap();
    }
}
