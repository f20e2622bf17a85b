//! Text to a program. There is one way to write each line; another is refused with that one in the message.

use super::program::*;
use super::verbs::{self, Words};
use super::words::{LONGEST_LINE, LONGEST_NAME, RESERVED};
use std::fmt;

/// Where a text is no scenario, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseError {
    /// The line, from 1; 0 where it is the whole.
    pub line: usize,
    /// What to do about it.
    pub why: String,
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.why)
    }
}

impl std::error::Error for ParseError {}

/// Reads a scenario.
///
/// # Errors
/// The first line that is not as `spec/scenarios/README.md` has it.
pub fn parse(text: &str) -> Result<Program, ParseError> {
    let mut program = Program::default();
    for (at, line) in text.lines().enumerate() {
        let took = take_line(&mut program, line);
        took.map_err(|why| ParseError { line: at + 1, why })?;
    }
    whole(&program).map_err(|why| ParseError { line: 0, why })?;
    Ok(program)
}

fn take_line(program: &mut Program, line: &str) -> Result<(), String> {
    if line.len() > LONGEST_LINE || !line.bytes().all(|b| (b' '..=b'~').contains(&b)) {
        return Err(format!("a line is at most {LONGEST_LINE} bytes of printable ASCII"));
    }
    if line.is_empty() {
        return Ok(());
    }
    if let Some(comment) = line.strip_prefix('#') {
        if program == &(Program { about: program.about.clone(), ..Program::default() }) {
            program.about.push(comment.into());
        }
        return Ok(());
    }
    let written = if let Some(step) = line.strip_prefix("  ") {
        let step = verbs::step(program, step)?;
        let written = format!("  {step}");
        let Some(Part::Block(_, steps)) = program.parts.last_mut() else {
            return Err("a step stands below the head of a block: `start:`, `on c connect:`, ...".into());
        };
        steps.push(step);
        written
    } else if let Some(head) = line.strip_suffix(':') {
        let trigger = trigger(program, head)?;
        let written = format!("{trigger}:");
        program.parts.push(Part::Block(trigger, Vec::new()));
        written
    } else {
        head(program, line)?
    };
    if written == line { Ok(()) } else { Err(format!("write it as `{written}`")) }
}

/// A line before the blocks; how it is written.
fn head(program: &mut Program, line: &str) -> Result<String, String> {
    let mut words = Words::new(line);
    let first = words.next("a word")?;
    let actor = match first {
        "rules" => {
            if !program.rules.is_empty() {
                return Err("`rules` comes once: put all of them into one line".into());
            }
            program.rules = words.rest().iter().map(|rule| rule.to_string()).collect();
            if program.rules.is_empty() {
                return Err("name the rules: `rules W19 W21`".into());
            }
            return Ok(format!("rules {}", program.rules.join(" ")));
        }
        "deviates" => {
            let deviation = words.last("the deviation, as in `deviates D7`")?;
            program.deviates = Some(deviation.into());
            return Ok(format!("deviates {deviation}"));
        }
        "watch" => return watch(program, &mut words),
        "server" => Actor { name: actor_name(program, &mut words)?, role: Role::Server(server(words.rest())?) },
        "socket" => Actor { name: actor_name(program, &mut words)?, role: Role::Socket(socket(words.rest())?) },
        "peer" => {
            let name = actor_name(program, &mut words)?;
            words.exactly("of")?;
            let server = words.last("the server that accepts it")?;
            find(program, server, Some(true))?;
            Actor { name, role: Role::Peer(server.into()) }
        }
        other => {
            return Err(format!(
                "`{other}` begins no line: there are rules, deviates, server, socket, peer, watch, heads of blocks that \
                 end with a colon, and steps, which begin with two spaces"
            ));
        }
    };
    let written = actor.to_string();
    program.actors.push(actor);
    Ok(written)
}

fn watch(program: &mut Program, words: &mut Words<'_>) -> Result<String, String> {
    let name = words.next("the actor to watch")?;
    let role = &find(program, name, None)?.role;
    let events = words.rest().iter().map(|word| event(role, word)).collect::<Result<Vec<_>, _>>()?;
    if events.is_empty() {
        return Err("name the events to watch".into());
    }
    let written = format!("watch {name}{}", events.iter().map(|e| format!(" {}", e.name())).collect::<String>());
    program.parts.push(Part::Watch(name.into(), events));
    Ok(written)
}

fn actor_name(program: &Program, words: &mut Words<'_>) -> Result<Name, String> {
    let name = name(words.next("a name")?)?;
    if RESERVED.contains(&name.as_str()) {
        return Err(format!("`{name}` is a word of the language: take another name"));
    }
    if program.actors.iter().any(|actor| actor.name == name) {
        return Err(format!("there is a `{name}` already"));
    }
    Ok(name)
}

fn server(options: &[&str]) -> Result<ServerOptions, String> {
    let mut out = ServerOptions::default();
    for option in options {
        match *option {
            "allowHalfOpen" => out.allow_half_open = true,
            "pauseOnConnect" => out.pause_on_connect = true,
            "noDelay" => out.no_delay = true,
            "keepAlive" => out.keep_alive = true,
            option => match option.split_once('=') {
                Some(("highWaterMark", n)) => out.high_water_mark = Some(number(n)?),
                Some(("blockList", a)) => out.block_list = Some(a.into()),
                _ => return Err(format!("a server has no option `{option}`")),
            },
        }
    }
    Ok(out)
}

fn socket(options: &[&str]) -> Result<SocketOptions, String> {
    let mut out = SocketOptions::default();
    for option in options {
        match (*option, option.split_once('=')) {
            ("allowHalfOpen", _) => out.allow_half_open = true,
            ("noRead", _) => out.no_read = true,
            ("noWrite", _) => out.no_write = true,
            ("forgotten", _) => out.forgotten = true,
            (_, Some(("highWaterMark", n))) => out.high_water_mark = Some(number(n)?),
            (_, Some(("readableHighWaterMark", n))) => out.readable_high_water_mark = Some(number(n)?),
            (_, Some(("writableHighWaterMark", n))) => out.writable_high_water_mark = Some(number(n)?),
            (_, Some(("onread", n))) => out.on_read = Some(number(n)?),
            (_, Some(("signal", signal))) => out.signal = Some(name(signal)?),
            _ => return Err(format!("a socket has no option `{option}`")),
        }
    }
    match out {
        SocketOptions { on_read: Some(_), signal: Some(_), .. } => Err("onread or signal, not both".into()),
        out => Ok(out),
    }
}

fn trigger(program: &Program, head: &str) -> Result<Trigger, String> {
    let mut words = Words::new(head);
    let trigger = match words.next("the head of a block")? {
        "start" => Trigger::Start,
        "quiet" => Trigger::Quiet,
        "on" => {
            let (actor, event) = actor_and_event(program, &mut words)?;
            let nth = words.maybe().map(number).transpose()?;
            if nth == Some(0) {
                return Err("emissions are counted from 1".into());
            }
            Trigger::On(actor, event, nth)
        }
        "listener" => {
            let name = name(words.next("the listener's name")?)?;
            let (actor, event) = actor_and_event(program, &mut words)?;
            Trigger::Listener(name, actor, event)
        }
        "cb" => Trigger::Callback(name(words.next("the callback's name")?)?),
        "task" => Trigger::Task(name(words.next("the task's name")?)?),
        other => return Err(format!("`{other}` begins no block: there are start, quiet, on, listener, cb and task")),
    };
    words.end()?;
    let twice = |known: &Part| match (known, &trigger) {
        (Part::Block(Trigger::Start, _), Trigger::Start) => true,
        (Part::Block(Trigger::Listener(a, ..), _), Trigger::Listener(b, ..)) => a == b,
        (Part::Block(Trigger::Callback(a), _), Trigger::Callback(b)) => a == b,
        (Part::Block(Trigger::Task(a), _), Trigger::Task(b)) => a == b,
        _ => false,
    };
    if program.parts.iter().any(twice) {
        return Err("there is such a block already".into());
    }
    Ok(trigger)
}

fn actor_and_event(program: &Program, words: &mut Words<'_>) -> Result<(Name, netfold::EventKind), String> {
    let actor = find(program, words.next("an actor")?, None)?;
    Ok((actor.name.clone(), event(&actor.role, words.next("an event")?)?))
}

/// What can only be said of all of it.
fn whole(program: &Program) -> Result<(), String> {
    let blocks = || {
        program.parts.iter().filter_map(|part| match part {
            Part::Block(trigger, steps) => Some((trigger, steps)),
            Part::Watch(..) => None,
        })
    };
    if !blocks().any(|(trigger, _)| *trigger == Trigger::Start) {
        return Err("a program begins with a block `start:`".into());
    }
    for step in blocks().flat_map(|(_, steps)| steps) {
        let Step::Do(actor, Verb::Add(_, name) | Verb::Off(name)) = step else { continue };
        let known = blocks().any(|(t, _)| matches!(t, Trigger::Listener(n, of, _) if n == name && of == actor));
        if !known {
            return Err(format!("`{step}` needs a block `listener {name} {actor} EVENT:`"));
        }
    }
    Ok(())
}

/// An actor; a server or not, if that matters.
pub(super) fn find<'p>(program: &'p Program, name: &str, server: Option<bool>) -> Result<&'p Actor, String> {
    let Some(actor) = program.actors.iter().find(|actor| actor.name == name) else {
        return Err(format!("there is no actor `{name}`: add a line `server`, `socket` or `peer` above"));
    };
    match server {
        Some(server) if server != actor.role.is_server() => {
            Err(format!("`{name}` is {} server", if server { "no" } else { "a" }))
        }
        _ => Ok(actor),
    }
}

pub(super) fn event(role: &Role, name: &str) -> Result<netfold::EventKind, String> {
    role.event(name).ok_or_else(|| format!("it has no event `{name}`"))
}

pub(super) fn name(word: &str) -> Result<Name, String> {
    let well_formed = word.starts_with(|c: char| c.is_ascii_alphabetic())
        && word.bytes().all(|b| b.is_ascii_alphanumeric())
        && word.len() <= LONGEST_NAME;
    if well_formed {
        Ok(word.into())
    } else {
        Err(format!("a name is a letter and up to {} letters and digits, not `{word}`", LONGEST_NAME - 1))
    }
}

pub(super) fn number<N: std::str::FromStr>(word: &str) -> Result<N, String> {
    word.parse().map_err(|_| format!("`{word}` is not such a number"))
}
