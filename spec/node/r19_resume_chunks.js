// R19: chunks that were buffered while paused come out one 'data' per chunk, in the resume tick.
'use strict';
const net = require('net');
const { actor, portOf, when } = require('./oracle');
const c = actor('c');

let peer = null;
const server = net.createServer((accepted) => {
  server.close();
  peer = accepted;
  peer.resume();
  peer.write('aaaa');
});
server.listen(0, '127.0.0.1', () => {
  const sock = net.connect({ port: portOf(server), host: '127.0.0.1' });
  when(() => sock.bytesRead === 4, () => {
    peer.write('bbb');
    when(() => sock.bytesRead === 7, () => {
      c.log('readableLength ' + sock.readableLength + ' flowing ' + sock.readableFlowing);
      c.watch(sock, ['pause', 'resume', 'data', 'end', 'finish', 'close']);
      c.log('flowing ' + sock.readableFlowing);
      process.nextTick(() => c.log('tick'));
      setImmediate(() => peer.end('cc'));
    });
  });
});
