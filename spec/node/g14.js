// G14, R29: destroy(err) with 20 MB in flight, one write queued and end(cb) called.
'use strict';
const net = require('net');
const { actor, portOf } = require('./oracle');
const LARGE = 20000000;
const c = actor('c');

const server = net.createServer((peer) => {
  server.close();
  peer.on('error', () => {});
  peer.resume();
});
server.listen(0, '127.0.0.1', () => {
  const sock = net.connect({ port: portOf(server), host: '127.0.0.1' });
  c.watch(sock, ['connect', 'drain', 'finish', 'error', 'close']);
  sock.on('connect', () => {
    const r = sock.write(Buffer.alloc(LARGE), c.cb('w1'));
    c.log('write(20000000) -> ' + r);
    sock.write('b', c.cb('b'));
    sock.end(c.cb('end'));
    sock.destroy(new Error('boom'));
  });
});
