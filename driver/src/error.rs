//! What `run` and `dispatch` can end with.

use netfold_core::Unhandled;
use std::any::Any;
use std::{fmt, io};

/// Why the loop was left. Calling `run` or `dispatch` again goes on where it stopped.
#[derive(Debug)]
#[non_exhaustive]
pub enum NetError {
    /// An 'error' event that nobody listened for.
    Unhandled(Unhandled),
    /// A listener or callback panicked; what the machine still meant to do in that turn is dropped (rule T9).
    Panicked(Panicked),
    /// The system cannot wait for events any more.
    Io(io::Error),
    /// The trace cannot be written. Recording ended there; what was written before is a valid trace, and the loop can go
    /// on unrecorded.
    Trace(io::Error),
}

/// What a listener panicked with.
pub struct Panicked(pub(crate) Box<dyn Any + Send>);

impl Panicked {
    /// The message, if the panic had one.
    pub fn message(&self) -> Option<&str> {
        let text = self.0.downcast_ref::<&str>().copied();
        text.or_else(|| self.0.downcast_ref::<String>().map(String::as_str))
    }

    /// The payload, to go on panicking with.
    pub fn into_payload(self) -> Box<dyn Any + Send> {
        self.0
    }
}

impl fmt::Debug for Panicked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Panicked").field(&self.message()).finish()
    }
}

impl fmt::Display for NetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NetError::Unhandled(unhandled) => unhandled.fmt(f),
            NetError::Panicked(panicked) => {
                write!(f, "a listener panicked: {}", panicked.message().unwrap_or("(no message)"))
            }
            NetError::Io(error) => error.fmt(f),
            NetError::Trace(error) => write!(f, "the trace cannot be written: {error}"),
        }
    }
}

impl std::error::Error for NetError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            NetError::Unhandled(unhandled) => Some(unhandled),
            NetError::Panicked(_) => None,
            NetError::Io(error) | NetError::Trace(error) => Some(error),
        }
    }
}

impl From<io::Error> for NetError {
    fn from(error: io::Error) -> Self {
        NetError::Io(error)
    }
}
