// R33: the server ends after the client's FIN and 'end'; the client's 'close' needs both.
'use strict';
const net = require('net');
const { actor, portOf } = require('./oracle');
const c = actor('c');
const s = actor('s');

const server = net.createServer({ allowHalfOpen: true }, (peer) => {
  server.close();
  s.watch(peer, ['end', 'prefinish', 'finish', 'close']);
  peer.resume();
  peer.on('end', () => setImmediate(() => {
    s.log('end called');
    peer.end();
  }));
});
server.listen(0, '127.0.0.1', () => {
  const sock = net.connect({ port: portOf(server), host: '127.0.0.1' });
  c.watch(sock, ['connect', 'end', 'prefinish', 'finish', 'close']);
  sock.resume();
  sock.on('connect', () => sock.end());
  sock.on('finish', () => c.log('destroyed ' + sock.destroyed));
  sock.on('end', () => c.log('destroyed ' + sock.destroyed));
});
