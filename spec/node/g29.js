// G29, R48: maxConnections = 1 and a second client, which is dropped.
'use strict';
const net = require('net');
const { actor, portOf } = require('./oracle');
const server = actor('server');
const c2 = actor('c2');

let first = null;
const srv = net.createServer((peer) => {
  peer.resume();
  const second = net.connect({ port: portOf(srv), host: '127.0.0.1' });
  c2.watch(second, ['connect', 'ready', 'end', 'finish', 'error', 'close']);
  second.resume();
  second.on('close', () => {
    first.end();
    srv.close();
  });
});
srv.maxConnections = 1;
server.watch(srv, ['connection', 'drop', 'close']);
srv.listen(0, '127.0.0.1', () => {
  first = net.connect({ port: portOf(srv), host: '127.0.0.1' });
  first.resume();
});
