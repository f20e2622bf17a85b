// Table 1.2: the lookup answers with something that is not an address, then with a wrong family.
'use strict';
const net = require('net');
const { actor } = require('./oracle');
const ip = actor('ip');
const family = actor('family');

const a = net.connect({
  port: 80,
  host: 'some.name',
  autoSelectFamily: false,
  lookup: (host, options, callback) => setImmediate(() => callback(null, 'foo', 4)),
});
ip.watch(a, ['lookup', 'connectionAttempt', 'connect', 'error', 'close']);
const b = net.connect({
  port: 80,
  host: 'some.name',
  autoSelectFamily: false,
  lookup: (host, options, callback) => setImmediate(() => callback(null, '127.0.0.1', 7)),
});
family.watch(b, ['lookup', 'connectionAttempt', 'connect', 'error', 'close']);
