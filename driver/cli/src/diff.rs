//! `netfold diff`

use crate::Ended;
use crate::file::read;
use crate::output::{Colour, Pages, printed};
use crate::timeline::{Kind, Line, Walk};
use clap::Args;
use netfold::core::trace::{ReplayError, Trace};
use serde_json::json;
use std::collections::VecDeque;
use std::path::PathBuf;

#[derive(Args)]
#[command(after_help = "Exit status: 0 when the two say the same, 1 when they differ or one cannot be read.")]
pub struct Diff {
    /// One trace
    a: PathBuf,
    /// The other
    b: PathBuf,
    /// Look past the clock: inputs that tell the time, and when the machine wants to be woken
    #[arg(long)]
    no_time: bool,
    /// How many lines to show before the difference and after it
    #[arg(long, default_value_t = 8, value_name = "N")]
    context: usize,
    /// How wide a line may be, in columns; the terminal's width unless given, else 160
    #[arg(long, value_name = "COLUMNS", value_parser = clap::value_parser!(u16).range(40..))]
    width: Option<u16>,
    /// As one JSON object
    #[arg(long)]
    json: bool,
    /// When to colour
    #[arg(long, value_enum, default_value_t)]
    color: Colour,
}

/// The lines of a trace one by one, with what it ends in if that is no good end.
struct Lines<'t> {
    walk: Walk<'t>,
    ready: VecDeque<Line>,
    failed: Option<ReplayError>,
    no_time: bool,
}

impl<'t> Lines<'t> {
    fn new(trace: &'t Trace, no_time: bool) -> Self {
        Self { walk: Walk::new(trace), ready: VecDeque::new(), failed: None, no_time }
    }
}

impl Iterator for Lines<'_> {
    type Item = Line;

    fn next(&mut self) -> Option<Line> {
        loop {
            while let Some(line) = self.ready.pop_front() {
                if !(self.no_time && matches!(line.kind, Kind::Time | Kind::Idle)) {
                    return Some(line);
                }
            }
            if self.failed.is_some() {
                return None;
            }
            let more = self.walk.next().map(|lines| lines.is_some());
            self.ready.extend(self.walk.lines().iter().cloned());
            match more {
                Ok(true) => {}
                Ok(false) if self.ready.is_empty() => return None,
                Ok(false) => {}
                Err(error) => self.failed = Some(error),
            }
        }
    }
}

impl Diff {
    pub fn run(self) -> Ended {
        let (first, second) = (read(&self.a)?, read(&self.b)?);
        let (mut a, mut b) = (Lines::new(&first, self.no_time), Lines::new(&second, self.no_time));
        let (mut before, mut count) = (VecDeque::new(), 0_u64);
        let (left, right) = loop {
            match (a.next(), b.next()) {
                (None, None) => {
                    for (lines, path) in [(&a, &self.a), (&b, &self.b)] {
                        if let Some(error) = &lines.failed {
                            return Err(format!("{}: {error}", path.display()).into());
                        }
                    }
                    for (trace, other, path) in [(&first, &second, &self.a), (&second, &first, &self.b)] {
                        if trace.finished() && !other.finished() {
                            let path = path.display();
                            return Err(format!(
                                "the traces differ: after {count} equal lines only {path} has its end"
                            )
                            .into());
                        }
                    }
                    return self.same(count);
                }
                (Some(x), Some(y)) if x.kind == y.kind && x.text == y.text => {
                    count += 1;
                    before.push_back(x);
                    if before.len() > self.context {
                        before.pop_front();
                    }
                }
                (x, y) => break (x, y),
            }
        };
        let rest = |first: Option<Line>, lines: &mut Lines<'_>| -> Vec<Line> {
            first.into_iter().chain(lines).take(self.context.max(1)).collect()
        };
        let (left, right) = (rest(left, &mut a), rest(right, &mut b));
        printed(self.print(&before, &left, &right))?;
        let at = left.first().or(right.first()).map_or(0, |line| line.input);
        Err(format!("the traces differ after {count} equal lines, at input {at}").into())
    }

    fn same(&self, count: u64) -> Ended {
        let mut pages = Pages::new(self.color);
        printed((|| {
            if self.json {
                pages.json(&json!({ "same": true, "lines": count }))?;
            } else {
                pages.plain(format_args!("the traces say the same: {count} lines"))?;
            }
            Ok(pages.flush()?)
        })())
    }

    fn print(&self, before: &VecDeque<Line>, left: &[Line], right: &[Line]) -> Ended {
        let mut pages = Pages::new(self.color);
        if self.json {
            let lines = |lines: &mut dyn Iterator<Item = &Line>| lines.map(Line::json).collect::<Vec<_>>();
            let (before, a, b) = (lines(&mut before.iter()), lines(&mut left.iter()), lines(&mut right.iter()));
            pages.json(&json!({ "same": false, "before": before, "a": a, "b": b }))?;
            return Ok(pages.flush()?);
        }
        let terminal = || console_width().unwrap_or(160);
        let column = usize::from(self.width.unwrap_or_else(terminal)).saturating_sub(3) / 2;
        let plain = anstyle::Style::new();
        for line in before {
            let text = cut(&said(line), column);
            pages.line(plain.dimmed(), format_args!("{text:<column$} | {text}"))?;
        }
        for at in 0..left.len().max(right.len()) {
            let text = |lines: &[Line]| lines.get(at).map_or(String::new(), |line| cut(&said(line), column));
            let (l, r) = (text(left), text(right));
            let equal = left.get(at).zip(right.get(at)).is_some_and(|(x, y)| x.text == y.text);
            let (mark, style) = if equal { ('|', plain) } else { ('!', plain.bold()) };
            pages.line(style, format_args!("{l:<column$} {mark} {r}"))?;
        }
        Ok(pages.flush()?)
    }
}

fn said(line: &Line) -> String {
    format!("{:>5} {:>6} {}", line.turn, line.time, line.plain())
}

fn cut(text: &str, column: usize) -> String {
    if text.chars().count() <= column {
        return text.to_string();
    }
    text.chars().take(column.saturating_sub(1)).chain(['>']).collect()
}

/// The width of the terminal, if standard output is one.
fn console_width() -> Option<u16> {
    terminal_size::terminal_size().map(|(terminal_size::Width(columns), _)| columns)
}
