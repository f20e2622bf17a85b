// pause() inside 'data' together with a write whose callback runs in a tick; the bytes that arrive
// while paused come out in the resume tick. Rules R17, R19, R7.
'use strict';
const net = require('net');
const { actor, portOf, when } = require('./oracle');
const FIRST = 10;
const SECOND = 20;
const c = actor('c');
const s = actor('s');

const server = net.createServer((peer) => {
  server.close();
  s.watch(peer, ['data', 'end', 'close']);
  peer.write(Buffer.alloc(FIRST));
  peer.on('data', () => peer.end(Buffer.alloc(SECOND)));
});
server.listen(0, '127.0.0.1', () => {
  const sock = net.connect({ port: portOf(server), host: '127.0.0.1' });
  c.watch(sock, ['data', 'pause', 'resume', 'end', 'finish', 'close']);
  let first = true;
  sock.on('data', () => {
    if (!first) return;
    first = false;
    sock.pause();
    c.log('isPaused ' + sock.isPaused());
    const r = sock.write('x', c.cb('nested'));
    c.log('write(1) -> ' + r);
  });
  when(() => sock.bytesRead === FIRST + SECOND, () => {
    c.log('readableLength ' + sock.readableLength);
    sock.resume();
    c.log('isPaused ' + sock.isPaused());
  });
});
