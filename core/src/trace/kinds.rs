//! A trace with every kind of record, command, reply, completion and error: for readers in other languages. It cannot be
//! replayed, since no machine would take all this.

use super::commands::tests::every_command;
use super::failure::tests::every_error;
use super::input::tests::{completions, replies};
use super::payload::{Key, Payload};
use super::reader::Trace;
use super::recorder::{Options, Recorder};
use crate::command::Command;
use crate::engine::Witness;
use crate::id::{SocketId, TickId};
use crate::limits::Limits;
use crate::step::Phase;
use std::path::PathBuf;
use std::string::ToString;
use std::sync::Arc;
use std::vec::Vec;

fn path() -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "tests", "golden", "kinds.trace"].iter().collect()
}

fn written() -> Vec<u8> {
    let options = Options {
        read: Payload::Hash(Key::new([1; 16])),
        written: Payload::Full,
        created: 1_700_000_000_000,
        creator: "every kind".into(),
    };
    let limits = Limits { write_buffer: Some(1 << 40), ..Limits::DEFAULT };
    let mut recorder = Recorder::new(limits, options);
    let socket = SocketId::from_parts(0, 1);
    let failing = every_error().into_iter().map(|error| Command::Destroy(socket, Some(Arc::new(error))));
    for command in every_command().into_iter().chain(failing) {
        let mark = recorder.command(&command);
        recorder.settle(mark, true);
    }
    recorder.flush();
    for (now, reply) in (1..).zip(replies()) {
        recorder.reply(reply);
        recorder.advance(now * 1000);
    }
    recorder.flush();
    for completion in completions() {
        let mark = recorder.completion(&completion);
        recorder.settle(mark, true);
    }
    Witness::tick(&mut &mut recorder, TickId(u64::MAX));
    recorder.tick(TickId(u64::MAX));
    for phase in [Phase::Pending, Phase::Closing, Phase::Timers] {
        recorder.phase(phase);
    }
    recorder.threw();
    recorder.finish()
}

/// A byte that changes here is one that readers of older releases take for something else. What is new goes to the file with
/// `KINDS=write cargo test -p netfold-core --lib kinds`.
#[test]
fn every_kind_of_record_is_written_as_it_was() {
    if std::env::var_os("KINDS").is_some_and(|what| what == "write") {
        std::fs::write(path(), written()).expect("the file is written");
    }
    let file = std::fs::read(path()).expect("the trace of every kind");
    assert!(file == written(), "see KINDS=write; a byte that was there must not change");
    let trace = Trace::parse(file).expect("a trace");
    assert_eq!((trace.torn(), trace.finished()), (None, true));
    assert_eq!(trace.records().count() as u64, trace.inputs());
    assert!(trace.records().all(|record| !record.expect("a record").to_string().is_empty()));
}
