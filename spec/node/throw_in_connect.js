// The first of three 'connect' listeners throws: the others and 'ready' are skipped, reading never
// starts, the parked write stays parked until the socket is destroyed. Rules R6, R7.
'use strict';
const net = require('net');
const { actor, errorText, portOf } = require('./oracle');
const c = actor('c');

const server = net.createServer((peer) => {
  server.close();
  peer.on('error', () => {});
  peer.resume();
  peer.write('hello');
});
server.listen(0, '127.0.0.1', () => {
  const sock = net.connect({ port: portOf(server), host: '127.0.0.1' });
  process.on('uncaughtException', (err) => {
    c.log('uncaught ' + errorText(err));
    c.log('readyState ' + sock.readyState + ' connect listeners ' + sock.listenerCount('connect'));
    setTimeout(() => {
      c.log('bytesRead ' + sock.bytesRead + ' writableLength ' + sock.writableLength);
      sock.destroy();
    }, 20);
  });
  sock.on('connect', () => {
    process.nextTick(() => c.log('tick'));
    c.log('connect 1');
    throw new Error('boom');
  });
  sock.on('connect', () => c.log('connect 2'));
  sock.write('abc', c.cb('w1'));
  sock.on('connect', () => c.log('connect 3'));
  c.watch(sock, ['ready', 'error', 'close']);
});
