// Table 1.2: connect() right after destroy(): the old handle's 'close' is still delivered, and the
// late end of the old destroy marks the new connection as "close emitted", so end() never finishes.
'use strict';
const net = require('net');
const { actor, portOf, when } = require('./oracle');
const LONG_ENOUGH_MS = 30;
const c = actor('c');

let accepted = 0;
const server = net.createServer((peer) => {
  accepted++;
  if (accepted === 2) server.close();
  peer.on('error', () => {});
  peer.resume();
});
server.listen(0, '127.0.0.1', () => {
  const sock = new net.Socket();
  c.watch(sock, ['connectionAttempt', 'connect', 'ready', 'end', 'prefinish', 'finish', 'error', 'close']);
  sock.connect({ port: portOf(server), host: '127.0.0.1' });
  sock.once('connect', () => {
    sock.write('abc', c.cb('w'));
    sock.destroy();
    c.log('bytesWritten ' + sock.bytesWritten);
    sock.connect({ port: portOf(server), host: '127.0.0.1' });
    c.log('bytesWritten ' + sock.bytesWritten + ' readyState ' + sock.readyState + ' destroyed ' + sock.destroyed);
  });
  sock.once('close', () => {
    c.log('readyState ' + sock.readyState);
    when(() => !sock.connecting, () => {
      sock.end(c.cb('end'));
      setTimeout(() => {
        c.log('writableFinished ' + sock.writableFinished);
        sock.destroy();
      }, LONG_ENOUGH_MS);
    });
  });
});
