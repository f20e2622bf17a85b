//! The forms and options of `listen`, step by step.

use netfold_core::{
    BlockList, Command, Completion, ConnKey, ConnectTo, Emit, Errno, Event, EventKind, FdKey, HandleKind, HostOptions,
    ListenOn, ListenOptions, ListenerId, Outcome, Phase, Reply, ServerId, SocketOptions, Step,
};
use netfold_pair::*;
use std::sync::Arc;

fn on_fd(kind: Option<HandleKind>, backlog: u32) -> ListenOn {
    ListenOn::Fd { key: FdKey(7), kind, backlog }
}

/// S17
#[test]
fn a_descriptor_is_listened_on_within_the_call() {
    let mut hand = Hand::default();
    let server = hand.server();
    hand.begin(Command::Listen(server, on_fd(Some(HandleKind::Pipe), 0)));
    hand.call("OpenFd(h0.1, FdKey(7))", Reply::Done);
    hand.call("Listen(h0.1, 511)", Reply::Done);
    hand.expect(&["Tick", "Return(Unit)"]);
    let view = hand.core.server(server).expect("known");
    assert!(view.listening && view.kind == Some(HandleKind::Pipe));
    hand.begin(Command::Listen(server, on_fd(Some(HandleKind::Tcp), 0)));
    hand.expect(&["Return(Threw(AlreadyListening))"]);
    hand.begin(Command::ServerAddress(server));
    hand.expect(&["Return(Address(None))", "Idle"]);
}

/// S17
#[test]
fn a_descriptor_that_cannot_listen_is_an_error_in_a_tick() {
    let refused = |hand: &mut Hand, kind, calls: &[(&str, Reply)], code: &str| {
        let server = hand.server();
        hand.begin(Command::Listen(server, on_fd(kind, 3)));
        for (op, reply) in calls {
            hand.call(op, *reply);
        }
        hand.expect(&["Tick", "Return(Unit)", if calls.is_empty() { "Idle" } else { "Idle pending 0 closing 1" }]);
        hand.tick();
        let step = hand.step();
        let message = format!("listen {code}");
        assert!(step.starts_with("Unhandled") && step.contains(code), "{message} is told by {step}");
        assert!(!hand.core.server(server).expect("known").listening);
    };
    refused(&mut Hand::default(), None, &[], "EINVAL");
    let opened = [("OpenFd(h0.1, FdKey(7))", Reply::Failed(Errno::EBADF)), ("Close(h0.1)", Reply::Done)];
    refused(&mut Hand::default(), Some(HandleKind::Tcp), &opened, "EBADF");
    let listened = [
        ("OpenFd(h0.1, FdKey(7))", Reply::Done),
        ("Listen(h0.1, 3)", Reply::Failed(Errno::ENOTSOCK)),
        ("Close(h0.1)", Reply::Done),
    ];
    refused(&mut Hand::default(), Some(HandleKind::Pipe), &listened, "ENOTSOCK");
}

/// S17: a server on a descriptor takes connections as any other.
#[test]
fn a_descriptor_of_the_world_takes_connections() {
    let pair = Pair::new(1);
    pair.run_as(0, || {
        let key = with_world(|w| w.hand_in());
        let server = create_server(|server, peer| {
            server.close();
            peer.resume();
            peer.end_with("hello");
        });
        let kind = Some(HandleKind::Tcp);
        server.listen_on(ListenOn::Fd { key, kind, backlog: 0 }).expect("listen does not throw");
        let heard = actor("c");
        let client = connect(server.port());
        heard.watch(client, "data end close");
    });
    pair.run();
    assert_eq!(pair.log(), "== c\nturn: data 5\ntick: end\nturn: close false\n");
    pair.assert_silent(0);
}

fn port(host: Option<&str>, backlog: u32) -> ListenOn {
    ListenOn::Port { port: 7, host: host.map(String::from), backlog, ipv6_only: false }
}

/// S18: what `listen` of the system is given.
#[test]
fn the_backlog_is_511_unless_given() {
    for (given, asked) in [(0, 511), (1, 1), (u32::MAX, u32::MAX)] {
        let mut hand = Hand::default();
        let server = hand.server();
        hand.begin(Command::Listen(server, port(None, given)));
        hand.call("Open(h0.1, Tcp)", Reply::Done);
        hand.call("Bind { handle: h0.1, addr: [::]:7, ipv6_only: false }", Reply::Done);
        hand.call(&format!("Listen(h0.1, {asked})"), Reply::Done);
        hand.expect(&["Tick", "Return(Unit)", "Idle"]);
    }
}

/// S19: the mode follows the listening, within the call. One that cannot be set is thrown, and 'listening' never comes.
#[test]
fn a_mode_that_cannot_be_set_is_thrown() {
    let more = ListenOptions { writable_all: true, ..ListenOptions::default() };
    let on = || ListenOn::Path { path: String::from("/tmp/x"), backlog: 0 };
    let mut hand = Hand::default();
    let server = hand.server();
    hand.begin(Command::On {
        target: server.into(),
        event: EventKind::Listening,
        listener: ListenerId(1),
        once: false,
        prepend: false,
    });
    hand.expect(&["Return(Unit)"]);
    hand.begin(Command::ListenWith(server, on(), more));
    hand.call("Open(h0.1, Pipe)", Reply::Done);
    hand.call("BindPath(h0.1, \"/tmp/x\")", Reply::Done);
    hand.call("Listen(h0.1, 511)", Reply::Done);
    assert_eq!(hand.step(), "Tick");
    hand.call("Chmod(h0.1, false, true)", Reply::Failed(Errno::ENOENT));
    hand.call("Close(h0.1)", Reply::Done);
    let Step::Return(Outcome::Threw(error)) = hand.core.step() else { panic!("it throws") };
    assert_eq!((error.code(), error.to_string().as_str()), ("ENOENT", "uv_pipe_chmod ENOENT"));
    assert_eq!((error.syscall(), error.address()), (Some("uv_pipe_chmod"), None));
    assert!(!hand.core.server(server).expect("known").listening);
    hand.expect(&["Idle pending 0 closing 1"]);
    hand.tick();
    hand.expect(&["Idle pending 0 closing 1"]);
    hand.core.phase(Phase::Closing).expect("it is owed");
    hand.assert_silent();

    let failed = ListenOn::Path { path: String::from("/none/x"), backlog: 0 };
    hand.begin(Command::ListenWith(server, failed, more));
    hand.call("Open(h0.2, Pipe)", Reply::Done);
    hand.call("BindPath(h0.2, \"/none/x\")", Reply::Failed(Errno::EACCES));
    hand.call("Close(h0.2)", Reply::Done);
    hand.expect(&["Tick", "Return(Unit)", "Idle pending 0 closing 1"]);
}

/// S20: asked before the bind. A system that cannot refuses the bind; so without a host there are two refusals.
#[test]
fn a_port_is_shared_before_it_is_bound() {
    let more = ListenOptions { reuse_port: true, ..ListenOptions::default() };
    let mut hand = Hand::default();
    let server = hand.server();
    hand.begin(Command::ListenWith(server, port(None, 0), more));
    hand.call("Open(h0.1, Tcp)", Reply::Done);
    hand.call("ReusePort(h0.1)", Reply::Done);
    hand.call("Bind { handle: h0.1, addr: [::]:7, ipv6_only: false }", Reply::Done);
    hand.call("Listen(h0.1, 511)", Reply::Done);
    hand.expect(&["Tick", "Return(Unit)", "Idle"]);

    let mut hand = Hand::default();
    let server = hand.server();
    hand.begin(Command::ListenWith(server, port(None, 0), more));
    hand.call("Open(h0.1, Tcp)", Reply::Done);
    hand.call("ReusePort(h0.1)", Reply::Failed(Errno::ENOTSUP));
    hand.call("Close(h0.1)", Reply::Done);
    hand.call("Open(h1.2, Tcp)", Reply::Done);
    hand.call("ReusePort(h1.2)", Reply::Failed(Errno::ENOTSUP));
    hand.call("Close(h1.2)", Reply::Done);
    hand.expect(&["Tick", "Return(Unit)", "Idle pending 0 closing 2"]);
    hand.tick();
    let Step::Emit(Emit::Unhandled { error, .. }) = hand.core.step() else { panic!("nobody listens for it") };
    assert_eq!(error.to_string(), "listen ENOTSUP: operation not supported on socket 0.0.0.0:7");

    // A path is bound as ever.
    let mut hand = Hand::default();
    let server = hand.server();
    hand.begin(Command::ListenWith(server, ListenOn::Path { path: String::from("/tmp/x"), backlog: 0 }, more));
    hand.call("Open(h0.1, Pipe)", Reply::Done);
    hand.call("BindPath(h0.1, \"/tmp/x\")", Reply::Done);
}

/// A server that listens on h0.1, and is asked nothing.
fn listening(hand: &mut Hand) -> ServerId {
    let server = hand.server();
    hand.begin(Command::Listen(server, port(None, 0)));
    hand.run();
    hand.expect(&["Idle"]);
    hand.tick();
    hand.expect(&["Idle"]);
    for (event, listener) in [(EventKind::Connection, 1), (EventKind::Drop, 2)] {
        let listener = ListenerId(listener);
        hand.begin(Command::On { target: server.into(), event, listener, once: false, prepend: false });
        hand.expect(&["Return(Unit)", "Idle"]);
    }
    server
}

fn accepted(hand: &mut Hand, server: ServerId, key: u64) {
    let handle = hand.core.server_handle(server).expect("it listens");
    hand.core.complete(Completion::Accepted(handle, ConnKey(key))).expect("it listens");
}

fn names(remote: &str) -> Reply {
    Reply::Names(None, Some(remote.parse().expect("an address")))
}

/// S23
#[test]
fn below_no_bound_nobody_comes_in() {
    let mut hand = Hand::default();
    let server = listening(&mut hand);
    hand.begin(Command::SetMaxConnections(server, -1));
    hand.expect(&["Return(Unit)", "Idle"]);
    assert_eq!(hand.core.server(server).expect("known").max_connections, -1);
    accepted(&mut hand, server, 1);
    hand.call("ConnNames(ConnKey(1))", names("127.0.0.1:9"));
    assert!(hand.step().starts_with("Emit Drop"));
    hand.call("Refuse(ConnKey(1))", Reply::Done);
    hand.expect(&["Idle"]);
    hand.begin(Command::SetMaxConnections(server, 0));
    hand.expect(&["Return(Unit)", "Idle"]);
    accepted(&mut hand, server, 2);
    hand.call("Adopt(h1.2, ConnKey(2))", Reply::Done);
}

/// S27: the addresses are asked for once the bound was looked at; what is blocked is closed in silence.
#[test]
fn what_is_blocked_is_closed_in_silence() {
    let mut list = BlockList::new();
    list.add_subnet("10.0.0.0", 8).unwrap();
    let mut hand = Hand::default();
    let server = listening(&mut hand);
    hand.begin(Command::SetBlockList(server.into(), Some(Arc::new(list))));
    hand.expect(&["Return(Unit)", "Idle"]);
    for (key, remote) in [(1, "10.1.2.3:4"), (2, "[::ffff:10.1.2.3]:4")] {
        accepted(&mut hand, server, key);
        hand.call(&format!("ConnNames(ConnKey({key}))"), names(remote));
        hand.call(&format!("Refuse(ConnKey({key}))"), Reply::Done);
        hand.expect(&["Idle"]);
        hand.assert_silent();
    }
    assert_eq!(hand.core.census().sockets, 0);
    for (key, reply) in [(3, names("11.1.2.3:4")), (4, Reply::Names(None, None))] {
        let mut hand = Hand::new(hand.core.clone());
        accepted(&mut hand, server, key);
        hand.call(&format!("ConnNames(ConnKey({key}))"), reply);
        hand.call(&format!("Adopt(h1.2, ConnKey({key}))"), Reply::Done);
        hand.call("ReadStart(h1.2)", Reply::Done);
        assert!(hand.step().starts_with("Emit Connection"));
    }
}

/// S28: after 'connectionAttempt', without asking the system.
#[test]
fn what_is_blocked_is_not_connected_to() {
    let mut list = BlockList::new();
    list.add_address("127.0.0.1").unwrap();
    let mut hand = Hand::default();
    let socket = hand.socket(SocketOptions::default());
    hand.begin(Command::SetBlockList(socket.into(), Some(Arc::new(list))));
    hand.expect(&["Return(Unit)"]);
    let to = HostOptions { host: Some(String::from("127.0.0.1")), port: Some(7), ..HostOptions::default() };
    hand.begin(Command::Connect(socket, ConnectTo::Host(to)));
    hand.call("Open(h0.1, Tcp)", Reply::Done);
    hand.expect(&["Tick", "Return(Unit)", "Idle"]);
    hand.tick();
    hand.call("Close(h0.1)", Reply::Done);
    hand.expect(&["Tick", "Idle pending 0 closing 1"]);
    hand.tick();
    let Step::Emit(Emit::Unhandled { error, .. }) = hand.core.step() else { panic!("nobody listens for it") };
    assert_eq!(error.to_string(), "IP(127.0.0.1) is blocked by net.BlockList");
    assert_eq!((error.code(), error.syscall(), error.errno()), ("ERR_IP_BLOCKED", None, None));
}

/// S29
#[test]
fn a_failed_accept_leaves_the_server_listening() {
    let mut hand = Hand::default();
    let server = listening(&mut hand);
    let handle = hand.core.server_handle(server).expect("it listens");
    for listened_for in [true, false] {
        let listener = ListenerId(3);
        if listened_for {
            let (event, target) = (EventKind::Error, server.into());
            hand.begin(Command::On { target, event, listener, once: true, prepend: false });
            hand.expect(&["Return(Unit)", "Idle"]);
        }
        hand.core.complete(Completion::AcceptFailed(handle, Errno::EMFILE)).expect("it listens");
        let error = match hand.core.step() {
            Step::Emit(Emit::Listener { listener: ListenerId(3), event: Event::Error(error), .. }) => error,
            Step::Emit(Emit::Unhandled { error, .. }) if !listened_for => error,
            other => panic!("an error, not {other:?}"),
        };
        assert_eq!((error.syscall(), error.to_string().as_str()), (Some("accept"), "accept EMFILE"));
        hand.expect(&["Idle"]);
        assert!(hand.core.server(server).expect("known").listening);
    }
    accepted(&mut hand, server, 1);
    hand.call("Adopt(h1.2, ConnKey(1))", Reply::Done);
}

/// S24: what keeps a machine alive.
#[test]
fn an_unrefed_server_keeps_nothing_alive() {
    let mut hand = Hand::default();
    let server = listening(&mut hand);
    assert!(hand.core.alive());
    for on in [false, true] {
        hand.begin(Command::RefServer(server, on));
        hand.expect(&["Return(Unit)", "Idle"]);
        assert_eq!(hand.core.alive(), on);
    }
    hand.begin(Command::CloseServer(server, None));
    hand.call("Close(h0.1)", Reply::Done);
    hand.expect(&["Tick", "Return(Unit)", "Idle pending 0 closing 1"]);
    hand.tick();
    hand.expect(&["Idle pending 0 closing 1"]);
    hand.core.phase(Phase::Closing).expect("it is owed");
    hand.expect(&["Idle"]);
    assert!(!hand.core.alive());
    hand.begin(Command::RefServer(server, false));
    hand.expect(&["Return(Unit)", "Idle"]);
    hand.begin(Command::Listen(server, port(None, 0)));
    hand.run();
    hand.expect(&["Idle"]);
    hand.tick();
    hand.expect(&["Idle"]);
    assert!(!hand.core.alive(), "it was said before it listened");
}
