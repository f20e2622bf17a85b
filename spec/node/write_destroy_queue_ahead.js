// destroy() with a large write in flight and three writes behind it: the one in flight is told null,
// the others ERR_STREAM_DESTROYED, all in one turn before 'close'. Rules R5, R29.
'use strict';
const net = require('net');
const { actor, portOf } = require('./oracle');
const LARGE = 20000000;
const c = actor('c');

const server = net.createServer({ pauseOnConnect: true }, (peer) => {
  server.close();
  peer.on('error', () => {});
  peer.resume();
});
server.listen(0, '127.0.0.1', () => {
  const sock = net.connect({ port: portOf(server), host: '127.0.0.1' });
  c.watch(sock, ['connect', 'drain', 'finish', 'error', 'close']);
  sock.on('connect', () => {
    let r = sock.write(Buffer.alloc(LARGE), c.cb('w1'));
    c.log('write(20000000) -> ' + r);
    r = sock.write('b', c.cb('w2'));
    c.log('write(1) -> ' + r);
    r = sock.write('cc', c.cb('w3'));
    c.log('write(2) -> ' + r);
    sock.write('ddd');
    c.log('writableLength ' + sock.writableLength);
    sock.destroy();
    c.log('writableLength ' + sock.writableLength);
  });
});
