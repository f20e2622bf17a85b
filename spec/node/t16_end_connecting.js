// Table 1.6: end() while connecting: the shutdown is deferred to 'connect'.
'use strict';
const net = require('net');
const { actor, portOf } = require('./oracle');
const c = actor('c');
const s = actor('s');

const server = net.createServer((peer) => {
  server.close();
  s.watch(peer, ['data', 'end', 'finish', 'close']);
});
server.listen(0, '127.0.0.1', () => {
  const sock = net.connect({ port: portOf(server), host: '127.0.0.1' });
  c.watch(sock, ['connect', 'ready', 'prefinish', 'finish', 'end', 'error', 'close']);
  sock.end('hi', c.cb('end'));
  c.log('readyState ' + sock.readyState + ' writableEnded ' + sock.writableEnded);
});
