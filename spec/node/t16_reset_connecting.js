// Table 1.6: resetAndDestroy() while connecting waits for 'connect'.
'use strict';
const net = require('net');
const { actor, portOf } = require('./oracle');
const c = actor('c');

const server = net.createServer((peer) => {
  server.close();
  peer.on('error', () => {});
  peer.resume();
});
server.listen(0, '127.0.0.1', () => {
  const sock = net.connect({ port: portOf(server), host: '127.0.0.1' });
  c.watch(sock, ['connectionAttempt', 'connect', 'ready', 'error', 'close']);
  sock.resetAndDestroy();
  c.log('destroyed ' + sock.destroyed + ' connecting ' + sock.connecting);
});
