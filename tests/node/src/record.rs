//! Recording a program's net activity into a file.

use crate::host::Host;
use netfold_core::trace::{Options, Recorder};
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::time::{SystemTime, UNIX_EPOCH};

/// A file that a trace goes into. Only its owner can read it; of payloads their lengths are kept.
pub(crate) struct Trace {
    file: File,
}

impl Trace {
    pub(crate) fn create(path: &str) -> io::Result<(Self, Options)> {
        let file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
        let created = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_millis() as u64);
        let creator = concat!("netfold in Node ", env!("CARGO_PKG_VERSION")).to_string();
        Ok((Self { file }, Options { created, creator, ..Options::default() }))
    }
}

impl Host {
    /// Gives what was recorded to the file: finished blocks, or with `all` everything so far.
    pub(crate) fn save_trace(&mut self, all: bool) {
        let (Some(trace), Some(recorder)) = (&mut self.trace, self.machine.recorder()) else { return };
        if all {
            recorder.flush();
        }
        let failed = save(recorder, &mut trace.file).is_err();
        if failed {
            // What is in the file stays a valid trace; nothing more can be added to it in order.
            self.trace = None;
            let _rest = self.machine.finish();
        }
    }

    /// Ends the recording with its last record.
    pub(crate) fn finish_trace(&mut self) {
        let Some(mut trace) = self.trace.take() else { return };
        if let Some(rest) = self.machine.finish() {
            let _cannot_be_told = trace.file.write_all(&rest);
        }
    }
}

fn save(recorder: &mut Recorder, file: &mut File) -> io::Result<()> {
    let blocks = recorder.finished();
    if blocks.is_empty() {
        return Ok(());
    }
    let len = blocks.len();
    let written = file.write_all(blocks);
    recorder.taken(len);
    written
}
