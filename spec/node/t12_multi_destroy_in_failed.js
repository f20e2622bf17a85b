// R25: destroy() in 'connectionAttemptFailed': no further attempt.
'use strict';
const net = require('net');
const { actor, refusedPort } = require('./oracle');
const c = actor('c');

const answering = (...addresses) => (host, options, callback) => setImmediate(() => callback(null,
  addresses.map((address) => ({ address, family: net.isIP(address) }))));

refusedPort((port) => {
  const sock = net.connect({ port: port, host: 'some.name', lookup: answering('127.0.0.1', '127.0.0.2') });
  c.watch(sock, ['lookup', 'connectionAttempt', 'connectionAttemptFailed', 'connectionAttemptTimeout', 'connect', 'ready', 'error', 'close']);
  sock.on('connectionAttemptFailed', () => sock.destroy());
});
