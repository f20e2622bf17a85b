//! The option `onread`, step by step, and in a trace.

mod trace_support;

use bytes::Bytes;
use netfold_core::trace::{Options, Trace, replay};
use netfold_core::{Command, Completion, Emit, Op, Step};
use trace_support::Host;

/// Steps to the end of the command or turn; what was asked and emitted on the way. The function of `onread` says `more`.
fn run(host: &mut Host, more: bool) -> Vec<String> {
    let mut seen = Vec::new();
    loop {
        match host.machine.step() {
            Step::Call(call) => {
                seen.push(match call.op() {
                    Op::ReadLimit(_, bytes) => format!("limit {bytes}"),
                    Op::ReadStart(_) => "start".into(),
                    Op::ReadStop(_) => "stop".into(),
                    other => format!("{other:?}"),
                });
                call.answer(netfold_core::Reply::Done).unwrap();
            }
            Step::Emit(Emit::Read { socket, bytes }) => {
                seen.push(format!("read {}", bytes.len()));
                if !more {
                    host.machine.begin(Command::StopReading(socket)).unwrap();
                }
            }
            Step::Emit(emit) => seen.push(format!("{emit:?}")),
            Step::Tick(id) => host.ticks.push_back(id),
            Step::Return(_) if seen.last().is_some_and(|last| last.starts_with("read")) => {}
            Step::Return(_) | Step::Idle(_) => return seen,
            Step::Released(_) => {}
        }
    }
}

#[test]
fn r22_onread_drives_the_driver_and_replays() {
    let mut host = Host::new(Options::default());
    let socket = host.socket();
    host.command(Command::OnRead(socket, 4));
    let to = netfold_core::HostOptions { host: Some("127.0.0.1".into()), port: Some(80), ..Default::default() };
    host.command(Command::Connect(socket, netfold_core::ConnectTo::Host(to)));
    host.turn();
    let handle = *host.handles.last().unwrap();
    let tell = |host: &mut Host, completion, more| {
        host.machine.complete(completion).unwrap();
        let seen = run(host, more);
        host.turn();
        seen
    };
    assert_eq!(tell(&mut host, Completion::Connected(handle, Ok(())), true), ["limit 4", "start"]);
    let read = || Completion::Read(handle, Bytes::from_static(b"abcd"));
    assert_eq!(tell(&mut host, read(), true), ["read 4"]);
    assert_eq!(tell(&mut host, read(), false), ["read 4", "stop"]);
    assert!(!host.machine.core().socket(socket).unwrap().is_paused());
    let give = |host: &mut Host, command| {
        host.machine.begin(command).unwrap();
        let seen = run(host, true);
        host.turn();
        seen
    };
    assert_eq!(give(&mut host, Command::Resume(socket)), ["start"]);
    assert_eq!(give(&mut host, Command::Pause(socket)), ["stop"]);
    assert_eq!(give(&mut host, Command::Pause(socket)), [""; 0]);
    assert_eq!(give(&mut host, Command::Read(socket, None)), ["start"], "the limit is told once");
    assert_eq!(host.machine.core().socket(socket).unwrap().bytes_read(), 8);
    let trace = Trace::parse(host.finish()).unwrap();
    assert!(replay(&trace).unwrap_or_else(|error| panic!("{error}")).finished);
}
