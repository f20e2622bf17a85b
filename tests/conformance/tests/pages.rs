//! The programs of the pages that are not Rust: Node runs them.

use netfold_conformance::spec::{root, text_of};
use netfold_conformance::{has_node_20, skipped};
use std::process::Command;

/// What stands between these two.
fn between<'t>(text: &'t str, begin: &str, end: &str) -> &'t str {
    let (_, rest) = text.split_once(begin).unwrap_or_else(|| panic!("no {begin:?}"));
    rest.split_once(end).unwrap_or_else(|| panic!("no {end:?}")).0
}

#[test]
fn the_program_in_both_languages_prints_the_same() {
    if !has_node_20() {
        return skipped("the program of the page on migration needs Node 20 on the path");
    }
    let page = text_of(&root().join("driver/docs/migration.md"));
    let expected = between(&page, "net.state.join(\", \"), \"", "\"");
    let ran = Command::new("node").args(["-e", between(&page, "```js\n", "```")]).output().expect("node runs");
    assert_eq!(
        String::from_utf8_lossy(&ran.stdout),
        format!("{expected}\n"),
        "{}",
        String::from_utf8_lossy(&ran.stderr)
    );
}
