//! Recording a loop into a file.

use crate::error::NetError;
use crate::net::{Host, Net};
use netfold_core::trace::{Options, Payload};
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

/// Where a trace goes, and what it is to hold.
///
/// By default of payloads only their lengths are kept: traces are passed around, and payloads hold secrets.
pub struct Recording {
    sink: Box<dyn Write>,
    options: Options,
}

impl Recording {
    /// Into a new file, or over an old one. On Unix only its owner can read it.
    ///
    /// # Errors
    /// What the system says: a folder that is not there or cannot be written to, for one.
    pub fn create(path: impl AsRef<Path>) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file: File = options.open(path)?;
        // A device or a pipe is not ours to close to others.
        #[cfg(unix)]
        if file.metadata()?.is_file() {
            file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
        }
        Ok(Self::to(file))
    }

    /// Into anything that bytes can be written to.
    pub fn to(sink: impl Write + 'static) -> Self {
        let created = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_millis() as u64);
        let creator = concat!("netfold ", env!("CARGO_PKG_VERSION")).to_string();
        Self { sink: Box::new(sink), options: Options { created, creator, ..Options::default() } }
    }

    /// What to keep of the bytes that are read and of those that are written.
    pub fn payload(mut self, read: Payload, written: Payload) -> Self {
        (self.options.read, self.options.written) = (read, written);
        self
    }

    pub(crate) fn open(self) -> (Options, Box<dyn Write>) {
        (self.options, self.sink)
    }
}

impl std::fmt::Debug for Recording {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Recording").field("options", &self.options).finish_non_exhaustive()
    }
}

/// How long a loop that [runs](Net::run) may keep what it has recorded from where it is kept, in milliseconds. A block that
/// is full goes at once.
const KEPT: u64 = 100;

impl<S, H: Host> Net<S, H> {
    /// Gives what was recorded to where it is kept: full blocks, and after a while everything, also if the loop is about to
    /// wait for long.
    pub(crate) fn keep_up(&mut self) -> Result<(), NetError> {
        if self.sink.is_none() {
            return self.told();
        }
        let now = self.now();
        let whole = self.machine.recorder().is_none_or(|recorder| recorder.is_flushed());
        let kept = now.saturating_sub(self.saved);
        let late = whole || kept >= KEPT;
        if late {
            self.saved = now;
        }
        self.kernel.nap((!late).then(|| KEPT - kept));
        self.save_trace(late && !whole)
    }

    /// Brings what was recorded so far to where it is kept, for who reads it while it grows. [`dispatch`](Net::dispatch) does so
    /// each time, and [`run`](Net::run) within about a tenth of a second over the system: this is for who cannot wait. Each time
    /// costs 32 bytes of the trace and a call to the system. No effect when nothing is recorded.
    ///
    /// # Errors
    /// [`NetError::Trace`]: what the file could not take. Nothing more is recorded then.
    pub fn flush_recording(&mut self) -> Result<(), NetError> {
        self.save_trace(true)
    }

    /// Gives what was recorded to where it is kept: finished blocks, or with `all` everything so far.
    pub(crate) fn save_trace(&mut self, all: bool) -> Result<(), NetError> {
        self.told()?;
        let Some(sink) = &mut self.sink else { return Ok(()) };
        let Some(recorder) = self.machine.recorder() else { return Ok(()) };
        if all {
            recorder.flush();
        }
        let blocks = recorder.finished();
        if blocks.is_empty() {
            return Ok(());
        }
        let written = sink.write_all(blocks).and_then(|()| sink.flush());
        recorder.taken(blocks.len());
        written.map_err(|error| {
            // What is in the file stays a valid trace; nothing more can be added to it in order.
            self.sink = None;
            let _rest = self.machine.finish();
            NetError::Trace(error)
        })
    }

    /// Tells of a failure that is still to be told.
    fn told(&mut self) -> Result<(), NetError> {
        self.unwritten.take().map_or(Ok(()), |error| Err(NetError::Trace(error)))
    }

    /// Ends the recording: the rest of the trace and its last record go to the file. Without this (or dropping the
    /// loop) a trace is torn at its end: it replays up to there, and says so. No effect when nothing is recorded.
    ///
    /// # Errors
    /// [`NetError::Trace`]: what the file could not take.
    pub fn finish_recording(&mut self) -> Result<(), NetError> {
        self.told()?;
        let Some(mut sink) = self.sink.take() else { return Ok(()) };
        let Some(rest) = self.machine.finish() else { return Ok(()) };
        sink.write_all(&rest).and_then(|()| sink.flush()).map_err(NetError::Trace)
    }
}

impl<S: 'static, H: 'static> Drop for Net<S, H> {
    fn drop(&mut self) {
        if let Some(mut sink) = self.sink.take()
            && let Some(rest) = self.machine.finish()
        {
            let _cannot_be_told = sink.write_all(&rest).and_then(|()| sink.flush());
        }
    }
}
