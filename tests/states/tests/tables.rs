//! The tables of `spec/states/` say what the machines do: every step is a row, and every row is a step.
//!
//! Random programs begin with the seed below, or that in `NETFOLD_SEED`; a complaint names the program it was seen in first.

use netfold_states::{
    Action, Action::*, Cmd, Cmd::*, Ledger, Machine, Plan, Plan::*, Row, Start, Start::*, Table, every_short_program,
    one_program, random_programs, walk_the_loop,
};
use std::collections::BTreeMap;

const SEED: u64 = 20_240_229;

fn seed() -> u64 {
    let seed = std::env::var("NETFOLD_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(SEED);
    println!("NETFOLD_SEED={seed}");
    seed
}

type Program<'a> = (Start, &'a [(Action, Plan)]);

/// Walks a machine from each start: every program up to a length, and random ones; then programs that are longer and rare.
fn walked(machine: Machine, starts: &[(Start, &[Cmd])], length: u32, rare: &[Program<'_>]) -> Ledger {
    let mut ledgers = BTreeMap::from([(machine, Ledger::default())]);
    for (start, alphabet) in starts {
        every_short_program(*start, alphabet, length, &mut ledgers);
        random_programs(*start, alphabet, seed(), 4000, 40, &mut ledgers);
    }
    for (start, program) in rare {
        one_program(*start, program, &mut ledgers);
    }
    ledgers.remove(&machine).expect("it was walked")
}

/// The table is right, and each of its cells matters.
#[track_caller]
fn assert_true(name: &str, ledger: &Ledger, least: u64) {
    let table = Table::load(name);
    assert!(ledger.steps() > least, "only {} steps", ledger.steps());
    let complaints = ledger.complaints(&table);
    assert!(complaints.is_empty(), "{name}, {} steps:\n{complaints}", ledger.steps());
    let mut idle = Vec::new();
    for (at, row) in table.rows.iter().enumerate() {
        for other in changed(row, &table) {
            let mut wrong = table.clone();
            match other {
                Some(other) => wrong.rows[at] = other.clone(),
                None => _ = wrong.rows.remove(at),
            }
            if ledger.complaints_of_cause(&wrong, &row.cause).is_empty() {
                idle.push(&table.rows[at]);
            }
        }
    }
    assert!(idle.is_empty(), "{name}: these could be otherwise, and nobody would know: {idle:#?}");
}

/// A row with one cell made wrong at a time; `None` for no row at all.
fn changed(row: &Row, table: &Table) -> Vec<Option<Row>> {
    let mut out = vec![None];
    for next in table.states.iter().filter(|state| state.name != row.next && state.name != row.state) {
        out.push(Some(Row { next: next.name.clone(), ..row.clone() }));
    }
    for at in 0..row.condition.len() {
        let mut condition = row.condition.clone();
        condition[at] = match condition[at].strip_prefix("not ") {
            Some(fact) => fact.into(),
            None => format!("not {}", condition[at]),
        };
        out.push(Some(Row { condition, ..row.clone() }));
    }
    for at in 0..row.events.len() {
        let mut events = row.events.clone();
        events.remove(at);
        out.push(Some(Row { events, ..row.clone() }));
    }
    let events = row.events.iter().cloned().chain([String::from("something else")]).collect();
    out.push(Some(Row { events, ..row.clone() }));
    let other = table.states.iter().map(|state| &state.name).find(|name| **name != row.state).expect("another state");
    out.push(Some(Row { state: other.clone(), ..row.clone() }));
    out.push(Some(Row { cause: format!("{} today", row.cause), ..row.clone() }));
    out
}

#[test]
fn the_life_of_a_socket_is_its_table() {
    let once = [
        ConnectAddress,
        ConnectName,
        ConnectNames,
        ConnectPath,
        ConnectBadly,
        Write,
        End,
        Destroy,
        DestroyWith,
        DestroySoon,
        Reset,
    ];
    let again = [ConnectAddress, ConnectName, ConnectNames, ConnectPath, Destroy, DestroyWith, Reset];
    let starts: [(Start, &[Cmd]); 4] = [(Fresh, &once), (Online, &once), (HalfOpen, &once), (Again, &again)];
    // The second of two writes fails, after the other party's FIN; and after that and `end`.
    let [one, two, written] = [(Give(Write), Waits), (Give(Write), Well), (Written(true), Fails)];
    let fin = [(Eof, Well), (Tick, Well), (Tick, Well), (Tick, Well), (Tick, Well)];
    let first = [&[one, two][..], &fin, &[written]].concat();
    let second = [&[one, two][..], &fin, &[(Give(End), Well), written]].concat();
    let rare: [Program<'_>; 2] = [(HalfOpen, &first), (HalfOpen, &second)];
    assert_true("socket", &walked(Machine::Socket, &starts, 4, &rare), 400_000);
}

#[test]
fn the_readable_half_is_its_table() {
    let calls =
        [ConnectAddress, OnData, OffData, OnReadable, OffReadable, Pause, Resume, ReadAll, ReadNone, End, Destroy];
    let starts: [(Start, &[Cmd]); 3] = [(Fresh, &calls), (Online, &calls), (HalfOpen, &calls)];
    // What a 'readable' listener that went leaves behind: a tick, or two with something between them.
    let mut rare = Vec::new();
    let ticks = || [(Tick, Well); 6];
    let given = |calls: &[Cmd]| calls.iter().map(|cmd| (Give(*cmd), Well)).collect::<Vec<_>>();
    let twice = given(&[OnReadable, OffReadable, OnReadable, OffReadable, OnData]);
    rare.push([&twice[..], &[(Tick, Well), (Give(Pause), Well), (Tick, Well)]].concat());
    let twice = given(&[OnReadable, OffReadable, Resume, OnReadable, OffReadable]);
    rare.push([&twice[..], &ticks()].concat());
    rare.push([&twice[..], &[(Tick, Well), (Give(Pause), Well)], &ticks()].concat());
    // It flows, with a listener.
    let flows = [&given(&[OnReadable, OffReadable, OnReadable, Resume])[..], &[(Tick, Well)]].concat();
    rare.push([&flows[..], &given(&[Pause])].concat());
    rare.push([&flows[..], &ticks(), &[(Eof, Well)]].concat());
    rare.push([&flows[..], &ticks(), &[(Read, Well)], &ticks()].concat());
    rare.push([&flows[..], &ticks(), &[(Read, Well), (Give(OnData), Well)], &ticks()].concat());
    let rare: Vec<Program<'_>> = rare.iter().map(|program| (Online, &program[..])).collect();
    assert_true("readable", &walked(Machine::Readable, &starts, 4, &rare), 400_000);
}

#[test]
fn the_writable_half_is_its_table() {
    let calls = [ConnectAddress, Write, WriteMuch, Cork, Uncork, End, Destroy];
    let starts: [(Start, &[Cmd]); 3] = [(Fresh, &calls), (Online, &calls), (HalfOpen, &calls)];
    let parked = [(Give(ConnectAddress), Well), (Give(WriteMuch), Well), (Give(Cork), Well), (Tick, Well)];
    let parked = [&parked[..], &[(Connected(true), Well)]].concat();
    let failed = [(Give(Cork), Well), (Give(WriteMuch), Well), (Give(Uncork), Well), (Give(Write), Fails)];
    let failed = [&failed[..], &[(Tick, Well)]].concat();
    let behind = [Write, Cork, Write].map(|cmd| (Give(cmd), Well));
    let behind = [&[(Give(ConnectAddress), Well)][..], &behind, &[(Tick, Well), (Connected(true), Well)]].concat();
    let rare: [Program<'_>; 3] = [(Fresh, &parked), (Online, &failed), (Fresh, &behind)];
    assert_true("writable", &walked(Machine::Writable, &starts, 4, &rare), 400_000);
}

#[test]
fn a_server_is_its_table() {
    let calls = [Listen, ListenAddress, ListenName, Close, DestroyConnection, Max];
    assert_true("server", &walked(Machine::Server, &[(Start::Server, &calls)], 5, &[]), 150_000);
}

#[test]
fn the_turn_loop_is_its_table() {
    let mut ledger = Ledger::default();
    walk_the_loop(seed(), 3000, &mut ledger);
    assert_true("loop", &ledger, 100_000);
}
