// R12: readyState through the life of a socket, with half-open allowed.
'use strict';
const net = require('net');
const { actor, portOf } = require('./oracle');
const c = actor('c');

const server = net.createServer({ allowHalfOpen: true }, (peer) => {
  server.close();
  peer.resume();
  peer.end();
});
const idle = new net.Socket();
c.log('idle ' + idle.readyState + ' pending ' + idle.pending + ' connecting ' + idle.connecting);
idle.end();
c.log('idle ended ' + idle.readyState);
server.listen(0, '127.0.0.1', () => {
  const sock = new net.Socket({ allowHalfOpen: true });
  sock.connect({ port: portOf(server), host: '127.0.0.1' });
  c.log('connecting ' + sock.readyState + ' pending ' + sock.pending);
  sock.resume();
  sock.on('connect', () => c.log('connect ' + sock.readyState + ' pending ' + sock.pending));
  sock.on('end', () => {
    c.log('end ' + sock.readyState);
    setImmediate(() => {
      sock.end();
      c.log('end called ' + sock.readyState);
    });
  });
  sock.on('finish', () => c.log('finish ' + sock.readyState));
  sock.on('close', () => c.log('close ' + sock.readyState + ' pending ' + sock.pending));
});
