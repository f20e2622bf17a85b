// R25: the lookup fails.
'use strict';
const net = require('net');
const { actor } = require('./oracle');
const c = actor('c');


const sock = net.connect({
  port: 80,
  host: 'some.name',
  lookup: (host, options, callback) => setImmediate(() => {
    callback(Object.assign(new Error('getaddrinfo ENOTFOUND ' + host), { code: 'ENOTFOUND' }));
    c.log('destroyed ' + sock.destroyed);
  }),
});
c.watch(sock, ['lookup', 'connectionAttempt', 'connectionAttemptFailed', 'connectionAttemptTimeout', 'connect', 'ready', 'error', 'close']);
