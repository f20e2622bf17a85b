//! What a record is about, and how replies and completions are written.

use super::codec::{Cursor, Malformed, put_addr, put_errno, put_id, put_ip, put_number, put_option};
use super::payload::{Keep, Payload, Stored, Zeros, payload};
use super::sheet::Out;
use super::tags;
use crate::call::{Completion, Reply};
use crate::command::{Command, LookupAnswer};
use crate::errno::Errno;
use crate::id::{ConnKey, HandleId, TickId};
use crate::step::Phase;
use alloc::vec::Vec;
use bytes::Bytes;

/// One thing that was told to the machine.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Input {
    /// [`Core::begin`](crate::Core::begin)
    Command(Command),
    /// [`Call::answer`](crate::Call::answer)
    Reply(Reply),
    /// [`Core::complete`](crate::Core::complete)
    Completion(Completion),
    /// [`Core::advance`](crate::Core::advance), in milliseconds.
    Advance(u64),
    /// [`Core::tick`](crate::Core::tick)
    Tick(TickId),
    /// [`Core::phase`](crate::Core::phase)
    Phase(Phase),
    /// [`Core::threw`](crate::Core::threw)
    Threw,
}

/// An input with its place in the order of things.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Record {
    /// Its number, from 0.
    pub seq: u64,
    /// How many steps the machine took since the input before it.
    pub place: u64,
    /// The upper half of the hash of all outputs before it.
    pub check: u32,
    /// The input. Bytes that the trace does not have are zeros.
    pub input: Input,
    /// For an input with payload: what the trace has of it.
    pub payload: Option<Stored>,
}

/// What stands behind a record's bytes, beyond the record.
pub(crate) struct Source<'a> {
    pub(crate) file: &'a Bytes,
    pub(crate) zeros: &'a mut Zeros,
    pub(crate) stored: Option<Stored>,
}

impl Source<'_> {
    pub(crate) fn payload(&mut self, from: &mut Cursor<'_>) -> Result<Bytes, Malformed> {
        let (bytes, stored) = payload(from, self.file, self.zeros)?;
        self.stored = Some(stored);
        Ok(bytes)
    }

    /// A payload that the machine may decode or put together with others.
    pub(crate) fn read_payload(&mut self, from: &mut Cursor<'_>) -> Result<Bytes, Malformed> {
        let bytes = self.payload(from)?;
        let there = self.stored.as_ref().map_or(0, |stored| stored.bytes.len());
        self.zeros.look_at((bytes.len() - there) as u64, self.file.len())?;
        Ok(bytes)
    }
}

pub(super) mod reply_tag {
    pub(in super::super) const DONE: u8 = 1;
    pub(super) const FAILED: u8 = 2;
    pub(super) const PENDING: u8 = 3;
    pub(super) const ADDR: u8 = 4;
    pub(super) const NAMES: u8 = 5;
    pub(super) const SIZE: u8 = 6;
}

pub(crate) fn put_reply(out: &mut Vec<u8>, reply: Reply) {
    match reply {
        Reply::Done => out.push(reply_tag::DONE),
        Reply::Failed(errno) => {
            out.push(reply_tag::FAILED);
            put_errno(out, errno);
        }
        Reply::Pending => out.push(reply_tag::PENDING),
        Reply::Addr(addr) => {
            out.push(reply_tag::ADDR);
            put_option(out, addr, put_addr);
        }
        Reply::Names(local, remote) => {
            out.push(reply_tag::NAMES);
            put_option(out, local, put_addr);
            put_option(out, remote, put_addr);
        }
        Reply::Size(bytes) => {
            out.push(reply_tag::SIZE);
            put_number(out, bytes);
        }
    }
}

pub(crate) fn reply(from: &mut Cursor<'_>) -> Result<Reply, Malformed> {
    Ok(match from.byte()? {
        reply_tag::DONE => Reply::Done,
        reply_tag::FAILED => Reply::Failed(from.errno()?),
        reply_tag::PENDING => Reply::Pending,
        reply_tag::ADDR => Reply::Addr(from.option(Cursor::addr)?),
        reply_tag::NAMES => Reply::Names(from.option(Cursor::addr)?, from.option(Cursor::addr)?),
        reply_tag::SIZE => Reply::Size(from.number()?),
        _ => return Err("an unknown reply"),
    })
}

mod completion_tag {
    pub(super) const CONNECTED: u8 = 1;
    pub(super) const WRITTEN: u8 = 2;
    pub(super) const READ: u8 = 3;
    pub(super) const EOF: u8 = 4;
    pub(super) const READ_FAILED: u8 = 5;
    pub(super) const ACCEPTED: u8 = 6;
    pub(super) const ACCEPT_FAILED: u8 = 7;
    pub(super) const LOOKED_UP: u8 = 8;
    pub(super) const READ_AS: u8 = 9;
    pub(super) const EOF_AS: u8 = 10;
    pub(super) const DRAINED: u8 = 40;
}

pub(crate) fn put_completion(out: &mut Vec<u8>, completion: &Completion, read: Payload) {
    match completion {
        Completion::Read(handle, bytes) => put_read(out, *handle, bytes, read.keep(bytes)),
        Completion::ReadAs(handle, bytes, units) => {
            put_read_as(out, *handle, bytes, read);
            put_number(out, u64::from(*units));
        }
        Completion::EofAs(handle, units) => {
            put_eof_as(out, *handle);
            put_number(out, u64::from(*units));
        }
        Completion::Written(handle, result) => {
            out.push(completion_tag::WRITTEN);
            put_id(out, *handle);
            put_result(out, *result);
        }
        Completion::Connected(handle, result) => {
            out.push(completion_tag::CONNECTED);
            put_id(out, *handle);
            put_result(out, *result);
        }
        Completion::Drained(handle) => {
            out.push(completion_tag::DRAINED);
            put_id(out, *handle);
        }
        Completion::Eof(handle) => {
            out.push(completion_tag::EOF);
            put_id(out, *handle);
        }
        Completion::ReadFailed(handle, errno) => {
            out.push(completion_tag::READ_FAILED);
            put_id(out, *handle);
            put_errno(out, *errno);
        }
        Completion::Accepted(handle, conn) => {
            out.push(completion_tag::ACCEPTED);
            put_id(out, *handle);
            put_number(out, conn.0);
        }
        Completion::AcceptFailed(handle, errno) => {
            out.push(completion_tag::ACCEPT_FAILED);
            put_id(out, *handle);
            put_errno(out, *errno);
        }
        Completion::LookedUp(lookup, answer) => {
            out.push(completion_tag::LOOKED_UP);
            put_id(out, *lookup);
            put_answer(out, answer);
        }
    }
}

/// [`Completion::Read`]
#[inline]
pub(crate) fn put_read(out: &mut impl Out, handle: HandleId, bytes: &[u8], keep: Keep<'_>) {
    put_read_by(out, completion_tag::READ, handle, bytes, keep);
}

fn put_read_as(out: &mut Vec<u8>, handle: HandleId, bytes: &[u8], read: Payload) {
    put_read_by(out, completion_tag::READ_AS, handle, bytes, read.keep(bytes));
}

#[inline(always)]
fn put_read_by(out: &mut impl Out, tag: u8, handle: HandleId, bytes: &[u8], keep: Keep<'_>) {
    let mut short = out.room();
    short.byte(tag);
    short.id(handle);
    short.payload(bytes.len(), keep);
    let len = short.len();
    out.put(len);
    if let Some(stored) = keep.stored(bytes) {
        out.bytes(stored);
    }
}

fn put_eof_as(out: &mut Vec<u8>, handle: HandleId) {
    out.push(completion_tag::EOF_AS);
    put_id(out, handle);
}

/// A completion that goes through a decoder, but for what that will give, which is known and written afterwards.
pub(crate) fn put_decoded(out: &mut Vec<u8>, completion: &Completion, read: Payload) {
    match completion {
        Completion::Read(handle, bytes) => put_read_as(out, *handle, bytes, read),
        Completion::Eof(handle) => put_eof_as(out, *handle),
        _ => debug_assert!(false, "only what is read is decoded"),
    }
}

pub(crate) fn completion(from: &mut Cursor<'_>, source: &mut Source<'_>) -> Result<Completion, Malformed> {
    Ok(match from.byte()? {
        completion_tag::READ => Completion::Read(from.id()?, source.read_payload(from)?),
        completion_tag::WRITTEN => Completion::Written(from.id()?, result(from)?),
        completion_tag::CONNECTED => Completion::Connected(from.id()?, result(from)?),
        completion_tag::DRAINED => Completion::Drained(from.id()?),
        completion_tag::EOF => Completion::Eof(from.id()?),
        completion_tag::READ_FAILED => Completion::ReadFailed(from.id()?, from.errno()?),
        completion_tag::ACCEPTED => Completion::Accepted(from.id()?, ConnKey(from.number()?)),
        completion_tag::ACCEPT_FAILED => Completion::AcceptFailed(from.id()?, from.errno()?),
        completion_tag::READ_AS => Completion::ReadAs(from.id()?, source.read_payload(from)?, from.u32()?),
        completion_tag::EOF_AS => Completion::EofAs(from.id()?, from.u32()?),
        completion_tag::LOOKED_UP => Completion::LookedUp(from.id()?, answer(from)?),
        _ => return Err("an unknown completion"),
    })
}

fn put_result(out: &mut Vec<u8>, result: Result<(), Errno>) {
    put_option(out, result.err(), put_errno);
}

fn result(from: &mut Cursor<'_>) -> Result<Result<(), Errno>, Malformed> {
    Ok(match from.option(Cursor::errno)? {
        None => Ok(()),
        Some(errno) => Err(errno),
    })
}

pub(crate) fn put_answer(out: &mut Vec<u8>, answer: &LookupAnswer) {
    match answer {
        Ok(addresses) => {
            out.push(0);
            put_number(out, addresses.len() as u64);
            for &ip in addresses {
                put_ip(out, ip);
            }
        }
        Err(code) => {
            out.push(1);
            out.push(tags::lookup_code(*code));
        }
    }
}

pub(crate) fn answer(from: &mut Cursor<'_>) -> Result<LookupAnswer, Malformed> {
    if from.flag()? {
        return Ok(Err(tags::lookup_code_from(from.byte()?).ok_or("an unknown lookup code")?));
    }
    let count = from.number()?;
    let mut addresses = Vec::new();
    for _ in 0..count {
        // The count is not believed: each address is at least five bytes of the file.
        addresses.push(from.ip()?);
    }
    Ok(Ok(addresses))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::errno::LookupCode;
    use crate::id::LookupId;

    pub(in super::super) fn replies() -> Vec<Reply> {
        let v4 = "1.2.3.4:65535".parse().ok();
        let v6 = Some(core::net::SocketAddrV6::new("fe80::1".parse().unwrap(), 1, u32::MAX, 7).into());
        alloc::vec![
            Reply::Done,
            Reply::Failed(Errno::ECONNRESET),
            Reply::Failed(Errno::Other(-5)),
            Reply::Pending,
            Reply::Addr(None),
            Reply::Addr(v4),
            Reply::Addr(v6),
            Reply::Names(v4, v6),
            Reply::Names(None, v4),
            Reply::Size(u64::MAX),
        ]
    }

    pub(in super::super) fn completions() -> Vec<Completion> {
        let h = HandleId::from_parts(1, 1000);
        let lookup = LookupId::from_parts(0, 1);
        alloc::vec![
            Completion::Connected(h, Ok(())),
            Completion::Connected(h, Err(Errno::ECONNREFUSED)),
            Completion::Written(h, Ok(())),
            Completion::Written(h, Err(Errno::EPIPE)),
            Completion::Read(h, Bytes::from_static(b"in")),
            Completion::Drained(h),
            Completion::Eof(h),
            Completion::ReadAs(h, Bytes::from_static(b"in"), 1),
            Completion::EofAs(h, u32::MAX),
            Completion::ReadFailed(h, Errno::Other(0)),
            Completion::Accepted(h, ConnKey(u64::MAX)),
            Completion::AcceptFailed(h, Errno::EMFILE),
            Completion::LookedUp(lookup, Ok(alloc::vec!["::".parse().unwrap()])),
            Completion::LookedUp(lookup, Err(LookupCode::NotFound)),
        ]
    }

    fn back<T>(out: Vec<u8>, read: impl Fn(&mut Cursor<'_>, &mut Source<'_>) -> Result<T, Malformed>) -> T {
        let file = Bytes::from(out);
        let mut source = Source { file: &file, zeros: &mut Zeros::new(100), stored: None };
        let mut cursor = Cursor::new(&file);
        let value = read(&mut cursor, &mut source).unwrap();
        assert!(cursor.is_empty());
        for cut in 0..file.len() {
            assert!(read(&mut Cursor::new(&file[..cut]), &mut source).is_err());
        }
        value
    }

    #[test]
    fn every_reply_comes_back() {
        for given in replies() {
            let mut out = Vec::new();
            put_reply(&mut out, given);
            assert_eq!(back(out, |from, _| reply(from)), given);
        }
    }

    #[test]
    fn every_completion_comes_back() {
        for given in completions() {
            let mut out = Vec::new();
            put_completion(&mut out, &given, Payload::Full);
            assert_eq!(back(out, completion), given);
        }
    }

    #[test]
    fn a_count_of_addresses_is_not_believed() {
        let mut out = alloc::vec![0];
        put_number(&mut out, u64::MAX);
        assert!(answer(&mut Cursor::new(&out)).is_err());
    }
}
