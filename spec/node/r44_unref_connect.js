// R44: a connect under way keeps the loop alive though the socket is unref'd.
'use strict';
const net = require('net');
const { actor, deafPort } = require('./oracle');
const c = actor('c');

deafPort((port) => {
  const sock = net.connect({ port, host: '127.0.0.1' });
  c.watch(sock, ['connect', 'connectionAttempt', 'error', 'close']);
  sock.unref();
  setTimeout(() => {
    c.log('still alive');
    sock.destroy();
  }, 50).unref();
}, true);
