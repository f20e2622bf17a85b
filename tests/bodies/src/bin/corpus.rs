//! Writes the corpora that a fuzzer begins with to `fuzz/corpus`: files `begin-*`, each at most 1 KiB, made of this tree's
//! scenarios and of seeds. What a fuzzer has found stands beside them and stays.

use netfold_bodies::core_protocol;
use netfold_conformance::scenario::recorded;
use netfold_conformance::spec::root;
use netfold_core::Encoding;
use netfold_sim::program::{ProgramOptions, run};
use netfold_sim::{Chooser, Script, Tape, Troubles};
use std::fs;

/// No file is larger, in bytes.
const MOST: usize = 1_024;

/// How many files of a target there are, at most.
const FILES: usize = 24;

fn main() {
    write("programs", seeds().map(|tape| bytes_of(&tape)));
    write("traces", traces());
    write("scenarios", scenarios());
    write("scripts", scripts());
    write("decoders", decoders());
    write("canary", canaries());
}

fn write(target: &str, files: impl IntoIterator<Item = Vec<u8>>) {
    let folder = root().join("fuzz/corpus").join(target);
    fs::create_dir_all(&folder).expect("the folder of the corpus");
    let small = files.into_iter().filter(|data| (1..=MOST).contains(&data.len())).take(FILES);
    for (at, data) in small.enumerate() {
        fs::write(folder.join(format!("begin-{at:02}")), data).expect("a file");
    }
}

/// The answers of short random programs.
fn seeds() -> impl Iterator<Item = Tape> {
    (0..10_000).map(|seed| {
        let chooser = Chooser::seed(seed).recording();
        run(&chooser, ProgramOptions { acts: 12, ..ProgramOptions::default() });
        chooser.recorded()
    })
}

fn bytes_of(tape: &Tape) -> Vec<u8> {
    tape.choices().iter().map(|choice| choice.choice as u8).collect()
}

/// Traces of the shortest programs as they are; and each damaged, with checks that are right.
fn traces() -> Vec<Vec<u8>> {
    let short = ProgramOptions { acts: 2, horizon: 20 };
    let made = (0..10_000).map(|seed| run(&Chooser::seed(seed), short).trace);
    let made = made.filter(|trace| trace.len() < MOST);
    let mut files = Vec::new();
    for (at, trace) in made.take(FILES / 2).enumerate() {
        let mut forged = trace.clone();
        let place = trace.len() / 2 + at * 7 % (trace.len() / 2);
        forged[place] = forged[place].wrapping_add(1 + at as u8);
        files.push([&[0][..], &trace].concat());
        files.push([&[1][..], &forged].concat());
    }
    files
}

/// Some that are well formed, and some that break off.
fn scenarios() -> Vec<Vec<u8>> {
    let texts = recorded::all().into_iter().step_by(20).map(|(_, text)| text.into_bytes());
    texts.enumerate().map(|(at, text)| if at % 4 == 3 { text[..text.len() * 2 / 3].to_vec() } else { text }).collect()
}

fn scripts() -> Vec<Vec<u8>> {
    let troubles = Troubles { computers: &["a", "b"], processes: &["p"], horizon: 1_000 };
    let scripts = (0..FILES as u64 / 2).map(|seed| Script::choose(&Chooser::seed(seed), &troubles).to_string());
    let tapes = seeds().map(|tape| Tape::new(tape.choices().iter().take(20).cloned().collect()).to_string());
    scripts.chain(tapes).map(String::into_bytes).take(FILES).collect()
}

/// Texts of each encoding, with borders within their characters.
fn decoders() -> Vec<Vec<u8>> {
    let texts = ["aé€𝄞", "\u{feff}z", "\u{fffd}"];
    let mut files = Vec::new();
    for (at, encoding) in Encoding::ALL.iter().enumerate() {
        for (number, text) in texts.into_iter().enumerate() {
            let encoded = match encoding {
                Encoding::Utf16le => encoding.encode(text),
                _ => text.as_bytes().to_vec(),
            };
            // Cut off within a character, or with a byte too much.
            let rest = [&encoded[..], &[0xf0, 0x9f][..number]].concat();
            files.push([&[at as u8, 3, 2, 4, 9][..], &rest].concat());
        }
    }
    files
}

/// Of what the fuzzer has found for the core, what breaks the canary's promise.
fn canaries() -> Vec<Vec<u8>> {
    let folder = root().join("fuzz/corpus/core_protocol");
    let entries = fs::read_dir(folder).expect("the corpus").map(|entry| entry.expect("an entry").path());
    let mut files: Vec<Vec<u8>> = entries.map(|path| fs::read(path).expect("a file")).collect();
    files.retain(|data| core_protocol(data).throws > 1);
    files.sort_by_key(|data| (data.len(), data.clone()));
    files.truncate(4);
    files
}
