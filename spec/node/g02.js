// G2, table 1.2: connect by name; the lookup answers in an immediate.
'use strict';
const net = require('net');
const { actor, portOf } = require('./oracle');
const c = actor('c');

const server = net.createServer((peer) => {
  server.close();
  peer.resume();
});
server.listen(0, '127.0.0.1', () => {
  const sock = net.connect({
    port: portOf(server),
    host: 'localhost',
    autoSelectFamily: false,
    lookup: (host, options, callback) => setImmediate(() => callback(null, '127.0.0.1', 4)),
  });
  c.watch(sock, ['lookup', 'connectionAttempt', 'connect', 'ready', 'close']);
  c.log('connecting ' + sock.connecting);
  sock.on('ready', () => sock.end());
});
