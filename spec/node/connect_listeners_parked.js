// The listener that flushes a parked write stands among the 'connect' listeners at the place where
// write() was called; prepended, once and removed listeners are treated as usual. Rule R6.
'use strict';
const net = require('net');
const { actor, portOf } = require('./oracle');
const c = actor('c');

const server = net.createServer((peer) => {
  server.close();
  peer.resume();
});
server.listen(0, '127.0.0.1', () => {
  const sock = net.connect({ port: portOf(server), host: '127.0.0.1' }, () => c.log('connectListener'));
  const removed = () => c.log('removed');
  sock.on('connect', removed);
  sock.on('connect', () => c.log('before'));
  sock.once('connect', () => c.log('once before'));
  let r = sock.write(Buffer.alloc(20000), c.cb('w1'));
  c.log('write(20000) -> ' + r);
  r = sock.write('b', c.cb('w2'));
  c.log('write(1) -> ' + r);
  sock.on('connect', () => c.log('after'));
  sock.once('connect', () => c.log('once after'));
  sock.prependListener('connect', () => c.log('prepended'));
  sock.removeListener('connect', removed);
  c.log('connect listeners ' + sock.listenerCount('connect'));
  c.watch(sock, ['drain', 'ready']);
  sock.on('ready', () => {
    c.log('connect listeners ' + sock.listenerCount('connect'));
    sock.end();
  });
});
