// Table 1.5: write after end() while still connecting.
'use strict';
const net = require('net');
const { actor, portOf } = require('./oracle');
const c = actor('c');

const server = net.createServer();
server.listen(0, '127.0.0.1', () => {
  const sock = net.connect({ port: portOf(server), host: '127.0.0.1' });
  c.watch(sock, ['connectionAttempt', 'connect', 'finish', 'error', 'close']);
  sock.write('a', c.cb('a'));
  sock.end(c.cb('end'));
  const r = sock.write('b', c.cb('b'));
  c.log('write(1) -> ' + r + ' destroyed ' + sock.destroyed);
  server.close();
});
