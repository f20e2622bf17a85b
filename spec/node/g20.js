// G20, R27, R28: corked writes above the highWaterMark, uncorked in a tick.
'use strict';
const net = require('net');
const { actor, portOf } = require('./oracle');
const c = actor('c');

const server = net.createServer((peer) => {
  server.close();
  peer.resume();
});
server.listen(0, '127.0.0.1', () => {
  const sock = net.connect({ port: portOf(server), host: '127.0.0.1', writableHighWaterMark: 5 });
  c.watch(sock, ['drain', 'finish', 'error', 'close']);
  sock.on('connect', () => {
    sock.cork();
    let r = sock.write('abc', c.cb('a'));
    c.log('write(3) -> ' + r);
    r = sock.write('def', c.cb('b'));
    c.log('write(3) -> ' + r + ' writableLength ' + sock.writableLength);
    process.nextTick(() => {
      sock.uncork();
      c.log('uncork writableLength ' + sock.writableLength);
    });
    setImmediate(() => sock.end());
  });
});
