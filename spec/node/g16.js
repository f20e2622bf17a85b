// G16, R29: the same while reading is not armed (paused before the connection): a write error.
'use strict';
const net = require('net');
const { actor, portOf, when } = require('./oracle');
const LARGE = 20000000;
const c = actor('c');

let peer = null;
const server = net.createServer({ pauseOnConnect: true }, (accepted) => {
  server.close();
  peer = accepted;
});
server.listen(0, '127.0.0.1', () => {
  const sock = net.connect({ port: portOf(server), host: '127.0.0.1' });
  sock.pause();
  c.watch(sock, ['connect', 'drain', 'end', 'finish', 'error', 'close']);
  sock.on('connect', () => {
    const r = sock.write(Buffer.alloc(LARGE), c.cb('w1'));
    c.log('write(20000000) -> ' + r);
    sock.write('b', c.cb('b'));
    sock.end(c.cb('end'));
    when(() => peer !== null, () => peer.resetAndDestroy());
  });
});
