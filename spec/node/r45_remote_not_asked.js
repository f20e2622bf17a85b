// R45: remoteAddress is gone after destroy() when nobody asked for it before.
'use strict';
const net = require('net');
const { actor, portOf } = require('./oracle');
const c = actor('c');

const server = net.createServer((peer) => {
  server.close();
  peer.resume();
});
server.listen(0, '127.0.0.1', () => {
  const sock = net.connect({ port: portOf(server), host: '127.0.0.1' });
  sock.on('connect', () => {
    sock.destroy();
    c.log('remoteAddress ' + sock.remoteAddress);
  });
});
