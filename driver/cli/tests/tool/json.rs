//! `--json` of the commands that say one thing. Those that print much have theirs in the tests of what they print.

use crate::process::{Folder, Running};
use crate::{netfold, run};
use rustix::process::Signal;
use serde_json::{Value, json};

/// The one line that a command printed.
#[track_caller]
fn object(args: &[&str]) -> Value {
    let ran = run(args);
    assert_eq!(ran.went_well().out.lines().count(), 1, "{}", ran.out);
    serde_json::from_str(&ran.out).unwrap()
}

#[test]
fn a_trace_is_made_replayed_redacted_drawn_and_exported() {
    let folder = Folder::new();
    let (trace, other) = (folder.file("a.trace"), folder.file("b.trace"));
    let demo = object(&["demo", "--json", "--clients", "3", "--rounds", "2", "--record", &trace]);
    assert_eq!((&demo["clients"], &demo["messages"]), (&json!(3), &json!(6)));
    assert_eq!(demo["trace"], json!(std::fs::metadata(&trace).unwrap().len()));

    let mut replayed = object(&["replay", "--json", &trace]);
    let (mut told, said) = (demo["replay"].clone(), run(["replay", &trace]).last_line().to_string());
    assert!(said.ends_with(replayed["hash"].as_str().unwrap()), "{said}");
    for took in [&mut told, &mut replayed] {
        assert!(took["seconds"].take().is_f64());
    }
    assert_eq!((&told, &told["identical"]), (&replayed, &json!(true)));

    let redacted = object(&["redact", "--json", &trace, "-o", &other]);
    let as_before = json!({ "identical": true, "inputs": told["inputs"], "steps": told["steps"], "output": other });
    assert_eq!(redacted, as_before);

    let page = folder.file("page.html");
    let drawn = object(&["view", "--json", &trace, "-o", &page]);
    let shown = run(["show", &trace]).out.lines().count();
    assert_eq!(drawn, json!({ "lines": shown, "lanes": 8, "output": page }));

    let file = folder.file("a.mmd");
    let exported = object(&["export", "--json", "--to", "mermaid", &trace, "-o", &file]);
    let bytes = std::fs::metadata(&file).unwrap().len();
    assert_eq!(exported, json!({ "lines": shown, "lanes": 8, "bytes": bytes, "output": file }));
    // Without a file standard output is the diagram's.
    run(["export", "--json", "--to", "mermaid", &trace]).failed(2, &["--output"]);
}

#[test]
fn who_serves_says_where() {
    let mut echo = Running::start(&mut netfold(["echo", "--json", "--listen", "0"]));
    let place = echo.after("{\"listening\":\"");
    let place = place.strip_suffix("\"}").unwrap();
    let mut proxy = Running::start(&mut netfold(["proxy", "--json", "--listen", "0", "--to", place]));
    assert!(proxy.after("{\"listening\":\"").starts_with("127.0.0.1:"));
    for server in [proxy, echo] {
        server.signal(Signal::TERM);
        server.end().went_well();
    }
}
