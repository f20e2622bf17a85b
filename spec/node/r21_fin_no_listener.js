// R21, R33: a FIN with no listener for data at all; the server side, which has listeners, ends last.
'use strict';
const net = require('net');
const { actor, portOf } = require('./oracle');
const c = actor('c');
const s = actor('s');

const server = net.createServer((peer) => {
  server.close();
  s.watch(peer, ['end', 'finish', 'close']);
  peer.end();
});
server.listen(0, '127.0.0.1', () => {
  const sock = net.connect({ port: portOf(server), host: '127.0.0.1' });
  c.watch(sock, ['connect', 'ready', 'end', 'finish', 'close']);
});
