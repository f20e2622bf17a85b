//! A place as text: a port, or a path (rule F2).

use crate::options::{Connect, Listen};

impl From<&str> for Connect {
    fn from(text: &str) -> Self {
        match port_of_text(text) {
            Some(port) => Self::port(port),
            None => Self::path(text),
        }
    }
}

impl From<&str> for Listen {
    fn from(text: &str) -> Self {
        match port_of_text(text) {
            Some(port) => Self::port(port),
            None => Self::path(text),
        }
    }
}

/// What a number is that is none of the ports: it throws `ERR_SOCKET_BAD_PORT`.
const NO_PORT: i64 = -1;

/// The port that a text means in Node, if it means one: what JavaScript reads as a number from 0 on (rule F2).
fn port_of_text(text: &str) -> Option<i64> {
    let number = number_of_text(text.trim())?;
    let port = number as i64;
    if text.trim().is_empty() || port as f64 != number {
        return Some(NO_PORT);
    }
    (number >= 0.0).then_some(port)
}

/// JavaScript's `Number(text)` of trimmed text, where it is a number and not negative.
fn number_of_text(text: &str) -> Option<f64> {
    let radix = |prefixes: [&str; 2], radix| {
        let digits = prefixes.iter().find_map(|prefix| text.strip_prefix(prefix))?;
        let valid = !digits.is_empty() && digits.chars().all(|digit| digit.is_digit(radix));
        valid.then(|| {
            digits
                .chars()
                .fold(0.0, |all, digit| all * f64::from(radix) + f64::from(digit.to_digit(radix).unwrap_or(0)))
        })
    };
    if text.is_empty() {
        return Some(0.0);
    }
    if matches!(text, "Infinity" | "+Infinity") {
        return Some(f64::INFINITY);
    }
    let decimal = text.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | 'e' | 'E' | '+' | '-'));
    let number = if decimal { text.parse().ok() } else { None };
    let number = number.or_else(|| radix(["0x", "0X"], 16)).or_else(|| radix(["0o", "0O"], 8));
    number.or_else(|| radix(["0b", "0B"], 2)).filter(|number| *number >= 0.0)
}
