// R40, R41: the timeout still fires after 'finish' while the peer keeps its side open; destroy()
// clears it.
'use strict';
const net = require('net');
const { actor, portOf } = require('./oracle');
const TIMEOUT_MS = 30;
const c = actor('c');

const server = net.createServer({ allowHalfOpen: true }, (peer) => {
  server.close();
  peer.on('error', () => {});
  peer.resume();
  peer.on('close', () => c.log('peer closed'));
  peer.on('end', () => peer.setTimeout(4 * TIMEOUT_MS, () => peer.end()));
});
server.listen(0, '127.0.0.1', () => {
  const sock = net.connect({ port: portOf(server), host: '127.0.0.1' });
  sock.setTimeout(TIMEOUT_MS);
  c.watch(sock, ['timeout', 'finish', 'end', 'close']);
  sock.on('connect', () => sock.end());
});
