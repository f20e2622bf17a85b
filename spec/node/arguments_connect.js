// Every option of net.connect() and socket.connect() with every kind of value.
'use strict';
const net = require('net');
const { attempt, follow, foreign, long, numbers, numerals, show, words } = require('./values');

const EVENTS = ['lookup', 'connectionAttempt', 'error', 'close'];

// socket.connect(), whose socket shows what became of it.
function connects(argument, values, base, names = EVENTS, after = () => {}) {
  for (const value of values) {
    attempt('connect', argument, value, (c) => {
      const sock = new net.Socket();
      follow(c, sock, names);
      try {
        sock.connect({ ...base(c), [argument.split('/')[0]]: value });
      } catch (err) {
        setImmediate(() => c.log('connecting ' + sock.connecting));
        throw err;
      }
      after(sock);
      return 'connecting ' + sock.connecting;
    });
  }
}

// A lookup that logs what it is asked and finds nothing.
function asks(c) {
  return (host, options, callback) => {
    c.log('asked ' + [show(host), show(options.family), show(options.hints), show(options.all)].join(' '));
    const err = new Error('getaddrinfo ENOTFOUND ' + host);
    callback(Object.assign(err, { errno: -3008, code: 'ENOTFOUND', syscall: 'getaddrinfo', hostname: host }));
  };
}

const here = () => ({ host: '127.0.0.1', port: 9 });
const named = (c) => ({ host: 'some.name', port: 9, lookup: asks(c) });
const resolved = () => ({ host: 'localhost', port: 9 });
const gone = (sock) => sock.destroy();

connects('port', [...numbers, ...numerals, ...words, ...foreign], here);
connects('port/localAddress', [65536, '9', 'abc'], () => ({ host: '127.0.0.1', localAddress: 'foo' }));

connects('host', ['', ' ', 'localhost', 'some.name', 'm\u00fcnchen.name', 'a\0b', long, '1', '127.1', '[::1]',
  '127.0.0.1%1',
  '127.0.0.1', '::1', '::ffff:127.0.0.1', ...foreign], named);

connects('host/resolver', [long], () => ({ port: 9 }));
connects('host/resolver/one', [long], () => ({ port: 9, family: 4 }));

connects('localAddress', ['', '127.0.0.1', '127.0.0.2', '0.0.0.0', '192.0.2.1', '::1', '::', 'foo', '1.2.3', '01.2.3.4',
  ' 127.0.0.1', '127.0.0.1\0', '[::1]', ...foreign], here);
connects('localAddress/::1', ['', '::1', '::', '::1%lo', '127.0.0.1', '0.0.0.0', 'foo'], () => ({ host: '::1',
  port: 9 }));
connects('localPort', [...numbers.filter((n) => n !== 1 && n !== 9 && n !== -1 && n < 65537 || n !== n), '9', 'abc',
  '', ...foreign], here);
connects('localPort/throws', numbers, () => ({ host: '127.0.0.1', port: 65536 }));

connects('family', [0, 4, 6, 5, -1, 1.5, 10, 255, 256, NaN, 'IPv4', 'IPv6', 'ipv4', '4', '', ...foreign], named);
connects('family/resolver', [0, 4, 6, 5, -1, 1.5, 10, 255, 256, NaN, 'IPv4', 'IPv6', 'ipv4', '4', '', ...foreign],
  resolved, ['error', 'close'], gone);
connects('hints', [0, 1, 8, 16, 32, 40, 48, 56, 64, 4294967295, 4294967296, -1, 1.5, NaN, '32', ...foreign], named);
connects('hints/resolver', [0, 1, 8, 16, 32, 40, 48, 56, 64, 4294967295, 4294967296, -1, 1.5, NaN, '32', ...foreign],
  resolved, ['error', 'close'], gone);
connects('lookup', [0, 1, 'x', ...foreign], resolved, ['error', 'close'], gone);
connects('lookup/address', [1, 'x', null], here);

// What a lookup of the user's answers, alone and as one of several.
function answers(argument, values, answer) {
  for (const value of values) {
    attempt('lookup', argument, value, (c) => {
      const sock = new net.Socket();
      follow(c, sock, EVENTS);
      sock.connect({ port: 9, host: 'some.name', autoSelectFamily: argument.endsWith('all'), lookup: answer(value) });
      return 'connecting ' + sock.connecting;
    });
  }
}
const given = ['127.0.0.1', '::1', '::ffff:127.0.0.1', '', ' ', 'x', '1.2.3', '127.0.0.1\0', '127.0.0.1%1', long, 9,
  undefined, null, true, {}];
answers('address', given, (value) => (host, options, callback) => callback(null, value,
  String(value).includes(':') ? 6 : 4));
answers('address/all', given.filter((value) => typeof value === 'string'), (value) => (host, options, callback) => {
  callback(null, [{ address: value, family: value.includes(':') ? 6 : 4 }, { address: '127.0.0.1', family: 5 }]);
});
const four = [4, 0, 5, 10, -1, 1.5, 4294967295, 4294967296, NaN, '4', 'IPv4', undefined, null, true];
answers('family', four, (value) => (host, options, callback) => callback(null, '127.0.0.1', value));
answers('family/all', four, (value) => (host, options, callback) => {
  callback(null, [{ address: '127.0.0.1', family: value }, { address: 'x', family: 4 }]);
});
answers('error/all', [null, undefined, 0, false, ''], (value) => (host, options, callback) => {
  callback(value, [{ address: '127.0.0.1', family: 4 }]);
});

connects('path', ['', '9', '/nf-no-such-folder/x', 'nf-no-such-file', '\0nf-no-such-name', '\u00fc', 1, ...foreign],
  () => ({ port: 9, host: '127.0.0.1' }));
connects('path/alone/refused', ['/' + 'x'.repeat(90), '/nf-no\tsuch', '/nf-no\0such', '/nf-no-such-folder/' +
  'x'.repeat(200)], () => ({}));
connects('path/alone', ['', null, undefined], () => ({}), ['error', 'close'], gone);

connects('autoSelectFamily', [0, 1, 'x', ...foreign], named);
connects('autoSelectFamilyAttemptTimeout', [...numbers, 10, '9', '', ...foreign], named);
connects('autoSelectFamilyAttemptTimeout/address', [0, 10, 1.5], here);

// The order of the checks: each with everything behind it wrong too.
connects('order', [0], () => ({ host: '127.0.0.1', port: 65536, localAddress: 'foo',
  autoSelectFamilyAttemptTimeout: 0 }));
connects('order', [1], () => ({ host: '127.0.0.1', port: 65536, localAddress: '::1',
  autoSelectFamilyAttemptTimeout: 0 }));
connects('order', [2], () => ({ host: 'localhost', port: 9, family: 5, hints: 1, autoSelectFamilyAttemptTimeout: 0 }));
connects('order', [3], () => ({ host: 'localhost', port: 9, family: 5, hints: 1 }));

// net.connect(), which makes the socket.
function makes(argument, values, base, shown) {
  for (const value of values) {
    attempt('net.connect', argument, value, (c) => {
      const sock = net.connect({ host: '127.0.0.1', port: 9, ...base, [argument.split('/')[0]]: value });
      follow(c, sock, ['error', 'close']);
      sock.destroy();
      return shown(sock);
    });
  }
}
makes('timeout', [...numbers, '9', '', ...foreign], {}, (sock) => 'timeout ' + show(sock.timeout));
makes('timeout/order', [-1], { port: 65536 }, (sock) => 'timeout ' + show(sock.timeout));
makes('keepAliveInitialDelay', [...numbers, '9', ...foreign], { keepAlive: true }, () => undefined);
makes('highWaterMark', [...numbers, '9', ...foreign], {},
  (sock) => [sock.readableHighWaterMark, sock.writableHighWaterMark].join(' '));
const marks = (sock) => [sock.readableHighWaterMark, sock.writableHighWaterMark].join(' ');
for (const mark of ['readableHighWaterMark', 'writableHighWaterMark']) {
  makes(mark, [...numbers, '9', ...foreign], {}, marks);
  makes(mark + '/both', [1, -1, 1.5], { highWaterMark: 5 }, marks);
}
for (const fd of [-1, 1.5, -0.5, NaN, Infinity, 2147483647, 2147483648, 4294967296, '1', '', ...foreign]) {
  attempt('Socket', 'fd', fd, (c) => {
    const sock = new net.Socket({ fd });
    follow(c, sock, ['error', 'close']);
    sock.destroy();
  });
}
for (const flag of ['allowHalfOpen', 'noDelay', 'keepAlive']) {
  makes(flag, [0, 1, '', 'x', ...foreign], {}, (sock) => 'allowHalfOpen ' + sock.allowHalfOpen);
}
for (const flag of ['objectMode', 'readableObjectMode', 'writableObjectMode']) {
  makes(flag, [0, 1, true, false], {}, () => undefined);
}
makes('signal', [0, 'x', ...foreign], {}, () => undefined);
makes('onread', [0, 'x', ...foreign, { buffer: 1, callback: 1 }], {}, () => undefined);

// net.connect(first): a text that is a number is a port, another one a path. net.connect(port, host).
function positional(argument, values, args) {
  for (const value of values) {
    attempt('net.connect', argument, value, (c) => {
      const sock = net.connect(...args(value));
      follow(c, sock, EVENTS);
    });
  }
}
positional('(first)', [65536, -1, 1.5, NaN, 'nf-no-such-file', '9abc', '65536', ' 65536 ', '1e9', '-1', '1.5', '', ' ',
  'Infinity',
  ...foreign.filter((value) => typeof value !== 'object' || value === null)], (value) => [value]);
positional('(port,host)', ['127.0.0.1', '::1', 1, null, undefined, true, false], (value) => [65536, value]);
