//! What a trace says of a run, and what a replay notices.

mod trace_support;

use bytes::Bytes;
use netfold_core::trace::{Input, Key, Options, Payload, Record, ReplayError, Replayer, Trace, replay};
use netfold_core::{
    ApiMisuse, Command, Completion, Core, Emit, Event, EventKind, HandleId, Machine, Reply, SocketId, Step, Target,
    TimerId,
};
use trace_support::{Host, chunk, echo, ignore, parsed, sample};

fn records(trace: &Trace) -> Vec<Record> {
    trace.records().collect::<Result<_, _>>().unwrap()
}

#[test]
fn a_run_replays_to_its_end() {
    let trace = parsed(sample(Options::default()));
    let replayed = replay(&trace).unwrap();
    assert!(replayed.finished);
    assert_eq!(replayed.inputs, trace.inputs());
    assert!(replayed.events >= 10 && replayed.commands > 10 && replayed.turns > 5, "{replayed:?}");
    assert_eq!(replayed, replay(&trace).unwrap());
}

#[test]
fn a_replay_goes_on_when_its_trace_has_grown() {
    let mut machine = Machine::recorded(Core::default(), Options::default());
    for ms in 1..20_u32 {
        machine.begin(Command::StartTimer { ms: f64::from(ms), repeat: false }).unwrap();
        while !matches!(machine.step(), Step::Idle(_)) {}
        machine.advance(ms.into()).unwrap();
        machine.recorder().unwrap().flush();
    }
    let file = machine.finish().unwrap();
    let whole = parsed(file.clone());
    let header = (1..).find(|&len| Trace::parse(file[..len].to_vec()).is_ok()).unwrap();
    let mut paused = Replayer::new(&Trace::parse(file[..header].to_vec()).unwrap()).pause();
    for len in (header..file.len()).step_by(7).chain([file.len(), file.len()]) {
        let trace = Trace::parse(file[..len].to_vec()).unwrap();
        let mut replayer = Replayer::resume(paused, &trace);
        while let Some(record) = replayer.ahead(|_| {}).unwrap() {
            assert_eq!(record.seq, replayer.replayed().inputs);
            replayer.give(record.seq, record.input).unwrap();
        }
        assert_eq!(replayer.replayed().inputs, trace.inputs());
        paused = replayer.pause();
    }
    let mut over = Replayer::resume(paused, &whole);
    assert_eq!(over.next(|_| {}).unwrap(), None);
    assert_eq!(over.replayed(), replay(&whole).unwrap());
}

#[test]
fn a_run_replays_the_same_whatever_is_kept_of_payloads() {
    let hash = |read, written| replay(&parsed(sample(Options { read, written, ..Options::default() }))).unwrap().hash;
    let plain = hash(Payload::Length, Payload::Length);
    assert_eq!(hash(Payload::Full, Payload::First(3)), plain);
    assert_eq!(hash(Payload::Hash(Key::new([1; 16])), Payload::Full), plain);
}

#[test]
fn no_payload_is_in_a_trace_unless_it_was_asked_for() {
    let has = |bytes: &[u8], what: &[u8]| bytes.windows(what.len()).any(|w| w == what);
    let plain = sample(Options::default());
    assert!(!has(&plain, b"hello") && !has(&plain, b"ping"));
    let read = sample(Options { read: Payload::Full, ..Options::default() });
    assert!(has(&read, b"hello") && !has(&read, b"ping"));
    let written = sample(Options { written: Payload::First(2), ..Options::default() });
    assert!(!has(&written, b"hello") && has(&written, b"pi") && !has(&written, b"ping"));
    let key = *b"a key of sixteen";
    let hashed = sample(Options { read: Payload::Hash(Key::new(key)), ..Options::default() });
    assert!(!has(&hashed, b"hello") && !has(&hashed, &key));
}

/// Writes in a listener, after it in its turn, or in the turn after.
fn program(at: u8) -> Vec<u8> {
    fn write(host: &mut Host, emit: &Emit) -> Result<(), ()> {
        if let Emit::Listener { target: Target::Socket(s), event: Event::Data(_), .. } = emit {
            host.command(Command::Write(*s, chunk("x"), None));
        }
        Ok(())
    }
    let mut host = Host::new(Options::default());
    let (socket, handle) = host.connected();
    host.on(socket, EventKind::Data, 1);
    host.turn();
    host.listener = if at == 0 { write } else { ignore };
    host.machine.complete(Completion::Read(handle, Bytes::from_static(b"y"))).unwrap();
    if at == 1 {
        // The listener returns with the next step; what follows it in this turn is not over.
        assert!(matches!(host.machine.step(), Step::Emit(_)));
        host.command(Command::Write(socket, chunk("x"), None));
    }
    host.turn();
    if at == 2 {
        host.command(Command::Write(socket, chunk("x"), None));
    }
    host.turn();
    host.finish()
}

#[test]
fn the_place_of_a_command_is_in_the_trace() {
    // Place 0: nested in the listener. Place 1 gives the same command by hand at the same point, and so the same trace.
    let traces = [0, 1, 2].map(program);
    assert_eq!(traces[0], traces[1]);
    assert_ne!(traces[0], traces[2]);
    for trace in traces {
        assert!(replay(&parsed(trace)).unwrap().finished);
    }
}

/// Two 'data' listeners; the command stands in the first, in the second, or in the turn after.
#[test]
fn three_programs_that_differ_only_in_where_a_command_stands_differ() {
    fn run(stand: u32) -> (Vec<u8>, Vec<u64>) {
        let mut host = Host::new(Options::default());
        let (socket, handle) = host.connected();
        for listener in [0, 1] {
            host.on(socket, EventKind::Data, listener);
        }
        host.turn();
        host.machine.complete(Completion::Read(handle, Bytes::from_static(b"y"))).unwrap();
        while !matches!(host.machine.step(), Step::Emit(Emit::Listener { event: Event::Data(_), .. })) {}
        if stand == 0 {
            host.command(Command::Cork(socket));
        }
        while !matches!(host.machine.step(), Step::Emit(Emit::Listener { event: Event::Data(_), .. })) {}
        if stand == 1 {
            host.command(Command::Cork(socket));
        }
        host.turn();
        if stand == 2 {
            host.command(Command::Cork(socket));
        }
        host.turn();
        let bytes = host.finish();
        let places = records(&parsed(bytes.clone())).iter().map(|r| r.place).collect();
        (bytes, places)
    }
    let runs = [run(0), run(1), run(2)];
    assert!(runs[0].0 != runs[1].0 && runs[1].0 != runs[2].0 && runs[0].0 != runs[2].0);
    assert!(runs[0].1 != runs[1].1 && runs[1].1 != runs[2].1, "the places differ, not only the hashes");
    for (bytes, _) in runs {
        assert!(replay(&parsed(bytes)).unwrap().finished);
    }
}

#[test]
fn what_is_refused_is_not_in_the_trace() {
    let mut host = Host::new(Options::default());
    let nobody = SocketId::from_parts(3, 9);
    assert_eq!(host.machine.begin(Command::Pause(nobody)), Err(ApiMisuse::UnknownId));
    let handle = HandleId::from_parts(3, 9);
    let (socket, _) = host.connected();
    for _ in 0..3 {
        let timer = TimerId::from_parts(1, 1);
        assert!(host.machine.begin(Command::CancelTimer(timer)).is_err());
        assert!(host.machine.complete(Completion::Eof(handle)).is_err());
        assert!(host.machine.advance(5).is_ok());
        assert!(host.machine.advance(4).is_err());
        assert!(host.machine.tick(netfold_core::TickId(77)).is_err());
    }
    host.machine.begin(Command::Pause(socket)).unwrap();
    assert!(host.machine.threw().is_err());
    host.go();
    // An answer of the wrong kind is refused and the call asked again; so is one that is dropped unanswered.
    host.machine.begin(Command::Write(socket, chunk("x"), None)).unwrap();
    let Step::Call(call) = host.machine.step() else { panic!() };
    assert_eq!(call.answer(Reply::Size(1)), Err(ApiMisuse::WrongReply));
    assert!(matches!(host.machine.step(), Step::Call(_)));
    host.go();
    host.turn();
    // A host may step an idle machine as often as it likes.
    assert_eq!((host.go(), host.go()), (None, None));
    host.command(Command::Destroy(socket, None));
    host.turn();
    host.phases();
    let trace = parsed(host.finish());
    assert!(replay(&trace).unwrap().finished);
}

#[test]
fn a_refused_first_input_leaves_no_empty_block() {
    let mut machine = Machine::recorded(Core::default(), Options::default());
    let empty = machine.recorder().unwrap().finished().len();
    assert!(machine.begin(Command::Pause(SocketId::from_parts(0, 1))).is_err());
    machine.recorder().unwrap().flush();
    assert_eq!(machine.recorder().unwrap().finished().len(), empty);
}

#[test]
fn a_throw_is_in_the_trace_and_replays() {
    fn throws(_: &mut Host, emit: &Emit) -> Result<(), ()> {
        if matches!(emit, Emit::Listener { event: Event::Data(_), .. }) { Err(()) } else { Ok(()) }
    }
    let mut host = Host::new(Options::default());
    let (socket, handle) = host.connected();
    host.on(socket, EventKind::Data, 1);
    host.on(socket, EventKind::Data, 2);
    host.turn();
    host.listener = throws;
    host.complete(Completion::Read(handle, Bytes::from_static(b"y")));
    let trace = parsed(host.finish());
    assert!(records(&trace).iter().any(|r| r.input == Input::Threw));
    let replayed = replay(&trace).unwrap();
    assert!(replayed.finished);
}

#[test]
fn long_runs_fill_many_blocks_that_can_be_taken_as_they_come() {
    let mut host = Host::new(Options::default());
    host.listener = echo;
    let (socket, handle) = host.connected();
    host.on(socket, EventKind::Data, 1);
    host.turn();
    let mut file = Vec::new();
    for round in 0..20_000u64 {
        host.machine.advance(round).unwrap();
        host.complete(Completion::Read(handle, Bytes::from_static(b"y")));
        let recorder = host.machine.recorder().unwrap();
        if round % 700 == 0 {
            recorder.flush();
        }
        if round % 3 == 0 {
            file.extend_from_slice(recorder.finished());
            recorder.taken(recorder.finished().len());
        } else if round % 50 == 1 {
            let half = recorder.finished().len() / 2;
            file.extend_from_slice(&recorder.finished()[..half]);
            recorder.taken(half);
        }
    }
    file.extend(host.machine.recorder().unwrap().take());
    file.extend(host.finish());
    let replayed = replay(&parsed(file)).unwrap();
    assert!(replayed.finished);
    assert!(replayed.events >= 40_000);
}

#[test]
fn a_replay_can_be_watched() {
    let trace = parsed(sample(Options { read: Payload::First(4), ..Options::default() }));
    let mut replayer = Replayer::new(&trace);
    let mut lines = Vec::new();
    while let Some(shown) = replayer.show().unwrap() {
        lines.extend(shown.outputs);
        lines.extend(shown.record.map(|record| record.to_string()));
    }
    assert!(replayer.replayed().finished);
    let text = lines.join("\n");
    for line in
        ["h1.2 read 5 bytes \"hell\"", "socket c0.1 'data' 5 bytes to listener 2", "c0.1.write 5 bytes callback 9"]
    {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
    assert!(lines.iter().all(|line| !line.contains(char::is_control)));
}

mod altered {
    //! Traces that say something else than what happened.
    use super::*;

    /// The trace with one record's bytes changed, its checks put right again.
    fn with(bytes: &[u8], change: impl FnOnce(&mut Vec<(u8, Vec<u8>)>)) -> Trace {
        parsed(trace_support_rewrite(bytes, change))
    }

    fn crc(bytes: &[u8]) -> u32 {
        bytes.iter().fold(!0, |crc: u32, &byte| {
            (0..8).fold(crc ^ u32::from(byte), |crc, _| (crc >> 1) ^ (0x82F6_3B78 * (crc & 1)))
        }) ^ !0
    }

    /// Takes the blocks apart and puts them together as one, with nothing of the crate's own code.
    fn trace_support_rewrite(bytes: &[u8], change: impl FnOnce(&mut Vec<(u8, Vec<u8>)>)) -> Vec<u8> {
        let header = 20 + u32::from_le_bytes(bytes[16..20].try_into().unwrap()) as usize + 4;
        let mut records = Vec::new();
        let mut at = header;
        while at < bytes.len() {
            let len = u32::from_le_bytes(bytes[at + 4..at + 8].try_into().unwrap()) as usize;
            let mut body = &bytes[at + 32..at + 32 + len];
            while !body.is_empty() {
                let wide = body[1] >= 0x80;
                let len = if wide { usize::from(body[1] & 0x7F) | usize::from(body[2]) << 7 } else { body[1].into() };
                let start = if wide { 3 } else { 2 };
                records.push((body[0], body[start..start + len].to_vec()));
                body = &body[start + len..];
            }
            at += 32 + len;
        }
        change(&mut records);
        let mut body = Vec::new();
        for (kind, data) in records {
            body.push(kind);
            if data.len() >= 0x80 {
                body.push(data.len() as u8 | 0x80);
                body.push((data.len() >> 7) as u8);
            } else {
                body.push(data.len() as u8);
            }
            body.extend(data);
        }
        let mut out = bytes[..header].to_vec();
        let start = out.len();
        out.extend(b"\xF5nfb");
        out.extend((body.len() as u32).to_le_bytes());
        out.extend([0; 16]);
        out.extend(crc(&body).to_le_bytes());
        let own = crc(&out[start..]);
        out.extend(own.to_le_bytes());
        out.extend(body);
        out
    }

    #[test]
    fn put_together_again_it_is_the_same() {
        let sample = sample(Options::default());
        assert_eq!(with(&sample, |_| {}).records().count(), parsed(sample).records().count());
    }

    #[test]
    fn any_other_place_is_named() {
        let sample = sample(Options::default());
        let places: Vec<u64> = records(&parsed(sample.clone())).iter().map(|r| r.place).collect();
        for (index, &place) in places.iter().enumerate() {
            for other in [place.wrapping_sub(1), place + 1] {
                if other > 100 {
                    continue;
                }
                let trace = with(&sample, |records| records[index].1[0] = other as u8);
                let error = replay(&trace).unwrap_err();
                assert_eq!(error.index(), index as u64, "{error}");
            }
        }
    }

    #[test]
    fn any_other_check_is_named() {
        let sample = sample(Options::default());
        for index in 0..parsed(sample.clone()).inputs() {
            for bit in 0..32 {
                let trace = with(&sample, |records| records[index as usize].1[1 + bit / 8] ^= 1 << (bit % 8));
                let error = replay(&trace).unwrap_err();
                assert!(matches!(error, ReplayError::Differs { index: at, .. } if at == index), "{error}");
            }
        }
    }

    #[test]
    fn any_other_reply_shows_at_once_or_at_the_next_input() {
        let sample = sample(Options::default());
        let replies: Vec<_> = records(&parsed(sample.clone()))
            .into_iter()
            .filter_map(|r| if let Input::Reply(reply) = r.input { Some((r.seq, reply)) } else { None })
            .collect();
        assert!(replies.len() > 10);
        let mut at_once = 0;
        for (index, reply) in replies {
            // Failed(EPIPE), Pending, Size(1), as the format has them.
            for (other, tail) in [(Reply::Pending, &[3][..]), (Reply::Size(1), &[6, 1]), (Reply::Done, &[1])] {
                if std::mem::discriminant(&other) == std::mem::discriminant(&reply) {
                    continue;
                }
                let trace = with(&sample, |records| {
                    records[index as usize].1.truncate(5);
                    records[index as usize].1.extend(tail);
                });
                let error = replay(&trace).unwrap_err();
                at_once += u64::from(error.index() == index);
                assert!((index..index + 2).contains(&error.index()), "{reply:?} to {other:?} at {index}: {error}");
            }
        }
        assert!(at_once > 10);
    }

    #[test]
    fn a_missing_and_a_doubled_input_are_noticed() {
        let sample = sample(Options::default());
        for record in records(&parsed(sample.clone())) {
            if matches!(record.input, Input::Advance(_)) {
                // A time alone has no effect to notice.
                continue;
            }
            let index = record.seq as usize;
            let missing = replay(&with(&sample, |records| drop(records.remove(index))));
            let doubled = replay(&with(&sample, |records| {
                let mut again = records[index].clone();
                again.1[0] = 0;
                records.insert(index + 1, again);
            }));
            for result in [missing, doubled] {
                let at = result.unwrap_err().index();
                assert!((index as u64..=index as u64 + 2).contains(&at), "{index} shows at {at}");
            }
        }
    }

    #[test]
    fn unknown_records_are_skipped_if_they_may_be() {
        let sample = sample(Options::default());
        let plain = replay(&parsed(sample.clone())).unwrap();
        let noted = with(&sample, |records| {
            for at in (0..records.len()).rev() {
                records.insert(at, (0x80 + at as u8 % 0x7F, vec![0xFF; at * 7]));
            }
        });
        assert_eq!(replay(&noted).unwrap(), plain);
        let changed = trace_support_rewrite(&sample, |records| records.insert(3, (0x20, vec![0])));
        let trace = Trace::parse(changed).unwrap();
        assert_eq!(trace.torn().unwrap().damage, netfold_core::trace::Damage::Unknown);
        assert_eq!(trace.inputs(), 0, "the block is one");
    }

    #[test]
    fn no_alteration_of_a_record_panics_or_hangs() {
        let sample = sample(Options { read: Payload::First(3), ..Options::default() });
        let lengths: Vec<usize> = {
            let mut lengths = Vec::new();
            with(&sample, |records| lengths = records.iter().map(|r| r.1.len()).collect());
            lengths
        };
        for (index, len) in lengths.into_iter().enumerate() {
            for bit in (0..8).chain(40..len * 8) {
                let trace = with(&sample, |records| records[index].1[bit / 8] ^= 1 << (bit % 8));
                let _ = replay(&trace).map_err(|error| error.to_string());
            }
            for keep in 0..len {
                let trace = with(&sample, |records| records[index].1.truncate(keep));
                assert!(replay(&trace).is_err());
            }
        }
    }

    #[test]
    fn any_number_of_steps_may_be_claimed_and_few_are_taken() {
        let sample = sample(Options::default());
        let trace = with(&sample, |records| {
            records[4].1.splice(0..1, [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F]);
        });
        assert!(matches!(replay(&trace), Err(ReplayError::Stops { index: 4, .. })));
    }

    #[test]
    fn an_answer_that_is_missing_or_too_much_is_named() {
        let sample = sample(Options::default());
        let all = records(&parsed(sample.clone()));
        let index = all.iter().position(|r| matches!(r.input, Input::Reply(_))).unwrap();
        let phase = with(&sample, |records| {
            let head = records[index].1[..5].to_vec();
            records[index] = (6, [&head[..], &[1]].concat());
        });
        let error = replay(&phase).unwrap_err();
        assert!(matches!(&error, ReplayError::Unanswered { index: at, .. } if *at == index as u64), "{error}");
        assert!(error.to_string().contains("phase pending"), "{error}");
        let answer = with(&sample, |records| records[1] = (2, [&records[1].1[..5], &[1]].concat()));
        assert!(matches!(replay(&answer), Err(ReplayError::NotAsked { index: 1, .. })));
    }
}
