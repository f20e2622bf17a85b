// The last immediate throws, having made another and destroyed a socket: the new immediate comes in
// the same phase, then the ticks, then 'close'. Rules T3, T10.
'use strict';
const net = require('net');
const { actor, errorText, portOf } = require('./oracle');
const c = actor('c');

const server = net.createServer((peer) => peer.on('error', () => {}));
server.listen(0, '127.0.0.1', () => {
  process.on('uncaughtException', (err) => c.log('uncaught ' + errorText(err)));
  const sock = net.connect({ port: portOf(server), host: '127.0.0.1' });
  c.watch(sock, ['close']);
  sock.on('connect', () => setImmediate(() => {
    c.log('i1');
    sock.destroy();
    server.close();
    process.nextTick(() => c.log('t1'));
    setImmediate(() => c.log('i2'));
    throw new Error('boom');
  }));
});
