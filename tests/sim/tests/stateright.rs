//! The explorer beside another model checker, `stateright`: as many states on the same scenarios, and the same judgement.
//!
//! To that one a state is the answers that lead to it, and is made anew from the beginning each time: so that what the
//! explorer gets by cloning machines in the middle is compared with what machines do that were never cloned.

use netfold_sim::explore::pair::{Pair, PairState};
use netfold_sim::explore::{Choose, Explorer, Model};
use stateright::{Checker, Property};
use std::hash::{Hash, Hasher};

/// Answers that are given, then the first; how many there were to choose from.
#[derive(Default)]
struct Given {
    answers: Vec<u32>,
    asked: Vec<u32>,
}

impl Choose for Given {
    fn choose(&mut self, _: &'static str, n: u32) -> u32 {
        self.asked.push(n);
        self.answers.get(self.asked.len() - 1).copied().unwrap_or(0)
    }
}

/// A scenario, as stateright sees it.
#[derive(Clone)]
struct Beside(Pair);

/// The answers of each step from the beginning. Two with one key are one state.
#[derive(Clone, Debug)]
struct Path {
    steps: Vec<Vec<u32>>,
    key: u128,
    broken: bool,
}

impl Hash for Path {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        self.key.hash(hasher);
    }
}

impl PartialEq for Path {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

impl Beside {
    /// The state at the end of a path, and whether the last step was one.
    fn at(&self, steps: &[Vec<u32>]) -> (PairState, bool) {
        let mut state = self.0.begin();
        let mut goes = true;
        for answers in steps {
            goes = self.0.step(&mut state, &mut Given { answers: answers.clone(), asked: Vec::new() });
        }
        (state, goes)
    }
}

impl stateright::Model for Beside {
    type State = Path;
    type Action = Vec<u32>;

    fn init_states(&self) -> Vec<Path> {
        vec![Path { steps: Vec::new(), key: self.0.key(&self.0.begin()), broken: false }]
    }

    /// Every sequence of answers that a step from here can ask for.
    fn actions(&self, path: &Path, actions: &mut Vec<Vec<u32>>) {
        let mut open = vec![Vec::new()];
        while let Some(answers) = open.pop() {
            let (mut state, _) = self.at(&path.steps);
            let mut given = Given { answers: answers.clone(), asked: Vec::new() };
            if !self.0.step(&mut state, &mut given) {
                return;
            }
            match given.asked.get(answers.len()) {
                None => actions.push(answers),
                Some(n) => open.extend((0..*n).map(|next| [&answers[..], &[next]].concat())),
            }
        }
    }

    fn next_state(&self, path: &Path, answers: Vec<u32>) -> Option<Path> {
        let steps = [&path.steps[..], &[answers]].concat();
        let (state, goes) = self.at(&steps);
        Some(Path { steps, key: self.0.key(&state), broken: self.0.broken(&state, !goes).is_some() })
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![Property::always("what must hold holds", |_, path: &Path| !path.broken)]
    }
}

#[test]
fn stateright_finds_as_many_states_and_nothing_broken() {
    let calm = Pair { writes: [0, 0], ends: true, destroys: false, resets: false, ..Pair::FULL };
    let pairs = [
        calm,
        Pair { writes: [1, 0], destroys: false, resets: false, ..Pair::FULL },
        Pair { writes: [1, 0], destroys: false, ..Pair::FULL },
        Pair { writes: [1, 0], resets: false, half_open: true, ..Pair::FULL },
    ];
    for pair in pairs {
        let explored = Explorer::default().run(&pair, |_| {});
        assert!(explored.closed, "{pair:?}");
        let broad = stateright::Model::checker(Beside(pair)).spawn_bfs().join();
        broad.assert_properties();
        assert_eq!(broad.unique_state_count() as u64, explored.progress.states, "{pair:?}");
        if explored.progress.states > 2_000 {
            continue;
        }
        let deep = stateright::Model::checker(Beside(pair)).spawn_dfs().join();
        deep.assert_properties();
        assert_eq!(deep.unique_state_count() as u64, explored.progress.states, "{pair:?}");
    }
}
