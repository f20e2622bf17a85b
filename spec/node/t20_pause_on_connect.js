// Table 2: pauseOnConnect: nothing is read until resume().
'use strict';
const net = require('net');
const { actor, portOf } = require('./oracle');
const ARRIVES_MS = 20;
const s = actor('s');

const server = net.createServer({ pauseOnConnect: true }, (peer) => {
  server.close();
  s.log('isPaused ' + peer.isPaused() + ' flowing ' + peer.readableFlowing);
  s.watch(peer, ['pause', 'resume', 'data', 'end', 'finish', 'close']);
  setTimeout(() => {
    s.log('bytesRead ' + peer.bytesRead + ' readableLength ' + peer.readableLength);
    peer.resume();
  }, ARRIVES_MS);
});
server.listen(0, '127.0.0.1', () => {
  const sock = net.connect({ port: portOf(server), host: '127.0.0.1' });
  sock.on('connect', () => sock.end('hello'));
});
