// R27, table 1.6: end(data) when everything completes at once.
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
  c.watch(sock, ['drain', 'prefinish', 'finish', 'close']);
  sock.on('connect', () => {
    sock.write('a', c.cb('a'));
    sock.end('b', 'latin1', c.cb('end'));
    process.nextTick(() => c.log('u'));
  });
});
