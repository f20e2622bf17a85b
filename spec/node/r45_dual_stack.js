// R45: a server on :: sees IPv4 clients with a mapped address.
'use strict';
const net = require('net');
const { actor, portOf } = require('./oracle');
const s = actor('s');

const server = net.createServer((peer) => {
  server.close();
  s.log('remote ' + peer.remoteAddress + ' ' + peer.remoteFamily + ' local ' + peer.localAddress + ' ' + peer.localFamily);
  peer.resume();
});
server.listen(0, () => {
  const sock = net.connect({ port: portOf(server), host: '127.0.0.1' });
  sock.on('connect', () => sock.end());
});
