//! Text to bytes, as Node's encodings have it (rules W3, X1).

use crate::command::{Chunk, Text};
use crate::decoder::units;
use crate::error::NodeError;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use bytes::Bytes;

/// An encoding of text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum Encoding {
    /// `utf8`
    #[default]
    Utf8,
    /// `utf16le`, `ucs2`
    Utf16le,
    /// `latin1`, `binary`: the low byte of each UTF-16 unit.
    Latin1,
    /// `ascii`: written as latin1, as in Node.
    Ascii,
    /// `base64`; both alphabets are taken, padding and foreign characters are passed over.
    Base64,
    /// `base64url`; written as `base64` is.
    Base64url,
    /// `hex`: up to the first pair that is not hexadecimal; an odd last digit is dropped (rule D3).
    Hex,
}

/// Text up to this much of Node's storage is tried on the wire before it is counted, in bytes.
const SHORT_STORAGE: u64 = 16 * 1024;

impl Encoding {
    /// Every encoding.
    pub const ALL: &'static [Encoding] = &[
        Encoding::Utf8,
        Encoding::Utf16le,
        Encoding::Latin1,
        Encoding::Ascii,
        Encoding::Base64,
        Encoding::Base64url,
        Encoding::Hex,
    ];

    /// The encoding of this name, in any case; UTF-8 for no name, the empty one; `ERR_UNKNOWN_ENCODING` for another.
    pub fn from_name(name: &str) -> Result<Self, NodeError> {
        Ok(match name.to_ascii_lowercase().as_str() {
            "" | "utf8" | "utf-8" => Encoding::Utf8,
            "utf16le" | "utf-16le" | "ucs2" | "ucs-2" => Encoding::Utf16le,
            "latin1" | "binary" => Encoding::Latin1,
            "ascii" => Encoding::Ascii,
            "base64" => Encoding::Base64,
            "base64url" => Encoding::Base64url,
            "hex" => Encoding::Hex,
            _ => return Err(NodeError::UnknownEncoding(name.to_string())),
        })
    }

    /// Node's name of it.
    pub const fn name(self) -> &'static str {
        match self {
            Encoding::Utf8 => "utf8",
            Encoding::Utf16le => "utf16le",
            Encoding::Latin1 => "latin1",
            Encoding::Ascii => "ascii",
            Encoding::Base64 => "base64",
            Encoding::Base64url => "base64url",
            Encoding::Hex => "hex",
        }
    }

    /// The bytes of a text.
    pub fn encode(self, text: &str) -> Vec<u8> {
        match self {
            Encoding::Utf8 => text.as_bytes().to_vec(),
            Encoding::Utf16le => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
            Encoding::Latin1 | Encoding::Ascii => text.encode_utf16().map(|unit| unit as u8).collect(),
            Encoding::Base64 | Encoding::Base64url => base64(text),
            Encoding::Hex => hex(text),
        }
    }

    /// Storage that Node sets aside for a text of so many UTF-16 units before it encodes it; `None` where it makes a
    /// buffer of the text first.
    const fn storage(self, units: u64) -> Option<u64> {
        match self {
            Encoding::Utf8 => Some(3 * units),
            Encoding::Utf16le => Some(2 * units),
            Encoding::Latin1 | Encoding::Ascii => Some(units),
            Encoding::Base64 | Encoding::Base64url | Encoding::Hex => None,
        }
    }
}

impl Chunk {
    /// Text to write, in an encoding.
    pub fn text(text: impl Into<String>, encoding: Encoding) -> Self {
        let text = text.into();
        let units = units(&text);
        let short = matches!(encoding.storage(units as u64), Some(storage) if storage <= SHORT_STORAGE);
        let bytes = match encoding {
            Encoding::Utf8 => Bytes::from(text.into_bytes()),
            encoding => Bytes::from(encoding.encode(&text)),
        };
        Self { bytes, text: Some(Text { units: units as u32, short }) }
    }
}

fn base64(text: &str) -> Vec<u8> {
    let config = GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::RequireNone)
        .with_decode_allow_trailing_bits(true);
    let mut digits: Vec<u8> = text
        .bytes()
        .take_while(|&b| b != b'=')
        .filter_map(|b| match b {
            b'-' => Some(b'+'),
            b'_' => Some(b'/'),
            b'+' | b'/' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' => Some(b),
            _ => None,
        })
        .collect();
    if digits.len() % 4 == 1 {
        digits.pop();
    }
    GeneralPurpose::new(&STANDARD, config).decode(&digits).unwrap_or_default()
}

fn hex(text: &str) -> Vec<u8> {
    let digit = |b: u8| (b as char).to_digit(16);
    let pairs = text.as_bytes().chunks_exact(2).map_while(|p| Some((digit(p[0])?, digit(p[1])?)));
    pairs.map(|(high, low)| (high * 16 + low) as u8).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn x1_each_encoding_gives_nodes_bytes() {
        let cases: &[(Encoding, &str, &[u8])] = &[
            (Encoding::Utf8, "é€", &[0xc3, 0xa9, 0xe2, 0x82, 0xac]),
            (Encoding::Utf16le, "a€", &[0x61, 0x00, 0xac, 0x20]),
            (Encoding::Latin1, "é€", &[0xe9, 0xac]),
            (Encoding::Ascii, "é", &[0xe9]),
            (Encoding::Base64, "aGk=", b"hi"),
            (Encoding::Base64, "a G\nk", b"hi"),
            (Encoding::Base64, "_-8", &[0xff, 0xef]),
            (Encoding::Base64, "aGk=aGk=", b"hi"),
            (Encoding::Base64url, "-_8", &[0xfb, 0xff]),
            (Encoding::Hex, "0aFf", &[0x0a, 0xff]),
            (Encoding::Hex, "0af", &[0x0a]),
            (Encoding::Hex, "0azz11", &[0x0a]),
        ];
        for &(encoding, text, bytes) in cases {
            assert_eq!(encoding.encode(text), bytes, "{} {text}", encoding.name());
        }
    }

    #[test]
    fn w3_text_counts_in_utf16_units() {
        let chunk = Chunk::text("é€𝄞", Encoding::Utf8);
        assert_eq!(chunk.text.map(|t| t.units), Some(4));
        assert_eq!(chunk.bytes.len(), 9);
    }

    #[test]
    fn w9_short_text_is_up_to_16_kib_of_storage() {
        let short = |n: usize, encoding| Chunk::text("x".repeat(n), encoding).text.map(|t| t.short);
        assert_eq!(short(5461, Encoding::Utf8), Some(true));
        assert_eq!(short(5462, Encoding::Utf8), Some(false));
        assert_eq!(short(16384, Encoding::Latin1), Some(true));
        assert_eq!(short(2, Encoding::Hex), Some(false), "hex becomes a buffer first");
    }

    #[test]
    fn every_name_is_known_and_another_is_refused() {
        for &encoding in Encoding::ALL {
            assert_eq!(Encoding::from_name(&encoding.name().to_uppercase()), Ok(encoding));
        }
        assert_eq!(Encoding::from_name(""), Ok(Encoding::Utf8));
        assert_eq!(Encoding::from_name("utf7").unwrap_err().to_string(), "Unknown encoding: utf7");
    }
}
