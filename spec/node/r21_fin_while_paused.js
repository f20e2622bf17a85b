// R21: a FIN with an empty buffer gives 'end' although the socket is paused.
'use strict';
const net = require('net');
const { actor, portOf } = require('./oracle');
const c = actor('c');

let peer = null;
const server = net.createServer((accepted) => {
  server.close();
  peer = accepted;
  peer.resume();
});
server.listen(0, '127.0.0.1', () => {
  const sock = net.connect({ port: portOf(server), host: '127.0.0.1' });
  c.watch(sock, ['connect', 'ready', 'pause', 'resume', 'end', 'finish', 'close']);
  sock.on('ready', () => setImmediate(() => {
    sock.pause();
    peer.end();
  }));
});
