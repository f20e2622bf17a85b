//! Writing a trace.

use super::block::{BLOCK_HEADER, BlockHeader, FEATURES, Header, VERSION, crc32c, put_header};
use super::codec::put_number;
use super::commands::{put_command, put_write};
use super::hash::Rolling;
use super::input::{put_completion, put_decoded, put_read, put_reply, reply_tag};
use super::payload::{Keep, Payload};
use super::sheet::{Out, Sheet, Short};
use super::tags::{self, record};
use crate::call::{Completion, Op, Reply};
use crate::command::{Command, Outcome};
use crate::engine::Witness;
use crate::id::{SocketId, TickId};
use crate::limits::Limits;
use crate::step::{Emit, Idle, Phase};
use alloc::string::String;
use alloc::vec::Vec;
use bytes::Bytes;

/// What a trace is to hold beside the inputs.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Options {
    /// What to keep of the bytes that come in.
    pub read: Payload,
    /// What to keep of the bytes that are written.
    pub written: Payload,
    /// Now, in milliseconds since 1970 UTC; 0 to leave it out.
    pub created: u64,
    /// The program's name and version; empty to leave it out.
    pub creator: String,
}

/// A block is finished at this size, in bytes. A single larger record makes a larger block.
const BLOCK: usize = 32 * 1024;

/// Writes the trace of a [`Machine`](crate::Machine) into memory, from where the host takes it in whole blocks.
///
/// Until they are taken, finished blocks wait here: a host that never takes them holds the whole trace in memory.
#[derive(Debug)]
pub struct Recorder {
    read: Payload,
    written: Payload,
    /// What came in last and its hash, while its turn runs: most often it is what is written next.
    hashed: Option<(Bytes, u64)>,
    hash: Rolling,
    /// Steps since the last input.
    steps: u64,
    /// Nothing can come of a further step: the machine is idle, or waits for an answer.
    rests: bool,
    inputs: u64,
    now: u64,
    buf: Sheet,
    /// What is seldom written is made here first.
    scratch: Vec<u8>,
    /// Where the block that is being written begins; equal to the buffer's length if none is.
    done: usize,
    first: u64,
    time: u64,
    crc: fn(&[u8]) -> u32,
}

impl<'c> Witness<'c> for &'c mut Recorder {
    #[inline(always)]
    fn tick(&mut self, id: TickId) {
        if self.counts() {
            self.hash.tick(id);
        }
    }

    #[inline(always)]
    fn call(&mut self, op: &Op<'_>) {
        if self.counts() {
            self.rests = true;
            self.hash.op(op);
        }
    }

    #[inline(always)]
    fn released(&mut self, socket: SocketId) {
        if self.counts() {
            self.hash.released(socket);
        }
    }

    #[inline(always)]
    fn emit(&mut self, emit: &Emit) {
        if self.counts() {
            self.hash.emit(emit);
        }
    }

    #[inline(always)]
    fn returned(&mut self, outcome: &Outcome) {
        if self.counts() {
            self.hash.outcome(outcome);
        }
    }

    #[inline(always)]
    fn idle(&mut self, idle: &Idle) {
        if self.counts() {
            self.rests = true;
            self.hash.idle(idle);
            if self.hashed.is_some() {
                self.hashed = None;
            }
        }
    }

    fn log(self) -> Option<&'c mut Recorder> {
        Some(self)
    }
}

/// Where a record begins that the machine may yet refuse.
#[derive(Clone, Copy)]
pub(crate) struct Mark(usize);

impl Recorder {
    pub(crate) fn new(limits: Limits, options: Options) -> Self {
        let Options { read, written, created, creator } = options;
        let mut buf = Vec::new();
        let (version, features) = (VERSION, FEATURES);
        let header = Header { version, features, limits, read: read.kept(), written: written.kept(), created, creator };
        put_header(&mut buf, &header);
        Self {
            read,
            written,
            hashed: None,
            hash: Rolling::default(),
            steps: 0,
            rests: false,
            inputs: 0,
            now: 0,
            done: buf.len(),
            buf: Sheet::new(buf, 2 * BLOCK),
            scratch: Vec::new(),
            first: 0,
            time: 0,
            crc: crc32c,
        }
    }

    /// From now on this function computes the checks of blocks: CRC-32C (Castagnoli). The machine's own is in no hurry, and this one
    /// may have the processor's instruction for it; nothing else differs.
    ///
    /// # Panics
    /// If the check of `123456789` is not what it is by CRC-32C.
    pub fn check_by(&mut self, crc: fn(&[u8]) -> u32) {
        assert_eq!(crc(b"123456789"), 0xE306_9283, "the checks of blocks are CRC-32C");
        self.crc = crc;
    }

    /// What is finished and not yet taken: the file's header at first, then whole blocks. Append it to the file, and
    /// say so with [`taken`](Self::taken).
    pub fn finished(&self) -> &[u8] {
        &self.buf.get()[..self.done]
    }

    /// The first `count` bytes of [`finished`](Self::finished) are in the file.
    ///
    /// # Panics
    /// If more are taken than were finished.
    pub fn taken(&mut self, count: usize) {
        assert!(count <= self.done, "{count} bytes taken of {} that were finished", self.done);
        self.buf.taken(count);
        self.done -= count;
    }

    /// Takes all that is finished.
    pub fn take(&mut self) -> Vec<u8> {
        let out = self.finished().to_vec();
        self.taken(out.len());
        out
    }

    /// Finishes the current block early, so that everything recorded so far can be taken. Each block costs 32 bytes.
    pub fn flush(&mut self) {
        if self.is_flushed() {
            return;
        }
        let body = self.done + BLOCK_HEADER;
        let crc = (self.crc)(&self.buf.get()[body..]);
        let len = u32::try_from(self.buf.len() - body).expect("a block is shorter than 4 GiB");
        let header = BlockHeader { len, first: self.first, time: self.time, crc };
        self.buf.get_mut()[self.done..body].copy_from_slice(&header.bytes());
        self.done = self.buf.len();
    }

    /// Whether all that was recorded is in [finished](Self::finished) blocks.
    pub const fn is_flushed(&self) -> bool {
        self.done == self.buf.len()
    }

    /// How many inputs were recorded.
    pub const fn inputs(&self) -> u64 {
        self.inputs
    }

    /// Writes the last record and gives all that was not taken.
    pub(crate) fn finish(mut self) -> Vec<u8> {
        let at = self.begin();
        let mut short = self.buf.room();
        short.byte(record::END);
        short.byte(0);
        short.number(self.steps);
        short.array(self.hash.full().to_le_bytes());
        let len = short.len();
        self.buf.put(len);
        self.close(at);
        self.flush();
        self.buf.into_bytes()
    }

    /// Counts a step, unless it can only say again what the last one said: the machine stands where it stood then.
    #[inline(always)]
    fn counts(&mut self) -> bool {
        self.steps += u64::from(!self.rests);
        !self.rests
    }

    pub(crate) fn command(&mut self, command: &Command) -> Mark {
        let at = self.open(record::COMMAND, |_nothing| {});
        match command {
            Command::Write(socket, chunk, callback) => {
                let keep = self.keep_written(&chunk.bytes);
                put_write(&mut self.buf, *socket, chunk, *callback, keep);
            }
            command => {
                let written = self.written;
                self.put(|out| put_command(out, command, written));
            }
        }
        Mark(at)
    }

    pub(crate) fn completion(&mut self, completion: &Completion) -> Mark {
        let at = self.open(record::COMPLETION, |_nothing| {});
        match completion {
            Completion::Read(handle, bytes) => {
                let keep = self.keep_read(bytes);
                put_read(&mut self.buf, *handle, bytes, keep);
            }
            completion => {
                let read = self.read;
                self.put(|out| put_completion(out, completion, read));
            }
        }
        Mark(at)
    }

    #[inline]
    fn keep_read<'b>(&mut self, bytes: &'b Bytes) -> Keep<'b> {
        let keep = self.read.keep(bytes);
        if let Keep::Hash(hash) = keep
            && self.read == self.written
        {
            self.hashed = Some((bytes.clone(), hash));
        }
        keep
    }

    /// What came in is there as long as it is held: what lies in the same place is the same.
    #[inline]
    fn keep_written<'b>(&self, bytes: &'b Bytes) -> Keep<'b> {
        match &self.hashed {
            Some((last, hash)) if last.as_ptr() == bytes.as_ptr() && last.len() == bytes.len() => Keep::Hash(*hash),
            _ => self.written.keep(bytes),
        }
    }

    /// What is told to a socket with an encoding: [`decoded`](Self::decoded) completes it.
    pub(crate) fn decoding(&mut self, completion: &Completion) -> Mark {
        let at = self.open(record::COMPLETION, |_nothing| {});
        let read = self.read;
        self.put(|out| put_decoded(out, completion, read));
        Mark(at)
    }

    /// The units that the decoder gave, as the last part of such a completion.
    pub(crate) fn decoded(&mut self, units: u32) {
        self.put(|out| put_number(out, u64::from(units)));
    }

    /// The units of what was kept unread, as the last part of a setEncoding.
    pub(crate) fn kept(&mut self, units: u32) {
        self.buf.truncate(self.buf.len() - 1);
        self.buf.bytes(&[1]);
        self.decoded(units);
    }

    /// Keeps a record if the machine took the input, else forgets it.
    #[inline(always)]
    pub(crate) fn settle(&mut self, mark: Mark, accepted: bool) {
        if accepted {
            self.commit(mark.0);
        } else {
            self.buf.truncate(mark.0);
            if mark.0 == self.done + BLOCK_HEADER {
                self.buf.truncate(self.done);
            }
        }
    }

    pub(crate) fn reply(&mut self, reply: Reply) {
        let at = match reply {
            Reply::Done => self.open(record::REPLY, |short| short.byte(reply_tag::DONE)),
            reply => {
                let at = self.open(record::REPLY, |_nothing| {});
                self.put(|out| put_reply(out, reply));
                at
            }
        };
        self.commit(at);
    }

    pub(crate) fn tick(&mut self, id: TickId) {
        let at = self.open(record::TICK, |short| short.number(id.0));
        self.commit(at);
    }

    pub(crate) fn phase(&mut self, phase: Phase) {
        let at = self.open(record::PHASE, |short| short.byte(tags::phase(phase)));
        self.commit(at);
    }

    /// A time that the clock shows already changes nothing, and a busy loop tells it many times a millisecond.
    pub(crate) fn advance(&mut self, now: u64) {
        if now == self.now {
            return;
        }
        let at = self.open(record::ADVANCE, |short| short.number(now));
        self.now = now;
        self.commit(at);
    }

    pub(crate) fn threw(&mut self) {
        let at = self.open(record::THREW, |_nothing| {});
        self.commit(at);
    }

    /// Puts down what is seldom written.
    #[cold]
    fn put(&mut self, put: impl FnOnce(&mut Vec<u8>)) {
        self.scratch.clear();
        put(&mut self.scratch);
        self.buf.bytes(&self.scratch);
    }

    /// Begins a block if none is open; where the next record begins.
    fn begin(&mut self) -> usize {
        if self.is_flushed() {
            self.buf.bytes(&[0; BLOCK_HEADER]);
            self.first = self.inputs;
            self.time = self.now;
        }
        self.buf.len()
    }

    /// Begins the record of an input, up to what `more` puts down; where it begins.
    #[inline(always)]
    fn open(&mut self, kind: u8, more: impl FnOnce(&mut Short<'_>)) -> usize {
        let at = self.begin();
        let mut short = self.buf.room();
        short.byte(kind);
        // Its length, when it is known.
        short.byte(0);
        short.number(self.steps);
        short.array(self.hash.check().to_le_bytes());
        more(&mut short);
        let len = short.len();
        self.buf.put(len);
        at
    }

    /// Puts in the length of a record, for which one byte was left free: few need more.
    #[inline]
    fn close(&mut self, at: usize) {
        let len = self.buf.len() - at - 2;
        if len < 0x80 {
            self.buf.get_mut()[at + 1] = len as u8;
        } else {
            self.close_long(at, len);
        }
    }

    #[cold]
    fn close_long(&mut self, at: usize, len: usize) {
        let mut number = Vec::new();
        put_number(&mut number, len as u64);
        self.buf.replace(at + 1, &number);
    }

    #[inline(always)]
    fn commit(&mut self, at: usize) {
        self.close(at);
        self.inputs += 1;
        self.steps = 0;
        self.rests = false;
        if self.buf.len() - self.done >= BLOCK {
            self.flush();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By the definition: a bit at a time.
    fn crc(bytes: &[u8]) -> u32 {
        let bit = |crc: u32, _| (crc >> 1) ^ if crc & 1 == 1 { 0x82F6_3B78 } else { 0 };
        !bytes.iter().fold(!0, |crc, &byte| (0..8).fold(crc ^ u32::from(byte), bit))
    }

    #[test]
    fn a_trace_is_the_same_by_another_function_for_its_checks() {
        let mut recorders = [(); 2].map(|()| Recorder::new(Limits::DEFAULT, Options::default()));
        recorders[1].check_by(crc);
        let traces = recorders.map(|mut recorder| {
            (0..20_000).for_each(|n| recorder.tick(TickId(n)));
            recorder.finish()
        });
        assert!(traces[0].len() > 3 * BLOCK, "several blocks");
        assert_eq!(traces[0], traces[1]);
    }

    #[test]
    #[should_panic(expected = "CRC-32C")]
    fn a_function_for_something_else_is_refused() {
        Recorder::new(Limits::DEFAULT, Options::default()).check_by(|bytes| bytes.len() as u32);
    }
}
