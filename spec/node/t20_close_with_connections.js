// R49, table 2: close() waits for two sockets; 'close' comes when the last one is destroyed.
'use strict';
const net = require('net');
const { actor, portOf } = require('./oracle');
const server = actor('server');

const peers = [];
const srv = net.createServer((peer) => {
  peers.push(peer);
  peer.on('error', () => {});
  peer.resume();
  if (peers.length < 2) return;
  srv.close(server.cb('close'));
  srv.getConnections((err, n) => server.log('connections ' + n));
  setImmediate(() => {
    server.log('destroy 1');
    peers[0].destroy();
    srv.getConnections((err, n) => server.log('connections ' + n));
    setImmediate(() => {
      server.log('destroy 2');
      peers[1].destroy();
      srv.getConnections((err, n) => server.log('connections ' + n));
    });
  });
});
server.watch(srv, ['connection', 'close']);
srv.listen(0, '127.0.0.1', () => {
  net.connect({ port: portOf(srv), host: '127.0.0.1' }).resume();
  net.connect({ port: portOf(srv), host: '127.0.0.1' }).resume();
});
