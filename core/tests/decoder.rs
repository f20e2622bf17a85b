//! Decoders against Node's `StringDecoder`: thousands of generated chunkings, recorded and, where `node` is, live.

use netfold_core::{Decoder, Encoding};
use std::fmt::Write;
use std::process::Command;

const CASES: u32 = 7000;
const GROUP: usize = 20;
const SEED: u32 = 20_260_101;

/// The generator of `decoder/answers.js`.
struct Random(u32);

impl Random {
    fn below(&mut self, n: u32) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0 % n
    }
}

const PIECES: &[&[u8]] = &[
    b"\x61",
    b"\xc3\xa9",
    b"\xe2\x82\xac",
    b"\xf0\x9d\x84\x9e",
    b"\x80",
    b"\xbf",
    b"\xc0",
    b"\xc3",
    b"\xe0",
    b"\xe0\xa0",
    b"\xed",
    b"\xed\xa0",
    b"\xed\xa0\x80",
    b"\xf0",
    b"\xf0\x9d",
    b"\xf0\x9d\x84",
    b"\xf4",
    b"\xf4\x90",
    b"\xf5",
    b"\xf8",
    b"\xff",
    b"\xef\xbb\xbf",
    b"\x34\xd8",
    b"\x1e\xdd",
    b"\x34\xd8\x1e\xdd",
    b"\x00",
    b"\x00\x61",
    b"\x00\xd8",
    b"\x00\xdc",
    b"\x3d",
];

fn chunks(random: &mut Random) -> Vec<Vec<u8>> {
    let mut out = Vec::new();
    for _ in 0..1 + random.below(6) {
        let mut bytes = Vec::new();
        for _ in 0..random.below(5) {
            if random.below(4) == 0 {
                bytes.push(random.below(256) as u8);
            } else {
                bytes.extend_from_slice(PIECES[random.below(PIECES.len() as u32) as usize]);
            }
        }
        if bytes.len() > 1 && random.below(2) == 0 {
            bytes.pop();
        }
        if !bytes.is_empty() {
            out.push(bytes);
        }
    }
    out
}

/// A text as `JSON.stringify` has it.
fn json(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{8}' => out.push_str("\\b"),
            '\t' => out.push_str("\\t"),
            '\n' => out.push_str("\\n"),
            '\u{c}' => out.push_str("\\f"),
            '\r' => out.push_str("\\r"),
            c if u32::from(c) < 0x20 => write!(out, "\\u{:04x}", u32::from(c)).unwrap(),
            c => out.push(c),
        }
    }
    out.push('"');
}

fn answers(count: u32, seed: u32) -> Vec<String> {
    let mut random = Random(seed);
    let answer = |i: u32| {
        let encoding = Encoding::ALL[i as usize % Encoding::ALL.len()];
        let mut decoder = Decoder::new(encoding);
        let chunks = chunks(&mut random);
        let mut texts: Vec<String> = chunks.iter().map(|chunk| decoder.write(chunk)).collect();
        texts.push(decoder.end());
        let hex = |chunk: &Vec<u8>| Decoder::new(Encoding::Hex).write(chunk);
        let given: Vec<String> = chunks.iter().map(hex).collect();
        let mut line = format!("{}\t{}\t[", encoding.name(), given.join(" "));
        for (at, text) in texts.iter().enumerate() {
            line.push_str(if at > 0 { "," } else { "" });
            json(&mut line, text);
        }
        line + "]"
    };
    (0..count).map(answer).collect()
}

#[test]
fn x2_decoders_give_what_node_gave() {
    let fnv = |hash: u32, byte: u8| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
    let lines = answers(CASES, SEED);
    let recorded: Vec<&str> = include_str!("decoder/answers.txt").split_whitespace().collect();
    assert_eq!(recorded.len(), lines.len().div_ceil(GROUP));
    for (group, recorded) in lines.chunks(GROUP).zip(recorded) {
        let bytes = group.iter().flat_map(|line| line.bytes().chain([b'\n']));
        let found = format!("{:08x}", bytes.fold(0x811c_9dc5, fnv));
        assert_eq!(found, recorded, "one of these is not what Node gave:\n{}", group.join("\n"));
    }
}

#[test]
fn x2_decoders_give_what_node_gives() {
    const LIVE: u32 = 21_000;
    const LIVE_SEED: u32 = 7;
    let script = [env!("CARGO_MANIFEST_DIR"), "/tests/decoder/answers.js"].concat();
    let run = Command::new("node").args([&script, "--full", &LIVE.to_string(), &LIVE_SEED.to_string()]).output();
    let Ok(run) = run else {
        eprintln!("not run: there is no node here; the recorded answers were compared");
        return;
    };
    let node = String::from_utf8(run.stdout).unwrap();
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    assert_eq!(node.lines().count(), LIVE as usize);
    for (ours, node) in answers(LIVE, LIVE_SEED).iter().zip(node.lines()) {
        assert_eq!(ours, node, "netfold on the left, Node on the right");
    }
}
