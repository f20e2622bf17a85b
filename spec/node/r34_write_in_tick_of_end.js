// R34: a write in a tick that was queued inside 'end' still precedes the automatic end(); one in an
// immediate comes too late.
'use strict';
const net = require('net');
const { actor, portOf } = require('./oracle');
const c = actor('c');
const s = actor('s');

const server = net.createServer((peer) => {
  server.close();
  s.watch(peer, ['data', 'end', 'close']);
  peer.end();
});
server.listen(0, '127.0.0.1', () => {
  const sock = net.connect({ port: portOf(server), host: '127.0.0.1' });
  c.watch(sock, ['end', 'finish', 'error', 'close']);
  sock.resume();
  sock.on('end', () => {
    process.nextTick(() => {
      const r = sock.write('tick', c.cb('tick'));
      c.log('write(4) -> ' + r + ' writableEnded ' + sock.writableEnded);
    });
    setImmediate(() => {
      const r = sock.write('late', c.cb('late'));
      c.log('write(4) -> ' + r + ' writableEnded ' + sock.writableEnded);
    });
  });
});
