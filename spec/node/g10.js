// G10, R29: two writes, end(cb) and destroy() while connecting.
'use strict';
const net = require('net');
const { actor, portOf } = require('./oracle');
const c = actor('c');

const server = net.createServer();
server.listen(0, '127.0.0.1', () => {
  const sock = net.connect({ port: portOf(server), host: '127.0.0.1' });
  c.watch(sock, ['connectionAttempt', 'connect', 'ready', 'finish', 'error', 'close']);
  sock.write('a', c.cb('a'));
  sock.write('b', c.cb('b'));
  sock.end(c.cb('end'));
  sock.destroy();
  c.log('readyState ' + sock.readyState + ' pending ' + sock.pending);
  server.close();
});
