// Table 1.2: a custom lookup that answers in a tick.
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
    host: 'some.name',
    family: 4,
    lookup: (host, options, callback) => {
      c.log('lookup called ' + host + ' family ' + options.family + ' hints ' + options.hints);
      process.nextTick(() => callback(null, '127.0.0.1', 4));
    },
  });
  c.watch(sock, ['lookup', 'connectionAttempt', 'connect', 'ready', 'close']);
  c.log('connect called');
  sock.on('ready', () => sock.end());
});
