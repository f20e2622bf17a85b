// R25: the attempt timer of the first, then the last is refused: ETIMEDOUT is the first error.
'use strict';
const net = require('net');
const { actor, deafPort, finish, maskPort } = require('./oracle');
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
  sock.on('error', (err) => c.log('errors ' + err.errors.map((e) => e.message.split(':')[0]).join(', ')));
  sock.on('close', finish);
});
