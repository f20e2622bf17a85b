//! Bytes to text, piece by piece, as Node's `StringDecoder` does it (rule X2).

use crate::state_key::Key;
use crate::text::Encoding;
use alloc::string::String;
use alloc::sync::Arc;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use bytes::Bytes;
use core::fmt;
use core::ops::Deref;

/// Text that was read from a socket with an [encoding](crate::Command::SetEncoding). It is shared: cloning it costs nothing.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(from = "String", into = "String"))]
pub struct ReadText {
    text: Arc<str>,
    units: u32,
}

impl ReadText {
    /// Its length in UTF-16 code units, in which Node counts it.
    pub const fn units(&self) -> u32 {
        self.units
    }

    /// So many characters U+0000: for a replay that knows the length alone.
    pub(crate) fn nuls(units: u32) -> Self {
        let text = "\0".repeat(units as usize).into();
        Self { text, units }
    }
}

/// The length of a text in UTF-16 code units: each character's first byte is one, and that of four bytes is two. Bytes are
/// looked at by themselves, many at a time.
pub(crate) fn units(text: &str) -> usize {
    if text.is_ascii() {
        return text.len();
    }
    let of = |byte: u8| u8::from(byte as i8 >= -64) + u8::from(byte >= 0xf0);
    // So few that their sum fits in a byte.
    let sum = |part: &[u8]| usize::from(part.iter().fold(0, |sum, &byte| sum + of(byte)));
    text.as_bytes().chunks(127).map(sum).sum()
}

impl From<&str> for ReadText {
    fn from(text: &str) -> Self {
        Self { text: text.into(), units: units(text) as u32 }
    }
}

impl From<String> for ReadText {
    fn from(text: String) -> Self {
        Self { units: units(&text) as u32, text: text.into() }
    }
}

#[cfg(feature = "serde")]
impl From<ReadText> for String {
    fn from(text: ReadText) -> Self {
        (*text.text).into()
    }
}

/// Its UTF-8.
impl From<ReadText> for Bytes {
    fn from(text: ReadText) -> Self {
        Bytes::copy_from_slice(text.as_bytes())
    }
}

impl Deref for ReadText {
    type Target = str;

    fn deref(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for ReadText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self)
    }
}

impl fmt::Debug for ReadText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

impl PartialEq<str> for ReadText {
    fn eq(&self, other: &str) -> bool {
        **self == *other
    }
}

impl PartialEq<&str> for ReadText {
    fn eq(&self, other: &&str) -> bool {
        **self == **other
    }
}

/// Node's `StringDecoder`: text out of chunks of bytes whose borders may cut characters.
///
/// ```
/// use netfold_core::{Decoder, Encoding};
/// let mut decoder = Decoder::new(Encoding::Utf8);
/// assert_eq!(decoder.write(&[0x61, 0xc3]), "a");
/// assert_eq!(decoder.write(&[0xa9, 0xe2]), "é");
/// assert_eq!(decoder.end(), "\u{fffd}");
/// ```
///
/// Where Node's text would have half a surrogate pair, which only UTF-16 input can give, this one has U+FFFD (rule D13).
#[derive(Clone, Debug)]
pub struct Decoder {
    encoding: Encoding,
    /// The beginning of a character, or of a group in base64, that the last chunk ended within.
    begun: [u8; 4],
    have: u8,
    /// How many bytes it wants; 0 if none is begun.
    wants: u8,
}

impl Decoder {
    pub(crate) fn key(&self, k: &mut Key) {
        k.of(&(self.encoding, &self.begun[..usize::from(self.have).min(4)], self.wants));
    }

    /// A decoder with nothing begun.
    pub const fn new(encoding: Encoding) -> Self {
        Self { encoding, begun: [0; 4], have: 0, wants: 0 }
    }

    /// What it decodes.
    pub const fn encoding(&self) -> Encoding {
        self.encoding
    }

    /// The whole characters of what has come; the rest waits for the next chunk.
    pub fn write(&mut self, chunk: &[u8]) -> String {
        let mut out = String::new();
        let (begun, have, rest) = self.go_on(chunk);
        if self.have > 0 {
            return out;
        }
        let whole = rest.len() - self.unfinished(rest);
        self.put(&begun[..have], &rest[..whole], &mut out);
        let tail = &rest[whole..];
        self.begun[..tail.len()].copy_from_slice(tail);
        self.have = tail.len() as u8;
        out
    }

    /// No more comes: what was begun, as far as it is text. The decoder can then be used anew.
    pub fn end(&mut self) -> String {
        let mut out = String::new();
        let have = match self.encoding {
            Encoding::Utf16le => self.have & !1,
            _ => self.have,
        };
        self.put(&self.begun[..usize::from(have)], &[], &mut out);
        (self.have, self.wants) = (0, 0);
        out
    }

    /// Goes on with what was begun: the bytes of it if it is complete now, and what of the chunk is left.
    fn go_on<'b>(&mut self, mut chunk: &'b [u8]) -> ([u8; 4], usize, &'b [u8]) {
        while self.have < self.wants {
            let Some((&byte, rest)) = chunk.split_first() else { return (self.begun, 0, chunk) };
            if self.encoding == Encoding::Utf8 && !continues(byte) {
                break;
            }
            self.begun[usize::from(self.have)] = byte;
            self.have += 1;
            chunk = rest;
        }
        let have = usize::from(core::mem::take(&mut self.have));
        (self.begun, have, chunk)
    }

    /// How many bytes at the end are the beginning of something; sets how many that wants.
    fn unfinished(&mut self, bytes: &[u8]) -> usize {
        let (have, wants) = match self.encoding {
            Encoding::Utf8 => {
                // Back over at most three bytes that go on, to the one that begins.
                let last = bytes.iter().rev().take(4).position(|&byte| !continues(byte));
                match last.map(|at| (at + 1, bytes[bytes.len() - 1 - at])) {
                    Some((have, first)) if have < sequence(first) => (have, sequence(first)),
                    _ => (0, 0),
                }
            }
            Encoding::Utf16le => match bytes {
                _ if bytes.len() % 2 == 1 => (1, 2),
                [.., high] if high & 0xfc == 0xd8 => (2, 4),
                _ => (0, 0),
            },
            Encoding::Base64 | Encoding::Base64url => match bytes.len() % 3 {
                0 => (0, 0),
                over => (over, 3),
            },
            _ => (0, 0),
        };
        self.wants = wants as u8;
        have
    }

    /// The text of bytes that are whole characters, but for what no byte can mend.
    fn put(&self, begun: &[u8], bytes: &[u8], out: &mut String) {
        if self.encoding == Encoding::Utf16le {
            let pairs = begun.chunks_exact(2).chain(bytes.chunks_exact(2));
            let units = pairs.map(|pair| u16::from_le_bytes([pair[0], pair[1]]));
            out.extend(char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)));
            return;
        }
        for bytes in [begun, bytes] {
            self.put_one(bytes, out);
        }
    }

    fn put_one(&self, bytes: &[u8], out: &mut String) {
        match self.encoding {
            Encoding::Utf8 => bytes.utf8_chunks().for_each(|part| {
                out.push_str(part.valid());
                if !part.invalid().is_empty() {
                    out.push(char::REPLACEMENT_CHARACTER);
                }
            }),
            Encoding::Utf16le => {}
            Encoding::Latin1 => out.extend(bytes.iter().map(|&byte| char::from(byte))),
            Encoding::Ascii => out.extend(bytes.iter().map(|&byte| char::from(byte & 0x7f))),
            Encoding::Base64 => STANDARD.encode_string(bytes, out),
            Encoding::Base64url => URL_SAFE_NO_PAD.encode_string(bytes, out),
            Encoding::Hex => {
                const DIGITS: &[u8; 16] = b"0123456789abcdef";
                let digit = |four: u8| char::from(DIGITS[usize::from(four)]);
                out.extend(bytes.iter().flat_map(|&byte| [digit(byte >> 4), digit(byte & 15)]));
            }
        }
    }
}

/// Whether a byte can only stand inside a character of UTF-8.
const fn continues(byte: u8) -> bool {
    byte & 0xc0 == 0x80
}

/// How many bytes a character of UTF-8 has that begins so; 1 for a byte that begins none.
const fn sequence(first: u8) -> usize {
    match first {
        0xc0..=0xdf => 2,
        0xe0..=0xef => 3,
        0xf0..=0xf7 => 4,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_counted_as_javascript_counts_them() {
        let parts = ["", "a", "\u{7f}", "\u{80}", "\u{7ff}", "\u{800}", "\u{ffff}", "\u{10000}", "\u{10ffff}"];
        let mut text = String::new();
        for at in 0..3000_usize {
            text.push_str(parts[at * at % 7 * at % parts.len()]);
            assert_eq!(units(&text), text.encode_utf16().count(), "{at}");
        }
        let widest = "\u{10000}".repeat(200);
        assert_eq!(units(&widest), 400);
    }
}
