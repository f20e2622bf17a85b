//! Traces that somebody made to do harm: what a command takes, in time and memory, is bounded by the file's size.

use crate::process::{Folder, Ran};
use crate::run;
use crate::trace::{first_block, seal};
use netfold::core::host::Kernel;
use netfold::core::trace::Payload;
use netfold::core::{Call, Completion, Op, Reply};
use netfold::{Bytes, Encoding, Host, Limits, Net, Recording, Socket};
use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A system in which one connection is made, over which so much comes in.
#[derive(Default)]
struct Flood {
    chunks: usize,
    chunk: Bytes,
    coming: VecDeque<Completion>,
}

impl Kernel for Flood {
    type Error = io::Error;

    fn call(&mut self, call: &mut Call<'_>) -> Reply {
        match call.op() {
            Op::Connect(handle, _) => {
                self.coming.push_back(Completion::Connected(handle, Ok(())));
                self.coming.extend((0..self.chunks).map(|_| Completion::Read(handle, self.chunk.clone())));
                self.coming.push_back(Completion::Eof(handle));
                Reply::Pending
            }
            _ => Reply::Done,
        }
    }

    fn now(&mut self) -> u64 {
        0
    }

    fn wait(&mut self, _: Option<u64>) -> io::Result<()> {
        Ok(())
    }

    fn next(&mut self) -> Option<Completion> {
        self.coming.pop_front()
    }
}

impl Host for Flood {
    fn wake_handle(&self) -> Arc<dyn Fn() + Send + Sync> {
        Arc::new(|| {})
    }
}

/// The greatest that a reader takes.
const CHUNK: usize = 64 << 20;

/// The trace of a program over such a system, in a few bytes for each of its chunks.
fn recorded(folder: &Folder, system: Flood, program: impl FnOnce(&mut Net<usize, Flood>, Socket)) -> String {
    let file = folder.file("flood.trace");
    let recording = Recording::create(&file).unwrap().payload(Payload::Length, Payload::Length);
    let mut net = Net::with_host_recorded(0, system, Limits::DEFAULT, recording);
    let socket = net.connect(("127.0.0.1", 1)).unwrap();
    program(&mut net, socket);
    net.run().unwrap();
    file
}

/// Runs a command, which is to end well or with a word of what is wrong, and soon.
#[track_caller]
fn soon(args: &[&str]) -> Ran {
    let begun = Instant::now();
    let ran = run(args);
    let took = begun.elapsed();
    assert!(matches!(ran.status, Some(0 | 1)), "{args:?}: {ran:?}");
    ran.no_panic();
    // A second when nothing else runs, and this is a debug build.
    assert!(took < Duration::from_secs(10), "{args:?} took {took:?}");
    ran
}

#[test]
fn a_pcapng_of_bytes_that_are_not_there_is_bounded() {
    let folder = Folder::new();
    let out = folder.file("out");
    let chunk = Bytes::from(vec![0; CHUNK]);
    let size = |chunks: usize| {
        let trace = recorded(&folder, Flood::default(), |net, socket| {
            socket.on_connect(net, |_, _| {});
            (0..chunks).for_each(|_| _ = socket.write(net, chunk.clone()));
        });
        assert!(std::fs::metadata(&trace).unwrap().len() < 1_000 + 60 * chunks as u64);
        soon(&["export", &trace, "--to", "pcapng", "-o", &out]).went_well();
        std::fs::metadata(&out).unwrap().len()
    };
    // 1,049 packets a chunk, of which the first is not counted: 95 chunks are the last that stay within 100,000.
    let (below, at, above) = (size(10), size(95), size(96));
    let each = (at - below) / 85;
    assert!((60_000..200_000).contains(&each), "{each} bytes for the packets of a chunk");
    assert!(at + each > above && above > at, "{at}, {above}");
    // From there on it is a packet, its acknowledgement and comments for each.
    let far = size(1_000);
    assert!((far - above) / 904 < 1_000, "{far}");
    let file = std::fs::read(&out).unwrap();
    let said = b"67044864 bytes more, which the trace does not have, are left out";
    assert!(file.windows(said.len()).any(|window| window == said));
}

/// What is read as text is decoded in a replay too, and one `read` puts all together that waits.
#[test]
fn what_was_read_and_is_not_there_is_bounded() {
    let folder = Folder::new();
    let flood = || Flood { chunks: 120, chunk: Bytes::from(vec![0; CHUNK]), coming: VecDeque::new() };
    let text = recorded(&folder, Flood { chunk: Bytes::from(vec![0; CHUNK / 64]), ..flood() }, |net, socket| {
        socket.set_encoding(net, Encoding::Latin1);
        socket.on_text(net, |net, _, text| net.state += text.len());
    });
    soon(&["stat", &text]).failed(1, &["more was read, and is not there, than the reader takes"]);
    let bytes = recorded(&folder, flood(), |net, socket| {
        socket.on_data(net, |net, _, chunk| net.state += chunk.len());
    });
    soon(&["replay", &bytes]).failed(1, &["more was read, and is not there, than the reader takes"]);
    // A driver's reads are far from that, however many there are.
    let usual = Flood { chunks: 5_000, chunk: Bytes::from(vec![0; 64 << 10]), ..flood() };
    let usual = recorded(&folder, usual, |net, socket| socket.resume(net));
    soon(&["stat", &usual]).went_well();
}

/// A xorshift generator.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % n.max(1) as u64) as usize
    }

    /// Does something to the records of a trace, in one to four places.
    fn harm(&mut self, bytes: &mut Vec<u8>, records: usize) {
        for _ in 0..=self.below(4) {
            let at = records + self.below(bytes.len() - records);
            let len = 1 + self.below(12.min(bytes.len() - at));
            match self.below(6) {
                0 => bytes[at] ^= 1 << self.below(8),
                1 => bytes[at] = [0, 1, 0x7F, 0x80, 0xFF][self.below(5)],
                // A number out of all bounds.
                2 => drop(bytes.splice(at..at + 1, [0xFF; 9].into_iter().chain([self.below(2) as u8]))),
                3 => drop(bytes.splice(at..at + 1, [0xFF, 0xFF, 0xFF, 0x7F])),
                4 => drop(bytes.drain(at..at + len)),
                // Something that was there already.
                _ => {
                    let from = records + self.below(bytes.len() - records - len);
                    let copy = bytes[from..from + len].to_vec();
                    drop(bytes.splice(at..at, copy));
                }
            }
            if bytes.len() < records + 20 {
                return;
            }
        }
    }
}

/// So many altered traces, of which each command gets each. `NETFOLD_HOSTILE=SEED:COUNT` takes others.
#[test]
fn altered_traces_take_no_command_long() {
    let given = std::env::var("NETFOLD_HOSTILE").unwrap_or_else(|_| "1:40".into());
    let (seed, count) = given.split_once(':').expect("SEED:COUNT");
    let (seed, count): (u64, u64) = (seed.parse().unwrap(), count.parse().unwrap());
    println!("seeds {seed} to {}", seed + count - 1);
    let folder = Folder::new();
    let golden = concat!(env!("CARGO_MANIFEST_DIR"), "/../../core/tests/golden/v1.trace");
    let good = std::fs::read(golden).unwrap();
    let records = first_block(&good) + 32;
    let (file, out) = (folder.file("altered.trace"), folder.file("out"));
    for seed in seed..seed + count {
        let mut bytes = good.clone();
        Dice(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1).harm(&mut bytes, records);
        seal(&mut bytes);
        std::fs::write(&file, &bytes).unwrap();
        let commands: [&[&str]; 11] = [
            &["show", &file],
            &["show", "--json", &file],
            &["stat", &file],
            &["seek", &file, "20"],
            &["replay", &file],
            &["view", &file, "-o", &out],
            &["export", &file, "--to", "perfetto", "-o", &out],
            &["export", &file, "--to", "pcapng", "-o", &out],
            &["export", &file, "--to", "mermaid", "-o", &out],
            &["redact", &file, "-o", &out, "--names"],
            &["diff", golden, &file],
        ];
        for command in commands {
            let ran = soon(command);
            assert!(ran.status == Some(0) || ran.err.starts_with("netfold: "), "seed {seed}, {command:?}: {ran:?}");
            assert!(ran.out.len() < 1 << 20, "seed {seed}, {command:?} prints {} bytes", ran.out.len());
        }
        let size = std::fs::metadata(&out).map_or(0, |file| file.len());
        assert!(size < 1 << 20, "seed {seed} writes {size} bytes");
    }
}
