//! Which lines of a trace are wanted.

use crate::timeline::{Kind, Line};
use clap::Args;
use netfold::core::Target;
use std::str::FromStr;

#[derive(Args, Clone, Debug, Default)]
pub struct Filter {
    /// Only of this socket (c3.7, or c3 for every socket in that slot) or server (s0.1); may be given more than once
    #[arg(long = "socket", value_name = "ID", visible_alias = "server")]
    of: Vec<Whose>,
    /// Only of this name: an event ('data'), a call of the user's (write), what the system did (read), or a kind of line
    /// (command, reply, completion, time, tick, phase, call, emit, return, idle); may be given more than once
    #[arg(long = "event", value_name = "NAME")]
    events: Vec<String>,
    /// Only from this time on, in milliseconds of the machine's clock
    #[arg(long, value_name = "MS")]
    since: Option<u64>,
    /// Only up to this time
    #[arg(long, value_name = "MS")]
    until: Option<u64>,
}

impl Filter {
    /// Lines of these alone, or of everybody if there are none.
    pub fn of(of: Vec<Whose>) -> Self {
        Self { of, ..Self::default() }
    }

    pub fn wants(&self, line: &Line) -> bool {
        let named = |name: &String| line.name == name || line.kind.name() == name;
        self.in_time(line)
            && (self.of.is_empty() || line.of.is_some_and(|of| self.of.iter().any(|wanted| wanted.is(of))))
            && (self.events.is_empty() || self.events.iter().any(named))
    }

    pub fn in_time(&self, line: &Line) -> bool {
        self.since.is_none_or(|since| line.time >= since) && self.until.is_none_or(|until| line.time <= until)
    }

    /// Nobody was named.
    pub fn wants_everybody(&self) -> bool {
        self.of.is_empty()
    }

    /// Whether nothing that comes at this time or later is wanted.
    pub fn is_past(&self, line: &Line) -> bool {
        self.until.is_some_and(|until| line.time > until)
    }

    /// A socket or server is wanted, whatever else is said.
    pub fn wants_target(&self, target: Target) -> bool {
        self.of.is_empty() || self.of.iter().any(|wanted| wanted.is(target))
    }
}

/// `c3.7`, `c3`, `s0.1` or `s0`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Whose {
    server: bool,
    slot: u32,
    generation: Option<u32>,
}

impl Whose {
    fn is(self, target: Target) -> bool {
        let (server, slot, generation) = match target {
            Target::Socket(id) => (false, id.slot(), id.generation()),
            Target::Server(id) => (true, id.slot(), id.generation()),
        };
        self.server == server && self.slot == slot && self.generation.is_none_or(|wanted| wanted == generation)
    }
}

impl FromStr for Whose {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || String::from("give a socket as c3.7 or c3, a server as s0.1 or s0");
        let (server, rest) = match (text.strip_prefix('c'), text.strip_prefix('s')) {
            (Some(rest), _) => (false, rest),
            (_, Some(rest)) => (true, rest),
            _ => return Err(wrong()),
        };
        let (slot, generation) = match rest.split_once('.') {
            Some((slot, generation)) => (slot, Some(generation.parse().map_err(|_| wrong())?)),
            None => (rest, None),
        };
        Ok(Self { server, slot: slot.parse().map_err(|_| wrong())?, generation })
    }
}

/// The id of a socket or a server as all commands print and read it.
pub fn id(target: Target) -> String {
    match target {
        Target::Socket(id) => id.to_string(),
        Target::Server(id) => id.to_string(),
    }
}

impl Line {
    /// As one JSON object.
    pub fn json(&self) -> serde_json::Value {
        let mut object = serde_json::json!({
            "input": self.input,
            "turn": self.turn,
            "time": self.time,
            "kind": self.kind.name(),
            "name": self.name,
            "text": self.text,
        });
        if let Some(of) = self.of {
            let whose = if let Target::Socket(_) = of { "socket" } else { "server" };
            object[whose] = id(of).into();
        }
        if let Some(bytes) = self.bytes {
            object["bytes"] = bytes.into();
        }
        if !self.kept.is_empty() {
            object["kept"] = self.kept.trim_start().into();
        }
        object
    }

    /// As `show` prints it.
    pub fn plain(&self) -> String {
        if self.kind.is_input() {
            format!("#{} +{} {}{}", self.input, self.place, self.text, self.kept)
        } else {
            format!("        {}", self.text)
        }
    }
}

/// What an input or output is told apart by, at a glance.
pub const fn style(kind: Kind) -> anstyle::Style {
    use anstyle::{AnsiColor as C, Style};
    match kind {
        Kind::Command => Style::new().fg_color(Some(anstyle::Color::Ansi(C::Cyan))),
        Kind::Completion => Style::new().fg_color(Some(anstyle::Color::Ansi(C::Yellow))),
        Kind::Emit => Style::new().fg_color(Some(anstyle::Color::Ansi(C::Green))),
        Kind::Call => Style::new().fg_color(Some(anstyle::Color::Ansi(C::Magenta))),
        Kind::Threw => Style::new().fg_color(Some(anstyle::Color::Ansi(C::Red))),
        _ => Style::new().dimmed(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use netfold::core::{ServerId, SocketId};

    #[test]
    fn an_id_is_read_as_it_is_printed() {
        let socket = Target::Socket(SocketId::from_parts(3, 7));
        let server = Target::Server(ServerId::from_parts(3, 7));
        let is = |text: &str, target| text.parse::<Whose>().unwrap().is(target);
        assert!(is(&id(socket), socket) && is("c3", socket) && is(&id(server), server) && is("s3", server));
        assert!(!is("c3.8", socket) && !is("c2", socket) && !is("s3", socket) && !is("c3", server));
        for wrong in ["", "3", "c", "c3.", "c.7", "x3.7", "c3.7.1", "c-1"] {
            assert!(wrong.parse::<Whose>().is_err(), "{wrong}");
        }
    }
}
