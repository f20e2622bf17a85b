// Table 2: maxConnections = 0 means no limit.
'use strict';
const net = require('net');
const { actor, portOf } = require('./oracle');
const server = actor('server');

const srv = net.createServer((peer) => {
  peer.resume();
  srv.close();
});
srv.maxConnections = 0;
server.watch(srv, ['connection', 'drop', 'close']);
srv.listen(0, '127.0.0.1', () => {
  const sock = net.connect({ port: portOf(srv), host: '127.0.0.1' });
  sock.on('connect', () => sock.end());
});
