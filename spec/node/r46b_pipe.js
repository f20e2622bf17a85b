// R46b: pipe() from one socket to another which takes the data slowly: pause, drain, resume, end.
'use strict';
const net = require('net');
const { actor, portOf } = require('./oracle');
const CHUNK = 10;
const src = actor('src');
const dest = actor('dest');

let accepted = 0;
const server = net.createServer((peer) => {
  accepted++;
  if (accepted === 2) server.close();
  if (accepted === 1) peer.end(Buffer.alloc(CHUNK));
  peer.resume();
});
server.listen(0, '127.0.0.1', () => {
  const a = net.connect({ port: portOf(server), host: '127.0.0.1' });
  a.on('connect', () => {
    const b = net.connect({ port: portOf(server), host: '127.0.0.1', writableHighWaterMark: 3 });
    src.watch(a, ['pause', 'resume', 'data', 'end', 'finish', 'close']);
    dest.watch(b, ['pipe', 'unpipe', 'drain', 'finish', 'end', 'close']);
    b.cork();
    setImmediate(() => setImmediate(() => b.uncork()));
    a.pipe(b);
  });
});
