//! What a trace keeps of the bytes that go over the wire. A replay needs none: only
//! their number, and on a socket with an encoding that of the text.

use super::codec::{Cursor, Malformed};
use super::sheet::Short;
use bytes::Bytes;
use core::fmt;
use siphasher::sip::SipHasher24;

/// A key for [`Payload::Hash`]: 16 bytes that nobody can guess, from the system's random source. It is not written into
/// the trace, so that a short secret cannot be found by trying; and it does not print.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Key([u8; 16]);

impl Key {
    /// A key of these bytes.
    pub const fn new(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(..)")
    }
}

/// What is kept of the bytes in one direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Payload {
    /// Their number alone: the default, since they may be secret.
    #[default]
    Length,
    /// Their number, and SipHash-2-4 under this key: equal chunks can be told to be equal.
    Hash(Key),
    /// Their number, and up to so many of the first bytes of each chunk.
    First(u32),
    /// All of them, up to 1 GiB of each chunk.
    Full,
}

impl Payload {
    pub(crate) const fn kept(self) -> Kept {
        match self {
            Payload::Length => Kept::Length,
            Payload::Hash(_) => Kept::Hash,
            Payload::First(n) => Kept::First(n),
            Payload::Full => Kept::Full,
        }
    }
}

/// What a trace says it has kept: a [`Payload`] without its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Kept {
    /// The number of bytes.
    Length,
    /// The number, and a keyed hash.
    Hash,
    /// The number, and up to so many of the first bytes.
    First(u32),
    /// All.
    Full,
}

impl fmt::Display for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Kept::Length => f.write_str("length"),
            Kept::Hash => f.write_str("length and keyed hash"),
            Kept::First(n) => write!(f, "length and first {n} bytes"),
            Kept::Full => f.write_str("full"),
        }
    }
}

/// What a record has of a payload.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Stored {
    /// How many bytes there were.
    pub len: u64,
    /// SipHash-2-4 under a key that only the recording program knew.
    pub hash: Option<u64>,
    /// The first bytes, or all of them; empty if none were kept.
    pub bytes: Bytes,
}

mod mode {
    pub(super) const LENGTH: u64 = 0;
    pub(super) const HASH: u64 = 1;
    pub(super) const FIRST: u64 = 2;
    pub(super) const FULL: u64 = 3;
}

/// No more of one payload is kept than this, in bytes, so that a block's length fits its 32 bits.
const MOST_STORED: usize = 1 << 30;

/// The two lowest bits of a payload's first number say what is kept of it.
const MODE_BITS: u32 = 2;

/// What a record keeps of one payload.
#[derive(Clone, Copy)]
pub(crate) enum Keep<'a> {
    Length,
    Hash(u64),
    /// These are the first ones.
    First(&'a [u8]),
    Full,
}

impl Key {
    #[inline]
    pub(crate) fn hash(&self, bytes: &[u8]) -> u64 {
        SipHasher24::new_with_key(&self.0).hash(bytes)
    }
}

impl Payload {
    #[inline(always)]
    pub(crate) fn keep(self, bytes: &[u8]) -> Keep<'_> {
        match self {
            Payload::Length => Keep::Length,
            Payload::Hash(key) => Keep::Hash(key.hash(bytes)),
            Payload::First(n) => Keep::First(&bytes[..bytes.len().min(n as usize).min(MOST_STORED)]),
            Payload::Full if bytes.len() <= MOST_STORED => Keep::Full,
            Payload::Full => Keep::First(&bytes[..MOST_STORED]),
        }
    }
}

impl<'a> Keep<'a> {
    /// What of the bytes stands in the record, behind their [head](Short::payload).
    #[inline(always)]
    pub(crate) const fn stored(self, bytes: &'a [u8]) -> Option<&'a [u8]> {
        match self {
            Keep::Length | Keep::Hash(_) => None,
            Keep::First(first) => Some(first),
            Keep::Full => Some(bytes),
        }
    }
}

impl Short<'_> {
    /// A payload of this length, up to the bytes that are stored of it.
    #[inline(always)]
    pub(crate) fn payload(&mut self, len: usize, keep: Keep<'_>) {
        let len = (len as u64) << MODE_BITS;
        match keep {
            Keep::Length => self.number(len | mode::LENGTH),
            Keep::Hash(hash) => {
                self.number(len | mode::HASH);
                self.array(hash.to_le_bytes());
            }
            Keep::First(first) => {
                self.number(len | mode::FIRST);
                self.number(first.len() as u64);
            }
            Keep::Full => self.number(len | mode::FULL),
        }
    }
}

/// Where payloads come from that a trace has only the number of.
#[derive(Clone, Debug)]
pub(crate) struct Zeros {
    greatest: u64,
    /// How many were given for bytes that a machine may look at, one by one.
    looked_at: u64,
    block: Bytes,
}

/// Of what was read, and is not there, a machine is given so many bytes for each byte of the file: no trace of a driver that
/// reads 64 KiB at once comes near it. It is decoded and put together as if it were there, so it costs time.
const READ_FOR_A_BYTE: u64 = 4096;

/// Most payloads are no longer than this, and come from a block that costs nothing.
const SMALL: usize = 16 * 1024;
static SMALL_ZEROS: [u8; SMALL] = [0; SMALL];

impl Zeros {
    pub(crate) const fn new(greatest: u64) -> Self {
        Self { greatest, looked_at: 0, block: Bytes::new() }
    }

    /// Whether so many more bytes may be looked at, in a file of this size.
    pub(crate) fn look_at(&mut self, missing: u64, file: usize) -> Result<(), Malformed> {
        self.looked_at = self.looked_at.saturating_add(missing);
        let most = (file as u64).saturating_mul(READ_FOR_A_BYTE).saturating_add(self.greatest);
        if self.looked_at > most { Err("more was read, and is not there, than the reader takes") } else { Ok(()) }
    }

    /// That many zeros, of one block that all payloads share. The block grows to the longest payload's size, so all
    /// that is ever allocated is less than twice the bound.
    fn get(&mut self, len: usize) -> Bytes {
        if len <= SMALL {
            return Bytes::from_static(&SMALL_ZEROS[..len]);
        }
        if len > self.block.len() {
            let greatest = usize::try_from(self.greatest).unwrap_or(usize::MAX);
            let size = len.checked_next_power_of_two().unwrap_or(len).min(greatest);
            self.block = Bytes::from(alloc::vec![0; size]);
        }
        self.block.slice(..len)
    }
}

/// A payload for the machine, and what the trace has of it.
pub(crate) fn payload(from: &mut Cursor<'_>, file: &Bytes, zeros: &mut Zeros) -> Result<(Bytes, Stored), Malformed> {
    let number = from.number()?;
    let len = number >> MODE_BITS;
    if len > zeros.greatest {
        return Err("a payload longer than the reader takes");
    }
    let (hash, bytes) = match number & ((1 << MODE_BITS) - 1) {
        mode::HASH => (Some(u64::from_le_bytes(from.array::<8>()?)), Bytes::new()),
        mode::FIRST => {
            let first = from.number()?;
            if first > len {
                return Err("more bytes kept than there were");
            }
            (None, file.slice_ref(from.take(first)?))
        }
        mode::FULL => (None, file.slice_ref(from.take(len)?)),
        _ => (None, Bytes::new()),
    };
    let given = if bytes.len() as u64 == len { bytes.clone() } else { zeros.get(len as usize) };
    Ok((given, Stored { len, hash, bytes }))
}

#[cfg(test)]
mod tests {
    use super::super::codec::put_number;
    use super::super::sheet::Out;
    use super::*;
    use alloc::vec::Vec;

    fn round(bytes: &[u8], policy: Payload) -> (Bytes, Stored) {
        let mut out = Vec::new();
        let keep = policy.keep(bytes);
        let mut short = out.room();
        short.payload(bytes.len(), keep);
        let len = short.len();
        out.put(len);
        out.bytes(keep.stored(bytes).unwrap_or_default());
        let file = Bytes::from(out);
        let mut cursor = Cursor::new(&file);
        let back = payload(&mut cursor, &file, &mut Zeros::new(100)).unwrap();
        assert!(cursor.is_empty());
        back
    }

    #[test]
    fn each_policy_keeps_what_it_says() {
        let (given, stored) = round(b"secret", Payload::Length);
        assert_eq!((&given[..], stored), (&[0; 6][..], Stored { len: 6, hash: None, bytes: Bytes::new() }));
        let (given, stored) = round(b"secret", Payload::First(2));
        assert_eq!((&given[..], &stored.bytes[..]), (&[0; 6][..], &b"se"[..]));
        let (given, stored) = round(b"secret", Payload::First(20));
        assert_eq!((&given[..], &stored.bytes[..]), (&b"secret"[..], &b"secret"[..]));
        let (given, _) = round(b"secret", Payload::Full);
        assert_eq!(&given[..], b"secret");
    }

    #[test]
    fn the_hash_depends_on_the_key_and_the_key_is_not_shown() {
        let hash = |key| round(b"secret", Payload::Hash(Key::new([key; 16]))).1.hash.unwrap();
        assert_eq!(hash(1), hash(1));
        assert_ne!(hash(1), hash(2));
        assert_eq!(std::format!("{:?}", Payload::Hash(Key::new([7; 16]))), "Hash(Key(..))");
    }

    #[test]
    fn a_long_payload_in_few_bytes_allocates_no_more_than_the_bound() {
        let mut out = Vec::new();
        put_number(&mut out, 4 << 30 << MODE_BITS);
        let file = Bytes::from(out);
        let mut zeros = Zeros::new(1 << 20);
        assert!(payload(&mut Cursor::new(&file), &file, &mut zeros).is_err());
        assert_eq!(zeros.block.len(), 0);
        assert_eq!(zeros.get(600_000).len(), 600_000);
        assert_eq!(zeros.block.len(), 1 << 20, "one block for all that follow");
    }
}
