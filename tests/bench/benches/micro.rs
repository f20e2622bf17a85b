//! What the core costs, piece by piece: `cargo bench -p netfold-bench`. The same cycles are counted in instructions by
//! `tests/bench/instructions`, which is what the gate looks at.

use divan::counter::ItemsCount;
use divan::{AllocProfiler, Bencher, black_box};
use netfold_bench::cycles::{ChurnCore, EchoCore, TimerCore, plain, recorded};
use netfold_core::trace::{Key, Payload, replay};

/// It says beside each time how much was allocated: nothing, where a cycle is one of many.
#[global_allocator]
static ALLOCATOR: AllocProfiler = AllocProfiler::system();

fn main() {
    divan::main();
}

/// Runs a cycle until queues and tables have found their sizes, and then measures it.
fn warm(bencher: Bencher<'_, '_>, mut cycle: impl FnMut()) {
    (0..1000).for_each(|_| cycle());
    bencher.bench_local(cycle);
}

/// Bytes come in, 'data', they are written back, and the ticks: without anything else, with a callback, with an idle timeout.
#[divan::bench(args = [(false, false), (true, false), (false, true)])]
fn echo_with_callback_and_timeout(bencher: Bencher<'_, '_>, (callback, timeout): (bool, bool)) {
    let mut core = EchoCore::new(plain(), 64, callback, timeout);
    warm(bencher, || {
        black_box(core.cycle());
    });
}

/// From 'connection' over one echo to 'close'.
#[divan::bench]
fn connect_to_close(bencher: Bencher<'_, '_>) {
    let mut core = ChurnCore::new(plain(), 64);
    warm(bencher, || {
        black_box(core.cycle());
    });
}

/// Among so many timers; what a command costs that changes nothing stands beside it.
#[divan::bench(args = [100, 100_000])]
fn timer_refresh(bencher: Bencher<'_, '_>, timers: usize) {
    let mut core = TimerCore::new(plain(), timers);
    warm(bencher, || core.refresh());
}

#[divan::bench(args = [100, 100_000])]
fn timer_nothing(bencher: Bencher<'_, '_>, timers: usize) {
    let mut core = TimerCore::new(plain(), timers);
    warm(bencher, || core.nothing());
}

/// Corked writes that go out as one call.
#[divan::bench]
fn write_of_64_chunks(bencher: Bencher<'_, '_>) {
    let mut core = EchoCore::new(plain(), 64, false, false);
    warm(bencher.counter(ItemsCount::new(64u32)), || core.vectored(64));
}

/// Bytes come in as UTF-8 and are given to 'data' as text.
#[divan::bench(args = [64, 4096])]
fn text_read(bencher: Bencher<'_, '_>, size: usize) {
    let mut core = EchoCore::new(plain(), size, false, false);
    core.decode();
    warm(bencher, || {
        black_box(core.cycle());
    });
}

const PAYLOADS: [(&str, Payload); 3] =
    [("length", Payload::Length), ("hash", Payload::Hash(Key::new([7; 16]))), ("full", Payload::Full)];

fn payload(name: &str) -> Payload {
    PAYLOADS.iter().find(|(known, _)| *known == name).map_or(Payload::Length, |(_, payload)| *payload)
}

/// An echo, recorded; an item is an event: 'data' is one, and there is one.
#[divan::bench(args = ["length", "hash", "full"])]
fn recorded_echo(bencher: Bencher<'_, '_>, of: &str) {
    let mut core = EchoCore::new(recorded(payload(of)), 64, false, false);
    warm(bencher, || {
        black_box(core.cycle());
        core.take_trace();
    });
}

/// A thousand echoes, replayed; an item is an event.
#[divan::bench(args = ["length", "hash", "full"])]
fn replayed_event(bencher: Bencher<'_, '_>, of: &str) {
    let trace = EchoCore::new(recorded(payload(of)), 64, false, false).traced(1000);
    let events = replay(&trace).expect("it replays").events;
    bencher.counter(ItemsCount::new(events)).bench_local(|| black_box(replay(&trace).expect("it replays")));
}
