//! Module functions: isIP, `SocketAddress`, `BlockList` (rules N1 to N9).
//!
//! `n_random` generates its arguments; here they are generated in the same way. Where there is a Node v20 it is run too,
//! with further seeds and every case in full.

use netfold::core::ErrorClass;
use netfold::{
    BlockList, Family, IntoSocketAddress, Net, NodeError, SocketAddress, SocketAddressOptions, is_ip, is_ipv4, is_ipv6,
};
use netfold_conformance::{Actor, Log, error_text, has_node_20, skipped};
use std::fmt::Write as _;
use std::process::Command;

fn v6(address: &str) -> SocketAddress {
    (address, Family::Ipv6).into_socket_address().unwrap()
}

/// `JSON.stringify` of a text.
fn json(text: &str) -> String {
    let mut out = String::from('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            c if c < ' ' => write!(out, "\\u{:04x}", c as u32).unwrap(),
            c => out.push(c),
        }
    }
    out + "\""
}

fn class_and_text(error: &NodeError) -> String {
    let class = match error.class() {
        ErrorClass::Error => "Error",
        ErrorClass::TypeError => "TypeError",
        ErrorClass::RangeError => "RangeError",
        ErrorClass::AggregateError => "AggregateError",
    };
    format!("{class} {}", error_text(Some(error))).replace('\n', "\\n")
}

#[test]
fn r56_is_ip() {
    let (log, net) = (Log::new(), Net::new(()).unwrap());
    let c = log.actor("c");
    let recorded = include_str!("../../../spec/node/r56_is_ip.log");
    for entry in recorded.trim_end().split_once("main: ").unwrap().1.split(" | ") {
        let text = entry.split('"').nth(1).unwrap();
        c.log(&net, format!("\"{text}\" {} {} {}", is_ip(text), is_ipv4(text), is_ipv6(text)));
    }
    log.matches(recorded);
}

#[test]
fn n_block_list() {
    let (log, net) = (Log::new(), Net::new(()).unwrap());
    let (rules, checks, errors) = (log.actor("rules"), log.actor("checks"), log.actor("errors"));
    block_list_rules(&net, &rules).unwrap();
    block_list_checks(&net, &checks);
    block_list_errors(&net, &errors);
    log.matches(include_str!("../../../spec/node/n_block_list.log"));
}

fn block_list_rules(net: &Net<()>, rules: &Actor) -> Result<(), NodeError> {
    let mut list = BlockList::new();
    rules.log(net, list.rules().len().to_string());
    list.add_address("123.123.123.123")?;
    list.add_address(("8592:757c:efae:4e45:fb5d:d62a:0d00:8e17", "ipv6"))?;
    list.add_range("10.0.0.1", "10.0.0.10")?;
    list.add_range("10.0.0.1", "10.0.0.1")?;
    list.add_range(("::1", "IPv6"), ("::F", "IPv6"))?;
    list.add_subnet(("fe80::", Family::Ipv6), 10)?;
    list.add_subnet("10.1.2.3", 8)?;
    list.add_address("123.123.123.123")?;
    list.add_address(("::ffff:1.2.3.4", "IPV6"))?;
    list.add_address(("fe80::1%eth0", "ipv6"))?;
    list.add_address(("::0102:0304", "ipv6"))?;
    let given = shown("1:0:0:2:0:0:0:3", 9, 9);
    list.add_address(given)?;
    assert!(list.check(given));
    list.add_range(v6("::ffff:1.1.1.0"), "1.1.1.1")?;
    list.add_range("1.1.1.0", v6("::ffff:1.1.1.3"))?;
    list.add_range(v6("::2"), "1.1.1.1")?;
    for rule in list.rules() {
        rules.log(net, rule);
    }
    Ok(())
}

fn block_list_checks(net: &Net<()>, checks: &Actor) {
    type Fill = fn(&mut BlockList) -> Result<(), NodeError>;
    let check = |label: &str, fill: Fill, addresses: &[&str]| {
        let mut list = BlockList::new();
        fill(&mut list).unwrap();
        let one =
            |a: &&str| format!("{a} {}", list.check((*a, if a.contains(':') { Family::Ipv6 } else { Family::Ipv4 })));
        checks.log(net, format!("{label}: {}", addresses.iter().map(one).collect::<Vec<_>>().join(", ")));
    };
    check("nothing", |_| Ok(()), &["1.2.3.4", "::1"]);
    let around = ["1.2.3.4", "1.2.3.5", "::ffff:1.2.3.4", "::ffff:102:304", "::1.2.3.4"];
    check("v4", |l| l.add_address("1.2.3.4"), &around);
    check("mapped", |l| l.add_address(("::ffff:1.2.3.4", "ipv6")), &["1.2.3.4", "::ffff:1.2.3.4", "1.2.3.5"]);
    check(
        "range v4",
        |l| l.add_range("1.2.3.4", "1.2.3.6"),
        &["1.2.3.3", "1.2.3.4", "1.2.3.5", "1.2.3.6", "1.2.3.7", "::ffff:1.2.3.6", "::ffff:1.2.3.7", "::1"],
    );
    check(
        "range mapped",
        |l| l.add_range(("::ffff:1.2.3.4", "ipv6"), ("::ffff:1.2.3.6", "ipv6")),
        &["1.2.3.3", "1.2.3.4", "1.2.3.7", "::ffff:1.2.3.6"],
    );
    check("range around mapped", |l| l.add_range(v6("::"), v6("ffff::")), &["1.2.3.4", "::ffff:1.2.3.4", "::1"]);
    check(
        "range v6 to v4",
        |l| l.add_range(v6("::2"), "1.1.1.1"),
        &["1.1.1.0", "::ffff:1.1.1.0", "::ffff:1.1.1.2", "::3"],
    );
    check(
        "range v4 to v6",
        |l| l.add_range("1.1.1.1", v6("ffff::")),
        &["1.1.1.2", "::ffff:1.1.1.0", "::ffff:1.1.1.2", "fe80::"],
    );
    check("subnet v4/0", |l| l.add_subnet("1.1.1.1", 0), &["2.2.2.2", "::ffff:2.2.2.2", "::1"]);
    let near = ["1.1.1.1", "2.2.2.2", "::ffff:1.1.1.1", "::ffff:1.1.1.2"];
    check("subnet v4/32", |l| l.add_subnet("1.1.1.1", 32), &near);
    let near = ["1.1.1.255", "1.1.2.0", "1.1.3.255", "1.1.4.0", "::ffff:1.1.2.9"];
    check("subnet v4/23", |l| l.add_subnet("1.1.3.1", 23), &near);
    check("subnet v6/0", |l| l.add_subnet(("::1", "ipv6"), 0), &["1.2.3.4", "::ffff:1.2.3.4", "ffff::"]);
    let near = ["fe80::1", "febf:ffff::", "fec0::", "1.2.3.4"];
    check("subnet v6/10", |l| l.add_subnet(("fe80::", "ipv6"), 10), &near);
    check("subnet v6/128", |l| l.add_subnet(("::1", "ipv6"), 128), &["::1", "::2", "::"]);
    let near = ["1.1.1.0", "1.1.1.255", "1.1.2.0"];
    check("subnet mapped/120", |l| l.add_subnet(("::ffff:1.1.1.9", "ipv6"), 120), &near);
    let invalid = ["1.2.3", "", "01.2.3.4", "1.2.3.4%a", "[::1]", " 1.2.3.4"];
    check("invalid", |l| l.add_subnet("0.0.0.0", 0), &invalid);

    let mut all = BlockList::new();
    all.add_subnet(("::", "ipv6"), 0).unwrap();
    let answers = [
        all.check("::1"),
        all.check(("1.2.3.4", "ipv6")),
        all.check(("::1", "IPv6")),
        all.check(("1.2.3.4", "ipv9")),
        all.check(("::1%", "ipv6")),
        all.check(v6("::1")),
        all.check(SocketAddress::default()),
    ];
    checks.log(net, format!("families: {}", answers.map(|a| a.to_string()).join(" ")));
}

fn shown(address: &str, port: i64, flowlabel: i64) -> SocketAddress {
    let family = if address.contains(':') { Family::Ipv6 } else { Family::Ipv4 };
    SocketAddress::new(&SocketAddressOptions { address: Some(address.into()), family, port, flowlabel }).unwrap()
}

fn block_list_errors(net: &Net<()>, errors: &Actor) {
    let add = |label: &str, fill: &dyn Fn(&mut BlockList) -> Result<(), NodeError>| {
        let mut list = BlockList::new();
        let result = fill(&mut list).map_or_else(|error| class_and_text(&error), |()| "ok".to_string());
        errors.log(net, format!("{label} {result} {}", list.rules().len()));
    };
    for text in ["", "1.2.3", "::1", " 1.2.3.4", "01.2.3.4", "1.2.3.4%lo", "256.1.1.1"] {
        add(&format!("address \"{text}\""), &|l| l.add_address(text));
    }
    let long = "1:2:3:4:5:6:7:8:9";
    for text in ["", "1.2.3.4", "[::1]", "::ffff:01.2.3.4", "00001::", long, "%lo", "::1%", "::1%a%b/c"] {
        add(&format!("address \"{text}\" ipv6"), &|l| l.add_address((text, "ipv6")));
    }
    let [x126, x127, face63, face64] =
        [("x", 126), ("x", 127), ("\u{1f600}", 63), ("\u{1f600}", 64)].map(|(one, n)| one.repeat(n));
    for family in [
        "ipv5",
        "",
        "ip'v4",
        "a'\"",
        "a'\"`",
        "a'\"${",
        "\u{131}pv4",
        "\n\t\r\u{8}\u{c}\u{b}\\\u{7f}\u{85}\0",
        &x126,
        &x127,
        &face63,
        &face64,
    ] {
        add("family", &|l| l.add_address(("1.1.1.1", family)));
    }
    add("range back", &|l| l.add_range("1.1.1.2", "1.1.1.1"));
    add("range back v6", &|l| l.add_range(("::2", "ipv6"), ("::1", "ipv6")));
    add("range back mapped", &|l| l.add_range(v6("::ffff:1.1.1.2"), "1.1.1.1"));
    add("range back to mapped", &|l| l.add_range("1.1.1.2", v6("::ffff:1.1.1.1")));
    add("range bad start", &|l| l.add_range("x", "y"));
    add("range bad end", &|l| l.add_range("1.1.1.1", "y"));
    for (address, port, flowlabel) in [
        ("255.255.255.255", 123, 0),
        ("255.255.255.255", 1234, 0),
        ("1::ffff:ffff:1", 12, 12),
        ("1::ffff:ffff:1", 123, 12),
        ("1111:2222:3333:4444:5555:6666:7777:8888", 65535, 1_048_575),
    ] {
        let start = shown(address, port, flowlabel);
        let end = if port > 65534 { v6("::") } else { shown(address, port, flowlabel) };
        add("range shown", &|l| l.add_range(start, end));
        let low = if address.contains(':') { v6("::") } else { "0.0.0.0".into_socket_address().unwrap() };
        add("range shown back", &|l| l.add_range(start, low));
    }
    for prefix in [-1_i64, 33, 128, 4_294_967_296, 4_294_967_297, -4_294_967_297, 1_234_567_890_123, 12] {
        add(&format!("subnet {prefix}"), &|l| l.add_subnet("1.1.1.1", prefix));
    }
    for prefix in [-1, 129, 128, 0] {
        add(&format!("subnet v6 {prefix}"), &|l| l.add_subnet(("::1", "ipv6"), prefix));
    }
    add("subnet bad", &|l| l.add_subnet("x", 99));
}

fn fields(a: &SocketAddress) -> String {
    format!("{} {} {} {}", a.address(), a.port(), a.family().as_str(), a.flowlabel())
}

#[test]
fn n_socket_address() {
    let (log, net) = (Log::new(), Net::new(()).unwrap());
    let [of_fields, errors, of_shown, parsed] = ["fields", "errors", "shown", "parsed"].map(|name| log.actor(name));
    let recorded = include_str!("../../../spec/node/n_socket_address.log");
    let options = |family: &str, address: Option<&str>, port, flowlabel| {
        Ok(SocketAddressOptions { address: address.map(String::from), family: family.parse()?, port, flowlabel })
    };
    let make = |family: &str, address: Option<&str>, port, flowlabel| {
        options(family, address, port, flowlabel).and_then(|options| SocketAddress::new(&options))
    };

    of_fields.log(&net, fields(&SocketAddress::default()));
    for (family, address, port, flowlabel) in [
        ("ipv4", None, 0, 0),
        ("ipv6", None, 0, 0),
        ("IPv6", None, 0, 0),
        ("IPV4", Some("1.2.3.4"), 65535, 0),
        ("ipv4", Some("1.2.3.4"), 1, 0),
        ("ipv4", None, 0, 5),
        ("ipv4", None, 0, 4_294_967_295),
        ("ipv6", None, 0, 1_048_575),
        ("ipv6", Some("FE80::0:1%lo"), 0, 0),
        ("ipv6", Some("::1%"), 0, 0),
    ] {
        of_fields.log(&net, fields(&make(family, address, port, flowlabel).unwrap()));
    }
    // What follows is taken from the log, as are the texts to parse: they stand before the answers.
    for entry in recorded.lines().nth(1).unwrap().split(" | ").skip(11) {
        let given = entry.split_once(' ').unwrap().0;
        of_fields.log(&net, format!("{given} {}", v6(given).address()));
    }

    for (family, address, port, flowlabel) in [
        ("ipv4", None, 65536, 0),
        ("ipv4", None, -1, 0),
        ("ipv4", None, 4_294_967_299, 0),
        ("ipv4", None, 0, -1),
        ("ipv4", None, 0, 4_294_967_296),
        ("ipv4", None, 0, 8_589_934_592),
        ("foo", None, 0, 0),
        ("ipv4", Some("x"), 0, 0),
        ("ipv4", Some(""), 0, 0),
        ("ipv4", Some("::1"), 0, 0),
        ("ipv6", Some(""), 0, 0),
        ("ipv6", Some("1.2.3.4"), 0, 0),
        ("ipv6", Some("[::1]"), 0, 0),
        ("foo", Some("x"), -1, 0),
        ("ipv4", Some("x"), -1, -1),
        ("ipv4", Some("x"), 0, -1),
    ] {
        errors.log(&net, class_and_text(&make(family, address, port, flowlabel).unwrap_err()));
    }

    for (family, address, port, flowlabel) in [
        ("ipv4", None, 0, 0),
        ("ipv6", None, 0, 0),
        ("ipv4", Some("255.255.255.255"), 123, 0),
        ("ipv4", Some("255.255.255.255"), 1234, 0),
        ("ipv6", Some("1:2:3:4:5:6:7:8"), 1, 12),
        ("ipv6", Some("1:2:3:4:5:6:7:8"), 12, 123),
    ] {
        of_shown.log(&net, make(family, address, port, flowlabel).unwrap().to_string().replace('\n', "\\n"));
    }

    for entry in recorded.lines().last().unwrap().strip_prefix("main: ").unwrap().split(" | ") {
        let given = unjson(entry.rsplit_once('"').unwrap().0);
        let answer = SocketAddress::parse(&given).as_ref().map_or_else(|| "undefined".to_string(), fields);
        parsed.log(&net, format!("{} {answer}", json(&given)));
    }
    log.matches(recorded);
}

/// The text behind what `JSON.stringify` made of it, without the last quote.
fn unjson(quoted: &str) -> String {
    let escapes = [("\\t", "\t"), ("\\n", "\n"), ("\\u0000", "\0"), ("\\\\", "\\")];
    escapes.iter().fold(quoted[1..].to_string(), |text, (escape, c)| text.replace(escape, c))
}

#[test]
fn where_netfold_differs_from_node() {
    // N8: node stops the whole process.
    let flowlabel = |flowlabel| SocketAddressOptions { family: Family::Ipv6, flowlabel, ..Default::default() };
    let error = SocketAddress::new(&flowlabel(1_048_576)).unwrap_err();
    let range = "It must be >= 0 && <= 1048575. Received 1048576";
    assert_eq!(error.to_string(), format!("The value of \"options.flowlabel\" is out of range. {range}"));
    // N7: node cuts the first at the NUL and the second after 39 characters, to ...:1.22.33.4.
    assert_eq!("1.2.3.4\0".into_socket_address(), Err(NodeError::InvalidAddress));
    assert_eq!(
        v6("1111:2222:3333:4444:5555:6666:1.22.33.44%x").ip().to_string(),
        "1111:2222:3333:4444:5555:6666:116:212c"
    );
}

#[test]
fn n_random() {
    let log = random(56, false);
    log.matches(include_str!("../../../spec/node/n_random.log"));
}

#[test]
fn n_random_beside_node() {
    if !has_node_20() {
        return skipped("more random addresses need Node 20 on the path; those of n_random.log are compared");
    }
    let given = std::env::var("NETFOLD_SEED").ok().map(|seed| seed.parse::<u32>().expect("a number above 0"));
    for seed in given.map_or(vec![1, 2, 0xdead_beef], |seed| vec![seed]) {
        eprintln!("NETFOLD_SEED={seed}");
        let program = concat!(env!("CARGO_MANIFEST_DIR"), "/../../spec/node/n_random.js");
        let node = Command::new("node").args([program, &seed.to_string(), "full"]).output().unwrap();
        assert!(node.status.success(), "{}", String::from_utf8_lossy(&node.stderr));
        let (ours, theirs) = (random(seed, true).text(), String::from_utf8(node.stdout).unwrap());
        for (ours, theirs) in ours.lines().zip(theirs.lines()) {
            for (ours, theirs) in ours.split(" | ").zip(theirs.split(" | ")) {
                assert_eq!(ours, theirs, "netfold and node, seed {seed}");
            }
        }
        assert!(ours == theirs, "one of them printed more, seed {seed}");
    }
}

/// The generator of `n_random`, the same numbers in the same order.
struct Random(u32);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0 as usize % n
    }

    fn one<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.below(of.len())]
    }

    fn char(&mut self) -> char {
        CHARS.chars().nth(self.below(CHARS.chars().count())).unwrap()
    }

    fn mutated(&mut self) -> String {
        let mut text: Vec<char> = self.one(GOOD).chars().collect();
        for _ in 0..=self.below(3) {
            let at = self.below(text.len() + 1);
            let end = text.len().min(at + 1);
            match self.below(5) {
                0 => drop(text.drain(at..end)),
                1 => text.insert(at, self.char()),
                2 => drop(text.splice(at..end, [self.char()])),
                3 => {
                    let (from, to) = (self.below(text.len() + 1), self.below(text.len() + 1));
                    let copy: Vec<char> = text.get(from..to).unwrap_or_default().to_vec();
                    text.splice(at..at, copy);
                }
                _ => {
                    let end = text.len().min(at + self.below(6));
                    text.splice(at..end, self.one(PIECES).chars());
                }
            }
        }
        text.into_iter().collect()
    }

    fn joined(&mut self) -> String {
        (0..=self.below(10)).map(|_| self.one(PIECES)).collect()
    }

    fn groups(&mut self) -> String {
        let count = 1 + self.below(9);
        let gap = self.below(count + 2);
        let mut text = String::new();
        for i in 0..count {
            text.push_str(if i > 0 || gap == 0 { ":" } else { "" });
            text.push_str(if i == gap { ":" } else { "" });
            text.push_str(self.one(&["0", "1", "a0", "ffff", "0123", "12345", "7"]));
        }
        text.push_str(if gap == count { "::" } else { "" });
        if self.below(4) == 0 {
            write!(text, ":1.2.3.{}", self.below(300)).unwrap();
        }
        if self.below(4) == 0 {
            text.push_str(self.one(&["%", "%1", "%lo", "%a%b", "%_"]));
        }
        text
    }

    fn text(&mut self) -> String {
        match self.below(3) {
            0 => self.mutated(),
            1 => self.joined(),
            _ => self.groups(),
        }
    }
}

const GOOD: &[&str] = &[
    "127.0.0.1",
    "0.0.0.0",
    "255.255.255.255",
    "10.20.130.249",
    "199.1.99.200",
    "::",
    "::1",
    "1::",
    "fe80::1%eth0",
    "fe80::1%a.b-c:D",
    "::ffff:127.0.0.1",
    "::1.2.3.4",
    "1:2:3:4:5:6:7:8",
    "1:2:3:4:5:6:7::",
    "::2:3:4:5:6:7:8",
    "1:2:3:4:5:6:1.2.3.4",
    "1::6:7:8",
    "1:2:3::7:8",
    "ABCD:ef01:2345:6789:abcd:EF01:2345:6789",
    "1:2::5:1.2.3.4",
    "0:0:0:0:0:0:0:0",
    "1::1:0:0:1",
    "64:ff9b::255.255.255.255",
];
#[rustfmt::skip]
const PIECES: &[&str] = &[
    "::", ":", ":", ":", ".", ".", "0", "1", "12", "123", "255", "256", "300", "01", "1234", "abcd", "F", "00a", "12345",
    "1.2.3.4", "1.2.3", "1.2.3.4.5", "%", "%lo", "g", "0:0", "1:2:3", "4:5:6", "7:8",
];
const CHARS: &str = "0123456789abcdefABCDEFgxX::::....%%-_/[] @\n\t\0+\u{e9}\u{661}\u{ff11}";

#[rustfmt::skip]
const V4: &[&str] = &[
    "0.0.0.0", "0.0.0.1", "1.2.3.0", "1.2.3.1", "1.2.3.2", "1.2.3.127", "1.2.3.128", "1.2.3.255", "1.2.4.0", "1.3.0.0",
    "127.255.255.255", "128.0.0.0", "255.255.255.254", "255.255.255.255",
];
#[rustfmt::skip]
const V6: &[&str] = &[
    "::", "::1", "::2", "::fffe:ffff:ffff", "::1:0:0:0", "1::", "fe80::", "febf:ffff::", "fec0::1", "7fff::", "8000::",
    "::1.2.3.1", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
];

/// One of the tables of `n_random`.
struct Table<'a> {
    net: &'a Net<()>,
    actor: Actor,
    full: bool,
    marks: String,
    text: String,
}

impl Table<'_> {
    fn add(&mut self, mark: char, given: &str, result: &str) {
        let line = format!("{} {result}", json(given));
        self.marks.push(mark);
        self.text.push_str(&line);
        self.text.push('\n');
        if self.full {
            self.actor.log(self.net, line);
        }
        if self.marks.len() == 100 {
            let checksum = self.text.bytes().fold(0x811c_9dc5_u32, |h, b| (h ^ u32::from(b)).wrapping_mul(0x0100_0193));
            if !self.full {
                self.actor.log(self.net, format!("{} {checksum:x}", self.marks));
            }
            self.marks.clear();
            self.text.clear();
        }
    }
}

fn random(seed: u32, full: bool) -> Log {
    let (log, net) = (Log::new(), Net::new(()).unwrap());
    log.actor("seed").log(&net, seed.to_string());
    let table = |name| Table { net: &net, actor: log.actor(name), full, marks: String::new(), text: String::new() };
    let mut random = Random(seed);

    let mut table_of_ips = table("isIP");
    for _ in 0..6000 {
        let given = random.text();
        let answer = is_ip(&given);
        assert_eq!((is_ipv4(&given), is_ipv6(&given)), (answer == 4, answer == 6));
        table_of_ips.add(char::from(b'0' + answer), &given, &answer.to_string());
    }

    let mut addresses = table("SocketAddress");
    for _ in 0..4000 {
        let given = random.text();
        let family = random.one(&["ipv4", "ipv6", "ipv6"]);
        let odd = given.contains('\0') || given.chars().position(|c| c == '%').is_some_and(|at| at > 39);
        let result = match (given.as_str(), family).into_socket_address() {
            _ if odd => "odd".to_string(),
            Ok(address) => address.address(),
            Err(error) => error.code().to_string(),
        };
        let mark = if result.starts_with('E') { '-' } else { char::from(family.as_bytes()[3]) };
        addresses.add(mark, &format!("{given} {family}"), &result);
    }

    let mut parsed = table("parse");
    for _ in 0..4000 {
        let mut given = random.text();
        if given.contains(':') && random.below(2) == 0 {
            given = format!("[{given}]");
        }
        given.push_str(random.one(&["", "", ":", ":80", ":443", ":65536", ":x", "/", " "]));
        let result = match SocketAddress::parse(&given) {
            _ if !given.is_ascii() => "odd".to_string(),
            Some(address) => format!("{} {}", address.address(), address.port()),
            None => "undefined".to_string(),
        };
        parsed.add(if result.starts_with('u') { '-' } else { '+' }, &given, &result);
    }

    random_block_lists(&mut random, &mut table("BlockList"));
    log
}

fn random_block_lists(random: &mut Random, table: &mut Table<'_>) {
    let mapped: Vec<String> = V4.iter().map(|a| format!("::ffff:{a}")).collect();
    let all: Vec<&str> = V4.iter().chain(V6).copied().chain(mapped.iter().map(String::as_str)).collect();
    let made = |text: &str| shown(text, 0, 0);
    for _ in 0..1500 {
        let mut list = BlockList::new();
        let mut calls = Vec::new();
        for _ in 0..=random.below(6) {
            let kind = random.below(3);
            let a = random.one(&all);
            let done = match kind {
                0 => {
                    calls.push(format!("a {a}"));
                    list.add_address(made(a))
                }
                1 => {
                    let b = random.one(&all);
                    calls.push(format!("r {a} {b}"));
                    list.add_range(made(a), made(b))
                }
                _ => {
                    let prefix = random.below(if a.contains(':') { 130 } else { 34 });
                    calls.push(format!("s {a} {prefix}"));
                    list.add_subnet(made(a), u32::try_from(prefix).unwrap())
                }
            };
            calls.extend(done.err().map(|error| error.to_string().replace('\n', "|")));
        }
        let bits: String = all.iter().map(|a| if list.check(made(a)) { '1' } else { '0' }).collect();
        let rules = list.rules();
        let mark = char::from(b'0' + u8::try_from(rules.len()).unwrap());
        table.add(mark, &calls.join(", "), &format!("{} {bits}", rules.join(", ")));
    }
}
