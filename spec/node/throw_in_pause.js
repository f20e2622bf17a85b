// A 'pause' listener throws and the caller of pause() catches it: flowing is off but the socket does
// not count as explicitly paused. Rule R7.
'use strict';
const net = require('net');
const { actor, portOf } = require('./oracle');
const c = actor('c');

const server = net.createServer((peer) => {
  server.close();
  peer.end('hello');
});
server.listen(0, '127.0.0.1', () => {
  const sock = net.connect({ port: portOf(server), host: '127.0.0.1' });
  let throwing = true;
  sock.on('pause', () => {
    c.log('pause');
    if (throwing) throw new Error('boom');
  });
  sock.on('data', (chunk) => {
    c.log('data ' + chunk.length);
    c.throws('pause()', () => sock.pause());
    c.log('isPaused ' + sock.isPaused() + ' flowing ' + sock.readableFlowing);
    c.throws('pause() again', () => sock.pause());
    throwing = false;
    sock.resume();
    c.log('isPaused ' + sock.isPaused() + ' flowing ' + sock.readableFlowing);
  });
  c.watch(sock, ['resume', 'end', 'close']);
});
