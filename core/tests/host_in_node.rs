//! What a host with an event emitter of its own needs: taps, emissions, answers with errors, handles that are taken away,
//! and what it does to the reading of a socket (rules H2 to H7). Step by step, and in a trace.

mod trace_support;

use bytes::Bytes;
use netfold_core::trace::{Options, Trace, replay};
use netfold_core::{
    Chunk, Command, Completion, ConnectTo, Emit, Encoding, Event, EventKind, HandleId, HostOptions, ListenOn,
    ListenerId, NodeError, Op, Outcome, Reply, ServerId, SocketId, Step, Target, Text,
};
use std::sync::Arc;
use trace_support::Host;

const TAP: ListenerId = ListenerId(0);

fn on(host: &mut Host, socket: SocketId, event: EventKind, listener: u32) {
    let listener = ListenerId(listener);
    host.command(Command::On { target: Target::Socket(socket), event, listener, once: false, prepend: false });
}

/// The emits of a command or turn up to its end, as `event to listener`, with the emission's depth and what is left of it.
fn emits(host: &mut Host) -> Vec<String> {
    let mut seen = Vec::new();
    loop {
        match host.machine.step() {
            Step::Call(call) => {
                let reply = if matches!(call.op(), Op::Lookup { .. }) { Reply::Pending } else { Reply::Done };
                call.answer(reply).unwrap();
            }
            Step::Emit(Emit::Listener { listener, event, .. }) => {
                let name = event.kind().name();
                let core = host.machine.core();
                seen.push(format!("{name} to {} in {} rest {}", listener.0, core.emissions(), core.emission_rest()));
            }
            Step::Emit(Emit::Unhandled { error, .. }) => seen.push(format!("unhandled {error}")),
            Step::Emit(other) => seen.push(format!("{other:?}")),
            Step::Tick(id) => host.ticks.push_back(id),
            Step::Return(_) => {}
            Step::Idle(_) => return seen,
            Step::Released(_) => {}
        }
    }
}

fn ticks(host: &mut Host) -> Vec<String> {
    let mut seen = Vec::new();
    while let Some(id) = host.ticks.pop_front() {
        host.machine.tick(id).unwrap();
        seen.extend(emits(host));
    }
    seen
}

fn replays(host: Host) {
    let bytes = host.finish();
    let trace = Trace::parse(bytes).unwrap();
    assert!(replay(&trace).unwrap_or_else(|error| panic!("{error}")).finished);
}

#[test]
fn h2_a_tap_hears_every_event_first_and_counts_for_nothing() {
    let mut host = Host::new(Options::default());
    let socket = host.socket();
    host.command(Command::Tap(Target::Socket(socket), Some(TAP)));
    on(&mut host, socket, EventKind::Pause, 1);
    on(&mut host, socket, EventKind::Pause, 2);
    assert_eq!(host.machine.core().listener_count(socket.into(), EventKind::Pause), 2);

    host.machine.begin(Command::Pause(socket)).unwrap();
    assert_eq!(emits(&mut host), ["pause to 0 in 1 rest 2", "pause to 1 in 1 rest 1", "pause to 2 in 1 rest 0"]);

    host.machine.begin(Command::Resume(socket)).unwrap();
    assert_eq!(emits(&mut host), Vec::<String>::new());
    assert_eq!(ticks(&mut host), ["resume to 0 in 1 rest 0"], "nobody else listens");

    host.command(Command::Tap(Target::Socket(socket), None));
    host.machine.begin(Command::Pause(socket)).unwrap();
    assert_eq!(emits(&mut host), ["pause to 1 in 1 rest 1", "pause to 2 in 1 rest 0"]);
    replays(host);
}

#[test]
fn h2_an_error_that_a_tap_alone_hears_is_unhandled() {
    let mut host = Host::new(Options::default());
    let socket = host.socket();
    host.command(Command::Tap(Target::Socket(socket), Some(TAP)));
    host.machine.begin(Command::Destroy(socket, Some(Arc::new(NodeError::user("boom"))))).unwrap();
    assert_eq!(emits(&mut host), Vec::<String>::new());
    assert_eq!(ticks(&mut host), ["error to 0 in 1 rest 0", "unhandled boom", "close to 0 in 1 rest 0"]);
    replays(host);
}

#[test]
fn h3_a_lookup_is_answered_with_the_users_own_error() {
    let mut host = Host::new(Options::default());
    let socket = host.socket();
    let name =
        HostOptions { host: Some("some.name".into()), port: Some(80), custom_lookup: true, ..Default::default() };
    host.machine.begin(Command::Connect(socket, ConnectTo::Host(name))).unwrap();
    let lookup = loop {
        match host.machine.step() {
            Step::Call(call) => call.answer(Reply::Done).unwrap(),
            Step::Emit(Emit::Resolve { lookup, .. }) => break lookup,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(emits(&mut host), Vec::<String>::new());
    let error = Arc::new(NodeError::user("no such name here"));
    on(&mut host, socket, EventKind::Error, 3);
    host.machine.begin(Command::AnswerError(lookup, error.clone())).unwrap();
    assert_eq!(emits(&mut host), Vec::<String>::new());
    let id = host.ticks.pop_front().unwrap();
    host.machine.tick(id).unwrap();
    assert_eq!(emits(&mut host), Vec::<String>::new(), "it destroys");
    assert_eq!(ticks(&mut host), ["error to 3 in 0 rest 0"]);
    let errored = host.machine.core().socket(socket).unwrap().errored_shared().unwrap();
    assert!(Arc::ptr_eq(&errored, &error), "the very same");
    replays(host);
}

#[test]
fn h3_a_servers_lookup_is_answered_by_a_command() {
    let mut host = Host::new(Options::default());
    host.machine.begin(Command::NewServer(Default::default())).unwrap();
    let Step::Return(Outcome::Server(server)) = host.machine.step() else { panic!() };
    assert_eq!(emits(&mut host), Vec::<String>::new());
    let listen = |host: &mut Host, server: ServerId| {
        let on = ListenOn::Port { port: 0, host: Some("some.name".into()), backlog: 0, ipv6_only: false };
        host.machine.begin(Command::Listen(server, on)).unwrap();
        let Step::Call(call) = host.machine.step() else { panic!() };
        let Op::Lookup { lookup, .. } = call.op() else { panic!() };
        call.answer(Reply::Pending).unwrap();
        assert_eq!(emits(host), Vec::<String>::new());
        lookup
    };
    let target = Target::Server(server);
    for (event, id) in [(EventKind::Error, 1), (EventKind::Listening, 2)] {
        let listener = ListenerId(id);
        host.command(Command::On { target, event, listener, once: false, prepend: false });
    }
    let lookup = listen(&mut host, server);
    host.machine.begin(Command::AnswerError(lookup, Arc::new(NodeError::user("no")))).unwrap();
    assert_eq!(emits(&mut host), ["error to 1 in 0 rest 0"]);

    let lookup = listen(&mut host, server);
    host.machine.begin(Command::AnswerText(lookup, vec![("127.0.0.1".into(), 4)])).unwrap();
    assert_eq!(emits(&mut host), Vec::<String>::new());
    assert_eq!(ticks(&mut host), ["listening to 2 in 0 rest 0"]);
    replays(host);
}

/// A socket, connected and paused by nobody yet.
fn connected() -> (Host, SocketId, HandleId) {
    let mut host = Host::new(Options::default());
    let socket = host.socket();
    let to = HostOptions { host: Some("127.0.0.1".into()), port: Some(80), ..Default::default() };
    host.command(Command::Connect(socket, ConnectTo::Host(to)));
    host.turn();
    let handle = *host.handles.last().unwrap();
    host.machine.complete(Completion::Connected(handle, Ok(()))).unwrap();
    host.turn();
    (host, socket, handle)
}

fn read(host: &mut Host, socket: SocketId) -> Outcome {
    host.machine.begin(Command::Read(socket, None)).unwrap();
    loop {
        match host.machine.step() {
            Step::Return(outcome) => return outcome,
            Step::Call(call) => call.answer(Reply::Done).unwrap(),
            Step::Tick(id) => host.ticks.push_back(id),
            other => panic!("{other:?}"),
        }
    }
}

/// What a command returns, and what it emits before.
fn told(host: &mut Host, command: Command) -> (Vec<String>, Option<bool>) {
    host.machine.begin(command).unwrap();
    let mut seen = Vec::new();
    loop {
        match host.machine.step() {
            Step::Emit(Emit::Listener { event: Event::Data(bytes), .. }) => {
                seen.push(String::from_utf8(bytes.to_vec()).unwrap());
            }
            Step::Emit(Emit::Listener { event: Event::Text(text), .. }) => seen.push(text.to_string()),
            Step::Return(Outcome::Bool(yes)) => return (seen, Some(yes)),
            Step::Return(_) => return (seen, None),
            Step::Tick(id) => host.ticks.push_back(id),
            other => panic!("{other:?}"),
        }
    }
}

fn comes_in(host: &mut Host, handle: HandleId, bytes: &'static [u8]) -> Vec<String> {
    host.machine.complete(Completion::Read(handle, Bytes::from_static(bytes))).unwrap();
    let mut seen = emits(host);
    seen.extend(ticks(host));
    seen
}

fn bytes(bytes: &'static [u8]) -> Outcome {
    Outcome::Chunk(Some(Bytes::from_static(bytes)))
}

#[test]
fn h5_what_is_unshifted_is_read_next() {
    let (mut host, socket, handle) = connected();
    assert_eq!(comes_in(&mut host, handle, b"later"), Vec::<String>::new());
    let big: &'static [u8] = &[b'x'; 40_000];
    for (chunk, more) in [(&b"sooner "[..], true), (b"", true), (big, false)] {
        let unshift = Command::Unshift(socket, Bytes::from_static(chunk).into());
        assert_eq!(told(&mut host, unshift), (Vec::new(), Some(more)));
    }
    assert_eq!(host.machine.core().socket(socket).unwrap().readable_length(), 40_012);
    assert_eq!(emits(&mut host), Vec::<String>::new());
    host.machine.begin(Command::Read(socket, Some(40_000))).unwrap();
    assert!(matches!(host.machine.step(), Step::Return(Outcome::Chunk(Some(first))) if first == big));
    assert_eq!(emits(&mut host), Vec::<String>::new());
    assert_eq!(read(&mut host, socket), bytes(b"sooner later"));
    assert_eq!(emits(&mut host), Vec::<String>::new());
    assert_eq!(ticks(&mut host), Vec::<String>::new());

    on(&mut host, socket, EventKind::Data, 1);
    assert_eq!(ticks(&mut host), Vec::<String>::new());
    let unshift = |bytes: &'static [u8]| Command::Unshift(socket, Bytes::from_static(bytes).into());
    assert_eq!(told(&mut host, unshift(b"at once")), (vec!["at once".into()], Some(true)));
    host.turn();
    host.command(Command::Destroy(socket, None));
    assert_eq!(told(&mut host, unshift(b"too late")), (Vec::new(), Some(false)));
    host.turn();
    replays(host);
}

#[test]
fn h5_what_is_unshifted_before_text_is_text() {
    let (mut host, socket, handle) = connected();
    host.command(Command::SetEncoding(socket, Encoding::Utf8, None));
    comes_in(&mut host, handle, "\u{fc}b".as_bytes());
    let text = Text { units: 2, short: true };
    let chunk = Chunk { bytes: Bytes::from_static("\u{e4}h".as_bytes()), text: Some(text) };
    assert_eq!(told(&mut host, Command::Unshift(socket, chunk)), (Vec::new(), Some(true)));
    assert_eq!(emits(&mut host), Vec::<String>::new());
    assert_eq!(host.machine.core().socket(socket).unwrap().readable_length(), 4);
    assert_eq!(read(&mut host, socket), Outcome::Text("\u{e4}h\u{fc}b".into()));
    assert_eq!(emits(&mut host), Vec::<String>::new());
    replays(host);
}

#[test]
fn h6_the_flow_of_a_socket_is_what_it_is_said_to_be() {
    let (mut host, socket, handle) = connected();
    on(&mut host, socket, EventKind::Data, 1);
    on(&mut host, socket, EventKind::Pause, 2);
    ticks(&mut host);
    assert_eq!(host.machine.core().socket(socket).unwrap().readable_flowing(), Some(true));
    host.command(Command::SetFlowing(socket, None));
    assert_eq!(host.machine.core().socket(socket).unwrap().readable_flowing(), None);
    assert!(!host.machine.core().socket(socket).unwrap().is_paused());
    assert_eq!(comes_in(&mut host, handle, b"kept"), Vec::<String>::new());
    on(&mut host, socket, EventKind::Data, 3);
    assert_eq!(ticks(&mut host), ["data to 1 in 1 rest 1", "data to 3 in 1 rest 0"], "a listener lets it flow");
    replays(host);
}

#[test]
fn h7_a_handle_is_told_to_read_without_the_stream() {
    let (mut host, socket, handle) = connected();
    on(&mut host, socket, EventKind::Data, 1);
    ticks(&mut host);
    for start in [false, true] {
        host.machine.begin(Command::HandleReads(socket, start)).unwrap();
        let Step::Call(call) = host.machine.step() else { panic!() };
        match call.op() {
            Op::ReadStart(on) => assert!(start && on == handle),
            Op::ReadStop(on) => assert!(!start && on == handle),
            other => panic!("{other:?}"),
        }
        call.answer(Reply::Done).unwrap();
        assert_eq!(emits(&mut host), Vec::<String>::new());
        assert_eq!(host.machine.core().alive(), start);
        assert_eq!(host.machine.core().socket(socket).unwrap().readable_flowing(), Some(true));
    }
    replays(host);
}

#[test]
fn h4_a_handle_that_is_dropped_is_closed_without_an_event() {
    let (mut host, socket, handle) = connected();
    assert_eq!(host.machine.core().handle_of(socket), Some(handle));
    assert_eq!(host.machine.core().owner_of(handle), Some(Target::Socket(socket)));

    host.machine.begin(Command::DropHandle(socket)).unwrap();
    assert!(matches!(host.machine.step(), Step::Call(call) if matches!(call.op(), Op::Close(h) if h == handle)));
    assert_eq!(emits(&mut host), Vec::<String>::new());
    assert_eq!(host.machine.core().handle_of(socket), None);
    assert!(!host.machine.core().socket(socket).unwrap().destroyed());

    on(&mut host, socket, EventKind::Error, 1);
    let bytes = Bytes::from_static(b"x");
    host.machine.begin(Command::Write(socket, bytes.into(), None)).unwrap();
    assert_eq!(emits(&mut host), Vec::<String>::new());
    assert_eq!(ticks(&mut host), ["error to 1 in 0 rest 0"]);
    let errored = host.machine.core().socket(socket).unwrap().errored().map(|e| e.code().to_string());
    assert_eq!(errored.as_deref(), Some("ERR_SOCKET_CLOSED"));
    replays(host);
}
