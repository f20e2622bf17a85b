// R19: adding a 'data' listener after an explicit pause() does not resume; pause() and resume() in
// one turn still give one resume tick.
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
  c.watch(sock, ['pause', 'resume']);
  when(() => sock.bytesRead === 4, () => {
    sock.pause();
    c.watch(sock, ['data', 'end', 'close']);
    c.log('flowing ' + sock.readableFlowing);
    setImmediate(() => {
      c.log('still paused ' + sock.isPaused());
      sock.resume();
      sock.pause();
      sock.resume();
      c.log('flowing ' + sock.readableFlowing);
      setImmediate(() => peer.end());
    });
  });
});
