//! Every dependency of every crate has its line, with a reason, in `CONTRIBUTING.md`.

use netfold_conformance::spec::{root, text_of};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Who names a dependency: a crate's folder, or its tests.
type Users = BTreeMap<String, BTreeSet<String>>;

/// The folders of all crates, from the workspace's own list.
fn crates() -> Vec<String> {
    let text = text_of(&root().join("Cargo.toml"));
    let (_, list) = text.split_once("members = [").expect("members");
    let (list, _) = list.split_once(']').expect("the list ends");
    let members = list.split('"').skip(1).step_by(2).map(String::from);
    members.chain(["driver/examples/glib".into(), "fuzz".into()]).collect()
}

fn named() -> Users {
    let mut out = Users::new();
    for folder in crates() {
        let short = Path::new(&folder).file_name().expect("a folder").to_string_lossy().into_owned();
        let mut user = None;
        for line in text_of(&root().join(&folder).join("Cargo.toml")).lines() {
            if let Some(section) = line.strip_prefix('[') {
                let tests = if section.contains("dev-dependencies") { " tests" } else { "" };
                user = section.contains("dependencies]").then(|| format!("{short}{tests}"));
            } else if let (Some(user), Some((name, _))) = (&user, line.split_once(" = "))
                && !name.starts_with("netfold")
            {
                out.entry(name.into()).or_default().insert(user.clone());
            }
        }
    }
    out
}

fn listed() -> Users {
    let text = text_of(&root().join("CONTRIBUTING.md"));
    let (_, table) = text.split_once("## Dependencies").expect("the table");
    let mut out = Users::new();
    for line in table.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| crate ")) {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let [_, name, users, reason, _] = cells[..] else { panic!("{line}") };
        assert!(!reason.is_empty(), "{name} has no reason");
        let users = users.split(", ").map(String::from).collect();
        assert_eq!(out.insert(name.into(), users), None, "{name} comes twice");
    }
    out
}

#[test]
fn each_dependency_has_its_reason() {
    let named = named();
    assert!(named.len() > 12, "they are read");
    assert_eq!(listed(), named);
}
