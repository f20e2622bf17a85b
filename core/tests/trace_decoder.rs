//! Traces of sockets with an encoding: what the machine does depends on what the decoder gave, and a trace has that.

mod trace_support;

use bytes::Bytes;
use netfold_core::trace::{Input, Key, Options, Payload, Replayed, Trace, replay};
use netfold_core::{Command, Completion, Emit, Encoding, Event, EventKind, Outcome, Step};
use trace_support::Host;

const SECRET: &[u8] = "geheim€".as_bytes();

/// Text kept and read by units, chunks that give nothing, chunks that are cut, an end that flushes.
fn program(options: Options) -> Vec<u8> {
    let mut host = Host::new(options);
    let (paused, handle) = host.connected();
    host.on(paused, EventKind::Readable, 1);
    host.turn();
    let chunk = |bytes: &'static [u8]| Bytes::from_static(bytes);
    host.complete(Completion::Read(handle, chunk(SECRET)));
    host.complete(Completion::Read(handle, chunk(b"\xc3")));
    assert_eq!(host.command(Command::SetEncoding(paused, Encoding::Utf8, None)), Outcome::Unit);
    let Outcome::Text(text) = host.command(Command::Read(paused, Some(7))) else { panic!() };
    assert_eq!(text, "geheim€");
    host.turn();
    host.complete(Completion::Read(handle, chunk(b"\xa9\xf0\x9d\x84\x9e")));
    assert_eq!(host.machine.core().socket(paused).unwrap().readable_length(), 3);
    host.command(Command::Read(paused, Some(2)));
    host.command(Command::SetEncoding(paused, Encoding::Hex, None));
    host.turn();
    host.complete(Completion::Read(handle, chunk(SECRET)));
    assert_eq!(host.machine.core().socket(paused).unwrap().readable_length(), 19);
    host.command(Command::Destroy(paused, None));
    host.turn();

    let (flowing, handle) = host.connected();
    host.command(Command::SetEncoding(flowing, Encoding::Base64, None));
    host.on(flowing, EventKind::Data, 2);
    host.turn();
    for part in [&b"ab"[..], b"c", SECRET] {
        host.complete(Completion::Read(handle, chunk(part)));
    }
    host.complete(Completion::Eof(handle));
    host.phases();
    host.finish()
}

fn ran(options: Options) -> (Trace, Replayed) {
    let trace = Trace::parse(program(options)).unwrap();
    let replayed = replay(&trace).unwrap_or_else(|error| panic!("{error}"));
    assert!(replayed.finished);
    (trace, replayed)
}

#[test]
fn r20_a_trace_without_the_bytes_replays_as_one_with_them() {
    let of = |read| ran(Options { read, ..Options::default() }).1;
    let full = of(Payload::Full);
    assert_eq!(of(Payload::Length), full);
    assert_eq!(of(Payload::Hash(Key::new([3; 16]))), full);
    assert_eq!(of(Payload::First(3)), full);
}

#[test]
fn a_trace_has_no_byte_that_it_was_not_told_to_keep() {
    let file = program(Options::default());
    for secret in [SECRET, "Z2VoZWlt".as_bytes(), b"67656865696d"] {
        assert!(!file.windows(secret.len()).any(|window| window == secret));
    }
}

#[test]
fn the_numbers_of_units_are_in_the_records() {
    let (trace, _) = ran(Options::default());
    let mut told = Vec::new();
    for record in trace.records() {
        match record.unwrap().input {
            Input::Completion(Completion::ReadAs(_, _, units) | Completion::EofAs(_, units)) => told.push(units),
            Input::Command(Command::SetEncoding(_, _, units)) => told.push(1000 + units.unwrap()),
            _ => {}
        }
    }
    assert_eq!(told, [1007, 3, 1001, 18, 1000, 0, 4, 12, 0]);
}

#[test]
fn a_number_out_of_nowhere_makes_no_great_text() {
    let mut host = Host::new(Options::default());
    let (socket, handle) = host.connected();
    host.command(Command::SetEncoding(socket, Encoding::Utf8, Some(u32::MAX)));
    host.turn();
    host.complete(Completion::ReadAs(handle, Bytes::from_static(b"a"), u32::MAX));
    host.complete(Completion::EofAs(handle, u32::MAX));
    assert!(host.machine.core().socket(socket).unwrap().readable_length() < 100);
}

#[test]
fn r19_text_is_told_as_text() {
    let mut host = Host::new(Options::default());
    let (socket, handle) = host.connected();
    host.command(Command::SetEncoding(socket, Encoding::Latin1, None));
    host.on(socket, EventKind::Data, 1);
    host.turn();
    host.machine.complete(Completion::Read(handle, Bytes::from_static(b"\xe9"))).unwrap();
    let event = loop {
        match host.machine.step() {
            Step::Emit(Emit::Listener { event, .. }) => break event,
            Step::Idle(_) => panic!("no 'data'"),
            _ => {}
        }
    };
    assert_eq!(event.kind(), EventKind::Data);
    assert!(matches!(event, Event::Text(text) if text == "é" && text.units() == 1));
}
