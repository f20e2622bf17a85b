//! The contract between `spec/` and the tests: each rule and each deviation names tests or scenarios that are there.
//!
//! Then the rules that no program of `spec/node/` shows.

use netfold::core::host::Kernel;
use netfold::core::{Call, Census, Command, Completion, Core, Emit, Op, Outcome, Reply, Step};
use netfold::{
    Connect, Errno, EventKind as E, Host, Limits, Listen, ListenerId, Net, ServerOptions, Socket, SocketOptions, System,
};
use netfold_conformance::scenario::parse;
use netfold_conformance::spec::{all_rules, deviations, root, rules, sources, tests, text_of};
use netfold_conformance::{Actor, Log, error_text, run_logging, when};
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::net::{TcpListener, TcpStream};
use std::panic::resume_unwind;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

fn is_number(word: &str) -> bool {
    let mut chars = word.chars();
    chars.next().is_some_and(|c| c.is_ascii_uppercase())
        && chars.as_str().parse::<u32>().is_ok_and(|n| n.to_string() == chars.as_str())
}

fn is_name(word: &str) -> bool {
    !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

#[test]
fn each_rule_names_a_test() {
    let bare: Vec<_> =
        all_rules().into_iter().filter(|rule| rule.tests.iter().all(String::is_empty)).map(|r| r.number).collect();
    assert!(bare.is_empty(), "no test holds {bare:?}");
}

/// Every scenario, with what it says it shows: rules and a deviation.
fn scenarios() -> BTreeMap<String, Vec<String>> {
    let mut out = BTreeMap::new();
    for entry in std::fs::read_dir(root().join("spec/scenarios")).expect("the scenarios") {
        let path = entry.expect("an entry").path();
        if path.extension().is_some_and(|ext| ext == "scn") {
            let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
            let program = parse(&text_of(&path)).unwrap_or_else(|error| panic!("{name}: {error}"));
            out.insert(name, program.rules.into_iter().chain(program.deviates).collect());
        }
    }
    assert!(!out.is_empty(), "they are found");
    out
}

#[test]
fn each_scenario_shows_rules_that_exist() {
    let known: BTreeSet<_> = all_rules().into_iter().map(|rule| rule.number).collect();
    let tests = tests();
    for (name, shows) in scenarios() {
        assert!(is_name(&name), "{name}: letters in lower case, digits and underscores");
        assert!(!tests.contains_key(&name), "{name} is the name of a test: a rule could mean either");
        assert!(!shows.is_empty(), "{name}.scn has no line `rules`");
        for number in shows {
            assert!(known.contains(&number), "{name}.scn names {number}, which is no rule and no deviation");
        }
    }
}

#[test]
fn each_scenario_that_a_rule_names_shows_it() {
    let scenarios = scenarios();
    for rule in all_rules() {
        for shows in rule.tests.iter().filter_map(|test| scenarios.get(test)) {
            assert!(shows.contains(&rule.number), "{} names a scenario that does not name it: {shows:?}", rule.number);
        }
    }
}

#[test]
fn each_rule_names_the_scenarios_that_show_it() {
    let rules = all_rules();
    let mut missing = Vec::new();
    for (name, shows) in scenarios() {
        for number in shows {
            let rule = rules.iter().find(|rule| rule.number == number);
            if !rule.is_some_and(|rule| rule.tests.contains(&name)) {
                missing.push(format!("{number}: {name}"));
            }
        }
    }
    assert!(missing.is_empty(), "spec/ does not name {missing:#?}");
}

/// The rows that stand under "Rows that no scenario shows".
fn without_a_scenario() -> Vec<String> {
    let text = text_of(&root().join("spec/deviations.md"));
    let (_, section) = text.split_once("\n### Rows that no scenario shows\n").expect("the heading");
    let (section, _) = section.split_once("\n## ").expect("the next heading");
    let rows = section.lines().filter_map(|line| line.strip_prefix("| D")?.split_once(" | "));
    rows.flat_map(|(rows, why)| {
        assert!(why.len() > 10, "D{rows}: {why}");
        format!("D{rows}").split(", ").map(String::from).collect::<Vec<_>>()
    })
    .collect()
}

#[test]
fn each_deviation_has_a_scenario_or_a_reason() {
    let (shown, listed) = (scenarios(), without_a_scenario());
    let rows: Vec<_> = deviations().into_iter().map(|row| row.number).collect();
    for row in &rows {
        let scenario = shown.values().any(|shows| shows.contains(row));
        let reason = listed.contains(row);
        assert!(scenario != reason, "{row}: a scenario ({scenario}) or a reason why there is none ({reason})");
    }
    for row in &listed {
        assert!(rows.contains(row), "there is no row {row}");
    }
    assert!(!listed.is_empty(), "they are read");
}

#[test]
fn each_named_test_is_there() {
    let (known, scenarios) = (tests(), scenarios());
    let mut missing = Vec::new();
    for rule in all_rules() {
        for test in &rule.tests {
            if !is_name(test) || !(known.contains_key(test) || scenarios.contains_key(test)) {
                missing.push(format!("{}: {test:?}", rule.number));
            }
        }
        let unique: BTreeSet<_> = rule.tests.iter().collect();
        assert_eq!(unique.len(), rule.tests.len(), "{} names a test twice", rule.number);
    }
    assert!(missing.is_empty(), "there is no test {missing:#?}");
}

#[test]
fn numbers_ascend_within_their_group() {
    let rules = rules();
    assert!(rules.len() > 100 && deviations().len() > 10, "they are read");
    let mut groups: Vec<(char, u32)> = Vec::new();
    for rule in rules.iter().chain(&deviations()) {
        assert!(is_number(&rule.number), "{}", rule.number);
        let (group, number) = (rule.number.chars().next().unwrap(), rule.number[1..].parse::<u32>().unwrap());
        match groups.last_mut() {
            Some((last, before)) if *last == group => {
                assert!(number > *before, "{} does not ascend", rule.number);
                *before = number;
            }
            _ => {
                assert!(groups.iter().all(|(known, _)| *known != group), "the group of {} comes twice", rule.number);
                groups.push((group, number));
            }
        }
    }
}

/// What stands under "Programs without a rule yet", as `` `name` ``.
fn without_a_rule() -> BTreeSet<String> {
    let text = text_of(&root().join("spec/rules.md"));
    let (_, section) = text.split_once("\n## Programs without a rule yet\n").expect("the heading");
    section.split('`').skip(1).step_by(2).map(String::from).collect()
}

/// What is no program.
const HELPERS: [&str; 5] = ["oracle", "record", "segments", "text", "values"];

#[test]
fn each_program_has_a_log_and_a_rule() {
    let folder = root().join("spec/node");
    let mut programs = BTreeSet::new();
    for entry in std::fs::read_dir(&folder).expect("the programs") {
        let path = entry.expect("an entry").path();
        let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
        if path.extension().is_some_and(|ext| ext == "js") && !HELPERS.contains(&name.as_str()) {
            assert!(path.with_extension("log").exists(), "{name} has no log");
            programs.insert(name);
        }
    }
    assert!(programs.len() > 100, "they are found");
    let known = tests();
    let mut held = BTreeSet::new();
    for rule in all_rules() {
        for program in &programs {
            let compares = |test: &String| {
                test == program
                    || known.get(test).is_some_and(|body| {
                        body.contains(&format!("/{program}.log\""))
                            || body.contains(&format!("node_log!(\"{program}\")"))
                    })
            };
            if rule.tests.iter().any(compares) || rule.text.contains(&format!("`{program}`")) {
                held.insert(program.clone());
            }
        }
    }
    let listed = without_a_rule();
    let unheld: Vec<_> = programs.iter().filter(|p| !held.contains(*p) && !listed.contains(*p)).collect();
    assert!(unheld.is_empty(), "no rule names {unheld:?}");
    let stale: Vec<_> = listed.iter().filter(|p| held.contains(*p) || !programs.contains(*p)).collect();
    assert!(stale.is_empty(), "no longer without a rule: {stale:?}");
}

/// The numbers that a comment names: `rule T1`, `rules T3, T4 and T7`; of `rules R1 to R4` both ends.
fn named_in(text: &str) -> Vec<String> {
    let mut out = Vec::new();
    for (at, _) in text.match_indices("ule") {
        let Some(mut rest) = text[at + 3..].strip_prefix("s ").or_else(|| text[at + 3..].strip_prefix(' ')) else {
            continue;
        };
        loop {
            let end = rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(rest.len());
            if !is_number(&rest[..end]) {
                break;
            }
            out.push(rest[..end].into());
            rest = &rest[end..];
            let next =
                [", ", " and ", ", and ", " to "].iter().filter_map(|joint| rest.strip_prefix(joint)).next_back();
            match next {
                Some(more) => rest = more,
                None => break,
            }
        }
    }
    out
}

#[test]
fn each_rule_that_a_comment_names_exists() {
    assert_eq!(
        named_in("Rule T1; (rules T3, T4 and T7); rules R1 to R4. A rule X"),
        ["T1", "T3", "T4", "T7", "R1", "R4"]
    );
    let known: BTreeSet<_> = all_rules().into_iter().map(|rule| rule.number).collect();
    let mut files = Vec::new();
    sources(&root().join("core/src"), &mut files);
    sources(&root().join("driver/src"), &mut files);
    let mut count = 0;
    for file in files {
        for (n, line) in text_of(&file).lines().enumerate() {
            for number in named_in(line) {
                count += 1;
                assert!(known.contains(&number), "{}:{}: there is no rule {number}", file.display(), n + 1);
            }
        }
    }
    assert!(count > 50, "they are read");
}

/// The functions of the face that are none of Node's, and so under no rule.
const BESIDE_NODE: [&str; 13] = [
    "net/mod.rs recorded",
    "net/mod.rs with_host",
    "net/mod.rs with_host_recorded",
    "net/mod.rs core",
    "net/mod.rs kernel",
    "socket/mod.rs id",
    "server.rs id",
    "server.rs release",
    "record.rs create",
    "record.rs to",
    "record.rs payload",
    "record.rs finish_recording",
    "record.rs flush_recording",
];

/// The public functions of a file: name, documentation, signature.
fn functions(text: &str) -> Vec<(String, String, String)> {
    let (mut out, mut docs) = (Vec::new(), String::new());
    let mut lines = text.lines().map(str::trim);
    while let Some(line) = lines.next() {
        if let Some(doc) = line.strip_prefix("///") {
            docs.push_str(doc);
            docs.push('\n');
        } else if let Some(rest) = line.strip_prefix("pub fn ").or_else(|| line.strip_prefix("pub const fn ")) {
            let mut signature = rest.to_string();
            while !signature.contains('{') {
                signature.push_str(lines.next().expect("the rest of a signature"));
            }
            let name = rest.split(['(', '<']).next().expect("a name").to_string();
            out.push((name, std::mem::take(&mut docs), signature));
        } else if line.starts_with("on_") {
            // One that a macro makes.
            out.push((line.split(',').next().expect("a name").into(), std::mem::take(&mut docs), String::new()));
        } else if !line.starts_with("#[") && !line.starts_with("$(#[") {
            docs.clear();
        }
    }
    out
}

#[test]
fn each_function_of_the_face_says_its_rule_and_its_errors() {
    let known: BTreeSet<_> = all_rules().into_iter().map(|rule| rule.number).collect();
    let mut files: Vec<_> =
        ["emitter", "server", "options", "abort", "post", "record", "pipe"].map(|file| format!("{file}.rs")).into();
    for folder in ["net", "socket"] {
        let mut within = Vec::new();
        sources(&root().join("driver/src").join(folder), &mut within);
        files.extend(within.iter().map(|file| format!("{folder}/{}", file.file_name().expect("a name").display())));
    }
    let (mut bare, mut count) = (Vec::new(), 0);
    for file in files {
        for (name, docs, signature) in functions(&text_of(&root().join("driver/src").join(&file))) {
            if name.starts_with('$') {
                continue;
            }
            let place = format!("{file} {name}");
            let rule = docs.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| known.contains(word));
            if !rule && !BESIDE_NODE.contains(&&*place) {
                bare.push(format!("{place}: no rule"));
            }
            let returned = signature.split(" -> ").last().unwrap_or_default();
            if returned.starts_with("Result<") && !docs.contains("# Errors") && !docs.contains("throws") {
                bare.push(format!("{place}: no errors"));
            }
            count += 1;
        }
    }
    assert!(count > 200, "they are read: {count}");
    assert!(bare.is_empty(), "the documentation lacks {bare:#?}");
}

/// What a kernel answers in the system's place.
type Forced = fn(&Op<'_>) -> Option<Reply>;

/// The system, with answers of the test's own and a note of what was asked.
struct Rigged {
    system: System,
    forced: Forced,
    asked: Rc<RefCell<Vec<String>>>,
}

impl Kernel for Rigged {
    type Error = std::io::Error;

    fn call(&mut self, call: &mut Call<'_>) -> Reply {
        let text = format!("{:?}", call.op());
        self.asked.borrow_mut().push(text);
        (self.forced)(&call.op()).unwrap_or_else(|| self.system.call(call))
    }

    fn now(&mut self) -> u64 {
        self.system.now()
    }

    fn wait(&mut self, timeout: Option<u64>) -> std::io::Result<()> {
        self.system.wait(timeout)
    }

    fn next(&mut self) -> Option<Completion> {
        self.system.next()
    }
}

impl Host for Rigged {
    fn wake_handle(&self) -> Arc<dyn Fn() + Send + Sync> {
        self.system.wake_handle()
    }
}

type Loop = Net<Vec<String>, Rigged>;

fn rigged(forced: Forced) -> (Loop, Rc<RefCell<Vec<String>>>) {
    let asked = Rc::default();
    let kernel = Rigged { system: System::new().unwrap(), forced, asked: Rc::clone(&asked) };
    (Net::with_host(Vec::new(), kernel, Limits::default()), asked)
}

/// The names of the operations that were asked, without their arguments.
fn operations(asked: &RefCell<Vec<String>>, of: &[&str]) -> Vec<String> {
    let name = |text: &String| text.split([' ', '(']).next().unwrap_or_default().to_string();
    asked.borrow().iter().map(name).filter(|name| of.contains(&name.as_str())).collect()
}

fn start() -> (Net<()>, Log, Actor) {
    let log = Log::new();
    let actor = log.actor("c");
    (Net::new(()).unwrap(), log, actor)
}

/// Nothing is left but servers that were closed, and sockets that the next turn would sweep.
#[track_caller]
fn assert_over<S, H: Host>(net: &Net<S, H>, servers: usize) {
    let census = net.core().census();
    assert_eq!(census, Census { sockets: census.sockets, servers, ..Census::default() });
    assert!(net.core().sockets().all(|id| net.core().socket(id).is_none_or(|socket| socket.closed())));
}

fn idle<S, H: Host>(net: &mut Net<S, H>) -> Socket {
    net.socket(SocketOptions::default()).unwrap()
}

/// T3: a chain of failures, each fed by the one before: one round before a poll and eight after it.
#[test]
fn what_was_fed_has_nine_rounds_between_two_sets_of_immediates() {
    fn next(net: &mut Net<u32>) {
        let sock = net.socket(SocketOptions::default()).unwrap();
        sock.on_error(net, |_, _, _| {});
        sock.on(net, E::ConnectionAttemptFailed, |net, _, _| {
            net.state += 1;
            if net.state < 25 {
                next(net);
            }
        });
        sock.connect(net, Connect::path("/nonexistent/netfold")).unwrap();
    }
    let mut net = Net::new(0).unwrap();
    let seen = Rc::new(RefCell::new(Vec::new()));
    next(&mut net);
    for_each_round(&mut net, &seen, 4);
    net.run().unwrap();
    assert_eq!(*seen.borrow(), [9, 18, 25, 25]);
    assert_over(&net, 0);
}

fn for_each_round(net: &mut Net<u32>, seen: &Rc<RefCell<Vec<u32>>>, rounds: u32) {
    let seen = Rc::clone(seen);
    net.set_immediate(move |net| {
        seen.borrow_mut().push(net.state);
        if rounds > 1 {
            for_each_round(net, &seen, rounds - 1);
        }
    });
}

/// T3
#[test]
fn immediates_then_closing_then_timers() {
    let (mut net, log, c) = start();
    let (a, b) = (c.clone(), c.clone());
    net.set_immediate(move |net| {
        a.log(net, "first");
        let timer = a.clone();
        net.set_timeout(1.0, move |net| timer.log(net, "timer"));
        let sock = net.connect(("127.0.0.1", 9)).unwrap();
        a.watch(net, sock, &[E::Close]);
        sock.destroy(net);
        std::thread::sleep(Duration::from_millis(20));
        net.set_immediate(move |net| a.log(net, "third"));
    });
    net.set_immediate(move |net| b.log(net, "second"));
    net.run().unwrap();
    assert_eq!(log.text(), "== c\nturn: first\nturn: second\nturn: close false\nturn: timer\nturn: third\n");
    assert_over(&net, 0);
}

/// T6
#[test]
fn an_emission_calls_who_was_there_when_it_began() {
    let (mut net, log, c) = start();
    let sock = idle(&mut net);
    let removed = Rc::new(Cell::new(None));
    let (first, second) = (c.clone(), removed.clone());
    sock.once(&mut net, E::Pause, move |net, sock, _| {
        first.log(net, "once");
        if let Some(listener) = second.take() {
            sock.off(net, listener);
        }
        let added = first.clone();
        sock.on(net, E::Pause, move |net, _, _| added.log(net, "added"));
    });
    let taken_off = c.clone();
    removed.set(Some(sock.on(&mut net, E::Pause, move |net, _, _| taken_off.log(net, "removed"))));
    let kept = c.clone();
    sock.on(&mut net, E::Pause, move |net, _, _| kept.log(net, "kept"));
    sock.pause(&mut net);
    c.log(&net, "again");
    sock.resume(&mut net);
    sock.pause(&mut net);
    sock.destroy(&mut net);
    net.run().unwrap();
    assert_eq!(log.text(), "== c\nmain: once | removed | kept | again | kept | added\n");
    assert_over(&net, 0);
}

/// T6, of the machine itself.
#[test]
fn a_listener_removed_meanwhile_is_still_called() {
    fn emitted(core: &mut Core) -> Option<ListenerId> {
        match core.step() {
            Step::Emit(Emit::Listener { listener, .. }) => Some(listener),
            Step::Return(_) => None,
            other => panic!("{other:?}"),
        }
    }
    let mut core = Core::default();
    core.begin(Command::NewSocket(SocketOptions::default())).unwrap();
    let Step::Return(Outcome::Socket(socket)) = core.step() else { panic!("a socket is made") };
    let (target, event) = (socket.into(), E::Pause);
    for listener in [ListenerId(1), ListenerId(2), ListenerId(3)] {
        core.begin(Command::On { target, event, listener, once: false, prepend: false }).unwrap();
        assert_eq!(emitted(&mut core), None);
    }
    core.begin(Command::Pause(socket)).unwrap();
    assert_eq!(emitted(&mut core), Some(ListenerId(1)));
    core.begin(Command::Off { target, event, listener: ListenerId(2) }).unwrap();
    let rest = [None, Some(ListenerId(2)), Some(ListenerId(3)), None];
    assert_eq!(rest.map(|_| emitted(&mut core)), rest);
    assert_eq!(core.listener_count(target, event), 2);
    assert!(matches!(core.step(), Step::Idle(_)));
}

/// R12
#[test]
fn without_its_readable_listener_a_stream_flows_again() {
    let (mut net, log, c) = start();
    let server = net.create_server(|net, peer| peer.end_with(net, "ab"));
    server.listen_then(&mut net, ("127.0.0.1", 0), move |net, server| {
        let port = server.port(net).unwrap();
        let sock = net.connect(("127.0.0.1", port)).unwrap();
        let readable = sock.on(net, E::Readable, |_, _, _| {});
        c.watch(net, sock, &[E::Data, E::End]);
        let c = c.clone();
        let length = move |net: &mut Net<()>| sock.view(net).is_some_and(|view| view.readable_length() == 2);
        when(net, length, move |net| {
            sock.off(net, readable);
            server.close(net);
            c.log(net, format!("flowing {:?}", sock.view(net).unwrap().readable_flowing()));
        });
    });
    net.run().unwrap();
    assert_eq!(log.text(), "== c\nturn: flowing Some(false)\ntick: data 2\ntick: end\n");
    assert_over(&net, 1);
}

/// R13
#[test]
fn read_raises_the_mark_and_is_bounded() {
    let mut net = Net::new(()).unwrap();
    let sock = net.socket(SocketOptions { high_water_mark: Some(100), ..SocketOptions::default() }).unwrap();
    let mark = |net: &Net<()>| sock.view(net).unwrap().readable_high_water_mark();
    assert_eq!(sock.read_n(&mut net, 100), Ok(None));
    assert_eq!(mark(&net), 100);
    assert_eq!(sock.read_n(&mut net, 1000), Ok(None));
    assert_eq!(mark(&net), 1024);
    assert_eq!(sock.read_n(&mut net, (1 << 30) + 1).unwrap_err().code(), "ERR_OUT_OF_RANGE");
    assert_eq!(mark(&net), 1024);
    assert_eq!(sock.read_n(&mut net, 1 << 30), Ok(None));
    assert_eq!(mark(&net), 1 << 30);
    sock.destroy(&mut net);
    net.run().unwrap();
    assert_over(&net, 0);
}

/// C8
#[test]
fn the_resolver_is_asked_for_configured_families() {
    let (mut net, asked) = rigged(|_| None);
    let to = || Connect::from(("localhost", 9));
    for to in [to(), to().family(4), to().hints(8)] {
        let sock = net.connect(to).unwrap();
        sock.destroy(&mut net);
    }
    net.run().unwrap();
    let asked = asked.borrow();
    let lookups: Vec<&str> = asked.iter().filter_map(|op| op.split_once("family: ")).map(|(_, rest)| rest).collect();
    assert_eq!(lookups, ["0, hints: 32 }", "4, hints: 0 }", "0, hints: 8 }"]);
    assert_over(&net, 0);
}

/// C9
#[test]
fn an_attempt_that_fails_at_once_is_no_failed_attempt() {
    let (mut net, _) = rigged(|op| matches!(op, Op::Connect(..)).then_some(Reply::Failed(Errno::ENETUNREACH)));
    let log = Log::new();
    let c = log.actor("c");
    let sock = net.connect(Connect::from(("127.0.0.1", 9)).local_address("127.0.0.1")).unwrap();
    c.watch(&mut net, sock, &[E::ConnectionAttempt, E::ConnectionAttemptFailed, E::Error, E::Close]);
    let after = c.clone();
    net.next_tick(move |net| after.log(net, format!("destroyed {}", sock.destroyed(net))));
    net.run().unwrap();
    let attempt = "tick: connectionAttempt 127.0.0.1 PORT1 4\ntick: destroyed true";
    let error = "tick: error ENETUNREACH \"connect ENETUNREACH 127.0.0.1:PORT1 - Local (127.0.0.1:PORT2)\"";
    assert_eq!(log.text(), format!("== c\n{attempt}\n{error}\nturn: close true\n"));
    assert_over(&net, 0);
}

/// O3: a connection that nothing else keeps the loop for.
#[test]
fn unref_before_the_connection_waits_for_it() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut net = Net::new(Vec::new()).unwrap();
    let sock = idle(&mut net);
    sock.unref(&mut net);
    let late = net.set_timeout(5000.0, |net| net.state.push("late"));
    net.unref_timer(late);
    sock.on_connect(&mut net, |net, _| net.state.push("connect"));
    sock.on_close(&mut net, |net, _, _| net.state.push("close"));
    sock.connect(&mut net, ("127.0.0.1", listener.local_addr().unwrap().port())).unwrap();
    net.run().unwrap();
    assert_eq!(net.state, ["connect"], "the attempt keeps the loop, the connection does not");
    assert!(!sock.view(&net).unwrap().has_ref());
    sock.ref_(&mut net);
    sock.destroy(&mut net);
    net.clear_timer(late);
    net.run().unwrap();
    assert_eq!(net.state, ["connect", "close"]);
    assert_over(&net, 0);
}

/// O6, O7
#[test]
fn ends_are_asked_for_once() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (mut net, asked) = rigged(|_| None);
    let sock = net.connect(("127.0.0.1", port)).unwrap();
    let seen = Rc::clone(&asked);
    sock.on_connect(&mut net, move |net, sock| {
        let local = sock.local_port(net).unwrap();
        assert_eq!((sock.local_address(net), sock.local_port(net)), ("127.0.0.1".parse().ok(), Some(local)));
        assert_eq!((sock.remote_address(net), sock.remote_port(net)), ("127.0.0.1".parse().ok(), Some(port)));
        assert_eq!(operations(&seen, &["SockName", "PeerName"]), ["SockName", "PeerName"]);
        sock.destroy(net);
        assert_eq!((sock.local_address(net), sock.local_port(net)), (None, None));
        assert_eq!((sock.remote_address(net), sock.remote_port(net)), ("127.0.0.1".parse().ok(), Some(port)));
    });
    net.run().unwrap();
    assert_eq!(operations(&asked, &["SockName", "PeerName"]), ["SockName", "PeerName"]);
    assert_over(&net, 0);
}

/// S2, S4: without a host any failure of bind but EADDRINUSE falls back to IPv4.
#[test]
fn listening_falls_back_to_ipv4() {
    let (mut net, asked) = rigged(|op| match op {
        Op::Bind { addr, .. } if addr.is_ipv6() => Some(Reply::Failed(Errno::EACCES)),
        _ => None,
    });
    let server = net.create_server(|_, _| {});
    server.listen(&mut net, Listen::port(0)).unwrap();
    assert!(server.listening(&net) && server.port(&mut net).is_some_and(|port| port > 0));
    let binds = asked.borrow().iter().filter(|asked| asked.starts_with("Bind")).cloned().collect::<Vec<_>>();
    assert!(binds[0].contains("[::]:0") && binds[1].contains("0.0.0.0:0") && binds.len() == 2, "{binds:?}");
    server.close(&mut net);
    net.run().unwrap();
    assert_over(&net, 1);

    let (mut net, asked) = rigged(|op| matches!(op, Op::Bind { .. }).then_some(Reply::Failed(Errno::EADDRINUSE)));
    let server = net.create_server(|_, _| {});
    server.on_error(&mut net, |net, _, error| net.state.push(error.to_string()));
    server.listen(&mut net, Listen::port(8)).unwrap();
    assert!(!server.listening(&net));
    net.run().unwrap();
    assert_eq!(net.state, ["listen EADDRINUSE: address already in use :::8"]);
    assert_eq!(operations(&asked, &["Bind", "Listen"]), ["Bind"], "no second one");
    assert_over(&net, 1);
}

/// F4
#[test]
fn options_of_connect_reach_the_socket() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (mut net, asked) = rigged(|_| None);
    let to = || Connect::from(("127.0.0.1", port)).no_delay(true).keep_alive(2500);
    let made = net.connect(to()).unwrap();
    let own = idle(&mut net);
    own.connect(&mut net, to()).unwrap();
    for sock in [made, own] {
        sock.on_connect(&mut net, |net, sock| sock.destroy(net));
    }
    net.run().unwrap();
    let asked = asked.borrow();
    let options: Vec<&str> = asked
        .iter()
        .filter(|op| op.starts_with("NoDelay") || op.starts_with("KeepAlive"))
        .map(|op| op.split_once(", ").unwrap().1)
        .collect();
    assert_eq!(options, ["true)", "true, 2)"], "of the socket that was made with them");
    assert_over(&net, 0);
}

/// S18
#[test]
fn the_backlog_is_what_was_given() {
    let (mut net, asked) = rigged(|_| None);
    let path = Log::new().temp_path();
    for listen in [Listen::port(0), Listen::port(0).backlog(3), Listen::path(&path).backlog(2), Listen::path(path)] {
        let server = net.create_server(|_, _| {});
        server.listen(&mut net, listen).unwrap();
        server.close(&mut net);
    }
    net.run().unwrap();
    let asked = asked.borrow();
    let given: Vec<&str> =
        asked.iter().filter_map(|op| op.strip_prefix("Listen(")?.rsplit_once(", ")).map(|(_, n)| n).collect();
    assert_eq!(given, ["511)", "3)", "2)", "511)"]);
    assert_over(&net, 4);
}

/// S10
#[test]
fn an_accepted_socket_is_set_up_before_its_event() {
    let (mut net, asked) = rigged(|_| None);
    let socket = SocketOptions { no_delay: true, keep_alive: true, ..SocketOptions::default() };
    let server = net.server(ServerOptions { socket, ..ServerOptions::default() });
    let seen = Rc::clone(&asked);
    server.on_connection(&mut net, move |net, peer| {
        let ops = ["Adopt", "ReadStart", "NoDelay", "KeepAlive"];
        net.state = operations(&seen, &ops);
        assert_eq!(server.connections(net), 1);
        peer.destroy(net);
        server.close(net);
    });
    server.listen(&mut net, Listen::port(0)).unwrap();
    let guest = TcpStream::connect(("127.0.0.1", server.port(&mut net).unwrap())).unwrap();
    net.run().unwrap();
    drop(guest);
    assert_eq!(net.state, ["Adopt", "ReadStart", "NoDelay", "KeepAlive"]);
    assert_over(&net, 1);
}

/// B6
#[test]
fn what_only_the_user_fills_is_not_bounded() {
    const MANY: usize = 2_000;
    let mut net = Net::new((0usize, 0usize)).unwrap();
    let sock = net.connect(("127.0.0.1", 9)).unwrap();
    let chunk = bytes_of(1 << 20);
    for n in 1..=64 {
        assert!(sock.try_write(&mut net, chunk.clone(), None).is_ok());
        assert_eq!(sock.view(&net).unwrap().writable_length(), n << 20);
    }
    for _ in 0..MANY {
        sock.on(&mut net, E::Pause, |net, _, _| net.state.0 += 1);
        net.next_tick(|net| net.state.1 += 1);
    }
    sock.pause(&mut net);
    sock.destroy(&mut net);
    net.run().unwrap();
    assert_eq!(net.state, (MANY, MANY));
    assert_over(&net, 0);
}

fn bytes_of(length: usize) -> netfold::Chunk {
    use netfold::IntoChunk;
    vec![0u8; length].into_chunk()
}

/// D8
#[test]
fn an_accepted_socket_that_connects_again_is_counted_once() {
    let elsewhere = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = elsewhere.local_addr().unwrap().port();
    let mut net = Net::new(Vec::new()).unwrap();
    let server = net.create_server(|_, _| {});
    let first: Rc<Cell<Option<Socket>>> = Rc::default();
    server.on_connection(&mut net, move |net, peer| {
        let Some(stays) = first.replace(Some(peer)) else { return };
        let again = Cell::new(true);
        peer.on_connect(net, |net, peer| peer.destroy(net));
        peer.on_close(net, move |net, peer, _| {
            net.state.push(server.connections(net));
            if again.replace(false) {
                peer.connect(net, ("127.0.0.1", port)).unwrap();
            } else {
                server.close(net);
                net.set_immediate(move |net| {
                    net.state.push(10);
                    stays.destroy(net);
                });
            }
        });
        peer.destroy(net);
    });
    server.on_close(&mut net, |net, _| net.state.push(100));
    server.listen(&mut net, Listen::port(0)).unwrap();
    let to = ("127.0.0.1", server.port(&mut net).unwrap());
    let guests = [TcpStream::connect(to).unwrap(), TcpStream::connect(to).unwrap()];
    net.run().unwrap();
    drop(guests);
    assert_eq!(net.state, [1, 1, 10, 100]);
    assert_over(&net, 1);
}

/// D9; what the one that throws had behind it is dropped with the rest of its turn (T9).
#[test]
fn each_write_callback_is_called_at_most_once() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let (mut net, log, c) = start();
    let sock = net.connect(("127.0.0.1", silent.local_addr().unwrap().port())).unwrap();
    c.watch(&mut net, sock, &[E::Error, E::Close]);
    let d = c.clone();
    sock.on_connect(&mut net, move |net, sock| {
        sock.write_then(net, bytes_of(20_000_000), d.cb("flying"));
        sock.write_then(net, "a", d.cb("a"));
        let throws = d.clone();
        sock.write_then(net, "b", move |net, _, result| {
            throws.log(net, format!("cb b {}", error_text(result.err())));
            resume_unwind(Box::new("boom"))
        });
        sock.write_then(net, "c", d.cb("c"));
        sock.destroy(net);
    });
    let uncaught = c.clone();
    run_logging(&mut net, move |net, _| uncaught.log(net, "uncaught"));
    let gone = "ERR_STREAM_DESTROYED \"Cannot call write after a stream was destroyed\"";
    let once = format!("turn: cb flying null | cb a {gone} | cb b {gone} | uncaught");
    assert_eq!(log.text(), format!("== c\n{once}\nturn: close false\n"));
    assert_over(&net, 0);
}

/// D10
#[cfg(target_os = "linux")]
#[test]
fn an_abstract_name_is_bound_as_given() {
    use std::os::linux::net::SocketAddrExt;
    use std::os::unix::net::{SocketAddr, UnixStream};
    let name = format!("netfold-given-{}", std::process::id());
    let mut net = Net::new(0).unwrap();
    let server = net.create_server(|net, peer| {
        net.state += 1;
        peer.destroy(net);
    });
    server.listen(&mut net, Listen::path(format!("\0{name}"))).unwrap();
    let guest = UnixStream::connect_addr(&SocketAddr::from_abstract_name(name.as_bytes()).unwrap()).unwrap();
    server.on_connection(&mut net, move |net, _| server.close(net));
    net.run().unwrap();
    drop(guest);
    assert_eq!(net.state, 1);
    assert_over(&net, 1);
}

/// O12: a system that refuses: on a connection the call throws; what was set before it is an 'error' that destroys nothing.
#[test]
fn a_refused_type_of_service() {
    let (mut net, asked) = rigged(|op| match op {
        Op::SetTypeOfService(..) | Op::TypeOfService(_) => Some(Reply::Failed(Errno::EINVAL)),
        _ => None,
    });
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let sock = net.connect(Connect::from(listener.local_addr().unwrap()).no_delay(true).keep_alive(1000)).unwrap();
    sock.set_type_of_service(&mut net, 8).unwrap();
    sock.on_error(&mut net, |net, _, error| net.state.push(format!("error {}", error_text(Some(&error)))));
    sock.on_connect(&mut net, |net, sock| {
        net.state.push(String::from("connect"));
        let threw = sock.set_type_of_service(net, 9).unwrap_err();
        net.state.push(error_text(Some(&threw)));
        sock.set_type_of_service(net, 9).unwrap();
        let threw = sock.get_type_of_service(net).unwrap_err();
        net.state.push(error_text(Some(&threw)));
        assert!(!sock.destroyed(net));
        sock.destroy(net);
    });
    sock.on_close(&mut net, |net, _, had_error| net.state.push(format!("close {had_error:?}")));
    net.run().unwrap();
    let refused = |call: &str| format!("EINVAL \"{call} EINVAL\"");
    let error = format!("error {}", refused("setTypeOfService"));
    let thrown = [refused("setTypeOfService"), refused("getTypeOfService")];
    assert_eq!(net.state, [&error, "connect", &thrown[0], &thrown[1], "close Some(false)"]);
    let order = ["NoDelay", "KeepAlive", "SetTypeOfService", "TypeOfService"];
    assert_eq!(
        operations(&asked, &order),
        ["NoDelay", "KeepAlive", "SetTypeOfService", "SetTypeOfService", "TypeOfService"]
    );
}
