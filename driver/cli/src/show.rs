//! `netfold show`

use crate::{Ended, read_trace};
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
        let trace = read_trace(&self.file)?;
        let out = BufWriter::new(io::stdout().lock());
        match self.print(&trace, out) {
            // Whoever reads has read enough.
            Err(error) if is_broken_pipe(error.as_ref()) => Ok(()),
            ended => ended,
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
        }
        Ok(out.flush()?)
    }
}

fn is_broken_pipe(error: &(dyn std::error::Error + 'static)) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}
