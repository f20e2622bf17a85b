// R25: the lookup gives no address: a TypeError out of its callback, and the socket stays connecting.
'use strict';
const net = require('net');
const { actor } = require('./oracle');
const c = actor('c');

const answering = (...addresses) => (host, options, callback) => setImmediate(() => callback(null,
  addresses.map((address) => ({ address, family: net.isIP(address) }))));

process.on('uncaughtException', (err) => c.log('uncaught ' + err.name));
const sock = net.connect({ port: 80, host: 'some.name', lookup: answering() });
c.watch(sock, ['lookup', 'connectionAttempt', 'connectionAttemptFailed', 'connectionAttemptTimeout', 'connect', 'ready', 'error', 'close']);
setTimeout(() => c.log('connecting ' + sock.connecting), 50);
