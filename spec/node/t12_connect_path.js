// Table 1.2: connect(path) emits connectionAttempt inside the call.
'use strict';
const net = require('net');
const { actor, tempPath } = require('./oracle');
const c = actor('c');

const path = tempPath();
const server = net.createServer((peer) => {
  server.close();
  peer.end('hi');
  peer.resume();
});
server.listen(path, () => {
  const sock = new net.Socket();
  c.watch(sock, ['lookup', 'connectionAttempt', 'connect', 'ready', 'data', 'end', 'finish', 'close']);
  sock.connect(path, () => c.log('connectListener'));
  c.log('connect called, readyState ' + sock.readyState);
});
