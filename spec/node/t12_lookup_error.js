// Table 1.2: the lookup fails; a write is waiting.
'use strict';
const net = require('net');
const { actor } = require('./oracle');
const c = actor('c');

const sock = net.connect({
  port: 80,
  host: 'some.name',
  autoSelectFamily: false,
  lookup: (host, options, callback) => setImmediate(() => {
    const err = new Error('getaddrinfo ENOTFOUND some.name');
    err.code = 'ENOTFOUND';
    callback(err);
    c.log('destroyed ' + sock.destroyed);
  }),
});
c.watch(sock, ['lookup', 'connectionAttempt', 'connect', 'error', 'close']);
sock.write('a', c.cb('a'));
sock.write('b', c.cb('b'));
