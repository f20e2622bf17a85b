//! Files that are cut off, damaged, foreign or hostile.

mod trace_support;

use netfold_core::trace::{Damage, Options, Payload, Trace, TraceError, VERSION, replay};
use netfold_core::{Command, Core, Machine, Step};
use trace_support::sample;

/// A sample of several blocks, and where each ends: the header first.
fn blocks() -> (Vec<u8>, Vec<usize>) {
    let bytes = sample(Options::default());
    let header = Machine::recorded(Core::default(), Options::default()).recorder().unwrap().finished().len();
    let mut machine = Machine::recorded(Core::default(), Options::default());
    let mut file = Vec::new();
    let mut ends = Vec::new();
    // Each input of a small program is a block of its own.
    for _ in 0..6 {
        machine.begin(Command::StartTimer { ms: 5.0, repeat: false }).unwrap();
        while !matches!(machine.step(), Step::Idle(_)) {}
        let recorder = machine.recorder().unwrap();
        recorder.flush();
        file.extend(recorder.take());
        ends.push(file.len());
    }
    file.extend(machine.finish().unwrap());
    ends.push(file.len());
    assert!(bytes.len() > header);
    ends.insert(0, header);
    (file, ends)
}

#[test]
fn cut_off_anywhere_the_longest_prefix_of_blocks_is_left() {
    let (file, ends) = blocks();
    let whole = replay(&Trace::parse(file.clone()).unwrap()).unwrap();
    assert!(whole.finished);
    for cut in 0..file.len() {
        let parsed = Trace::parse(file[..cut].to_vec());
        if cut < ends[0] {
            let expected = if cut == 0 { TraceError::NotATrace } else { TraceError::Header };
            assert_eq!(parsed.unwrap_err(), expected, "cut at {cut}");
            continue;
        }
        let trace = parsed.unwrap();
        let left = ends.iter().filter(|&&end| end <= cut).count() as u64 - 1;
        assert_eq!(trace.inputs(), left, "cut at {cut}");
        assert!(!trace.finished());
        let replayed = replay(&trace).unwrap();
        assert_eq!((replayed.inputs, replayed.finished), (left, false));
        let end = ends[left as usize];
        match trace.torn() {
            None => assert_eq!(cut, end),
            Some(torn) => {
                assert_eq!((torn.at, torn.bytes, torn.first), (end as u64, (cut - end) as u64, left));
                assert_eq!(torn.damage, Damage::CutOff);
            }
        }
    }
}

#[test]
fn with_any_bit_flipped_the_longest_prefix_of_blocks_is_left() {
    let (file, ends) = blocks();
    for bit in 0..file.len() * 8 {
        let mut file = file.clone();
        file[bit / 8] ^= 1 << (bit % 8);
        let block = ends.iter().filter(|&&end| end <= bit / 8).count();
        match Trace::parse(file) {
            Err(error) => {
                assert_eq!(block, 0, "{error}");
                let expected = if bit / 8 < 8 { TraceError::NotATrace } else { TraceError::Header };
                assert_eq!(error, expected);
            }
            Ok(trace) => {
                assert_eq!(trace.inputs(), block as u64 - 1);
                let torn = trace.torn().unwrap();
                assert_eq!(torn.at as usize, ends[block - 1]);
                assert_eq!(torn.later_blocks as usize, ends.len() - 1 - block, "bit {bit}");
                assert!(!torn.to_string().is_empty());
                assert!(replay(&trace).unwrap().torn.is_some());
            }
        }
    }
}

#[test]
fn a_missing_block_ends_what_can_be_read() {
    let (file, ends) = blocks();
    let gap = [&file[..ends[2]], &file[ends[3]..]].concat();
    let trace = Trace::parse(gap).unwrap();
    assert_eq!((trace.inputs(), trace.torn().unwrap().damage), (2, Damage::Gap));
    let twice = [&file[..], &file[ends[6]..]].concat();
    let trace = Trace::parse(twice).unwrap();
    assert!(trace.finished());
    assert_eq!(trace.torn().unwrap().damage, Damage::AfterEnd);
}

/// A header of this version and these features, its check right.
fn header(version: u16, features: u32, fields: &[u8]) -> Vec<u8> {
    let mut out = b"\x89NFT\r\n\x1a\n".to_vec();
    out.extend(version.to_le_bytes());
    out.extend([0; 2]);
    out.extend(features.to_le_bytes());
    out.extend((fields.len() as u32).to_le_bytes());
    out.extend(fields);
    let crc = crc::Crc::<u32>::new(&crc::CRC_32_ISCSI).checksum(&out);
    out.extend(crc.to_le_bytes());
    out
}

#[test]
fn foreign_and_newer_files_say_so() {
    for foreign in [&b""[..], b"x", b"\x7fELF\x02\x01\x01\0", b"\x89PNG\r\n\x1a\n", b"\x89NFT\n\x1a\n......"] {
        assert_eq!(Trace::parse(foreign.to_vec()).unwrap_err(), TraceError::NotATrace);
    }
    let newer = Trace::parse(header(VERSION + 1, 0, &[])).unwrap_err();
    assert_eq!(newer, TraceError::Newer { version: VERSION + 1 });
    assert!(newer.to_string().contains("version 2"), "{newer}");
    assert_eq!(Trace::parse(header(1, 4, &[])).unwrap_err(), TraceError::Features { bits: 4 });
    let optional = Trace::parse(header(1, 1 << 16, &[])).unwrap();
    assert_eq!((optional.inputs(), optional.header().limits), (0, netfold_core::Limits::DEFAULT));
    assert!(Trace::parse(header(1, 0, &[99, 2, 7, 7])).is_ok(), "an unknown field is skipped");
    let short = Trace::parse(header(1, 0, &[1, 9, 7])).unwrap_err();
    assert!(matches!(short, TraceError::Malformed { .. }));
}

#[test]
fn the_header_comes_back() {
    let limits = netfold_core::Limits { depth: 77, sockets: 5, lookups: 6, write_buffer: Some(u64::MAX) };
    let options = Options {
        read: Payload::First(9),
        written: Payload::Full,
        created: 1_700_000_000_123,
        creator: "test \u{1f600} 1".into(),
    };
    let file = Machine::recorded(Core::new(limits), options).finish().unwrap();
    let trace = Trace::parse(file).unwrap();
    let header = trace.header();
    assert_eq!(header.limits, limits);
    assert_eq!(
        (header.read.to_string(), header.written.to_string()),
        ("length and first 9 bytes".into(), "full".into())
    );
    assert_eq!((header.created, &header.creator[..]), (1_700_000_000_123, "test \u{1f600} 1"));
    assert!(trace.finished() && replay(&trace).unwrap().finished);
}

#[test]
fn a_block_that_claims_to_be_huge_is_cut_off() {
    let (mut file, ends) = blocks();
    let crc = crc::Crc::<u32>::new(&crc::CRC_32_ISCSI);
    let block = ends[1];
    file[block + 4..block + 8].copy_from_slice(&u32::MAX.to_le_bytes());
    let own = crc.checksum(&file[block..block + 28]);
    file[block + 28..block + 32].copy_from_slice(&own.to_le_bytes());
    let trace = Trace::parse(file).unwrap();
    assert_eq!((trace.inputs(), trace.torn().unwrap().damage), (1, Damage::CutOff));
}

#[test]
fn a_payload_over_the_bound_is_an_error_that_a_reader_can_lift() {
    let mut machine = Machine::recorded(Core::default(), Options::default());
    machine.begin(Command::NewSocket(Default::default())).unwrap();
    let Step::Return(netfold_core::Outcome::Socket(socket)) = machine.step() else { panic!() };
    let bytes = bytes::Bytes::from(vec![0; 1 << 20]);
    machine.begin(Command::Write(socket, bytes.into(), None)).unwrap();
    while !matches!(machine.step(), Step::Idle(_)) {}
    let mut trace = Trace::parse(machine.finish().unwrap()).unwrap();
    assert!(replay(&trace).unwrap().finished);
    trace.set_max_payload((1 << 20) - 1);
    let error = replay(&trace).unwrap_err();
    assert_eq!(error.index(), 1);
    assert!(error.to_string().contains("longer than the reader takes"), "{error}");
}

/// What was read is decoded and put together in a replay, whether it is there or not: no more of that than the file's size
/// makes likely.
#[test]
fn what_was_read_and_is_not_there_is_bounded_by_the_files_size() {
    let recorded = |payload, reads| {
        let mut host = trace_support::Host::new(Options { read: payload, ..Options::default() });
        let (socket, handle) = host.connected();
        host.on(socket, netfold_core::EventKind::Data, 1);
        host.turn();
        let bytes = bytes::Bytes::from(vec![0; 1 << 20]);
        for _ in 0..reads {
            host.complete(netfold_core::Completion::Read(handle, bytes.clone()));
        }
        Trace::parse(host.finish()).unwrap()
    };
    let most = |trace: &Trace, own: u64| (own + 4096 * trace.size() as u64) >> 20;
    let mut trace = recorded(Payload::Length, 40);
    assert!(replay(&trace).unwrap().finished);
    trace.set_max_payload(1 << 20);
    let fit = most(&trace, 1 << 20);
    assert!((2..40).contains(&fit), "{fit}");
    let error = replay(&trace).unwrap_err();
    assert!(error.to_string().contains("more was read, and is not there, than the reader takes"), "{error}");
    let read = trace.records().filter_map(Result::ok).filter(|record| record.payload.is_some()).count() as u64;
    assert_eq!(read, fit);
    // What is there costs the file as much.
    let mut full = recorded(Payload::Full, 40);
    full.set_max_payload(1 << 20);
    assert!(replay(&full).unwrap().finished);
}

#[test]
fn a_trace_that_grows_is_what_it_is_when_read_at_once() {
    let (file, ends) = blocks();
    for step in [1, 7, file.len() / 2] {
        let mut grown = Trace::parse(file[..ends[0]].to_vec()).unwrap();
        let mut had = ends[0];
        for len in (ends[0]..file.len()).step_by(step).chain([file.len()]) {
            grown.grow(&file[had..len]);
            had = len;
            let whole = Trace::parse(file[..len].to_vec()).unwrap();
            let of = |trace: &Trace| (trace.inputs(), trace.finished(), trace.torn().copied(), trace.size());
            assert_eq!(of(&grown), of(&whole), "{len} bytes");
        }
        assert!(replay(&grown).unwrap().finished);
    }
}
