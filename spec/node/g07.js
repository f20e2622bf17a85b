// G7, tables 1.5 and 1.6: write() and end() after destroy().
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
  c.watch(sock, ['connect', 'ready', 'end', 'finish', 'error', 'close']);
  sock.on('connect', () => {
    sock.destroy();
    const r = sock.write('a', c.cb('a'));
    c.log('write(1) -> ' + r);
    sock.end('x', c.cb('end'));
    c.log('end called');
  });
});
