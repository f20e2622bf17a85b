//! `netfold redact`

mod names;

use crate::Ended;
use crate::file::{private, read};
use crate::output::{Said, progress};
use crate::payload::Keep;
use clap::Args;
use names::Names;
use netfold::core::trace::{Input, Kept, Options, Payload, Record, Trace, replay};
use netfold::core::{Command, Completion, Core, Machine, Step};
use serde_json::json;
use std::io::Write;
use std::path::PathBuf;

#[derive(Args)]
#[command(after_help = NOTE)]
pub struct Redact {
    /// The trace
    file: PathBuf,
    /// Where the other one goes
    #[arg(long, short, value_name = "FILE")]
    output: PathBuf,
    /// What to keep of the bytes, of what is there: length, hash, first:N or full
    #[arg(long, default_value = "length")]
    payload: Keep,
    /// Put other names in the place of hosts, paths, addresses and the messages of the program's errors
    #[arg(long)]
    names: bool,
    /// Leave out when it was recorded, and by which program
    #[arg(long)]
    anonymous: bool,
    #[command(flatten)]
    said: Said,
}

const NOTE: &str = "The machine is given the same inputs again and recorded anew, so that the result replays with the \
same events in the same order. Lengths, ports, times and the program's order of calls stay as they were. With --names \
a trace whose machine looks into addresses (block lists) may do otherwise, and is refused.";

impl Redact {
    pub fn run(self) -> Ended {
        let trace = read(&self.file)?;
        let named = |error: &dyn std::fmt::Display| format!("{}: {error}", self.file.display());
        if let Some(torn) = trace.torn() {
            return Err(named(&format_args!("the trace is torn: {torn}")).into());
        }
        let before = replay(&trace).map_err(|error| named(&error))?;
        let bytes = self.written(&trace, before.steps).map_err(|error| named(&error))?;
        let other = Trace::parse(bytes.clone())?;
        let after = replay(&other).map_err(|error| named(&format_args!("what was made does not replay: {error}")))?;
        if (before.inputs, before.steps, before.events) != (after.inputs, after.steps, after.events) {
            return Err(named(&"the machine does otherwise with these names").into());
        }
        private(&self.output)
            .and_then(|mut file| file.write_all(&bytes))
            .map_err(|error| format!("cannot write {}: {error}", self.output.display()))?;
        let line = format_args!(
            "{} inputs, {} steps, written to {}; replay identical",
            after.inputs,
            after.steps,
            self.output.display()
        );
        Ok(self.said.say(line, || {
            let output = self.output.to_string_lossy();
            json!({ "identical": true, "inputs": after.inputs, "steps": after.steps, "output": output })
        })?)
    }

    /// The whole trace again, in so many steps.
    fn written(&self, trace: &Trace, mut steps: u64) -> Result<Vec<u8>, String> {
        let header = trace.header();
        let policy = self.payload.policy().map_err(|error| error.to_string())?;
        let (created, creator) = match self.anonymous {
            true => (0, String::new()),
            false => (header.created, header.creator.clone()),
        };
        // Zeros in the place of bytes that were not kept must not pass for bytes.
        let options =
            Options { read: least(header.read, policy), written: least(header.written, policy), created, creator };
        let mut machine = Machine::recorded(Core::new(header.limits), options);
        let mut names = self.names.then(Names::default);
        let mut out = Vec::new();
        let bar = progress("writing", trace.inputs());
        for record in trace.records() {
            let mut record = record.map_err(|error| error.to_string())?;
            if let Some(names) = &mut names {
                names.put(&mut record.input);
            }
            begin_as_kept(&mut record);
            let seq = record.seq;
            steps = steps.saturating_sub(record.place);
            give(&mut machine, record).map_err(|why| format!("input {seq} cannot be given with these names: {why}"))?;
            if seq % 4096 == 0 {
                bar.set_position(seq);
                out.extend(machine.recorder().map(|recorder| recorder.take()).unwrap_or_default());
            }
        }
        bar.finish_and_clear();
        if trace.finished() {
            // Those after the last input; a recording may end before the machine rests.
            (0..steps).for_each(|_| _ = machine.step());
            out.extend(machine.finish().unwrap_or_default());
        } else if let Some(recorder) = machine.recorder() {
            recorder.flush();
            out.extend(recorder.take());
        }
        Ok(out)
    }
}

/// What may be kept of what was kept.
fn least(had: Kept, wanted: Payload) -> Payload {
    match (had, wanted) {
        (Kept::Full, wanted) => wanted,
        (Kept::First(had), Payload::First(n)) => Payload::First(n.min(had)),
        (Kept::First(had), Payload::Full) => Payload::First(had),
        // A hash of zeros says nothing; nor does one under a key that is gone.
        _ => Payload::Length,
    }
}

/// Of a payload whose first bytes alone were kept a reader gives zeros. The bytes that are there begin it again.
fn begin_as_kept(record: &mut Record) {
    let Some(stored) = record.payload.as_ref().filter(|stored| !stored.bytes.is_empty()) else { return };
    let bytes = match &mut record.input {
        Input::Command(Command::Write(_, chunk, _) | Command::End(_, Some(chunk), _) | Command::Unshift(_, chunk)) => {
            &mut chunk.bytes
        }
        Input::Completion(Completion::Read(_, bytes) | Completion::ReadAs(_, bytes, _)) => bytes,
        _ => return,
    };
    if stored.bytes.len() < bytes.len() {
        let mut whole = vec![0; bytes.len()];
        whole[..stored.bytes.len()].copy_from_slice(&stored.bytes);
        *bytes = whole.into();
    }
}

/// Takes the steps before an input, and gives it.
fn give(machine: &mut Machine, record: Record) -> Result<(), String> {
    let rests = || String::from("the machine rests earlier");
    let mut resting = false;
    for _ in 0..record.place {
        if resting {
            return Err(rests());
        }
        resting = matches!(machine.step(), Step::Idle(_) | Step::Call(_));
    }
    let given = match record.input {
        // A call that was dropped is asked again, and that counts for nothing.
        Input::Reply(reply) => match machine.step() {
            Step::Call(call) => call.answer(reply),
            _ => return Err(String::from("the machine asks nothing")),
        },
        Input::Command(command) => machine.begin(command),
        Input::Completion(completion) => machine.complete(completion),
        Input::Advance(now) => machine.advance(now),
        Input::Tick(id) => machine.tick(id),
        Input::Phase(phase) => machine.phase(phase),
        Input::Threw => machine.threw(),
    };
    given.map_err(|misuse| misuse.to_string())
}
