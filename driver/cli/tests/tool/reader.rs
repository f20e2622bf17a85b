//! `netfold show --inputs`, and the reader of `spec/trace-reader`, which was written from the page on the format alone: both
//! print the same.

use crate::process::{Folder, skipped};
use crate::run;
use crate::trace::{echoed, recorded};
use std::path::Path;
use std::process::Command;

#[test]
fn the_reader_of_the_page_prints_what_show_prints() {
    let reader = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../spec/trace-reader");
    let node = Command::new("node").arg("--version").output();
    if !node.is_ok_and(|output| output.stdout.starts_with(b"v20.")) || !reader.exists() {
        return skipped(
            "the reader that was written from spec/trace-format.md needs Node 20 on the path, and the project around",
        );
    }
    let (folder, demo, _) = recorded();
    let echoes = Folder::new();
    let of = |payload: &str| echoed(&echoes, &format!("{payload}.sock"), b"\"a\"\t\\ \x1b\xff\n", payload);
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../core/tests/golden/v1.trace");
    let mut files = vec![demo, golden.to_string_lossy().into_owned()];
    for payload in ["length", "hash", "full"] {
        let kept = folder.file(&format!("{payload}.trace"));
        std::fs::copy(of(payload), &kept).unwrap();
        files.push(kept);
    }
    let ours: String = files.iter().map(|file| run(["show", "--inputs", file]).went_well().out.clone()).collect();
    let theirs = Command::new("node").arg(reader).args(&files).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&theirs.stdout), ours);
    assert!(ours.lines().count() > 100);
}
