// R38: abort() while connected: destroyed within the call, AbortError.
'use strict';
const net = require('net');
const { actor, portOf } = require('./oracle');
const c = actor('c');


const server = net.createServer((peer) => {
  server.close();
  peer.resume();
});
server.listen(0, '127.0.0.1', () => {
  const controller = new AbortController();
  const sock = net.connect({ port: portOf(server), host: '127.0.0.1', signal: controller.signal });
  c.watch(sock, ['lookup', 'connectionAttempt', 'connectionAttemptFailed', 'connect', 'ready', 'end', 'finish', 'error', 'close']);
  sock.on('error', (err) => c.log('name ' + err.name));
  sock.on('ready', () => {
    controller.abort();
    c.log('destroyed ' + sock.destroyed + ' aborted ' + controller.signal.aborted);
    controller.abort();
  });
});
