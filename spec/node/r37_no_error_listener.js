// R37: an error without an 'error' listener is an uncaught exception; 'close' follows all the same.
'use strict';
const net = require('net');
const { actor, errorText, refusedPort } = require('./oracle');
const c = actor('c');

process.on('uncaughtException', (err) => c.log('uncaught ' + errorText(err)));
refusedPort((port) => {
  const sock = net.connect({ port: port, host: '127.0.0.1' });
  c.watch(sock, ['connectionAttemptFailed', 'close']);
});
