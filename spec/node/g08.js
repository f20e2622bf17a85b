// G8, R34: the peer ends first; a write inside the 'end' listener still succeeds.
'use strict';
const net = require('net');
const { actor, portOf } = require('./oracle');
const c = actor('c');
const s = actor('s');

const server = net.createServer((peer) => {
  server.close();
  s.watch(peer, ['data', 'end', 'finish', 'error', 'close']);
  peer.end();
});
server.listen(0, '127.0.0.1', () => {
  const sock = net.connect({ port: portOf(server), host: '127.0.0.1' });
  c.watch(sock, ['end', 'prefinish', 'finish', 'error', 'close']);
  sock.resume();
  sock.on('end', () => {
    const r = sock.write('w', c.cb('w'));
    c.log('write(1) -> ' + r);
  });
});
