//! `netfold redact`

use crate::process::Folder;
use crate::run;
use crate::trace::{echoed, recorded};
use std::os::unix::fs::PermissionsExt;

fn has(file: &str, what: &str) -> bool {
    std::fs::read(file).unwrap().windows(what.len()).any(|window| window == what.as_bytes())
}

#[test]
fn what_was_secret_is_gone_and_the_rest_is_as_it_was() {
    let folder = Folder::new();
    let trace = echoed(&folder, "secret-name.sock", b"secret payload", "full");
    assert!(has(&trace, "secret payload") && has(&trace, "secret-name"));
    let other = folder.file("other.trace");
    let ran = run(["redact", &trace, "-o", &other]);
    assert!(ran.went_well().out.contains("replay identical"), "{}", ran.out);
    assert!(!has(&other, "payload") && has(&other, "secret-name"));
    assert_eq!(std::fs::metadata(&other).unwrap().permissions().mode() & 0o777, 0o600);
    run(["replay", &other]).went_well();
    // Nothing but the bytes differs.
    run(["diff", &trace, &other]).went_well();

    run(["redact", &trace, "-o", &other, "--payload", "first:6", "--names", "--anonymous"]).went_well();
    assert!(has(&other, "secret") && !has(&other, "secret payload") && !has(&other, "secret-name"));
    assert!(!has(&other, env!("CARGO_PKG_VERSION")), "nor who recorded it");
    let shown = run(["show", &other]);
    assert!(shown.went_well().out.contains("s0.1.listen \"/path-1\""), "{}", shown.out);
    // Once gone, bytes are gone: there is no hash of zeros either.
    let last = folder.file("last.trace");
    for payload in ["full", "hash"] {
        run(["redact", &other, "-o", &last, "--payload", payload]).went_well();
        assert_eq!(has(&last, "secret"), payload == "full");
        assert!(!run(["show", &last]).out.contains(" hash "));
    }
}

#[test]
fn a_trace_without_an_end_stays_without_and_a_torn_one_is_refused() {
    let (folder, trace, bytes) = recorded();
    let (cut, other) = (folder.file("cut.trace"), folder.file("other.trace"));
    std::fs::write(&cut, &bytes[..bytes.len() - 20]).unwrap();
    run(["redact", &cut, "-o", &other]).failed(1, &["the trace is torn"]);
    assert!(!std::path::Path::new(&other).exists());
    // Over TCP and Unix sockets, with names.
    run(["redact", &trace, "-o", &other, "--names"]).went_well();
    run(["replay", &other]).went_well();
    assert!(!has(&other, "netfold-demo"));
}
