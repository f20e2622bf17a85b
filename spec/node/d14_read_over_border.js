// D14: with an encoding, read(n) over a border of chunks gives too much when what is left of n equals the number of chunks,
// and the length is then wrong.
'use strict';
const net = require('net');
const { actor, portOf, when } = require('./oracle');
const c = actor('c');

let peer = null;
const server = net.createServer((accepted) => {
  server.close();
  peer = accepted;
  peer.resume();
  peer.write('a');
});
server.listen(0, '127.0.0.1', () => {
  const sock = net.connect({ port: portOf(server), host: '127.0.0.1' });
  sock.setEncoding('utf8');
  when(() => sock.bytesRead === 1, () => {
    peer.write('bcde');
    when(() => sock.bytesRead === 5, () => {
      c.log('read(3) ' + sock.read(3) + ' left ' + sock.readableLength);
      sock.destroy();
    });
  });
});
