// Table 1.2: destroy() after the attempt was issued: its completion is ignored.
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
  c.watch(sock, ['connectionAttempt', 'connectionAttemptFailed', 'connect', 'ready', 'error', 'close']);
  sock.on('connectionAttempt', () => process.nextTick(() => {
    c.log('destroy');
    sock.destroy();
  }));
});
