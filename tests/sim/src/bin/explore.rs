//! Explores "two writes a side, partial I/O, one reset, destroy anywhere", or a smaller scenario of that name.
//!
//! Words: `breadth` (first; else depth), `ruled` (the rules look at both machines), a scenario's name, a number (of states after which
//! it gives up).

use netfold_sim::explore::pair::{Pair, Ruled, SCENARIOS};
use netfold_sim::explore::{Cells, Explored, Explorer, Model, Order};
use std::process::ExitCode;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let has = |word: &str| words.iter().any(|given| given == word);
    let order = if has("breadth") { Order::Breadth } else { Order::Depth };
    let most = words.iter().find_map(|word| word.parse().ok()).unwrap_or(u64::MAX);
    let pair = SCENARIOS.iter().find(|(name, _)| has(name)).map_or(Pair::FULL, |(_, pair)| *pair);
    let explorer = Explorer { order, most };
    let explored = if has("ruled") { run(explorer, &Ruled(pair)) } else { run(explorer, &pair) };
    println!("{}", Cells(&pair, &explored.progress));
    if let Some((what, tape)) = &explored.broken {
        println!("{what}\n{tape}");
    }
    if explored.broken.is_none() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn run<M: Model>(explorer: Explorer, model: &M) -> Explored {
    let explored = explorer.run(model, |progress| {
        eprint!("\r{} states, {} waiting, {:.0} a second", progress.states, progress.waiting, progress.rate());
    });
    let p = &explored.progress;
    eprintln!();
    println!(
        "{} states, {} steps, {} ends, {:.1} s, {:.0} states a second; {}",
        p.states,
        p.steps,
        p.ends,
        p.took.as_secs_f64(),
        p.rate(),
        if explored.closed { "closed" } else { "not closed" }
    );
    explored
}
