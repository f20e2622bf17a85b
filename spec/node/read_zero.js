// read(0) only demands: it gives null and emits nothing, whatever is kept; on a new socket the demand waits for
// 'connect'; a paused one is read all the same. Rule R16.
'use strict';
const net = require('net');
const { actor, portOf, when } = require('./oracle');
const c = actor('c');

const server = net.createServer((peer) => {
  server.close();
  peer.end('hello');
});
server.listen(0, '127.0.0.1', () => {
  const sock = new net.Socket();
  const zero = (label) => c.log(label + ' ' + sock.read(0) + ' length ' + sock.readableLength + ' flowing ' + sock.readableFlowing);
  c.watch(sock, ['pause', 'resume', 'end', 'error', 'close']);
  sock.pause();
  zero('idle');
  c.log('connect listeners ' + sock.listenerCount('connect'));
  zero('again');
  c.log('connect listeners ' + sock.listenerCount('connect'));
  sock.connect(portOf(server), '127.0.0.1');
  zero('connecting');
  when(() => sock._readableState.ended, () => {
    zero('kept');
    sock.on('data', (chunk) => c.log('data ' + chunk.length));
    zero('listened for');
    c.log('read() ' + sock.read());
    zero('read');
  });
});
