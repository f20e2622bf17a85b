// R18: a 'data' listener was added before pause(): its demand for data is already on the way, so
// bytes are read (and kept) after the connection.
'use strict';
const net = require('net');
const { actor, portOf, when } = require('./oracle');
const c = actor('c');

const server = net.createServer((peer) => {
  server.close();
  peer.resume();
  peer.end('hello');
});
server.listen(0, '127.0.0.1', () => {
  const sock = net.connect({ port: portOf(server), host: '127.0.0.1' });
  c.watch(sock, ['pause', 'resume', 'data', 'end', 'finish', 'close']);
  sock.pause();
  c.log('isPaused ' + sock.isPaused() + ' flowing ' + sock.readableFlowing);
  when(() => sock.bytesRead === 5, () => {
    c.log('readableLength ' + sock.readableLength);
    sock.resume();
  });
});
