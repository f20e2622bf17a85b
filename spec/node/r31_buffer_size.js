// R31: bufferSize is undefined without a handle, else the writable length.
'use strict';
const net = require('net');
const { actor, portOf } = require('./oracle');
const c = actor('c');

const server = net.createServer((peer) => {
  server.close();
  peer.resume();
});
server.listen(0, '127.0.0.1', () => {
  const sock = new net.Socket();
  c.log('idle ' + sock.bufferSize);
  sock.connect({ port: portOf(server), host: '127.0.0.1' });
  c.log('connecting ' + sock.bufferSize);
  sock.write('abc');
  c.log('write(3) ' + sock.bufferSize);
  sock.on('ready', () => {
    c.log('ready ' + sock.bufferSize);
    sock.destroy();
    c.log('destroyed ' + sock.bufferSize);
  });
});
