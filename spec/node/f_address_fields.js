// F9: what address() gives: three fields, in this order; nothing; or a path.
'use strict';
const net = require('net');
const { actor, portOf, tempPath } = require('./oracle');
const c = actor('c');

const show = (address) => {
  if (address === null || typeof address === 'string') return address === null ? 'null' : typeof address;
  const fields = Object.keys(address).map((name) => name + ' ' + (name === 'port' ? typeof address.port : address[name]));
  return '{' + fields.join(', ') + '}';
};
const server = net.createServer((peer) => peer.resume());
c.log('server ' + show(server.address()));
server.listen(0, '127.0.0.1', () => {
  c.log('server ' + show(server.address()));
  const sock = new net.Socket();
  c.log('socket ' + show(sock.address()));
  sock.connect(portOf(server), '127.0.0.1');
  sock.on('ready', () => {
    c.log('socket ' + show(sock.address()));
    c.log('families ' + sock.localFamily + ' ' + sock.remoteFamily);
    sock.destroy();
    c.log('socket ' + show(sock.address()));
    server.close(() => c.log('server ' + show(server.address())));
  });
});
const unix = net.createServer();
unix.listen(tempPath(), () => {
  c.log('server ' + show(unix.address()));
  unix.close();
});
