//! `netfold replay`

use crate::{Ended, read_trace};
use clap::Args;
use netfold::core::trace::{Replayed, Trace, replay};
use std::path::PathBuf;
use std::time::Instant;

#[derive(Args)]
pub struct Replay {
    /// The trace
    file: PathBuf,
}

impl Replay {
    pub fn run(self) -> Ended {
        let trace = read_trace(&self.file)?;
        let began = Instant::now();
        let replayed = replay(&trace).map_err(|error| format!("{}: {error}", self.file.display()))?;
        let seconds = began.elapsed().as_secs_f64();
        println!(
            "{} inputs, {} commands, {} steps, {} events, {:.0} events/s",
            replayed.inputs,
            replayed.commands,
            replayed.steps,
            replayed.events,
            replayed.events as f64 / seconds
        );
        println!("{}", verdict(&trace, &replayed));
        Ok(())
    }
}

/// What a replay that found no difference says.
pub fn verdict(trace: &Trace, replayed: &Replayed) -> String {
    let Replayed { inputs, steps, hash, finished, .. } = replayed;
    match trace.torn() {
        Some(torn) => format!("replay identical up to input {inputs}; the trace is torn: {torn}"),
        None if !finished => format!("replay identical up to input {inputs}; the recording was not ended properly"),
        None => format!("replay identical: {inputs} inputs, {steps} steps, output hash {hash:016x}"),
    }
}
