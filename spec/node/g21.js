// G21, R16, R17: pause() inside 'data'; reading goes on until the highWaterMark is reached, one read
// of 64 KiB may go past it.
'use strict';
const net = require('net');
const { actor, portOf, when } = require('./oracle');
const c = actor('c');

let peer = null;
const server = net.createServer((accepted) => {
  server.close();
  peer = accepted;
  peer.write(Buffer.alloc(10));
});
server.listen(0, '127.0.0.1', () => {
  const sock = net.connect({ port: portOf(server), host: '127.0.0.1' });
  c.watch(sock, ['data', 'pause', 'resume', 'end', 'close']);
  sock.once('data', () => {
    sock.pause();
    peer.write(Buffer.alloc(10000));
    when(() => sock.readableLength === 10000, () => {
      c.log('readableLength ' + sock.readableLength);
      peer.end(Buffer.alloc(100000));
      when(() => sock.readableLength > 10000, () => {
        c.log('readableLength ' + sock.readableLength + ' bytesRead ' + sock.bytesRead);
        sock.resume();
      });
    });
  });
});
