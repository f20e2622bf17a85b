// Table 1.2: destroy() inside 'connect': 'ready' is emitted all the same.
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
  sock.on('connect', () => {
    c.log('destroy');
    sock.destroy();
  });
  c.watch(sock, ['connect', 'ready', 'finish', 'error', 'close']);
});
