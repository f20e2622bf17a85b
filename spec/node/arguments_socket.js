// Every argument of a socket's methods with every kind of value, on a socket that never connected.
'use strict';
const net = require('net');
const { attempt, describe, follow, foreign, long, numbers, show } = require('./values');

// One case: `call` gets a new socket and the value; `shown` says what it left behind.
function calls(member, argument, values, call, shown = () => undefined) {
  for (const value of values) {
    attempt(member, argument, value, (c) => {
      const sock = new net.Socket();
      follow(c, sock, ['error', 'close']);
      setImmediate(() => sock.destroy());
      call(sock, value, c);
      return shown(sock);
    });
  }
}

const encodings = ['utf8', 'UTF-8', 'Utf8', 'utf-16le', 'UTF16LE', 'ucs2', 'UCS-2', 'latin1', 'LATIN1', 'binary',
  'ascii', 'base64',
  'base64url', 'hex', 'HEX', 'utf16', 'utf-16', 'iso-8859-1', 'foo', ' utf8', 'utf8\0', '\u00fctf8', long];

calls('setTimeout', 'msecs', [...numbers, -9007199254740992, 0.5, '9', '', ...foreign], (sock, value) =>
  sock.setTimeout(value),
  (sock) => 'timeout ' + show(sock.timeout));
calls('setTimeout', 'msecs/property', [NaN, -1, Infinity, '9'], (sock, value) => {
  try {
    sock.setTimeout(value);
  } catch {
    // The property is set all the same.
  }
}, (sock) => 'timeout ' + show(sock.timeout));
calls('setTimeout', 'callback', [0, 'x', ...foreign], (sock, value) => sock.setTimeout(9, value),
  (sock) => 'listeners ' + sock.listenerCount('timeout'));

calls('setEncoding', 'encoding', [...encodings, '', 'buffer', 9, ...foreign], (sock, value) => sock.setEncoding(value),
  (sock) => 'encoding ' + show(sock.readableEncoding));

calls('read', 'size', [...numbers, 1073741823, 1073741824, 1073741825, '9', 'x', '', ...foreign],
  (sock, value, c) => c.log('-> ' + show(sock.read(value))), (sock) => 'mark ' + sock.readableHighWaterMark);

const written = (sock) => 'length ' + sock.writableLength;
const chunks = ['', 'x', '\u00fc', 'a\0', long, Buffer.alloc(0), Buffer.alloc(9), new Uint8Array(0), new Uint8Array(9),
  new DataView(new ArrayBuffer(9)),
  new Date(0), 0, 9, NaN, ...foreign];
calls('write', 'chunk', chunks, (sock, value, c) => {
  c.log('-> ' + sock.write(value, (err) => c.log('callback ' + describe(err))));
}, written);
calls('write', 'encoding', [...encodings, '', 9, ...foreign.filter((value) => typeof value !== 'function')], (sock,
  value, c) => {
  c.log('-> ' + sock.write('6162', value, (err) => c.log('callback ' + describe(err))));
}, written);
calls('write', 'encoding/bytes', ['hex', 'foo'], (sock, value, c) => {
  c.log('-> ' + sock.write(Buffer.alloc(9), value, (err) => c.log('callback ' + describe(err))));
}, written);
calls('write', 'callback', [0, 'x', null, undefined, true, {}], (sock, value, c) => c.log('-> ' + sock.write('x',
  'utf8', value)), written);

const ended = (sock) => ['ended', sock.writableEnded, 'length', sock.writableLength].join(' ');
calls('end', 'chunk', chunks, (sock, value, c) => sock.end(value, (err) => c.log('callback ' + describe(err))), ended);
calls('end', 'encoding', ['hex', 'HEX', 'foo', '', 9, null, undefined], (sock, value, c) => {
  sock.end('6162', value, (err) => c.log('callback ' + describe(err)));
}, ended);
calls('end', 'callback', [0, 'x', null, undefined, true, {}], (sock, value) => sock.end('x', 'utf8', value), ended);

calls('destroy', 'error', [new Error('boom'), Object.assign(new Error('boom'), { code: 'EBOOM' }), undefined, null],
  (sock, value) => sock.destroy(value), (sock) => 'destroyed ' + sock.destroyed);
calls('destroy', 'error/foreign', [0, 9, '', 'x', true, false, {}], (sock, value) => sock.destroy(value),
  (sock) => 'destroyed ' + sock.destroyed);

calls('setKeepAlive', 'enable', [0, 1, '', 'x', ...foreign], (sock, value) => sock.setKeepAlive(value));
calls('setKeepAlive', 'initialDelay', [...numbers, 999, 1000, '9', 'x', ...foreign.filter((value) =>
  typeof value !== 'bigint' && typeof value !== 'symbol')],
  (sock, value) => sock.setKeepAlive(true, value));
calls('setKeepAlive', 'initialDelay/foreign', [1n, Symbol('s')], (sock, value) => sock.setKeepAlive(true, value));
calls('setNoDelay', 'enable', [0, 1, '', 'x', ...foreign], (sock, value) => sock.setNoDelay(value));
calls('pipe', 'destination', [0, 'x', ...foreign], (sock, value) => sock.pipe(value));
calls('unpipe', 'destination', [0, 'x', ...foreign], (sock, value) => sock.unpipe(value));

// With a connection, where the numbers reach the system.
const server = net.createServer((peer) => peer.resume());
server.listen(0, '127.0.0.1', () => {
  let left = 0;
  const over = () => (--left === 0 ? server.close() : undefined);
  const connected = (member, argument, values, call) => {
    for (const value of values) {
      left++;
      const sock = net.connect(server.address().port, '127.0.0.1', () => {
        attempt(member, argument, value, (c) => {
          follow(c, sock, ['error', 'close']);
          setImmediate(() => sock.destroy());
          call(sock, value);
        });
      });
      sock.on('close', over);
    }
  };
  const delays = [0, 1, 999, 1000, 32767000, 32768000, 65535, 65536, 2147483647, 2147483648, 4294967295, 4294967296,
    9007199254740992, -1, -1000, 1.5, NaN, Infinity];
  connected('setKeepAlive', 'initialDelay/connected', delays, (sock, value) => sock.setKeepAlive(true, value));
  connected('setNoDelay', 'enable/connected', [true, false], (sock, value) => sock.setNoDelay(value));
});

const writer = net.createServer((peer) => peer.on('error', () => {}).end('ab'));
writer.listen(0, '127.0.0.1', () => {
  let left = 0;
  for (const value of [0, 1, 9, 65536]) {
    left++;
    attempt('onread', 'size', value, (c) => {
      const callback = (count) => c.log('read ' + count);
      const onread = { buffer: Buffer.alloc(value), callback };
      const sock = net.connect({ port: writer.address().port, host: '127.0.0.1', onread });
      follow(c, sock, ['end', 'error', 'close']);
      sock.on('close', () => (--left === 0 ? writer.close() : undefined));
    });
  }
});
