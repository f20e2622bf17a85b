// G22, R39-R41: the idle timeout fires once; a write in its listener arms it again.
'use strict';
const net = require('net');
const { actor, portOf } = require('./oracle');
const TIMEOUT_MS = 40;
const QUIET_MS = 100;
const c = actor('c');

const server = net.createServer((peer) => {
  server.close();
  peer.resume();
});
server.listen(0, '127.0.0.1', () => {
  const sock = net.connect({ port: portOf(server), host: '127.0.0.1' });
  let timeouts = 0;
  sock.setTimeout(TIMEOUT_MS, () => c.log('timeout callback'));
  c.watch(sock, ['timeout', 'end', 'finish', 'close']);
  sock.on('timeout', () => {
    timeouts++;
    if (timeouts === 1) {
      const r = sock.write('again', c.cb('w'));
      c.log('write(5) -> ' + r);
    } else {
      setTimeout(() => {
        c.log('no third timeout');
        sock.end();
      }, QUIET_MS);
    }
  });
});
