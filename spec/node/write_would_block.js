// A write larger than the kernel takes: false, then in the completion turn 'drain' before the
// callback. Then a queue behind such a write is flushed at once and its callbacks get ticks. R26-R28.
'use strict';
const net = require('net');
const { actor, portOf } = require('./oracle');
const LARGE = 20000000;
const c = actor('c');
const s = actor('s');

const server = net.createServer((peer) => {
  server.close();
  let total = 0;
  peer.on('data', (chunk) => {
    total += chunk.length;
    if (total === 2 * LARGE + 3) s.log('received 40000003');
  });
});
server.listen(0, '127.0.0.1', () => {
  const sock = net.connect({ port: portOf(server), host: '127.0.0.1' });
  c.watch(sock, ['drain', 'finish', 'error', 'close']);
  sock.on('connect', () => {
    const r = sock.write(Buffer.alloc(LARGE), c.cb('w1'));
    c.log('write(20000000) -> ' + r);
    c.log('writableLength ' + sock.writableLength + ' needDrain ' + sock.writableNeedDrain);
  });
  sock.once('drain', () => {
    let r = sock.write(Buffer.alloc(LARGE), c.cb('w2'));
    c.log('write(20000000) -> ' + r);
    r = sock.write('b', c.cb('w3'));
    c.log('write(1) -> ' + r);
    r = sock.write('cc', c.cb('w4'));
    c.log('write(2) -> ' + r);
    sock.once('drain', () => sock.end(c.cb('end')));
  });
});
