'use strict';
// The pieces that records are made of: numbers, ids, text, addresses.

const { ERRNOS } = require('./tables');

/** What cannot be read: the reader stops there. */
class Unreadable extends Error {}

/** The pieces that records are made of. */
class Cursor {
  constructor(bytes) {
    this.bytes = bytes;
    this.at = 0;
  }

  get left() {
    return this.bytes.length - this.at;
  }

  take(length) {
    const count = Number(length);
    if (count > this.left) throw new Unreadable('it is cut off');
    this.at += count;
    return this.bytes.subarray(this.at - count, this.at);
  }

  byte() {
    return this.take(1)[0];
  }

  /** A varint, as a BigInt. */
  number() {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.byte();
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) {
        if (value >> 64n) break;
        return value;
      }
    }
    throw new Unreadable('a number is too long');
  }

  signed() {
    const n = this.number();
    return n & 1n ? -(n >> 1n) - 1n : n >> 1n;
  }

  flag() {
    const byte = this.byte();
    if (byte > 1) throw new Unreadable('neither true nor false');
    return byte === 1;
  }

  option(read) {
    return this.flag() ? read.call(this, this) : null;
  }

  text() {
    return this.take(this.number()).toString('utf8');
  }

  id(letter) {
    return `${letter}${this.number()}.${this.number()}`;
  }

  float() {
    return this.take(8).readDoubleLE();
  }

  errno() {
    const n = this.signed();
    return ERRNOS[n & 1n ? 'none' : String(n >> 1n)] ?? ['UNKNOWN', 'unknown error'];
  }

  ip() {
    const family = this.byte();
    if (family === 4) return [...this.take(4)].join('.');
    if (family === 6) return ipv6(this.take(16));
    throw new Unreadable('neither IPv4 nor IPv6');
  }

  addr() {
    const six = this.bytes[this.at] === 6;
    const [ip, port] = [this.ip(), this.number()];
    if (!six) return `${ip}:${port}`;
    const [, scope] = [this.number(), this.number()];
    return `[${ip}${scope ? `%${scope}` : ''}]:${port}`;
  }
}

/** The shortest form: the first of the longest runs of two or more zero groups is `::`. */
function ipv6(bytes) {
  const groups = Array.from({ length: 8 }, (_, i) => bytes.readUInt16BE(2 * i));
  if (groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff) {
    return `::ffff:${[...bytes.subarray(12)].join('.')}`;
  }
  let best = { at: 0, length: 1 };
  for (let at = 0; at < 8; at++) {
    let length = 0;
    while (at + length < 8 && groups[at + length] === 0) length++;
    if (length > best.length) best = { at, length };
  }
  const hex = (list) => list.map((group) => group.toString(16)).join(':');
  if (best.length < 2) return hex(groups);
  return `${hex(groups.slice(0, best.at))}::${hex(groups.slice(best.at + best.length))}`;
}

/** What a number stands for. */
function named(table, tag) {
  if (table[tag] === undefined) throw new Unreadable('an unknown number');
  return table[tag];
}

module.exports = { Cursor, Unreadable, named };
