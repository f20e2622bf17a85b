// Table 1.6: destroySoon() ends, then destroys at 'finish' without waiting for the peer.
'use strict';
const net = require('net');
const { actor, portOf } = require('./oracle');
const c = actor('c');

const server = net.createServer({ allowHalfOpen: true }, (peer) => {
  server.close();
  peer.resume();
  peer.on('end', () => peer.end());
});
server.listen(0, '127.0.0.1', () => {
  const sock = net.connect({ port: portOf(server), host: '127.0.0.1' });
  c.watch(sock, ['prefinish', 'finish', 'end', 'error', 'close']);
  sock.on('connect', () => {
    sock.write('abc', c.cb('w'));
    sock.destroySoon();
    c.log('destroyed ' + sock.destroyed + ' writableEnded ' + sock.writableEnded);
  });
});
