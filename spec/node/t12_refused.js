// Table 1.2, R52: a refused connection.
'use strict';
const net = require('net');
const { actor, maskPort, refusedPort } = require('./oracle');
const c = actor('c');

refusedPort((port) => {
  const sock = net.connect({ port: port, host: '127.0.0.1' }, () => c.log('connectListener'));
  c.watch(sock, ['connectionAttempt', 'connectionAttemptFailed', 'connect', 'ready', 'error', 'close']);
  sock.on('connectionAttemptFailed', () => c.log('connecting ' + sock.connecting + ' destroyed ' + sock.destroyed));
  sock.on('error', (err) => {
    c.log('errno ' + err.errno + ' syscall ' + err.syscall + ' address ' + err.address + ' port ' + maskPort(err.port));
    c.log('keys ' + Object.keys(err).join(','));
  });
});
