'use strict';
// A reader of traces, written from ../trace-format.md and nothing else. It prints what `netfold show --inputs` prints:
//
//     node spec/trace-reader FILE...

const { Cursor, Unreadable } = require('./pieces');
const { line } = require('./records');

const MAGIC = Buffer.from('894E46540D0A1A0A', 'hex');
const SYNC = Buffer.from('F56E6662', 'hex');
const BLOCK_HEADER = 32;

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  for (let bit = 0; bit < 8; bit++) byte = byte & 1 ? (byte >>> 1) ^ 0x82f63b78 : byte >>> 1;
  return byte;
});

function crc32c(bytes) {
  let crc = ~0;
  for (const byte of bytes) crc = (crc >>> 8) ^ CRC_TABLE[(crc ^ byte) & 255];
  return ~crc >>> 0;
}

/** The header: where the blocks begin. */
function header(file) {
  if (!file.subarray(0, 8).equals(MAGIC)) throw new Unreadable('this is not a netfold trace');
  const from = new Cursor(file);
  from.take(8);
  const [version, , features] = [from.take(2).readUInt16LE(), from.take(2), from.take(4).readUInt32LE()];
  const fields = from.take(from.take(4).readUInt32LE());
  const end = from.at;
  if (from.take(4).readUInt32LE() !== crc32c(file.subarray(0, end))) throw new Unreadable('the header is damaged');
  if (version > 1) throw new Unreadable(`version ${version} is newer than this reader`);
  if (features & 0xffff) throw new Unreadable('features that this reader does not have');
  for (const rest = new Cursor(fields); rest.left > 0;) {
    rest.number();
    rest.take(rest.number());
  }
  return from.at;
}

/** A block's header, or null if these bytes are none. */
function blockHeader(bytes) {
  if (bytes.length < BLOCK_HEADER || !bytes.subarray(0, 4).equals(SYNC)) return null;
  if (bytes.readUInt32LE(28) !== crc32c(bytes.subarray(0, 28))) return null;
  return { length: bytes.readUInt32LE(4), first: bytes.readBigUInt64LE(8), crc: bytes.readUInt32LE(24) };
}

/** The longest prefix that can be trusted: its records, whether they end, and what is wrong with the rest. */
function prefix(file) {
  let at = header(file);
  let [inputs, ended] = [0n, false];
  const records = [];
  while (at < file.length) {
    const block = blockOf(file.subarray(at), inputs, ended);
    if (typeof block === 'string') return { records, ended, torn: torn(file, at, block, inputs) };
    records.push(...block.records);
    inputs += block.inputs;
    ended = block.ended;
    at += block.length;
  }
  return { records, ended, torn: null };
}

/** One block, or what is wrong with it. */
function blockOf(rest, inputs, over) {
  if (over) return 'something stands after the end';
  if (rest.length < BLOCK_HEADER) return 'the file ends within a block';
  const header = blockHeader(rest);
  if (header === null) return "a block's header is damaged";
  const body = rest.subarray(BLOCK_HEADER, BLOCK_HEADER + header.length);
  if (body.length < header.length) return 'the file ends within a block';
  if (crc32c(body) !== header.crc) return 'a block is damaged';
  if (header.first !== inputs) return 'a block is missing';
  const block = { records: [], inputs: 0n, ended: false, length: BLOCK_HEADER + header.length };
  for (const from = new Cursor(body); from.left > 0;) {
    if (block.ended) return 'something stands after the end';
    let kind, record;
    try {
      kind = from.byte();
      record = from.take(from.number());
    } catch (error) {
      if (error instanceof Unreadable) return "a block's records do not fill it";
      throw error;
    }
    if (kind === 8) block.ended = true;
    else if (kind >= 1 && kind <= 7) block.records.push({ kind, record, number: inputs + block.inputs++ });
    else if (kind < 0x80) return 'a block has a kind of input that this release does not know';
  }
  return block;
}

function torn(file, at, what, first) {
  let later = 0;
  for (let next = file.indexOf(SYNC, at + 1); next >= 0; next = file.indexOf(SYNC, next + 1)) {
    if (blockHeader(file.subarray(next)) !== null) later++;
  }
  const more = later ? `; ${later} of the lost blocks still have a good header` : '';
  return `the trace is torn: at byte ${at} ${what}: ${file.length - at} bytes are lost, from input ${first} on${more}`;
}

/** The lines of a whole file. */
function* show(file) {
  const { records, ended, torn } = prefix(file);
  for (const record of records) yield line(record);
  if (torn !== null) yield torn;
  else if (!ended) yield 'the trace has no end: the program that recorded it still runs or was killed';
}

if (require.main === module) {
  const { readFileSync, writeSync } = require('node:fs');
  for (const file of process.argv.slice(2)) {
    try {
      for (const text of show(readFileSync(file))) writeSync(1, `${text}\n`);
    } catch (error) {
      if (!(error instanceof Unreadable)) throw error;
      writeSync(2, `${file}: ${error.message}\n`);
      process.exitCode = 1;
    }
  }
}

module.exports = { show, Unreadable };
