// R46: readable: false: nothing is read, the side counts as over: no end, and finish destroys.
'use strict';
const net = require('net');
const { actor, strayFd } = require('./oracle');
const c = actor('c');
const p = actor('peer');

strayFd({ allowHalfOpen: true }, (fd, peer) => {
  p.watch(peer, ['data', 'end', 'close', 'error']);
  const sock = new net.Socket({ fd, readable: false });
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
    c.log('write(3) -> ' + sock.write('abc', c.cb('w')));
    sock.end(c.cb('end'));
    show('ended');
    sock.on('close', () => {
      show('closed');
      peer.destroy();
    });
  }, 30);
});
