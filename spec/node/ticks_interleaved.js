// Write callbacks and the user's own ticks share one queue: u1, cb a, u2, cb b, u3. Rule R27.
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
  c.watch(sock, ['drain', 'close']);
  sock.on('connect', () => {
    process.nextTick(() => c.log('u1'));
    let r = sock.write('a', c.cb('a'));
    c.log('write(1) -> ' + r);
    process.nextTick(() => c.log('u2'));
    r = sock.write('b', c.cb('b'));
    c.log('write(1) -> ' + r);
    process.nextTick(() => c.log('u3'));
    process.nextTick(() => sock.end());
  });
});
