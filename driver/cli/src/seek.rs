//! `netfold seek`

use crate::Ended;
use crate::file::read;
use crate::filter::{Filter, style};
use crate::output::{Colour, Pages, printed, progress};
use crate::state::{self, State};
use crate::timeline::Walk;
use clap::Args;
use netfold::core::{Core, ServerId, SocketId, Target};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::PathBuf;

#[derive(Args)]
#[command(
    after_help = "The state is that right before the input, after everything that the machine put out until then."
)]
pub struct Seek {
    /// The trace
    file: PathBuf,
    /// The number of an input, as show prints it; that of all inputs for the end
    input: u64,
    /// Only this socket or server (c3.7, c3, s0.1); may be given more than once
    #[arg(long, value_name = "ID", visible_alias = "server")]
    socket: Vec<crate::filter::Whose>,
    /// As one JSON object
    #[arg(long)]
    json: bool,
    /// When to colour
    #[arg(long, value_enum, default_value_t)]
    color: Colour,
}

impl Seek {
    pub fn run(self) -> Ended {
        let trace = read(&self.file)?;
        let named = |error: &dyn std::fmt::Display| format!("{}: {error}", self.file.display());
        if self.input > trace.inputs() {
            let (wanted, last) = (self.input, trace.inputs());
            return Err(named(&format_args!("there is no input {wanted}: give 0 to {last}")).into());
        }
        let bar = progress("replaying", self.input);
        let (mut walk, mut servers, mut last) = (Walk::new(&trace), BTreeSet::new(), Vec::new());
        let mut at = (0, 0);
        while let Some(lines) = walk.next().map_err(|error| named(&error))? {
            servers.extend(lines.iter().filter_map(|line| match line.of {
                Some(Target::Server(id)) => Some(id),
                _ => None,
            }));
            let next = lines.last().filter(|line| line.kind.is_input()).map(|line| line.input);
            at = lines.last().map_or(at, |line| (line.turn, line.time));
            if next.is_none_or(|next| next >= self.input) {
                last = lines.to_vec();
                break;
            }
            if next.is_some_and(|n| n % 4096 == 0) {
                bar.set_position(next.unwrap_or(0));
            }
        }
        bar.finish_and_clear();
        let filter = Filter::of(self.socket.clone());
        let found = Found::new(walk.core(), &servers, &filter);
        let mut pages = Pages::new(self.color);
        printed((|| {
            if self.json {
                let lines: Vec<_> = last.iter().map(|line| line.json()).collect();
                let (turn, time) = at;
                pages.json(&json!({
                    "input": self.input, "turn": turn, "time": time, "around": lines,
                    "sockets": found.sockets.iter().map(|(id, o)| with_id(id, o)).collect::<Vec<_>>(),
                    "servers": found.servers.iter().map(|(id, o)| with_id(id, o)).collect::<Vec<_>>(),
                }))?;
                return Ok(pages.flush()?);
            }
            pages.plain(format_args!("before input {}, turn {}, {} ms", self.input, at.0, at.1))?;
            for line in &last {
                pages.line(style(line.kind), line.plain())?;
            }
            for (id, object) in found.servers.iter().chain(&found.sockets) {
                pages.plain(format_args!("\n{id}"))?;
                for (name, value) in object {
                    pages.plain(format_args!(
                        "  {name:<18} {}",
                        value.as_str().map_or(value.to_string(), String::from)
                    ))?;
                }
            }
            Ok(pages.flush()?)
        })())
    }
}

fn with_id(id: &str, state: &[(&'static str, Value)]) -> Value {
    [("id", id.into())]
        .into_iter()
        .chain(state.iter().cloned())
        .map(|(name, value)| (name.to_string(), value))
        .collect()
}

/// What is there at one moment.
struct Found {
    sockets: Vec<(String, State)>,
    servers: Vec<(String, State)>,
}

impl Found {
    fn new(core: &Core, servers: &BTreeSet<ServerId>, filter: &Filter) -> Self {
        let wanted = |id: &SocketId| filter.wants_target(Target::Socket(*id));
        let sockets = core.sockets().filter(wanted).filter_map(|id| Some((id.to_string(), state::socket(core, id)?)));
        let wanted = |id: &&ServerId| filter.wants_target(Target::Server(**id));
        let servers = servers.iter().filter(wanted);
        let servers = servers.filter_map(|id| Some((id.to_string(), state::server(core, *id)?)));
        Self { sockets: sockets.collect(), servers: servers.collect() }
    }
}
