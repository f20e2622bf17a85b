// Table 1.5: two writes and end(cb) on a fresh socket.
'use strict';
const net = require('net');
const { actor } = require('./oracle');
const c = actor('c');

const sock = new net.Socket();
c.watch(sock, ['finish', 'error', 'close']);
let r = sock.write('a', c.cb('a'));
c.log('write(1) -> ' + r + ' destroyed ' + sock.destroyed);
r = sock.write('b', c.cb('b'));
c.log('write(1) -> ' + r + ' destroyed ' + sock.destroyed);
sock.end(c.cb('end'));
c.log('readyState ' + sock.readyState);
