// R25: a local port that is taken: the failed bind counts, without an event.
'use strict';
const net = require('net');
const { actor, portOf } = require('./oracle');
const c = actor('c');

const answering = (...addresses) => (host, options, callback) => setImmediate(() => callback(null,
  addresses.map((address) => ({ address, family: net.isIP(address) }))));

const server = net.createServer();
server.listen(0, '0.0.0.0', () => {
  const sock = net.connect({
    port: portOf(server),
    host: 'some.name',
    localPort: portOf(server),
    lookup: answering('127.0.0.1', '127.0.0.2'),
  });
  c.watch(sock, ['lookup', 'connectionAttempt', 'connectionAttemptFailed', 'connectionAttemptTimeout', 'connect', 'ready', 'error', 'close']);
  sock.on('error', (err) => {
    for (const e of err.errors) c.log('syscall ' + e.syscall + ' code ' + e.code + ' address ' + e.address);
    c.log('attempted ' + sock.autoSelectFamilyAttemptedAddresses.length);
  });
  sock.on('close', () => server.close());
});
