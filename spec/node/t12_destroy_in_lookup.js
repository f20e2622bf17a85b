// Table 1.2: destroy() inside the 'lookup' event stops the connect.
'use strict';
const net = require('net');
const { actor } = require('./oracle');
const c = actor('c');

const sock = net.connect({
  port: 80,
  host: 'some.name',
  autoSelectFamily: false,
  lookup: (host, options, callback) => setImmediate(() => callback(null, '127.0.0.1', 4)),
});
c.watch(sock, ['lookup', 'connectionAttempt', 'connect', 'error', 'close']);
sock.on('lookup', () => sock.destroy());
