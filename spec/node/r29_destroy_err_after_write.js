// R29: destroy(err) right after a write that completed at once.
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
  c.watch(sock, ['drain', 'finish', 'error', 'close']);
  sock.on('connect', () => {
    sock.write('a', c.cb('a'));
    sock.write('b', c.cb('b'));
    sock.destroy(new Error('boom'));
    c.log('destroyed ' + sock.destroyed);
  });
});
