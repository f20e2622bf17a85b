// R23: connecting from a given local address.
'use strict';
const net = require('net');
const { actor, portOf } = require('./oracle');
const c = actor('c');
const s = actor('s');

const server = net.createServer((peer) => {
  server.close();
  s.log('remoteAddress ' + peer.remoteAddress);
  peer.resume();
});
server.listen(0, '127.0.0.1', () => {
  const sock = net.connect({ port: portOf(server), host: '127.0.0.1', localAddress: '127.0.0.2' });
  c.watch(sock, ['connectionAttempt', 'connect', 'ready', 'error', 'close']);
  sock.on('connect', () => {
    c.log('localAddress ' + sock.localAddress);
    sock.end();
  });
});
