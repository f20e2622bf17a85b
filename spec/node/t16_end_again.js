// Table 1.6: end(cb) again before finish, inside 'finish', and after 'close'.
'use strict';
const net = require('net');
const { actor, portOf } = require('./oracle');
const c = actor('c');

const server = net.createServer({ allowHalfOpen: true }, (peer) => {
  server.close();
  peer.resume();
  peer.on('end', () => setImmediate(() => setImmediate(() => peer.end())));
});
server.listen(0, '127.0.0.1', () => {
  const sock = net.connect({ port: portOf(server), host: '127.0.0.1' });
  c.watch(sock, ['prefinish', 'finish', 'end', 'error', 'close']);
  sock.on('connect', () => {
    sock.end(c.cb('end 1'));
    sock.end(c.cb('end 2'));
    c.log('end called twice');
  });
  sock.on('prefinish', () => sock.end(c.cb('end 3')));
  sock.on('finish', () => sock.end(c.cb('end 4')));
  sock.on('close', () => sock.end(c.cb('end 5')));
});
