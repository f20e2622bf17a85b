// Table 2: t20_connection_listeners without the socket's `server` property.
'use strict';
const net = require('net');
const { actor, portOf } = require('./oracle');
const server = actor('server');

const srv = net.createServer((peer) => {
  server.log('listener readyState ' + peer.readyState + ' flowing ' + peer.readableFlowing);
  process.nextTick(() => server.log('tick'));
  srv.close();
});
srv.on('connection', (peer) => {
  server.log('connection');
  peer.resume();
});
srv.listen(0, '127.0.0.1', () => {
  const sock = net.connect({ port: portOf(srv), host: '127.0.0.1' });
  sock.on('connect', () => sock.end());
});
