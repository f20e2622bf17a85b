// Table 1.2, R52: a path that does not exist.
'use strict';
const net = require('net');
const { actor, tempPath } = require('./oracle');
const c = actor('c');

const sock = new net.Socket();
c.watch(sock, ['connectionAttempt', 'connectionAttemptFailed', 'connect', 'error', 'close']);
sock.on('error', (err) => c.log('errno ' + err.errno + ' keys ' + Object.keys(err).join(',')));
sock.connect(tempPath());
c.log('connect called, connecting ' + sock.connecting);
