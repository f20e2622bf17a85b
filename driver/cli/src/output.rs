//! What the tool says: lines on standard output and error, and figures in them.

use clap::ValueEnum;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::fmt::{self, Display, Write as _};
use std::io::{self, BufWriter, IsTerminal, StdoutLock, Write};

/// A line on standard output. A reader who has gone has read enough; that is no failure.
pub fn say(line: impl Display) -> Result<(), String> {
    match writeln!(io::stdout(), "{line}") {
        Err(error) => failed(&error),
        Ok(()) => Ok(()),
    }
}

/// What a failed write to standard output means.
pub fn failed(error: &io::Error) -> Result<(), String> {
    match error.kind() {
        io::ErrorKind::BrokenPipe => Ok(()),
        _ => Err(format!("cannot write to standard output: {error}")),
    }
}

/// How a command says what it did: as a line, or as an object.
#[derive(clap::Args, Clone, Copy, Debug, Default)]
pub struct Said {
    /// What is said on standard output as one JSON object
    #[arg(long)]
    pub json: bool,
}

impl Said {
    pub fn say(self, line: impl Display, object: impl FnOnce() -> serde_json::Value) -> Result<(), String> {
        if self.json { say(Ascii(&object().to_string())) } else { say(line) }
    }
}

/// A line on standard error, where nothing can be done if that is closed.
pub fn warn(line: impl Display) {
    let _cannot_be_told = writeln!(io::stderr(), "netfold: {line}");
}

/// When to colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Default)]
pub enum Colour {
    /// On a terminal, unless NO_COLOR is set
    #[default]
    Auto,
    Always,
    Never,
}

/// Standard output for many lines, with colours where they are wanted.
pub struct Pages {
    out: BufWriter<StdoutLock<'static>>,
    colour: bool,
}

impl Pages {
    pub fn new(colour: Colour) -> Self {
        let out = io::stdout().lock();
        let colour = match colour {
            Colour::Always => true,
            Colour::Never => false,
            Colour::Auto => anstream::AutoStream::choice(&out) != anstream::ColorChoice::Never,
        };
        Self { out: BufWriter::new(out), colour }
    }

    pub fn line(&mut self, style: anstyle::Style, text: impl Display) -> io::Result<()> {
        if self.colour { writeln!(self.out, "{style}{text}{style:#}") } else { writeln!(self.out, "{text}") }
    }

    pub fn plain(&mut self, text: impl Display) -> io::Result<()> {
        writeln!(self.out, "{text}")
    }

    /// A value as one line of JSON, in printing ASCII: whatever shows it, nothing in it is a command to that.
    pub fn json(&mut self, value: &serde_json::Value) -> io::Result<()> {
        writeln!(self.out, "{}", Ascii(&value.to_string()))
    }

    pub fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// JSON whose every character is printing ASCII. Others can only stand in its strings, where they have a numeral.
pub struct Ascii<'a>(pub &'a str);

impl Display for Ascii<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in self.0.chars() {
            match c {
                ' '..='~' => f.write_char(c)?,
                _ => c.encode_utf16(&mut [0; 2]).iter().try_for_each(|unit| write!(f, "\\u{unit:04x}"))?,
            }
        }
        Ok(())
    }
}

/// What a command that prints much ends with.
pub fn printed(result: crate::Ended) -> crate::Ended {
    match result {
        Err(error) => match error.downcast_ref::<io::Error>() {
            Some(error) => Ok(failed(error)?),
            None => Err(error),
        },
        Ok(()) => Ok(()),
    }
}

/// A bar on standard error, if that is a terminal; standard output has what was asked for.
pub fn progress(what: &'static str, total: u64) -> ProgressBar {
    if !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{msg} {bar:40} {pos}/{len} {eta}").expect("the template is right");
    ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr()).with_style(style).with_message(what)
}

/// A loop that cannot be begun.
pub fn no_loop(error: impl Display) -> String {
    format!("cannot begin: {error}; allow more open files (ulimit -n)")
}

/// A number of bytes, in the unit that fits.
pub struct Bytes(pub u64);

impl Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            n @ 0..1000 => write!(f, "{n} bytes"),
            n @ 1000..1_000_000 => write!(f, "{:.1} kB", n as f64 / 1e3),
            n => write!(f, "{:.1} MB", n as f64 / 1e6),
        }
    }
}

/// A time in seconds, in the unit that fits.
pub struct Time(pub f64);

impl Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 < 1.0 { write!(f, "{:.1} ms", self.0 * 1e3) } else { write!(f, "{:.2} s", self.0) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_printing_ascii_and_means_the_same() {
        let value = serde_json::json!({ "text": "a\u{1b}[2J\u{9b}\u{7f}\u{202e}\n\u{1f600}\"\\" });
        let text = Ascii(&value.to_string()).to_string();
        assert!(text.bytes().all(|b| matches!(b, b' '..=b'~')), "{text}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap(), value);
    }

    #[test]
    fn small_figures_are_not_rounded_to_nothing() {
        assert_eq!(Bytes(999).to_string(), "999 bytes");
        assert_eq!(Bytes(3314).to_string(), "3.3 kB");
        assert_eq!(Bytes(4_000_000).to_string(), "4.0 MB");
        assert_eq!(Time(0.0004).to_string(), "0.4 ms");
        assert_eq!(Time(1.5).to_string(), "1.50 s");
    }
}
