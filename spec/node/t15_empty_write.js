// Table 1.5: empty strings and buffers are legal and get their callbacks.
'use strict';
const net = require('net');
const { actor, portOf } = require('./oracle');
const c = actor('c');
const s = actor('s');

const server = net.createServer((peer) => {
  server.close();
  s.watch(peer, ['data', 'end', 'close']);
});
server.listen(0, '127.0.0.1', () => {
  const sock = net.connect({ port: portOf(server), host: '127.0.0.1' });
  c.watch(sock, ['drain', 'finish', 'error', 'close']);
  sock.on('connect', () => {
    let r = sock.write('', c.cb('string'));
    c.log('write(0) -> ' + r);
    r = sock.write(Buffer.alloc(0), c.cb('buffer'));
    c.log('write(0) -> ' + r + ' bytesWritten ' + sock.bytesWritten);
    sock.end('', c.cb('end'));
  });
});
