// Tables 1.2 and 1.5: cork() before the connection; uncork() inside 'ready'.
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
  c.watch(sock, ['connect', 'ready', 'drain', 'finish', 'close']);
  sock.cork();
  sock.write('a', c.cb('a'));
  sock.write('b', c.cb('b'));
  c.log('connect listeners ' + sock.listenerCount('connect'));
  sock.on('ready', () => {
    sock.uncork();
    c.log('writableLength ' + sock.writableLength);
    setImmediate(() => sock.end());
  });
});
