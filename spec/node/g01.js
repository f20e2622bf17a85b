// G1, R6, R27, R28: three writes before the connection exists; the first is flushed inside 'connect'.
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
  c.watch(sock, ['connectionAttempt', 'connect', 'ready', 'drain', 'error', 'close']);
  let r = sock.write(Buffer.alloc(3), c.cb('w1'));
  c.log('write(3) -> ' + r);
  r = sock.write(Buffer.alloc(20000), c.cb('w2'));
  c.log('write(20000) -> ' + r);
  r = sock.write(Buffer.alloc(2), c.cb('w3'));
  c.log('write(2) -> ' + r);
  sock.on('connect', () => c.log('connect listener added after the writes'));
  c.log('bytesWritten ' + sock.bytesWritten + ' writableLength ' + sock.writableLength);
  sock.on('ready', () => setImmediate(() => sock.end()));
});
