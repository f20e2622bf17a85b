//! `netfold show`

use crate::Ended;
use crate::file::{Growing, read};
use crate::filter::{Filter, style};
use crate::output::{Colour, Pages, printed};
use crate::timeline::{Line, Walk};
use clap::Args;
use netfold::core::trace::{Damage, Trace};
use std::io;
use std::path::PathBuf;

#[derive(Args)]
pub struct Show {
    /// The trace
    file: PathBuf,
    /// Only the inputs, not what the machine put out
    #[arg(long)]
    inputs: bool,
    /// Begin each line with its turn and its time in milliseconds
    #[arg(long, short)]
    long: bool,
    #[command(flatten)]
    filter: Filter,
    /// One JSON object a line
    #[arg(long)]
    json: bool,
    /// Go on as the file grows, until the trace has its end
    #[arg(long, short)]
    follow: bool,
    /// When to colour
    #[arg(long, value_enum, default_value_t)]
    color: Colour,
}

impl Show {
    pub fn run(self) -> Ended {
        let shown = if self.follow { self.follow() } else { self.print(&read(&self.file)?) };
        printed(shown.map_err(|error| match error.downcast::<io::Error>() {
            Ok(error) => error as Box<dyn std::error::Error>,
            Err(error) => format!("{}: {error}", self.file.display()).into(),
        }))
    }

    fn print(&self, trace: &Trace) -> Ended {
        let mut pages = Pages::new(self.color);
        let mut walk = Walk::new(trace);
        self.walk(&mut walk, &mut pages)?;
        if self.json {
            return Ok(pages.flush()?);
        }
        if let Some(torn) = trace.torn() {
            pages.plain(format_args!("the trace is torn: {torn}"))?;
        } else if !trace.finished() {
            pages.plain("the trace has no end: the program that recorded it still runs or was killed")?;
        }
        Ok(pages.flush()?)
    }

    /// Prints all that can be read.
    fn walk(&self, walk: &mut Walk<'_>, pages: &mut Pages) -> Ended {
        loop {
            let more = walk.next().map(|lines| lines.is_some());
            // What came before a difference is worth most.
            for line in walk.lines() {
                if (line.kind.is_input() || !self.inputs) && self.filter.wants(line) {
                    self.line(line, pages)?;
                }
            }
            if !more? || walk.lines().last().is_some_and(|line| self.filter.is_past(line)) {
                return Ok(());
            }
        }
    }

    fn line(&self, line: &Line, pages: &mut Pages) -> io::Result<()> {
        if self.json {
            return pages.json(&line.json());
        }
        let Line { turn, time, .. } = line;
        let place = if self.long { format!("{turn:>6} {time:>8} ") } else { String::new() };
        pages.line(style(line.kind), format_args!("{place}{}", line.plain()))
    }

    /// A block that is not whole yet will be.
    fn follow(&self) -> Ended {
        let mut pages = Pages::new(self.color);
        let mut file = Growing::open(&self.file)?;
        let mut trace = file.first()?;
        let mut stopped = None;
        loop {
            let mut walk = match stopped.take() {
                Some(stopped) => Walk::resume(stopped, &trace),
                None => Walk::new(&trace),
            };
            self.walk(&mut walk, &mut pages)?;
            pages.flush()?;
            match trace.torn() {
                Some(torn) if torn.damage != Damage::CutOff => return Err(format!("the trace is torn: {torn}").into()),
                _ if trace.finished() => return Ok(()),
                _ => {}
            }
            stopped = Some(walk.pause());
            file.grow(&mut trace)?;
        }
    }
}
