// R42: a write that makes no progress: the first period records the queue size, the next one fires.
'use strict';
const net = require('net');
const { actor, portOf, when } = require('./oracle');
const LARGE = 20000000;
const TIMEOUT_MS = 50;
const c = actor('c');

let peer = null;
const server = net.createServer({ pauseOnConnect: true }, (accepted) => {
  server.close();
  peer = accepted;
});
server.listen(0, '127.0.0.1', () => {
  const sock = net.connect({ port: portOf(server), host: '127.0.0.1' });
  c.watch(sock, ['drain', 'timeout', 'error', 'close']);
  when(() => peer !== null && !sock.connecting, () => {
    sock.setTimeout(TIMEOUT_MS);
    sock.write(Buffer.alloc(LARGE), c.cb('w'));
    setTimeout(() => c.log('one and a half periods'), TIMEOUT_MS + TIMEOUT_MS / 2);
  });
  sock.on('timeout', () => {
    sock.destroy();
    peer.destroy();
  });
});
