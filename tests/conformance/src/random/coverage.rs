//! What random programs reached: verbs, events, options, and which verbs and events in which state of a socket.

use crate::scenario::program::{Part, Program, Role, Step, Verb};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// In how many programs each thing was.
#[derive(Clone, Debug, Default)]
pub struct Coverage {
    /// Programs.
    pub programs: u64,
    /// Programs with a reset, a destroy or a half-close.
    pub abrupt: u64,
    /// Programs whose log has a round, kind and entry besides what `start` did.
    pub lively: u64,
    /// Words of steps, of heads and of options.
    written: BTreeMap<String, u64>,
    /// What stands in the logs, with the state of its socket.
    logged: BTreeMap<(String, &'static str), u64>,
}

/// Whether a program has a reset, a destroy or a half-close.
pub fn is_abrupt(program: &Program) -> bool {
    let half_open = program.actors.iter().any(|actor| match &actor.role {
        Role::Server(options) => options.allow_half_open,
        Role::Socket(options) => options.allow_half_open,
        Role::Peer(_) => false,
    });
    let steps = program.parts.iter().flat_map(|part| match part {
        Part::Block(_, steps) => steps.as_slice(),
        Part::Watch(..) => &[],
    });
    steps.into_iter().any(|step| match step {
        Step::Do(_, Verb::Reset | Verb::Destroy(_) | Verb::DestroySoon) => true,
        Step::Do(_, Verb::End(..)) => half_open,
        _ => false,
    })
}

impl Coverage {
    /// Counts a program and what was logged.
    pub fn add(&mut self, program: &Program, text: &str, log: &str) {
        self.programs += 1;
        self.abrupt += u64::from(is_abrupt(program));
        self.lively += u64::from(log.contains(" turn: connect") || log.contains("| connect |"));
        let mut seen = BTreeSet::new();
        for line in text.lines() {
            let words: Vec<&str> = line.trim().split(' ').collect();
            let step = line.starts_with("  ");
            let kept = match words.as_slice() {
                ["on", _, event, ..] if !step => vec![format!("on {event}")],
                ["server" | "socket", _, options @ ..] if !step => {
                    options.iter().map(|option| format!("{} {}", words[0], word(option))).collect()
                }
                [_, "get", properties @ ..] if step => properties.iter().map(|p| format!("get {}", word(p))).collect(),
                [_, verb, more @ ..] if step => {
                    let options = more.iter().filter(|word| word.contains('=') || word.parse::<u64>().is_err());
                    let named = matches!(*verb, "connect" | "listen" | "write" | "end" | "setEncoding" | "removeAll");
                    let mut kept = vec![(*verb).to_string()];
                    kept.extend(options.filter(|_| named).map(|option| format!("{verb} {}", word(option))));
                    kept
                }
                _ => Vec::new(),
            };
            seen.extend(kept);
        }
        for word in seen {
            *self.written.entry(word).or_default() += 1;
        }
        for pair in pairs(log) {
            *self.logged.entry(pair).or_default() += 1;
        }
    }

    /// How many pairs of what happened and the state it happened in were seen.
    pub fn pairs(&self) -> usize {
        self.logged.len()
    }

    /// The share of programs with a reset, a destroy or a half-close, in percent.
    pub fn abrupt_share(&self) -> f64 {
        100.0 * self.abrupt as f64 / self.programs.max(1) as f64
    }

    /// A table of everything.
    pub fn table(&self) -> String {
        let mut out = String::from("# in how many programs\n");
        for (word, count) in &self.written {
            let _ = writeln!(out, "{count:8} {word}");
        }
        out.push_str("# in how many programs, by the state of the socket\n");
        for ((what, state), count) in &self.logged {
            let _ = writeln!(out, "{count:8} {what} @ {state}");
        }
        out
    }
}

/// An option without its number or name.
fn word(option: &str) -> &str {
    option.split_once('=').map_or(option, |(name, _)| name).trim_end_matches(char::is_numeric)
}

/// What each socket did and was told, with the state it was in.
fn pairs(log: &str) -> BTreeSet<(String, &'static str)> {
    let mut pairs = BTreeSet::new();
    let mut state = "new";
    for line in log.lines() {
        if line.starts_with("== ") {
            state = "new";
            continue;
        }
        let Some((_, entries)) = line.split_once(": ") else { continue };
        for entry in entries.split(" | ") {
            let what = entry.split(' ').next().unwrap_or_default();
            let step = entry.contains(" -> ") || !is_event(entry);
            pairs.insert((format!("{}{what}", if step { "." } else { "" }), state));
            state = after(state, what, entry);
        }
    }
    pairs
}

fn is_event(entry: &str) -> bool {
    let name = entry.split(' ').next().unwrap_or_default();
    netfold::EventKind::ALL.iter().any(|kind| kind.name() == name)
        && !matches!(name, "end" | "pause" | "resume" | "pipe" | "unpipe" | "connect" | "close")
        || entry == "end"
}

fn after(state: &'static str, what: &str, entry: &str) -> &'static str {
    match (state, what) {
        (_, "close") if entry != "close" => "closed",
        ("closed" | "destroyed", "connect") | ("new", "connect") if entry != "connect" => "connecting",
        (_, "destroy" | "reset") => "destroyed",
        ("connecting", "connect") => "connected",
        ("new", "data" | "write" | "ready") => "connected",
        (_, "finish") => "finished",
        ("new" | "connected", "end") if entry == "end" => "end seen or asked",
        ("connected", "end") => "ending",
        (state, _) => state,
    }
}
