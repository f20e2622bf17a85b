// G33, R25: write and end before the connection, the first address is refused: the end is lost.
'use strict';
const net = require('net');
const { actor, portOf } = require('./oracle');
const LONG_ENOUGH_MS = 30;
const c = actor('c');
const s = actor('s');

const server = net.createServer((peer) => {
  server.close();
  s.watch(peer, ['data', 'end', 'close']);
});
server.listen(0, '127.0.0.2', () => {
  const sock = net.connect({
    port: portOf(server),
    host: 'some.name',
    autoSelectFamily: true,
    lookup: (host, options, callback) => setImmediate(() => callback(null, [
      { address: '127.0.0.1', family: 4 },
      { address: '127.0.0.2', family: 4 },
    ])),
  });
  c.watch(sock, ['connectionAttempt', 'connectionAttemptFailed', 'connect', 'ready', 'finish', 'error', 'close']);
  sock.write('abc', c.cb('w'));
  sock.end(c.cb('end'));
  c.log('writableEnded ' + sock.writableEnded);
  sock.on('ready', () => {
    c.log('writableEnded ' + sock.writableEnded);
    setTimeout(() => {
      c.log('destroy');
      sock.destroy();
    }, LONG_ENOUGH_MS);
  });
});
