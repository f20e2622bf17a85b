// Table 1.2: destroy() in the turn of connect(ip): the attempt is never made.
'use strict';
const net = require('net');
const { actor } = require('./oracle');
const c = actor('c');

const sock = net.connect({ port: 80, host: '127.0.0.1' });
c.watch(sock, ['connectionAttempt', 'connect', 'ready', 'error', 'close']);
sock.destroy(new Error('boom'));
c.log('connecting ' + sock.connecting + ' destroyed ' + sock.destroyed);
