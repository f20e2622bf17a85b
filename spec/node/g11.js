// G11, R29: two writes on a connection that is refused.
'use strict';
const net = require('net');
const { actor, refusedPort } = require('./oracle');
const c = actor('c');

refusedPort((port) => {
  const sock = net.connect({ port: port, host: '127.0.0.1' });
  c.watch(sock, ['connectionAttempt', 'connectionAttemptFailed', 'connect', 'ready', 'error', 'close']);
  sock.on('connectionAttemptFailed', () => c.log('destroyed ' + sock.destroyed));
  sock.on('error', () => c.log('destroyed ' + sock.destroyed));
  sock.write('a', c.cb('a'));
  sock.write('b', c.cb('b'));
});
