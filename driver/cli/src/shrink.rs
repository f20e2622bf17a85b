//! `netfold shrink`

use crate::Ended;
use crate::output::Said;
use crate::sim::{From, put, quiet};
use clap::Args;
use netfold_sim::{Finding, Kind};
use serde_json::json;
use std::path::PathBuf;

#[derive(Args)]
#[command(after_help = NOTE)]
pub struct Shrink {
    /// Which run: program, troubled or pair
    kind: Kind,
    /// Its seed, or a file with its tape
    run: From,
    /// Where the small run goes
    #[arg(long, short, value_name = "FOLDER")]
    output: PathBuf,
    #[command(flatten)]
    said: Said,
}

const NOTE: &str = "Into the folder go small.tape (for netfold sim), small.txt and small.mmd (diagrams), small.rs (a test) \
and small.scn (a scenario for Node and netfold both).";

impl Shrink {
    pub fn run(self) -> Ended {
        quiet();
        let Some(found) = Finding::of(self.kind, self.run.chooser()?) else {
            return Err("every rule holds in this run: there is nothing to make small".into());
        };
        let small = found.small();
        for (extension, text) in [
            ("tape", small.tape.to_string()),
            ("txt", small.diagram().to_string()),
            ("mmd", small.diagram().mermaid()),
            ("rs", small.test("holds")),
            ("scn", small.scenario()),
        ] {
            put(&self.output, &format!("small.{extension}"), text.as_bytes())?;
        }
        Ok(self.said.say(&small, || {
            let output = self.output.to_string_lossy();
            json!({ "rule": small.rule, "what": small.what, "answers": small.tape.choices().len(), "output": output })
        })?)
    }
}
