// F11: setEncoding(null) and setEncoding() are utf8; what comes is text.
'use strict';
const net = require('net');
const { actor, portOf } = require('./oracle');
const c = actor('c');

const server = net.createServer((peer) => {
  server.close();
  peer.end('h\u00e9');
});
server.listen(0, '127.0.0.1', () => {
  const sock = net.connect(portOf(server), '127.0.0.1');
  c.log('encoding ' + sock.readableEncoding);
  sock.setEncoding(null);
  c.log('encoding ' + sock.readableEncoding);
  sock.on('data', (chunk) => c.log('data ' + chunk.length + ' ' + chunk));
  sock.on('close', () => c.log('bytes ' + sock.bytesRead));
});
