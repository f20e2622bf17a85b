'use strict';
// How text, bytes and numbers are printed.

const ESCAPES = { '\t': '\\t', '\r': '\\r', '\n': '\\n', '\0': '\\0', "'": "\\'", '"': '\\"', '\\': '\\\\' };

function escaped(text) {
  let out = '';
  for (const c of text) {
    const hidden = (/[\p{C}\p{Z}]/u.test(c) && c !== ' ') || (out === '' && /\p{Grapheme_Extend}/u.test(c));
    out += ESCAPES[c] ?? (hidden ? `\\u{${c.codePointAt(0).toString(16)}}` : c);
  }
  return out;
}

const quoted = (text) => `"${escaped(text)}"`;

function escapedBytes(bytes) {
  const one = (byte) => {
    const c = String.fromCharCode(byte);
    if (c !== '\0' && ESCAPES[c]) return ESCAPES[c];
    return byte >= 0x20 && byte < 0x7f ? c : `\\x${byte.toString(16).padStart(2, '0')}`;
  };
  return Array.from(bytes, one).join('');
}

function float(value) {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value < 0 ? '-inf' : 'inf';
  if (Object.is(value, -0)) return '-0';
  const [digits, exponent] = String(value).split('e');
  if (exponent === undefined) return digits;
  const [, sign, whole, part = ''] = /^(-?)(\d+)(?:\.(\d+))?$/.exec(digits);
  const point = whole.length + Number(exponent);
  const all = whole + part;
  if (point <= 0) return `${sign}0.${'0'.repeat(-point)}${all}`;
  return sign + all.padEnd(point, '0');
}

/** A word and a value, or nothing. */
const given = (word, value) => (value === null ? '' : ` ${word} ${value}`);

/** `None` or `Some(n)`. */
const some = (value) => (value === null ? 'None' : `Some(${value})`);

module.exports = { escaped, escapedBytes, float, given, quoted, some };
