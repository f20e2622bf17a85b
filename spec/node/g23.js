// G23, R25: several addresses, all refused: attempts one after the other, families interleaved, then
// an AggregateError.
'use strict';
const net = require('net');
const { actor, maskPort, refusedPort } = require('./oracle');
const c = actor('c');

refusedPort((port) => {
  const sock = net.connect({
    port: port,
    host: 'some.name',
    autoSelectFamily: true,
    lookup: (host, options, callback) => setImmediate(() => callback(null, [
      { address: '127.0.0.1', family: 4 },
      { address: '127.0.0.2', family: 4 },
      { address: '::1', family: 6 },
    ])),
  });
  c.watch(sock, ['lookup', 'connectionAttempt', 'connectionAttemptFailed', 'connect', 'ready', 'error', 'close']);
  sock.on('error', (err) => {
    c.log('name ' + err.name + ' errors ' + err.errors.map((e) => e.code + ' ' + e.address + ' ' + maskPort(e.port)).join(', '));
  });
  sock.write('a', c.cb('a'));
  sock.write('b', c.cb('b'));
});
