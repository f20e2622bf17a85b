// Tables 1.5 and 1.6: writes on a destroyed socket: only callbacks, no events. A first end(cb) there
// never calls its callback.
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
  c.watch(sock, ['error', 'close']);
  sock.on('connect', () => sock.destroy());
  sock.on('close', () => {
    let r = sock.write('a', c.cb('a'));
    c.log('write(1) -> ' + r);
    r = sock.write('b');
    c.log('write(1) -> ' + r);
    sock.end(c.cb('end'));
  });
});
