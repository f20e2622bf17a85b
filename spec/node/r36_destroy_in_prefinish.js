// R36: destroy() between 'prefinish' and the finish tick: the end callback gets an error, 'finish' is
// emitted all the same.
'use strict';
const net = require('net');
const { actor, portOf } = require('./oracle');
const c = actor('c');

const server = net.createServer((peer) => {
  server.close();
  peer.resume();
});
server.listen(0, '127.0.0.1', () => {
  const sock = net.connect({ port: portOf(server), host: '127.0.0.1' });
  c.watch(sock, ['prefinish', 'finish', 'error', 'close']);
  sock.on('connect', () => sock.end('x', c.cb('end')));
  sock.on('prefinish', () => sock.destroy());
});
