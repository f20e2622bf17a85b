// Table 2: t20_get_connections without what getConnections() returns and without the callback's first
// argument, which is always null.
'use strict';
const net = require('net');
const { actor, portOf } = require('./oracle');
const server = actor('server');

const srv = net.createServer((peer) => {
  peer.on('error', () => {});
  peer.resume();
  srv.getConnections((err, n) => server.log('connected ' + n));
  server.log('called');
  peer.destroy();
  srv.close();
});
srv.on('close', () => srv.getConnections((err, n) => server.log('closed ' + n)));
srv.getConnections((err, n) => server.log('fresh ' + n));
srv.listen(0, '127.0.0.1', () => net.connect({ port: portOf(srv), host: '127.0.0.1' }).resume());
