// G9, third part: end() was called before the FIN came; a write inside 'end' gives EPIPE.
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
  c.watch(sock, ['connect', 'end', 'finish', 'error', 'close']);
  sock.resume();
  sock.on('connect', () => sock.end(c.cb('end')));
  sock.on('end', () => {
    const r = sock.write('z', c.cb('z'));
    c.log('write(1) -> ' + r + ' destroyed ' + sock.destroyed);
  });
});
