//! The programs of the pages that are not Rust: Node runs them.

use netfold_conformance::spec::{all_rules, root, text_of};
use netfold_conformance::{has_node_20, skipped};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
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

const PAGES: [&str; 6] = ["order", "half-open", "backpressure", "timeouts", "errors", "cookbook"];

fn page(name: &str) -> String {
    text_of(&root().join(format!("driver/docs/{name}.md")))
}

/// The numbers within brackets: `(W6)`, `(L1, L4)`, `(P1 to P3)`.
fn rules_of(text: &str) -> Vec<String> {
    let is_rule = |word: &str| {
        let mut chars = word.chars();
        chars.next().is_some_and(|c| c.is_ascii_uppercase()) && word.len() > 1 && chars.all(|c| c.is_ascii_digit())
    };
    let within = text.split('(').skip(1).filter_map(|rest| rest.split_once(')')).map(|(within, _)| within);
    let words = within.flat_map(|within| within.split([',', ' '])).filter(|word| is_rule(word));
    words.map(String::from).collect()
}

#[test]
fn each_rule_that_a_page_names_is_one() {
    let known: BTreeSet<String> = all_rules().into_iter().map(|rule| rule.number).collect();
    for name in PAGES {
        let named = rules_of(&page(name));
        assert!(named.len() > 4, "{name} names rules");
        let unknown: Vec<_> = named.iter().filter(|rule| !known.contains(*rule)).collect();
        assert!(unknown.is_empty(), "{name}: {unknown:?}");
    }
}

#[test]
fn the_cookbook_has_what_its_list_says() {
    let text = page("cookbook");
    let headings: Vec<&str> = outside_of_programs(&text).filter_map(|line| line.strip_prefix("# ")).skip(1).collect();
    let anchor = |heading: &str| heading.to_lowercase().replace(' ', "-").replace(',', "");
    let list: Vec<String> = headings.iter().zip(1..).map(|(h, n)| format!("{n}. [{h}](#{})", anchor(h))).collect();
    let on_page: Vec<&str> = text.lines().filter(|line| line.contains(". [") && line.contains("](#")).collect();
    assert_eq!(on_page, list);
    assert_eq!(list.len(), 20);
    // Each is a whole program.
    assert_eq!(text.lines().filter(|line| *line == "```").count(), 2 * 20);
    assert_eq!(text.matches("\n```\nuse netfold").count(), 20);
}

/// The lines of a page that are not in a block of code.
fn outside_of_programs(text: &str) -> impl Iterator<Item = &str> {
    let mut within = false;
    text.lines().filter(move |line| {
        let fence = line.starts_with("```");
        within ^= fence;
        !within && !fence
    })
}

/// Every page of the project that is written in Markdown.
fn pages(folder: &Path, out: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        if path.is_dir() && !path.is_symlink() {
            if !name.starts_with('.') && !["target", "node_modules", "corpus", "artifacts"].contains(&name.as_str()) {
                pages(&path, out);
            }
        } else if name.ends_with(".md") {
            out.push(path);
        }
    }
}

/// Where a link leads, if it is to a file of the project: from this page, or from the project's address.
fn linked(page: &Path, link: &str) -> Option<PathBuf> {
    let (link, _anchor) = link.split_once('#').unwrap_or((link, ""));
    let project = "https://github.com/netfold/netfold/";
    let rest = link.strip_prefix(project).and_then(|rest| rest.split_once("/main/")).map(|(_, path)| path);
    match rest {
        Some(path) => Some(root().join(path)),
        None if link.is_empty() || link.contains(':') => None,
        None => Some(page.parent().expect("a folder").join(link)),
    }
}

#[test]
fn no_link_of_a_page_leads_nowhere() {
    let mut all = Vec::new();
    pages(&root(), &mut all);
    let (mut nowhere, mut links) = (Vec::new(), 0);
    for page in all {
        let text = text_of(&page);
        let targets = outside_of_programs(&text).flat_map(|line| line.split("](").skip(1));
        for target in targets.filter_map(|rest| Some(rest.split_once(')')?.0)) {
            if let Some(path) = linked(&page, target) {
                links += 1;
                if !path.exists() {
                    nowhere.push(format!("{}: {target}", page.display()));
                }
            }
        }
    }
    assert!(links > 60, "they are found: {links}");
    assert!(nowhere.is_empty(), "{nowhere:#?}");
}
