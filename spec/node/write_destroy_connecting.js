// destroy() while connecting with one write parked and one queued: both callbacks get the same error,
// after the 'close' listeners that were added before the write. Rules R29, table 1.5.
'use strict';
const net = require('net');
const { actor, portOf } = require('./oracle');
const c = actor('c');

const server = net.createServer();
server.listen(0, '127.0.0.1', () => {
  const sock = net.connect({ port: portOf(server), host: '127.0.0.1' });
  c.watch(sock, ['connectionAttempt', 'connect', 'ready', 'error', 'close']);
  let r = sock.write('abc', c.cb('w1'));
  c.log('write(3) -> ' + r);
  r = sock.write('de', c.cb('w2'));
  c.log('write(2) -> ' + r);
  sock.on('close', () => c.log('close listener added after the writes'));
  sock.destroy();
  c.log('destroyed ' + sock.destroyed + ' connecting ' + sock.connecting + ' pending ' + sock.pending);
  server.close();
});
