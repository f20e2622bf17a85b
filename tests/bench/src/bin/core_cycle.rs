//! What cycles of the core cost, without system calls.

use clap::Parser;
use netfold_bench::cycles::{ChurnCore, EchoCore, TimerCore, plain, recorded};
use netfold_bench::stats::{Sample, print_table};
use netfold_bench::table::append_rows;
use netfold_core::Machine;
use netfold_core::trace::{Key, Payload, Trace, replay};
use std::hint::black_box;
use std::path::PathBuf;
use std::time::Instant;

/// How long cycles of the core take, in nanoseconds.
#[derive(Parser)]
struct Options {
    /// How often a sample runs its cycle.
    #[arg(long, default_value_t = 20_000, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// How many samples are taken of each cycle, all cycles in turn.
    #[arg(long, default_value_t = 25, value_parser = clap::value_parser!(u32).range(1..))]
    samples: u32,
    /// Only the cycle of this name; for counting instructions.
    #[arg(long)]
    only: Option<String>,
    /// Append the figures to this file too, tab-separated.
    #[arg(long)]
    out: Option<PathBuf>,
    /// Print the names.
    #[arg(long)]
    names: bool,
}

type Cycle = Box<dyn FnMut()>;

fn echo(machine: Machine, callback: bool, timeout: bool) -> Cycle {
    let mut core = EchoCore::new(machine, 64, callback, timeout);
    Box::new(move || {
        black_box(core.cycle());
    })
}

/// The host looks after each turn whether a block is finished.
fn echo_recorded(payload: Payload) -> Cycle {
    let mut core = EchoCore::new(recorded(payload), 64, false, false);
    Box::new(move || {
        black_box(core.cycle());
        core.take_trace();
    })
}

fn connect_to_close() -> Cycle {
    let mut core = ChurnCore::new(plain(), 64);
    Box::new(move || {
        black_box(core.cycle());
    })
}

/// Bytes come in and are decoded; what the listener gets is not written back.
fn text() -> Cycle {
    let mut core = EchoCore::new(plain(), 64, false, false);
    core.decode();
    Box::new(move || {
        black_box(core.cycle());
    })
}

fn vectored() -> Cycle {
    let mut core = EchoCore::new(plain(), 64, false, false);
    Box::new(move || core.vectored(64))
}

/// A trace of a hundred echo cycles.
fn hundred() -> Trace {
    EchoCore::new(recorded(Payload::Length), 64, false, false).traced(100)
}

fn replayed() -> Cycle {
    let trace = hundred();
    Box::new(move || {
        black_box(replay(&trace).expect("it replays"));
    })
}

fn timers(count: usize, refresh: bool) -> Cycle {
    let mut core = TimerCore::new(plain(), count);
    Box::new(move || if refresh { core.refresh() } else { core.nothing() })
}

const REPLAY: &str = "replay-100";

type Named = (&'static str, fn() -> Cycle);

/// Each behind one indirect call.
const CYCLES: &[Named] = &[
    ("echo", || echo(plain(), false, false)),
    ("echo-callback", || echo(plain(), true, false)),
    ("echo-timeout", || echo(plain(), false, true)),
    ("echo-length", || echo_recorded(Payload::Length)),
    ("echo-hash", || echo_recorded(Payload::Hash(Key::new([7; 16])))),
    ("echo-full", || echo_recorded(Payload::Full)),
    ("text", text),
    ("vectored-64", vectored),
    (REPLAY, replayed),
    ("connect-to-close", connect_to_close),
    ("no-refresh-100", || timers(100, false)),
    ("refresh-100", || timers(100, true)),
    ("no-refresh-100000", || timers(100_000, false)),
    ("refresh-100000", || timers(100_000, true)),
];

fn main() -> std::io::Result<()> {
    let options = Options::parse();
    let wanted = CYCLES.iter().filter(|(name, _)| options.only.as_ref().is_none_or(|only| only == name));
    if options.names {
        wanted.for_each(|(name, _)| println!("{name}"));
        return Ok(());
    }
    let mut cycles: Vec<(&str, Cycle)> = wanted.map(|(name, make)| (*name, make())).collect();
    for (_, cycle) in &mut cycles {
        (0..1000).for_each(|_| cycle());
    }
    let mut samples = vec![Sample::default(); cycles.len()];
    for _ in 0..options.samples {
        for ((_, cycle), sample) in cycles.iter_mut().zip(&mut samples) {
            let began = Instant::now();
            (0..options.rounds).for_each(|_| cycle());
            sample.push(began.elapsed().as_nanos() as f64 / f64::from(options.rounds));
        }
    }
    let row = |((name, _), sample): (&(&str, Cycle), &Sample)| {
        let cells = [sample.median(), sample.p10(), sample.spread()].map(|n| format!("{n:.1}"));
        [vec![(*name).to_owned()], cells.to_vec()].concat()
    };
    let rows: Vec<_> = cycles.iter().zip(&samples).map(row).collect();
    print_table(&["cycle", "ns", "p10", "spread %"], &rows);
    if let Some(at) = cycles.iter().position(|(name, _)| *name == REPLAY) {
        let replayed = replay(&hundred()).expect("it replays");
        let million = |ns: f64| replayed.events as f64 / ns * 1e3;
        let (median, best) = (million(samples[at].median()), million(samples[at].p10()));
        println!(
            "a replay: {median:.2} million events a second; {best:.2} where the 10th percentile of its time counts"
        );
    }
    options.out.map_or(Ok(()), |file| append_rows(&file, &["cycle", "ns", "p10", "spread"], &rows))
}
