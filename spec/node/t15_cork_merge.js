// R27 with a batch: the callbacks of two corked writes run as one; a plain write with the same
// function after them is not merged into that batch.
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
    sock.write('b', f);
    sock.uncork();
    sock.write('c', f);
    process.nextTick(() => c.log('u'));
    setImmediate(() => sock.end());
  });
});
