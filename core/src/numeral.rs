//! Text that JavaScript reads as a number, and numbers as Node's messages show them.

use alloc::format;
use alloc::string::{String, ToString};

/// `Number(text)`, but `None` for NaN: white space around it is passed over, no digits at all are 0, and there are
/// prefixes for the bases 16, 8 and 2.
///
/// ```
/// use netfold_core::numeral;
/// assert_eq!(numeral(" 80 "), Some(80.0));
/// assert_eq!(numeral("0x50"), Some(80.0));
/// assert_eq!(numeral(""), Some(0.0));
/// assert_eq!(numeral("80a"), None);
/// ```
pub fn numeral(text: &str) -> Option<f64> {
    let text = text.trim_matches(is_space);
    let based = |rest: &str, radix: u32| {
        let digits = rest.chars().map(|c| c.to_digit(radix).map(f64::from));
        let value = digits.reduce(|sum, digit| Some(sum? * f64::from(radix) + digit?));
        value.flatten()
    };
    match text.get(..2) {
        Some("0x" | "0X") => return based(&text[2..], 16),
        Some("0o" | "0O") => return based(&text[2..], 8),
        Some("0b" | "0B") => return based(&text[2..], 2),
        _ => {}
    }
    match text {
        "" => Some(0.0),
        "Infinity" | "+Infinity" => Some(f64::INFINITY),
        "-Infinity" => Some(f64::NEG_INFINITY),
        _ if text.bytes().all(|b| b.is_ascii_digit() || b"+-.eE".contains(&b)) => text.parse().ok(),
        _ => None,
    }
}

/// JavaScript's white space and line ends.
fn is_space(c: char) -> bool {
    c == '\u{feff}' || (c.is_whitespace() && c != '\u{85}')
}

/// An integer as ERR_OUT_OF_RANGE shows it: in groups of three digits above 2^32.
pub(crate) fn integer(n: i64) -> String {
    let digits = n.unsigned_abs().to_string();
    let mut out = String::from(if n < 0 { "-" } else { "" });
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) && n.unsigned_abs() > 1 << 32 {
            out.push('_');
        }
        out.push(digit);
    }
    out
}

/// Any number as ERR_OUT_OF_RANGE shows it.
pub(crate) fn number(n: f64) -> String {
    /// 2^63, from where on an `i64` cannot have it.
    const GREATEST: f64 = 9_223_372_036_854_775_808.0;
    if n.is_infinite() {
        String::from(if n > 0.0 { "Infinity" } else { "-Infinity" })
    } else if n != 0.0 && n > -GREATEST && n < GREATEST && n as i64 as f64 == n {
        integer(n as i64)
    } else {
        format!("{n}")
    }
}

/// A text as "Received type string" shows it: at most 28 UTF-16 units of it.
pub(crate) fn received(text: &str) -> String {
    let units: alloc::vec::Vec<u16> = text.encode_utf16().collect();
    let short = match units.get(..25) {
        Some(first) if units.len() > 28 => format!("{}...", String::from_utf16_lossy(first)),
        _ => text.to_string(),
    };
    if short.contains('\'') { json(&short) } else { format!("'{short}'") }
}

fn json(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            c if c < ' ' => out.push_str(&format!("\\u{:04x}", c as u32)),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_a_number_where_javascript_says_so() {
        let zero = [("", 0.0), (" ", 0.0), ("0", 0.0), ("-0", 0.0)];
        let others = [
            ("09", 9.0),
            ("+9", 9.0),
            ("9.", 9.0),
            (".5", 0.5),
            ("9e0", 9.0),
            ("1E2", 100.0),
            ("0b11", 3.0),
            ("0O17", 15.0),
            ("0Xff", 255.0),
            ("\u{a0}9\u{feff}", 9.0),
            ("\u{2028}9", 9.0),
            ("1e400", f64::INFINITY),
            ("-Infinity", f64::NEG_INFINITY),
        ];
        for (text, value) in zero.into_iter().chain(others) {
            assert_eq!(numeral(text), Some(value), "{text:?}");
        }
        let none = ["x", "9x", "0x", "+0x9", "0b2", "1_0", "1n", "e5", ".", "+", "inf", "nan", "NaN", "9\0", "\u{85}9"];
        for text in none {
            assert_eq!(numeral(text), None, "{text:?}");
        }
    }

    #[test]
    fn big_numbers_are_shown_in_groups() {
        assert_eq!(integer(4_294_967_296), "4294967296");
        assert_eq!(integer(4_294_967_297), "4_294_967_297");
        assert_eq!(integer(-8_589_934_592), "-8_589_934_592");
        assert_eq!(integer(i64::MIN), "-9_223_372_036_854_775_808");
        assert_eq!(number(-9_007_199_254_740_992.0), "-9_007_199_254_740_992");
        assert_eq!((number(-0.5), number(f64::NAN), number(-0.0)), ("-0.5".into(), "NaN".into(), "-0".into()));
    }

    #[test]
    fn long_text_is_shown_in_part() {
        assert_eq!(received(&"x".repeat(28)), format!("'{}'", "x".repeat(28)));
        assert_eq!(received(&"x".repeat(29)), format!("'{}...'", "x".repeat(25)));
        assert_eq!(received("it's\n\"\u{1}"), r#""it's\n\"\u0001""#);
    }
}
