// R21c: setEncoding() joins the chunks that are already buffered into one string.
'use strict';
const net = require('net');
const { actor, portOf, when } = require('./oracle');
const c = actor('c');

let peer = null;
const server = net.createServer((accepted) => {
  server.close();
  peer = accepted;
  peer.resume();
  peer.write(Buffer.from([0x61, 0xc3]));
});
server.listen(0, '127.0.0.1', () => {
  const sock = net.connect({ port: portOf(server), host: '127.0.0.1' });
  when(() => sock.bytesRead === 2, () => {
    peer.write(Buffer.from([0xa9, 0x62]));
    when(() => sock.bytesRead === 4, () => {
      c.log('readableLength ' + sock.readableLength);
      sock.setEncoding('utf8');
      c.log('readableLength ' + sock.readableLength);
      c.watch(sock, ['data', 'end', 'close']);
      peer.end();
    });
  });
});
