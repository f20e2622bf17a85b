//! The files that traces are in.

use netfold::core::trace::{Trace, TraceError};
use netfold::{NetError, Recording};
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::time::Duration;

/// How much of a growing file is read before it is looked at.
const MOST_AT_ONCE: u64 = 64 << 20;

/// A new file to record into.
pub fn create(path: &Path) -> Result<Recording, String> {
    Recording::create(path).map_err(|error| {
        let path = path.display();
        format!("cannot record into {path}: {error}; give a file in a folder that is there and can be written to")
    })
}

/// A new file that is its owner's alone, as a trace is: what is made of one may hold what is secret.
pub fn private(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// An error of the loop, with the name of its trace if that is what it is about.
pub fn named(error: &NetError, path: &Path) -> String {
    match error {
        NetError::Trace(error) => {
            format!("cannot write the trace {}: {error}; what is in it can be replayed", path.display())
        }
        error => error.to_string(),
    }
}

/// Reads a trace.
pub fn read(path: &Path) -> Result<Trace, String> {
    let file = contents(path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    Trace::parse(file).map_err(|error| {
        let what_to_do = match error {
            TraceError::NotATrace => "; give a file that netfold echo or demo has written with --record",
            _ => "",
        };
        format!("{}: {error}{what_to_do}", path.display())
    })
}

/// A trace that may still be written.
pub struct Growing {
    file: File,
    path: String,
}

/// How often a file is looked at for more.
const LOOK: Duration = Duration::from_millis(50);

impl Growing {
    pub fn open(path: &Path) -> Result<Self, String> {
        let name = path.display();
        let file = File::open(path).map_err(|error| format!("cannot read {name}: {error}"))?;
        Ok(Self { file, path: name.to_string() })
    }

    /// What is there. A file that has not got its header yet is waited for.
    pub fn first(&mut self) -> Result<Trace, String> {
        let mut bytes = self.more()?;
        loop {
            match Trace::parse(bytes.clone()) {
                Err(TraceError::Header) => {}
                Err(TraceError::NotATrace) if bytes.is_empty() => {}
                read => return read.map_err(|error| error.to_string()),
            }
            std::thread::sleep(LOOK);
            bytes.extend(self.more()?);
        }
    }

    /// Waits until there is more of it.
    pub fn grow(&mut self, trace: &mut Trace) -> Result<(), String> {
        loop {
            let more = self.more()?;
            if !more.is_empty() {
                trace.grow(&more);
                return Ok(());
            }
            std::thread::sleep(LOOK);
        }
    }

    fn more(&mut self) -> Result<Vec<u8>, String> {
        let mut more = Vec::new();
        let read = self.file.by_ref().take(MOST_AT_ONCE).read_to_end(&mut more);
        read.map(|_| more).map_err(|error| format!("cannot read {}: {error}", self.path))
    }
}

/// Everything in the file, unless its first bytes say already that it is no trace: it may be without end.
fn contents(path: &Path) -> io::Result<Vec<u8>> {
    let (mut file, mut bytes) = (File::open(path)?, Vec::new());
    file.by_ref().take(8).read_to_end(&mut bytes)?;
    if !matches!(Trace::parse(bytes.clone()), Err(TraceError::NotATrace)) {
        file.read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}
