// R32, table 2: the server's highWaterMark goes to both sides of accepted sockets.
'use strict';
const net = require('net');
const { actor, portOf } = require('./oracle');
const s = actor('s');

const server = net.createServer({ highWaterMark: 100 }, (peer) => {
  server.close();
  s.log('marks ' + peer.readableHighWaterMark + ' ' + peer.writableHighWaterMark);
  peer.resume();
});
server.listen(0, '127.0.0.1', () => {
  const sock = net.connect({ port: portOf(server), host: '127.0.0.1' });
  sock.on('connect', () => sock.end());
});
