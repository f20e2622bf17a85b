// Table 1.6: end() without data while connecting.
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
  sock.end(c.cb('end'));
  c.watch(sock, ['connect', 'ready', 'prefinish', 'finish', 'end', 'error', 'close']);
  c.log('connect listeners ' + sock.listenerCount('connect'));
});
