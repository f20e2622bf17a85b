// R46: the end of a fifo that can be written to: reading fails at once, unless readable is false.
'use strict';
const fs = require('fs');
const net = require('net');
const { actor, fifo } = require('./oracle');
const a = actor('readable');
const b = actor('not readable');
const d = actor('nobody reads');

function open(log, options) {
  const [other, fd] = fifo();
  const sock = new net.Socket({ fd, ...options });
  log.log(`${sock.readyState} destroyed ${sock.destroyed}`);
  log.watch(sock, ['data', 'end', 'drain', 'prefinish', 'finish', 'error', 'close']);
  return [sock, other];
}
open(a, {});
const [sock, other] = open(b, { readable: false });
b.log('write(3) -> ' + sock.write('abc', b.cb('w')));
sock.cork();
sock.write(Buffer.from('de'), b.cb('w1'));
sock.write(Buffer.from('f'), b.cb('w2'));
sock.uncork();
sock.end(b.cb('end'));
sock.on('close', () => b.log('read ' + fs.readFileSync(other)));
const [gone, end] = open(d, { readable: false });
fs.closeSync(end);
d.log('write(3) -> ' + gone.write('abc', d.cb('w')));
