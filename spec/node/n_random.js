// isIP, SocketAddress and BlockList with generated arguments: node n_random.js [SEED [full]]
// One digit or letter a case; after each hundred a checksum of the arguments and of the results. With `full` each case
// is printed on a line of its own.
'use strict';
const net = require('net');
const { actor } = require('./oracle');
const { BlockList, SocketAddress } = net;

const seed = Number(process.argv[2] || 56);
const full = process.argv[3] === 'full';
actor('seed').log(String(seed));

let state = seed;
function below(n) {
  state = (state ^ (state << 13)) >>> 0;
  state = (state ^ (state >>> 17)) >>> 0;
  state = (state ^ (state << 5)) >>> 0;
  return state % n;
}
const one = (of) => of[below(of.length)];

// FNV-1a over UTF-8.
function checksum(text) {
  let hash = 0x811c9dc5;
  for (const b of Buffer.from(text)) hash = Math.imul(hash ^ b, 0x01000193) >>> 0;
  return hash.toString(16);
}

class Table {
  constructor(name) {
    this.actor = actor(name);
    this.marks = '';
    this.text = '';
  }
  add(mark, given, result) {
    const line = JSON.stringify(given) + ' ' + result;
    if (full) this.actor.log(line);
    this.marks += mark;
    this.text += line + '\n';
    if (this.marks.length === 100) this.flush();
  }
  flush() {
    if (!full) this.actor.log(this.marks + ' ' + checksum(this.text));
    this.marks = '';
    this.text = '';
  }
}

const GOOD = ['127.0.0.1', '0.0.0.0', '255.255.255.255', '10.20.130.249', '199.1.99.200', '::', '::1', '1::',
  'fe80::1%eth0', 'fe80::1%a.b-c:D',
  '::ffff:127.0.0.1', '::1.2.3.4', '1:2:3:4:5:6:7:8', '1:2:3:4:5:6:7::', '::2:3:4:5:6:7:8', '1:2:3:4:5:6:1.2.3.4',
  '1::6:7:8', '1:2:3::7:8',
  'ABCD:ef01:2345:6789:abcd:EF01:2345:6789', '1:2::5:1.2.3.4', '0:0:0:0:0:0:0:0', '1::1:0:0:1',
  '64:ff9b::255.255.255.255'];
const PIECES = ['::', ':', ':', ':', '.', '.', '0', '1', '12', '123', '255', '256', '300', '01', '1234', 'abcd', 'F',
  '00a', '12345', '1.2.3.4',
  '1.2.3', '1.2.3.4.5', '%', '%lo', 'g', '0:0', '1:2:3', '4:5:6', '7:8'];
const CHARS = Array.from('0123456789abcdefABCDEFgxX::::....%%-_/[] @\n\t\0+\u00e9\u0661\uff11');

function mutated() {
  const text = Array.from(one(GOOD));
  for (let n = 1 + below(3); n > 0; n--) {
    const at = below(text.length + 1);
    switch (below(5)) {
      case 0: text.splice(at, 1); break;
      case 1: text.splice(at, 0, one(CHARS)); break;
      case 2: text.splice(at, 1, one(CHARS)); break;
      case 3: text.splice(at, 0, ...text.slice(below(text.length + 1), below(text.length + 1))); break;
      case 4: text.splice(at, below(6), ...Array.from(one(PIECES))); break;
    }
  }
  return text.join('');
}

function joined() {
  let text = '';
  for (let n = 1 + below(10); n > 0; n--) text += one(PIECES);
  return text;
}

function groups() {
  const count = 1 + below(9);
  const gap = below(count + 2);
  let text = '';
  for (let i = 0; i < count; i++) {
    if (i > 0 || gap === 0) text += ':';
    if (i === gap) text += ':';
    text += one(['0', '1', 'a0', 'ffff', '0123', '12345', '7']);
  }
  if (gap === count) text += '::';
  if (below(4) === 0) text += ':1.2.3.' + below(300);
  if (below(4) === 0) text += one(['%', '%1', '%lo', '%a%b', '%_']);
  return text;
}

const text = () => [mutated, joined, groups][below(3)]();

const isIP = new Table('isIP');
for (let i = 0; i < 6000; i++) {
  const given = text();
  const result = net.isIP(given);
  if (net.isIPv4(given) !== (result === 4) || net.isIPv6(given) !== (result === 6)) throw new Error(given);
  isIP.add(String(result), given, String(result));
}

// node cuts the text at a NUL, and an address before a zone after 39 characters; that is not repeated.
const odd = (text) => text.includes('\0') || text.indexOf('%') > 39;

const address = new Table('SocketAddress');
for (let i = 0; i < 4000; i++) {
  const given = text();
  const family = one(['ipv4', 'ipv6', 'ipv6']);
  let result = 'odd';
  if (!odd(given)) {
    try {
      result = new SocketAddress({ address: given, family }).address;
    } catch (err) {
      result = err.code;
    }
  }
  address.add(result[0] === 'E' ? '-' : family[3], given + ' ' + family, result);
}

const parse = new Table('parse');
for (let i = 0; i < 4000; i++) {
  let given = text();
  if (given.includes(':') && below(2) === 0) given = '[' + given + ']';
  given += one(['', '', ':', ':80', ':443', ':65536', ':x', '/', ' ']);
  let result = 'undefined';
  if (/[^\0-\x7f]/.test(given)) {
    result = 'odd';
  } else {
    try {
      const { hostname, port } = new URL('http://' + given);
      const brackets = hostname[0] === '[';
      const options = { address: hostname.replace(/[[\]]/g, ''), port: Number(port),
        family: brackets ? 'ipv6' : 'ipv4' };
      const { address, port: got } = new SocketAddress(options);
      result = address + ' ' + got;
    } catch {
      // No URL, or a name.
    }
  }
  parse.add(result[0] === 'u' ? '-' : '+', given, result);
}

const V4 = ['0.0.0.0', '0.0.0.1', '1.2.3.0', '1.2.3.1', '1.2.3.2', '1.2.3.127', '1.2.3.128', '1.2.3.255', '1.2.4.0',
  '1.3.0.0', '127.255.255.255',
  '128.0.0.0', '255.255.255.254', '255.255.255.255'];
const V6 = ['::', '::1', '::2', '::fffe:ffff:ffff', '::1:0:0:0', '1::', 'fe80::', 'febf:ffff::', 'fec0::1', '7fff::',
  '8000::', '::1.2.3.1',
  'ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'];
const ALL = V4.concat(V6, V4.map((a) => '::ffff:' + a));
const made = (text) => new SocketAddress({ address: text, family: text.includes(':') ? 'ipv6' : 'ipv4' });
const any = () => one(ALL);

const blockList = new Table('BlockList');
for (let i = 0; i < 1500; i++) {
  const list = new BlockList();
  const calls = [];
  for (let n = below(6); n >= 0; n--) {
    try {
      const kind = below(3);
      const a = any();
      if (kind === 0) {
        calls.push('a ' + a);
        list.addAddress(made(a));
      } else if (kind === 1) {
        const b = any();
        calls.push('r ' + a + ' ' + b);
        list.addRange(made(a), made(b));
      } else {
        const prefix = below(a.includes(':') ? 130 : 34);
        calls.push('s ' + a + ' ' + prefix);
        list.addSubnet(made(a), prefix);
      }
    } catch (err) {
      calls.push(err.message.replace(/\n/g, '|'));
    }
  }
  const bits = ALL.map((a) => (list.check(made(a)) ? 1 : 0)).join('');
  blockList.add((list.rules.length).toString(), calls.join(', '), list.rules.join(', ') + ' ' + bits);
}
