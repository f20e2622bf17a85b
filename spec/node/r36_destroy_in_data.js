// R36, R19: destroy() inside 'data' while more chunks are buffered: the resume tick goes on and delivers
// those chunks all the same; there is no 'end'.
'use strict';
const net = require('net');
const { actor, portOf, when } = require('./oracle');
const c = actor('c');

let peer = null;
const server = net.createServer((accepted) => {
  server.close();
  peer = accepted;
  peer.on('error', () => {});
  peer.resume();
  peer.write('aaaa');
});
server.listen(0, '127.0.0.1', () => {
  const sock = net.connect({ port: portOf(server), host: '127.0.0.1' });
  when(() => sock.bytesRead === 4, () => {
    peer.write('bbb');
    when(() => sock.bytesRead === 7, () => {
      c.watch(sock, ['resume', 'data', 'end', 'finish', 'error', 'close']);
      sock.on('data', () => {
        c.log('destroy');
        sock.destroy();
      });
    });
  });
});
