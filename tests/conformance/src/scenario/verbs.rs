//! Steps: one line of a block to what it does.

use super::parse::{event, find, name, number};
use super::program::*;

/// The words of a line.
pub(super) struct Words<'l> {
    words: Vec<&'l str>,
    at: usize,
}

impl<'l> Words<'l> {
    pub(super) fn new(line: &'l str) -> Self {
        Self { words: line.split(' ').collect(), at: 0 }
    }

    pub(super) fn next(&mut self, what: &str) -> Result<&'l str, String> {
        self.maybe().ok_or_else(|| format!("here stands {what}"))
    }

    pub(super) fn maybe(&mut self) -> Option<&'l str> {
        let word = *self.words.get(self.at)?;
        self.at += 1;
        Some(word)
    }

    pub(super) fn last(&mut self, what: &str) -> Result<&'l str, String> {
        let word = self.next(what)?;
        self.end()?;
        Ok(word)
    }

    pub(super) fn exactly(&mut self, word: &str) -> Result<(), String> {
        if self.next(word)? == word { Ok(()) } else { Err(format!("here stands `{word}`")) }
    }

    pub(super) fn rest(&mut self) -> &[&'l str] {
        let rest = &self.words[self.at..];
        self.at = self.words.len();
        rest
    }

    pub(super) fn end(&self) -> Result<(), String> {
        match self.words.get(self.at) {
            Some(word) => Err(format!("`{word}` is too much, or not in its place")),
            None => Ok(()),
        }
    }

    /// Takes the next word if it is this one.
    fn skip(&mut self, word: &str) -> bool {
        let found = self.words.get(self.at) == Some(&word);
        self.at += usize::from(found);
        found
    }

    /// Takes `cb=NAME` off the end.
    fn callback(&mut self) -> Result<Callback, String> {
        let Some(cb) = self.words[self.at..].last().and_then(|word| word.strip_prefix("cb=")) else { return Ok(None) };
        self.words.pop();
        name(cb).map(Some)
    }

    fn amount(&mut self) -> Result<Option<Amount>, String> {
        let Some(length) = self.maybe() else { return Ok(None) };
        let length = number(length)?;
        let encoding = self.maybe().map(encoding).transpose()?;
        if encoding == Some(Encoding::Hex) && length % 2 != 0 {
            return Err("a string in hex has an even number of digits (D3)".into());
        }
        Ok(Some(Amount { length, encoding }))
    }
}

/// The encodings that strings are written in.
fn encoding(word: &str) -> Result<Encoding, String> {
    let known = Encoding::ALL.iter().copied().find(|encoding| encoding.name() == word);
    known.ok_or_else(|| format!("there is no encoding `{word}`"))
}

/// An event without arguments.
fn emitted(word: &str) -> Result<netfold::EventKind, String> {
    let plain = [netfold::EventKind::Pause, netfold::EventKind::Resume, netfold::EventKind::Timeout];
    plain.into_iter().find(|event| event.name() == word).ok_or_else(|| format!("`{word}` is not emitted by steps"))
}

/// A step of a program whose head is known.
pub(super) fn step(program: &Program, line: &str) -> Result<Step, String> {
    let mut words = Words::new(line);
    let step = match words.next("a step")? {
        "tick" => Step::Tick(name(words.next("the task's name")?)?),
        "immediate" => Step::Immediate(name(words.next("the task's name")?)?),
        "timer" => Step::Timer(name(words.next("the task's name")?)?, number(words.next("milliseconds")?)?),
        "abort" => Step::Abort(name(words.next("the signal's name")?)?),
        "throw" => Step::Throw,
        "log" => Step::Log(words.next("a word")?.into()),
        actor => {
            let actor = find(program, actor, None)?;
            let verb = words.next("a verb")?;
            let verb = match common(&actor.role, verb, &mut words)? {
                Some(verb) => verb,
                None if actor.role.is_server() => server(program, verb, &mut words)?,
                None => socket(program, verb, &mut words)?,
            };
            Step::Do(actor.name.clone(), verb)
        }
    };
    words.end()?;
    Ok(step)
}

/// What sockets and servers have in common.
fn common(role: &Role, verb: &str, words: &mut Words<'_>) -> Result<Option<Verb>, String> {
    if let Some(adding) = Adding::ALL.into_iter().find(|adding| adding.word() == verb) {
        return Ok(Some(Verb::Add(adding, name(words.next("the listener's name")?)?)));
    }
    Ok(Some(match verb {
        "ref" => Verb::Ref(true),
        "unref" => Verb::Ref(false),
        "dispose" => Verb::Dispose(words.callback()?),
        "off" => Verb::Off(name(words.next("the listener's name")?)?),
        "removeAll" => Verb::RemoveAll(words.maybe().map(|word| event(role, word)).transpose()?),
        "get" => {
            let properties = words.rest();
            for property in properties {
                let of_an_event = ["listeners:", "listenerCount:"].iter().find_map(|word| property.strip_prefix(word));
                let known = match of_an_event {
                    Some(name) => event(role, name).is_ok(),
                    None => role.properties().contains(property),
                };
                if !known {
                    return Err(format!("it has no property `{property}`"));
                }
            }
            if properties.is_empty() {
                return Err("name the properties to get".into());
            }
            Verb::Get(properties.iter().map(|property| property.to_string()).collect())
        }
        _ => return Ok(None),
    }))
}

fn socket(program: &Program, verb: &str, words: &mut Words<'_>) -> Result<Verb, String> {
    Ok(match verb {
        "connect" => connect(program, words)?,
        "write" => {
            let cb = words.callback()?;
            Verb::Write(words.amount()?.ok_or("how much is written?")?, cb)
        }
        "end" => {
            let cb = words.callback()?;
            Verb::End(words.amount()?, cb)
        }
        "destroy" => Verb::Destroy(words.skip("error")),
        "destroySoon" => Verb::DestroySoon,
        "reset" => Verb::Reset,
        "pause" => Verb::Pause,
        "resume" => Verb::Resume,
        "cork" => Verb::Cork,
        "uncork" => Verb::Uncork,
        "read" => Verb::Read(words.maybe().map(number).transpose()?),
        "setEncoding" => Verb::SetEncoding(match words.next("an encoding, or none")? {
            "none" => None,
            word => Some(encoding(word)?),
        }),
        "setTimeout" => {
            let cb = words.callback()?;
            Verb::SetTimeout(number(words.next("milliseconds")?)?, cb)
        }
        "setNoDelay" => Verb::SetNoDelay(!words.skip("false")),
        "setKeepAlive" => Verb::SetKeepAlive(!words.skip("false"), words.maybe().map(number).transpose()?),
        "pipe" => {
            let to = find(program, words.next("where it is piped to")?, Some(false))?;
            Verb::Pipe(to.name.clone(), !words.skip("noEnd"))
        }
        "unpipe" => {
            let from = words.maybe().map(|word| find(program, word, Some(false))).transpose()?;
            Verb::Unpipe(from.map(|actor| actor.name.clone()))
        }
        "nest" => Verb::Nest(number(words.next("how deep")?)?),
        "smile" => {
            let cb = words.callback()?;
            Verb::Smile(number(words.next("how many")?)?, cb)
        }
        "setTypeOfService" => Verb::SetTypeOfService(number(words.next("a number up to 255")?)?),
        "getTypeOfService" => Verb::GetTypeOfService,
        "unshift" => Verb::Unshift(words.amount()?.ok_or("how much is put back?")?),
        "push" => Verb::NodeAlone(NodeAlone::Push(number(words.next("how many bytes")?)?)),
        "setDefaultEncoding" => Verb::NodeAlone(NodeAlone::SetDefaultEncoding(encoding(words.next("an encoding")?)?)),
        "emit" => Verb::NodeAlone(NodeAlone::Emit(emitted(words.next("an event")?)?)),
        "iterate" => Verb::NodeAlone(NodeAlone::Iterate),
        other => return Err(format!("a socket cannot `{other}`")),
    })
}

fn server(program: &Program, verb: &str, words: &mut Words<'_>) -> Result<Verb, String> {
    Ok(match verb {
        "listen" => {
            let cb = words.callback()?;
            let options = words.rest().iter().map(|word| listen_option(program, word));
            Verb::Listen(options.collect::<Result<_, _>>()?, cb)
        }
        "close" => Verb::Close(words.callback()?),
        "getConnections" => Verb::GetConnections(words.callback()?.ok_or("it needs a callback: `cb=NAME`")?),
        "maxConnections" => Verb::MaxConnections(number(words.next("how many")?)?),
        other => return Err(format!("a server cannot `{other}`")),
    })
}

fn listen_option(program: &Program, word: &str) -> Result<ListenOption, String> {
    let server = |name| Ok::<_, String>(find(program, name, Some(true))?.name.clone());
    Ok(match (word, word.split_once('=')) {
        ("path", _) => ListenOption::Path,
        ("any", _) => ListenOption::Any,
        ("exclusive", _) => ListenOption::Exclusive,
        ("reusePort", _) => ListenOption::ReusePort,
        ("ipv6Only", _) => ListenOption::Ipv6Only,
        ("readableAll", _) => ListenOption::ReadableAll,
        ("writableAll", _) => ListenOption::WritableAll,
        ("pathWithNul", _) => ListenOption::PathWithNul,
        ("abstract", _) => ListenOption::Abstract,
        ("noFolder", _) => ListenOption::NoFolder,
        ("fd=file", _) => ListenOption::FdOfFile,
        (_, Some(("pathLength", n))) => ListenOption::PathLength(number(n)?),
        (_, Some(("handle-of", name))) => ListenOption::HandleOf(server(name)?),
        (_, Some(("host", name))) => ListenOption::Host(name.into()),
        (_, Some(("port", port))) => ListenOption::Port(number(port)?),
        (_, Some(("port-of", name))) => ListenOption::PortOf(server(name)?),
        (_, Some(("path-of", name))) => ListenOption::PathOf(server(name)?),
        (_, Some(("backlog", n))) => ListenOption::Backlog(number(n)?),
        (_, Some(("signal", signal))) => ListenOption::Signal(name(signal)?),
        _ => return Err(format!("listen has no option `{word}`")),
    })
}

fn connect(program: &Program, words: &mut Words<'_>) -> Result<Verb, String> {
    let to = match words.next("where to: a server, refused, missing or path-of-file")? {
        "refused" => To::Refused,
        "missing" => To::Missing,
        "path-of-file" => To::File,
        server => To::Server(find(program, server, Some(true))?.name.clone()),
    };
    let cb = words.callback()?;
    let options = words.rest().iter().map(|word| connect_option(word)).collect::<Result<Vec<_>, _>>()?;
    let host = options.iter().any(|option| matches!(option, ConnectOption::Host(_)));
    let lookup = options.iter().any(|option| matches!(option, ConnectOption::Lookup(_)));
    if host && !(lookup && matches!(to, To::Server(_))) {
        return Err("`host=` goes with a server and `lookup=`: no name is asked of the system".into());
    }
    Ok(Verb::Connect(to, options, cb))
}

fn connect_option(word: &str) -> Result<ConnectOption, String> {
    Ok(match (word, word.split_once('=')) {
        ("autoSelectFamily", _) => ConnectOption::AutoSelectFamily(true),
        ("noAutoSelectFamily", _) => ConnectOption::AutoSelectFamily(false),
        (_, Some(("host", name))) => ConnectOption::Host(name.into()),
        (_, Some(("lookup", word))) => {
            let known = Lookup::ALL.into_iter().find(|lookup| lookup.word() == word);
            ConnectOption::Lookup(known.ok_or_else(|| format!("there is no lookup `{word}`"))?)
        }
        (_, Some(("family", n))) => ConnectOption::Family(number(n)?),
        (_, Some(("localPort", n))) => ConnectOption::LocalPort(number(n)?),
        (_, Some(("localAddress", address))) => ConnectOption::LocalAddress(address.into()),
        (_, Some(("timeout", n))) => ConnectOption::Timeout(number(n)?),
        (_, Some(("port", n))) => ConnectOption::Port(number(n)?),
        (_, Some(("blockList", address))) => ConnectOption::BlockList(address.into()),
        _ => return Err(format!("connect has no option `{word}`")),
    })
}
