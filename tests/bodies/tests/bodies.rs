//! The bodies of the fuzz targets over generated inputs and over the committed corpora.

use netfold_bodies::{TARGETS, canary, core_protocol, decoders, programs, scenarios, scripts};
use proptest::prelude::*;
use std::fs;
use std::panic::catch_unwind;
use std::path::PathBuf;

fn bytes(most: usize) -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec(any::<u8>(), 0..most)
}

fn cases(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(cases(2000))]

    /// T1 to T10, L1, L2, W16, W17: whatever happens, nothing is left and every callback is called once.
    #[test]
    fn the_core_keeps_its_promises(data in bytes(400)) {
        core_protocol(&data);
    }

    /// X1, X2, D13: text is the same wherever the bytes were cut.
    #[test]
    fn decoders_do_not_see_the_borders_of_chunks(data in bytes(60)) {
        decoders(&data);
    }

    #[test]
    fn lines_of_words_are_read_as_they_are_written(words in proptest::collection::vec(0..WORDS.len(), 0..40)) {
        let text: String = words.into_iter().map(|at| WORDS[at]).collect();
        scenarios(text.as_bytes());
        scripts(format!("netfold faults 1\n{text}").as_bytes());
        scripts(format!("netfold tape 1\n{text}").as_bytes());
    }
}

proptest! {
    #![proptest_config(cases(100))]

    #[test]
    fn programs_of_bytes_keep_the_rules(data in bytes(300)) {
        programs(&data);
    }
}

/// What lines are made of.
const WORDS: &[&str] = &[
    "server s\n",
    "client c\n",
    "start:\n",
    "on c data:\n",
    "  c.write 10\n",
    "  c.end\n",
    "  s.listen\n",
    "about x\n",
    "\n",
    "# x\n",
    "1 ",
    "2 ",
    "0 ",
    "99999999999 ",
    "cut a b\n",
    "well\n",
    "kill a\n",
    "write\n",
    "latency a 5\n",
];

/// The files of a target's corpus, in the order of their names.
fn corpus(target: &str) -> Vec<(String, Vec<u8>)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(target);
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{target} has a corpus: {error}"));
    let mut files: Vec<_> = entries
        .map(|entry| entry.expect("an entry"))
        .map(|entry| (entry.file_name().to_string_lossy().into_owned(), fs::read(entry.path()).expect("a file")))
        .collect();
    files.sort();
    assert!(!files.is_empty(), "{target}: the corpus is not empty");
    files
}

#[test]
fn the_corpora_pass() {
    for (target, body) in TARGETS {
        for (name, data) in corpus(target) {
            assert!(data.len() <= 1_024, "{target}/{name} is small");
            assert!(catch_unwind(|| body(&data)).is_ok(), "{target}/{name}");
        }
    }
}

#[test]
fn the_canary_fails_on_all_of_its_corpus() {
    for (name, data) in corpus("canary") {
        assert!(catch_unwind(|| canary(&data)).is_err(), "{name}");
    }
    canary(&[]);
}

/// Each target of `fuzz/` is a body of this crate, and each body a target.
#[test]
fn targets_and_bodies_are_the_same() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/fuzz_targets");
    let mut names: Vec<String> = TARGETS.iter().map(|(name, _)| (*name).into()).chain(["canary".into()]).collect();
    names.sort();
    let files = fs::read_dir(folder).expect("the targets").map(|entry| entry.expect("an entry").path());
    let mut files: Vec<String> =
        files.map(|path| path.file_stem().expect("a name").to_string_lossy().into_owned()).collect();
    files.sort();
    assert_eq!(files, names);
}
