// R28: a write inside 'drain' happens before the callback of the write that drained.
'use strict';
const net = require('net');
const { actor, portOf } = require('./oracle');
const LARGE = 20000000;
const c = actor('c');

const server = net.createServer((peer) => {
  server.close();
  peer.resume();
});
server.listen(0, '127.0.0.1', () => {
  const sock = net.connect({ port: portOf(server), host: '127.0.0.1' });
  sock.on('connect', () => {
    const r = sock.write(Buffer.alloc(LARGE), c.cb('w1'));
    c.log('write(20000000) -> ' + r);
  });
  sock.on('drain', () => {
    c.log('drain');
    const r = sock.write('b', c.cb('w2'));
    c.log('write(1) -> ' + r);
    process.nextTick(() => c.log('u'));
    sock.end(c.cb('end'));
  });
  c.watch(sock, ['finish', 'error', 'close']);
});
