// Table 2: getConnections() calls back in a tick with the number at the time of the call.
'use strict';
const net = require('net');
const { actor, portOf } = require('./oracle');
const server = actor('server');

const srv = net.createServer((peer) => {
  peer.on('error', () => {});
  peer.resume();
  const r = srv.getConnections((err, n) => server.log('connected ' + err + ' ' + n));
  server.log('returns this ' + (r === srv));
  peer.destroy();
  srv.close();
});
srv.on('close', () => srv.getConnections((err, n) => server.log('closed ' + err + ' ' + n)));
srv.getConnections((err, n) => server.log('fresh ' + err + ' ' + n));
srv.listen(0, '127.0.0.1', () => net.connect({ port: portOf(srv), host: '127.0.0.1' }).resume());
