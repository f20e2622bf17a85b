//! `netfold export`: what others read in its files.

use crate::process::{Folder, skipped};
use crate::run;
use crate::trace::{echoed, recorded};
use serde_json::Value;
use std::collections::{BTreeMap, HashMap};
use std::process::{Command, Stdio};

fn exported(folder: &Folder, trace: &str, to: &str, more: &[&str]) -> Vec<u8> {
    let file = folder.file(to);
    run(["export", trace, "--to", to, "--output", &file].iter().chain(more)).went_well();
    std::fs::read(file).unwrap()
}

fn lines(trace: &str) -> Vec<Value> {
    let shown = run(["show", "--json", trace]);
    shown.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// What tshark says of the folder's pcapng; `None` where there is no tshark.
fn tshark(folder: &Folder, args: &[&str]) -> Option<String> {
    let file = folder.file("pcapng");
    let ran = Command::new("tshark").args(["-n", "-r", &file]).args(args).stderr(Stdio::piped()).output();
    let Ok(ran) = ran else {
        skipped("no tshark (apt-get install tshark)");
        return None;
    };
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    Some(String::from_utf8(ran.stdout).unwrap())
}

/// Nothing that an expert of TCP would wonder at.
#[track_caller]
fn no_wonder(folder: &Folder) {
    let wonders = "tcp.analysis.flags || _ws.malformed || tcp.connection.rst && !tcp.flags.reset";
    if let Some(found) = tshark(folder, &["-Y", wonders]) {
        assert_eq!(found, "");
    }
}

#[test]
fn wireshark_reads_the_streams_byte_for_byte_with_nodes_events_beside() {
    let folder = Folder::new();
    let evil = "hello \u{1b}[2J</x>\n";
    let trace = echoed(&folder, "echo.sock", evil.as_bytes(), "full");
    let file = exported(&folder, &trace, "pcapng", &[]);
    assert!(file.windows(26).any(|w| w == b"Made by netfold out of a t"), "it says what it is");
    no_wonder(&folder);
    let Some(followed) = tshark(&folder, &["-q", "-z", "follow,tcp,raw,0"]) else { return };
    let hex: String = evil.bytes().map(|byte| format!("{byte:02x}")).collect();
    // What the client sent, and, indented, what came back.
    assert!(followed.contains(&format!("\n{hex}\n\t{hex}\n")), "{followed}");
    let comments = tshark(&folder, &["-T", "fields", "-e", "frame.comment"]).unwrap();
    for event in ["'data' 15 bytes", "c0.1.write 15 bytes", "'close' false"] {
        assert!(comments.contains(event), "{event}: {comments}");
    }
    let flags = tshark(&folder, &["-T", "fields", "-e", "tcp.flags.str"]).unwrap();
    for (flag, count) in [('S', 2), ('F', 2), ('R', 0)] {
        assert_eq!(flags.matches(flag).count(), count, "{flag}: {flags}");
    }
}

#[test]
fn wireshark_sees_a_stream_for_each_socket_and_lengths_of_bytes_that_the_trace_has_not() {
    let (folder, trace, _) = recorded();
    exported(&folder, &trace, "pcapng", &[]);
    no_wonder(&folder);
    let fields = ["-T", "fields", "-e", "tcp.stream", "-e", "tcp.len", "-e", "frame.len", "-e", "frame.cap_len"];
    let Some(packets) = tshark(&folder, &fields) else { return };
    let mut streams: BTreeMap<&str, u64> = BTreeMap::new();
    for packet in packets.lines() {
        let [stream, payload, len, captured] = packet.split('\t').collect::<Vec<_>>()[..] else { panic!("{packet}") };
        let number = |text: &str| text.parse::<u64>().unwrap();
        assert_eq!(number(len) - number(payload), number(captured), "headers alone: {packet}");
        *streams.entry(stream).or_default() += number(payload);
    }
    let all = lines(&trace);
    let sockets = all.iter().filter_map(|line| line["socket"].as_str()).collect::<std::collections::BTreeSet<_>>();
    assert_eq!(streams.len(), sockets.len());
    let went = |name: &str| all.iter().filter(|l| l["name"] == name).filter_map(|l| l["bytes"].as_u64()).sum::<u64>();
    assert_eq!(streams.values().sum::<u64>(), went("read") + went("send"));
    // One alone, and none of what went before.
    exported(&folder, &trace, "pcapng", &["--socket", "c1"]);
    let one = tshark(&folder, &["-T", "fields", "-e", "tcp.stream"]).unwrap();
    assert!(!one.is_empty() && one.lines().all(|stream| stream == "0"), "{one}");
}

/// Faults of all kinds, reconnections, several addresses, nothing written: what comes of it is TCP still.
#[test]
fn wireshark_does_not_wonder_at_troubled_runs() {
    let folder = Folder::new();
    let traces = folder.file("traces");
    for (kind, seed) in [("program", "4"), ("troubled", "1"), ("pair", "3")] {
        run(["sim", kind, seed, "--traces", &traces]).went_well();
        for trace in std::fs::read_dir(&traces).unwrap() {
            let trace = trace.unwrap().path();
            if trace.extension().is_some_and(|extension| extension == "trace") {
                exported(&folder, trace.to_str().unwrap(), "pcapng", &[]);
                no_wonder(&folder);
            }
        }
        std::fs::remove_dir_all(&traces).unwrap();
    }
}

/// Protocol buffers as their encoding says, with nothing known of any schema: field numbers, and what they hold.
#[derive(Debug, Clone)]
enum Wire<'a> {
    Number(u64),
    Fixed(u64),
    Bytes(&'a [u8]),
}

type Fields<'a> = Vec<(u64, Wire<'a>)>;

fn fields(mut from: &[u8]) -> Fields<'_> {
    fn varint(from: &mut &[u8]) -> u64 {
        let mut out = 0;
        for shift in (0..).step_by(7) {
            let (byte, rest) = from.split_first().unwrap();
            *from = rest;
            out |= u64::from(byte & 0x7F) << shift;
            if byte & 0x80 == 0 {
                break;
            }
        }
        out
    }
    let mut out = Vec::new();
    while !from.is_empty() {
        let key = varint(&mut from);
        let value = match key & 7 {
            0 => Wire::Number(varint(&mut from)),
            1 => {
                let (fixed, rest) = from.split_at(8);
                from = rest;
                Wire::Fixed(u64::from_le_bytes(fixed.try_into().unwrap()))
            }
            2 => {
                let len = varint(&mut from) as usize;
                let (bytes, rest) = from.split_at(len);
                from = rest;
                Wire::Bytes(bytes)
            }
            other => panic!("wire type {other}"),
        };
        out.push((key >> 3, value));
    }
    out
}

fn number(fields: &Fields<'_>, field: u64) -> Option<u64> {
    fields.iter().find(|(f, _)| *f == field).map(|(_, value)| match value {
        Wire::Number(n) | Wire::Fixed(n) => *n,
        Wire::Bytes(_) => panic!("field {field} is no number"),
    })
}

fn inside<'a>(fields: &Fields<'a>, field: u64) -> Vec<&'a [u8]> {
    let bytes = |value: &Wire<'a>| match value {
        Wire::Bytes(bytes) => *bytes,
        _ => panic!("field {field} is no message"),
    };
    fields.iter().filter(|(f, _)| *f == field).map(|(_, value)| bytes(value)).collect()
}

fn text<'a>(fields: &Fields<'a>, field: u64) -> &'a str {
    inside(fields, field).first().map_or("", |bytes| std::str::from_utf8(bytes).unwrap())
}

/// Field numbers of protos/perfetto/trace/ in Perfetto's sources: trace.proto, trace_packet.proto,
/// track_event/track_event.proto, track_descriptor.proto, counter_descriptor.proto, debug_annotation.proto,
/// process_descriptor.proto.
#[test]
fn perfettos_schema_reads_tracks_states_events_counters_and_flows() {
    let (folder, trace, _) = recorded();
    let file = exported(&folder, &trace, "perfetto", &[]);
    let all = lines(&trace);
    let (mut tracks, mut parents) = (HashMap::new(), HashMap::new());
    let (mut events, mut flows, mut depth) = (Vec::new(), BTreeMap::<u64, Vec<(u64, bool)>>::new(), HashMap::new());
    let mut counters = HashMap::new();
    let mut last = 0;
    let trace_fields = fields(&file);
    assert!(trace_fields.iter().all(|(field, _)| *field == 1), "a Trace is packets");
    for (place, packet) in inside(&trace_fields, 1).into_iter().map(fields).enumerate() {
        assert_eq!(number(&packet, 10), Some(1), "trusted_packet_sequence_id");
        assert_eq!(number(&packet, 13), (place == 0).then_some(1), "sequence_flags: state cleared, at the first");
        if let Some(described) = inside(&packet, 60).first() {
            let track = fields(described);
            let uuid = number(&track, 1).unwrap();
            assert_eq!(tracks.insert(uuid, (text(&track, 2), !inside(&track, 8).is_empty())), None);
            if let Some(parent) = number(&track, 5) {
                assert!(tracks.contains_key(&parent), "a parent comes first");
                parents.insert(uuid, parent);
            } else {
                let process = fields(inside(&track, 3)[0]);
                assert_eq!((number(&process, 1), text(&process, 6)), (Some(1), "netfold"));
            }
            continue;
        }
        let at = number(&packet, 8).unwrap();
        assert!(at >= last, "packets are in order");
        last = at;
        let event = fields(inside(&packet, 11)[0]);
        let track = number(&event, 11).unwrap();
        let (name, counts) = tracks[&track];
        match number(&event, 9).unwrap() {
            1 => *depth.entry(track).or_insert(0) += 1,
            2 => *depth.get_mut(&track).unwrap() -= 1,
            3 => {
                events.push((name, text(&event, 23), text(&fields(inside(&event, 4)[0]), 6).to_string()));
                for (field, value) in &event {
                    if let (47 | 48, Wire::Fixed(flow)) = (field, value) {
                        flows.entry(*flow).or_default().push((at, *field == 48));
                    }
                }
            }
            4 => {
                assert!(counts);
                counters.insert(name, number(&event, 30).unwrap());
            }
            other => panic!("type {other}"),
        }
        assert!(depth.get(&track).is_none_or(|depth| (0..=1).contains(depth)), "one state at a time");
    }
    assert!(depth.values().all(|depth| *depth == 0) && depth.len() > 5, "each state that began has ended");
    let data: Vec<_> = events.iter().filter(|(_, name, _)| *name == "data").collect();
    assert_eq!(data.len(), all.iter().filter(|line| line["name"] == "data").count());
    let said: Vec<_> =
        all.iter().filter(|line| line["name"] == "data").map(|line| line["text"].as_str().unwrap()).collect();
    assert_eq!(data.iter().map(|(_, _, text)| text.as_str()).collect::<Vec<_>>(), said);
    assert!(data.iter().all(|(track, ..)| track.ends_with(" events")), "{data:?}");
    let read: u64 = counters.iter().filter(|(name, _)| name.ends_with("bytes read")).map(|(_, bytes)| bytes).sum();
    let expected: u64 = all.iter().filter(|l| l["name"] == "read").filter_map(|l| l["bytes"].as_u64()).sum();
    assert_eq!(read, expected);
    assert_eq!(flows.len(), all.iter().filter(|l| l["name"] == "write").count(), "each write is followed");
    for flow in flows.values() {
        let (end, before) = flow.split_last().unwrap();
        assert!(end.1 && !before.is_empty() && before.iter().all(|(_, ends)| !ends), "{flow:?}");
    }
}

/// The code that Perfetto publishes of its schema, in its package for Python.
#[test]
fn perfettos_own_code_knows_every_field() {
    let python = |args: &[&str]| Command::new("python3").args(args).output();
    let own = "import google.protobuf, perfetto.protos.perfetto.trace.perfetto_trace_pb2";
    if !python(&["-c", own]).is_ok_and(|ran| ran.status.success()) {
        return skipped("no Perfetto in Python (pip install perfetto protobuf)");
    }
    let (folder, trace, _) = recorded();
    exported(&folder, &trace, "perfetto", &[]);
    let reader = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/tool/read_perfetto.py");
    let ran = python(&[reader, &folder.file("perfetto")]).unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    let read: Value = serde_json::from_slice(&ran.stdout).unwrap();
    assert_eq!(read["strange"], 0, "{read}");
    assert_eq!(read["kinds"]["TYPE_SLICE_BEGIN"], read["kinds"]["TYPE_SLICE_END"], "{read}");
    let all = lines(&trace);
    for name in ["data", "close", "write"] {
        let count = all.iter().filter(|line| line["name"] == name).count();
        assert_eq!(read["names"][name], count, "{name}: {read}");
    }
}

/// Perfetto's own reader of traces, an executable that its pages give and no registry of packages.
#[test]
fn perfettos_trace_processor_finds_what_is_in_it() {
    let (folder, trace, _) = recorded();
    exported(&folder, &trace, "perfetto", &[]);
    let queries = folder.file("queries");
    let counted = "select name, count(*) from slice where name in ('data', 'write') group by name order by name;\n\
        select 'wrong', ifnull(sum(value), 0) from stats where severity in ('error', 'data_loss');\n";
    std::fs::write(&queries, counted).unwrap();
    let ran = Command::new("trace_processor_shell").args(["-q", &queries, &folder.file("perfetto")]).output();
    let Ok(ran) = ran else { return skipped("no trace_processor_shell (perfetto.dev/docs/analysis/trace-processor)") };
    let said = String::from_utf8_lossy(&ran.stdout).into_owned();
    assert!(ran.status.success(), "{said}{}", String::from_utf8_lossy(&ran.stderr));
    let all = lines(&trace);
    let count = |name: &str| all.iter().filter(|line| line["name"] == name).count();
    for row in [format!("\"data\",{}", count("data")), format!("\"write\",{}", count("write")), "\"wrong\",0".into()] {
        assert!(said.lines().any(|line| line == row), "{row}: {said}");
    }
}

#[test]
fn a_mermaid_diagram_is_messages_between_parties_that_were_named() {
    let folder = Folder::new();
    // A name with what Mermaid and HTML know.
    let trace = echoed(&folder, "a;#<b>%%{x}: end\".sock", b"hello", "full");
    let text = String::from_utf8(exported(&folder, &trace, "mermaid", &[])).unwrap();
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some("sequenceDiagram"));
    let (mut parties, mut messages, mut turns) = (Vec::new(), 0, 0);
    for line in lines {
        let line = line.strip_prefix("    ").unwrap();
        if let Some(party) = line.strip_prefix("participant ") {
            parties.push(party.split(' ').next().unwrap());
        } else if line.starts_with("Note over user,system: turn ") {
            turns += 1;
        } else {
            let (ends, message) = line.split_once(": ").unwrap();
            let (from, to) = ends.split_once("-->>").or(ends.split_once("->>")).unwrap();
            assert!(parties.contains(&from) && parties.contains(&to), "{line}");
            let bare = message.split('#').enumerate().map(|(n, part)| {
                if n == 0 {
                    return part;
                };
                let (code, rest) = part.split_once(';').unwrap_or_else(|| panic!("{line}"));
                assert!(code.bytes().all(|b| b.is_ascii_digit()), "{line}");
                rest
            });
            assert!(bare.into_iter().all(|part| !part.contains([';', '#', '<', '>', '%', '{', '"', ':'])), "{line}");
            messages += 1;
        }
    }
    assert!(messages > 15 && turns > 2, "{text}");
    let short = run(["export", &trace, "--to", "mermaid", "--most", "3", "--socket", "c0"]);
    let short = &short.went_well().out;
    assert_eq!(short.matches("->>").count(), 3, "{short}");
    assert!(short.contains("are left out (--most)") && !short.contains("s0_1"), "{short}");
}

#[test]
fn what_is_made_of_a_trace_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let (folder, trace, _) = recorded();
    let made = folder.file("made");
    for args in [&["view", &trace, "-o", &made][..], &["export", &trace, "--to", "pcapng", "-o", &made]] {
        run(args).went_well();
        assert_eq!(std::fs::metadata(&made).unwrap().permissions().mode() & 0o777, 0o600, "{args:?}");
        std::fs::remove_file(&made).unwrap();
    }
}

#[test]
fn what_is_read_of_a_damaged_trace_is_exported() {
    let (folder, _, bytes) = recorded();
    let torn = folder.file("torn.trace");
    std::fs::write(&torn, &bytes[..bytes.len() - 20]).unwrap();
    for to in ["perfetto", "pcapng", "mermaid"] {
        exported(&folder, &torn, to, &[]);
        run(["export", &folder.file("none"), "--to", to]).failed(1, &["cannot read"]);
        run(["export", &torn, "--to", to, "-o", "/nowhere/x"]).failed(1, &["cannot write /nowhere/x"]);
    }
}
