// Table 1.6: end(data) after end() is a write after end.
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
  c.watch(sock, ['prefinish', 'finish', 'end', 'error', 'close']);
  sock.on('connect', () => {
    sock.end(c.cb('end 1'));
    sock.end('x', c.cb('end 2'));
    c.log('destroyed ' + sock.destroyed);
  });
});
