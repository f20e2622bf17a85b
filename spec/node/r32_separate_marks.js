// R32: the marks of the two sides; highWaterMark wins over them. A server's sockets get highWaterMark alone.
'use strict';
const net = require('net');
const { actor, portOf } = require('./oracle');
const c = actor('c');

function show(label, sock) {
  c.log(label + ' ' + sock.readableHighWaterMark + ' ' + sock.writableHighWaterMark);
}
show('readable 5', new net.Socket({ readableHighWaterMark: 5 }));
show('writable 7', new net.Socket({ writableHighWaterMark: 7 }));
show('both', new net.Socket({ readableHighWaterMark: 0, writableHighWaterMark: 7 }));
show('highWaterMark 100 and both', new net.Socket({ highWaterMark: 100, readableHighWaterMark: 5, writableHighWaterMark: 7 }));
show('highWaterMark 16384 and both', new net.Socket({ highWaterMark: 16384, readableHighWaterMark: 5, writableHighWaterMark: 7 }));
show('highWaterMark 0 and both', new net.Socket({ highWaterMark: 0, readableHighWaterMark: 5, writableHighWaterMark: 7 }));
const server = net.createServer({ readableHighWaterMark: 5, writableHighWaterMark: 7 }, (peer) => {
  server.close();
  show('accepted', peer);
  peer.end('0123456789');
});
server.listen(0, '127.0.0.1', () => {
  const sock = net.connect({ port: portOf(server), host: '127.0.0.1', readableHighWaterMark: 4, writableHighWaterMark: 3 });
  show('connect', sock);
  c.log('write(2) -> ' + sock.write('ab'));
  c.log('write(2) -> ' + sock.write('cd'));
  sock.on('connect', () => c.log('write(3) -> ' + sock.write('efg')));
  sock.on('readable', () => c.log('readable ' + sock.readableLength));
  sock.on('end', () => c.log('end'));
  sock.on('drain', () => c.log('drain'));
  setTimeout(() => sock.resume() && sock.read(), 30);
});
