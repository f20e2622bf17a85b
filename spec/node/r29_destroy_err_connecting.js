// R29: destroy(err) while connecting with writes and an end callback.
'use strict';
const net = require('net');
const { actor, portOf } = require('./oracle');
const c = actor('c');

const server = net.createServer();
server.listen(0, '127.0.0.1', () => {
  const sock = net.connect({ port: portOf(server), host: '127.0.0.1' });
  sock.write('a', c.cb('a'));
  sock.write('b', c.cb('b'));
  sock.end(c.cb('end'));
  c.watch(sock, ['connectionAttempt', 'connect', 'finish', 'error', 'close']);
  sock.destroy(new Error('boom'));
  c.log('writableLength ' + sock.writableLength);
  server.close();
});
