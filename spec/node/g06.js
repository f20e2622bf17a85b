// G6, table 1.5: write after end() destroys the socket; the data of end() still reaches the peer.
'use strict';
const net = require('net');
const { actor, portOf } = require('./oracle');
const c = actor('c');
const s = actor('s');

const server = net.createServer((peer) => {
  server.close();
  s.watch(peer, ['data', 'end', 'finish', 'error', 'close']);
});
server.listen(0, '127.0.0.1', () => {
  const sock = net.connect({ port: portOf(server), host: '127.0.0.1' });
  c.watch(sock, ['connect', 'ready', 'end', 'finish', 'error', 'close']);
  sock.on('connect', () => {
    sock.end('a');
    const r = sock.write('b', c.cb('b'));
    c.log('write(1) -> ' + r + ' destroyed ' + sock.destroyed);
  });
});
