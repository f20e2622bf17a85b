// R20: no listener at all: bytes are read and kept, then delivered to the first listener.
'use strict';
const net = require('net');
const { actor, portOf, when } = require('./oracle');
const c = actor('c');

const server = net.createServer((peer) => {
  server.close();
  peer.resume();
  peer.end('hello');
});
server.listen(0, '127.0.0.1', () => {
  const sock = net.connect({ port: portOf(server), host: '127.0.0.1' });
  when(() => sock._readableState.ended, () => {
    c.log('flowing ' + sock.readableFlowing + ' readableLength ' + sock.readableLength + ' readyState ' + sock.readyState);
    c.watch(sock, ['resume', 'data', 'end', 'finish', 'close']);
  });
});
