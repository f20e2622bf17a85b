// A write callback throws: later ticks still run, after the uncaught exception was handled, and the
// next write callback gets its turn. Rules R1, R27.
'use strict';
const net = require('net');
const { actor, errorText, portOf } = require('./oracle');
const c = actor('c');

const server = net.createServer((peer) => {
  server.close();
  peer.resume();
});
server.listen(0, '127.0.0.1', () => {
  const sock = net.connect({ port: portOf(server), host: '127.0.0.1' });
  process.on('uncaughtException', (err) => c.log('uncaught ' + errorText(err)));
  c.watch(sock, ['error', 'finish', 'close']);
  sock.on('connect', () => {
    c.log('connect');
    sock.write('a', () => {
      c.log('cb a');
      throw new Error('boom');
    });
    sock.write('b', c.cb('b'));
    process.nextTick(() => c.log('u'));
    setImmediate(() => {
      c.log('immediate');
      sock.end(c.cb('end'));
    });
  });
});
