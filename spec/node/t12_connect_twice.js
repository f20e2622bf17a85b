// Table 1.2: connect() again while connecting: the second attempt fails at once with EALREADY.
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
  const sock = new net.Socket();
  c.watch(sock, ['connectionAttempt', 'connectionAttemptFailed', 'connect', 'ready', 'error', 'close']);
  sock.connect({ port: portOf(server), host: '127.0.0.1' }, () => c.log('connectListener 1'));
  sock.connect({ port: portOf(server), host: '127.0.0.1' }, () => c.log('connectListener 2'));
});
