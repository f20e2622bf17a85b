// R26: what write() returns and when 'drain' follows, with a highWaterMark of 10.
'use strict';
const net = require('net');
const { actor, portOf } = require('./oracle');
const c = actor('c');

const server = net.createServer((peer) => {
  server.close();
  peer.resume();
});
server.listen(0, '127.0.0.1', () => {
  const sock = net.connect({ port: portOf(server), host: '127.0.0.1', writableHighWaterMark: 10 });
  c.watch(sock, ['connect', 'ready', 'drain', 'finish', 'close']);
  function write(n) {
    const r = sock.write(Buffer.alloc(n));
    c.log('write(' + n + ') -> ' + r + ' length ' + sock.writableLength + ' needDrain ' + sock.writableNeedDrain);
  }
  write(9);
  write(1);
  sock.on('ready', () => {
    write(9);
    write(10);
    write(11);
    sock.cork();
    write(9);
    write(1);
    sock.uncork();
    c.log('uncork length ' + sock.writableLength);
    setImmediate(() => sock.end());
  });
});
