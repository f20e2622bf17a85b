// R44: a socket that neither reads nor has a request under way does not keep the loop alive, ref or not: one whose buffer is
// full, one that was accepted with pauseOnConnect.
'use strict';
const net = require('net');
const { actor, portOf, when } = require('./oracle');
const c = actor('c');

// Calls fn(sock, peer) once both ends of a connection are there, with a server that is closed.
function connected(options, fn) {
  const server = net.createServer({ allowHalfOpen: true, ...options }, (peer) => {
    server.close();
    when(() => !sock.connecting, () => fn(sock, peer));
  });
  let sock;
  server.listen(0, '127.0.0.1', () => {
    sock = net.connect({ port: portOf(server), host: '127.0.0.1', allowHalfOpen: true });
  });
}
// What is logged here must not come when the loop ends by itself before.
const later = (ms, fn) => setTimeout(fn, ms).unref();

connected({ pauseOnConnect: true }, (sock, peer) => {
  c.watch(sock, ['readable', 'end', 'close']);
  sock.pause();
  peer.write(Buffer.alloc(100000), c.cb('w'));
  when(() => sock.readableLength > 16384, () => {
    c.log('full');
    later(100, () => c.log('still alive'));
  });
});
