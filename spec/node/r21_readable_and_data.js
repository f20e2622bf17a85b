// R21: a 'readable' listener keeps the socket from flowing even with a 'data' listener; read() emits
// 'data'.
'use strict';
const net = require('net');
const { actor, portOf } = require('./oracle');
const c = actor('c');

const server = net.createServer((peer) => {
  server.close();
  peer.resume();
  peer.end('aaaa');
});
server.listen(0, '127.0.0.1', () => {
  const sock = net.connect({ port: portOf(server), host: '127.0.0.1' });
  c.watch(sock, ['data', 'resume', 'end', 'close']);
  sock.on('readable', () => {
    c.log('readable length ' + sock.readableLength + ' flowing ' + sock.readableFlowing);
    const got = sock.read();
    c.log('read() -> ' + (got === null ? 'null' : got.length));
  });
});
