// Table 1.5: of t15_write_validation, what a typed language can say.
'use strict';
const net = require('net');
const { actor, portOf } = require('./oracle');
const c = actor('c');

const server = net.createServer((peer) => {
  server.close();
  peer.resume();
});
server.listen(0, '127.0.0.1', () => {
  const sock = net.connect({ port: portOf(server), host: '127.0.0.1' });
  c.watch(sock, ['drain', 'finish', 'error', 'close']);
  sock.on('connect', () => {
    c.throws('write(x, foo)', () => sock.write('x', 'foo'));
    c.throws('write(Uint8Array)', () => sock.write(new Uint8Array(3), c.cb('Uint8Array')));
    c.throws('write(hex)', () => sock.write('6162', 'hex', c.cb('hex')));
    c.log('bytesWritten ' + sock.bytesWritten);
    sock.end();
  });
});
