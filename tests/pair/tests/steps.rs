//! Key sequences, step by step: exactly what comes next, and then silence.

use bytes::Bytes;
use netfold_core::{
    CallbackId, Chunk, Command, Completion, ConnKey, ConnectTo, EventKind, HandleId, HostOptions, ListenOn, ListenerId,
    Outcome, Phase, Reply, ServerId, SocketId, SocketOptions, Step, Target,
};
use netfold_pair::Hand;

fn chunk(text: &'static str) -> Chunk {
    Bytes::from_static(text.as_bytes()).into()
}

fn to() -> ConnectTo {
    ConnectTo::Host(HostOptions { host: Some("127.0.0.1".into()), port: Some(9), ..HostOptions::default() })
}

fn on(hand: &mut Hand, target: impl Into<Target>, event: EventKind, listener: u32) {
    let (target, listener) = (target.into(), ListenerId(listener));
    hand.begin(Command::On { target, event, listener, once: false, prepend: false });
    hand.run();
}

fn once(hand: &mut Hand, target: impl Into<Target>, event: EventKind, listener: u32) {
    let (target, listener) = (target.into(), ListenerId(listener));
    hand.begin(Command::On { target, event, listener, once: true, prepend: false });
    hand.run();
}

/// The handle of the call that is open.
fn handle(hand: &mut Hand) -> HandleId {
    let Step::Call(call) = hand.core.step() else { panic!("no call is open") };
    match call.op() {
        netfold_core::Op::Open(handle, _) | netfold_core::Op::Adopt(handle, _) => handle,
        other => panic!("no handle in {other:?}"),
    }
}

/// A socket whose connect is under way.
fn connecting(hand: &mut Hand) -> (SocketId, HandleId) {
    let s = hand.socket(SocketOptions::default());
    hand.begin(Command::Connect(s, to()));
    let h = handle(hand);
    hand.call(&format!("Open({h}, Tcp)"), Reply::Done);
    hand.expect(&["Tick", "Return(Unit)", "Idle"]);
    hand.tick();
    hand.call(&format!("Connect({h}, 127.0.0.1:9)"), Reply::Pending);
    hand.expect(&["Idle"]);
    (s, h)
}

fn connected(hand: &mut Hand) -> (SocketId, HandleId) {
    let (s, h) = connecting(hand);
    hand.core.complete(Completion::Connected(h, Ok(()))).expect("awaited");
    hand.call(&format!("ReadStart({h})"), Reply::Done);
    hand.expect(&["Idle"]);
    (s, h)
}

/// A server that listens.
fn listening(hand: &mut Hand) -> (ServerId, HandleId) {
    let server = hand.server();
    hand.begin(Command::Listen(server, ListenOn::Port { port: 7, host: None, backlog: 0, ipv6_only: false }));
    let h = handle(hand);
    hand.call(&format!("Open({h}, Tcp)"), Reply::Done);
    hand.call(&format!("Bind {{ handle: {h}, addr: [::]:7, ipv6_only: false }}"), Reply::Done);
    hand.call(&format!("Listen({h}, 511)"), Reply::Done);
    hand.expect(&["Tick", "Return(Unit)", "Idle"]);
    hand.tick();
    hand.expect(&["Idle"]);
    (server, h)
}

/// R26, R27: the write is asked inside the call; its callback has a tick.
#[test]
fn write_with_a_callback() {
    let mut hand = Hand::default();
    let (s, h) = connected(&mut hand);
    hand.begin(Command::Write(s, chunk("abc"), Some(CallbackId(5))));
    hand.call(&format!("Write({h}, [b\"abc\"])"), Reply::Done);
    hand.expect(&["Tick", "Return(Bool(true))", "Idle"]);
    hand.tick();
    hand.expect(&["Callback 5 null", "Idle"]);
    hand.assert_silent();
}

/// R27: without a callback nothing is scheduled at all.
#[test]
fn write_without_a_callback() {
    let mut hand = Hand::default();
    let (s, h) = connected(&mut hand);
    hand.begin(Command::Write(s, chunk("abc"), None));
    hand.call(&format!("Write({h}, [b\"abc\"])"), Reply::Done);
    hand.expect(&["Return(Bool(true))", "Idle"]);
    hand.assert_silent();
}

/// R27: two writes with one function have one tick.
#[test]
fn equal_callbacks_share_a_tick() {
    let mut hand = Hand::default();
    let (s, h) = connected(&mut hand);
    for (text, tick) in [("a", true), ("b", false)] {
        hand.begin(Command::Write(s, chunk(text), Some(CallbackId(5))));
        hand.call(&format!("Write({h}, [b\"{text}\"])"), Reply::Done);
        if tick {
            hand.expect(&["Tick"]);
        }
        hand.expect(&["Return(Bool(true))"]);
    }
    hand.expect(&["Idle"]);
    hand.tick();
    hand.expect(&["Callback 5 null", "Callback 5 null", "Idle"]);
    hand.assert_silent();
}

/// R28: would-block; in the completion's turn 'drain', the callback, then a vectored request for what waited.
#[test]
fn write_that_blocks_with_a_queue() {
    let mut hand = Hand::default();
    let (s, h) = connected(&mut hand);
    on(&mut hand, s, EventKind::Drain, 1);
    let big = Bytes::from(vec![7; 20_000]);
    hand.begin(Command::Write(s, big.clone().into(), Some(CallbackId(1))));
    let Step::Call(mut call) = hand.core.step() else { panic!("a write is asked") };
    let mut taken = Vec::new();
    call.take(&mut taken);
    assert_eq!(taken, [big], "the driver keeps the bytes");
    call.answer(Reply::Pending).expect("Pending fits");
    hand.expect(&["Return(Bool(false))"]);
    for (text, id) in [("b", 2), ("c", 3)] {
        hand.begin(Command::Write(s, chunk(text), Some(CallbackId(id))));
        hand.expect(&["Return(Bool(false))"]);
    }
    hand.expect(&["Idle"]);
    hand.core.complete(Completion::Written(h, Ok(()))).expect("awaited");
    hand.call(&format!("Write({h}, [b\"b\", b\"c\"])"), Reply::Done);
    hand.expect(&["Tick", "Emit Drain to 1", "Callback 1 null", "Idle"]);
    hand.tick();
    hand.expect(&["Callback 2 null", "Callback 3 null", "Idle"]);
    hand.assert_silent();
}

/// R2, R16: data is emitted in its own turn; then the demand for more has a tick.
#[test]
fn data_in_its_turn() {
    let mut hand = Hand::default();
    let (s, h) = connected(&mut hand);
    on(&mut hand, s, EventKind::Data, 1);
    hand.expect(&["Idle"]);
    hand.tick();
    hand.expect(&["Idle"]);
    hand.core.complete(Completion::Read(h, Bytes::from_static(b"abc"))).expect("reading");
    hand.expect(&["Emit Data(b\"abc\") to 1", "Tick", "Idle"]);
    hand.tick();
    hand.expect(&["Idle"]);
    hand.assert_silent();
}

/// R7: a command inside a listener returns to it, and the machine goes on where it was.
#[test]
fn nested_write_in_data() {
    let mut hand = Hand::default();
    let (s, h) = connected(&mut hand);
    on(&mut hand, s, EventKind::Data, 1);
    on(&mut hand, s, EventKind::Data, 2);
    hand.expect(&["Idle"]);
    hand.tick();
    hand.expect(&["Idle"]);
    hand.core.complete(Completion::Read(h, Bytes::from_static(b"abc"))).expect("reading");
    hand.expect(&["Emit Data(b\"abc\") to 1"]);
    hand.begin(Command::Write(s, chunk("x"), Some(CallbackId(1))));
    hand.call(&format!("Write({h}, [b\"x\"])"), Reply::Done);
    hand.expect(&["Tick", "Return(Bool(true))", "Emit Data(b\"abc\") to 2", "Tick", "Idle"]);
    hand.tick();
    hand.expect(&["Callback 1 null", "Idle"]);
    hand.tick();
    hand.expect(&["Idle"]);
    hand.assert_silent();
}

/// R21, R33: FIN of the other party: 'end' in a tick, the automatic end() in the next, FIN in the pending phase,
/// 'finish' in a tick, 'close' in the closing phase.
#[test]
fn fin_to_close() {
    let mut hand = Hand::default();
    let (s, h) = connected(&mut hand);
    for (event, id) in [(EventKind::End, 1), (EventKind::Prefinish, 2), (EventKind::Finish, 3), (EventKind::Close, 4)] {
        on(&mut hand, s, event, id);
    }
    hand.expect(&["Idle"]);
    hand.core.complete(Completion::Eof(h)).expect("reading");
    hand.expect(&["Tick", "Idle"]);
    hand.tick();
    hand.expect(&["Emit End to 1", "Tick", "Idle"]);
    hand.tick();
    hand.expect(&["Idle pending 1 closing 0"]);
    hand.core.phase(Phase::Pending).expect("a phase");
    hand.call(&format!("Shutdown({h})"), Reply::Done);
    hand.expect(&["Emit Prefinish to 2", "Tick", "Idle"]);
    hand.tick();
    hand.expect(&["Emit Finish to 3"]);
    hand.call(&format!("Close({h})"), Reply::Done);
    hand.expect(&["Tick", "Idle pending 0 closing 1"]);
    hand.tick();
    hand.expect(&["Idle pending 0 closing 1"]);
    hand.core.phase(Phase::Closing).expect("a phase");
    hand.expect(&["Emit Close(Some(false)) to 4", "Idle"]);
    hand.assert_silent();
    assert_eq!(hand.core.census(), netfold_core::Census::default());
}

/// R29, R5: destroy with a write in flight: the canceled write has a turn of its own, before 'close'.
#[test]
fn destroy_with_a_write_in_flight() {
    let mut hand = Hand::default();
    let (s, h) = connected(&mut hand);
    on(&mut hand, s, EventKind::Close, 4);
    hand.begin(Command::Write(s, chunk("abc"), Some(CallbackId(1))));
    hand.call(&format!("Write({h}, [b\"abc\"])"), Reply::Pending);
    hand.expect(&["Return(Bool(true))"]);
    hand.begin(Command::Destroy(s, None));
    hand.call(&format!("Close({h})"), Reply::Done);
    hand.expect(&["Tick", "Return(Unit)", "Idle pending 0 closing 1"]);
    hand.tick();
    hand.expect(&["Idle pending 0 closing 1"]);
    // What the driver may still say of this handle is ignored.
    hand.core.complete(Completion::Written(h, Ok(()))).expect("late, not wrong");
    hand.expect(&["Idle pending 0 closing 1"]);
    hand.core.phase(Phase::Closing).expect("a phase");
    hand.expect(&["Callback 1 null", "Idle pending 0 closing 1"]);
    hand.core.phase(Phase::Closing).expect("a phase");
    hand.expect(&["Emit Close(Some(false)) to 4", "Idle"]);
    hand.assert_silent();
}

/// R25's plain case and table 1.2: refused.
#[test]
fn refused() {
    let mut hand = Hand::default();
    let (s, h) = connecting(&mut hand);
    on(&mut hand, s, EventKind::Error, 1);
    on(&mut hand, s, EventKind::Close, 2);
    hand.expect(&["Idle"]);
    hand.core.complete(Completion::Connected(h, Err(netfold_core::Errno::ECONNREFUSED))).expect("awaited");
    hand.call(&format!("Close({h})"), Reply::Done);
    hand.expect(&["Tick", "Idle pending 0 closing 1"]);
    hand.tick();
    assert!(hand.step().starts_with("Emit Error(System { errno: ECONNREFUSED, syscall: \"connect\""));
    hand.expect(&["Idle pending 0 closing 1"]);
    hand.core.phase(Phase::Closing).expect("a phase");
    hand.expect(&["Emit Close(Some(true)) to 2", "Idle"]);
    hand.assert_silent();
}

/// R6, R27: a parked write is flushed between the listeners that stood before and after it, its callback with it.
#[test]
fn parked_write_among_listeners() {
    let mut hand = Hand::default();
    let (s, h) = connecting(&mut hand);
    on(&mut hand, s, EventKind::Connect, 1);
    hand.begin(Command::Write(s, chunk("abc"), Some(CallbackId(1))));
    hand.expect(&["Return(Bool(true))"]);
    on(&mut hand, s, EventKind::Connect, 2);
    on(&mut hand, s, EventKind::Ready, 3);
    hand.expect(&["Idle"]);
    hand.core.complete(Completion::Connected(h, Ok(()))).expect("awaited");
    hand.expect(&["Emit Connect to 1"]);
    hand.call(&format!("Write({h}, [b\"abc\"])"), Reply::Done);
    hand.expect(&["Callback 1 null", "Emit Connect to 2", "Emit Ready to 3"]);
    hand.call(&format!("ReadStart({h})"), Reply::Done);
    hand.expect(&["Idle"]);
    hand.assert_silent();
}

/// R4: closed first, heard last.
#[test]
fn closing_is_lifo() {
    let mut hand = Hand::default();
    let (a, _) = connected(&mut hand);
    let (b, _) = connected(&mut hand);
    on(&mut hand, a, EventKind::Close, 1);
    on(&mut hand, b, EventKind::Close, 2);
    for s in [a, b] {
        hand.begin(Command::Destroy(s, None));
        assert_eq!(hand.run(), Outcome::Unit);
    }
    hand.expect(&["Idle pending 0 closing 2"]);
    hand.tick();
    hand.expect(&["Idle pending 0 closing 2"]);
    hand.tick();
    hand.expect(&["Idle pending 0 closing 2"]);
    hand.core.phase(Phase::Closing).expect("a phase");
    hand.expect(&["Emit Close(Some(false)) to 2", "Idle pending 0 closing 1"]);
    hand.core.phase(Phase::Closing).expect("a phase");
    // What is gone is told before user code runs, which may use its name once more.
    hand.expect(&[&format!("Released({b})"), "Emit Close(Some(false)) to 1", "Idle"]);
    hand.assert_silent();
}

/// R48: a connection in its turn, and one too many.
#[test]
fn accept_and_drop() {
    let mut hand = Hand::default();
    let (server, h) = listening(&mut hand);
    on(&mut hand, server, EventKind::Connection, 1);
    on(&mut hand, server, EventKind::Drop, 2);
    hand.begin(Command::SetMaxConnections(server, 1));
    hand.expect(&["Return(Unit)", "Idle"]);
    hand.core.complete(Completion::Accepted(h, ConnKey(7))).expect("listening");
    let taken = handle(&mut hand);
    hand.call(&format!("Adopt({taken}, ConnKey(7))"), Reply::Done);
    hand.call(&format!("ReadStart({taken})"), Reply::Done);
    assert!(hand.step().starts_with("Emit Connection("));
    hand.expect(&["Idle"]);
    hand.core.complete(Completion::Accepted(h, ConnKey(8))).expect("listening");
    hand.call("ConnNames(ConnKey(8))", Reply::Names(None, None));
    hand.expect(&["Emit Drop(Some(DropInfo { local: None, remote: None })) to 2"]);
    hand.call("Refuse(ConnKey(8))", Reply::Done);
    hand.expect(&["Idle"]);
    hand.assert_silent();
    // A listener that fails does not keep the connection open.
    hand.core.complete(Completion::Accepted(h, ConnKey(9))).expect("listening");
    hand.call("ConnNames(ConnKey(9))", Reply::Names(None, None));
    hand.expect(&["Emit Drop(Some(DropInfo { local: None, remote: None })) to 2"]);
    hand.core.threw().expect("a listener runs");
    hand.call("Refuse(ConnKey(9))", Reply::Done);
    hand.expect(&["Idle"]);
    hand.assert_silent();
}

/// R27, R4: a throw drops the rest of the turn, not the ticks.
#[test]
fn a_throw_drops_the_rest_of_the_turn() {
    let mut hand = Hand::default();
    let (s, h) = connecting(&mut hand);
    on(&mut hand, s, EventKind::Connect, 1);
    on(&mut hand, s, EventKind::Connect, 2);
    on(&mut hand, s, EventKind::Ready, 3);
    hand.expect(&["Idle"]);
    hand.core.complete(Completion::Connected(h, Ok(()))).expect("awaited");
    hand.expect(&["Emit Connect to 1"]);
    hand.begin(Command::Write(s, chunk("x"), Some(CallbackId(1))));
    hand.call(&format!("Write({h}, [b\"x\"])"), Reply::Done);
    hand.expect(&["Tick", "Return(Bool(true))"]);
    hand.core.threw().expect("a listener runs");
    hand.expect(&["Idle"]);
    // T10: the tick may wait for the end of the next turn.
    hand.core.phase(Phase::Timers).expect("ticks may wait after a throw");
    hand.expect(&["Idle"]);
    hand.tick();
    hand.expect(&["Callback 1 null", "Idle"]);
    hand.assert_silent();
}

/// R7: a listener that throws inside a command gives its caller the throw, and what stood around it goes on.
#[test]
fn a_throw_inside_a_command() {
    let mut hand = Hand::default();
    let (s, h) = connected(&mut hand);
    on(&mut hand, s, EventKind::Data, 1);
    on(&mut hand, s, EventKind::Data, 2);
    on(&mut hand, s, EventKind::Pause, 3);
    hand.expect(&["Idle"]);
    hand.tick();
    hand.expect(&["Idle"]);
    hand.core.complete(Completion::Read(h, Bytes::from_static(b"abc"))).expect("reading");
    hand.expect(&["Emit Data(b\"abc\") to 1"]);
    hand.begin(Command::Pause(s));
    hand.expect(&["Emit Pause to 3"]);
    hand.core.threw().expect("a listener runs");
    hand.expect(&["Return(ListenerThrew)", "Emit Data(b\"abc\") to 2", "Tick", "Idle"]);
    hand.tick();
    hand.expect(&["Idle"]);
    hand.assert_silent();
}

/// R7: a listener whose command returned may still throw, even if it was the last of its turn.
#[test]
fn a_throw_after_a_command_at_the_end_of_a_turn() {
    let mut hand = Hand::default();
    let s = hand.socket(SocketOptions::default());
    hand.begin(Command::StartTimer { ms: 5.0, repeat: false });
    assert!(matches!(hand.run(), Outcome::Timer(_)));
    hand.expect(&["Idle"]);
    hand.core.advance(5).expect("forward");
    hand.core.phase(Phase::Timers).expect("a phase");
    assert!(hand.step().starts_with("Timer"));
    hand.begin(Command::Cork(s));
    hand.expect(&["Return(Unit)"]);
    hand.core.threw().expect("the timer's function runs");
    hand.expect(&["Idle"]);
    hand.assert_silent();
}

/// Node's `once(f)` twice: two listeners, both run in one emission.
#[test]
fn one_function_twice_as_once() {
    let mut hand = Hand::default();
    let (s, h) = connecting(&mut hand);
    once(&mut hand, s, EventKind::Connect, 1);
    once(&mut hand, s, EventKind::Connect, 1);
    hand.expect(&["Idle"]);
    hand.core.complete(Completion::Connected(h, Ok(()))).expect("awaited");
    hand.expect(&["Emit Connect to 1", "Emit Connect to 1"]);
    hand.call(&format!("ReadStart({h})"), Reply::Done);
    hand.expect(&["Idle"]);
    assert_eq!(hand.core.listener_count(s.into(), EventKind::Connect), 0);
    hand.assert_silent();
}

/// A function that two sockets share: one's emission inside the other's does not use up the other's.
#[test]
fn one_function_once_on_two_sockets() {
    let mut hand = Hand::default();
    let a = hand.socket(SocketOptions::default());
    let b = hand.socket(SocketOptions::default());
    on(&mut hand, a, EventKind::Pause, 9);
    once(&mut hand, a, EventKind::Pause, 1);
    once(&mut hand, b, EventKind::Pause, 1);
    hand.expect(&["Idle"]);
    hand.begin(Command::Pause(a));
    hand.expect(&["Emit Pause to 9"]);
    hand.begin(Command::Pause(b));
    hand.expect(&["Emit Pause to 1", "Return(Unit)"]);
    hand.expect(&["Emit Pause to 1", "Return(Unit)", "Idle"]);
    hand.assert_silent();
}

/// Node's `once`: a listener that ran in a nested emission does not run again in the outer one.
#[test]
fn once_runs_once_when_nested() {
    let mut hand = Hand::default();
    let s = hand.socket(SocketOptions::default());
    on(&mut hand, s, EventKind::Pause, 9);
    once(&mut hand, s, EventKind::Pause, 1);
    once(&mut hand, s, EventKind::Pause, 1);
    hand.expect(&["Idle"]);
    hand.begin(Command::Pause(s));
    hand.expect(&["Emit Pause to 9"]);
    hand.begin(Command::Resume(s));
    hand.expect(&["Tick", "Return(Unit)"]);
    hand.begin(Command::Pause(s));
    hand.expect(&["Emit Pause to 9", "Emit Pause to 1", "Emit Pause to 1", "Return(Unit)", "Return(Unit)", "Idle"]);
    hand.tick();
    hand.expect(&["Idle"]);
    hand.assert_silent();
}

/// R48: a name that cannot be resolved; the error names it, as Node's does.
#[test]
fn listen_on_an_unknown_name() {
    let mut hand = Hand::default();
    let server = hand.server();
    on(&mut hand, server, EventKind::Error, 1);
    let host = Some(String::from("no.name"));
    hand.begin(Command::Listen(server, ListenOn::Port { port: 0, host, backlog: 0, ipv6_only: false }));
    let Step::Call(call) = hand.core.step() else { panic!("a lookup is asked") };
    let netfold_core::Op::Lookup { lookup, host: "no.name", .. } = call.op() else { panic!("a lookup") };
    call.answer(Reply::Pending).expect("Pending fits");
    hand.expect(&["Return(Unit)", "Idle"]);
    hand.core.complete(Completion::LookedUp(lookup, Err(netfold_core::LookupCode::NotFound))).expect("awaited");
    hand.expect(&["Emit Error(Lookup { code: NotFound, hostname: \"no.name\" }) to 1", "Idle"]);
    hand.assert_silent();
}

/// C20, C21: the late success of an attempt that took too long is closed and not heard of.
#[test]
fn late_success_of_a_timed_out_attempt() {
    let mut hand = Hand::default();
    let s = hand.socket(SocketOptions::default());
    on(&mut hand, s, EventKind::ConnectionAttemptTimeout, 1);
    on(&mut hand, s, EventKind::Connect, 2);
    let to = HostOptions { host: Some("name".into()), port: Some(9), ..HostOptions::default() };
    hand.begin(Command::Connect(s, ConnectTo::Host(to)));
    let first = handle(&mut hand);
    hand.answer(Reply::Done);
    let Step::Call(call) = hand.core.step() else { panic!("a lookup is asked") };
    let netfold_core::Op::Lookup { lookup, .. } = call.op() else { panic!("a lookup") };
    call.answer(Reply::Pending).expect("Pending fits");
    hand.expect(&["Return(Unit)", "Idle"]);
    let list = vec!["1.1.1.1".parse().unwrap(), "::2".parse().unwrap()];
    hand.core.complete(Completion::LookedUp(lookup, Ok(list))).expect("awaited");
    hand.call(&format!("Connect({first}, 1.1.1.1:9)"), Reply::Pending);
    hand.expect(&["Idle"]);
    hand.core.advance(250).expect("later");
    hand.core.phase(Phase::Timers).expect("idle");
    hand.expect(&["Emit ConnectionAttemptTimeout(1.1.1.1:9) to 1"]);
    hand.call(&format!("Close({first})"), Reply::Done);
    let second = handle(&mut hand);
    hand.answer(Reply::Done);
    hand.call(&format!("Connect({second}, [::2]:9)"), Reply::Pending);
    hand.expect(&["Idle pending 0 closing 1"]);
    hand.core.complete(Completion::Connected(first, Ok(()))).expect("ignored");
    hand.expect(&["Idle pending 0 closing 1"]);
    hand.core.phase(Phase::Closing).expect("idle");
    hand.expect(&["Idle pending 0 closing 1"]);
    hand.core.phase(Phase::Closing).expect("idle");
    hand.expect(&["Idle"]);
    hand.core.complete(Completion::Connected(second, Ok(()))).expect("awaited");
    hand.expect(&["Emit Connect to 2"]);
}

/// A connection whose reading cannot be started is counted out again.
#[test]
fn accepted_and_unreadable() {
    let mut hand = Hand::default();
    let (server, h) = listening(&mut hand);
    on(&mut hand, server, EventKind::Connection, 1);
    hand.expect(&["Idle"]);
    hand.core.complete(Completion::Accepted(h, ConnKey(7))).expect("listening");
    let taken = handle(&mut hand);
    hand.call(&format!("Adopt({taken}, ConnKey(7))"), Reply::Done);
    hand.call(&format!("ReadStart({taken})"), Reply::Failed(netfold_core::Errno::EINVAL));
    hand.call(&format!("Close({taken})"), Reply::Done);
    hand.expect(&["Tick"]);
    let step = hand.step();
    assert!(step.starts_with("Emit Connection("), "{step}");
    hand.expect(&["Idle pending 0 closing 1"]);
    assert_eq!(hand.core.server(server).map(|s| s.connections), Some(0));
}
