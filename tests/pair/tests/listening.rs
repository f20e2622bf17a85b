//! The forms and options of `listen`, step by step.

use netfold_core::{Command, Errno, FdKey, HandleKind, ListenOn, Reply};
use netfold_pair::*;

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
