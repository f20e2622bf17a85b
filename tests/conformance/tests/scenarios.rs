//! Every scenario of `spec/scenarios/` on netfold, compared with what Node logged.

use netfold_conformance::scenario::program::{Part, Program, Role, Step, Trigger};
use netfold_conformance::scenario::recorded::{all as scenarios, compare, folder};
use netfold_conformance::scenario::{parse, print, run};
use std::fs;

#[test]
fn each_scenario_logs_what_is_recorded() {
    let scenarios = scenarios();
    assert!(!scenarios.is_empty(), "they are found");
    let failed: Vec<_> = scenarios
        .iter()
        .filter_map(|(name, text)| Some(format!("== {name}\n{}", compare(name, text, 1).err()?)))
        .collect();
    assert!(failed.is_empty(), "{} of {} differ\n{}", failed.len(), scenarios.len(), failed.join("\n"));
}

#[test]
fn no_log_is_left_without_its_scenario() {
    let names: Vec<_> = scenarios().into_iter().map(|(name, _)| name).collect();
    for entry in fs::read_dir(folder()).expect("the scenarios") {
        let file = entry.expect("an entry").file_name().to_string_lossy().into_owned();
        let Some(name) = file.strip_suffix(".log") else { continue };
        let name = name.strip_suffix(".netfold").unwrap_or(name);
        assert!(names.iter().any(|known| known == name), "{file} has no scenario");
    }
}

/// A text without what the printer leaves out: blank lines and the comments below the top one.
fn canonical(text: &str) -> Vec<&str> {
    let top = text.lines().take_while(|line| line.starts_with('#')).count();
    text.lines()
        .enumerate()
        .filter(|(at, l)| *at < top || !(l.is_empty() || l.starts_with('#')))
        .map(|(_, l)| l)
        .collect()
}

#[test]
fn each_scenario_is_printed_as_it_is_written() {
    for (name, text) in scenarios() {
        let program = parse(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        let printed = print(&program);
        assert_eq!(parse(&printed).as_ref(), Ok(&program), "{name}");
        assert_eq!(canonical(&printed), canonical(&text), "{name}");
    }
}

/// A text with everything that the language has.
const EVERYTHING: &str = "\
# Everything.
#
rules W19 W21
deviates D7
server s allowHalfOpen pauseOnConnect noDelay keepAlive highWaterMark=100 blockList=127.0.0.1
server t
peer p of s
socket c allowHalfOpen highWaterMark=10 onread=7
socket d signal=sig forgotten
socket e readableHighWaterMark=1 writableHighWaterMark=2 noRead noWrite
watch c connect data connectionAttemptTimeout
watch s drop close

start:
  s listen path cb=a
  s listen host=::1 any port=-1 port-of=t path-of=t backlog=5 signal=sig
  s listen exclusive reusePort ipv6Only readableAll writableAll
  s listen pathLength=108
  s listen pathWithNul
  s listen abstract
  s listen noFolder
  s listen fd=file
  s listen handle-of=t
  s close
  s close cb=a
  s dispose
  s dispose cb=a
  s getConnections cb=a
  s maxConnections 3
  s maxConnections -1
  s unref
  s ref
  s get listening connections listeners:close address oldConnections bound fd modeOfOthers
  s prependOnce M
  s removeAll
  s removeAll close
quiet:
quiet:
  throw
on c data 2:
  c connect s
  c connect s host=x lookup=sync family=4 localPort=-5 localAddress=1.2.3.4 timeout=5 autoSelectFamily port=70000 cb=a
  c connect refused noAutoSelectFamily
  c connect s blockList=127.0.0.1
  c connect missing
  c connect path-of-file
  c write 3
  c write 3 utf8 cb=a
  c end
  c end 4
  c end 4 hex
  c end cb=a
  c end 4 base64url cb=a
  c destroy
  c destroy error
  c destroySoon
  c reset
  c dispose
  c nest 3
  c smile 2
  c smile 2 cb=a
  c setTypeOfService 16
  c getTypeOfService
  c unshift 3
  c unshift 3 latin1
  c push 3
  c setDefaultEncoding hex
  c emit pause
  c iterate
  c get listenerCount:end erroredCause joined readableHighWaterMark writableHighWaterMark
  c pause
  c resume
  c cork
  c uncork
  c read
  c read 0
  c setEncoding none
  c setEncoding latin1
  c setTimeout 5
  c setTimeout 0 cb=a
  c setNoDelay
  c setNoDelay false
  c setKeepAlive
  c setKeepAlive 5
  c setKeepAlive false
  c setKeepAlive false 5
  c pipe d
  c pipe d noEnd
  c unpipe
  c unpipe d
  c on L
  c once L
  c prepend L
  c off L
listener L c end:
listener M s drop:
cb a:
  tick T
  immediate T
  timer T 60
  abort sig
  log word
task T:
";

#[test]
fn everything_is_read_and_printed() {
    let program = parse(EVERYTHING).unwrap();
    assert_eq!(print(&program), EVERYTHING);
    assert_eq!(program.about, [" Everything.", ""]);
    assert_eq!(program.actors.len(), 6);
    assert_eq!(program.actors[2].role, Role::Peer("s".into()));
    let blocks: Vec<_> = program.parts.iter().filter(|part| matches!(part, Part::Block(..))).collect();
    assert_eq!(blocks.len(), 8);
    assert!(matches!(blocks[2], Part::Block(Trigger::Quiet, steps) if *steps == [Step::Throw]));
}

#[test]
fn what_is_no_scenario_is_refused_with_its_line() {
    let head = "server s\npeer p of s\nsocket c\n";
    let why = |text: &str| parse(&format!("{head}{text}")).unwrap_err();
    for (text, line, part) in [
        ("", 0, "start:"),
        ("  c end", 4, "below the head of a block"),
        ("begin:", 4, "begins no block"),
        ("begin", 4, "begins no line"),
        ("socket c", 4, "already"),
        ("socket tick", 4, "a word of the language"),
        ("socket 1c", 4, "a name is a letter"),
        ("socket averylongname", 4, "a name is a letter"),
        ("peer q of c", 4, "is no server"),
        ("peer q of x", 4, "there is no actor"),
        ("watch c listening", 4, "no event"),
        ("watch s data", 4, "no event"),
        ("socket d onread=-1", 4, "not such a number"),
        ("socket d noRead highWaterMark=1", 4, "write it as `socket d highWaterMark=1 noRead`"),
        ("start:\n  c emit data", 5, "not emitted"),
        ("start:\n  s listen fd=socket", 5, "no option"),
        ("socket d highWaterMark=1 allowHalfOpen", 4, "write it as `socket d allowHalfOpen highWaterMark=1`"),
        ("start:\nstart:", 5, "already"),
        ("start:\n  c fly", 5, "cannot `fly`"),
        ("start:\n  s write 1", 5, "cannot `write`"),
        ("start:\n  c write", 5, "how much"),
        ("start:\n  c write 03", 5, "write it as"),
        ("start:\n  c write x", 5, "not such a number"),
        ("start:\n  c write 3 hex", 5, "even"),
        ("start:\n  c write 3 utf7", 5, "no encoding"),
        ("start:\n  c write 1  utf8", 5, "no encoding"),
        ("start:\n  c pause now", 5, "too much"),
        ("start:\n  c connect s host=x", 5, "lookup="),
        ("start:\n  c connect c", 5, "is no server"),
        ("start:\n  c get sort", 5, "no property"),
        ("start:\n  s getConnections", 5, "cb=NAME"),
        ("start:\n  c on L", 0, "listener L c EVENT"),
        ("on c data 0:", 4, "from 1"),
        ("caf\u{e9}", 4, "ASCII"),
        (&format!("#{}", "x".repeat(200)), 4, "200 bytes"),
    ] {
        let error = why(text);
        assert_eq!((error.line, error.why.contains(part)), (line, true), "{text:?}: {error}");
    }
}

fn logged(text: &str) -> String {
    run(&parse(text).unwrap())
}

#[test]
fn rounds_without_an_entry_are_counted_up_to_four() {
    let log = logged("socket c\n\nstart:\n  log a\n  immediate T\n  timer U 40\ntask T:\ntask U:\nquiet:\n  log b\n");
    let a = "0 turn: log a | immediate T | timer U 40\n1 turn: task T\n";
    assert_eq!(log, format!("== c\n== -\n{a}6 turn: task U\n11 turn: log b\n"));
}

#[test]
fn a_block_runs_eight_times_and_a_program_400_steps() {
    let again = "socket c\n\nstart:\n  tick T\ntask T:\n  tick T\n  tick T\n";
    let log = logged(again);
    assert_eq!(log.matches("| tick T").count(), 16, "eight runs of two steps");
    assert_eq!(log.matches("task T").count(), 17, "each of them runs");
    let many = format!("socket c\n\nstart:\n{}", "  log a\n".repeat(500));
    assert_eq!(logged(&many).matches("log a").count(), 400);
}

#[test]
fn a_program_that_does_not_stop_is_ended() {
    // Two sockets that send each other what they get.
    let head = "server s\npeer p of s\nsocket c\nwatch c data\n\nstart:\n  s listen\n";
    let rest = "on s listening:\n  c connect s\n  c write 1\n  c pipe c\non s connection:\n  p pipe p\n";
    let log = logged(&format!("{head}{rest}"));
    assert!(log.ends_with("\n!! too many rounds\n"), "{log}");
}

#[test]
fn a_throw_goes_to_the_step_that_called_or_is_uncaught() {
    let text = "socket c\n\nstart:\n  c pause\n  log on\n  c resume\non c pause:\n  throw\n  log never\non c resume:\n  throw\n";
    let uncaught = "0 turn: throw | log on\n0 tick: throw | uncaught Error \"thrown\"\n";
    let c = "0 turn: pause | pause | threw Error \"thrown\" | resume\n0 tick: resume\n";
    assert_eq!(logged(text), format!("== c\n{c}== -\n{uncaught}"));
}

#[test]
fn steps_of_who_is_not_there_do_nothing() {
    let text =
        "server s\npeer p of s\nsocket c\n\nstart:\n  p write 3\n  c pipe p\n  c connect s\n  c get listeners:close\n";
    let c = "0 turn: pipe p | connect s | no address | get listeners:close | -> listeners:close=0\n";
    assert_eq!(logged(text), format!("== s\n== p\n== c\n{c}== -\n"));
}

#[test]
fn programs_are_what_they_were_after_a_run() {
    let program: Program = parse(EVERYTHING.strip_prefix("# Everything.\n#\n").unwrap()).unwrap();
    let (before, log) = (print(&program), run(&program));
    assert_eq!(print(&program), before);
    assert_eq!(run(&program), log, "and its log is the same");
}
