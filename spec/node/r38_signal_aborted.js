// R38: a signal that is aborted already: new Socket; net.connect to an address; net.connect to a name.
'use strict';
const net = require('net');
const { actor, portOf, finish } = require('./oracle');
const c = actor('c');

const answering = (...addresses) => (host, options, callback) => setImmediate(() => callback(null,
  addresses.map((address) => ({ address, family: net.isIP(address) }))));

const d = actor('d');
const e = actor('e');
const server = net.createServer((peer) => peer.resume());
server.listen(0, '127.0.0.1', () => {
  const signal = AbortSignal.abort();
  const alone = new net.Socket({ signal: signal });
  c.watch(alone, ['lookup', 'connectionAttempt', 'connectionAttemptFailed', 'connect', 'ready', 'end', 'finish', 'error', 'close']);
  c.log('destroyed ' + alone.destroyed);
  const a = net.connect({ port: portOf(server), host: '127.0.0.1', signal: signal });
  d.watch(a, ['lookup', 'connectionAttempt', 'connectionAttemptFailed', 'connect', 'ready', 'end', 'finish', 'error', 'close']);
  d.log('destroyed ' + a.destroyed + ' connecting ' + a.connecting);
  const b = net.connect({ port: portOf(server), host: 'some.name', signal: signal, lookup: answering('127.0.0.1', '127.0.0.2') });
  e.watch(b, ['lookup', 'connectionAttempt', 'connectionAttemptFailed', 'connect', 'ready', 'end', 'finish', 'error', 'close']);
  setTimeout(() => {
    d.log('connecting ' + a.connecting);
    e.log('connecting ' + b.connecting);
    finish();
  }, 50);
});
