//! Strategies for `proptest`.

use super::{Chunking, RandomProgram};
use crate::faults::{Fault, Script, Troubles};
use crate::program::ProgramOptions;
use netfold::LookupCode;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

/// Random programs of at most so many answers, each with its world. Smaller ones have fewer answers, and lower ones: an answer of
/// 0 is what an idle machine would do.
///
/// ```
/// use netfold_sim::generate::programs;
/// use proptest::prelude::*;
///
/// proptest!(ProptestConfig::with_cases(20), |(program in programs(200))| {
///     prop_assert_eq!(program.run().problems, []);
/// });
/// ```
pub fn programs(most: usize) -> impl Strategy<Value = RandomProgram> {
    let answers = vec(any::<u8>(), 0..=most);
    answers.prop_map(|answers| RandomProgram { answers, options: ProgramOptions::default() })
}

/// Bytes, at most so many, in at most so many chunks, empty ones among them. Smaller ones have fewer and lower bytes, and fewer
/// borders.
///
/// ```
/// use netfold::core::{Decoder, Encoding};
/// use netfold_sim::generate::chunkings;
/// use proptest::prelude::*;
///
/// proptest!(|(chunking in chunkings(20, 4))| {
///     let mut decoder = Decoder::new(Encoding::Utf8);
///     let mut text: String = chunking.chunks().map(|chunk| decoder.write(&chunk)).collect();
///     text += &decoder.end();
///     prop_assert_eq!(text, String::from_utf8_lossy(chunking.bytes()));
/// });
/// ```
pub fn chunkings(most_bytes: usize, most_chunks: usize) -> impl Strategy<Value = Chunking> {
    let borders = vec(0..=most_bytes, 0..most_chunks.max(1));
    (vec(any::<u8>(), 0..=most_bytes), borders).prop_map(|(bytes, borders)| Chunking::new(bytes, borders))
}

/// Scripts of at most so many faults, each at a time up to the horizon, at which all is [well](Fault::Well). Smaller ones have
/// fewer faults, of an earlier time.
///
/// ```
/// use netfold_sim::generate::scripts;
/// use netfold_sim::{Script, Troubles};
/// use proptest::prelude::*;
///
/// const TROUBLES: Troubles = Troubles { computers: &["one", "two"], processes: &["server"], horizon: 60_000 };
/// proptest!(|(script in scripts(&TROUBLES, 5))| {
///     prop_assert!(script.faults().len() <= 6);
///     prop_assert_eq!(script.to_string().parse::<Script>(), Ok(script));
/// });
/// ```
pub fn scripts(troubles: &Troubles<'_>, most: usize) -> impl Strategy<Value = Script> + use<> {
    let horizon = troubles.horizon;
    vec((0..=horizon, faults(troubles)), 0..=most).prop_map(move |mut faults| {
        faults.push((horizon, Fault::Well));
        Script::new(faults)
    })
}

fn owned(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// Any fault: those of the resolver, of the computers and of the processes, as far as there are any.
fn faults(troubles: &Troubles<'_>) -> BoxedStrategy<Fault> {
    let (computers, processes) = (owned(troubles.computers), owned(troubles.processes));
    let codes = vec![LookupCode::NotFound, LookupCode::TryAgain, LookupCode::Fail, LookupCode::Memory];
    let mut all = vec![
        (0..5_000_u64).prop_map(Fault::ResolverDelay).boxed(),
        select(codes).prop_map(Fault::ResolverFails).boxed(),
        Just(Fault::Well).boxed(),
    ];
    if !computers.is_empty() {
        let one = select(computers);
        let two = (one.clone(), one.clone());
        all.extend([
            two.clone().prop_map(|(a, b)| Fault::Cut(a, b)).boxed(),
            two.clone().prop_map(|(a, b)| Fault::Unreachable(a, b)).boxed(),
            two.prop_map(|(a, b)| Fault::Heal(a, b)).boxed(),
            (one.clone(), 0..5_000_u64).prop_map(|(a, ms)| Fault::Latency(a, ms)).boxed(),
            one.clone().prop_map(Fault::Crash).boxed(),
            one.clone().prop_map(Fault::Boot).boxed(),
            (one.clone(), 0..8_usize).prop_map(|(a, n)| Fault::Files(a, n)).boxed(),
            (one, 0..8_u16).prop_map(|(a, n)| Fault::Ports(a, n)).boxed(),
        ]);
    }
    if !processes.is_empty() {
        let one = select(processes);
        all.extend([
            one.clone().prop_map(Fault::Kill).boxed(),
            one.clone().prop_map(Fault::Start).boxed(),
            one.clone().prop_map(Fault::Stop).boxed(),
            one.clone().prop_map(Fault::Go).boxed(),
            (one.clone(), 0..2_000_usize).prop_map(|(p, n)| Fault::Slow(p, n)).boxed(),
            (one, 0..8_usize).prop_map(|(p, n)| Fault::Descriptors(p, n)).boxed(),
        ]);
    }
    proptest::strategy::Union::new(all).boxed()
}
