//! Only where bugs can be planted, so by `.ci/mutations`: what finds them makes them small.
#![cfg(netfold_bugs)]

use netfold::core::bugs::{Bug, plant};
use netfold_conformance::scenario::{parse, run_on};
use netfold_sim::{Chooser, Finding, Kind, World};

fn log(text: &str) -> String {
    let world = World::new(Chooser::calm());
    world.directory(std::env::temp_dir().to_string_lossy().trim_end_matches('/'));
    run_on(world, &parse(text).expect("a scenario"))
}

/// Of many a planted bug the small run is a scenario, too, that logs something else with the bug than without: so Node
/// shows what is wrong with it. It is alone in its process, since a bug is in all of it.
#[test]
fn small_runs_show_their_bugs() {
    let mut shown = Vec::new();
    for &bug in Bug::ORDER {
        plant(Some(bug));
        let found = (0..60).find_map(|seed| Finding::of(Kind::Program, Chooser::seed(seed)));
        // What panics does so many times.
        let hook = std::panic::take_hook();
        std::panic::set_hook(Box::new(|_| {}));
        let small = found.map(|found| found.small());
        std::panic::set_hook(hook);
        let Some(small) = small else { continue };
        assert_eq!(Finding::of(Kind::Program, Chooser::tape(small.tape.clone())).expect("it fails").rule, small.rule);
        let text = small.scenario();
        let with = log(&text);
        plant(None);
        assert!(Finding::of(Kind::Program, Chooser::tape(small.tape.clone())).is_none(), "{bug:?} and no other");
        if with != log(&text) {
            shown.push(bug);
        }
    }
    println!("{} of the small runs are scenarios that show the bug: {shown:?}", shown.len());
    assert!(shown.len() >= 25, "{shown:?}");
}
