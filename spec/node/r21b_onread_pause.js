// R21b: with onread, pause(), resume() and read() act on the driver at once; a false from the callback stops the driver
// and not the stream; a connection made anew has the buffer again.
'use strict';
const net = require('net');
const { actor, portOf, when } = require('./oracle');
const c = actor('c');

let accepted = 0;
const server = net.createServer((peer) => {
  accepted++;
  if (accepted === 2) server.close();
  peer.resume();
  peer.end('abcdefghij');
});
server.listen(0, '127.0.0.1', () => {
  let calls = 0;
  const to = { port: portOf(server), host: '127.0.0.1' };
  const sock = net.connect({
    ...to,
    onread: {
      buffer: Buffer.alloc(3),
      callback: (nread, buffer) => {
        calls++;
        c.log('onread ' + nread + ' ' + buffer.toString('latin1', 0, nread) + ' bytesRead ' + sock.bytesRead +
          ' readableLength ' + sock.readableLength);
        if (calls === 1) {
          sock.pause();
          setImmediate(() => setImmediate(() => {
            c.log('resume, isPaused ' + sock.isPaused());
            sock.resume();
          }));
        }
        if (calls === 2) {
          setImmediate(() => setImmediate(() => c.log('read ' + sock.read())));
          return false;
        }
        if (calls === 3) {
          sock.pause();
          sock.resume();
        }
      },
    },
  });
  c.watch(sock, ['connect', 'data', 'readable', 'pause', 'resume', 'end', 'finish', 'close']);
  sock.removeAllListeners('readable');
  sock.resume();
  sock.once('close', () => sock.connect(to));
});
