// R46: the end of a fifo that can be read: what is written to it has nowhere to go; with readable alone it ends.
'use strict';
const fs = require('fs');
const net = require('net');
const { actor, fifo } = require('./oracle');
const a = actor('writable');
const b = actor('written to');
const c = actor('not writable');

function open(log, options) {
  const [fd, other] = fifo();
  const sock = new net.Socket({ fd, ...options });
  log.log(`${sock.readyState} remote ${sock.remoteAddress}`);
  log.watch(sock, ['data', 'end', 'prefinish', 'finish', 'error', 'close']);
  fs.writeSync(other, 'hello');
  fs.closeSync(other);
  return sock;
}
open(a, {});
const sock = open(b, {});
b.log('write(3) -> ' + sock.write('abc', b.cb('w')));
open(c, { writable: false });
