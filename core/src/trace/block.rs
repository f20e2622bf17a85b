//! The frame of the file: its header, and blocks that can be checked one by one.

use super::codec::{Cursor, Malformed, put_number, put_text};
use super::payload::Kept;
use crate::limits::Limits;
use alloc::string::String;
use alloc::vec::Vec;
use crc::{CRC_32_ISCSI, Crc, Table};

/// What a trace begins with. A byte over 127, both line ends and a byte at which old systems stop: a file that was
/// taken for text on its way no longer has it.
pub(crate) const MAGIC: [u8; 8] = *b"\x89NFT\r\n\x1a\n";

/// The version that this release writes, and the greatest that it reads.
pub const VERSION: u16 = 1;

/// Features that a reader must know, of those in the lower half of the feature bits: none so far. The upper half is for
/// what a reader may pass over.
pub(crate) const FEATURES: u32 = 0;
pub(crate) const REQUIRED_FEATURES: u32 = 0xFFFF;

/// What each block begins with.
pub(crate) const SYNC: [u8; 4] = *b"\xF5nfb";

/// The length of a block's header in bytes.
pub(crate) const BLOCK_HEADER: usize = 32;

/// magic, version, two reserved bytes, features, length of the fields
pub(crate) const FILE_HEADER: usize = 20;

static CRC32C: Crc<u32, Table<16>> = Crc::<u32, Table<16>>::new(&CRC_32_ISCSI);

pub(crate) fn crc32c(bytes: &[u8]) -> u32 {
    CRC32C.checksum(bytes)
}

/// What a trace says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Header {
    /// The version of the format it is written in.
    pub version: u16,
    /// Its feature bits.
    pub features: u32,
    /// The limits of the machine: its outputs depend on them.
    pub limits: Limits,
    /// What is kept of the bytes that came in.
    pub read: Kept,
    /// What is kept of the bytes that were written.
    pub written: Kept,
    /// When it was begun, in milliseconds since 1970 UTC; 0 if the recording program did not say.
    pub created: u64,
    /// The recording program's name and version; empty if it did not say.
    pub creator: String,
}

mod field {
    pub(super) const DEPTH: u64 = 1;
    pub(super) const SOCKETS: u64 = 2;
    pub(super) const LOOKUPS: u64 = 3;
    pub(super) const WRITE_BUFFER: u64 = 4;
    pub(super) const READ: u64 = 5;
    pub(super) const WRITTEN: u64 = 6;
    pub(super) const CREATED: u64 = 7;
    pub(super) const CREATOR: u64 = 8;
}

fn put_field(out: &mut Vec<u8>, tag: u64, put: impl FnOnce(&mut Vec<u8>)) {
    let mut value = Vec::new();
    put(&mut value);
    put_number(out, tag);
    put_number(out, value.len() as u64);
    out.extend_from_slice(&value);
}

fn put_kept(out: &mut Vec<u8>, kept: Kept) {
    match kept {
        Kept::Length => out.push(0),
        Kept::Hash => out.push(1),
        Kept::First(n) => {
            out.push(2);
            put_number(out, u64::from(n));
        }
        Kept::Full => out.push(3),
    }
}

fn kept(from: &mut Cursor<'_>) -> Result<Kept, Malformed> {
    Ok(match from.byte()? {
        0 => Kept::Length,
        1 => Kept::Hash,
        2 => Kept::First(from.u32()?),
        3 => Kept::Full,
        _ => return Err("an unknown payload policy"),
    })
}

pub(crate) fn put_header(out: &mut Vec<u8>, header: &Header) {
    let start = out.len();
    out.extend_from_slice(&MAGIC);
    out.extend_from_slice(&header.version.to_le_bytes());
    out.extend_from_slice(&[0; 2]);
    out.extend_from_slice(&header.features.to_le_bytes());
    let mut fields = Vec::new();
    let Limits { depth, sockets, lookups, write_buffer } = header.limits;
    put_field(&mut fields, field::DEPTH, |out| put_number(out, u64::from(depth)));
    put_field(&mut fields, field::SOCKETS, |out| put_number(out, u64::from(sockets)));
    put_field(&mut fields, field::LOOKUPS, |out| put_number(out, u64::from(lookups)));
    if let Some(bound) = write_buffer {
        put_field(&mut fields, field::WRITE_BUFFER, |out| put_number(out, bound));
    }
    put_field(&mut fields, field::READ, |out| put_kept(out, header.read));
    put_field(&mut fields, field::WRITTEN, |out| put_kept(out, header.written));
    put_field(&mut fields, field::CREATED, |out| put_number(out, header.created));
    put_field(&mut fields, field::CREATOR, |out| put_text(out, &header.creator));
    out.extend_from_slice(&(fields.len() as u32).to_le_bytes());
    out.extend_from_slice(&fields);
    let crc = crc32c(&out[start..]);
    out.extend_from_slice(&crc.to_le_bytes());
}

/// Reads the fields of a header whose check was right.
pub(crate) fn fields(version: u16, features: u32, bytes: &[u8]) -> Result<Header, Malformed> {
    let limits = Limits { depth: 256, sockets: 1 << 20, lookups: 4096, write_buffer: None };
    let (read, written) = (Kept::Length, Kept::Length);
    let mut header = Header { version, features, limits, read, written, created: 0, creator: String::new() };
    let mut from = Cursor::new(bytes);
    while !from.is_empty() {
        let tag = from.number()?;
        let len = from.number()?;
        let mut value = Cursor::new(from.take(len)?);
        match tag {
            field::DEPTH => header.limits.depth = value.u32()?,
            field::SOCKETS => header.limits.sockets = value.u32()?,
            field::LOOKUPS => header.limits.lookups = value.u32()?,
            field::WRITE_BUFFER => header.limits.write_buffer = Some(value.number()?),
            field::READ => header.read = kept(&mut value)?,
            field::WRITTEN => header.written = kept(&mut value)?,
            field::CREATED => header.created = value.number()?,
            field::CREATOR => header.creator = value.string()?,
            _ => {}
        }
    }
    Ok(header)
}

/// The header of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BlockHeader {
    /// How many bytes of records follow.
    pub(crate) len: u32,
    /// The number of its first input.
    pub(crate) first: u64,
    /// The machine's clock when it was begun, in milliseconds.
    pub(crate) time: u64,
    /// The check of the records.
    pub(crate) crc: u32,
}

impl BlockHeader {
    pub(crate) fn bytes(&self) -> [u8; BLOCK_HEADER] {
        let mut out = [0; BLOCK_HEADER];
        out[..4].copy_from_slice(&SYNC);
        out[4..8].copy_from_slice(&self.len.to_le_bytes());
        out[8..16].copy_from_slice(&self.first.to_le_bytes());
        out[16..24].copy_from_slice(&self.time.to_le_bytes());
        out[24..28].copy_from_slice(&self.crc.to_le_bytes());
        let crc = crc32c(&out[..28]);
        out[28..].copy_from_slice(&crc.to_le_bytes());
        out
    }

    /// `None` if this is not a whole block header.
    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        let header = bytes.first_chunk::<BLOCK_HEADER>()?;
        let mut from = Cursor::new(header);
        let sync = from.array::<4>().ok()?;
        let len = u32::from_le_bytes(from.array().ok()?);
        let first = u64::from_le_bytes(from.array().ok()?);
        let time = u64::from_le_bytes(from.array().ok()?);
        let crc = u32::from_le_bytes(from.array().ok()?);
        let own = u32::from_le_bytes(from.array().ok()?);
        (sync == SYNC && own == crc32c(&header[..28])).then_some(Self { len, first, time, crc })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_check_is_crc32c() {
        assert_eq!(crc32c(b"123456789"), 0xE306_9283);
    }

    #[test]
    fn a_block_header_comes_back_and_any_flipped_bit_shows() {
        let header = BlockHeader { len: 5, first: 6, time: 7, crc: 8 };
        let bytes = header.bytes();
        assert_eq!(BlockHeader::read(&bytes), Some(header));
        for bit in 0..BLOCK_HEADER * 8 {
            let mut bytes = bytes;
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(BlockHeader::read(&bytes), None);
        }
    }
}
