//! The command line: what it offers, and what is wrong on it.

use crate::{netfold, run};
use std::os::unix::ffi::OsStrExt;

#[test]
fn help_lists_the_commands_and_the_exit_statuses() {
    let ran = run(["--help"]);
    ran.went_well();
    for word in [
        "demo",
        "echo",
        "replay",
        "show",
        "stat",
        "seek",
        "diff",
        "completions",
        "Exit status: 0 when",
        "1 when",
        "2 when",
    ] {
        assert!(ran.out.contains(word), "{word}: {}", ran.out);
    }
    for (command, word) in
        [("demo", "--clients"), ("echo", "second signal"), ("replay", "<FILE>"), ("show", "--inputs")]
    {
        let ran = run([command, "--help"]);
        assert!(ran.went_well().out.contains(word), "{word}: {}", ran.out);
    }
    assert_eq!(run(["--version"]).went_well().out, concat!("netfold ", env!("CARGO_PKG_VERSION"), "\n"));
}

#[test]
fn a_wrong_command_line_ends_with_2_and_says_what_is_right() {
    let place = "give PORT, HOST:PORT or a path";
    let cases: &[(&[&str], &[&str])] = &[
        (&[], &["Usage:", "Commands:"]),
        (&["serve"], &["serve", "--help"]),
        (&["echo"], &["--listen <PORT|HOST:PORT|PATH>"]),
        (&["echo", "--listen"], &["a value is required", "PORT|HOST:PORT|PATH"]),
        (&["echo", "--listen", ""], &[place]),
        (&["echo", "--listen", "host"], &["host", place]),
        (&["echo", "--listen", "65536"], &["65535", place]),
        (&["echo", "--listen", "host:-1"], &["65535", place]),
        (&["echo", "--listen", "0", "--listen", "0"], &["cannot be used multiple times"]),
        (&["echo", "--listen", "0", "--payload", "full"], &["--record <FILE>"]),
        (&["echo", "--listen", "0", "--record", "x", "--payload", "all"], &["length, hash, first:N"]),
        (&["demo", "--clients", "1"], &["2..=5000"]),
        (&["demo", "--clients", "many"], &["many", "--clients"]),
        (&["demo", "--rounds", "0"], &["1..=100000"]),
        (&["proxy", "--listen", "0"], &["--to <PORT|HOST:PORT|PATH>"]),
        (&["replay"], &["<FILE>"]),
        (&["show", "a", "b"], &["unexpected argument 'b'"]),
        (&["show", "a", "--socket", "7"], &["give a socket as c3.7"]),
        (&["seek", "a"], &["<INPUT>"]),
        (&["export", "a", "--to", "gif"], &["perfetto, pcapng, mermaid"]),
        (&["view", "a"], &["--output <FILE>"]),
        (&["diff", "a"], &["<B>"]),
        (&["completions", "tcl"], &["bash", "zsh"]),
    ];
    for (args, words) in cases {
        let ran = run(*args);
        ran.failed(2, words);
        assert_eq!(ran.out, "", "{args:?}");
    }
}

#[test]
fn bytes_that_are_no_text_are_refused() {
    let ran =
        crate::process::Running::start(netfold(["echo", "--listen"]).arg(std::ffi::OsStr::from_bytes(b"/tmp/\xff")))
            .end();
    ran.failed(2, &["invalid UTF-8"]);
}
