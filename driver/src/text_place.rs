//! A place as text: a port, or a path (rule F2).

use crate::options::{Connect, Listen};
use netfold_core::numeral;

impl From<&str> for Connect {
    fn from(text: &str) -> Self {
        if is_port(text) { Self::port(text) } else { Self::path(text) }
    }
}

impl From<&str> for Listen {
    fn from(text: &str) -> Self {
        if is_port(text) { Self::port(text) } else { Self::path(text) }
    }
}

/// Whether Node takes it for a port: what JavaScript reads as a number from 0 on (rules E6 and F2).
fn is_port(text: &str) -> bool {
    numeral(text).is_some_and(|number| number >= 0.0)
}
