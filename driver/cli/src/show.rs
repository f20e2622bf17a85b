//! `netfold show`

use crate::Ended;
use crate::file::read;
use crate::output::failed;
use clap::Args;
use netfold::core::trace::Replayer;
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

#[derive(Args)]
pub struct Show {
    /// The trace
    file: PathBuf,
    /// Only the inputs, not what the machine put out
    #[arg(long)]
    inputs: bool,
}

impl Show {
    pub fn run(self) -> Ended {
        let trace = read(&self.file)?;
        let out = BufWriter::new(io::stdout().lock());
        match self.print(&trace, out) {
            Err(error) => match error.downcast_ref::<io::Error>() {
                Some(error) => Ok(failed(error)?),
                None => Err(format!("{}: {error}", self.file.display()).into()),
            },
            Ok(()) => Ok(()),
        }
    }

    fn print(&self, trace: &netfold::core::trace::Trace, mut out: impl Write) -> Ended {
        let mut replayer = Replayer::new(trace);
        while let Some(shown) = replayer.show()? {
            if !self.inputs {
                for output in &shown.outputs {
                    writeln!(out, "        {output}")?;
                }
            }
            if let Some(record) = &shown.record {
                writeln!(out, "{record}")?;
            }
        }
        if let Some(torn) = trace.torn() {
            writeln!(out, "the trace is torn: {torn}")?;
        } else if !trace.finished() {
            writeln!(out, "the trace has no end: the program that recorded it still runs or was killed")?;
        }
        Ok(out.flush()?)
    }
}
