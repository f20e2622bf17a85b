// R35: with allowHalfOpen the socket can write long after 'end'.
'use strict';
const net = require('net');
const { actor, portOf } = require('./oracle');
const c = actor('c');
const s = actor('s');

const server = net.createServer((peer) => {
  server.close();
  s.watch(peer, ['data', 'end', 'finish', 'close']);
  peer.end();
});
server.listen(0, '127.0.0.1', () => {
  const sock = net.connect({ port: portOf(server), host: '127.0.0.1', allowHalfOpen: true });
  c.watch(sock, ['end', 'finish', 'error', 'close']);
  sock.resume();
  sock.on('end', () => setImmediate(() => {
    c.log('readyState ' + sock.readyState);
    const r = sock.write('late', c.cb('late'));
    c.log('write(4) -> ' + r);
    setImmediate(() => sock.end());
  }));
});
