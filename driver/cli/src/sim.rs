//! `netfold sim`

use crate::Ended;
use crate::output::{Colour, Pages, printed, progress};
use clap::Args;
use netfold_sim::{Chooser, Diagram, Finding, Kind, Tape};
use serde_json::json;
use std::fs;
use std::io::{self, BufReader};
use std::path::{Path, PathBuf};

#[derive(Args)]
#[command(after_help = NOTE)]
pub struct Sim {
    /// Which runs: program (a random program on one machine), troubled (servers and clients in a network with faults),
    /// pair (two machines step by step)
    kind: Kind,
    /// A seed, or a file with a tape: run this one, and draw it
    run: Option<From>,
    /// How many seeds to run
    #[arg(long, default_value_t = 1_000, value_name = "N", conflicts_with_all = ["run", "ask"])]
    count: u64,
    /// The first of them
    #[arg(long, default_value_t = 0, value_name = "SEED", conflicts_with_all = ["run", "ask"])]
    first: u64,
    /// You decide: each question is asked on standard error, and an empty line is what a calm system would do
    #[arg(long, conflicts_with = "run")]
    ask: bool,
    /// Put the trace of each machine that took part in the run into this folder, and the tape of its answers
    #[arg(long, value_name = "FOLDER")]
    traces: Option<PathBuf>,
    /// As one JSON object
    #[arg(long)]
    json: bool,
}

const NOTE: &str = "The same seed is the same run, on every machine. When a rule does not hold the exit status is 1, and \
`netfold shrink KIND SEED -o FOLDER` makes the run small.";

/// Where a run's answers come from.
#[derive(Clone, Debug)]
pub enum From {
    Seed(u64),
    Tape(PathBuf),
}

impl std::str::FromStr for From {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(text.parse().map_or_else(|_| From::Tape(text.into()), From::Seed))
    }
}

impl From {
    pub fn chooser(&self) -> Result<Chooser, String> {
        match self {
            From::Seed(seed) => Ok(Chooser::seed(*seed)),
            From::Tape(path) => {
                let name = path.display();
                let text = fs::read_to_string(path).map_err(|error| {
                    format!("cannot read {name}: {error}; give the number of a seed, or a file with a tape")
                })?;
                Ok(Chooser::tape(text.parse::<Tape>().map_err(|error| format!("{name}: {error}"))?))
            }
        }
    }
}

/// A panic in a run is a finding, and is told as one.
pub fn quiet() {
    std::panic::set_hook(Box::new(|_| {}));
}

impl Sim {
    pub fn run(self) -> Ended {
        quiet();
        match &self.run {
            Some(from) => self.one(from.chooser()?),
            None if self.ask => self.one(Chooser::person(BufReader::new(io::stdin()), io::stderr())),
            None => self.many(),
        }
    }

    fn one(&self, chooser: Chooser) -> Ended {
        let chooser = chooser.recording();
        let finished = self.kind.run(&chooser);
        if let Some(folder) = &self.traces {
            let put = |name: &str, bytes: &[u8]| put(folder, name, bytes);
            for (name, trace) in &finished.traces {
                put(&format!("{name}.trace"), trace)?;
            }
            put("run.tape", chooser.recorded().to_string().as_bytes())?;
        }
        let mut pages = Pages::new(Colour::Never);
        printed((|| {
            if self.json {
                let problems: Vec<_> =
                    finished.problems.iter().map(|(rule, what)| json!({ "rule": rule, "what": what })).collect();
                let machines: Vec<_> = finished.traces.iter().map(|(name, _)| name).collect();
                pages.json(&json!({ "kind": self.kind.name(), "problems": problems, "machines": machines }))?;
            } else {
                pages.plain(Diagram::of(&finished))?;
                for (rule, what) in &finished.problems {
                    pages.plain(format_args!("{rule}: {what}"))?;
                }
            }
            Ok(pages.flush()?)
        })())?;
        if let Some(failed) = chooser.failed() {
            return Err(format!("the tape is of another run: {failed}").into());
        }
        match finished.problems.first() {
            Some((rule, what)) => Err(format!("{rule}: {what}").into()),
            None => Ok(()),
        }
    }

    fn many(&self) -> Ended {
        let bar = progress("runs", self.count);
        for seed in self.first..self.first.saturating_add(self.count) {
            if let Some(found) = Finding::of(self.kind, Chooser::seed(seed)) {
                bar.finish_and_clear();
                self.say(&json!({ "kind": self.kind.name(), "runs": seed - self.first + 1, "failed": seed, "rule": found.rule }), "")?;
                let (kind, what) = (self.kind, found.what);
                return Err(
                    format!("seed {seed}: {what}; make it small with netfold shrink {kind} {seed} -o FOLDER").into()
                );
            }
            bar.inc(1);
        }
        bar.finish_and_clear();
        let (kind, count) = (self.kind, self.count);
        self.say(&json!({ "kind": kind.name(), "runs": count }), &format!("{count} runs of {kind}: all rules hold"))
    }

    fn say(&self, json: &serde_json::Value, text: &str) -> Ended {
        let mut pages = Pages::new(Colour::Never);
        printed((|| {
            match self.json {
                true => pages.json(json)?,
                false if text.is_empty() => {}
                false => pages.plain(text)?,
            }
            Ok(pages.flush()?)
        })())
    }
}

/// A file in a folder, which is made if it is not there.
pub fn put(folder: &Path, name: &str, bytes: &[u8]) -> Result<(), String> {
    let path = folder.join(name);
    fs::create_dir_all(folder)
        .and_then(|()| fs::write(&path, bytes))
        .map_err(|error| format!("cannot write {}: {error}", path.display()))
}
