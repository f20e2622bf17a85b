// R19: resume() followed by pause() in one turn: the 'resume' event still comes, no data does.
'use strict';
const net = require('net');
const { actor, portOf, when } = require('./oracle');
const c = actor('c');

let peer = null;
const server = net.createServer((accepted) => {
  server.close();
  peer = accepted;
  peer.resume();
  peer.end('aaaa');
});
server.listen(0, '127.0.0.1', () => {
  const sock = net.connect({ port: portOf(server), host: '127.0.0.1' });
  sock.pause();
  c.watch(sock, ['pause', 'resume', 'data', 'end', 'close']);
  when(() => peer !== null && !sock.connecting, () => {
    sock.resume();
    sock.pause();
    c.log('isPaused ' + sock.isPaused());
    when(() => sock.bytesRead === 4, () => {
      c.log('readableLength ' + sock.readableLength);
      sock.resume();
    });
  });
});
