// Table 1.2: the lookup answers with an address and the other family's number.
'use strict';
const net = require('net');
const { actor, refusedPort } = require('./oracle');
const c = actor('c');

refusedPort((port) => {
  const sock = net.connect({
    port: port,
    host: 'some.name',
    autoSelectFamily: false,
    lookup: (host, options, callback) => setImmediate(() => callback(null, '127.0.0.1', 6)),
  });
  c.watch(sock, ['lookup', 'connectionAttempt', 'connectionAttemptFailed', 'connect', 'error', 'close']);
});
