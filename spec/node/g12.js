// G12, table 1.5: a write on a fresh socket kills it.
'use strict';
const net = require('net');
const { actor } = require('./oracle');
const c = actor('c');

const sock = new net.Socket();
c.watch(sock, ['error', 'close']);
const r = sock.write('a', c.cb('a'));
c.log('write(1) -> ' + r + ' destroyed ' + sock.destroyed);
