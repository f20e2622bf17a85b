// R46: a fifo takes 64 KiB at a time; the rest waits, and the reader gets all of it.
'use strict';
const net = require('net');
const { actor, fifo } = require('./oracle');
const c = actor('c');
const d = actor('d');

const [from, to] = fifo();
const out = new net.Socket({ fd: to, readable: false });
const into = new net.Socket({ fd: from, writable: false });
c.watch(out, ['drain', 'finish', 'error', 'close']);
c.log('write(1000000) -> ' + out.write(Buffer.alloc(1000000), c.cb('w')));
out.end(c.cb('end'));
into.resume();
into.on('close', () => d.log('bytesRead ' + into.bytesRead));
