// R25: destroy() and connect() again while an attempt is under way: its cancelling destroys the new connection too.
'use strict';
const net = require('net');
const { actor, refusedPort, portOf } = require('./oracle');
const c = actor('c');

const answering = (...addresses) => (host, options, callback) => setImmediate(() => callback(null,
  addresses.map((address) => ({ address, family: net.isIP(address) }))));

refusedPort((port) => {
  const server = net.createServer((peer) => peer.resume());
  server.listen(0, '127.0.0.1', () => {
    const sock = net.connect({ port: port, host: 'some.name', lookup: answering('127.0.0.1', '127.0.0.2') });
    c.watch(sock, ['lookup', 'connectionAttempt', 'connectionAttemptFailed', 'connectionAttemptTimeout', 'connect', 'ready', 'error', 'close']);
    sock.once('connectionAttempt', () => process.nextTick(() => {
      sock.destroy();
      c.log('connect again');
      sock.connect({ port: portOf(server), host: 'other.name', autoSelectFamily: false, lookup: () => {} });
    }));
    sock.on('error', (err) => c.log('errors ' + err.errors.map((e) => e.code).join(', ')));
    sock.on('close', () => server.close());
  });
});
