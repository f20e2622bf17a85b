// R25: the lookup answers after destroy(): not even 'lookup'.
'use strict';
const net = require('net');
const { actor } = require('./oracle');
const c = actor('c');

const answering = (...addresses) => (host, options, callback) => setImmediate(() => callback(null,
  addresses.map((address) => ({ address, family: net.isIP(address) }))));

const sock = net.connect({ port: 80, host: 'some.name', lookup: answering('127.0.0.1', '127.0.0.2') });
c.watch(sock, ['lookup', 'connectionAttempt', 'connectionAttemptFailed', 'connectionAttemptTimeout', 'connect', 'ready', 'error', 'close']);
sock.destroy();
