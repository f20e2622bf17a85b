//! What recording costs and how fast a replay is. Run with
//! `cargo test --release -p netfold-core --test trace_speed -- --ignored --nocapture`.

mod trace_support;

use bytes::Bytes;
use netfold_core::trace::{Options, Trace, replay};
use netfold_core::{Completion, Core, EventKind, Machine};
use std::time::Instant;
use trace_support::{Host, echo};

/// Batches are short and the fastest counts, since other programs run on the machine that measures.
const BATCH: u32 = 1_000;
const BATCHES: u32 = 1_000;

/// Nanoseconds that an echo cycle takes, the host that ran it, and its trace but for the end.
fn run(machine: Machine, batches: u32) -> (f64, Host, Vec<u8>) {
    let mut host = Host::of(machine);
    let mut file = Vec::new();
    host.listener = echo;
    let (socket, handle) = host.connected();
    host.on(socket, EventKind::Data, 1);
    host.turn();
    let bytes = Bytes::from(vec![0; 64]);
    let mut best = f64::MAX;
    for batch in 0..batches {
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
    (best, host, file)
}

/// The least nanoseconds that something takes.
fn least<T>(times: u32, mut what: impl FnMut() -> T) -> (f64, T) {
    let mut best: Option<(f64, T)> = None;
    for _ in 0..times {
        let start = Instant::now();
        let given = what();
        let took = start.elapsed().as_nanos() as f64;
        if best.as_ref().is_none_or(|(least, _)| took < *least) {
            best = Some((took, given));
        }
    }
    best.unwrap()
}

#[test]
#[ignore = "a measurement"]
fn speed() {
    let (plain, ..) = run(Machine::new(Core::default()), BATCHES);
    let recorded = || Machine::recorded(Core::default(), Options::default());
    let (took, host, _) = run(recorded(), BATCHES);
    let cycles = f64::from(BATCH * BATCHES);
    println!("{:.1} steps and {:.1} events a cycle", host.steps as f64 / cycles, host.emitted as f64 / cycles);
    println!("an echo cycle: {plain:.1} ns, recorded {took:.1} ns: {:.1} ns more", took - plain);

    let (_, mut host, mut file) = run(recorded(), 1);
    file.extend(host.machine.finish().unwrap());
    println!("{} bytes a cycle", file.len() / BATCH as usize);
    let file = Bytes::from(file);
    let (took, trace) = least(BATCHES, || Trace::parse(file.clone()).unwrap());
    println!("parse: {:.2} GB/s", file.len() as f64 / took);
    let (took, done) = least(BATCHES, || replay(&trace).unwrap());
    assert!(done.finished);
    let million = |n: u64| n as f64 * 1e3 / took;
    let (events, inputs, steps) = (million(done.events), million(done.inputs), million(done.steps));
    println!("replay: {events:.1} M events/s, {inputs:.1} M inputs/s, {steps:.1} M steps/s");
}
