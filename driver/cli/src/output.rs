//! What the tool says: lines on standard output and error, and figures in them.

use std::fmt::{self, Display};
use std::io::{self, Write};

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

/// A line on standard error, where nothing can be done if that is closed.
pub fn warn(line: impl Display) {
    let _cannot_be_told = writeln!(io::stderr(), "netfold: {line}");
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
    fn small_figures_are_not_rounded_to_nothing() {
        assert_eq!(Bytes(999).to_string(), "999 bytes");
        assert_eq!(Bytes(3314).to_string(), "3.3 kB");
        assert_eq!(Bytes(4_000_000).to_string(), "4.0 MB");
        assert_eq!(Time(0.0004).to_string(), "0.4 ms");
        assert_eq!(Time(1.5).to_string(), "1.50 s");
    }
}
