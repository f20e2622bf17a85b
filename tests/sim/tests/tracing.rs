//! The feature `tracing` has no effect: the same runs, input by input and state by state, when somebody listens.
#![cfg(feature = "tracing")]

use netfold_sim::{Chooser, History, Kind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

/// Hears all there is, and asks for each text.
#[derive(Default)]
struct Ears {
    heard: Arc<AtomicU64>,
}

impl Subscriber for Ears {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, attributes: &Attributes<'_>) -> Id {
        std::hint::black_box(format!("{attributes:?}"));
        Id::from_u64(1 + self.heard.fetch_add(1, Ordering::Relaxed))
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        std::hint::black_box(format!("{event:?}"));
        self.heard.fetch_add(1, Ordering::Relaxed);
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

#[test]
fn runs_are_the_same_when_somebody_listens() {
    let of = |kind: Kind, seed| {
        let chooser = Chooser::seed(seed).recording();
        History::of(&kind.run(&chooser), &chooser.recorded())
    };
    let heard = Arc::new(AtomicU64::new(0));
    // Those that run as programs on a Net.
    for kind in ["program", "troubled"].map(|name| name.parse::<Kind>().unwrap()) {
        for seed in 0..40 {
            let alone = of(kind, seed);
            let ears = Ears { heard: heard.clone() };
            let listened = tracing::subscriber::with_default(ears, || of(kind, seed));
            assert_eq!(alone.differences(&listened), [], "{kind}, seed {seed}");
            assert_eq!(alone.hashes(), listened.hashes(), "{kind}, seed {seed}");
        }
    }
    assert!(heard.load(Ordering::Relaxed) > 10_000);
}
