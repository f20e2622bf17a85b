//! How a listener's failure travels.

use crate::error::{NetError, Panicked};
use netfold_core::Unhandled;
use std::io;
use std::panic::resume_unwind;

/// A listener's failure on its way: to the caller of the command that it ran inside, or out of the loop.
pub(super) enum Thrown {
    Unhandled(Unhandled),
    Panic(Box<dyn std::any::Any + Send>),
    Io(io::Error),
}

impl Thrown {
    /// What a panic carried: a failure of a nested listener goes through user code as a panic.
    pub(super) fn from_panic(payload: Box<dyn std::any::Any + Send>) -> Self {
        match payload.downcast::<Thrown>() {
            Ok(thrown) => *thrown,
            Err(payload) => Thrown::Panic(payload),
        }
    }

    fn unwind(self) -> ! {
        match self {
            Thrown::Panic(payload) => resume_unwind(payload),
            thrown => resume_unwind(Box::new(thrown)),
        }
    }
}

impl From<Thrown> for NetError {
    fn from(thrown: Thrown) -> Self {
        match thrown {
            Thrown::Unhandled(unhandled) => NetError::Unhandled(unhandled),
            Thrown::Panic(payload) => NetError::Panicked(Panicked(payload)),
            Thrown::Io(error) => NetError::Io(error),
        }
    }
}

/// A listener's failure, as the loop passes it on.
pub struct Failure(pub(super) Thrown);

impl Failure {
    pub(super) fn unwind(self) -> ! {
        self.0.unwind()
    }
}

impl std::fmt::Debug for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Failure")
    }
}

impl From<Failure> for NetError {
    fn from(failure: Failure) -> Self {
        failure.0.into()
    }
}
