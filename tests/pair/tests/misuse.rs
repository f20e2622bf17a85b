//! Misuse of the protocol is told on the first wrong call and has no effect; bounds throw and lose nothing.

use bytes::Bytes;
use netfold_core::{
    ApiMisuse, CallbackId, Census, Command, Completion, ConnKey, ConnectTo, Core, Event, EventKind, HandleId,
    HostOptions, Limits, ListenerId, LookupId, Outcome, Phase, Reply, ServerId, SocketId, SocketOptions, Step, Target,
    TickId, TimerId,
};
use netfold_pair::*;

fn to() -> ConnectTo {
    ConnectTo::Host(HostOptions { host: Some("127.0.0.1".into()), port: Some(9), ..HostOptions::default() })
}

/// A socket of which `connect` waits for its tick.
fn with_tick(hand: &mut Hand) -> SocketId {
    let s = hand.socket(SocketOptions::default());
    hand.begin(Command::Connect(s, to()));
    assert_eq!(hand.run(), Outcome::Unit);
    hand.expect(&["Idle"]);
    s
}

#[test]
fn begin_and_threw_in_the_middle_of_a_step() {
    let mut hand = Hand::default();
    let s = hand.socket(SocketOptions::default());
    hand.begin(Command::Connect(s, to()));
    assert_eq!(hand.core.begin(Command::Cork(s)), Err(ApiMisuse::NotYourTurn));
    assert_eq!(hand.core.threw(), Err(ApiMisuse::NotYourTurn));
    assert!(hand.step().starts_with("Open("));
    assert_eq!(hand.core.begin(Command::Cork(s)), Err(ApiMisuse::NotYourTurn), "a call is open");
    hand.answer(Reply::Done);
    hand.expect(&["Tick", "Return(Unit)", "Idle"]);
}

#[test]
fn a_turn_inside_a_turn() {
    let mut hand = Hand::default();
    let s = hand.socket(SocketOptions::default());
    let on = |event, listener| Command::On {
        target: s.into(),
        event,
        listener: ListenerId(listener),
        once: false,
        prepend: false,
    };
    hand.begin(on(EventKind::Pause, 1));
    assert_eq!(hand.run(), Outcome::Unit);
    hand.expect(&["Idle"]);
    hand.begin(Command::Pause(s));
    hand.expect(&["Emit Pause to 1"]);
    let wrong = |core: &mut Core| {
        assert_eq!(core.phase(Phase::Pending), Err(ApiMisuse::TurnOpen));
        assert_eq!(core.advance(5), Err(ApiMisuse::TurnOpen));
        assert_eq!(core.tick(TickId(0)), Err(ApiMisuse::TurnOpen));
        let eof = Completion::Eof(HandleId::from_parts(0, 1));
        assert_eq!(core.complete(eof), Err(ApiMisuse::TurnOpen));
    };
    wrong(&mut hand.core);
    // After a nested command the listener still runs.
    hand.begin(Command::Cork(s));
    hand.expect(&["Return(Unit)"]);
    wrong(&mut hand.core);
    hand.expect(&["Return(Unit)", "Idle"]);
    hand.assert_silent();
}

#[test]
fn a_turn_inside_the_last_listener_of_a_turn() {
    let mut hand = Hand::default();
    let s = hand.socket(SocketOptions::default());
    hand.begin(Command::StartTimer { ms: 1.0, repeat: false });
    assert!(matches!(hand.run(), Outcome::Timer(_)));
    hand.expect(&["Idle"]);
    hand.core.advance(1).expect("forward");
    hand.core.phase(Phase::Timers).expect("a phase");
    assert!(hand.step().starts_with("Timer"));
    hand.begin(Command::Cork(s));
    hand.expect(&["Return(Unit)"]);
    assert_eq!(hand.core.phase(Phase::Pending), Err(ApiMisuse::TurnOpen));
    hand.expect(&["Idle"]);
    hand.assert_silent();
}

#[test]
fn complete_before_idle() {
    let mut hand = Hand::default();
    let s = hand.socket(SocketOptions::default());
    hand.begin(Command::Connect(s, to()));
    let eof = || Completion::Eof(HandleId::from_parts(0, 1));
    assert_eq!(hand.core.complete(eof()), Err(ApiMisuse::TurnOpen));
    assert_eq!(hand.run(), Outcome::Unit);
    hand.expect(&["Idle"]);
}

#[test]
fn ticks_owed_and_ticks_out_of_order() {
    let mut hand = Hand::default();
    assert_eq!(hand.core.tick(TickId(0)), Err(ApiMisuse::WrongTick(None)));
    with_tick(&mut hand);
    with_tick(&mut hand);
    let (first, second) = (TickId(0), TickId(1));
    assert_eq!(hand.core.phase(Phase::Closing), Err(ApiMisuse::TicksOwed(first)));
    assert_eq!(hand.core.tick(second), Err(ApiMisuse::WrongTick(Some(first))));
    hand.tick();
    assert!(hand.step().starts_with("Connect("));
    hand.answer(Reply::Pending);
    hand.expect(&["Idle"]);
    assert_eq!(hand.core.tick(first), Err(ApiMisuse::WrongTick(Some(second))), "a tick runs once");
    assert_eq!(hand.core.phase(Phase::Closing), Err(ApiMisuse::TicksOwed(second)));
}

#[test]
fn ids_that_were_never_given_out() {
    let mut core = Core::default();
    let socket = SocketId::from_parts(0, 1);
    let server = ServerId::from_parts(0, 1);
    let commands = [
        Command::Write(socket, Bytes::from_static(b"x").into(), None),
        Command::Destroy(socket, None),
        Command::CloseServer(server, None),
        Command::Answer(LookupId::from_parts(0, 1), Ok(Vec::new())),
        Command::CancelTimer(TimerId::from_parts(0, 1)),
        Command::RemoveAll(Target::Server(server), None),
    ];
    for command in commands {
        assert_eq!(core.begin(command.clone()), Err(ApiMisuse::UnknownId), "{command:?}");
    }
    let handle = HandleId::from_parts(0, 1);
    let completions = [
        Completion::Connected(handle, Ok(())),
        Completion::Written(handle, Ok(())),
        Completion::Read(handle, Bytes::from_static(b"x")),
        Completion::Eof(handle),
        Completion::ReadFailed(handle, netfold_core::Errno::EIO),
        Completion::Accepted(handle, ConnKey(0)),
        Completion::AcceptFailed(handle, netfold_core::Errno::EIO),
        Completion::LookedUp(LookupId::from_parts(0, 1), Ok(Vec::new())),
    ];
    for completion in completions {
        assert_eq!(core.complete(completion.clone()), Err(ApiMisuse::UnknownId), "{completion:?}");
    }
    assert!(matches!(core.step(), Step::Idle(_)));
}

#[test]
fn replies_and_completions_that_do_not_fit() {
    let mut hand = Hand::default();
    let s = hand.socket(SocketOptions::default());
    hand.begin(Command::Connect(s, to()));
    let Step::Call(call) = hand.core.step() else { panic!("a handle is asked") };
    let netfold_core::Op::Open(h, _) = call.op() else { panic!("a handle is asked") };
    assert_eq!(call.answer(Reply::Size(1)), Err(ApiMisuse::WrongReply));
    let Step::Call(call) = hand.core.step() else { panic!("it is asked again") };
    assert_eq!(call.answer(Reply::Pending), Err(ApiMisuse::WrongReply));
    hand.answer(Reply::Done);
    hand.expect(&["Tick", "Return(Unit)", "Idle"]);
    hand.tick();
    assert!(hand.step().starts_with("Connect("));
    hand.answer(Reply::Pending);
    hand.expect(&["Idle"]);
    for wrong in [Completion::Written(h, Ok(())), Completion::Eof(h), Completion::Accepted(h, ConnKey(1))] {
        assert_eq!(hand.core.complete(wrong.clone()), Err(ApiMisuse::NothingAwaited), "{wrong:?}");
    }
    hand.core.complete(Completion::Connected(h, Ok(()))).expect("awaited");
    assert!(hand.step().starts_with("ReadStart("));
    hand.answer(Reply::Done);
    hand.expect(&["Idle"]);
    assert_eq!(hand.core.complete(Completion::Connected(h, Ok(()))), Err(ApiMisuse::NothingAwaited), "it ended");
    assert_eq!(hand.core.complete(Completion::Read(h, Bytes::new())), Err(ApiMisuse::WrongReply), "never empty");
    hand.expect(&["Idle"]);
    hand.assert_silent();
}

#[test]
fn a_clock_that_goes_back() {
    let mut core = Core::default();
    core.advance(10).expect("forward");
    assert_eq!(core.advance(9), Err(ApiMisuse::ClockWentBack { now: 10, given: 9 }));
    core.advance(10).expect("standing still is fine");
    assert_eq!(core.now(), 10);
}

/// B1: a 'pause' listener that resumes and pauses for ever.
#[test]
fn depth_throws_and_the_machine_stays_consistent() {
    let mut hand = Hand::new(Core::new(Limits { depth: 20, ..Limits::DEFAULT }));
    let s = hand.socket(SocketOptions::default());
    let listener = ListenerId(1);
    hand.begin(Command::On { target: s.into(), event: EventKind::Pause, listener, once: false, prepend: false });
    assert_eq!(hand.run(), Outcome::Unit);
    hand.begin(Command::Pause(s));
    let mut depth = 1;
    let refused = loop {
        hand.expect(&["Emit Pause to 1"]);
        hand.begin(Command::Resume(s));
        match hand.run() {
            Outcome::Unit => {}
            Outcome::Threw(error) => break error,
            other => panic!("{other:?}"),
        }
        hand.begin(Command::Pause(s));
        depth += 1;
    };
    assert_eq!((refused.code(), depth), ("ERR_NETFOLD_LIMIT", 20));
    for _ in 0..depth {
        hand.expect(&["Return(Unit)"]);
    }
    hand.expect(&["Idle"]);
    while hand.owed() > 0 {
        hand.tick();
        hand.expect(&["Idle"]);
    }
    hand.assert_silent();
    hand.begin(Command::Resume(s));
    assert_eq!(hand.run(), Outcome::Unit, "the machine goes on");
}

/// B5: at the bound `write` and `end` throw and take nothing.
#[test]
fn write_buffer_throws_and_takes_nothing() {
    let pair = Pair::limited(1, Limits { write_buffer: Some(10), ..Limits::DEFAULT });
    pair.run_as(0, || {
        let sock = connect(9);
        sock.ignore_errors();
        assert!(sock.write(alloc(8)));
        let error = sock.try_write(alloc(3), None).unwrap_err();
        assert_eq!(error.code(), "ERR_NETFOLD_LIMIT");
        assert_eq!((sock.writable_length(), sock.bytes_written()), (8, 8));
        assert!(sock.try_write(alloc(2), None).is_ok());
        let error = sock.try_end(alloc(1)).unwrap_err();
        assert_eq!(error.code(), "ERR_NETFOLD_LIMIT");
        assert!(!sock.writable_ended(), "the call had no effect");
        assert_eq!(sock.writable_length(), 10);
        sock.destroy();
    });
    pair.run();
    pair.assert_silent(0);
    assert_eq!(pair.census(0), Census::default());
}

/// B3: sockets at one time.
#[test]
fn sockets_throw_and_connections_are_dropped_at_the_bound() {
    let pair = Pair::limited(1, Limits { sockets: 2, ..Limits::DEFAULT });
    let dropped = cell(0);
    pair.run_as(0, || {
        let server = create_server(|_, peer| peer.resume());
        server.on(EventKind::Drop, move || dropped.set(dropped.get() + 1));
        server.listen(move || {
            let first = connect(server.port());
            let second = connect(server.port());
            first.resume();
            second.resume();
        });
    });
    pair.run();
    assert_eq!(dropped.get(), 2);
    pair.assert_silent(0);
    assert_eq!(pair.census(0).sockets, 0, "a dropped client hears the end, and closes");
}

/// B4: lookups at one time.
#[test]
fn lookups_fail_at_the_bound() {
    let pair = Pair::limited(1, Limits { lookups: 1, ..Limits::DEFAULT });
    let code = cell("");
    pair.run_as(0, || {
        let a = connect_with(Options::host("localhost", 9));
        a.ignore_errors();
        let b = connect_with(Options::host("localhost", 9));
        b.on_error(move |error| {
            assert_eq!(error.hostname(), Some("localhost"));
            code.set(if error.code() == "EAI_AGAIN" { "EAI_AGAIN" } else { "another" });
        });
    });
    pair.run();
    assert_eq!(code.get(), "EAI_AGAIN");
    pair.assert_silent(0);
    assert_eq!(pair.census(0), Census::default());
}

/// L17: a socket that is forgotten answers as a destroyed one.
#[test]
fn a_forgotten_socket_answers_as_a_destroyed_one() {
    let pair = Pair::new(1);
    let heard: &'static std::cell::RefCell<Vec<String>> = Box::leak(Box::default());
    let sock = pair.run_as(0, || {
        let sock = new_socket();
        sock.destroy();
        sock
    });
    pair.run();
    pair.assert_silent(0);
    assert!(sock.released(), "it closed and nobody holds it");
    assert_eq!(pair.released(0), [sock.id]);
    let cb = |label: &'static str| {
        callback(move |arg| {
            if let Arg::Error(error) = arg {
                heard.borrow_mut().push(format!("{label} {}", error.code()));
            }
        })
    };
    pair.run_as(0, || {
        assert!(!sock.write_cb("x", cb("write")));
        sock.end_cb(cb("end"));
        assert_eq!(sock.read(None), None);
        assert_eq!(sock.local(), None);
        sock.destroy();
        sock.pause();
        sock.resume();
        sock.set_timeout(5);
        sock.on(EventKind::Data, || {});
        assert_eq!(sock.listener_count(EventKind::Data), 0);
        assert_eq!(sock.try_connect(Options::port(9)).unwrap_err().code(), "ERR_SOCKET_CLOSED");
    });
    pair.run();
    assert_eq!(*heard.borrow(), ["write ERR_STREAM_DESTROYED", "end ERR_STREAM_DESTROYED"]);
    pair.assert_silent(0);
}

/// L17: a socket that is retained stays known after its 'close', until it is let go.
#[test]
fn a_retained_socket_stays_known() {
    let mut hand = Hand::default();
    let s = hand.socket(SocketOptions::default());
    hand.begin(Command::Retain(s));
    hand.run();
    hand.begin(Command::Destroy(s, None));
    hand.run();
    hand.expect(&["Idle"]);
    for _ in 0..2 {
        hand.tick();
        hand.expect(&["Idle"]);
    }
    hand.assert_silent();
    assert!(hand.core.socket(s).is_some());
    hand.begin(Command::Release(s));
    hand.run();
    hand.expect(&["Idle"]);
    hand.core.phase(Phase::Pending).expect("a phase");
    hand.expect(&[&format!("Released({s})"), "Idle"]);
    assert_eq!(hand.core.census(), Census::default());
}

/// Many connect, echo, close cycles leave nothing behind.
#[test]
fn sweep_leaves_nothing() {
    let pair = Pair::new(2);
    let server = pair.run_as(0, || {
        let server = create_server(|_, peer| {
            peer.on_data(move |chunk| {
                peer.write(Buf(chunk.clone()));
            });
        });
        server.listen(|| {});
        server
    });
    pair.run();
    let port = pair.run_as(0, || server.port());
    let echoed = cell(0);
    for round in 0..200 {
        pair.run_as(1, || {
            let sock = connect(port);
            sock.set_timeout(1000);
            sock.write("hello");
            sock.on_data(move |chunk| {
                echoed.set(echoed.get() + chunk.len());
                match round % 4 {
                    0 => sock.end(),
                    1 => sock.destroy(),
                    2 => sock.reset_and_destroy().expect("a TCP socket"),
                    _ => sock.end_cb(callback(move |_| sock.destroy())),
                }
            });
            sock.ignore_errors();
        });
        // A peer without an 'error' listener would be an uncaught exception on a reset.
        pair.run_as(0, || on_uncaught(|_| {}));
        pair.run();
    }
    assert_eq!(echoed.get(), 200 * 5);
    pair.assert_silent(0);
    pair.assert_silent(1);
    assert_eq!(pair.census(1), Census::default());
    assert_eq!(pair.census(0), Census { servers: 1, handles: 1, ..Census::default() });
}

/// Table 1.2: destroy and connect again and again in one turn; each old handle still closes.
#[test]
fn many_reconnects_in_one_turn() {
    let pair = Pair::new(1);
    let closes = cell(0);
    pair.run_as(0, || {
        let sock = new_socket();
        sock.ignore_errors();
        sock.on(EventKind::Close, move || closes.set(closes.get() + 1));
        for _ in 0..300 {
            sock.connect(Options::port(9));
            sock.destroy();
        }
    });
    pair.run();
    assert_eq!(closes.get(), 300);
    pair.assert_silent(0);
    assert_eq!(pair.census(0), Census::default());
}

/// Table 1.2: more lookups of one socket than a small counter holds.
#[test]
fn many_lookups_of_one_socket() {
    let pair = Pair::new(1);
    pair.run_as(0, || {
        let sock = new_socket();
        sock.ignore_errors();
        for _ in 0..300 {
            sock.connect(Options::host("localhost", 9));
        }
        sock.destroy();
    });
    pair.run();
    pair.assert_silent(0);
    assert_eq!(pair.census(0), Census::default());
}

/// O9: a detached socket is gone without an event, and its server counts one less.
#[test]
fn detach_forgets_without_an_event() {
    let mut hand = Hand::default();
    let s = hand.socket(SocketOptions::default());
    hand.begin(Command::Detach(s));
    assert!(matches!(hand.run(), Outcome::Threw(_)), "there is no descriptor");
    let pair = Pair::new(1);
    let seen = cell(0);
    pair.run_as(0, || {
        let server = create_server_with(paused(), move |server, peer| {
            peer.on(EventKind::Close, move || seen.set(100));
            peer.detach().expect("nothing was read or written");
            seen.set(seen.get() + 1);
            server.close();
        });
        server.on_event(EventKind::ServerClose, move |event| {
            assert_eq!(*event, Event::ServerClose(None));
            seen.set(seen.get() + 10);
        });
        server.listen(move || {
            let sock = connect(server.port());
            sock.ignore_errors();
            sock.on(EventKind::Connect, move || sock.destroy());
        });
    });
    pair.run();
    assert_eq!(seen.get(), 11);
    pair.assert_silent(0);
    assert_eq!(pair.census(0), Census { servers: 1, ..Census::default() });
}

/// A callback id is the program's: the core only compares them.
#[test]
fn callback_ids_are_compared_only() {
    let mut hand = Hand::default();
    let s = hand.socket(SocketOptions::default());
    hand.begin(Command::Destroy(s, None));
    hand.run();
    hand.begin(Command::Write(s, Bytes::from_static(b"x").into(), Some(CallbackId(u32::MAX))));
    assert_eq!(hand.run(), Outcome::Bool(false));
    hand.expect(&["Idle"]);
    hand.tick();
    hand.expect(&["Idle"]);
    hand.tick();
    hand.expect(&["Idle"]);
    hand.tick();
    hand.expect(&["Callback 4294967295 ERR_STREAM_DESTROYED", "Idle"]);
}
