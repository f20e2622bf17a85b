//! Trace files, damaged and forged.

use crc::{CRC_32_ISCSI, Crc};
use netfold_core::trace::{Input, Record, Trace, replay};
use netfold_core::{Core, Step};

/// What is checked of a header and of a block, and what stands where in them: `spec/trace-format.md`.
const CRC: Crc<u32> = Crc::<u32>::new(&CRC_32_ISCSI);
const FIXED: usize = 20;
const BLOCK: usize = 32;

/// What a forged record may claim to have had, in bytes: enough to fill every buffer.
const MOST_PAYLOAD: u64 = 70_000;

/// Steps that a machine takes at most for one trace.
const STEPS: u64 = 20_000;

/// The first byte says whether the checks of the rest, a file, are made right, as they are in a file that means harm. It is
/// read, shown, replayed twice, and its inputs are given to a machine that knows nothing of the checks.
///
/// # Panics
/// Where the reader, the replay or the machine does, or where two replays differ.
pub fn traces(data: &[u8]) {
    let Some((how, file)) = data.split_first() else { return };
    let mut file = file.to_vec();
    if how % 2 == 1 {
        mend(&mut file);
    }
    let Ok(mut trace) = Trace::parse(file) else { return };
    trace.set_max_payload(MOST_PAYLOAD);
    let readable = trace.records().take_while(Result::is_ok).count() as u64;
    assert!(readable <= trace.inputs(), "more inputs than were counted");
    for record in trace.records().flatten() {
        let _shown = record.input.to_string();
    }
    assert_eq!(replay(&trace), replay(&trace));
    give(&trace);
}

/// Makes the checks right of a file's header and of its blocks, as far as there are any.
fn mend(file: &mut [u8]) {
    let Some(len) = file.get(FIXED - 4..FIXED) else { return };
    let fields = u32::from_le_bytes([len[0], len[1], len[2], len[3]]) as usize;
    let mut at = FIXED.saturating_add(fields);
    put_check(file, 0, at, at);
    at = at.saturating_add(4);
    while let Some(header) = file.get(at..at.saturating_add(BLOCK)) {
        let len = u32::from_le_bytes([header[4], header[5], header[6], header[7]]) as usize;
        let body = at + BLOCK;
        let end = body.saturating_add(len);
        put_check(file, body, end, at + 24);
        put_check(file, at, at + 28, at + 28);
        at = end;
    }
}

/// Puts the check of some bytes where it belongs, if they are there.
fn put_check(file: &mut [u8], from: usize, to: usize, at: usize) {
    let Some(check) = file.get(from..to).map(|bytes| CRC.checksum(bytes)) else { return };
    if let Some(place) = file.get_mut(at..).and_then(|rest| rest.first_chunk_mut::<4>()) {
        *place = check.to_le_bytes();
    }
}

/// Gives a machine the inputs of a trace, whatever it puts out: what does not fit is refused, and nothing else happens.
fn give(trace: &Trace) {
    let mut core = Core::new(trace.header().limits);
    let mut left = STEPS;
    for Record { place, input, .. } in trace.records().flatten() {
        let steps = place.min(left);
        left -= steps;
        let (mut reply, input) = match input {
            Input::Reply(reply) => (Some(reply), None),
            other => (None, Some(other)),
        };
        for _ in 0..steps {
            match core.step() {
                Step::Call(call) => {
                    let _refused = reply.take().map(|reply| call.answer(reply));
                    break;
                }
                Step::Idle(_) => break,
                _ => {}
            }
        }
        let _refused = match input {
            Some(Input::Command(command)) => core.begin(command),
            Some(Input::Completion(completion)) => core.complete(completion),
            Some(Input::Advance(now)) => core.advance(now),
            Some(Input::Tick(id)) => core.tick(id),
            Some(Input::Phase(phase)) => core.phase(phase),
            Some(Input::Threw) => core.threw(),
            Some(Input::Reply(_)) | None => Ok(()),
        };
    }
}
