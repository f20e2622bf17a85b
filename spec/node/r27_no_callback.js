// R27: writes without callbacks that complete at once schedule nothing; only a 'drain' that is due
// needs a tick.
'use strict';
const net = require('net');
const { actor, portOf } = require('./oracle');
const c = actor('c');

const server = net.createServer((peer) => {
  server.close();
  peer.resume();
});
server.listen(0, '127.0.0.1', () => {
  const sock = net.connect({ port: portOf(server), host: '127.0.0.1', writableHighWaterMark: 3 });
  c.watch(sock, ['drain', 'finish', 'close']);
  const f = c.cb('f');
  sock.on('connect', () => {
    c.log('connect');
    process.nextTick(() => c.log('u1'));
    sock.cork();
    sock.write('abc');
    sock.uncork();
    process.nextTick(() => c.log('u2'));
    sock.write('x', f);
    sock.write('y');
    sock.write('z', f);
    setImmediate(() => sock.end());
  });
});
