// R46b: the destination fails and nobody listens for its 'error' but the pipe: it is thrown, after 'unpipe'.
'use strict';
const net = require('net');
const { actor, portOf } = require('./oracle');
const src = actor('src');
const dest = actor('dest');

process.on('uncaughtException', (err) => dest.log('uncaught ' + err.message));
let accepted = 0;
const server = net.createServer((peer) => {
  accepted++;
  if (accepted === 2) server.close();
  peer.on('error', () => {});
  peer.resume();
});
server.listen(0, '127.0.0.1', () => {
  const to = { port: portOf(server), host: '127.0.0.1' };
  const a = net.connect(to, () => {
    const b = net.connect(to, () => {
      src.watch(a, ['pause', 'resume', 'end', 'finish', 'close']);
      dest.watch(b, ['pipe', 'unpipe', 'close']);
      a.pipe(b);
      b.destroy(new Error('boom'));
      b.on('close', () => a.end());
    });
  });
});
