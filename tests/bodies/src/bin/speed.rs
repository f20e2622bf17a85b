//! Measures the bodies of the fuzz targets over their corpora, each file cut off at so many bytes, 64 unless another number is
//! given: runs a second, without a fuzzer around them.

use netfold_bodies::{TARGETS, core_protocol};
use netfold_conformance::spec::root;
use std::time::{Duration, Instant};
use std::{fs, iter};

/// For how long each is run.
const LASTS: Duration = Duration::from_secs(2);

fn main() {
    let most = std::env::args().nth(1).and_then(|word| word.parse().ok()).unwrap_or(64);
    for (target, body) in TARGETS {
        let files = fs::read_dir(root().join("fuzz/corpus").join(target)).expect("a corpus");
        let mut files: Vec<Vec<u8>> =
            files.map(|file| fs::read(file.expect("a file").path()).expect("bytes")).collect();
        files.iter_mut().for_each(|data| data.truncate(most));
        let began = Instant::now();
        let runs = iter::repeat_with(|| files.iter().for_each(|data| body(data)))
            .take_while(|()| began.elapsed() < LASTS)
            .count()
            * files.len();
        let a_second = runs as f64 / began.elapsed().as_secs_f64();
        println!("{target:14} {a_second:8.0} runs a second of at most {most} bytes");
        if *target == "core_protocol" {
            let steps: u64 = files.iter().map(|data| core_protocol(data).steps).sum();
            println!("{:14} {:8.1} steps a run", "", steps as f64 / files.len() as f64);
        }
    }
}
