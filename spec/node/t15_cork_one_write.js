// Table 1.5: a single corked write is sent as a plain write at uncork().
'use strict';
const net = require('net');
const { actor, portOf } = require('./oracle');
const c = actor('c');

const server = net.createServer((peer) => {
  server.close();
  peer.resume();
});
server.listen(0, '127.0.0.1', () => {
  const sock = net.connect({ port: portOf(server), host: '127.0.0.1' });
  c.watch(sock, ['drain', 'finish', 'close']);
  const f = c.cb('f');
  sock.on('connect', () => {
    sock.cork();
    sock.write('a', f);
    sock.uncork();
    sock.write('b', f);
    process.nextTick(() => c.log('u'));
    setImmediate(() => sock.end());
  });
});
