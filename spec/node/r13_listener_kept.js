// R13: the connectListener of a failed attempt fires on the later successful one as well.
'use strict';
const net = require('net');
const { actor, portOf, refusedPort } = require('./oracle');
const c = actor('c');

const server = net.createServer((peer) => {
  server.close();
  peer.resume();
});
refusedPort((port) => {
  server.listen(0, '127.0.0.1', () => {
    const sock = net.connect({ port: port, host: '127.0.0.1' }, () => c.log('connectListener 1'));
    c.watch(sock, ['connectionAttempt', 'connect', 'ready', 'error', 'close']);
    sock.once('close', () => {
      sock.connect({ port: portOf(server), host: '127.0.0.1' }, () => {
        c.log('connectListener 2');
        sock.end();
      });
    });
  });
});
