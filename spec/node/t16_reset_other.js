// Table 1.6: resetAndDestroy() without a handle, on a destroyed socket and on a unix socket.
'use strict';
const net = require('net');
const { actor, tempPath } = require('./oracle');
const idle = actor('idle');
const gone = actor('gone');
const pipe = actor('pipe');

const a = new net.Socket();
idle.watch(a, ['error', 'close']);
a.resetAndDestroy();
idle.log('destroyed ' + a.destroyed);

const b = new net.Socket();
gone.watch(b, ['error', 'close']);
b.destroy();
b.resetAndDestroy();

const path = tempPath();
const server = net.createServer((peer) => {
  server.close();
  peer.resume();
});
server.listen(path, () => {
  const sock = net.connect(path);
  pipe.watch(sock, ['connect', 'error', 'close']);
  sock.on('connect', () => {
    pipe.throws('resetAndDestroy()', () => sock.resetAndDestroy());
    pipe.log('destroyed ' + sock.destroyed);
    sock.end();
  });
});
