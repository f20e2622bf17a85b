// R44: FIN under way keeps the loop alive though the socket is unref'd; when it is sent nothing does.
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

connected({}, (sock, peer) => {
  c.watch(sock, ['prefinish', 'finish', 'close']);
  sock.unref();
  peer.unref();
  sock.end(c.cb('end'));
  later(100, () => c.log('still alive'));
});
