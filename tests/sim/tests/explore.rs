//! Small scenarios are explored to their end, on the real machine; a plain search finds as many states.

use netfold_sim::explore::pair::{Pair, PairState, Ruled, SCENARIOS, tape_of};
use netfold_sim::explore::{Choose, Explorer, Model, Order, walk};
use netfold_sim::{Chooser, Diagram, Finding, Finished, Kind};
use std::collections::BTreeSet;

const SMALL: [Pair; 4] = [
    Pair { writes: [1, 0], destroys: false, resets: false, ..Pair::FULL },
    Pair { writes: [1, 1], destroys: false, ..Pair::FULL },
    Pair { writes: [2, 0], destroys: false, half_open: true, ..Pair::FULL },
    Pair { writes: [1, 0], ..Pair::FULL },
];

#[test]
fn in_whatever_order_all_states_are_seen_once_and_hold() {
    for pair in SMALL {
        let both = [Order::Depth, Order::Breadth].map(|order| {
            let explored = Explorer { order, ..Explorer::default() }.run(&pair, |_| {});
            assert_eq!(explored.broken, None, "{pair:?}");
            assert!(explored.closed, "{pair:?}");
            (explored.progress.states, explored.progress.steps, explored.progress.cells)
        });
        assert_eq!(both[0], both[1], "{pair:?}");
    }
}

/// The rules of `spec/rules.md` look at both machines in all states of the small scenarios.
#[test]
fn the_rules_hold_in_all_states_of_small_scenarios() {
    for (name, pair) in &SCENARIOS[1..6] {
        let explored = Explorer::default().run(&Ruled(*pair), |_| {});
        assert_eq!(explored.broken, None, "{name}");
        assert!(explored.closed && explored.progress.states > 300, "{name}");
        assert_eq!(explored.progress.states, Explorer::default().run(pair, |_| {}).progress.states, "{name}");
    }
}

/// What the explorer finds is a tape like others: of the scenario that it is a walk of.
#[test]
fn a_tape_of_the_explorers_is_one_of_a_run() {
    /// 'finish' shall not come: an invariant that does not hold.
    struct Dry(Pair);

    impl Model for Dry {
        type State = PairState;

        fn begin(&self) -> PairState {
            self.0.begin()
        }

        fn step(&self, state: &mut PairState, choose: &mut impl Choose) -> bool {
            self.0.step(state, choose)
        }

        fn key(&self, state: &PairState) -> u128 {
            self.0.key(state)
        }

        fn broken(&self, state: &PairState, _: bool) -> Option<String> {
            format!("{state:?}").contains("finish: true").then(|| "'finish' comes".into())
        }
    }

    let dry = Dry(SCENARIOS[1].1);
    let explored = Explorer { order: Order::Breadth, ..Explorer::default() }.run(&dry, |_| {});
    let (what, tape) = explored.broken.expect("a broken state");
    assert_eq!(what, "'finish' comes");
    let chooser = Chooser::tape(tape_of(1, &tape));
    let finish = |finished: &Finished| {
        let text = Diagram::of(finished).to_string();
        text.contains("'finish'").then(|| ("finish".to_string(), text))
    };
    let found = Finding::when(Kind::Pair, chooser.clone(), finish).expect("it comes there too");
    assert_eq!(chooser.failed(), None);
    let small = found.small_when(300, finish);
    assert!(small.tape.choices().len() <= found.tape.choices().len(), "{small}");
}

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

/// All successors of a state, found by asking again from the beginning for each answer.
fn successors(pair: &Pair, state: &PairState) -> Vec<PairState> {
    let mut found = Vec::new();
    let mut open = vec![Vec::new()];
    while let Some(answers) = open.pop() {
        let mut given = Given { answers: answers.clone(), asked: Vec::new() };
        let mut next = state.clone();
        if !pair.step(&mut next, &mut given) {
            return found;
        }
        match given.asked.get(answers.len()) {
            None => found.push(next),
            Some(n) => open.extend((0..*n).map(|next| [answers.clone(), vec![next]].concat())),
        }
    }
    found
}

#[test]
fn a_plain_search_finds_as_many_states() {
    for pair in SMALL {
        let first = pair.begin();
        let mut seen = BTreeSet::from([pair.key(&first)]);
        let mut open = vec![first];
        while let Some(state) = open.pop() {
            let next = successors(&pair, &state);
            open.extend(next.into_iter().filter(|next| seen.insert(pair.key(next))));
        }
        assert_eq!(seen.len() as u64, Explorer::default().run(&pair, |_| {}).progress.states, "{pair:?}");
    }
}

#[test]
fn walks_at_random_and_along_a_tape_are_one() {
    for seed in 0..200 {
        let chooser = Chooser::seed(seed).recording();
        assert_eq!(walk(&Pair::FULL, &chooser, 500), None, "seed {seed}");
        let again = Chooser::tape(chooser.recorded());
        walk(&Pair::FULL, &again, 500);
        assert_eq!((again.failed(), again.count()), (None, chooser.count()));
    }
}

/// Walks at random have traces, and the rules of `spec/rules.md` hold in them.
#[test]
fn the_rules_hold_in_walks() {
    for seed in 0..400 {
        assert!(Kind::Pair.run(&Chooser::seed(seed)).problems.is_empty(), "{}", Kind::Pair.report(seed));
    }
}
