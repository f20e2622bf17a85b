// destroy() right after a write that the kernel took whole: the write callback still gets null (in a
// tick) and 'close' follows in the close phase. Rules R29, table 1.6.
'use strict';
const net = require('net');
const { actor, portOf } = require('./oracle');
const c = actor('c');

const server = net.createServer((sock) => {
  sock.resume();
  server.close();
});
server.listen(0, '127.0.0.1', () => {
  const sock = net.connect({ port: portOf(server), host: '127.0.0.1' });
  sock.on('connect', () => {
    const r = sock.write('abc', c.cb('w1'));
    c.log('write(3) -> ' + r);
    sock.destroy();
    c.log('destroyed ' + sock.destroyed + ' closed ' + sock.closed + ' bytesWritten ' + sock.bytesWritten);
  });
  c.watch(sock, ['ready', 'drain', 'finish', 'error', 'close']);
});
