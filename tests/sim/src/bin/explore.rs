//! Explores "two writes a side, partial I/O, one reset, destroy anywhere", or with fewer words a smaller one.

use netfold_sim::explore::pair::Pair;
use netfold_sim::explore::{Cells, Explorer, Order};
use std::process::ExitCode;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let has = |word: &str| words.iter().any(|given| given == word);
    let order = if has("breadth") { Order::Breadth } else { Order::Depth };
    let most = words.iter().find_map(|word| word.parse().ok()).unwrap_or(u64::MAX);
    let writes = if has("small") { [1, 1] } else { [2, 2] };
    let pair = Pair { writes, half_open: has("half-open"), ..Pair::FULL };
    let explored = Explorer { order, most }.run(&pair, |progress| {
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
    println!("{}", Cells(&pair, p));
    if let Some((what, tape)) = &explored.broken {
        println!("{what}\n{tape}");
    }
    if explored.broken.is_none() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
