// A write of 1 MiB that the kernel takes in one go (a fresh loopback connection takes 3 MB whole, but
// not 4 MB): write() returns true although the length is far above the highWaterMark, no 'drain'
// follows, the callback runs in a tick. Rules R26, R27.
'use strict';
const net = require('net');
const { actor, portOf } = require('./oracle');
const SIZE = 1048576;
const c = actor('c');
const s = actor('s');

const server = net.createServer((peer) => {
  server.close();
  let total = 0;
  peer.on('data', (chunk) => {
    total += chunk.length;
    if (total === SIZE) s.log('received 1048576');
  });
  s.watch(peer, ['end', 'close']);
});
server.listen(0, '127.0.0.1', () => {
  const sock = net.connect({ port: portOf(server), host: '127.0.0.1' });
  c.watch(sock, ['drain', 'finish', 'error', 'close']);
  sock.on('connect', () => {
    const r = sock.write(Buffer.alloc(SIZE), c.cb('w1'));
    c.log('write(1048576) -> ' + r);
    c.log('writableLength ' + sock.writableLength + ' needDrain ' + sock.writableNeedDrain);
    process.nextTick(() => sock.end());
  });
});
