//! Every argument of every member with every kind of value (rule E9): what Node logged, line by line, for each value that the
//! types can say. The others are listed with their reason in `arguments/unsaid.txt`, as are the deviations.

#[path = "arguments/case.rs"]
mod case;
#[path = "arguments/connect.rs"]
mod connect;
#[path = "arguments/errors.rs"]
mod errors;
#[path = "arguments/module.rs"]
mod module;
#[path = "arguments/server.rs"]
mod server;
#[path = "arguments/socket.rs"]
mod socket;

use case::Case;
use netfold::sys::Resolve;
use netfold::{Connect, Limits, LookupCode, Net, System};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What becomes of a case in Rust: its log, or `None` if its value cannot be said.
fn tried(name: &str) -> Option<String> {
    let case = Case::new(name);
    match case.member.as_str() {
        "connect" => connect::connect(case),
        "lookup" => connect::lookup(case),
        "onread" => socket::onread(case),
        "net.connect" => connect::net_connect(case),
        "Socket" => connect::new_socket(case),
        "createServer" => server::create_server(case),
        "listen" => server::listen(case),
        "maxConnections" | "close" | "getConnections" => server::rest(case),
        "setTimeout" | "setEncoding" | "read" | "write" | "end" | "destroy" | "setKeepAlive" | "setNoDelay"
        | "pipe" | "unpipe" => socket::socket(case),
        _ => module::module(case),
    }
}

/// The cases of a log: the name of each and its whole block.
fn cases(log: &str) -> Vec<(String, String)> {
    let blocks = log.split_inclusive('\n').fold(Vec::<String>::new(), |mut blocks, line| {
        match blocks.last_mut() {
            Some(block) if !line.starts_with("== ") => block.push_str(line),
            _ => blocks.push(line.into()),
        }
        blocks
    });
    let name = |block: &String| block["== ".len()..].lines().next().expect("a name").to_string();
    blocks.into_iter().map(|block| (name(&block), block)).collect()
}

/// Why a case is not compared.
#[derive(Clone, Debug, PartialEq)]
enum Apart {
    /// The types cannot say the value.
    Unsaid,
    /// It is said, and differs as the deviation of this number says.
    Differs,
}

/// The committed list: `MEMBER ARGUMENT: VALUE | VALUE ...`, under a line that gives the reason and one that says whether
/// the values cannot be said or differ.
fn apart() -> BTreeMap<String, Apart> {
    let mut out = BTreeMap::new();
    let mut kind = None;
    for line in include_str!("arguments/unsaid.txt").lines() {
        if let Some(reason) = line.strip_prefix("# ") {
            let differs = reason.strip_prefix("D").is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
            kind = Some(if differs { Apart::Differs } else { Apart::Unsaid });
        } else if !line.is_empty() {
            let (argument, values) = line.split_once(": ").expect("values");
            for value in values.split(" | ") {
                let name = format!("{argument} {value}");
                let kind = kind.clone().expect("a reason stands above");
                assert_eq!(out.insert(name.clone(), kind), None, "{name} is listed twice");
            }
        }
    }
    out
}

const LOGS: [&str; 4] = [
    include_str!("../../../spec/node/arguments_connect.log"),
    include_str!("../../../spec/node/arguments_module.log"),
    include_str!("../../../spec/node/arguments_server.log"),
    include_str!("../../../spec/node/arguments_socket.log"),
];

/// Compares the cases of one log.
#[track_caller]
fn compare(log: &str) {
    let apart = apart();
    let mut wrong = Vec::new();
    for (name, node) in cases(log) {
        match (tried(&name), apart.get(&name)) {
            (None, Some(Apart::Unsaid)) => {}
            (None, _) => wrong.push(format!("it cannot be said, and is not listed: {name}")),
            (Some(_), Some(Apart::Unsaid)) => wrong.push(format!("it is listed, but can be said: {name}")),
            (Some(ours), Some(Apart::Differs)) if ours == node => {
                wrong.push(format!("it is listed to differ, but does not: {name}"));
            }
            (Some(_), Some(Apart::Differs)) => {}
            (Some(ours), None) if ours == node => {}
            (Some(ours), None) => wrong.push(format!("--- node\n{node}--- netfold\n{ours}")),
        }
    }
    assert!(wrong.is_empty(), "{} cases:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn arguments_connect() {
    compare(include_str!("../../../spec/node/arguments_connect.log"));
}

#[test]
fn arguments_module() {
    compare(include_str!("../../../spec/node/arguments_module.log"));
}

#[test]
fn arguments_server() {
    compare(include_str!("../../../spec/node/arguments_server.log"));
}

#[test]
fn arguments_socket() {
    compare(include_str!("../../../spec/node/arguments_socket.log"));
}

#[test]
fn what_is_listed_is_in_a_log() {
    let known: Vec<_> = LOGS.iter().flat_map(|log| cases(log)).map(|(name, _)| name).collect();
    assert!(known.len() > 1700, "they are read");
    let stale: Vec<_> = apart().into_keys().filter(|name| !known.contains(name)).collect();
    assert!(stale.is_empty(), "no such case: {stale:#?}");
}

/// D33: before the port is checked, which Node would speak of.
#[test]
fn a_local_port_that_is_none_throws() {
    let mut net = Net::new(()).unwrap();
    for port in [-1, 65536] {
        let to = Connect::port(65536).host("127.0.0.1").local_port(port);
        let error = net.connect(to).unwrap_err();
        let text = format!("Local port should be >= 0 and < 65536. Received type number ({port}).");
        assert_eq!((error.code(), error.to_string()), ("ERR_SOCKET_BAD_PORT", text));
    }
}

/// D36
#[test]
fn names_are_looked_up_as_they_are() {
    struct Nothing(std::sync::Mutex<Vec<String>>);
    impl Resolve for Nothing {
        fn resolve(&self, host: &str, _: u8, _: u32) -> Result<Vec<std::net::IpAddr>, LookupCode> {
            self.0.lock().unwrap().push(host.into());
            Err(LookupCode::NotFound)
        }
    }
    let resolver = Arc::new(Nothing(std::sync::Mutex::default()));
    let mut net = Net::with_host(0, System::with_resolver(resolver.clone()).unwrap(), Limits::default());
    net.connect(("m\u{fc}nchen.name", 9)).unwrap().on_error(&mut net, |net, _, error| {
        assert_eq!(error.code(), "ENOTFOUND");
        net.state += 1;
    });
    net.run().unwrap();
    assert_eq!((net.state, resolver.0.lock().unwrap().join(" ")), (1, "m\u{fc}nchen.name".into()));
}

/// Rule E11: the name, code, message and fields of each kind of error.
#[test]
fn error_fields() {
    let ours = errors::kinds();
    let mut wrong = Vec::new();
    for (name, node) in cases(include_str!("../../../spec/node/error_fields.log")) {
        let entries = node.lines().nth(1).and_then(|line| Some(line.split_once(": ")?.1)).expect("an entry");
        // A Connect always has a port or a path; and an AbortSignal has no reason.
        let entries = entries.split(" | cause ").next().expect("a text");
        match ours.iter().find(|(known, _)| *known == name) {
            None if name == "missing args" => {}
            Some((_, text)) if text == entries => {}
            other => wrong.push(format!("{name}\n  node    {entries}\n  netfold {other:?}")),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(ours.len() > 45, "they are made");
}
