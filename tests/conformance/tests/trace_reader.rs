//! The page on the trace format is enough to write a reader: `spec/trace-reader` was written from it, and prints of every
//! trace what the project's own reader does. Needs Node; without it the tests say that they are skipped.

use netfold::core::trace::{Key, Payload, Trace};
use netfold::{Net, Recording};
use netfold_conformance::shared::Shared;
use netfold_conformance::spec::{root, text_of};
use netfold_conformance::{has_node_20, skipped};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

/// What the project's reader says of a file, or nothing if it cannot read the header.
fn ours(file: &[u8]) -> String {
    let Ok(trace) = Trace::parse(file.to_vec()) else { return String::new() };
    let mut out: String = trace.records().map(|record| format!("{}\n", record.expect("a record"))).collect();
    if let Some(torn) = trace.torn() {
        out += &format!("the trace is torn: {torn}\n");
    } else if !trace.finished() {
        out += "the trace has no end: the program that recorded it still runs or was killed\n";
    }
    out
}

/// What the reader of the page prints of them, one after the other.
fn theirs(files: &[Vec<u8>]) -> String {
    static FOLDERS: AtomicU32 = AtomicU32::new(0);
    let name = format!("netfold-reader-{}-{}", std::process::id(), FOLDERS.fetch_add(1, Ordering::Relaxed));
    let folder = std::env::temp_dir().join(name);
    std::fs::create_dir_all(&folder).expect("a folder");
    let mut command = Command::new("node");
    command.arg(root().join("spec/trace-reader"));
    for (number, file) in files.iter().enumerate() {
        let path = folder.join(number.to_string());
        std::fs::write(&path, file).expect("a file");
        command.arg(path);
    }
    let ran = command.output().expect("node runs");
    std::fs::remove_dir_all(&folder).expect("the folder goes");
    let said = String::from_utf8_lossy(&ran.stderr);
    assert!(!said.contains("at Object"), "{said}");
    String::from_utf8(ran.stdout).expect("UTF-8")
}

fn same(files: &[Vec<u8>]) {
    if !has_node_20() {
        return skipped("the reader that was written from spec/trace-format.md needs Node 20 on the path");
    }
    let ours: String = files.iter().map(|file| ours(file)).collect();
    let theirs = theirs(files);
    let first = ours.lines().zip(theirs.lines()).find(|(ours, theirs)| ours != theirs);
    assert!(
        ours == theirs,
        "ours and theirs differ, first in {first:#?}, of {} and {} bytes",
        ours.len(),
        theirs.len()
    );
}

fn golden(name: &str) -> Vec<u8> {
    std::fs::read(root().join("core/tests/golden").join(name)).expect("a golden trace")
}

#[test]
fn the_reader_of_the_page_reads_every_kind_of_record() {
    same(&[golden("v1.trace"), golden("kinds.trace")]);
}

/// An echo on real sockets, of more than one block.
fn recorded(payload: Payload) -> Vec<u8> {
    let file = Shared::default();
    let recording = Recording::to(file.clone()).payload(payload, payload);
    let mut net = Net::recorded((), recording).expect("a loop");
    let server = net.create_server(|net, socket| {
        socket.pipe(net, socket);
    });
    server.listen_then(&mut net, ("127.0.0.1", 0), |net, server| {
        let port = server.port(net).expect("a port");
        let client = net.connect(("127.0.0.1", port)).expect("a socket");
        for number in 0..400 {
            client.write_then(net, format!("\"{number}\"\t\u{e4}\n").repeat(number % 7), |_, _, _| {});
        }
        client.end(net);
        client.on_data(net, |_, _, _| {});
        client.on_close(net, move |net, _, _| server.close(net));
    });
    net.run().expect("it ends");
    net.finish_recording().expect("it is written");
    file.take()
}

#[test]
fn the_reader_of_the_page_reads_fresh_recordings() {
    let policies = [Payload::Length, Payload::Hash(Key::new([7; 16])), Payload::First(3), Payload::Full];
    same(&policies.map(recorded));
}

/// Each file with one byte that is another one, or with its end cut off: the same prefix, and the same of what is lost.
#[test]
fn the_reader_of_the_page_reads_what_is_left_of_a_damaged_trace() {
    let whole = golden("kinds.trace");
    let mut files = Vec::new();
    for at in (0..whole.len()).step_by(101).chain(57..100) {
        files.push(whole[..at].to_vec());
        let mut other = whole.clone();
        other[at] ^= 0x10;
        files.push(other);
    }
    files.push([&whole[..], b"more"].concat());
    same(&files);
}

/// The bytes in the table of the page, and the lines that it says are printed of them.
#[test]
fn the_example_of_the_page_is_a_trace() {
    let page = text_of(&root().join("spec/trace-format.md"));
    let (_, example) = page.split_once("## A whole trace").expect("the example");
    let (example, _) = example.split_once("\n## ").expect("its end");
    let mut rows = example.lines().filter_map(|line| line.strip_prefix("    ")).peekable();
    let mut bytes = Vec::new();
    while let Some(row) = rows.next_if(|row| !row.starts_with('#')) {
        let (row, _what) = row.split_once("  ").or_else(|| row.rsplit_once(' ')).expect("bytes and what they are");
        let hex = row.split(' ').take_while(|word| word.len() == 2).map(|byte| u8::from_str_radix(byte, 16));
        bytes.extend(hex.map_while(Result::ok));
    }
    let lines: String = rows.map(|row| format!("{row}\n")).collect();
    assert_eq!(ours(&bytes), lines);
    assert_eq!(lines.lines().count(), 3);
    same(&[bytes]);
}

#[test]
fn the_page_names_every_errno() {
    let page = text_of(&root().join("spec/trace-format.md"));
    for errno in netfold::Errno::NAMED {
        let row = format!("| {} | {} | {} |", errno.linux_number(), errno.name(), errno.text());
        assert!(page.contains(&row), "not on the page: {row}");
    }
}

/// CRC-32C, as the page has it.
fn crc32c(bytes: &[u8]) -> [u8; 4] {
    let crc = bytes.iter().fold(!0u32, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| crc >> 1 ^ if crc & 1 == 1 { 0x82F6_3B78 } else { 0 })
    });
    (!crc).to_le_bytes()
}

/// A trace of one block with these fields and records.
fn made(version: u8, features: [u8; 4], fields: &[u8], records: &[u8]) -> Vec<u8> {
    let mut file = b"\x89NFT\r\n\x1a\n".to_vec();
    file.extend([version, 0, 0, 0]);
    file.extend(features);
    file.extend((fields.len() as u32).to_le_bytes());
    file.extend(fields);
    file.extend(crc32c(&file));
    let mut block = b"\xf5nfb".to_vec();
    block.extend((records.len() as u32).to_le_bytes());
    block.extend([0; 16]);
    block.extend(crc32c(records));
    block.extend(crc32c(&block));
    [file, block, records.to_vec()].concat()
}

/// What later versions may add: fields and notes are passed over, records and features that are needed are not.
#[test]
fn the_reader_of_the_page_reads_traces_of_later_versions_as_far_as_it_may() {
    assert_eq!(crc32c(b"123456789"), 0xE306_9283_u32.to_le_bytes(), "the page's example");
    let (time, note, unknown) = ([4, 6, 0, 1, 2, 3, 4, 5], [0x80, 2, 7, 7], [9, 1, 0]);
    let field = [99, 3, 1, 2, 3];
    let records = [&time[..], &note, &time].concat();
    let read = made(1, [0; 4], &field, &records);
    assert_eq!(ours(&read).lines().count(), 3, "{}", ours(&read));
    same(&[
        read,
        made(1, [0, 0, 1, 0], &field, &records), // a feature that can be passed over
        made(1, [1, 0, 0, 0], &field, &records), // and one that cannot
        made(2, [0; 4], &field, &records),
        made(1, [0; 4], &[], &[&time[..], &unknown].concat()),
        made(1, [0; 4], &[], &[&time[..], &[8, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0], &time].concat()),
    ]);
}
