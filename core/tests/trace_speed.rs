//! What recording costs and how fast a replay is. Run with
//! `cargo test --release -p netfold-core --test trace_speed -- --ignored --nocapture`.

mod trace_support;

use bytes::Bytes;
use netfold_core::trace::{Options, Replayer, Trace};
use netfold_core::{Completion, Core, EventKind, Machine};
use std::time::Instant;
use trace_support::{Host, echo};

const CYCLES: u32 = 1_000_000;

/// The fastest of many short batches counts, since other programs run on the machine that measures.
const BATCH: u32 = 1_000;

/// Nanoseconds an echo cycle takes, and the host that ran it.
fn run(machine: Machine, file: &mut Vec<u8>) -> (f64, Host) {
    let mut host = Host::of(machine);
    host.listener = echo;
    let (socket, handle) = host.connected();
    host.on(socket, EventKind::Data, 1);
    host.turn();
    let bytes = Bytes::from(vec![0; 64]);
    let mut best = f64::MAX;
    for batch in 0..CYCLES / BATCH {
        let start = Instant::now();
        for cycle in 0..BATCH {
            host.machine.advance(u64::from((batch * BATCH + cycle) / 100)).unwrap();
            host.complete(Completion::Read(handle, bytes.clone()));
        }
        best = best.min(start.elapsed().as_nanos() as f64 / f64::from(BATCH));
        if let Some(recorder) = host.machine.recorder() {
            file.extend_from_slice(recorder.finished());
            recorder.taken(recorder.finished().len());
        }
    }
    (best, host)
}

#[test]
#[ignore = "a measurement"]
fn speed() {
    let (mut plain, mut recorded) = (f64::MAX, f64::MAX);
    let mut file = Vec::new();
    for _ in 0..3 {
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
    let trace = Trace::parse(file.clone()).unwrap();
    let mut replayer = Replayer::new(&trace);
    let mut best = f64::MAX;
    // Ten inputs and more than two events a cycle: batches of whole cycles, but for the beginning.
    let mut over = false;
    while !over {
        let before = replayer.replayed();
        let start = Instant::now();
        for _ in 0..5 * BATCH {
            over |= replayer.next(|_| {}).unwrap().is_none();
        }
        let took = start.elapsed().as_nanos() as f64;
        if !over {
            best = best.min(took / (replayer.replayed().steps - before.steps) as f64);
        }
    }
    let done = replayer.replayed();
    assert!(done.finished);
    let of_steps = |n: u64| n as f64 / done.steps as f64 * 1e3 / best;
    println!(
        "replay: {:.1} M events/s, {:.1} M inputs/s, {:.1} M steps/s",
        of_steps(done.events),
        of_steps(done.inputs),
        of_steps(done.steps)
    );
    let mut best = f64::MAX;
    for _ in 0..20 {
        let start = Instant::now();
        Trace::parse(file.clone()).unwrap();
        best = best.min(start.elapsed().as_nanos() as f64);
    }
    println!("check of the file: {:.2} GB/s", file.len() as f64 / best);
}
