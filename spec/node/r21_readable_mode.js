// R21: 'readable' comes in a tick for the first data and inside the EOF turn at the end; 'end' only
// after read() returned null.
'use strict';
const net = require('net');
const { actor, portOf } = require('./oracle');
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
  let calls = 0;
  sock.on('readable', () => {
    calls++;
    c.log('readable length ' + sock.readableLength);
    const got = sock.read();
    c.log('read() -> ' + (got === null ? 'null' : got.length));
    if (calls === 1) setImmediate(() => peer.write('bbb'));
    if (calls === 2) setImmediate(() => peer.end());
  });
  c.log('flowing ' + sock.readableFlowing);
  c.watch(sock, ['end', 'finish', 'close']);
});
