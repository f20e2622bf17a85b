//! `netfold stat`

use crate::Ended;
use crate::file::read;
use crate::filter::id;
use crate::output::{Bytes, Colour, Pages, Time, printed, progress};
use crate::timeline::{Fact, Kind, Line, Walk};
use clap::Args;
use netfold::core::Target;
use netfold::core::trace::Trace;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

#[derive(Args)]
pub struct Stat {
    /// The trace
    file: PathBuf,
    /// As one JSON object
    #[arg(long)]
    json: bool,
}

/// What a whole trace comes to.
#[derive(Default)]
struct Sums {
    inputs: u64,
    turns: u64,
    time: u64,
    kinds: BTreeMap<Kind, u64>,
    events: BTreeMap<&'static str, u64>,
    commands: BTreeMap<&'static str, u64>,
    calls: BTreeMap<&'static str, u64>,
    read: u64,
    sent: u64,
    sockets: BTreeSet<String>,
    servers: BTreeSet<String>,
    open: u64,
    most_open: u64,
}

impl Sums {
    fn add(&mut self, line: &Line) {
        *self.kinds.entry(line.kind).or_default() += 1;
        (self.turns, self.time) = (line.turn, line.time);
        self.inputs += u64::from(line.kind.is_input());
        let names = match line.kind {
            Kind::Emit => Some(&mut self.events),
            Kind::Command => Some(&mut self.commands),
            Kind::Call => Some(&mut self.calls),
            _ => None,
        };
        if let Some(names) = names {
            *names.entry(line.name).or_default() += 1;
        }
        match (&line.fact, line.name) {
            (Fact::Read(bytes), _) => self.read += bytes.len() as u64,
            (Fact::Send(_), _) => self.sent += line.bytes.unwrap_or(0),
            (Fact::Close { .. }, _) => self.open = self.open.saturating_sub(1),
            (_, "open" | "adopt") if line.kind == Kind::Call => {
                self.open += 1;
                self.most_open = self.most_open.max(self.open);
            }
            _ => {}
        }
        match line.of {
            Some(of @ Target::Socket(_)) => _ = self.sockets.insert(id(of)),
            Some(of @ Target::Server(_)) => _ = self.servers.insert(id(of)),
            None => {}
        }
    }
}

impl Stat {
    pub fn run(self) -> Ended {
        let trace = read(&self.file)?;
        let bar = progress("reading", trace.inputs());
        let mut sums = Sums::default();
        let mut walk = Walk::new(&trace);
        let differs = loop {
            match walk.next() {
                Ok(Some(lines)) => lines.iter().for_each(|line| sums.add(line)),
                Ok(None) => break None,
                Err(error) => break Some(error),
            }
            if sums.inputs % 4096 == 0 {
                bar.set_position(sums.inputs);
            }
        };
        bar.finish_and_clear();
        let size = std::fs::metadata(&self.file).map_or(0, |data| data.len());
        printed(if self.json { as_json(&trace, size, &sums) } else { as_text(&trace, size, &sums) })?;
        match differs {
            Some(error) => Err(format!("{}: {error}", self.file.display()).into()),
            None => Ok(()),
        }
    }
}

fn as_json(trace: &Trace, size: u64, sums: &Sums) -> Ended {
    let header = trace.header();
    let kinds: BTreeMap<_, _> = sums.kinds.iter().map(|(kind, n)| (kind.name(), n)).collect();
    let value = json!({
        "version": header.version,
        "creator": header.creator,
        "created": header.created,
        "keeps_read": header.read.to_string(),
        "keeps_written": header.written.to_string(),
        "bytes": size,
        "finished": trace.finished(),
        "torn": trace.torn().map(ToString::to_string),
        "inputs": sums.inputs,
        "turns": sums.turns,
        "milliseconds": sums.time,
        "sockets": sums.sockets.len(),
        "servers": sums.servers.len(),
        "most_handles_open": sums.most_open,
        "bytes_read": sums.read,
        "bytes_sent": sums.sent,
        "lines": kinds,
        "events": sums.events,
        "commands": sums.commands,
        "calls": sums.calls,
    });
    let mut pages = Pages::new(Colour::Never);
    pages.json(&value)?;
    Ok(pages.flush()?)
}

fn as_text(trace: &Trace, size: u64, sums: &Sums) -> Ended {
    let header = trace.header();
    let mut pages = Pages::new(Colour::Never);
    let by = header.creator.escape_debug();
    pages.plain(format_args!("version {} by \"{by}\", {}", header.version, Bytes(size)))?;
    pages.plain(format_args!("keeps of what is read {}, of what is written {}", header.read, header.written))?;
    pages.plain(match (trace.torn(), trace.finished()) {
        (Some(torn), _) => format!("torn: {torn}"),
        (None, true) => String::from("whole"),
        (None, false) => String::from("without an end: the program that recorded it still runs or was killed"),
    })?;
    let Sums { inputs, turns, time, most_open, .. } = sums;
    pages.plain(format_args!("{inputs} inputs, {turns} turns, {}", Time(*time as f64 / 1e3)))?;
    let (sockets, servers) = (sums.sockets.len(), sums.servers.len());
    pages.plain(format_args!("{sockets} sockets, {servers} servers, {most_open} handles open at most"))?;
    pages.plain(format_args!("{} read, {} sent", Bytes(sums.read), Bytes(sums.sent)))?;
    let mut table = |name: &str, counts: &BTreeMap<&'static str, u64>| {
        let mut counts: Vec<_> = counts.iter().collect();
        counts.sort_by_key(|(name, n)| (std::cmp::Reverse(**n), **name));
        pages.plain(format_args!("\n{name}"))?;
        counts.iter().try_for_each(|(name, n)| pages.plain(format_args!("{n:>10} {name}")))
    };
    table("events", &sums.events)?;
    table("commands", &sums.commands)?;
    table("calls", &sums.calls)?;
    Ok(pages.flush()?)
}
