// What Node's StringDecoder makes of generated chunks. `node answers.js > answers.txt` writes the recorded answers,
// `node answers.js --full COUNT SEED` prints every case: the encoding, its chunks, its pieces of text.
'use strict';
const { StringDecoder } = require('string_decoder');
const ENCODINGS = ['utf8', 'utf16le', 'latin1', 'ascii', 'base64', 'base64url', 'hex'];
const CASES = 7000, GROUP = 20, SEED = 20260101;

function generator(seed) {
  let state = seed >>> 0;
  return (below) => {
    state ^= state << 13; state >>>= 0;
    state ^= state >>> 17;
    state ^= state << 5; state >>>= 0;
    return state % below;
  };
}

// Bytes that are likely to meet: whole and cut characters, overlong ones, surrogates in UTF-8 and UTF-16, plain bytes.
const PIECES = ['61', 'c3a9', 'e282ac', 'f09d849e', '80', 'bf', 'c0', 'c3', 'e0', 'e0a0', 'ed', 'eda0', 'eda080', 'f0', 'f09d',
  'f09d84', 'f4', 'f490', 'f5', 'f8', 'ff', 'efbbbf', '34d8', '1edd', '34d81edd', '00', '0061', '00d8', '00dc', '3d'];

function chunks(next) {
  const out = [];
  for (let n = 1 + next(6); n > 0; n--) {
    let hex = '';
    for (let m = next(5); m > 0; m--) {
      hex += next(4) === 0 ? next(256).toString(16).padStart(2, '0') : PIECES[next(PIECES.length)];
    }
    let bytes = Buffer.from(hex, 'hex');
    if (bytes.length > 1 && next(2) === 0) bytes = bytes.subarray(0, bytes.length - 1);
    if (bytes.length > 0) out.push(bytes);
  }
  return out;
}

function* answers(count, seed) {
  const next = generator(seed);
  for (let i = 0; i < count; i++) {
    const encoding = ENCODINGS[i % ENCODINGS.length];
    const decoder = new StringDecoder(encoding);
    const given = chunks(next);
    // Half a surrogate pair cannot be written in UTF-8; toWellFormed() puts U+FFFD in its place (D13).
    const texts = given.map((bytes) => decoder.write(bytes).toWellFormed());
    texts.push(decoder.end().toWellFormed());
    yield [encoding, given.map((bytes) => bytes.toString('hex')).join(' '), JSON.stringify(texts)].join('\t');
  }
}

function fnv(hash, text) {
  for (const byte of Buffer.from(text)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return hash;
}

if (process.argv[2] === '--full') {
  for (const line of answers(+process.argv[3], +process.argv[4])) console.log(line);
} else {
  const hashes = [];
  let at = 0;
  for (const line of answers(CASES, SEED)) {
    if (at++ % GROUP === 0) hashes.push(0x811c9dc5);
    hashes.push(fnv(hashes.pop(), line + '\n'));
  }
  const words = hashes.map((hash) => hash.toString(16).padStart(8, '0'));
  while (words.length > 0) console.log(words.splice(0, 12).join(' '));
}
