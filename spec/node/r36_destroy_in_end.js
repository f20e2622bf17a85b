// R36: destroy() inside 'end' suppresses the automatic end().
'use strict';
const net = require('net');
const { actor, portOf } = require('./oracle');
const c = actor('c');

const server = net.createServer((peer) => {
  server.close();
  peer.resume();
  peer.end();
});
server.listen(0, '127.0.0.1', () => {
  const sock = net.connect({ port: portOf(server), host: '127.0.0.1' });
  c.watch(sock, ['end', 'prefinish', 'finish', 'error', 'close']);
  sock.resume();
  sock.on('end', () => {
    sock.destroy();
    c.log('destroyed ' + sock.destroyed);
  });
});
