// R21c: setEncoding('utf8') with a character cut in two, and one cut by the end of the stream.
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
  sock.setEncoding('utf8');
  sock.on('data', (text) => c.log('data ' + text.length + ' ' + JSON.stringify(text)));
  c.watch(sock, ['end', 'close']);
  when(() => sock.bytesRead === 2, () => {
    peer.write(Buffer.from([0xa9]));
    when(() => sock.bytesRead === 3, () => {
      peer.write(Buffer.from([0xe2]));
      when(() => sock.bytesRead === 4, () => {
        c.log('bytesRead ' + sock.bytesRead + ' readableLength ' + sock.readableLength);
        peer.end(Buffer.from([0x82]));
      });
    });
  });
});
