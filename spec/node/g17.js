// G17, R29: half-open client, the peer is gone: the first write succeeds, after the reset two more
// fail inside write().
'use strict';
const net = require('net');
const { actor, portOf } = require('./oracle');
const RESET_ARRIVES_MS = 20;
const c = actor('c');

const server = net.createServer((peer) => {
  server.close();
  peer.destroy();
});
server.listen(0, '127.0.0.1', () => {
  const sock = net.connect({ port: portOf(server), host: '127.0.0.1', allowHalfOpen: true });
  c.watch(sock, ['end', 'drain', 'finish', 'error', 'close']);
  sock.resume();
  sock.on('end', () => {
    let r = sock.write('1', c.cb('w1'));
    c.log('write(1) -> ' + r);
    setTimeout(() => {
      r = sock.write('2', c.cb('w2'));
      c.log('write(1) -> ' + r + ' destroyed ' + sock.destroyed);
      r = sock.write('3', c.cb('w3'));
      c.log('write(1) -> ' + r + ' destroyed ' + sock.destroyed);
    }, RESET_ARRIVES_MS);
  });
});
