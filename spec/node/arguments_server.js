// Every option of net.createServer() and every argument of a server's methods with every kind of value.
'use strict';
const net = require('net');
const { attempt, foreign, follow, long, numbers, numerals, show, words } = require('./values');

function makes(argument, values, base, shown) {
  for (const value of values) {
    attempt('createServer', argument, value, () => shown(net.createServer({ ...base, [argument]: value })));
  }
}
makes('highWaterMark', [...numbers, '9', ...foreign], {}, (server) => 'mark ' + show(server.highWaterMark));
makes('keepAliveInitialDelay', [...numbers, 999, 1000, '9', ...foreign], { keepAlive: true },
  (server) => 'delay ' + show(server.keepAliveInitialDelay));
for (const flag of ['allowHalfOpen', 'pauseOnConnect', 'noDelay', 'keepAlive']) {
  makes(flag, [0, 1, '', 'x', ...foreign], {}, (server) => Boolean(server[flag]));
}
for (const value of [0, 9, 'x', ...foreign]) {
  attempt('createServer', '(options)', value, () => void net.createServer(value));
  attempt('createServer', '(listener)', value, (c) => {
    const server = net.createServer({}, value);
    return 'listeners ' + server.listenerCount('connection');
  });
}

// server.listen(): it is closed as soon as it listens.
function listens(argument, values, options, after = () => {}) {
  for (const value of values) {
    attempt('listen', argument, value, (c) => {
      const server = net.createServer();
      follow(c, server, ['error', 'close']);
      server.on('listening', () => {
        const at = server.address();
        c.log('listening ' + (typeof at === 'string' ? show(at) : at.address + ' ' + at.family + (at.port > 0)));
        server.close();
      });
      const given = options(value);
      server.listen(...(Array.isArray(given) ? given : [given]));
      return 'listening ' + server.listening;
    });
  }
}
const zeros = (text) => !/[1-9]/.test(text) || /65536|Infinity|e400/.test(text) || !(Number(text) >= 0) ||
  Number(text) % 1 !== 0;
const ports = [...numbers.filter((n) => !(n > 0 && n < 65536 && n % 1 === 0)), ...numerals.filter(zeros), ...words,
  ...foreign];
listens('port', ports, (port) => ({ port, host: '127.0.0.1' }));
listens('port/all', [0, 65536, -1, '0', 'abc', ''], (port) => ({ port }));
listens('host', ['', '127.0.0.1', '::1', '::', '0.0.0.0', '127.0.0.2', '192.0.2.1', '::ffff:127.0.0.1', undefined,
  null, 0, false],
  (host) => ({ port: 0, host }));
listens('host/resolver', [long], (host) => ({ port: 0, host }));
listens('host/foreign', [true, 1, {}, [], () => {}], (host) => ({ port: 0, host }));
listens('backlog', [...numbers, '9', ...foreign.filter((value) =>
  typeof value !== 'bigint' && typeof value !== 'symbol')],
  (backlog) => ({ port: 0, host: '127.0.0.1', backlog }));
listens('backlog/(port,host,backlog)', [0, 1, -1, 65536, '9', 'x'], (backlog) => [0, '127.0.0.1', backlog]);
listens('backlog/path', [0, 5], (backlog) => ({ path: '', backlog }));
listens('path', ['', ' ', '9', ' 9 ', '0x9', '0', '1e3', '1.5', 'Infinity', '/nf-no-such-folder/x',
  '/nf-no-such-folder/x\0y', '/nf-no-such-folder/' + 'x'.repeat(200), 0, 1, ...foreign], (path) => ({ path }));
listens('ipv6Only', [0, 1, '', 'x', ...foreign], (ipv6Only) => ({ port: 0, host: '::1', ipv6Only }));
listens('ipv6Only/all', [true, false], (ipv6Only) => ({ port: 0, ipv6Only }));
listens('fd', [-1, 1.5, -0.5, NaN, Infinity, 2147483647, 2147483648, 4294967296, '1', '', ...foreign], (fd) =>
  ({ fd }));
for (const flag of ['readableAll', 'writableAll']) {
  listens(flag, [0, 1, '', 'x', ...foreign], (value) => ({ path: '/nf-no-such-folder/x', [flag]: value }));
  listens(flag + '/abstract', [true], (value) => ({ path: '\0nf', [flag]: value }));
}
listens('exclusive', [0, 1, '', 'x', ...foreign], (exclusive) => ({ port: 0, host: '127.0.0.1', exclusive }));
listens('signal', [0, 'x', ...foreign], (signal) => ({ port: 0, host: '127.0.0.1', signal }));
listens('(first)', [65536, -1, 1.5, NaN, '65536', ' 65536 ', '1e9', '1.5', '', ' ', 'Infinity', '/nf-no-such-folder/x',
  true, false, () => {}, 1n],
  (first) => [first]);
listens('(nothing)', [undefined], () => ({}));
listens('order', [0], () => ({ port: 65536, host: 'no such host', path: '' }));
listens('order', [1], () => ({ port: 65536, signal: 'x' }));

// While it listens, everything but that is checked later.
for (const value of [0, 65536, 'abc']) {
  attempt('listen', 'port/again', value, () => {
    const server = net.createServer();
    server.listen(0, '127.0.0.1', () => server.close());
    setImmediate(() => server.close());
    const listening = net.createServer().listen({ port: 0 });
    try {
      listening.listen(value);
    } finally {
      listening.close();
    }
  });
}

for (const value of [...numbers, '9', ...foreign]) {
  attempt('maxConnections', '(value)', value, () => {
    const server = net.createServer();
    server.maxConnections = value;
    return show(server.maxConnections);
  });
}
for (const value of [0, 'x', ...foreign.filter((value) => typeof value === 'function')]) {
  attempt('close', 'callback', value, (c) => {
    const server = net.createServer();
    follow(c, server, ['error']);
    server.close(typeof value === 'function' ? (err) => c.log('callback ' + err.code) : value);
    return 'listeners ' + server.listenerCount('close');
  });
}
attempt('getConnections', 'callback', () => {}, (c) => void net.createServer().getConnections((err, count) =>
  c.log(err + ' ' + count)));
