// G4, R35: the server allows half-open and answers 10 ms after the client's FIN.
'use strict';
const net = require('net');
const { actor, portOf } = require('./oracle');
const ANSWER_AFTER_MS = 10;
const c = actor('c');
const s = actor('s');

const server = net.createServer({ allowHalfOpen: true }, (peer) => {
  server.close();
  s.watch(peer, ['data', 'end', 'finish', 'error', 'close']);
  peer.on('end', () => {
    s.log('readyState ' + peer.readyState);
    setTimeout(() => {
      s.log('answer');
      peer.end('answ');
    }, ANSWER_AFTER_MS);
  });
});
server.listen(0, '127.0.0.1', () => {
  const sock = net.connect({ port: portOf(server), host: '127.0.0.1' });
  c.watch(sock, ['connect', 'ready', 'data', 'end', 'finish', 'error', 'close']);
  sock.on('connect', () => sock.end('hi', c.cb('end')));
});
