// R38: the signal of listen().
'use strict';
const net = require('net');
const { actor, portOf } = require('./oracle');
const c = actor('c');


const d = actor('d');
const controller = new AbortController();
const server = net.createServer();
c.watch(server, ['listening', 'error', 'close']);
server.listen({ port: 0, host: '127.0.0.1', signal: controller.signal }, () => {
  controller.abort();
  c.log('listening ' + server.listening);
  const other = net.createServer();
  d.watch(other, ['listening', 'error', 'close']);
  other.listen({ port: 0, signal: controller.signal });
  d.log('listening ' + other.listening);
});
