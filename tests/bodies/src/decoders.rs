//! Text and bytes, with the borders of chunks anywhere.

use crate::Choices;
use netfold_core::{Decoder, Encoding};

/// Of the bytes the first says the encoding, the second how many borders there are, one more each where; the rest is
/// decoded in one piece and in these pieces.
///
/// # Panics
/// Where the two differ, but for halves of surrogate pairs, which stay apart where a border was (D13); or where text that is
/// encoded and decoded is another.
pub fn decoders(data: &[u8]) {
    let mut choices = Choices::new(data);
    let encoding = Encoding::ALL[choices.choose(Encoding::ALL.len())];
    let mut borders: Vec<usize> = (0..choices.choose(8)).map(|_| choices.choose(256)).collect();
    borders.sort_unstable();
    let bytes = choices.rest();
    let whole = decoded(encoding, &[bytes]);
    let mut pieces = Vec::new();
    let mut from = 0;
    for border in borders.into_iter().map(|border| border.min(bytes.len())) {
        pieces.push(&bytes[from..border]);
        from = border;
    }
    pieces.push(&bytes[from..]);
    let joined = decoded(encoding, &pieces);
    match encoding {
        Encoding::Utf16le => same_but_halves(&whole, &joined),
        _ => assert_eq!(joined, whole, "{encoding:?} of {pieces:02x?}"),
    }
    there_and_back(encoding, bytes, &whole);
}

fn decoded(encoding: Encoding, pieces: &[&[u8]]) -> String {
    let mut decoder = Decoder::new(encoding);
    let mut text: String = pieces.iter().map(|piece| decoder.write(piece)).collect();
    text += &decoder.end();
    assert_eq!(decoder.end(), "", "it begins anew");
    text
}

/// Each unit is the same, or half of a pair that was cut.
fn same_but_halves(whole: &str, joined: &str) {
    const HALF: u16 = 0xfffd;
    let (whole, joined) = (whole.encode_utf16(), joined.encode_utf16());
    assert_eq!(joined.clone().count(), whole.clone().count());
    assert!(joined.zip(whole).all(|(ours, theirs)| ours == theirs || ours == HALF || theirs == HALF));
}

/// What was decoded without a loss gives its bytes again; what was not loses nothing a second time.
fn there_and_back(encoding: Encoding, bytes: &[u8], text: &str) {
    let again = encoding.encode(text);
    let lossless = match encoding {
        Encoding::Utf8 => std::str::from_utf8(bytes).is_ok(),
        Encoding::Utf16le => bytes.len().is_multiple_of(2) && !text.contains(char::REPLACEMENT_CHARACTER),
        Encoding::Ascii => bytes.is_ascii(),
        _ => true,
    };
    assert!(!lossless || again == bytes, "{encoding:?} of {bytes:02x?}");
    assert_eq!(decoded(encoding, &[&again]), text, "{encoding:?} of {again:02x?}");
}
