// R44: ref and unref without a handle wait for 'connect', a listener each time; the last one counts. The connect itself keeps
// the loop alive.
'use strict';
const net = require('net');
const { actor, portOf, when } = require('./oracle');
const c = actor('c');

const server = net.createServer((peer) => {
  server.close();
  peer.unref();
});
server.listen(0, '127.0.0.1', () => {
  const sock = new net.Socket();
  const count = () => c.log('connect listeners ' + sock.listenerCount('connect'));
  sock.ref();
  sock.unref();
  count();
  sock.ref();
  sock.unref();
  count();
  sock.connect({ port: portOf(server), host: '127.0.0.1' });
  c.watch(sock, ['connect', 'ready', 'close']);
  when(() => !sock.connecting && sock.listenerCount('connect') === 1, () => c.log('connected'));
  setTimeout(() => c.log('still alive'), 200).unref();
});
