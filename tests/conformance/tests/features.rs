//! The feature table: every heading and option of the pages has a row, and every row a name here, a rule and a test.
//!
//! The page on migration (`driver/docs/migration.md`) has the same rows. After a change of `spec/features.md` run this with
//! `FEATURES=write` once, which puts them there.

use netfold_conformance::spec::{Rule, all_rules, deviations, root, sources, tests, text_of};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// The pages whose members `spec/features.list` has.
const PAGES: [&str; 5] = ["v12", "o1", "o2", "o3", "o4"];

/// How many lines each of them has there.
const MEMBERS: [usize; 5] = [179, 44, 37, 70, 57];

struct Row {
    /// The heading it stands under.
    table: String,
    node: String,
    since: Vec<String>,
    /// Its name here, if it has one.
    netfold: Option<String>,
    rules: Vec<String>,
    tests: Vec<String>,
}

fn list(cell: &str, joint: &str) -> Vec<String> {
    cell.split(joint).map(String::from).collect()
}

fn quoted(cell: &str) -> Option<&str> {
    cell.strip_prefix('`')?.strip_suffix('`')
}

/// The rows of `spec/features.md`: `` | `Node` | since | `netfold` | rule, rule | test, test | ``.
fn rows() -> Vec<Row> {
    let text = text_of(&root().join("spec/features.md"));
    let mut table = String::new();
    let mut out = Vec::new();
    for line in text.lines() {
        if let Some(heading) = line.strip_prefix("## ") {
            table = heading.into();
        }
        let Some(line) = line.strip_prefix("| `").and(line.strip_prefix("| ")) else { continue };
        let cells: Vec<&str> = line.trim_end_matches('|').split('|').map(str::trim).collect();
        assert_eq!(cells.len(), 5, "a cell too many or too few: {line}");
        out.push(Row {
            table: table.clone(),
            node: quoted(cells[0]).unwrap_or_else(|| panic!("{line}")).into(),
            since: list(cells[1], " "),
            netfold: quoted(cells[2]).map(String::from),
            rules: list(cells[3], ", "),
            tests: list(cells[4], ", "),
        });
    }
    assert!(out.len() > 300, "they are read");
    out
}

fn is_pending(row: &Row) -> bool {
    row.rules == ["pending"] || row.tests == ["pending"]
}

#[test]
fn no_row_is_pending() {
    let pending: Vec<_> =
        rows().into_iter().filter(is_pending).map(|row| format!("{}: {}", row.table, row.node)).collect();
    assert!(pending.is_empty(), "without a rule or a test: {pending:#?}");
}

#[test]
fn each_member_of_a_page_has_one_row() {
    let named: Vec<(String, String)> = rows().into_iter().map(|row| (row.table.clone(), row.node.clone())).collect();
    let unique: BTreeSet<_> = named.iter().collect();
    assert_eq!(unique.len(), named.len(), "a row comes twice");

    let mut listed = BTreeSet::new();
    let text = text_of(&root().join("spec/features.list"));
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let cells = list(line, " | ");
        let [page, table, node] = &cells[..] else { panic!("{line}") };
        assert!(PAGES.contains(&page.as_str()), "{line}");
        assert!(listed.insert((table.clone(), node.clone(), page.clone())), "comes twice: {line}");
    }
    let mut in_rows = BTreeSet::new();
    for row in rows() {
        assert!(
            row.since.iter().all(|page| PAGES.contains(&page.as_str()) || page == "v20" || page == "newer"),
            "{}",
            row.node
        );
        for page in row.since.into_iter().filter(|page| PAGES.contains(&page.as_str())) {
            in_rows.insert((row.table.clone(), row.node.clone(), page));
        }
    }
    let missing: Vec<_> = listed.difference(&in_rows).collect();
    assert!(missing.is_empty(), "no row for {missing:#?}");
    let unknown: Vec<_> = in_rows.difference(&listed).collect();
    assert!(unknown.is_empty(), "no page has {unknown:#?}");
    let counts = PAGES.map(|page| listed.iter().filter(|(_, _, of)| of == page).count());
    assert_eq!(counts, MEMBERS, "a page does not change");
}

#[test]
fn each_row_names_rules_and_tests_of_them() {
    let rules: BTreeMap<String, Vec<String>> = all_rules().into_iter().map(|rule| (rule.number, rule.tests)).collect();
    let known = tests();
    let mut wrong = Vec::new();
    for row in rows().iter().filter(|row| !is_pending(row)) {
        let say = |what: String| format!("{}: {}: {what}", row.table, row.node);
        let holding: Vec<&String> = row.rules.iter().filter_map(|rule| rules.get(rule)).flatten().collect();
        wrong.extend(
            row.rules.iter().filter(|rule| !rules.contains_key(*rule)).map(|rule| say(format!("no rule {rule:?}"))),
        );
        for test in &row.tests {
            if !known.contains_key(test) {
                wrong.push(say(format!("no test {test:?}")));
            } else if !holding.contains(&test) {
                wrong.push(say(format!("{test} holds none of its rules")));
            }
        }
        if row.netfold.is_none() && !row.rules.iter().all(|rule| rule.starts_with('D')) {
            wrong.push(say("what is not there is a deviation".into()));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Whether a line of source declares this: after `pub`, `fn` and the like, or as an enum's variant or a struct's field.
fn declares(line: &str, name: &str) -> bool {
    let mut rest = line.trim();
    while let Some((word, more)) = rest.split_once(' ') {
        let passed = ["pub", "const", "fn", "struct", "enum", "trait", "type", "mod"].contains(&word);
        if !passed {
            break;
        }
        rest = more;
    }
    rest.strip_prefix(name)
        .is_some_and(|after| !after.starts_with(|c: char| c.is_alphanumeric() || c == '_') && !after.starts_with("::"))
}

#[test]
fn each_name_of_a_row_is_in_the_source() {
    let mut files = Vec::new();
    sources(&root().join("core/src"), &mut files);
    sources(&root().join("driver/src"), &mut files);
    let files: Vec<(String, String)> =
        files.iter().map(|path| (path.file_stem().unwrap().to_string_lossy().into_owned(), text_of(path))).collect();
    let mut missing = BTreeSet::new();
    for name in rows().iter().filter(|row| !is_pending(row)).filter_map(|row| row.netfold.as_ref()) {
        let (owner, member) = name.split_once("::").unwrap_or(("", name));
        // What `emitter!` gives stands in emitter.rs.
        let emits = files.iter().any(|(_, text)| text.contains(&format!("emitter! {{\n    {owner};")));
        let found = files.iter().any(|(stem, text)| {
            let owned = owner.is_empty()
                || stem == owner
                || (emits && stem == "emitter")
                || text.lines().any(|line| line.starts_with("impl") && line.contains(&format!("{owner} ")))
                || text.lines().any(|line| declares(line, owner))
                || text.contains(&format!("impl {owner} {{"));
            owned && text.lines().any(|line| declares(line, member))
        });
        if !found {
            missing.insert(name.clone());
        }
    }
    assert!(missing.is_empty(), "not in the source: {missing:#?}");
}

const BEGIN: &str = "<!-- the rows of spec/features.md -->\n";
const END: &str = "<!-- their end -->\n";

/// What Node does, what netfold does, and why, of each deviation.
fn differences() -> BTreeMap<String, [String; 3]> {
    let cells = |row: &str| row.split('|').map(|cell| cell.trim().to_string()).collect::<Vec<_>>();
    let of = |row: Rule| {
        let [node, netfold, why, ..] = &cells(&row.text)[..] else { panic!("{row:?}") };
        (row.number.clone(), [node.clone(), netfold.clone(), why.clone()])
    };
    deviations().into_iter().map(of).collect()
}

/// What differs from Node in a row, and why something is not there.
fn note(row: &Row, differences: &BTreeMap<String, [String; 3]>) -> String {
    let of = |number: &String| {
        let [node, here, why] = differences.get(number)?;
        let why = if row.netfold.is_none() && !why.is_empty() { format!(" ({why})") } else { String::new() };
        Some(format!("{number}: in Node {node}; here {here}{why}"))
    };
    row.rules.iter().filter_map(of).collect::<Vec<_>>().join(". ")
}

/// The rows as the page on migration has them: a table for each class. Names are links, which rustdoc denies where there is
/// no such item.
fn migration_rows() -> String {
    let mut out = String::from(BEGIN);
    let mut table = String::new();
    let (rows, differences) = (rows(), differences());
    for row in &rows {
        if row.table != table {
            table.clone_from(&row.table);
            let _ = write!(out, "\n## {table}\n\n| Node | here | rules | differs from Node v20 |\n|---|---|---|---|\n");
        }
        let here = row.netfold.as_ref().map_or(String::from("not there"), |name| format!("[`{name}`](crate::{name})"));
        let rules: Vec<&str> = row.rules.iter().filter(|rule| !rule.starts_with('D')).map(String::as_str).collect();
        let _ = writeln!(out, "| `{}` | {here} | {} | {} |", row.node, rules.join(", "), note(row, &differences));
    }
    out.push('\n');
    out + END
}

#[test]
fn the_migration_page_has_the_same_rows() {
    let path = root().join("driver/docs/migration.md");
    let page = text_of(&path);
    let begin = page.find(BEGIN).expect("the rows begin");
    let end = page.find(END).expect("the rows end") + END.len();
    let rows = migration_rows();
    if std::env::var_os("FEATURES").is_some_and(|what| what == "write") {
        std::fs::write(&path, format!("{}{rows}{}", &page[..begin], &page[end..])).expect("the page is written");
        return;
    }
    let differs = page[begin..end].lines().zip(rows.lines()).find(|(ours, right)| ours != right);
    assert!(
        page[begin..end] == rows,
        "driver/docs/migration.md differs from spec/features.md, first in {differs:?}: see FEATURES=write"
    );
}

/// Every code that an error can have here stands on the page, in a program that makes the error and asks for it.
#[test]
fn the_migration_page_has_every_code() {
    let page = text_of(&root().join("driver/docs/migration.md"));
    let source = text_of(&root().join("core/src/error.rs"));
    let codes: BTreeSet<&str> =
        source.split('"').filter(|text| text.starts_with("ERR_") && !text.contains(' ')).collect();
    assert!(codes.len() > 15, "they are read");
    let missing: Vec<_> = codes.iter().filter(|code| !page.contains(&format!("\"{code}\""))).collect();
    assert!(missing.is_empty(), "{missing:?}");
}
