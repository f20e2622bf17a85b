// Two writes with the same callback function share one tick, even when a user tick was queued after
// them and another write follows: f f, u, g. A user tick between them does not split them. Rule R27.
'use strict';
const net = require('net');
const { actor, portOf } = require('./oracle');
const c = actor('c');

const server = net.createServer((peer) => {
  server.close();
  peer.resume();
});
server.listen(0, '127.0.0.1', () => {
  const sock = net.connect({ port: portOf(server), host: '127.0.0.1' });
  const f = c.cb('f');
  const g = c.cb('g');
  sock.on('connect', () => {
    c.log('first');
    sock.write('x', f);
    sock.write('y', f);
    process.nextTick(() => c.log('u'));
    sock.write('z', g);
  });
  sock.on('ready', () => {
    process.nextTick(() => {
      c.log('second');
      sock.write('x', f);
      process.nextTick(() => c.log('u'));
      sock.write('y', f);
      sock.write('z', g);
      sock.write('x', f);
      process.nextTick(() => {
        c.log('third');
        sock.end();
      });
    });
  });
});
