// R46: a connection's descriptor is adopted: connected at once, reading at once; it goes on like any other.
'use strict';
const net = require('net');
const { actor, strayFd, when } = require('./oracle');
const c = actor('c');
const p = actor('peer');

strayFd({}, (fd, peer) => {
  p.watch(peer, ['data', 'end', 'close']);
  const sock = new net.Socket({ fd });
  const show = (label) => {
    c.log(`${label} ${sock.readyState} connecting ${sock.connecting} pending ${sock.pending} bufferSize ${sock.bufferSize}`);
  };
  show('adopted');
  c.log(`remote ${sock.remoteAddress} ${sock.remoteFamily} local ${sock.localAddress}`);
  c.log(`paused ${sock.isPaused()} flowing ${sock.readableFlowing} listeners ${sock.listenerCount('connect')}`);
  c.watch(sock, ['connect', 'ready', 'end', 'prefinish', 'finish', 'close']);
  peer.write('hello');
  when(() => sock.readableLength === 5, () => {
    c.log('read at once');
    c.watch(sock, ['data']);
    c.log('write(3) -> ' + sock.write('abc', c.cb('w')));
    sock.end(c.cb('end'));
    show('ended');
    sock.on('close', () => show('closed'));
  });
});
