//! Reading a trace: which part of a file can be trusted, and what its records say.

use super::block::{
    BLOCK_HEADER, BlockHeader, FEATURES, FILE_HEADER, Header, MAGIC, REQUIRED_FEATURES, SYNC, VERSION, crc32c, fields,
};
use super::codec::{Cursor, Malformed};
use super::commands::command;
use super::input::{Input, Record, Source, completion, reply};
use super::payload::Zeros;
use super::tags::{self, record};
use crate::id::TickId;
use bytes::{Bytes, BytesMut};
use core::fmt;

/// How long a payload a record may claim to have had unless [`Trace::set_max_payload`] says otherwise (64 MiB).
/// The machine needs that many zeros, whatever the size of the file.
pub const MAX_PAYLOAD: u64 = 64 << 20;

/// Why bytes cannot be read as a trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TraceError {
    /// It is something else.
    NotATrace,
    /// The file ends, or is damaged, before its header is over.
    Header,
    /// It was written by a later release, in this version of the format.
    Newer {
        /// Its version; this release reads up to [`VERSION`].
        version: u16,
    },
    /// It needs features that this release does not have.
    Features {
        /// The unknown feature bits.
        bits: u32,
    },
    /// A record cannot be what it says, though its block is whole: whoever wrote it was wrong, or means harm.
    Malformed {
        /// Where the record begins, in bytes from the beginning of the file.
        at: u64,
        /// What is wrong with it.
        why: &'static str,
    },
}

impl fmt::Display for TraceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TraceError::NotATrace => f.write_str("this is not a netfold trace"),
            TraceError::Header => f.write_str("the trace's header is cut off or damaged: nothing of it can be read"),
            TraceError::Newer { version } => {
                write!(f, "the trace has version {version} and this release reads up to {VERSION}: use a later release")
            }
            TraceError::Features { bits } => {
                write!(f, "the trace needs features ({bits:#x}) that this release does not have: use a later release")
            }
            TraceError::Malformed { at, why } => write!(f, "the record at byte {at} is malformed: {why}"),
        }
    }
}

impl core::error::Error for TraceError {}

/// What is wrong with the first block that cannot be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum Damage {
    /// The file ends within it.
    CutOff,
    /// Its header is not one.
    Header,
    /// Its check is not right.
    Check,
    /// It does not go on where the block before it ended: one is missing.
    Gap,
    /// Its records do not fill it.
    Records,
    /// It has a kind of record that this release does not know and that cannot be skipped.
    Unknown,
    /// It comes after the end.
    AfterEnd,
}

/// What could not be read of a trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Torn {
    /// Where it begins, in bytes from the beginning of the file.
    pub at: u64,
    /// How many bytes are lost.
    pub bytes: u64,
    /// The number of the first lost input.
    pub first: u64,
    /// How many blocks among the lost bytes still have a good header.
    pub later_blocks: u64,
    /// What is wrong.
    pub damage: Damage,
}

impl fmt::Display for Torn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Torn { at, bytes, first, later_blocks, damage } = self;
        let what = match damage {
            Damage::CutOff => "the file ends within a block",
            Damage::Header => "a block's header is damaged",
            Damage::Check => "a block is damaged",
            Damage::Gap => "a block is missing",
            Damage::Records => "a block's records do not fill it",
            Damage::Unknown => "a block has a kind of input that this release does not know",
            Damage::AfterEnd => "something stands after the end",
        };
        write!(f, "at byte {at} {what}: {bytes} bytes are lost, from input {first} on")?;
        if *later_blocks > 0 {
            write!(f, "; {later_blocks} of the lost blocks still have a good header")?;
        }
        Ok(())
    }
}

/// A trace, checked: its longest valid prefix.
///
/// Holds the file's bytes and no copy of them.
#[derive(Clone, Debug)]
pub struct Trace {
    file: Bytes,
    header: Header,
    blocks: usize,
    valid: usize,
    inputs: u64,
    finished: bool,
    torn: Option<Torn>,
    max_payload: u64,
}

impl Trace {
    /// Checks a file's bytes. A damaged or cut off tail is no error: see [`torn`](Self::torn).
    pub fn parse(file: impl Into<Bytes>) -> Result<Self, TraceError> {
        let file = file.into();
        let magic = &file[..file.len().min(MAGIC.len())];
        if magic != MAGIC {
            let cut_off = !magic.is_empty() && MAGIC.starts_with(magic);
            return Err(if cut_off { TraceError::Header } else { TraceError::NotATrace });
        }
        let (header, blocks) = header(&file)?;
        let max_payload = MAX_PAYLOAD;
        let mut trace =
            Self { file, header, blocks, valid: blocks, inputs: 0, finished: false, torn: None, max_payload };
        trace.check();
        Ok(trace)
    }

    /// Goes on with what has been added to the file. What was checked is not checked again, and copied only while a part
    /// of it is held elsewhere.
    pub fn grow(&mut self, more: &[u8]) {
        let file = core::mem::take(&mut self.file);
        let mut file = file.try_into_mut().unwrap_or_else(|held| BytesMut::from(&held[..]));
        file.extend_from_slice(more);
        self.file = file.freeze();
        self.torn = None;
        self.check();
    }

    /// Takes all blocks that can be trusted.
    fn check(&mut self) {
        while self.valid < self.file.len() {
            if let Err(damage) = self.block() {
                self.torn = Some(self.lost(damage));
                break;
            }
        }
    }

    /// Takes one more block into the valid prefix, or says what is wrong with it.
    fn block(&mut self) -> Result<(), Damage> {
        if self.finished {
            return Err(Damage::AfterEnd);
        }
        let rest = &self.file[self.valid..];
        if rest.len() < BLOCK_HEADER {
            return Err(Damage::CutOff);
        }
        let header = BlockHeader::read(rest).ok_or(Damage::Header)?;
        let body = rest[BLOCK_HEADER..].get(..header.len as usize).ok_or(Damage::CutOff)?;
        if crc32c(body) != header.crc {
            return Err(Damage::Check);
        }
        if header.first != self.inputs {
            return Err(Damage::Gap);
        }
        let (mut inputs, mut finished) = (0, false);
        let mut from = Cursor::new(body);
        while !from.is_empty() {
            if finished {
                return Err(Damage::AfterEnd);
            }
            let (kind, _) = framed(&mut from).map_err(|_| Damage::Records)?;
            match kind {
                record::COMMAND..=record::THREW => inputs += 1,
                record::END => finished = true,
                record::OPTIONAL.. => {}
                _ => return Err(Damage::Unknown),
            }
        }
        self.valid += BLOCK_HEADER + body.len();
        self.inputs += inputs;
        self.finished = finished;
        Ok(())
    }

    fn lost(&self, damage: Damage) -> Torn {
        let lost = &self.file[self.valid..];
        let later = lost.windows(BLOCK_HEADER).skip(1);
        let later_blocks = later.filter(|w| w[..4] == SYNC && BlockHeader::read(w).is_some()).count() as u64;
        let (at, bytes) = (self.valid as u64, lost.len() as u64);
        Torn { at, bytes, first: self.inputs, later_blocks, damage }
    }

    /// What the trace says of itself.
    pub const fn header(&self) -> &Header {
        &self.header
    }

    /// How many inputs can be read.
    pub const fn inputs(&self) -> u64 {
        self.inputs
    }

    /// Whether the trace was brought to its end. If not, and nothing is [torn](Self::torn), the program that wrote it
    /// still runs, or was killed between two blocks.
    pub const fn finished(&self) -> bool {
        self.finished
    }

    /// What could not be read, if anything.
    pub const fn torn(&self) -> Option<&Torn> {
        self.torn.as_ref()
    }

    /// How long the file is, in bytes, with what cannot be read of it.
    pub const fn size(&self) -> usize {
        self.file.len()
    }

    /// How long a payload a record may claim, in bytes, in place of [`MAX_PAYLOAD`]. Up to that much memory is needed.
    ///
    /// And how much may have been read, in all, of which the trace has no bytes: as much, and 4,096 times the file's size.
    pub const fn set_max_payload(&mut self, bytes: u64) {
        self.max_payload = bytes;
    }

    /// The inputs that can be read, in order.
    pub fn records(&self) -> Records<'_> {
        let zeros = Zeros::new(self.max_payload);
        Records { trace: self, at: Position { zeros, next: self.blocks, block_end: self.blocks, seq: 0, end: None } }
    }
}

fn header(file: &[u8]) -> Result<(Header, usize), TraceError> {
    let cut_off = |_: Malformed| TraceError::Header;
    let mut from = Cursor::new(file);
    from.take(MAGIC.len() as u64).map_err(cut_off)?;
    let version = u16::from_le_bytes(from.array().map_err(cut_off)?);
    let _reserved = from.array::<2>().map_err(cut_off)?;
    let features = u32::from_le_bytes(from.array().map_err(cut_off)?);
    let len = u32::from_le_bytes(from.array().map_err(cut_off)?);
    debug_assert_eq!(from.at(), FILE_HEADER);
    let body = from.take(u64::from(len)).map_err(cut_off)?;
    let checked = &file[..from.at()];
    if u32::from_le_bytes(from.array().map_err(cut_off)?) != crc32c(checked) {
        return Err(TraceError::Header);
    }
    if version > VERSION {
        return Err(TraceError::Newer { version });
    }
    let bits = features & REQUIRED_FEATURES & !FEATURES;
    if bits != 0 {
        return Err(TraceError::Features { bits });
    }
    let header =
        fields(version, features, body).map_err(|why| TraceError::Malformed { at: FILE_HEADER as u64, why })?;
    Ok((header, from.at()))
}

/// A record's kind and what is in it.
#[inline]
fn framed<'a>(from: &mut Cursor<'a>) -> Result<(u8, &'a [u8]), Malformed> {
    let kind = from.byte()?;
    let len = from.number()?;
    Ok((kind, from.take(len)?))
}

/// What the last record of a finished trace says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct End {
    pub(crate) place: u64,
    pub(crate) hash: u64,
}

/// The inputs of a trace, in order. After an error there are no more.
#[derive(Clone, Debug)]
pub struct Records<'t> {
    trace: &'t Trace,
    at: Position,
}

/// Where a reader of records stands.
#[derive(Clone, Debug)]
pub(crate) struct Position {
    zeros: Zeros,
    next: usize,
    block_end: usize,
    seq: u64,
    end: Option<End>,
}

impl<'t> Records<'t> {
    /// Goes on from a place in a shorter version of the trace.
    pub(crate) const fn from(trace: &'t Trace, at: Position) -> Self {
        Records { trace, at }
    }

    pub(crate) fn position(self) -> Position {
        self.at
    }
}

impl Records<'_> {
    /// What the last record says, once all before it were read.
    pub(crate) const fn end(&self) -> Option<End> {
        self.at.end
    }

    #[inline(always)]
    pub(super) fn read(&mut self) -> Option<Result<Record, TraceError>> {
        let Trace { file, valid, .. } = self.trace;
        loop {
            if self.at.next == self.at.block_end {
                if self.at.next == *valid {
                    return None;
                }
                let header = BlockHeader::read(&file[self.at.next..]).expect("a valid block has a header");
                self.at.next += BLOCK_HEADER;
                self.at.block_end = self.at.next + header.len as usize;
                continue;
            }
            let at = self.at.next;
            let mut from = Cursor::new(&file[at..self.at.block_end]);
            let (kind, body) = framed(&mut from).expect("a valid block is full of records");
            self.at.next += from.at();
            if kind >= record::OPTIONAL {
                continue;
            }
            return match self.one(kind, body) {
                Ok(record) => record.map(Ok),
                Err(why) => {
                    self.at.next = *valid;
                    self.at.block_end = *valid;
                    Some(Err(TraceError::Malformed { at: at as u64, why }))
                }
            };
        }
    }

    /// The record of an input; `None` for the end. Inlined, so that a record is made where it is to be: it is long.
    #[inline(always)]
    fn one(&mut self, kind: u8, body: &[u8]) -> Result<Option<Record>, Malformed> {
        let mut from = Cursor::new(body);
        let place = from.number()?;
        if kind == record::END {
            self.at.end = Some(End { place, hash: u64::from_le_bytes(from.array()?) });
            return Ok(None);
        }
        let check = u32::from_le_bytes(from.array()?);
        let mut source = Source { file: &self.trace.file, zeros: &mut self.at.zeros, stored: None };
        let input = match kind {
            record::COMMAND => Input::Command(command(&mut from, &mut source)?),
            record::REPLY => Input::Reply(reply(&mut from)?),
            record::COMPLETION => Input::Completion(completion(&mut from, &mut source)?),
            record::ADVANCE => Input::Advance(from.number()?),
            record::TICK => Input::Tick(TickId(from.number()?)),
            record::PHASE => Input::Phase(tags::phase_from(from.byte()?).ok_or("an unknown phase")?),
            record::THREW => Input::Threw,
            _ => return Err("an unknown kind of record"),
        };
        if !from.is_empty() {
            return Err("more in it than belongs there");
        }
        let payload = source.stored;
        let seq = self.at.seq;
        self.at.seq += 1;
        Ok(Some(Record { seq, place, check, input, payload }))
    }
}

impl Iterator for Records<'_> {
    type Item = Result<Record, TraceError>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        self.read()
    }
}
