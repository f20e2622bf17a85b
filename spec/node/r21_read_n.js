// R21: read(n) gives null while fewer bytes are there, joins chunks, and gives the rest after EOF.
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
  c.watch(sock, ['end', 'close']);
  function read(n) {
    const got = sock.read(n);
    c.log('read(' + n + ') -> ' + (got === null ? 'null' : got.toString()));
  }
  when(() => sock.bytesRead === 4, () => {
    read(6);
    peer.write('bbbb');
    when(() => sock.bytesRead === 8, () => {
      read(6);
      read(6);
      peer.end('c');
      when(() => sock._readableState.ended, () => {
        read(6);
        read(6);
      });
    });
  });
});
