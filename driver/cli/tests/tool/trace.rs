//! `netfold replay` and `netfold show`, of good traces and of others. A trace is an input like any other: it may come from
//! anybody.

use crate::process::{Folder, Ran, Running, skipped};
use crate::{netfold, run};
use rustix::process::Signal;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::process::Stdio;

/// A folder with a trace of a short run, its name in the folder, and its bytes.
pub fn recorded() -> (Folder, String, Vec<u8>) {
    let folder = Folder::new();
    let trace = folder.file("good.trace");
    run(["demo", "--clients", "2", "--rounds", "2", "--record", &trace]).went_well();
    let bytes = std::fs::read(&trace).unwrap();
    (folder, trace, bytes)
}

/// The trace of an echo server that was sent this, keeping the bytes in this way.
pub fn echoed(folder: &Folder, name: &str, sent: &[u8], payload: &str) -> String {
    let (path, trace) = (folder.file(name), folder.file("echo.trace"));
    let args = ["echo", "--listen", &path, "--record", &trace, "--payload", payload];
    let mut server = Running::start(&mut netfold(args));
    // A name with a line end in it is printed as more than one line.
    for _ in 0..=name.matches('\n').count() {
        server.line();
    }
    let mut client = UnixStream::connect(&path).unwrap();
    client.write_all(sent).unwrap();
    client.shutdown(std::net::Shutdown::Write).unwrap();
    let mut back = Vec::new();
    client.read_to_end(&mut back).unwrap();
    assert_eq!(back, sent);
    server.signal(Signal::TERM);
    server.end().went_well();
    trace
}

fn replayed(folder: &Folder, bytes: &[u8]) -> Ran {
    let file = folder.file("other.trace");
    std::fs::write(&file, bytes).unwrap();
    let shown = run(["show", &file]);
    assert!(matches!(shown.status, Some(0 | 1)), "{shown:?}");
    shown.no_panic();
    run(["replay", &file])
}

fn crc32c(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| crc >> 1 ^ if crc & 1 == 1 { 0x82F6_3B78 } else { 0 })
    })
}

fn number(bytes: &[u8], at: usize) -> usize {
    u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()) as usize
}

/// Puts in the check of what stands from `from` to `at`.
fn check(bytes: &mut [u8], from: usize, at: usize) {
    let crc = crc32c(&bytes[from..at]);
    bytes[at..at + 4].copy_from_slice(&crc.to_le_bytes());
}

/// Where the first block begins: behind the header with its fields and its check.
pub fn first_block(bytes: &[u8]) -> usize {
    20 + number(bytes, 16) + 4
}

/// Makes the only block of a trace whole again, whatever was done to its records: its length, and the checks.
pub fn seal(bytes: &mut [u8]) {
    let block = first_block(bytes);
    let records = block + 32;
    let len = (bytes.len() - records) as u32;
    bytes[block + 4..block + 8].copy_from_slice(&len.to_le_bytes());
    let crc = crc32c(&bytes[records..]);
    bytes[block + 24..block + 28].copy_from_slice(&crc.to_le_bytes());
    check(bytes, block, block + 28);
}

#[test]
fn a_flipped_byte_is_named_by_its_place() {
    let (folder, _, good) = recorded();
    let first = first_block(&good);
    for at in (0..24).chain((24..good.len()).step_by(61)).chain([good.len() - 1]) {
        let mut bytes = good.clone();
        bytes[at] ^= 0x10;
        let ran = replayed(&folder, &bytes);
        match at {
            0..8 => ran.failed(1, &["this is not a netfold trace", "--record"]),
            _ if at < first => ran.failed(1, &["the trace's header is cut off or damaged"]),
            _ => ran.failed(1, &["replay identical up to input ", "; the trace is torn: at byte ", "from input "]),
        };
    }
}

#[test]
fn a_byte_flipped_by_somebody_who_mends_the_checks_is_named_by_its_input() {
    let (folder, _, good) = recorded();
    let block = first_block(&good);
    let records = block + 32;
    let len = number(&good, block + 4);
    let (mut differs, mut cannot_be) = (0, 0);
    let inputs = |file: &str| run(["show", "--inputs", file]).went_well().out.clone();
    let good_inputs = inputs(&folder.file("good.trace"));
    for at in (records..records + len).step_by(17) {
        let mut bytes = good.clone();
        bytes[at] ^= 1;
        let crc = crc32c(&bytes[records..records + len]);
        bytes[block + 24..block + 28].copy_from_slice(&crc.to_le_bytes());
        check(&mut bytes, block, block + 28);
        let ran = replayed(&folder, &bytes);
        if ran.status == Some(0) {
            // A listener of an event that never came, say: a good trace of another run.
            assert_ne!(inputs(&folder.file("other.trace")), good_inputs, "byte {at}");
            continue;
        }
        ran.failed(1, &["input "]);
        differs += u32::from(ran.err.contains("differ"));
        cannot_be += u32::from(ran.err.contains("cannot be read") || ran.err.contains("is torn"));
    }
    assert!(differs > 5 && cannot_be > 5, "{differs}, {cannot_be}");
}

/// Numbers out of all bounds, ids that are nobody's, events that never were: no command panics, hangs, or fails in silence.
#[test]
fn no_altered_trace_upsets_a_command_that_looks_at_it() {
    let (folder, good_file, good) = recorded();
    let block = first_block(&good);
    let records = block + 32;
    let len = number(&good, block + 4);
    let (file, out) = (folder.file("other.trace"), folder.file("out"));
    for (n, at) in (records..records + len).step_by(41).enumerate() {
        let mut bytes = good.clone();
        bytes[at] = if n % 2 == 0 { 0xFF } else { bytes[at] ^ 0x41 };
        let crc = crc32c(&bytes[records..records + len]);
        bytes[block + 24..block + 28].copy_from_slice(&crc.to_le_bytes());
        check(&mut bytes, block, block + 28);
        std::fs::write(&file, bytes).unwrap();
        let commands: [&[&str]; 7] = [
            &["stat", &file],
            &["seek", &file, "50"],
            &["view", &file, "-o", &out],
            &["export", &file, "--to", "perfetto", "-o", &out],
            &["export", &file, "--to", "pcapng", "-o", &out],
            &["redact", &file, "-o", &out, "--names"],
            &["diff", &good_file, &file],
        ];
        let ran = run(commands[n % 7]);
        assert!(matches!(ran.status, Some(0 | 1)), "{at}: {ran:?}");
        assert!(ran.status == Some(0) || ran.err.starts_with("netfold: "), "{at}: {ran:?}");
        ran.no_panic();
    }
}

#[test]
fn times_at_the_end_of_time_are_exported() {
    let (folder, _, good) = recorded();
    let (file, out) = (folder.file("late.trace"), folder.file("out"));
    // The field for when it was begun (tag 7) holds a varint of six bytes.
    let at = good.windows(2).position(|w| w == [7, 6]).unwrap();
    let mut bytes = good.clone();
    bytes.splice(at + 1..at + 8, [&[10][..], &[0xFF; 9], &[1]].concat());
    let fields = number(&good, 16) as u32 + 4;
    bytes[16..20].copy_from_slice(&fields.to_le_bytes());
    let end = first_block(&bytes) - 4;
    check(&mut bytes, 0, end);
    std::fs::write(&file, bytes).unwrap();
    run(["replay", &file]).went_well();
    for to in ["perfetto", "pcapng", "mermaid"] {
        run(["export", &file, "--to", to, "-o", &out]).went_well();
    }
    run(["view", &file, "-o", &out]).went_well();
}

#[test]
fn a_cut_off_trace_replays_up_to_there() {
    let (folder, _, good) = recorded();
    let first = first_block(&good);
    for len in (0..good.len()).step_by(97).chain([first - 1, first, good.len() - 1]) {
        let ran = replayed(&folder, &good[..len]);
        match len {
            0 => ran.failed(1, &["this is not a netfold trace"]),
            _ if len < first => ran.failed(1, &["the trace's header is cut off"]),
            _ if len == first => ran.failed(1, &["replay identical up to input 0; the trace has no end"]),
            _ => ran.failed(1, &["the trace is torn", "the file ends within a block"]),
        };
    }
}

#[test]
fn one_of_a_later_release_is_told_from_a_damaged_one() {
    let (folder, _, good) = recorded();
    let end = first_block(&good) - 4;
    let mut newer = good.clone();
    newer[8..10].copy_from_slice(&7_u16.to_le_bytes());
    check(&mut newer, 0, end);
    replayed(&folder, &newer).failed(1, &["version 7", "use a later release"]);
    let mut features = good.clone();
    features[12] |= 0x40;
    check(&mut features, 0, end);
    replayed(&folder, &features).failed(1, &["features (0x40)", "use a later release"]);
    let mut longer = good;
    longer.extend_from_slice(b"more");
    replayed(&folder, &longer).failed(1, &["the trace is torn", "something stands after the end"]);
}

#[test]
fn what_is_no_trace_or_cannot_be_read_is_named() {
    let folder = Folder::new();
    let missing = folder.file("missing.trace");
    let text = folder.file("text");
    std::fs::write(&text, "a line of text\n").unwrap();
    let here = folder.path().to_str().unwrap();
    let no_trace = ["this is not a netfold trace", "--record"];
    let cases: &[(&str, [&str; 2])] = &[
        (&missing, ["cannot read", "No such file"]),
        (here, ["cannot read", "irectory"]),
        (&text, no_trace),
        (env!("CARGO_BIN_EXE_netfold"), no_trace),
        ("/dev/null", no_trace),
        // Without end.
        ("/dev/zero", no_trace),
    ];
    for command in ["replay", "show", "stat", "diff"] {
        for (file, words) in cases {
            let ran = run([command, file].into_iter().chain((command == "diff").then_some(&**file)));
            ran.failed(1, words);
            assert!(ran.err.contains(file) && ran.out.is_empty(), "{ran:?}");
        }
    }
}

#[test]
fn one_without_the_right_to_read_is_named() {
    use std::os::unix::fs::PermissionsExt;
    let (_folder, trace, _) = recorded();
    assert_eq!(std::fs::metadata(&trace).unwrap().permissions().mode() & 0o777, 0o600, "it is its owner's alone");
    std::fs::set_permissions(&trace, PermissionsExt::from_mode(0o000)).unwrap();
    if std::fs::read(&trace).is_ok() {
        return skipped("root may read everything");
    }
    run(["replay", &trace]).failed(1, &["cannot read", "Permission denied"]);
}

#[test]
fn showing_ends_quietly_when_the_reader_has_gone() {
    let folder = Folder::new();
    let trace = folder.file("long.trace");
    run(["demo", "--clients", "100", "--rounds", "10", "--record", &trace]).went_well();
    let (reader, writer) = std::io::pipe().unwrap();
    let show = Running::to(&mut netfold(["show", &trace]), writer.into());
    let mut line = String::new();
    BufReader::new(reader).read_line(&mut line).unwrap();
    assert!(line.starts_with("#0 "), "{line}");
    show.end().went_well();
    // And one that was never there.
    for command in ["show", "replay"] {
        let (_, writer) = std::io::pipe().unwrap();
        Running::to(&mut netfold([command, &trace]), Stdio::from(writer)).end().went_well();
    }
}

#[test]
#[cfg(target_os = "linux")]
fn what_cannot_be_printed_is_a_failure() {
    let (_folder, trace, _) = recorded();
    for command in ["show", "replay"] {
        let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
        let ran = Running::to(&mut netfold([command, &trace]), full.into()).end();
        ran.failed(1, &["cannot write to standard output", "No space left"]);
    }
}

#[test]
fn what_a_peer_or_a_path_says_does_not_reach_the_terminal() {
    let folder = Folder::new();
    let evil = "a\u{1b}[2J\u{9b}31m\u{202e}\n#9 forged\r\u{7}\u{7f}\u{0}\"";
    let name = evil.replace('\u{0}', "");
    let trace = echoed(&folder, &name, evil.as_bytes(), "full");
    run(["replay", &trace]).went_well();
    let shown = run(["show", &trace]);
    shown.went_well();
    let harm = |c: char| c.is_control() && c != '\n' || c == '\u{202e}';
    assert!(!shown.out.contains(harm), "{:?}", shown.out);
    assert!(!shown.out.contains("\n#9 forged"), "{}", shown.out);
    for command in ["show --json", "stat", "stat --json", "seek 30", "seek 30 --json", "diff", "show --color always"] {
        let mut args: Vec<_> = command.split(' ').collect();
        args.insert(1, &trace);
        args.extend((command == "diff").then_some(&*trace));
        let ran = run(&args);
        let out = ran.went_well().out.replace(|c| c == '\u{1b}' && command.ends_with("always"), "");
        assert!(!out.contains(harm) && !out.contains("\n#9 forged"), "{command}: {out:?}");
    }
    // Both are there, escaped.
    assert!(shown.out.contains("a\\u{1b}[2J"), "{}", shown.out);
    assert!(shown.out.contains("a\\x1b[2J"), "{}", shown.out);
}

#[test]
fn what_is_kept_of_the_bytes_is_as_was_asked() {
    let folder = Folder::new();
    let secret = b"correct horse battery staple";
    for (payload, shown_as) in [("length", ""), ("hash", " hash "), ("first:7", "\"correct\""), ("full", "staple\"")] {
        let trace = echoed(&folder, "echo.sock", secret, payload);
        run(["replay", &trace]).went_well();
        let shown = run(["show", &trace]);
        assert!(shown.went_well().out.contains(shown_as), "{payload}: {}", shown.out);
        let file = std::fs::read(&trace).unwrap();
        let kept = |text: &[u8]| file.windows(text.len()).any(|w| w == text);
        assert_eq!(kept(b"staple"), payload == "full", "{payload}");
        assert_eq!(kept(b"correct"), matches!(payload, "full" | "first:7"), "{payload}");
    }
}
