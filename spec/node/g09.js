// G9, R34: end() and then write() inside the 'end' listener, half-open not allowed: EPIPE.
'use strict';
const net = require('net');
const { actor, portOf } = require('./oracle');
const c = actor('c');

const server = net.createServer((peer) => {
  server.close();
  peer.on('error', () => {});
  peer.resume();
  peer.end();
});
server.listen(0, '127.0.0.1', () => {
  const sock = net.connect({ port: portOf(server), host: '127.0.0.1' });
  c.watch(sock, ['end', 'finish', 'error', 'close']);
  sock.resume();
  sock.on('end', () => {
    sock.end();
    const r = sock.write('z', c.cb('z'));
    c.log('write(1) -> ' + r + ' destroyed ' + sock.destroyed);
  });
});
