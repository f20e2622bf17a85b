//! Reading a table: a page of `spec/states/` with a list of states and a list of transitions.

use std::path::{Path, PathBuf};

/// The tables that there are.
pub const TABLES: [&str; 5] = ["socket", "readable", "writable", "server", "loop"];

/// Where the tables and the diagrams are.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../spec/states")
}

/// A state, and where it is drawn.
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    /// Its name.
    pub name: String,
    /// Column and row of the drawing.
    pub at: (f64, f64),
}

/// A transition, or events without one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The state before.
    pub state: String,
    /// What happens: `place: what`.
    pub cause: String,
    /// What must hold before, or be answered by the system meanwhile: facts, some with `not` before them.
    pub condition: Vec<String>,
    /// The state after.
    pub next: String,
    /// What is emitted, in order; with a `*` any number of times.
    pub events: Vec<String>,
    /// The rules it follows from.
    pub rules: Vec<String>,
}

/// One machine's table.
#[derive(Clone, Debug)]
pub struct Table {
    /// The name of its file.
    pub name: String,
    /// The first line of the page.
    pub title: String,
    /// The states.
    pub states: Vec<State>,
    /// The transitions.
    pub rows: Vec<Row>,
}

fn list(cell: &str) -> Vec<String> {
    cell.split(", ").filter(|word| !word.is_empty()).map(String::from).collect()
}

fn cells(line: &str) -> Option<Vec<&str>> {
    let inner = line.strip_prefix('|')?.strip_suffix('|')?;
    Some(inner.split('|').map(str::trim).collect())
}

impl Table {
    /// Reads `spec/states/NAME.md`.
    ///
    /// # Panics
    ///
    /// If it is not there, or is no table.
    pub fn load(name: &str) -> Self {
        let path = folder().join(name).with_extension("md");
        let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        Self::parse(name, &text)
    }

    /// Reads a page.
    ///
    /// # Panics
    ///
    /// If a line is neither a state nor a transition, or names what is not there.
    pub fn parse(name: &str, text: &str) -> Self {
        let title = text.lines().next().and_then(|line| line.strip_prefix("# ")).expect("a title");
        let mut table = Self { name: name.into(), title: title.into(), states: Vec::new(), rows: Vec::new() };
        for line in text.lines() {
            match cells(line).as_deref() {
                None => {}
                Some([first, ..]) if first.starts_with("--") || *first == "state" => {}
                Some([state, _, at]) => table.states.push(State { name: (*state).into(), at: place(at, line) }),
                Some([state, cause, condition, next, events, rules]) => table.rows.push(Row {
                    state: (*state).into(),
                    cause: (*cause).into(),
                    condition: list(condition),
                    next: (*next).into(),
                    events: list(events),
                    rules: list(rules),
                }),
                Some(_) => panic!("{name}: neither a state nor a transition: {line}"),
            }
        }
        for row in &table.rows {
            assert!(
                row.state == "any" || table.state(&row.state).is_some(),
                "{name}: there is no state {:?}",
                row.state
            );
            assert!(row.next == "same" || table.state(&row.next).is_some(), "{name}: there is no state {:?}", row.next);
        }
        table
    }

    /// A state by name.
    pub fn state(&self, name: &str) -> Option<&State> {
        self.states.iter().find(|state| state.name == name)
    }
}

fn place(at: &str, line: &str) -> (f64, f64) {
    let numbers: Option<(f64, f64)> = at.split_once(", ").and_then(|(x, y)| Some((x.parse().ok()?, y.parse().ok()?)));
    numbers.unwrap_or_else(|| panic!("no place: {line}"))
}
