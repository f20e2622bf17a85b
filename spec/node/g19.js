// G19, R27: a tiny highWaterMark and writes that complete at once: no 'drain'; equal callbacks share
// a tick.
'use strict';
const net = require('net');
const { actor, portOf } = require('./oracle');
const c = actor('c');

const server = net.createServer((peer) => {
  server.close();
  peer.resume();
});
server.listen(0, '127.0.0.1', () => {
  const sock = net.connect({ port: portOf(server), host: '127.0.0.1', writableHighWaterMark: 3 });
  c.watch(sock, ['drain', 'finish', 'error', 'close']);
  const f = c.cb('f');
  sock.on('connect', () => {
    let r = sock.write('abcd', c.cb('w1'));
    c.log('write(4) -> ' + r);
    r = sock.write('b', c.cb('w2'));
    c.log('write(1) -> ' + r);
    r = sock.write('x', f);
    c.log('write(1) -> ' + r);
    r = sock.write('y', f);
    c.log('write(1) -> ' + r);
    r = sock.write('z');
    c.log('write(1) -> ' + r);
    setImmediate(() => sock.end());
  });
});
