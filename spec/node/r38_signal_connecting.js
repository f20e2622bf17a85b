// R38: abort() while connecting by name, in the call that connects and during the attempts.
'use strict';
const net = require('net');
const { actor, refusedPort } = require('./oracle');
const c = actor('c');

const answering = (...addresses) => (host, options, callback) => setImmediate(() => callback(null,
  addresses.map((address) => ({ address, family: net.isIP(address) }))));

const d = actor('d');
refusedPort((port) => {
  const first = new AbortController();
  const a = net.connect({ port: port, host: 'some.name', signal: first.signal, lookup: answering('127.0.0.1', '127.0.0.2') });
  c.watch(a, ['lookup', 'connectionAttempt', 'connectionAttemptFailed', 'connect', 'ready', 'end', 'finish', 'error', 'close']);
  first.abort();
  c.log('destroyed ' + a.destroyed);
  const second = new AbortController();
  const b = net.connect({ port: port, host: 'some.name', signal: second.signal, lookup: answering('127.0.0.1', '127.0.0.2') });
  d.watch(b, ['lookup', 'connectionAttempt', 'connectionAttemptFailed', 'connect', 'ready', 'end', 'finish', 'error', 'close']);
  b.once('connectionAttempt', () => process.nextTick(() => second.abort()));
});
