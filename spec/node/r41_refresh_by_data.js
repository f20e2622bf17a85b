// R41: incoming data puts the timeout off: the last chunk arrives later than the timeout after the
// first one.
'use strict';
const net = require('net');
const { actor, portOf } = require('./oracle');
const STEP_MS = 80;
const TIMEOUT_MS = 200;
const c = actor('c');

const server = net.createServer((peer) => {
  server.close();
  peer.resume();
  peer.write('a');
  setTimeout(() => peer.write('b'), STEP_MS);
  setTimeout(() => peer.write('c'), 2 * STEP_MS);
  setTimeout(() => peer.write('d'), 3 * STEP_MS);
});
server.listen(0, '127.0.0.1', () => {
  const sock = net.connect({ port: portOf(server), host: '127.0.0.1' });
  sock.setTimeout(TIMEOUT_MS);
  c.watch(sock, ['data', 'timeout', 'finish', 'close']);
  sock.on('timeout', () => sock.end());
});
