//! The table of the planted bugs: after how many seeds each is found, how small the run is made (answers that are not left out,
//! arrows of its diagram), and by which rule. With the word `show` the small runs too: diagram, scenario, test. With the word
//! `explorer`: which are found by looking at all states of small scenarios.
//!
//! In a build without them it says how to make one with them.

#[cfg(not(netfold_bugs))]
fn main() -> std::process::ExitCode {
    eprintln!("this build has no bugs planted: build it with RUSTFLAGS=\"--cfg netfold_bugs\"");
    std::process::ExitCode::from(2)
}

#[cfg(netfold_bugs)]
fn main() -> std::process::ExitCode {
    planted::main()
}

#[cfg(netfold_bugs)]
mod planted {
    use netfold::core::bugs::{Bug, plant};
    use netfold_sim::explore::pair::{Ruled, SCENARIOS, tape_of};
    use netfold_sim::explore::{Explorer, Order};
    use netfold_sim::{Chooser, Finding, Kind};
    use std::process::ExitCode;
    use std::time::Instant;

    /// A bug that is not found in so many seeds is not found.
    const SEEDS: u64 = 10_000;

    /// Of the full scenario no more states are looked at.
    const STATES: u64 = 120_000;

    pub(super) fn main() -> ExitCode {
        std::panic::set_hook(Box::new(|_| {}));
        let words: Vec<String> = std::env::args().skip(1).collect();
        let seeds = words.iter().find_map(|word| word.parse().ok()).unwrap_or(SEEDS);
        let wanted = |bug: &Bug| {
            let name = format!("{bug:?}");
            let no_name = |word: &String| matches!(&**word, "show" | "explorer") || word.parse::<u64>().is_ok();
            words.iter().all(no_name) || words.contains(&name)
        };
        let shows = words.iter().any(|word| word == "show");
        if words.iter().any(|word| word == "explorer") {
            let bugs: Vec<Bug> = Bug::ORDER.iter().copied().filter(|bug| wanted(bug)).collect();
            return explore(&bugs, words.iter().find_map(|word| word.parse().ok()).unwrap_or(STATES), shows);
        }
        let mut missed = 0;
        println!("{:<24} {:>6} {:>8} {:>6}  rule that broke", "bug", "seeds", "answers", "arrows");
        for &bug in Bug::ORDER.iter().filter(|bug| wanted(bug)) {
            let began = Instant::now();
            let name = format!("{bug:?}");
            plant(Some(bug));
            let found = (0..seeds).find_map(|seed| Some((seed + 1, new(bug, seed)?)));
            match found.map(|(seed, found)| (seed, found.small())) {
                Some((seeds, small)) => {
                    let (answers, arrows) = (small.tape.choices().len(), small.diagram().arrows());
                    println!("{name:<24} {seeds:>6} {answers:>8} {arrows:>6}  {}", without_input(&small));
                    if shows {
                        println!("\n{small}\n{}\n{}", small.scenario(), small.test("holds"));
                    }
                }
                None => {
                    missed += 1;
                    println!("{name:<24} {:>6} {:>8} {:>6}  not found ({:?})", "-", "-", "-", began.elapsed());
                }
            }
            // Only now: a trace is replayed by cores that have the bug too.
            plant(None);
        }
        let planted = Bug::ORDER.iter().filter(|bug| wanted(bug)).count();
        println!("{planted} bugs, {missed} of them not found in {seeds} seeds");
        if missed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }

    /// Which bugs the explorer finds, in all states of the small scenarios and many of the full one.
    fn explore(bugs: &[Bug], most: u64, shows: bool) -> ExitCode {
        let order: Vec<usize> = (1..SCENARIOS.len()).chain([0]).collect();
        let explorer = Explorer { order: Order::Breadth, most };
        let mut found = 0;
        println!("{:<24} {:>9} {:>8} {:>7} {:>6}  what broke", "bug", "scenario", "states", "answers", "arrows");
        for &bug in bugs {
            plant(Some(bug));
            let name = format!("{bug:?}");
            let explored = order.iter().find_map(|which| {
                let explored = explorer.run(&Ruled(SCENARIOS[*which].1), |_| {});
                let (what, tape) = explored.broken?;
                Some((*which, explored.progress.states, what, tape_of(*which, &tape)))
            });
            match explored {
                None => println!("{name:<24} {:>9} {:>8} {:>7} {:>6}", "-", "-", "-", "-"),
                Some((which, states, what, tape)) => {
                    found += 1;
                    let small = Finding::of(Kind::Pair, Chooser::tape(tape)).map(|found| found.small());
                    let (answers, arrows) =
                        small.as_ref().map_or((0, 0), |small| (small.tape.choices().len(), small.diagram().arrows()));
                    let scenario = SCENARIOS[which].0;
                    println!("{name:<24} {scenario:>9} {states:>8} {answers:>7} {arrows:>6}  {what}");
                    if let Some(small) = small.filter(|_| shows) {
                        println!("\n{small}\n{}", small.scenario());
                    }
                }
            }
            plant(None);
        }
        println!("{found} of {} bugs found by the explorer", bugs.len());
        ExitCode::SUCCESS
    }

    /// What a seed breaks with the bug, if it is sound without.
    fn new(bug: Bug, seed: u64) -> Option<Finding> {
        let found = Finding::of(Kind::Program, Chooser::seed(seed))?;
        plant(None);
        let sound = Finding::of(Kind::Program, Chooser::seed(seed)).is_none();
        plant(Some(bug));
        sound.then_some(found)
    }

    /// The rule, and what was seen of it.
    fn without_input(found: &Finding) -> String {
        let what = found.what.split(": ").skip(1).collect::<Vec<_>>().join(": ");
        format!("{}: {what}", found.rule)
    }
}
