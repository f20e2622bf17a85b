//! The table of the planted bugs: after how many seeds each is found, and by which rule.
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
    use netfold_sim::{Chooser, program};
    use std::process::ExitCode;
    use std::time::Instant;

    /// A bug that is not found in so many seeds is not found.
    const SEEDS: u64 = 10_000;

    pub(super) fn main() -> ExitCode {
        std::panic::set_hook(Box::new(|_| {}));
        let words: Vec<String> = std::env::args().skip(1).collect();
        let seeds = words.iter().find_map(|word| word.parse().ok()).unwrap_or(SEEDS);
        let wanted = |bug: &Bug| {
            let name = format!("{bug:?}");
            words.iter().all(|word| word.parse::<u64>().is_ok()) || words.contains(&name)
        };
        let mut missed = 0;
        println!("{:<24} {:>6}  rule that broke", "bug", "seeds");
        for &bug in Bug::ORDER.iter().filter(|bug| wanted(bug)) {
            let began = Instant::now();
            plant(Some(bug));
            let found = (0..seeds).find_map(|seed| {
                let rule = broken(seed)?;
                // It counts if the seed is sound without the bug.
                plant(None);
                let sound = broken(seed).is_none();
                plant(Some(bug));
                sound.then_some((seed + 1, rule))
            });
            plant(None);
            match found {
                Some((seeds, rule)) => println!("{:<24} {seeds:>6}  {rule}", format!("{bug:?}")),
                None => {
                    missed += 1;
                    println!("{:<24} {:>6}  not found ({:?})", format!("{bug:?}"), "-", began.elapsed());
                }
            }
        }
        println!(
            "{} bugs, {missed} of them not found in {seeds} seeds",
            Bug::ORDER.iter().filter(|b| wanted(b)).count()
        );
        if missed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }

    /// What a seed breaks. A machine that panics is found out too.
    fn broken(seed: u64) -> Option<String> {
        let run = || program::run(&Chooser::seed(seed), program::ProgramOptions::default());
        let Ok(ran) = std::panic::catch_unwind(run) else { return Some("a panic".into()) };
        let (rule, what) = ran.problems.into_iter().next()?;
        let what = what.split(": ").skip(1).collect::<Vec<_>>().join(": ");
        Some(format!("{rule}: {what}"))
    }
}
