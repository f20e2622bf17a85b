// R37: an 'error' listener that throws: 'close' follows all the same.
'use strict';
const net = require('net');
const { actor, errorText, portOf } = require('./oracle');
const c = actor('c');

const server = net.createServer((peer) => {
  server.close();
  peer.resume();
});
server.listen(0, '127.0.0.1', () => {
  process.on('uncaughtException', (err) => c.log('uncaught ' + errorText(err)));
  const sock = net.connect({ port: portOf(server), host: '127.0.0.1' });
  sock.on('error', (err) => {
    c.log('error ' + errorText(err));
    throw new Error('from the listener');
  });
  c.watch(sock, ['close']);
  sock.on('connect', () => sock.destroy(new Error('boom')));
});
