//! What a recording keeps of the bytes that go over the wire, as said on a command line.

use netfold::core::trace::{Key, Payload};
use std::str::FromStr;

/// `length`, `hash`, `first:N` or `full`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    Length,
    Hash,
    First(u32),
    Full,
}

impl FromStr for Keep {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match (text, text.strip_prefix("first:").map(str::parse)) {
            ("length", _) => Ok(Keep::Length),
            ("hash", _) => Ok(Keep::Hash),
            ("full", _) => Ok(Keep::Full),
            (_, Some(Ok(n))) => Ok(Keep::First(n)),
            _ => Err(String::from("give length, hash, first:N (bytes of each chunk) or full")),
        }
    }
}

impl Keep {
    /// The policy; for `hash` with a new key from the system.
    pub fn policy(self) -> Result<Payload, getrandom::Error> {
        Ok(match self {
            Keep::Length => Payload::Length,
            Keep::First(n) => Payload::First(n),
            Keep::Full => Payload::Full,
            Keep::Hash => {
                let mut key = [0; 16];
                getrandom::fill(&mut key)?;
                Payload::Hash(Key::new(key))
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_policy_has_a_name_and_others_are_refused() {
        assert_eq!("first:16".parse(), Ok(Keep::First(16)));
        assert_eq!("full".parse(), Ok(Keep::Full));
        for wrong in ["", "first", "first:", "first:x", "first:99999999999", "all"] {
            assert!(wrong.parse::<Keep>().is_err(), "{wrong}");
        }
    }
}
