// G25, R25: destroy() while several addresses are being tried.
'use strict';
const net = require('net');
const { actor, refusedPort } = require('./oracle');
const c = actor('c');

refusedPort((port) => {
  const sock = net.connect({
    port: port,
    host: 'some.name',
    autoSelectFamily: true,
    lookup: (host, options, callback) => setImmediate(() => callback(null, [
      { address: '127.0.0.1', family: 4 },
      { address: '127.0.0.2', family: 4 },
    ])),
  });
  c.watch(sock, ['lookup', 'connectionAttempt', 'connectionAttemptFailed', 'connect', 'error', 'close']);
  sock.on('connectionAttempt', () => process.nextTick(() => {
    c.log('destroy');
    sock.destroy();
  }));
});
