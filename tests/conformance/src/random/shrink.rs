//! What differs, made small: first by proptest, then by taking away whatever is not needed.

use super::strategy::Generated;
use crate::scenario::program::{Actor, Part, Program, Role, ServerOptions, SocketOptions, Step, Trigger, Verb};
use crate::scenario::{parse, print};
use proptest::strategy::ValueTree;

/// Makes the value of a tree smaller for as long as `differs` holds, trying at most `tries` times.
pub fn simplify<T: ValueTree<Value = Generated>>(
    tree: &mut T,
    tries: &mut u32,
    mut differs: impl FnMut(&Program) -> bool,
) -> Program {
    let mut best = tree.current().program;
    if !tree.simplify() {
        return best;
    }
    while *tries > 0 {
        *tries -= 1;
        let now = tree.current().program;
        let holds = now == best || differs(&now);
        if holds {
            best = now;
        }
        if !(if holds { tree.simplify() } else { tree.complicate() }) {
            break;
        }
    }
    best
}

/// Takes away parts, steps, events, options and actors, one at a time, for as long as `differs` holds.
pub fn reduce(program: Program, tries: &mut u32, mut differs: impl FnMut(&Program) -> bool) -> Program {
    let mut best = program;
    loop {
        let mut smaller = false;
        let mut at = 0;
        while let Some(next) = nth(&best, at) {
            if *tries == 0 {
                return best;
            }
            *tries -= 1;
            if differs(&next) {
                best = next;
                smaller = true;
            } else {
                at += 1;
            }
        }
        if !smaller {
            return best;
        }
    }
}

/// The n-th way to make a program smaller.
fn nth(program: &Program, n: usize) -> Option<Program> {
    let all =
        parts(program).chain(actors(program)).chain(steps(program)).chain(events(program)).chain(options(program));
    all.filter(|program| parse(&print(program)).is_ok()).nth(n)
}

fn without<T: Clone>(of: &[T], at: usize) -> Vec<T> {
    let mut rest = of.to_vec();
    rest.remove(at);
    rest
}

fn with_parts(program: &Program, parts: Vec<Part>) -> Program {
    Program { parts, ..program.clone() }
}

fn parts(program: &Program) -> impl Iterator<Item = Program> + '_ {
    let removable =
        program.parts.iter().enumerate().filter(|(_, part)| !matches!(part, Part::Block(Trigger::Start, _)));
    removable.rev().map(|(at, _)| with_parts(program, without(&program.parts, at)))
}

fn steps(program: &Program) -> impl Iterator<Item = Program> + '_ {
    let blocks = program.parts.iter().enumerate().filter_map(|(at, part)| match part {
        Part::Block(trigger, steps) => Some((at, trigger, steps)),
        Part::Watch(..) => None,
    });
    blocks.flat_map(move |(at, trigger, steps)| {
        let shorter = (0..steps.len()).rev().map(move |step| without(steps, step));
        let simpler = steps.iter().enumerate().flat_map(move |(step, old)| {
            simpler(old).into_iter().map(move |new| {
                let mut steps = steps.clone();
                steps[step] = new;
                steps
            })
        });
        shorter.chain(simpler).map(move |steps| {
            let mut parts = program.parts.clone();
            parts[at] = Part::Block(trigger.clone(), steps);
            with_parts(program, parts)
        })
    })
}

/// The same step with less to it.
fn simpler(step: &Step) -> Vec<Step> {
    let Step::Do(actor, verb) = step else { return Vec::new() };
    let verbs = match verb {
        Verb::Write(amount, callback) => {
            let mut all = Vec::new();
            if callback.is_some() {
                all.push(Verb::Write(*amount, None));
            }
            all.extend(smaller(*amount).into_iter().map(|amount| Verb::Write(amount, callback.clone())));
            all
        }
        Verb::End(amount, callback) => {
            let mut all = Vec::new();
            if amount.is_some() {
                all.push(Verb::End(None, callback.clone()));
            }
            if callback.is_some() {
                all.push(Verb::End(*amount, None));
            }
            all
        }
        Verb::Connect(to, options, callback) => {
            let mut all = Vec::new();
            if !options.is_empty() {
                all.push(Verb::Connect(to.clone(), Vec::new(), callback.clone()));
            }
            if callback.is_some() {
                all.push(Verb::Connect(to.clone(), options.clone(), None));
            }
            all
        }
        Verb::Listen(options, Some(_)) => vec![Verb::Listen(options.clone(), None)],
        Verb::Close(Some(_)) => vec![Verb::Close(None)],
        Verb::Get(properties) if properties.len() > 1 => {
            (0..properties.len()).map(|at| Verb::Get(without(properties, at))).collect()
        }
        _ => Vec::new(),
    };
    verbs.into_iter().map(|verb| Step::Do(actor.clone(), verb)).collect()
}

fn smaller(amount: crate::scenario::program::Amount) -> Vec<crate::scenario::program::Amount> {
    use crate::scenario::program::Amount;
    let mut all = Vec::new();
    if amount.encoding.is_some() {
        all.push(Amount { encoding: None, ..amount });
    }
    for length in [2, 20_000] {
        if length < amount.length {
            all.push(Amount { length, ..amount });
        }
    }
    all
}

fn events(program: &Program) -> impl Iterator<Item = Program> + '_ {
    let watches = program.parts.iter().enumerate().filter_map(|(at, part)| match part {
        Part::Watch(actor, events) if events.len() > 1 => Some((at, actor, events)),
        _ => None,
    });
    watches.flat_map(move |(at, actor, events)| {
        (0..events.len()).map(move |event| {
            let mut parts = program.parts.clone();
            parts[at] = Part::Watch(actor.clone(), without(events, event));
            with_parts(program, parts)
        })
    })
}

/// Without an actor and all that names it.
fn actors(program: &Program) -> impl Iterator<Item = Program> + '_ {
    (0..program.actors.len()).rev().map(move |at| {
        let name = &program.actors[at].name;
        let stays = |actor: &Actor| actor.name != *name && !matches!(&actor.role, Role::Peer(of) if of == name);
        let actors: Vec<Actor> = program.actors.iter().filter(|actor| stays(actor)).cloned().collect();
        let there = |name: &String| actors.iter().any(|actor| actor.name == *name);
        let parts = program.parts.iter().filter_map(|part| match part {
            Part::Watch(of, _) if !there(of) => None,
            Part::Block(Trigger::On(of, ..) | Trigger::Listener(_, of, _), _) if !there(of) => None,
            Part::Block(trigger, steps) => {
                let steps = steps.iter().filter(|step| names(step).iter().all(|name| there(name))).cloned();
                Some(Part::Block(trigger.clone(), steps.collect()))
            }
            part => Some(part.clone()),
        });
        Program { parts: parts.collect(), actors: actors.clone(), ..program.clone() }
    })
}

/// The actors that a step names.
fn names(step: &Step) -> Vec<&String> {
    use crate::scenario::program::{ListenOption, To};
    let Step::Do(actor, verb) = step else { return Vec::new() };
    let mut names = vec![actor];
    match verb {
        Verb::Connect(To::Server(name), ..) | Verb::Pipe(name, _) | Verb::Unpipe(Some(name)) => names.push(name),
        Verb::Listen(options, _) => names.extend(options.iter().filter_map(|option| match option {
            ListenOption::PortOf(name) | ListenOption::PathOf(name) => Some(name),
            _ => None,
        })),
        _ => {}
    }
    names
}

fn options(program: &Program) -> impl Iterator<Item = Program> + '_ {
    program.actors.iter().enumerate().flat_map(move |(at, actor)| {
        let with = move |role| {
            let mut actors = program.actors.clone();
            actors[at].role = role;
            Program { actors, ..program.clone() }
        };
        let plain: Vec<Role> = match &actor.role {
            Role::Server(now) => plain_servers(now).into_iter().map(Role::Server).collect(),
            Role::Socket(now) => plain_sockets(now).into_iter().map(Role::Socket).collect(),
            Role::Peer(_) => Vec::new(),
        };
        plain.into_iter().map(with)
    })
}

fn plain_servers(now: &ServerOptions) -> Vec<ServerOptions> {
    let all = [
        ServerOptions { allow_half_open: false, ..now.clone() },
        ServerOptions { pause_on_connect: false, ..now.clone() },
        ServerOptions { no_delay: false, ..now.clone() },
        ServerOptions { keep_alive: false, ..now.clone() },
        ServerOptions { high_water_mark: None, ..now.clone() },
    ];
    all.into_iter().filter(|new| new != now).collect()
}

fn plain_sockets(now: &SocketOptions) -> Vec<SocketOptions> {
    let all = [
        SocketOptions { allow_half_open: false, ..now.clone() },
        SocketOptions { high_water_mark: None, ..now.clone() },
        SocketOptions { on_read: None, ..now.clone() },
        SocketOptions { signal: None, ..now.clone() },
    ];
    all.into_iter().filter(|new| new != now).collect()
}
