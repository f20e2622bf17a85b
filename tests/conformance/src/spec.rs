//! What is written in `spec/`, and which tests there are: for the tests that compare the two.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The repository.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A file's text.
pub fn text_of(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A rule or a deviation: its number, its text and the tests it names.
#[derive(Debug)]
pub struct Rule {
    /// A letter and a number.
    pub number: String,
    /// Its text, or its row.
    pub text: String,
    /// The tests it names.
    pub tests: Vec<String>,
}

fn names(list: &str) -> Vec<String> {
    list.split(", ").map(String::from).collect()
}

/// The rules, in their order: `- **T1** text [test, test]`, over several lines.
pub fn rules() -> Vec<Rule> {
    let text = text_of(&root().join("spec/rules.md"));
    let mut out: Vec<Rule> = Vec::new();
    let mut open = false;
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("- **") {
            let (number, text) = rest.split_once("** ").unwrap_or_else(|| panic!("{line}"));
            out.push(Rule { number: number.into(), text: text.into(), tests: Vec::new() });
            open = true;
        } else if let (true, Some(more)) = (open, line.strip_prefix("  ")) {
            let rule = out.last_mut().expect("a rule is open");
            rule.text = format!("{} {more}", rule.text);
        } else {
            open = false;
        }
    }
    for rule in &mut out {
        if let Some((_, list)) = rule.text.strip_suffix(']').and_then(|text| text.rsplit_once(" [")) {
            rule.tests = names(list);
        }
    }
    out
}

/// The deviations: `| **D1** | Node | netfold | why | test, test |`.
pub fn deviations() -> Vec<Rule> {
    let text = text_of(&root().join("spec/deviations.md"));
    text.lines()
        .filter_map(|line| {
            let (number, row) = line.strip_prefix("| **")?.split_once("** |")?;
            let cells: Vec<_> = row.split('|').map(str::trim).collect();
            assert_eq!(cells.len(), 5, "{number} has a cell too many or too few");
            Some(Rule { number: number.into(), text: row.into(), tests: names(cells[3]) })
        })
        .collect()
}

/// The rules and the deviations.
pub fn all_rules() -> Vec<Rule> {
    rules().into_iter().chain(deviations()).collect()
}

/// Every `.rs` file below.
pub fn sources(folder: &Path, out: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(&path, out);
        } else if path.extension().is_some_and(|ext| ext == "rs") {
            out.push(path);
        }
    }
}

/// Every test that runs, with its text: its name stands after `#[test]` and other attributes.
pub fn tests() -> BTreeMap<String, String> {
    let root = root();
    let mut files = Vec::new();
    for folder in ["driver/tests", "driver/cli/tests", "driver/cli/src", "core/tests", "core/src", "driver/src"] {
        sources(&root.join(folder), &mut files);
    }
    for entry in std::fs::read_dir(root.join("tests")).expect("the tests") {
        sources(&entry.expect("an entry").path().join("tests"), &mut files);
    }
    let mut out: BTreeMap<String, String> = BTreeMap::new();
    for file in files {
        let text = text_of(&file);
        for part in text.split("#[test]\n").skip(1) {
            let mut lines = part.lines().map(str::trim).skip_while(|line| line.starts_with("#[should_panic"));
            let Some(signature) = lines.next().and_then(|line| line.strip_prefix("fn ")) else { continue };
            let name = signature.split('(').next().expect("a name");
            out.entry(name.into()).or_default().push_str(part);
        }
    }
    out
}
