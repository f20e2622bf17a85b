//! `netfold replay`

use crate::Ended;
use crate::file::read;
use crate::output::{Said, Time, say};
use clap::Args;
use netfold::core::trace::{Replayed, Trace, replay};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::time::Instant;

#[derive(Args)]
pub struct Replay {
    /// The trace
    file: PathBuf,
    #[command(flatten)]
    said: Said,
}

impl Replay {
    pub fn run(self) -> Ended {
        let trace = read(&self.file)?;
        let began = Instant::now();
        let replayed = replay(&trace).map_err(|error| format!("{}: {error}", self.file.display()))?;
        let seconds = began.elapsed().as_secs_f64();
        if !self.said.json {
            say(format_args!(
                "{} inputs, {} commands, {} steps, {} events, replayed in {}",
                replayed.inputs,
                replayed.commands,
                replayed.steps,
                replayed.events,
                Time(seconds)
            ))?;
        }
        match verdict(&trace, &replayed) {
            Ok(verdict) => Ok(self.said.say(verdict, || object(&replayed, seconds))?),
            Err(verdict) => Err(format!("{}: {verdict}", self.file.display()).into()),
        }
    }
}

/// A replay that found no difference, as JSON.
pub fn object(replayed: &Replayed, seconds: f64) -> Value {
    let Replayed { inputs, commands, steps, events, hash, .. } = replayed;
    json!({
        "identical": true, "inputs": inputs, "commands": commands, "steps": steps, "events": events,
        "hash": format!("{hash:016x}"), "seconds": seconds,
    })
}

/// What a replay that found no difference says; `Err` when it was not of the whole run.
pub fn verdict(trace: &Trace, replayed: &Replayed) -> Result<String, String> {
    let Replayed { inputs, steps, hash, finished, .. } = replayed;
    match trace.torn() {
        Some(torn) => Err(format!("replay identical up to input {inputs}; the trace is torn: {torn}")),
        None if !finished => Err(format!(
            "replay identical up to input {inputs}; the trace has no end: the program that recorded it still runs or was killed"
        )),
        None => Ok(format!("replay identical: {inputs} inputs, {steps} steps, output hash {hash:016x}")),
    }
}
