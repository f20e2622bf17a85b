//! One chooser: every decision is a byte of the input; when the input is used up, always the first alternative.

/// Decisions read from bytes.
#[derive(Clone, Debug)]
pub struct Choices<'a> {
    rest: &'a [u8],
}

impl<'a> Choices<'a> {
    /// Decisions from these bytes.
    pub const fn new(rest: &'a [u8]) -> Self {
        Self { rest }
    }

    /// Whether there are decisions left.
    pub const fn any_left(&self) -> bool {
        !self.rest.is_empty()
    }

    /// What is left of the bytes.
    pub const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// One of `n` alternatives, counted from 0; `n` from 1 to 256.
    pub fn choose(&mut self, n: usize) -> usize {
        match self.rest.split_first() {
            Some((&byte, rest)) => {
                self.rest = rest;
                usize::from(byte) % n
            }
            None => 0,
        }
    }

    /// True once in `n`, never when the input is used up.
    pub fn once_in(&mut self, n: usize) -> bool {
        self.choose(n) == n - 1
    }
}
