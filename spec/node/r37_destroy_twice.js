// R37: only the first destroy() counts; a second error is swallowed. Here destroy() comes before
// destroy(err), and the other way round.
'use strict';
const net = require('net');
const { actor, portOf } = require('./oracle');
const plainFirst = actor('plain first');
const errorFirst = actor('error first');

let accepted = 0;
const server = net.createServer((peer) => {
  accepted++;
  if (accepted === 2) server.close();
  peer.resume();
});
server.listen(0, '127.0.0.1', () => {
  const a = net.connect({ port: portOf(server), host: '127.0.0.1' });
  plainFirst.watch(a, ['error', 'close']);
  a.on('connect', () => {
    a.destroy();
    a.destroy(new Error('late'));
    plainFirst.log('errored ' + a.errored);
  });
  const b = net.connect({ port: portOf(server), host: '127.0.0.1' });
  errorFirst.watch(b, ['error', 'close']);
  b.on('connect', () => {
    b.destroy(new Error('boom'));
    b.destroy(new Error('late'));
    b.destroy();
    errorFirst.log('errored ' + b.errored);
  });
});
