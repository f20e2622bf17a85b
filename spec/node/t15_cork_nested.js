// Table 1.5: cork() nests; the writes go out together at the last uncork().
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
  c.watch(sock, ['drain', 'finish', 'close']);
  sock.on('connect', () => {
    sock.cork();
    sock.write('a', c.cb('a'));
    sock.cork();
    sock.write('bb', c.cb('b'));
    sock.uncork();
    c.log('corked ' + sock.writableCorked + ' writableLength ' + sock.writableLength);
    sock.uncork();
    c.log('corked ' + sock.writableCorked + ' writableLength ' + sock.writableLength);
    sock.uncork();
    sock.write('c', c.cb('c'));
    process.nextTick(() => c.log('u'));
    setImmediate(() => sock.end());
  });
});
