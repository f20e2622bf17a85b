// R21: a reset after data was read: the data that nobody consumed is never delivered.
'use strict';
const net = require('net');
const { actor, portOf, when } = require('./oracle');
const c = actor('c');

let peer = null;
const server = net.createServer((accepted) => {
  server.close();
  peer = accepted;
  peer.write('hello');
});
server.listen(0, '127.0.0.1', () => {
  const sock = net.connect({ port: portOf(server), host: '127.0.0.1' });
  c.watch(sock, ['pause', 'end', 'error', 'close']);
  sock.on('error', (err) => {
    c.log('keys ' + Object.keys(err).join(',') + ' syscall ' + err.syscall);
    sock.on('data', (chunk) => c.log('data ' + chunk.length));
    sock.resume();
  });
  sock.pause();
  sock.on('connect', () => sock.read(0));
  when(() => sock.bytesRead === 5, () => peer.resetAndDestroy());
});
