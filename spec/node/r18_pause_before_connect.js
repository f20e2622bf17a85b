// R18: paused before the connection and nobody reading: nothing is read and the FIN stays unseen
// until resume().
'use strict';
const net = require('net');
const { actor, portOf } = require('./oracle');
const ARRIVES_MS = 20;
const c = actor('c');

const server = net.createServer((peer) => {
  server.close();
  peer.resume();
  peer.end('hello');
});
server.listen(0, '127.0.0.1', () => {
  const sock = net.connect({ port: portOf(server), host: '127.0.0.1' });
  sock.pause();
  c.watch(sock, ['connect', 'pause', 'resume', 'end', 'finish', 'close']);
  sock.on('connect', () => setTimeout(() => {
    c.log('bytesRead ' + sock.bytesRead + ' readableLength ' + sock.readableLength);
    sock.on('data', (chunk) => c.log('data ' + chunk.length));
    c.log('isPaused ' + sock.isPaused());
    sock.resume();
  }, ARRIVES_MS));
});
