// R25: no address can be used: the error is that of the first.
'use strict';
const net = require('net');
const { actor } = require('./oracle');
const c = actor('c');


const answer = (...addresses) => (host, options, callback) => setImmediate(() => callback(null, addresses));
const d = actor('d');
const a = net.connect({ port: 80, host: 'some.name', lookup: answer({ address: 'foo', family: 4 }, { address: '127.0.0.1', family: 5 }) });
c.watch(a, ['lookup', 'connectionAttempt', 'connectionAttemptFailed', 'connectionAttemptTimeout', 'connect', 'ready', 'error', 'close']);
const b = net.connect({ port: 80, host: 'some.name', lookup: answer({ address: '127.0.0.1', family: 5 }, { address: 'foo', family: 4 }) });
d.watch(b, ['lookup', 'connectionAttempt', 'connectionAttemptFailed', 'connectionAttemptTimeout', 'connect', 'ready', 'error', 'close']);
