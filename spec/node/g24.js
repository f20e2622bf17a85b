// G24, R25: the attempt timer: an attempt that takes too long, one that is refused, one that connects.
'use strict';
const net = require('net');
const { actor, deafPort, finish } = require('./oracle');
const c = actor('c');

const answering = (...addresses) => (host, options, callback) => setImmediate(() => callback(null,
  addresses.map((address) => ({ address, family: net.isIP(address) }))));

deafPort((port) => {
  const server = net.createServer((peer) => peer.resume());
  server.listen(port, '127.0.0.3', () => {
    const sock = net.connect({
      port: port,
      host: 'some.name',
      autoSelectFamilyAttemptTimeout: 50,
      lookup: answering('127.0.0.1', '127.0.0.2', '127.0.0.3'),
    });
    c.watch(sock, ['lookup', 'connectionAttempt', 'connectionAttemptFailed', 'connectionAttemptTimeout', 'connect', 'ready', 'error', 'close']);
    sock.on('ready', () => {
      c.log('attempted ' + sock.autoSelectFamilyAttemptedAddresses.map((a) => a.split(':')[0]).join(','));
      sock.destroy();
    });
    sock.on('close', finish);
  });
});
