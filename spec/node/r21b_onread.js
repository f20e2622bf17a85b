// R21b: onread with one buffer: the callback gets each read; returning false stops reading until
// resume().
'use strict';
const net = require('net');
const { actor, portOf } = require('./oracle');
const BUFFER_SIZE = 4;
const c = actor('c');

const server = net.createServer((peer) => {
  server.close();
  peer.resume();
  peer.end('abcdefghij');
});
server.listen(0, '127.0.0.1', () => {
  let calls = 0;
  const sock = net.connect({
    port: portOf(server),
    host: '127.0.0.1',
    onread: {
      buffer: Buffer.alloc(BUFFER_SIZE),
      callback: (nread, buffer) => {
        calls++;
        c.log('onread ' + nread + ' ' + buffer.toString('latin1', 0, nread));
        if (calls !== 2) return true;
        setImmediate(() => {
          c.log('resume, isPaused ' + sock.isPaused());
          sock.resume();
        });
        return false;
      },
    },
  });
  c.watch(sock, ['connect', 'data', 'pause', 'resume', 'end', 'finish', 'close']);
});
