// S18: exclusive has no effect in a process that is no worker of a cluster.
'use strict';
const net = require('net');
const { actor, portOf } = require('./oracle');
const server = actor('server');

const a = net.createServer();
server.watch(a, ['listening', 'error', 'close']);
a.listen({ port: 0, host: '127.0.0.1', exclusive: true }, () => {
  const b = net.createServer();
  server.watch(b, ['listening', 'error', 'close']);
  b.listen({ port: portOf(a), host: '127.0.0.1', exclusive: false });
  b.on('error', () => a.close());
});
