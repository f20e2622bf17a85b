// R46: a Unix socket's descriptor: no addresses; noDelay and keepAlive have no effect; no reset.
'use strict';
const net = require('net');
const { actor, strayFd, tempPath } = require('./oracle');
const c = actor('c');

strayFd({ path: tempPath() }, (fd, peer) => {
  const sock = new net.Socket({ fd, noDelay: true, keepAlive: true });
  c.watch(sock, ['data', 'end', 'finish', 'close']);
  c.log(`remote ${sock.remoteAddress} local ${sock.localAddress} ${JSON.stringify(sock.address())} ${sock.readyState}`);
  sock.setNoDelay(false);
  sock.setKeepAlive(false);
  c.throws('resetAndDestroy', () => sock.resetAndDestroy());
  peer.resume();
  peer.end('hello');
});
