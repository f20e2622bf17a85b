// R46: readable: false and writable: false count without a descriptor too, whatever the documentation says.
'use strict';
const net = require('net');
const { actor, portOf } = require('./oracle');
const a = actor('not readable');
const b = actor('not writable');

const server = net.createServer({ allowHalfOpen: true }, (peer) => {
  peer.end('hello');
  peer.resume();
  peer.on('error', () => {});
});
server.listen(0, '127.0.0.1', () => {
  function open(log, options, then) {
    const sock = new net.Socket(options);
    log.log(sock.readyState);
    sock.connect({ port: portOf(server), host: '127.0.0.1' });
    log.watch(sock, ['connect', 'data', 'end', 'finish', 'error', 'close']);
    sock.on('connect', () => {
      log.log(sock.readyState);
      then(sock);
    });
  }
  open(a, { readable: false }, (sock) => {
    sock.end('abc', a.cb('end'));
    sock.on('close', () => {
      open(b, { writable: false }, (sock) => sock.on('close', () => server.close()));
    });
  });
});
