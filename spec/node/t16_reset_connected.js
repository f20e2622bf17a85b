// Table 1.6: resetAndDestroy() on a connection: 'close' false here, ECONNRESET at the peer.
'use strict';
const net = require('net');
const { actor, portOf, when } = require('./oracle');
const c = actor('c');
const s = actor('s');

let accepted = false;
const server = net.createServer((peer) => {
  server.close();
  accepted = true;
  s.watch(peer, ['data', 'end', 'error', 'close']);
});
server.listen(0, '127.0.0.1', () => {
  const sock = net.connect({ port: portOf(server), host: '127.0.0.1' });
  c.watch(sock, ['finish', 'end', 'error', 'close']);
  when(() => accepted && !sock.connecting, () => {
    sock.resetAndDestroy();
    c.log('destroyed ' + sock.destroyed);
  });
});
