//! `netfold show` with filters, `stat`, `seek`, `diff` and `completions`.

use crate::process::{Folder, Running};
use crate::trace::{echoed, recorded};
use crate::{netfold, run};
use serde_json::Value;
use std::io::Write;

fn lines(args: &[&str]) -> Vec<String> {
    run(args).went_well().out.lines().map(String::from).collect()
}

fn objects(args: &[&str]) -> Vec<Value> {
    lines(args).iter().map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"))).collect()
}

#[test]
fn json_has_every_line_that_text_has() {
    let (_folder, trace, _) = recorded();
    let (text, json) = (lines(&["show", &trace]), objects(&["show", "--json", &trace]));
    assert_eq!(text.len(), json.len());
    for (text, json) in text.iter().zip(&json) {
        assert!(text.contains(json["text"].as_str().unwrap()), "{text}: {json}");
        assert_eq!(text.starts_with(&format!("#{} ", json["input"])), !text.starts_with(' '), "{text}: {json}");
    }
}

#[test]
fn filters_choose_by_whose_by_name_and_by_time() {
    let (_folder, trace, _) = recorded();
    let all = objects(&["show", "--json", &trace]);
    let chosen = |args: &[&str], wanted: &dyn Fn(&Value) -> bool| {
        let args: Vec<_> = ["show", "--json", &trace].iter().chain(args).copied().collect();
        let found = objects(&args);
        assert!(!found.is_empty(), "{args:?}");
        assert_eq!(found, all.iter().filter(|line| wanted(line)).cloned().collect::<Vec<_>>(), "{args:?}");
    };
    chosen(&["--socket", "c0.1"], &|line| line["socket"] == "c0.1");
    chosen(&["--socket", "c0", "--server", "s1.2"], &|line| line["socket"] == "c0.1" || line["server"] == "s1.2");
    chosen(&["--event", "data"], &|line| line["name"] == "data");
    chosen(&["--event", "write", "--event", "call"], &|line| line["name"] == "write" || line["kind"] == "call");
    chosen(&["--event", "close", "--socket", "c1"], &|line| {
        line["name"] == "close" && line["socket"].as_str().is_some_and(|id| id.starts_with("c1."))
    });
    let time = |line: Option<&Value>| line.unwrap()["time"].as_u64().unwrap();
    let half = time(all.first()).midpoint(time(all.last()));
    chosen(&["--since", &half.to_string()], &|line| line["time"].as_u64() >= Some(half));
    chosen(&["--until", &half.to_string()], &|line| line["time"].as_u64() <= Some(half));
    chosen(&["--inputs"], &|line| {
        !["call", "emit", "schedule", "return", "idle", "released"].contains(&line["kind"].as_str().unwrap())
    });
}

#[test]
fn each_line_says_whose_it_is() {
    let folder = Folder::new();
    let trace = echoed(&folder, "echo.sock", b"hello", "length");
    let all = objects(&["show", "--json", &trace]);
    let whose = |kind: &str, name: &str| -> Vec<&Value> {
        all.iter().filter(|l| l["kind"] == kind && l["name"] == name).map(|l| &l["socket"]).collect()
    };
    for (kind, name) in
        [("call", "adopt"), ("call", "send"), ("call", "close handle"), ("completion", "read"), ("completion", "eof")]
    {
        let found = whose(kind, name);
        let last = found.last().unwrap_or_else(|| panic!("no {kind} {name}"));
        // The last handle to be closed may be the server's.
        assert!(*last == "c0.1" || name == "close handle" && found.contains(&&Value::from("c0.1")), "{kind} {name}");
    }
    for line in &all {
        let ours = matches!(line["kind"].as_str(), Some("completion" | "call" | "emit" | "tick"));
        let known = !line["socket"].is_null() || !line["server"].is_null() || line["name"] == "timer";
        assert!(!ours || known || line["text"].as_str().unwrap().contains("connection"), "{line}");
    }
}

#[test]
fn stat_counts_what_show_shows() {
    let (_folder, trace, bytes) = recorded();
    let all = objects(&["show", "--json", &trace]);
    let stat = &objects(&["stat", "--json", &trace])[0];
    let count = |name: &str| all.iter().filter(|l| l["kind"] == "emit" && l["name"] == name).count();
    for name in ["data", "connect", "close"] {
        assert_eq!(stat["events"][name], count(name), "{name}");
    }
    let read: u64 = all.iter().filter(|l| l["name"] == "read").filter_map(|l| l["bytes"].as_u64()).sum();
    assert!(read > 0);
    assert_eq!((&stat["bytes_read"], &stat["bytes_sent"]), (&read.into(), &read.into()), "an echo");
    assert_eq!((&stat["bytes"], &stat["finished"]), (&bytes.len().into(), &true.into()));
    let text = lines(&["stat", &trace]);
    assert!(text.iter().any(|line| line == &format!("{:>10} data", count("data"))), "{text:?}");
}

#[test]
fn seek_tells_the_state_right_before_an_input() {
    let folder = Folder::new();
    let trace = echoed(&folder, "echo.sock", b"hello", "length");
    let at = |n: u64| objects(&["seek", "--json", &trace, &n.to_string()]).remove(0);
    assert_eq!(at(0)["sockets"], Value::Array(Vec::new()));
    let inputs = lines(&["show", "--inputs", "--json", &trace]);
    let read = inputs.iter().position(|line| line.contains("read 5 bytes")).unwrap() as u64;
    let (before, after) = (at(read), at(read + 2));
    let socket = |state: &Value, name: &str| state["sockets"][0][name].clone();
    assert_eq!((socket(&before, "state"), socket(&before, "bytesRead")), ("open".into(), 0.into()));
    assert_eq!(socket(&after, "bytesRead"), 5);
    assert_eq!(before["servers"][0]["connections"], 1);
    let end = at(inputs.len() as u64);
    assert_eq!(end["servers"][0]["state"], "idle");
    let text = run(["seek", &trace, &read.to_string(), "--socket", "c0"]);
    assert!(text.went_well().out.contains("\nc0.1\n  state              open\n"), "{}", text.out);
    assert!(!text.out.contains("\ns0.1\n"), "{}", text.out);
    run(["seek", &trace, "1000000"]).failed(1, &["there is no input 1000000", "give 0 to"]);
}

#[test]
fn diff_finds_the_first_line_that_differs() {
    let folder = Folder::new();
    let other = Folder::new();
    let five = echoed(&folder, "echo.sock", b"hello", "length");
    let kept = folder.file("kept.trace");
    std::fs::rename(&five, &kept).unwrap();
    let four = echoed(&folder, "echo.sock", b"four", "full");
    let same = run(["diff", &kept, &kept]);
    assert!(same.went_well().out.contains("the traces say the same"), "{}", same.out);
    assert_eq!(objects(&["diff", "--json", &kept, &kept])[0]["same"], true);
    let ran = run(["diff", "--no-time", "--width", "100", &kept, &four]);
    ran.failed(1, &["the traces differ after ", " equal lines, at input "]);
    let first = ran.out.lines().find(|line| line.contains(" ! ")).unwrap();
    assert!(first.contains("read 5 bytes") && first.contains("read 4 bytes"), "{}", ran.out);
    assert!(ran.out.lines().all(|line| line.chars().count() <= 100), "{}", ran.out);
    let json = run(["diff", "--no-time", "--json", &kept, &four]);
    let json: Value = serde_json::from_str(&json.failed(1, &["differ"]).out).unwrap();
    assert_eq!((&json["a"][0]["bytes"], &json["b"][0]["bytes"]), (&5.into(), &4.into()));
    // One that is the beginning of the other.
    let bytes = std::fs::read(&kept).unwrap();
    let short = other.file("short.trace");
    std::fs::write(&short, &bytes[..bytes.len() - 40]).unwrap();
    run(["diff", &kept, &short]).failed(1, &["differ"]);
}

#[test]
fn follow_goes_on_as_the_file_grows_and_ends_with_the_trace() {
    let folder = Folder::new();
    let long = folder.file("long.trace");
    run(["demo", "--clients", "60", "--rounds", "10", "--record", &long]).went_well();
    let all = lines(&["show", &long]);
    let bytes = std::fs::read(&long).unwrap();
    assert!(bytes.len() > 40_000, "more than one block: {}", bytes.len());
    let growing = folder.file("growing.trace");
    let mut file = std::fs::File::create(&growing).unwrap();
    let mut show = Running::start(&mut netfold(["show", "--follow", &growing]));
    // In the middle of the header, of a block, and to the end.
    file.write_all(&bytes[..10]).unwrap();
    file.write_all(&bytes[10..35_000]).unwrap();
    assert_eq!(show.line(), all[0]);
    assert!(show.is_running());
    file.write_all(&bytes[35_000..]).unwrap();
    let rest = show.end();
    assert_eq!(rest.went_well().out.lines().collect::<Vec<_>>(), all);
    // A block that is damaged will never be whole.
    let mut damaged = bytes.clone();
    damaged[20_000] ^= 1;
    std::fs::write(&growing, damaged).unwrap();
    run(["show", "--follow", &growing]).failed(1, &["the trace is torn"]);
    std::fs::write(&growing, "text").unwrap();
    run(["show", "--follow", &growing]).failed(1, &["not a netfold trace"]);
}

/// A program that runs and has nothing to do: what it did is in the file soon, though that is far from a block.
#[test]
fn follow_shows_what_a_quiet_program_did() {
    let folder = Folder::new();
    let (path, trace) = (folder.file("echo.sock"), folder.file("echo.trace"));
    let mut server = Running::start(&mut netfold(["echo", "--listen", &path, "--record", &trace]));
    server.line();
    let mut show = Running::start(&mut netfold(["show", "--follow", "--event", "data", &trace]));
    let mut client = std::os::unix::net::UnixStream::connect(&path).unwrap();
    for size in [5, 7] {
        client.write_all(&vec![b'x'; size]).unwrap();
        let line = show.line();
        assert!(line.contains(&format!("'data' {size} bytes")), "{line}");
    }
    assert!(server.is_running());
    drop(client);
    server.signal(rustix::process::Signal::TERM);
    server.end().went_well();
    show.end().went_well();
}

#[test]
fn colours_are_for_terminals_and_for_who_asks() {
    let (_folder, trace, _) = recorded();
    let coloured = |args: &[&str]| run(args).went_well().out.contains('\u{1b}');
    assert!(!coloured(&["show", &trace]));
    assert!(coloured(&["show", "--color", "always", &trace]));
    assert!(!coloured(&["show", "--color", "never", &trace]));
    assert!(!coloured(&["show", "--color", "always", "--json", &trace]));
}

#[test]
fn every_shell_gets_its_completions() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let ran = run(["completions", shell]);
        assert!(ran.went_well().out.contains("seek") && ran.out.contains("netfold"), "{shell}");
    }
}
