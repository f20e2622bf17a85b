// R19: pause() inside 'data' while buffered chunks are being delivered stops after that chunk.
'use strict';
const net = require('net');
const { actor, portOf, when } = require('./oracle');
const c = actor('c');

let peer = null;
const server = net.createServer((accepted) => {
  server.close();
  peer = accepted;
  peer.resume();
  peer.write('aaaa');
});
server.listen(0, '127.0.0.1', () => {
  const sock = net.connect({ port: portOf(server), host: '127.0.0.1' });
  when(() => sock.bytesRead === 4, () => {
    peer.write('bbb');
    when(() => sock.bytesRead === 7, () => {
      c.watch(sock, ['pause', 'resume', 'data', 'end', 'finish', 'close']);
      sock.once('data', () => {
        sock.pause();
        c.log('readableLength ' + sock.readableLength);
        setImmediate(() => {
          c.log('resume');
          sock.resume();
          peer.end();
        });
      });
    });
  });
});
