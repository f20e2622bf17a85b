//! The diagrams of `spec/states/` are those of the tables, and can be read; the tables name rules and states that there are.

use netfold_core::{ReadableState, ServerState, SocketState, WritableState};
use netfold_states::{TABLES, Table, draw, folder};
use std::collections::BTreeSet;

#[test]
fn each_diagram_is_drawn_from_its_table_as_it_stands() {
    for name in TABLES {
        let path = folder().join(name).with_extension("svg");
        let there = std::fs::read_to_string(&path).unwrap_or_default();
        let drawn = draw::svg(&Table::load(name));
        assert!(there == drawn, "{name}.svg is stale: cargo run -p netfold-states --bin diagrams");
    }
}

#[test]
fn no_label_covers_a_state_or_another_label() {
    for name in TABLES {
        let layout = draw::layout(&Table::load(name));
        for (at, label) in layout.labels.iter().enumerate() {
            let others = layout.nodes.iter().chain(&layout.labels[at + 1..]);
            let covered = others.map(|other| label.overlap(other)).fold(0.0, f64::max);
            assert!(covered == 0.0, "{name}: label {at} at {:?} covers {covered} pixels", label.at);
        }
    }
}

#[test]
fn the_states_are_those_of_the_core() {
    fn assert_same(name: &str, core: &[&str]) {
        let states: Vec<String> = Table::load(name).states.into_iter().map(|state| state.name).collect();
        let (table, core): (BTreeSet<&str>, BTreeSet<&str>) =
            (states.iter().map(String::as_str).collect(), core.iter().copied().collect());
        assert_eq!(table, core, "{name}");
        assert_eq!(states.len(), table.len(), "{name} has a state twice");
    }
    assert_same("socket", &SocketState::ALL.iter().map(|state| state.name()).collect::<Vec<_>>());
    assert_same("readable", &ReadableState::ALL.iter().map(|state| state.name()).collect::<Vec<_>>());
    assert_same("writable", &WritableState::ALL.iter().map(|state| state.name()).collect::<Vec<_>>());
    assert_same("server", &ServerState::ALL.iter().map(|state| state.name()).collect::<Vec<_>>());
}

#[test]
fn each_row_names_rules_that_there_are() {
    let text = std::fs::read_to_string(folder().join("../rules.md")).expect("the rules");
    let known: BTreeSet<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix("- **")?.split_once("** "))
        .map(|(number, _)| number)
        .collect();
    for name in TABLES {
        for row in Table::load(name).rows {
            assert!(!row.rules.is_empty(), "{name}: no rule for {row:?}");
            for rule in &row.rules {
                assert!(known.contains(rule.as_str()), "{name}: there is no rule {rule}");
            }
        }
    }
}
