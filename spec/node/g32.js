// G32, table 1.6: resetAndDestroy() while a shutdown is in flight: an 'error' inside the call and
// never a 'close'.
'use strict';
const net = require('net');
const { actor, finish, portOf } = require('./oracle');
const LONG_ENOUGH_MS = 30;
const c = actor('c');

const server = net.createServer((peer) => {
  server.close();
  peer.on('error', () => {});
  peer.resume();
});
server.listen(0, '127.0.0.1', () => {
  const sock = net.connect({ port: portOf(server), host: '127.0.0.1' });
  c.watch(sock, ['prefinish', 'finish', 'end', 'error', 'close']);
  sock.on('connect', () => {
    sock.end('x', c.cb('end'));
    sock.resetAndDestroy();
    c.log('destroyed ' + sock.destroyed);
    setTimeout(() => {
      c.log('no close');
      finish();
    }, LONG_ENOUGH_MS);
  });
});
