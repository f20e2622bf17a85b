// What keeps the loop: requests under way do, on sockets that are not referenced; idle timeouts, unreferenced timers,
// servers and connections do not, and the program ends with all of them there. Rule M6.
'use strict';
const net = require('net');
const { actor, portOf } = require('./oracle');
const c = actor('c');

const server = net.createServer((peer) => {
  peer.unref();
  peer.pause();
  setTimeout(() => {
    c.log('resumed');
    peer.resume();
  }, 60).unref();
});
server.listen(0, '127.0.0.1', () => {
  server.unref();
  const idle = new net.Socket();
  idle.setTimeout(60000);
  setTimeout(() => c.log('late'), 60000).unref();
  const sock = net.connect(portOf(server), '127.0.0.1');
  sock.unref();
  sock.setTimeout(60000);
  c.watch(sock, ['connect', 'timeout', 'finish', 'end', 'close']);
  // The connect keeps the loop, and then the write, until the other side has read enough.
  sock.write(Buffer.alloc(20000000), c.cb('written'));
});
