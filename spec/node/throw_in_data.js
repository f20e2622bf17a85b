// The first of two 'data' listeners throws: the second is skipped for this chunk, later chunks arrive
// as usual. Rules R7, R16.
'use strict';
const net = require('net');
const { actor, errorText, portOf, when } = require('./oracle');
const c = actor('c');

let peer = null;
const server = net.createServer((accepted) => {
  server.close();
  peer = accepted;
  peer.write('aaaa');
});
server.listen(0, '127.0.0.1', () => {
  const sock = net.connect({ port: portOf(server), host: '127.0.0.1' });
  let throwing = true;
  process.on('uncaughtException', (err) => {
    c.log('uncaught ' + errorText(err));
    when(() => true, () => peer.end('bb'));
  });
  sock.on('data', (chunk) => {
    c.log('first ' + chunk.length);
    if (throwing) {
      throwing = false;
      process.nextTick(() => c.log('tick'));
      throw new Error('boom');
    }
  });
  sock.on('data', (chunk) => c.log('second ' + chunk.length));
  c.watch(sock, ['end', 'error', 'close']);
});
