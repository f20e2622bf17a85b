// G18, R27, R28: three writes queued behind an asynchronous one of 8 MB.
'use strict';
const net = require('net');
const { actor, portOf } = require('./oracle');
const LARGE = 8000000;
const c = actor('c');

const server = net.createServer((peer) => {
  server.close();
  peer.resume();
});
server.listen(0, '127.0.0.1', () => {
  const sock = net.connect({ port: portOf(server), host: '127.0.0.1' });
  c.watch(sock, ['drain', 'finish', 'error', 'close']);
  sock.on('connect', () => {
    let r = sock.write(Buffer.alloc(LARGE), c.cb('w1'));
    c.log('write(8000000) -> ' + r);
    r = sock.write('b', c.cb('w2'));
    c.log('write(1) -> ' + r);
    r = sock.write('c', c.cb('w3'));
    c.log('write(1) -> ' + r);
    r = sock.write('d');
    c.log('write(1) -> ' + r);
  });
  sock.on('drain', () => setImmediate(() => sock.end()));
});
