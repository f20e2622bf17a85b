//! Inputs for `arbitrary`, by which fuzz targets are given values in place of bytes.

use super::{Chunking, RandomProgram};
use crate::chooser::Chooser;
use crate::faults::{Script, Troubles};
use crate::program::ProgramOptions;
use arbitrary::{Arbitrary, Result, Unstructured};

/// How many borders a chunking has at most.
const BORDERS: usize = 15;

/// Who answers, a byte each: as the body of a target, `fuzz_target!(|chooser: Chooser| ..)`.
///
/// ```
/// use arbitrary::{Arbitrary, Unstructured};
/// use netfold_sim::Chooser;
///
/// let chooser = Chooser::arbitrary_take_rest(Unstructured::new(&[7, 3]))?;
/// assert_eq!([chooser.choose("a", 5), chooser.choose("b", 5), chooser.choose("c", 5)], [2, 3, 0]);
/// # Ok::<(), arbitrary::Error>(())
/// ```
impl<'a> Arbitrary<'a> for Chooser {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        Ok(Chooser::bytes(some(u)?))
    }

    fn arbitrary_take_rest(u: Unstructured<'a>) -> Result<Self> {
        Ok(Chooser::bytes(u.take_rest()))
    }
}

/// As a [`Chooser`], and what it decides is a program.
///
/// ```
/// use arbitrary::{Arbitrary, Unstructured};
/// use netfold_sim::generate::RandomProgram;
///
/// let program = RandomProgram::arbitrary_take_rest(Unstructured::new(&[0, 1, 0, 2, 9, 9, 4]))?;
/// assert_eq!(program.run().problems, []);
/// # Ok::<(), arbitrary::Error>(())
/// ```
impl<'a> Arbitrary<'a> for RandomProgram {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        Ok(Self { answers: some(u)?.to_vec(), options: ProgramOptions::default() })
    }

    fn arbitrary_take_rest(u: Unstructured<'a>) -> Result<Self> {
        Ok(Self { answers: u.take_rest().to_vec(), options: ProgramOptions::default() })
    }
}

/// A few borders, each a byte of the input, and the rest of it cut there.
///
/// ```
/// use arbitrary::{Arbitrary, Unstructured};
/// use netfold_sim::generate::Chunking;
///
/// let chunking = Chunking::arbitrary_take_rest(Unstructured::new(b"\x02\x04\x01abcdef"))?;
/// assert_eq!(chunking.chunks().collect::<Vec<_>>(), ["a", "bcd", "ef"]);
/// # Ok::<(), arbitrary::Error>(())
/// ```
impl<'a> Arbitrary<'a> for Chunking {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let borders = borders(u)?;
        Ok(Self::new(some(u)?.to_vec(), borders))
    }

    fn arbitrary_take_rest(mut u: Unstructured<'a>) -> Result<Self> {
        let borders = borders(&mut u)?;
        Ok(Self::new(u.take_rest().to_vec(), borders))
    }
}

/// A part of the bytes, one for each answer.
fn some<'a>(u: &mut Unstructured<'a>) -> Result<&'a [u8]> {
    let len = u.arbitrary_len::<u8>()?;
    u.bytes(len)
}

fn borders(u: &mut Unstructured<'_>) -> Result<Vec<usize>> {
    let count = usize::from(u8::arbitrary(u)?).min(BORDERS);
    (0..count).map(|_| u8::arbitrary(u).map(usize::from)).collect()
}

impl Troubles<'_> {
    /// A script of these troubles, as the bytes have it: [`Script::choose`]. Feature `arbitrary`.
    ///
    /// ```
    /// use arbitrary::Unstructured;
    /// use netfold_sim::Troubles;
    ///
    /// let troubles = Troubles { computers: &["a", "b"], processes: &["p"], horizon: 1_000 };
    /// let script = troubles.arbitrary(&mut Unstructured::new(&[1, 20, 1, 1, 0, 0, 6]))?;
    /// assert_eq!(script.to_string(), "netfold faults 1\n200 cut b a\n201 heal b a\n1000 well\n");
    /// # Ok::<(), arbitrary::Error>(())
    /// ```
    pub fn arbitrary(&self, u: &mut Unstructured<'_>) -> Result<Script> {
        Ok(Script::choose(&Chooser::arbitrary(u)?, self))
    }
}
