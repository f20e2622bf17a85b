// removeAllListeners('connect') removes the hidden listener of a parked write as well: nothing is
// ever sent, and the callbacks hear of it only when the socket is destroyed. Rules R6, R29.
'use strict';
const net = require('net');
const { actor, portOf } = require('./oracle');
const c = actor('c');
const s = actor('s');

const server = net.createServer((peer) => {
  server.close();
  s.watch(peer, ['data', 'end', 'close']);
  peer.on('data', () => {});
});
server.listen(0, '127.0.0.1', () => {
  const sock = net.connect({ port: portOf(server), host: '127.0.0.1' }, () => c.log('connectListener'));
  c.watch(sock, ['connect', 'ready', 'drain', 'error', 'close']);
  let r = sock.write('abc', c.cb('w1'));
  c.log('write(3) -> ' + r);
  sock.removeAllListeners('connect');
  sock.on('ready', () => {
    r = sock.write('de', c.cb('w2'));
    c.log('write(2) -> ' + r + ' bytesWritten ' + sock.bytesWritten + ' writableLength ' + sock.writableLength);
    setImmediate(() => {
      c.log('destroy');
      sock.destroy();
    });
  });
});
