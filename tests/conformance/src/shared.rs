//! A recording that a test reads while the loop that makes it is still there.

use std::cell::RefCell;
use std::io::{self, Write};
use std::rc::Rc;

/// A file in memory that the loop and the test both have.
#[derive(Clone, Debug, Default)]
pub struct Shared(Rc<RefCell<Vec<u8>>>);

impl Shared {
    /// What was written so far; it is the caller's then.
    pub fn take(&self) -> Vec<u8> {
        self.0.take()
    }
}

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
