// R25: destroy() in 'connectionAttemptTimeout': no further attempt, and no 'connectionAttemptFailed'.
'use strict';
const net = require('net');
const { actor, deafPort, finish } = require('./oracle');
const c = actor('c');

const answering = (...addresses) => (host, options, callback) => setImmediate(() => callback(null,
  addresses.map((address) => ({ address, family: net.isIP(address) }))));

deafPort((port) => {
  const sock = net.connect({
    port: port,
    host: 'some.name',
    autoSelectFamilyAttemptTimeout: 20,
    lookup: answering('127.0.0.1', '127.0.0.2'),
  });
  c.watch(sock, ['lookup', 'connectionAttempt', 'connectionAttemptFailed', 'connectionAttemptTimeout', 'connect', 'ready', 'error', 'close']);
  sock.on('connectionAttemptTimeout', () => sock.destroy());
  sock.on('close', () => setTimeout(finish, 30));
});
