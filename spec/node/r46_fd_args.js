// R46: what can only be said with a number: no descriptor, one that the loop has already.
'use strict';
const net = require('net');
const { actor, portOf } = require('./oracle');
const c = actor('c');

for (const fd of [-1, 9999, 1.5, '1', null]) {
  c.throws('Socket({fd: ' + JSON.stringify(fd) + '})', () => new net.Socket({ fd }));
}
c.throws('Socket(9999)', () => new net.Socket(9999));
const server = net.createServer();
server.listen(0, '127.0.0.1', () => {
  c.throws('the descriptor of a server of this loop', () => new net.Socket({ fd: server._handle.fd }));
  server.close();
});
