//! `netfold export`

mod mermaid;
mod packets;
mod pcapng;
mod perfetto;

use crate::Ended;
use crate::file::{private, read};
use crate::filter::Filter;
use crate::output::{Ascii, progress};
use crate::timeline::picture::Picture;
use clap::{Args, ValueEnum};
use serde_json::json;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::PathBuf;

#[derive(Args)]
#[command(after_help = NOTE)]
pub struct Export {
    /// The trace
    file: PathBuf,
    /// For whom
    #[arg(long, value_enum)]
    to: Format,
    /// Where it goes; standard output unless given
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    filter: Filter,
    /// Of a Mermaid diagram: no more than so many messages
    #[arg(long, default_value_t = 500, value_name = "N")]
    most: usize,
    /// With --output: say what was written as one JSON object
    #[arg(long, requires = "output")]
    json: bool,
}

const NOTE: &str = "A trace has no packets: pcapng is made of its byte offsets, so headers, acknowledgements, and \
addresses that the program never asked for, are made up. What was sent and read, in which order and when (in \
milliseconds) is true. Bytes that the trace does not have are left out of the packets, which keep their length; of more than 6 GB of them (100,000 packets) only a gap is left.";

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// ui.perfetto.dev: a track for each socket, with its states, events, bytes, and the way of each write
    Perfetto,
    /// Wireshark: a TCP stream for each socket, with Node's events as comments of packets
    Pcapng,
    /// A sequence diagram, as text
    Mermaid,
}

impl Export {
    pub fn run(self) -> Ended {
        let trace = read(&self.file)?;
        let bar = progress("reading", trace.inputs());
        let mut picture = Picture::new(&trace, |inputs| bar.set_position(inputs));
        bar.finish_and_clear();
        let failed = picture.failed.take();
        let header = trace.header();
        let bytes = match self.to {
            Format::Perfetto => perfetto::file(&picture, &self.filter),
            Format::Pcapng => pcapng::file(header, &packets::of(&picture, header, trace.size(), &self.filter)),
            Format::Mermaid => mermaid::diagram(&picture, &self.filter, self.most).into_bytes(),
        };
        match &self.output {
            Some(path) => {
                write(&bytes, private(path)).map_err(|e| format!("cannot write {}: {e}", path.display()))?;
                if self.json {
                    let (lines, lanes) = (picture.lines.len(), picture.lanes.len() - 1);
                    let output = path.to_string_lossy();
                    let object = json!({ "lines": lines, "lanes": lanes, "bytes": bytes.len(), "output": output });
                    crate::output::say(Ascii(&object.to_string()))?;
                }
            }
            None if self.to != Format::Mermaid && io::stdout().is_terminal() => {
                return Err("this is nothing for a terminal: give a file with --output".into());
            }
            None => {
                if let Err(error) = write(&bytes, Ok(io::stdout().lock())) {
                    crate::output::failed(&error)?;
                }
            }
        }
        match failed {
            Some(error) => Err(format!("{}: {error}; what came before it is exported", self.file.display()).into()),
            None => Ok(()),
        }
    }
}

fn write(bytes: &[u8], to: io::Result<impl Write>) -> io::Result<()> {
    let mut out = BufWriter::new(to?);
    out.write_all(bytes)?;
    out.flush()
}
