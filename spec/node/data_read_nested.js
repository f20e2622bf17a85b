// A 'data' listener that calls read(): read() runs the same listener inside itself, so the listener
// frames of the later chunks end before the frame of the first one. Rules R7, R19.
'use strict';
const net = require('net');
const { actor, portOf, when } = require('./oracle');
const c = actor('c');

let peer = null;
const server = net.createServer((accepted) => {
  server.close();
  peer = accepted;
  peer.write('aaaa');
});
server.listen(0, '127.0.0.1', () => {
  const sock = net.connect({ port: portOf(server), host: '127.0.0.1' });
  let calls = 0;
  sock.on('data', (chunk) => {
    const call = ++calls;
    c.log('data ' + chunk.length + ' enter ' + call + ' readableLength ' + sock.readableLength);
    const got = sock.read();
    c.log('read() -> ' + (got === null ? 'null' : got.length) + ' leave ' + call);
  });
  sock.pause();
  c.watch(sock, ['pause', 'resume', 'end', 'close']);
  when(() => sock.bytesRead === 4, () => {
    peer.write('bbb');
    when(() => sock.bytesRead === 7, () => {
      peer.write('cc');
      when(() => sock.bytesRead === 9, () => {
        c.log('readableLength ' + sock.readableLength);
        sock.resume();
        process.nextTick(() => peer.end());
      });
    });
  });
});
