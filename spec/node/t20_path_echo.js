// Unix sockets: a short conversation; address() and remote* are empty.
'use strict';
const net = require('net');
const { actor, tempPath } = require('./oracle');
const c = actor('c');
const s = actor('s');

const path = tempPath();
const server = net.createServer((peer) => {
  server.close();
  s.log('address keys ' + Object.keys(peer.address()).length + ' remoteAddress ' + peer.remoteAddress);
  s.watch(peer, ['data', 'end', 'finish', 'error', 'close']);
  peer.on('data', (chunk) => peer.write(chunk));
});
server.listen(path, () => {
  const sock = net.connect(path);
  c.watch(sock, ['connect', 'ready', 'data', 'end', 'finish', 'error', 'close']);
  sock.on('connect', () => {
    const r = sock.write('hello', c.cb('w'));
    c.log('write(5) -> ' + r);
  });
  sock.on('data', () => sock.end());
});
