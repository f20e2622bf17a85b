//! The programs of `spec/node` inside Node, over the addon of `tests/node` (rule H1). Needs Node 20 and the addon; without
//! them it says that it is skipped.

use netfold_conformance::{has_node_20, skipped};
use std::collections::HashMap;
use std::path::Path;
use std::process::Command;

/// Why a program may print something else, by its name.
fn differs(root: &Path) -> HashMap<String, String> {
    let table = std::fs::read_to_string(root.join("tests/node/differs.tsv")).expect("the table");
    table.lines().map(|line| line.split_once('\t').expect("a name, a tab, a reason")).map(owned).collect()
}

fn owned((name, reason): (&str, &str)) -> (String, String) {
    (name.to_string(), reason.to_string())
}

#[test]
fn h1_programs_print_inside_node_what_node_prints() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let addon = root.join("tests/node/netfold.node");
    if !has_node_20() || !addon.exists() {
        return skipped("the machine inside Node needs Node 20 on the path and the addon (tests/node/build)");
    }
    let differs = differs(&root);
    let programs = std::fs::read_dir(root.join("spec/node")).expect("the programs");
    let mut names: Vec<String> = programs
        .filter_map(|entry| {
            entry.expect("an entry").file_name().into_string().ok()?.strip_suffix(".log").map(Into::into)
        })
        .filter(|name| !differs.contains_key(name))
        .collect();
    names.sort();
    let register = root.join("tests/node/register.js").canonicalize().expect("the register");
    let ran = Command::new("node")
        .arg(root.join("spec/node/record.js"))
        .arg("--check")
        .args(&names)
        .env("NODE_OPTIONS", format!("--require={}", register.display()))
        .output()
        .expect("node runs");
    let said = String::from_utf8_lossy(&ran.stdout);
    assert!(ran.status.success(), "{said}\n{}", String::from_utf8_lossy(&ran.stderr));
    assert!(said.contains(&format!("{} passed", names.len())), "{said}");
}
