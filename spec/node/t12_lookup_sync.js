// Table 1.2: a custom lookup that answers at once: 'lookup' and connectionAttempt inside connect().
'use strict';
const net = require('net');
const { actor, portOf } = require('./oracle');
const c = actor('c');

const server = net.createServer((peer) => {
  server.close();
  peer.resume();
});
server.listen(0, '127.0.0.1', () => {
  const sock = new net.Socket();
  c.watch(sock, ['lookup', 'connectionAttempt', 'connect', 'ready', 'close']);
  sock.connect({
    port: portOf(server),
    host: 'some.name',
    autoSelectFamily: false,
    lookup: (host, options, callback) => callback(null, '127.0.0.1', 4),
  });
  c.log('connect called');
  sock.on('ready', () => sock.end());
});
