// G3, R21, R33: the client ends in 'connect'; neither side allows half-open.
'use strict';
const net = require('net');
const { actor, portOf } = require('./oracle');
const c = actor('c');
const s = actor('s');

const server = net.createServer((peer) => {
  server.close();
  s.watch(peer, ['data', 'end', 'prefinish', 'finish', 'error', 'close']);
});
server.listen(0, '127.0.0.1', () => {
  const sock = net.connect({ port: portOf(server), host: '127.0.0.1' });
  c.watch(sock, ['connect', 'ready', 'data', 'end', 'prefinish', 'finish', 'error', 'close']);
  sock.on('connect', () => {
    sock.end('hi', c.cb('end'));
    c.log('end called, writableLength ' + sock.writableLength);
  });
});
