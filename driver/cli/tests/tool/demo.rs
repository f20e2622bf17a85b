//! `netfold demo`, to a pipe and to a terminal.

use crate::process::{Folder, PATIENCE, Ran, Running};
use crate::{netfold, run};
use rustix::process::Signal;
use std::io::Read;
use std::process::Command;
use std::sync::mpsc::channel;

/// The demo with these arguments, with a folder for what it leaves.
fn demo(args: &[&str]) -> (Command, Folder) {
    let folder = Folder::new();
    let mut command = netfold(["demo"]);
    command.args(args).env("TMPDIR", folder.path());
    (command, folder)
}

fn ended(args: &[&str]) -> Ran {
    let (mut command, folder) = demo(args);
    let ran = Running::start(&mut command).end();
    assert!(folder.is_empty(), "the demo has left something");
    ran
}

#[track_caller]
fn says_what_it_did(ran: &Ran) {
    for line in [
        "server: listening on 127.0.0.1:",
        "server: listening on a Unix socket",
        "tcp client: connect",
        "unix client: connect",
        "tcp client: data, ",
        "tcp client: end",
        "unix client: finish",
        "unix client: close",
        "tcp server: close",
        "unix server: close",
    ] {
        assert!(ran.out.contains(line), "\"{line}\" is missing: {}", ran.out);
    }
    assert!(ran.last_line().starts_with("replay identical: "), "{}", ran.out);
}

#[test]
fn it_ends_by_itself_with_an_identical_replay() {
    let ran = ended(&[]);
    says_what_it_did(ran.went_well());
    assert!(ran.out.contains("200 clients, 4000 messages, "), "{}", ran.out);
}

#[test]
fn its_trace_can_be_kept_replayed_and_shown() {
    let folder = Folder::new();
    let trace = folder.file("demo.trace");
    let ran = ended(&["--clients", "3", "--rounds", "2", "--record", &trace]);
    says_what_it_did(ran.went_well());
    let replayed = run(["replay", &trace]);
    assert_eq!(replayed.went_well().last_line(), ran.last_line());
    let shown = run(["show", &trace]);
    shown.went_well();
    // The clock is looked at first, and has perhaps gone on.
    let first = shown.out.lines().find(|line| !line.contains(" time "));
    assert!(first.is_some_and(|line| line.contains(" new server ")), "{}", shown.out);
    for word in ["'data'", "'connect'", "call write", "reply done", "phase closing"] {
        assert!(shown.out.contains(word), "{word}");
    }
    let inputs = run(["show", "--inputs", &trace]);
    assert!(inputs.went_well().out.lines().all(|line| line.starts_with('#')), "{}", inputs.out);
    let inputs = inputs.out.lines().count();
    assert!(ran.last_line().contains(&format!(" {inputs} inputs, ")), "{inputs}: {}", ran.last_line());
}

#[test]
fn a_signal_stops_it_and_it_cleans_up() {
    for signal in [Signal::INT, Signal::TERM] {
        let (mut command, folder) = demo(&["--rounds", "100000"]);
        let mut demo = Running::start(&mut command);
        demo.line();
        demo.signal(signal);
        demo.end().failed(1, &["stopped by a signal"]);
        assert!(folder.is_empty());
    }
}

#[test]
fn with_too_few_descriptors_it_says_what_to_do() {
    let folder = Folder::new();
    // The first are too few for the loop itself, the others for its servers and its connections.
    for limit in [8, 10, 12, 14, 20, 64] {
        let script = format!("ulimit -n {limit} && exec \"$0\" demo --clients 100");
        let mut command = Command::new("sh");
        command.args(["-c", &script, env!("CARGO_BIN_EXE_netfold")]).env("TMPDIR", folder.path());
        let ran = Running::start(&mut command).end();
        ran.failed(1, &["ulimit -n"]);
        assert!(folder.is_empty());
    }
}

#[test]
fn it_names_the_place_that_it_cannot_write_to() {
    let folder = Folder::new();
    let missing = folder.file("missing");
    ended(&["--record", &format!("{missing}/demo.trace")]).failed(1, &["cannot record into", &missing, "give a file"]);
    let ran = Running::start(netfold(["demo"]).env("TMPDIR", &missing)).end();
    ran.failed(1, &["cannot make a folder in", &missing, "set TMPDIR"]);
    if cfg!(target_os = "linux") {
        ended(&["--record", "/dev/full"]).failed(1, &["cannot write the trace /dev/full", "No space left"]);
    }
}

#[test]
fn a_folder_with_a_long_name_is_told_of() {
    let folder = Folder::new();
    let long = folder.path().join("x".repeat(120));
    std::fs::create_dir(&long).unwrap();
    let ran = Running::start(netfold(["demo"]).env("TMPDIR", &long)).end();
    ran.failed(1, &["ENAMETOOLONG", "TMPDIR"]);
}

#[test]
fn a_reader_who_goes_early_does_not_stop_it() {
    let (mut command, _folder) = demo(&["--clients", "2", "--rounds", "1"]);
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    Running::to(&mut command, writer.into()).end().went_well();
}

#[test]
#[cfg(target_os = "linux")]
fn on_a_terminal_it_draws_a_bar_under_the_lines() {
    use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
    use rustix::termios::{Winsize, tcsetwinsize};
    for (term, bar) in [("xterm", true), ("dumb", false)] {
        let terminal = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&terminal).unwrap();
        unlockpt(&terminal).unwrap();
        tcsetwinsize(&terminal, Winsize { ws_row: 30, ws_col: 100, ws_xpixel: 0, ws_ypixel: 0 }).unwrap();
        let name = ptsname(&terminal, Vec::new()).unwrap();
        let side = std::fs::File::options().read(true).write(true).open(name.to_str().unwrap()).unwrap();
        let (mut command, _folder) = demo(&["--clients", "20", "--rounds", "200"]);
        let demo = Running::to(command.env("TERM", term).env_remove("NO_COLOR"), side.into());
        drop(command);
        let (send, drawn) = channel();
        std::thread::spawn(move || {
            // Reading fails once nobody has the other side open.
            let (mut terminal, mut bytes) = (std::fs::File::from(terminal), Vec::new());
            let _hung_up = terminal.read_to_end(&mut bytes);
            send.send(String::from_utf8_lossy(&bytes).into_owned())
        });
        let out = drawn.recv_timeout(PATIENCE).unwrap();
        let ran = Ran { out, ..demo.end() };
        says_what_it_did(ran.went_well());
        assert_eq!(ran.out.contains("/4000 messages echoed"), bar, "{term}: {}", ran.out);
        // The bar is gone at the end: below it stand only the lines of the summary.
        let summary = ran.out.rfind("20 clients, 4000 messages, ").unwrap();
        assert!(!ran.out[summary..].contains("messages echoed"), "{}", ran.out);
    }
}
