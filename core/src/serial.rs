//! What serde cannot derive.

use crate::trace::known;
use alloc::borrow::Cow;
use serde::de::{Deserialize, Deserializer, Error};

/// One of the words that errors keep as `&'static str`: a new one could only be kept by never freeing it.
pub(crate) fn word<'de, D: Deserializer<'de>>(from: D) -> Result<&'static str, D::Error> {
    let word = Cow::<str>::deserialize(from)?;
    known(&word).ok_or_else(|| D::Error::custom(format_args!("an error with an unknown word, {word:?}")))
}
