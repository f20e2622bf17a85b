// R46b: the destination is destroyed: unpipe, and the source is paused.
'use strict';
const net = require('net');
const { actor, portOf } = require('./oracle');
const src = actor('src');
const dest = actor('dest');

let accepted = 0;
const peers = [];
const server = net.createServer((peer) => {
  accepted++;
  if (accepted === 2) server.close();
  peers.push(peer);
  peer.on('error', () => {});
  peer.resume();
});
server.listen(0, '127.0.0.1', () => {
  const a = net.connect({ port: portOf(server), host: '127.0.0.1' });
  a.on('connect', () => {
    const b = net.connect({ port: portOf(server), host: '127.0.0.1' });
    src.watch(a, ['pause', 'resume', 'end', 'finish', 'close']);
    dest.watch(b, ['pipe', 'unpipe', 'error', 'finish', 'close']);
    b.on('ready', () => {
      a.pipe(b);
      b.destroy();
    });
    b.on('close', () => {
      src.log('isPaused ' + a.isPaused());
      a.destroy();
    });
  });
});
