// G5, R21: two bytes and a FIN arrive at a socket that nobody reads; 'end' waits for resume().
'use strict';
const net = require('net');
const { actor, portOf, when } = require('./oracle');
const c = actor('c');
const s = actor('s');

const server = net.createServer((peer) => {
  server.close();
  s.watch(peer, ['end', 'prefinish', 'finish', 'error', 'close']);
  when(() => peer.readableLength === 2 && peer._readableState.ended, () => {
    s.log('readableLength ' + peer.readableLength + ' readyState ' + peer.readyState);
    peer.on('data', (chunk) => s.log('data ' + chunk.length));
  });
});
server.listen(0, '127.0.0.1', () => {
  const sock = net.connect({ port: portOf(server), host: '127.0.0.1' });
  c.watch(sock, ['connect', 'data', 'end', 'finish', 'error', 'close']);
  sock.on('connect', () => sock.end('hi'));
});
