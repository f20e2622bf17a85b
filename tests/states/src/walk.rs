//! Programs: every short one over an alphabet, and random ones.

use crate::ledger::Ledger;
use crate::world::{Action, Cmd, Machine, Plan, Start, World};
use std::collections::BTreeMap;

type Ledgers = BTreeMap<Machine, Ledger>;

/// Runs every program of at most `depth` things that can be done, each with every answer that matters.
pub fn every_short_program(start: Start, alphabet: &[Cmd], depth: u32, ledgers: &mut Ledgers) {
    every(&World::new(start), alphabet, depth, ledgers);
}

fn every(world: &World, alphabet: &[Cmd], depth: u32, ledgers: &mut Ledgers) {
    if depth == 0 {
        return;
    }
    for action in world.actions(alphabet) {
        let mut well = world.clone();
        let matters = well.run(action, Plan::Well, ledgers);
        every(&well, alphabet, depth - 1, ledgers);
        for plan in matters {
            let mut other = world.clone();
            other.run(action, plan, ledgers);
            every(&other, alphabet, depth - 1, ledgers);
        }
    }
}

/// Runs one program. A tick is passed over when none is owed.
pub fn one_program(start: Start, program: &[(Action, Plan)], ledgers: &mut Ledgers) {
    let mut world = World::new(start);
    for (action, plan) in program {
        if *action == Action::Tick && !world.owes_ticks() {
            continue;
        }
        world.run(*action, *plan, ledgers);
    }
}

/// xorshift64*: the same numbers everywhere.
#[derive(Clone, Debug)]
pub struct Rng(u64);

impl Rng {
    /// From a seed.
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// A number below n.
    pub fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % n
    }
}

/// Runs so many programs of `steps` things each; in every other one listeners give calls too.
pub fn random_programs(start: Start, alphabet: &[Cmd], seed: u64, programs: u32, steps: u32, ledgers: &mut Ledgers) {
    let mut rng = Rng::new(seed);
    for program in 0..programs {
        let mut world = World::new(start);
        for _ in 0..steps {
            let actions = world.actions(alphabet);
            if actions.is_empty() {
                break;
            }
            // Turns and ticks have half of the choices: calls alone lead nowhere.
            let env = actions.iter().filter(|a| !matches!(a, Action::Give(_))).count();
            let among = if env > 0 && rng.below(2) == 0 { env } else { actions.len() };
            let plan = [Plan::Well, Plan::Well, Plan::Waits, Plan::Fails, Plan::Refused][rng.below(5)];
            if program % 2 == 1 {
                let calls = (0..rng.below(3)).map(|_| alphabet[rng.below(alphabet.len())]).collect();
                world.nest(calls);
            }
            world.run(actions[rng.below(among)], plan, ledgers);
        }
    }
}
