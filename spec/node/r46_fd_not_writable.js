// R46: writable: false: the side counts as finished: end destroys; writing is writing after end.
'use strict';
const net = require('net');
const { actor, strayFd } = require('./oracle');
const c = actor('c');
const p = actor('peer');

strayFd({ allowHalfOpen: true }, (fd, peer) => {
  p.watch(peer, ['data', 'end', 'close', 'error']);
  const sock = new net.Socket({ fd, writable: false });
  const show = (label) => {
    const { readable, readableEnded, readableAborted, writable, writableEnded, writableFinished, errored, closed } = sock;
    c.log([label, sock.readyState, readable, readableEnded, readableAborted, writable, writableEnded, writableFinished,
      errored === null ? null : errored.code, closed].join(' '));
  };
  show('adopted');
  c.watch(sock, ['data', 'end', 'prefinish', 'finish', 'error', 'close', 'pause', 'resume']);
  c.log('flowing ' + sock.readableFlowing);
  c.log('read ' + sock.read());
  peer.write('hello');
  setTimeout(() => {
    show('later');
    c.log('length ' + sock.readableLength + ' bytesRead ' + sock.bytesRead);
    peer.end();
    sock.on('end', () => show('at end'));
    sock.on('close', () => {
      show('closed');
      peer.destroy();
    });
  }, 30);
});
