// Table 1.5: end() uncorks everything.
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
  c.watch(sock, ['drain', 'prefinish', 'finish', 'close']);
  sock.on('connect', () => {
    sock.cork();
    sock.cork();
    sock.write('a', c.cb('a'));
    sock.write('bb', c.cb('b'));
    sock.end('ccc', c.cb('end'));
    c.log('corked ' + sock.writableCorked + ' writableLength ' + sock.writableLength);
  });
});
