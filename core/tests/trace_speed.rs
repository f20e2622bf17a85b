//! What recording costs and how fast a replay is. Run with
//! `cargo test --release -p netfold-core --test trace_speed -- --ignored --nocapture`.

mod trace_support;

use bytes::Bytes;
use netfold_core::trace::{Options, Trace, replay};
use netfold_core::{Completion, Core, EventKind, Machine};
use std::time::Instant;
use trace_support::{Host, echo};

const CYCLES: u32 = 1_000_000;

/// Nanoseconds an echo cycle takes, and the host that ran it.
fn run(machine: Machine, file: &mut Vec<u8>) -> (f64, Host) {
    let mut host = Host::of(machine);
    host.listener = echo;
    let (socket, handle) = host.connected();
    host.on(socket, EventKind::Data, 1);
    host.turn();
    let bytes = Bytes::from(vec![0; 64]);
    let start = Instant::now();
    for cycle in 0..CYCLES {
        host.machine.advance(u64::from(cycle / 100)).unwrap();
        host.complete(Completion::Read(handle, bytes.clone()));
        if cycle % 64 == 0
            && let Some(recorder) = host.machine.recorder()
        {
            file.extend_from_slice(recorder.finished());
            recorder.taken(recorder.finished().len());
        }
    }
    (start.elapsed().as_nanos() as f64 / f64::from(CYCLES), host)
}

#[test]
#[ignore = "a measurement"]
fn speed() {
    let (mut plain, mut recorded) = (f64::MAX, f64::MAX);
    let mut file = Vec::new();
    for _ in 0..7 {
        plain = plain.min(run(Machine::new(Core::default()), &mut Vec::new()).0);
        let mut out = Vec::with_capacity(file.len());
        let (took, host) = run(Machine::recorded(Core::default(), Options::default()), &mut out);
        recorded = recorded.min(took);
        let (steps, emitted) = (host.steps, host.emitted);
        out.extend(host.finish());
        file = out;
        let each = |n: u64| n as f64 / f64::from(CYCLES);
        println!(
            "{:.0} steps, {:.0} events, {} bytes a cycle",
            each(steps),
            each(emitted),
            file.len() / CYCLES as usize
        );
    }
    println!("an echo cycle: {plain:.1} ns, recorded {recorded:.1} ns: {:.1} ns more", recorded - plain);
    let mut best = f64::MAX;
    let trace = Trace::parse(file.clone()).unwrap();
    let mut replayed = None;
    for _ in 0..5 {
        let start = Instant::now();
        replayed = Some(replay(&trace).unwrap());
        best = best.min(start.elapsed().as_secs_f64());
    }
    let replayed = replayed.unwrap();
    let million = |n: u64| n as f64 / best / 1e6;
    println!(
        "replay: {:.1} M events/s, {:.1} M inputs/s, {:.1} M steps/s",
        million(replayed.events),
        million(replayed.inputs),
        million(replayed.steps)
    );
    let start = Instant::now();
    Trace::parse(file.clone()).unwrap();
    println!("check of the file: {:.2} GB/s", file.len() as f64 / start.elapsed().as_nanos() as f64);
}
