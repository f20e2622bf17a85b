//! When descriptors run out. A process of its own: the limit is the process's, and so is what is counted.
#![cfg(unix)]

mod sys_support;

use netfold_core::*;
use rustix::process::{Resource, getrlimit, setrlimit};
use std::io::Read;
use std::net::TcpStream;
use std::rc::Rc;
use sys_support::*;

/// One test, so that nothing else opens descriptors meanwhile.
#[test]
fn descriptors_are_given_back_and_shed_when_there_are_none() {
    for way in WAYS {
        nothing_leaks(way);
        load_is_shed(way);
        a_server_without_a_spare_rests(way);
        one_turn_sheds_a_bounded_number(way);
    }
}

fn nothing_leaks(way: netfold::sys::Waiting) {
    let before = descriptors();
    let mut rig = Rig::new(way);
    let (server, pipes) = (rig.server(), rig.server());
    let port = rig.listen(server);
    let path = path("leak");
    rig.listen_path(pipes, &path);
    rig.react = Rc::new(echo);
    let at_rest = descriptors();
    for round in 0..8 {
        let clients: Vec<_> = (0..4).map(|_| rig.socket()).collect();
        for (n, client) in clients.iter().enumerate() {
            if n % 2 == 0 {
                rig.connect(*client, port)
            } else {
                rig.connect_path(*client, &path)
            }
            rig.write(*client, "x");
        }
        // Some are given up while they connect, some in the middle, some by RST, some in good order.
        if round % 2 == 1 {
            rig.until_rig(|rig| clients.iter().all(|c| rig.heard(*c, EventKind::Data) > 0));
        }
        rig.command(Command::Destroy(clients[0], None));
        rig.command(Command::ResetAndDestroy(clients[2]));
        rig.command(Command::End(clients[1], None, None));
        rig.command(Command::Destroy(clients[3], None));
        rig.until_rig(|rig| {
            let census = rig.machine.core().census();
            census.handles == 2 && descriptors() == at_rest
        });
    }
    rig.command(Command::CloseServer(server, None));
    rig.command(Command::CloseServer(pipes, None));
    rig.run();
    // One that is dropped in the middle of everything.
    let server = rig.server();
    let port = rig.listen(server);
    let client = rig.socket();
    rig.connect(client, port);
    rig.until_rig(|rig| rig.heard(client, EventKind::Connect) == 1);
    drop(rig);
    assert_eq!(descriptors(), before, "{way:?}");
}

/// Runs with room for `room` more descriptors.
fn with_room<T>(room: usize, run: impl FnOnce() -> T) -> T {
    let limit = getrlimit(Resource::Nofile);
    // The limit is on the number: the lowest one below which so many are free.
    let free = (0..).filter(|fd| !is_open(*fd)).nth(room).unwrap();
    let lowered = rustix::process::Rlimit { current: Some(free), ..limit };
    setrlimit(Resource::Nofile, lowered).unwrap();
    let ran = run();
    setrlimit(Resource::Nofile, limit).unwrap();
    ran
}

fn load_is_shed(way: netfold::sys::Waiting) {
    let mut rig = Rig::new(way);
    let server = rig.server();
    let port = rig.listen(server);
    let mut clients: Vec<_> = (0..6).map(|_| TcpStream::connect(("127.0.0.1", port)).unwrap()).collect();
    let waits = with_room(2, || {
        for _ in 0..10 {
            rig.around(Some(10)).unwrap();
        }
        rig.system().waits()
    });
    assert_eq!(rig.accepted.len(), 2, "{way:?}");
    assert_eq!(rig.error(server), None);
    assert!(waits <= 11, "{waits} waits");
    // Those that were shed see their end; a connection that comes when there is room again is taken.
    for client in &mut clients[2..] {
        assert!(matches!(client.read(&mut [0; 1]), Ok(0) | Err(_)));
    }
    let _late = TcpStream::connect(("127.0.0.1", port)).unwrap();
    rig.until_rig(|rig| rig.accepted.len() == 3);
}

/// A server that got no spare when it began to listen rests, and does not spin; it goes on when there is room.
fn a_server_without_a_spare_rests(way: netfold::sys::Waiting) {
    let mut rig = Rig::new(way);
    let server = rig.server();
    // Room for the server's own descriptor and for the client's.
    let port = with_room(1, || rig.listen(server));
    assert_eq!(rig.system().deadline(), None);
    let _client = TcpStream::connect(("127.0.0.1", port)).unwrap();
    with_room(0, || {
        rig.around(Some(1000)).unwrap();
        let rests = rig.system().deadline().expect("it rests").saturating_sub(host::Kernel::now(rig.system()));
        assert!((1..=100).contains(&rests), "{way:?}: it rests {rests} ms");
        let before = rig.system().waits();
        rig.around(Some(10)).unwrap();
        assert_eq!((rig.system().waits() - before, rig.accepted.len()), (1, 0));
    });
    rig.until_rig(|rig| rig.accepted.len() == 1);
    assert_eq!(rig.system().deadline(), None);
}

/// D12: a backlog that is longer than what one turn sheds.
fn one_turn_sheds_a_bounded_number(way: netfold::sys::Waiting) {
    const WAITING: usize = 1100;
    const SHED: usize = 1024;
    let (limit, backlog) = (getrlimit(Resource::Nofile), std::fs::read_to_string("/proc/sys/net/core/somaxconn"));
    let backlog = backlog.ok().and_then(|text| text.trim().parse::<usize>().ok()).unwrap_or(0);
    if limit.current.is_some_and(|most| most < 2 * WAITING as u64) || backlog < WAITING {
        return skipped(&format!("{WAITING} connections cannot wait here: {limit:?}, backlog {backlog}"));
    }
    let mut rig = Rig::new(way);
    let server = rig.server();
    let host = Some(String::from("127.0.0.1"));
    let on = ListenOn::Port { port: 0, host, backlog: backlog as u32, ipv6_only: false };
    rig.command(Command::Listen(server, on));
    rig.until(|log| log.iter().any(|(_, event)| *event == Event::Listening));
    let Outcome::Address(Some(addr)) = rig.command(Command::ServerAddress(server)) else { panic!("it listens") };
    let mut clients: Vec<_> = (0..WAITING).map(|_| TcpStream::connect(addr).unwrap()).collect();
    let mut gone = || {
        let over = |client: &mut TcpStream| {
            client.set_nonblocking(true).unwrap();
            !matches!(client.read(&mut [0; 1]), Err(error) if error.kind() == std::io::ErrorKind::WouldBlock)
        };
        clients.iter_mut().map(over).filter(|over| *over).count()
    };
    with_room(0, || {
        rig.around(Some(1000)).unwrap();
        assert_eq!(gone(), SHED, "{way:?}");
        assert_eq!(rig.system().deadline(), None, "it does not rest");
        rig.around(Some(1000)).unwrap();
        assert_eq!(gone(), WAITING, "{way:?}");
    });
    assert_eq!((rig.accepted.len(), rig.error(server)), (0, None));
}

fn is_open(fd: u64) -> bool {
    let at = if cfg!(target_os = "linux") { "/proc/self/fd" } else { "/dev/fd" };
    std::path::Path::new(&format!("{at}/{fd}")).symlink_metadata().is_ok()
}
